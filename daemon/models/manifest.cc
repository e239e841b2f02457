#include "daemon/models/manifest.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>

#include "runtime/base/status.h"

namespace etd::models {
namespace {

using Json = nlohmann::json;

constexpr int kFormat = 1;
constexpr size_t kMaxFiles = 1000;

bool IsInside(std::string_view path) {
  if (path.empty() || path.front() == '/' || path.find('\0') != std::string_view::npos) return false;
  size_t begin = 0;
  while (begin <= path.size()) {
    size_t end = path.find('/', begin);
    if (end == std::string_view::npos) end = path.size();
    const std::string_view component = path.substr(begin, end - begin);
    if (component.empty() || component == "." || component == "..") return false;
    begin = end + 1;
  }
  return true;
}

bool IsDigest(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string StringAt(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

absl::StatusOr<Manifest::File> ParseFile(const Json& json, std::string_view path) {
  if (!json.is_object()) return InvalidArgument("{}: every entry of \"files\" must be an object", path);
  Manifest::File file;
  file.path = StringAt(json, "path");
  file.role = StringAt(json, "role");
  file.sha256 = StringAt(json, "sha256");
  if (!IsInside(file.path)) {
    return InvalidArgument("{}: \"{}\" is no path inside of the folder", path, file.path);
  }
  if (file.role.empty()) return InvalidArgument("{}: {} has no \"role\"", path, file.path);
  std::transform(file.sha256.begin(), file.sha256.end(), file.sha256.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (!IsDigest(file.sha256)) return InvalidArgument("{}: {} has no \"sha256\" of 64 digits", path, file.path);
  if (const auto size = json.find("size"); size != json.end()) {
    if (!size->is_number_unsigned()) return InvalidArgument("{}: \"size\" of {} is no number", path, file.path);
    file.size = size->get<uint64_t>();
  }
  return file;
}

template <typename T>
absl::Status Number(const Json& json, const char* key, double least, double most, std::string_view path,
                    std::optional<T>* value) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return absl::OkStatus();
  const double number = found->is_number() ? found->get<double>() : least - 1;
  if (!(number >= least && number <= most)) {
    return InvalidArgument("{}: generation.{} must be a number from {} to {}", path, key, least, most);
  }
  *value = static_cast<T>(number);
  return absl::OkStatus();
}

absl::Status ParseDefaults(const Json& json, std::string_view path, GenerationDefaults* defaults) {
  if (!json.is_object()) return InvalidArgument("{}: \"generation\" must be an object", path);
  ETD_RETURN_IF_ERROR(Number(json, "temperature", 0, 100, path, &defaults->temperature));
  ETD_RETURN_IF_ERROR(Number(json, "top_k", 0, 1e9, path, &defaults->top_k));
  ETD_RETURN_IF_ERROR(Number(json, "top_p", 0, 1, path, &defaults->top_p));
  ETD_RETURN_IF_ERROR(Number(json, "min_p", 0, 1, path, &defaults->min_p));
  ETD_RETURN_IF_ERROR(Number(json, "repetition_penalty", 0.001, 100, path, &defaults->repetition_penalty));
  return Number(json, "max_tokens", 0, 4e9, path, &defaults->max_tokens);
}

}  // namespace

absl::StatusOr<Manifest> ParseManifest(std::string_view text, std::string_view path) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return InvalidArgument("{} is no JSON object", path);
  const auto format = json.find("format");
  if (format == json.end() || !format->is_number_integer()) return InvalidArgument("{} has no \"format\" number", path);
  if (format->get<int64_t>() != kFormat) {
    return Unimplemented("{} has the format {}; this version of etd knows {}", path, format->get<int64_t>(), kFormat);
  }
  Manifest manifest;
  manifest.name = StringAt(json, "name");
  if (!manifest.name.empty() && !IsModelName(manifest.name)) {
    return InvalidArgument("{}: \"{}\" cannot name a model; use letters, digits and ._:-", path, manifest.name);
  }
  const auto files = json.find("files");
  if (files == json.end() || !files->is_array() || files->size() > kMaxFiles) {
    return InvalidArgument("{} has no \"files\" array of at most {} entries", path, kMaxFiles);
  }
  for (const Json& entry : *files) {
    ETD_ASSIGN_OR_RETURN(Manifest::File file, ParseFile(entry, path));
    manifest.files.push_back(std::move(file));
  }
  if (const auto generation = json.find("generation"); generation != json.end()) {
    ETD_RETURN_IF_ERROR(ParseDefaults(*generation, path, &manifest.defaults));
  }
  return manifest;
}

bool IsModelName(std::string_view name) {
  if (name.empty() || name.size() > 128 || name.front() == '.') return false;
  return std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '_' || c == ':' || c == '-';
  });
}

}  // namespace etd::models
