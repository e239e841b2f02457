#include "tests/soak/outcome.h"

#include <charconv>
#include <nlohmann/json.hpp>

namespace etd::soak {
namespace {

using Json = nlohmann::json;

// Serialised messages are no text.
std::string ToHex(const std::string& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    hex += {kDigits[value >> 4], kDigits[value & 15]};
  }
  return hex;
}

std::string FromHex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    unsigned value = 0;
    std::from_chars(hex.data() + i, hex.data() + i + 2, value, 16);
    bytes += static_cast<char>(value);
  }
  return bytes;
}

}  // namespace

std::string ToLine(const Outcome& o) {
  const Json json = {{"kind", static_cast<int>(o.kind)}, {"action", o.action},   {"phase", o.phase},
                     {"request", ToHex(o.request)},      {"session", o.in_session}, {"text", o.text},
                     {"tokens", o.tokens},               {"reason", o.reason},   {"prompt_tokens", o.prompt_tokens},
                     {"completion_tokens", o.completion_tokens}, {"error", o.error}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<Outcome> FromLine(const std::string& line) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object() || !json.contains("error")) return std::nullopt;
  Outcome o;
  o.kind = static_cast<Kind>(json["kind"].get<int>());
  o.action = json["action"].get<uint64_t>();
  o.phase = json["phase"].get<std::string>();
  o.request = FromHex(json["request"].get<std::string>());
  o.in_session = json["session"].get<bool>();
  o.text = json["text"].get<std::string>();
  o.tokens = json["tokens"].get<std::vector<int32_t>>();
  o.reason = json["reason"].get<int>();
  o.prompt_tokens = json["prompt_tokens"].get<uint32_t>();
  o.completion_tokens = json["completion_tokens"].get<uint32_t>();
  o.error = json["error"].get<std::string>();
  return o;
}

}  // namespace etd::soak
