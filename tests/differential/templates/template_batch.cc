// Renders many templates: a JSON line {"template", "args"} in, a JSON line {"text"} or {"error"} out.
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "runtime/etrun/template_command.h"
#include "runtime/text/chat/chat_template.h"

int main() {
  const auto now = etd::ParseTime("2026-11-21T09:30:00");
  if (!now.ok()) return 1;
  for (std::string line; std::getline(std::cin, line);) {
    const auto input = nlohmann::ordered_json::parse(line);
    nlohmann::ordered_json output;
    auto parsed = etd::text::ChatTemplate::Parse(input["template"].get<std::string>());
    const absl::StatusOr<std::string> text =
        parsed.ok() ? (*parsed)->Render(input["args"], *now) : absl::StatusOr<std::string>(parsed.status());
    if (text.ok()) {
      output["text"] = *text;
    } else {
      output["error"] = std::string(text.status().message().data(), text.status().message().size());
    }
    std::cout << output.dump() << "\n";
  }
  return 0;
}
