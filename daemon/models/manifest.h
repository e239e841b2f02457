// manifest.json of a model's folder; model_files.h says what stands in it.
#ifndef ETD_DAEMON_MODELS_MANIFEST_H_
#define ETD_DAEMON_MODELS_MANIFEST_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/models/model_text.h"

namespace etd::models {

struct Manifest {
  struct File {
    std::string path;      // relative, inside of the folder
    std::string role;
    std::string sha256;    // lower-case hexadecimal
    std::optional<uint64_t> size;
  };
  std::string name;        // may be empty
  std::vector<File> files;
  GenerationDefaults defaults;
};

// `path` is used in messages. Errors: INVALID_ARGUMENT naming what is wrong, UNIMPLEMENTED for a newer format.
absl::StatusOr<Manifest> ParseManifest(std::string_view json, std::string_view path);

// Whether `name` may name a model: 1 to 128 of letters, digits, and ._:- , not starting with a dot.
bool IsModelName(std::string_view name);

}  // namespace etd::models

#endif  // ETD_DAEMON_MODELS_MANIFEST_H_
