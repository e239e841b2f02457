#include "daemon/models/model_files.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "daemon/models/manifest.h"
#include "runtime/base/status.h"

namespace etd::models {
namespace {

constexpr uint64_t kMaxTextBytes = uint64_t{256} << 20;
constexpr std::string_view kProgram = "program";
constexpr std::string_view kData = "data";

struct NamedRole {
  std::string_view file;
  std::string_view role;
};
constexpr NamedRole kTexts[] = {{"tokenizer.json", "tokenizer"},
                                {"tokenizer_config.json", "tokenizer_config"},
                                {"chat_template.jinja", "chat_template"},
                                {"generation_config.json", "generation_config"}};

bool IsText(std::string_view role) {
  return std::any_of(std::begin(kTexts), std::end(kTexts), [&](const NamedRole& text) { return text.role == role; });
}

absl::StatusOr<std::string> ReadText(const ModelFile& file) {
  if (file.size() > kMaxTextBytes) {
    return InvalidArgument("'{}' has {} bytes; too many for text", file.path, file.size());
  }
  std::string text(file.size(), '\0');
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t got = pread(file.fd.get(), text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return InvalidArgument("cannot read '{}': {}", file.path, std::strerror(errno));
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  text.resize(done);
  return text;
}

absl::StatusOr<ModelFile> OpenFile(const std::string& path, std::string_view role, const FileOpener& open) {
  ETD_ASSIGN_OR_RETURN(auth::OpenedFile opened, open(path));
  if (opened.is_directory()) return InvalidArgument("'{}' is a folder where a file is expected", path);
  ModelFile file;
  file.role = std::string(role);
  file.path = path;
  file.fd = std::move(opened.fd);
  file.stat = opened.stat;
  file.mode = opened.others_can_write ? MappedFile::Mode::kCopy : MappedFile::Mode::kMap;
  return file;
}

// Puts an opened file where its role belongs.
absl::Status Place(ModelFile file, ModelFiles* files) {
  if (file.role == kProgram) {
    if (files->program.fd.valid()) {
      return InvalidArgument("'{}' has more than one program: '{}' and '{}'", files->path, files->program.path,
                             file.path);
    }
    files->program = std::move(file);
    return absl::OkStatus();
  }
  if (file.role == kData) {
    files->data.push_back(std::move(file));
    return absl::OkStatus();
  }
  if (IsText(file.role)) {
    ETD_ASSIGN_OR_RETURN(std::string text, ReadText(file));
    if (!files->texts.emplace(file.role, std::move(text)).second) {
      return InvalidArgument("'{}' has more than one file with the role '{}'", files->path, file.role);
    }
  }
  files->others.push_back(std::move(file));
  return absl::OkStatus();
}

absl::Status FillFromManifest(const std::string& folder, const FileOpener& open, ModelFiles* files) {
  ETD_ASSIGN_OR_RETURN(ModelFile manifest_file, OpenFile(folder + "/manifest.json", "manifest", open));
  ETD_ASSIGN_OR_RETURN(files->manifest_json, ReadText(manifest_file));
  ETD_ASSIGN_OR_RETURN(const Manifest manifest, ParseManifest(files->manifest_json, manifest_file.path));
  if (!manifest.name.empty()) files->name = manifest.name;
  files->defaults = manifest.defaults;
  for (const Manifest::File& listed : manifest.files) {
    ETD_ASSIGN_OR_RETURN(ModelFile file, OpenFile(folder + "/" + listed.path, listed.role, open));
    if (listed.size && *listed.size != file.size()) {
      return InvalidArgument("'{}' has {} bytes, and {} by manifest.json; the folder is damaged, copy it again",
                             file.path, file.size(), *listed.size);
    }
    file.sha256 = listed.sha256;
    ETD_RETURN_IF_ERROR(Place(std::move(file), files));
  }
  if (!files->program.fd.valid()) {
    return InvalidArgument("{} lists no file with the role \"program\"", manifest_file.path);
  }
  return absl::OkStatus();
}

absl::Status FillByName(const std::string& folder, const std::vector<std::string>& names, const FileOpener& open,
                        ModelFiles* files) {
  std::vector<std::string> programs;
  for (const std::string& name : names) {
    if (name.ends_with(".pte")) programs.push_back(name);
  }
  if (std::find(programs.begin(), programs.end(), "model.pte") != programs.end()) programs = {"model.pte"};
  if (programs.empty()) return InvalidArgument("'{}' has no .pte file; give a model's folder or a .pte", folder);
  if (programs.size() > 1) {
    return InvalidArgument("'{}' has {} .pte files and none is model.pte; give the path of one of them", folder,
                           programs.size());
  }
  std::vector<std::pair<std::string, std::string>> found = {{programs[0], std::string(kProgram)}};
  for (const std::string& name : names) {
    if (name.ends_with(".ptd")) found.emplace_back(name, kData);
    for (const NamedRole& text : kTexts) {
      if (text.file == name) found.emplace_back(name, text.role);
    }
  }
  for (const auto& [name, role] : found) {
    ETD_ASSIGN_OR_RETURN(ModelFile file, OpenFile(folder + "/" + name, role, open));
    ETD_RETURN_IF_ERROR(Place(std::move(file), files));
  }
  return absl::OkStatus();
}

// The last component of a path, without the extension .pte.
std::string NameOf(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  path = path.substr(path.rfind('/') + 1);
  if (path.ends_with(".pte") && path.size() > 4) path.resize(path.size() - 4);
  return path;
}

}  // namespace

uint64_t ModelFiles::total_bytes() const {
  uint64_t total = program.size();
  for (const ModelFile& file : data) total += file.size();
  return total;
}

absl::StatusOr<ModelFiles> FindModelFiles(const std::string& path, const FileOpener& open) {
  ETD_ASSIGN_OR_RETURN(auth::OpenedFile opened, open(path));
  ModelFiles files;
  files.path = opened.real_path;
  files.name = NameOf(opened.real_path);
  if (!opened.is_directory()) {
    ETD_ASSIGN_OR_RETURN(ModelFile program, OpenFile(opened.real_path, kProgram, open));
    files.program = std::move(program);
    return files;
  }
  ETD_ASSIGN_OR_RETURN(const std::vector<std::string> names, auth::ListDirectory(opened));
  if (std::find(names.begin(), names.end(), "manifest.json") != names.end()) {
    ETD_RETURN_IF_ERROR(FillFromManifest(files.path, open, &files));
  } else {
    ETD_RETURN_IF_ERROR(FillByName(files.path, names, open, &files));
  }
  return files;
}

}  // namespace etd::models
