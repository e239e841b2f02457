// Which files make up a model: a folder with manifest.json, a folder without one, or a bare .pte.
//
// manifest.json:
//   { "format": 1, "name": "…",
//     "files": [ {"path": "model.pte", "role": "program", "sha256": "<64 hex digits>", "size": 123}, … ],
//     "generation": {"temperature": 0.8, "top_k": 40, "top_p": 0.9, "min_p": 0, "repetition_penalty": 1,
//                    "max_tokens": 400},
//     "provenance": { … } }
// Paths are relative to the folder and stay inside it. Roles: program (exactly one), data (.ptd), tokenizer,
// tokenizer_config, chat_template, generation_config; files of other roles are only checked against their digests.
// Unknown keys are kept and ignored. A "format" above 1 is an error.
//
// Without a manifest files are found by name: model.pte or else the only .pte, every *.ptd, tokenizer.json,
// tokenizer_config.json, chat_template.jinja, generation_config.json.
#ifndef ETD_DAEMON_MODELS_MODEL_FILES_H_
#define ETD_DAEMON_MODELS_MODEL_FILES_H_

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/auth/file_access.h"
#include "daemon/models/model_text.h"
#include "runtime/base/mapped_file.h"
#include "runtime/base/unique_fd.h"

namespace etd::models {

struct ModelFile {
  std::string role;
  std::string path;            // for messages; read through `fd`
  UniqueFd fd;
  struct stat stat = {};
  // kCopy where somebody other than root and the daemon could change the file while it is mapped.
  MappedFile::Mode mode = MappedFile::Mode::kMap;
  std::string sha256;          // expected, lower-case hexadecimal; empty without a manifest

  uint64_t size() const { return static_cast<uint64_t>(stat.st_size); }
};

struct ModelFiles {
  std::string name;            // the manifest's, or made from the path
  std::string path;            // real path of the folder or the .pte
  ModelFile program;
  std::vector<ModelFile> data;
  std::vector<ModelFile> others;                    // texts and files that are only checked
  std::map<std::string, std::string> texts;         // by role: "tokenizer", "tokenizer_config", …
  GenerationDefaults defaults;                      // of the manifest
  std::string manifest_json;                        // empty without one

  uint64_t total_bytes() const;
};

// How a path is opened: for the daemon, or as a caller could.
using FileOpener = std::function<absl::StatusOr<auth::OpenedFile>(const std::string& path)>;

// Opens everything and reads the small files; digests are not checked here. Errors: those of `open`; INVALID_ARGUMENT
// where the folder has no program, more than one, or a manifest that is damaged or names a file that is not there.
absl::StatusOr<ModelFiles> FindModelFiles(const std::string& path, const FileOpener& open);

}  // namespace etd::models

#endif  // ETD_DAEMON_MODELS_MODEL_FILES_H_
