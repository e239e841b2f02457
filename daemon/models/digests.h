// SHA-256 of model files, remembered between runs of the daemon.
#ifndef ETD_DAEMON_MODELS_DIGESTS_H_
#define ETD_DAEMON_MODELS_DIGESTS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "daemon/models/model_files.h"
#include "runtime/base/mutex.h"

namespace etd::models {

// A digest is known by the file's device, inode, size, mtime and ctime: none of them can stay the same when the bytes
// change, but by somebody who could change the daemon as well. Thread-safe.
class DigestCache {
 public:
  // `directory` is made when a digest is first remembered; empty: remember nothing on disk. A damaged or unreadable
  // cache counts as empty.
  explicit DigestCache(std::string directory);

  // Lower-case hexadecimal. `progress` is called with the bytes read so far; its error ends the reading. Errors:
  // INVALID_ARGUMENT where the file cannot be read or changes meanwhile, those of `progress`.
  absl::StatusOr<std::string> Sha256(const ModelFile& file, const std::function<absl::Status(uint64_t)>& progress);

  // The digest if it is known without reading the file.
  std::string Known(const ModelFile& file) const;

 private:
  void Load();
  void Save() ETD_REQUIRES(mutex_);

  const std::string directory_;
  mutable Mutex mutex_;
  std::map<std::string, std::string> digests_ ETD_GUARDED_BY(mutex_);  // by KeyOf
};

}  // namespace etd::models

#endif  // ETD_DAEMON_MODELS_DIGESTS_H_
