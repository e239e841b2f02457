#include "runtime/text/tokenizer/json_object.h"

#include <utility>

#include "runtime/base/status.h"
#include "runtime/text/tokenizer/utf8.h"

namespace etd::text {
namespace {

constexpr int kMaxDepth = 64;

// Deeper documents would only cost memory: every nesting a tokenizer file has a meaning for is a few levels.
absl::Status CheckDepth(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxDepth) return InvalidArgument("the JSON is nested deeper than {} levels", kMaxDepth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Json> ParseJson(std::string_view text) {
  ETD_RETURN_IF_ERROR(CheckDepth(text));
  try {
    return Json::parse(text.begin(), text.end());
  } catch (const Json::exception& error) {
    return InvalidArgument("not valid JSON: {}", error.what());
  }
}

absl::StatusOr<JsonObject> JsonObject::Of(const Json& value, std::string place) {
  if (!value.is_object()) return InvalidArgument("{} must be an object, not {}", place, value.type_name());
  return JsonObject(value, std::move(place));
}

const Json* JsonObject::Find(std::string_view key) {
  known_.insert(std::string(key));
  const auto field = value_->find(std::string(key));
  return field == value_->end() || field->is_null() ? nullptr : &*field;
}

absl::StatusOr<const Json*> JsonObject::Get(std::string_view key) {
  const Json* field = Find(key);
  if (field == nullptr) return InvalidArgument("{} has no field \"{}\"", place_, key);
  return field;
}

absl::StatusOr<std::string> JsonObject::String(std::string_view key, std::optional<std::string> fallback) {
  const Json* field = Find(key);
  if (field == nullptr && fallback.has_value()) return *std::move(fallback);
  if (field == nullptr) return InvalidArgument("{} has no field \"{}\"", place_, key);
  if (!field->is_string()) return InvalidArgument("{} must be a string", PlaceOf(key));
  return field->get_ref<const std::string&>();
}

absl::StatusOr<bool> JsonObject::Bool(std::string_view key, std::optional<bool> fallback) {
  const Json* field = Find(key);
  if (field == nullptr && fallback.has_value()) return *fallback;
  if (field == nullptr) return InvalidArgument("{} has no field \"{}\"", place_, key);
  if (!field->is_boolean()) return InvalidArgument("{} must be true or false", PlaceOf(key));
  return field->get<bool>();
}

absl::StatusOr<int64_t> JsonObject::Integer(std::string_view key, int64_t max, std::optional<int64_t> fallback) {
  const Json* field = Find(key);
  if (field == nullptr && fallback.has_value()) return *fallback;
  if (field == nullptr) return InvalidArgument("{} has no field \"{}\"", place_, key);
  if (!field->is_number_unsigned() || field->get<uint64_t>() > static_cast<uint64_t>(max)) {
    return InvalidArgument("{} must be an integer from 0 to {}", PlaceOf(key), max);
  }
  return field->get<int64_t>();
}

absl::StatusOr<char32_t> JsonObject::Character(std::string_view key) {
  ETD_ASSIGN_OR_RETURN(const std::string text, String(key));
  if (text.empty() || Utf8Length(text[0]) != text.size()) {
    return InvalidArgument("{} must be one character", PlaceOf(key));
  }
  size_t offset = 0;
  return NextCodePoint(text, offset);
}

absl::StatusOr<std::vector<JsonObject>> JsonObject::Objects(std::string_view key) {
  ETD_ASSIGN_OR_RETURN(const Json* array, Get(key));
  if (!array->is_array()) return InvalidArgument("{} must be an array", PlaceOf(key));
  std::vector<JsonObject> objects;
  for (const Json& element : *array) {
    ETD_ASSIGN_OR_RETURN(JsonObject object, Of(element, fmt::format("{}[{}]", PlaceOf(key), objects.size())));
    objects.push_back(std::move(object));
  }
  return objects;
}

absl::Status JsonObject::RejectUnknown() const {
  for (const auto& [key, value] : value_->items()) {
    if (!value.is_null() && known_.count(key) == 0) {
      return InvalidArgument("{} has a field \"{}\" this version does not know", place_, key);
    }
  }
  return absl::OkStatus();
}

}  // namespace etd::text
