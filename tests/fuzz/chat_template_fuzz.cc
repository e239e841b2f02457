// Input: a template, a zero byte, its arguments as JSON.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "runtime/text/chat/chat_template.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t split = std::min(input.find('\0'), input.size());
  const auto parsed = etd::text::ChatTemplate::Parse(input.substr(0, split));
  if (!parsed.ok()) return 0;
  auto arguments = nlohmann::ordered_json::object();
  if (split < size) arguments = nlohmann::ordered_json::parse(input.substr(split + 1), nullptr, false);
  if (arguments.is_discarded()) arguments = nlohmann::ordered_json::object();
  (void)(*parsed)->Render(arguments, etd::WallTime());
  return 0;
}
