// Where the material that is not part of the project lies, if it is on this machine.
#ifndef ETD_TESTS_CONFORMANCE_SHARED_FOLDER_H_
#define ETD_TESTS_CONFORMANCE_SHARED_FOLDER_H_

#include <cstdlib>
#include <filesystem>

namespace etd {

inline std::filesystem::path SharedFolder() {
  const char* given = std::getenv("ETD_SHARED_DIR");
  return given != nullptr ? std::filesystem::path(given) : std::filesystem::path(ETD_SOURCE_DIR) / ".." / "shared";
}

}  // namespace etd

#endif  // ETD_TESTS_CONFORMANCE_SHARED_FOLDER_H_
