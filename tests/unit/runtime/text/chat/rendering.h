// Helpers of the chat template tests.
#ifndef ETD_TESTS_UNIT_RUNTIME_TEXT_CHAT_RENDERING_H_
#define ETD_TESTS_UNIT_RUNTIME_TEXT_CHAT_RENDERING_H_

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "runtime/text/chat/chat_template.h"

namespace etd::text {

// 2026-11-21 09:30:00 UTC.
inline WallTime TestTime() { return WallTime(std::chrono::seconds(1795253400)); }

inline absl::StatusOr<std::string> TryRender(std::string_view source, const std::string& arguments = "{}") {
  auto parsed = ChatTemplate::Parse(source);
  if (!parsed.ok()) return parsed.status();
  return (*parsed)->Render(nlohmann::ordered_json::parse(arguments), TestTime());
}

inline std::string Rendered(std::string_view source, const std::string& arguments = "{}") {
  auto text = TryRender(source, arguments);
  EXPECT_TRUE(text.ok()) << source << ": " << text.status();
  return text.ok() ? *text : "";
}

// The message of the error that `source` must give.
inline std::string ErrorOf(std::string_view source, const std::string& arguments = "{}") {
  auto text = TryRender(source, arguments);
  EXPECT_FALSE(text.ok()) << source << " gives " << (text.ok() ? *text : "");
  return text.ok() ? "" : std::string(text.status().message().data(), text.status().message().size());
}

}  // namespace etd::text

#endif  // ETD_TESTS_UNIT_RUNTIME_TEXT_CHAT_RENDERING_H_
