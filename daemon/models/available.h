// Models that lie in the configured directories, and defaults from several sources.
#ifndef ETD_DAEMON_MODELS_AVAILABLE_H_
#define ETD_DAEMON_MODELS_AVAILABLE_H_

#include <string>
#include <vector>

#include "daemon/models/model_text.h"

namespace etd::models {

struct AvailableModel {
  std::string name;   // the folder's name, or the .pte's without its ending
  std::string path;
};

// Folders that have a manifest.json or a .pte, and .pte files, in the order of the directories and of their names;
// of several with one name only the first. Directories that cannot be read have none.
std::vector<AvailableModel> ListAvailable(const std::vector<std::string>& directories);

// What `first` does not say is taken from `second` (may be null).
GenerationDefaults MergeDefaults(const GenerationDefaults& first, const GenerationDefaults* second);

}  // namespace etd::models

#endif  // ETD_DAEMON_MODELS_AVAILABLE_H_
