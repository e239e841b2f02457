#include "clients/etctl/json.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "clients/etctl/format.h"

namespace etd::etctl {
namespace {

using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Json = nlohmann::ordered_json;

constexpr int kNoIndex = -1;

std::string Base64(std::string_view bytes) {
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t bits = 0;
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    for (size_t k = 0; k < 3; ++k) bits = bits << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (size_t k = 0; k < 4; ++k) text += k <= count ? kDigits[bits >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

std::string TimeText(const google::protobuf::Timestamp& time) {
  const std::time_t seconds = static_cast<std::time_t>(time.seconds());
  std::tm parts = {};
  if (gmtime_r(&seconds, &parts) == nullptr) return "";
  char text[64];
  return std::string(text, std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts));
}

// MODEL_STATE_READY of ModelState is "ready".
std::string EnumText(const EnumValueDescriptor& value) {
  std::string prefix;
  for (const char c : value.type()->name()) {
    if (c >= 'A' && c <= 'Z' && !prefix.empty()) prefix += '_';
    prefix += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  std::string name = value.name();
  if (name.starts_with(prefix + "_")) name.erase(0, prefix.size() + 1);
  for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return name;
}

// The shortest decimal number that is this float: 0.7, not 0.699999988079071.
double AsDouble(float value) { return std::strtod(fmt::format("{}", value).c_str(), nullptr); }

Json MessageValue(const Message& message) {
  if (const auto* duration = dynamic_cast<const google::protobuf::Duration*>(&message)) return Seconds(*duration);
  if (const auto* time = dynamic_cast<const google::protobuf::Timestamp*>(&message)) return TimeText(*time);
  return ToJson(message);
}

// The value of `field`, or of its element `index` (kNoIndex where it is not repeated).
Json FieldValue(const Message& message, const FieldDescriptor& field, int index) {
  const auto& r = *message.GetReflection();
  const FieldDescriptor* f = &field;
  const bool one = index == kNoIndex;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32: return one ? r.GetInt32(message, f) : r.GetRepeatedInt32(message, f, index);
    case FieldDescriptor::CPPTYPE_INT64: return one ? r.GetInt64(message, f) : r.GetRepeatedInt64(message, f, index);
    case FieldDescriptor::CPPTYPE_UINT32: return one ? r.GetUInt32(message, f) : r.GetRepeatedUInt32(message, f, index);
    case FieldDescriptor::CPPTYPE_UINT64: return one ? r.GetUInt64(message, f) : r.GetRepeatedUInt64(message, f, index);
    case FieldDescriptor::CPPTYPE_DOUBLE: return one ? r.GetDouble(message, f) : r.GetRepeatedDouble(message, f, index);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return AsDouble(one ? r.GetFloat(message, f) : r.GetRepeatedFloat(message, f, index));
    case FieldDescriptor::CPPTYPE_BOOL: return one ? r.GetBool(message, f) : r.GetRepeatedBool(message, f, index);
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumText(*(one ? r.GetEnum(message, f) : r.GetRepeatedEnum(message, f, index)));
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string text = one ? r.GetString(message, f) : r.GetRepeatedString(message, f, index);
      return field.type() == FieldDescriptor::TYPE_BYTES ? Base64(text) : std::move(text);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageValue(one ? r.GetMessage(message, f) : r.GetRepeatedMessage(message, f, index));
  }
  return nullptr;
}

// JSON's keys are strings.
std::string KeyText(const Message& entry) {
  const Json key = FieldValue(entry, *entry.GetDescriptor()->map_key(), kNoIndex);
  return key.is_string() ? key.get<std::string>() : key.dump();
}

Json RepeatedValue(const Message& message, const FieldDescriptor& field) {
  const auto& reflection = *message.GetReflection();
  Json json = field.is_map() ? Json::object() : Json::array();
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    if (field.is_map()) {
      const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
      json[KeyText(entry)] = FieldValue(entry, *entry.GetDescriptor()->map_value(), kNoIndex);
    } else {
      json.push_back(FieldValue(message, field, i));
    }
  }
  return json;
}

}  // namespace

Json ToJson(const Message& message) {
  Json json = Json::object();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *message.GetDescriptor()->field(i);
    if (field.is_repeated()) {
      json[field.name()] = RepeatedValue(message, field);
    } else if (!field.has_presence() || message.GetReflection()->HasField(message, &field)) {
      json[field.name()] = FieldValue(message, field, kNoIndex);
    }
  }
  return json;
}

std::string JsonText(const Json& json, bool pretty) {
  return json.dump(pretty ? 2 : -1, ' ', false, Json::error_handler_t::replace);
}

std::string JsonText(const Message& message, bool pretty) { return JsonText(ToJson(message), pretty); }

}  // namespace etd::etctl
