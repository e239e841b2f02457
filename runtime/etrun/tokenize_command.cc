#include "runtime/etrun/tokenize_command.h"

#include <istream>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/text/tokenizer/tokenizer.h"

namespace etd::etrun {
namespace {

absl::StatusOr<std::string> TokenizeLine(const text::Tokenizer& tokenizer, bool no_special, const std::string& line) {
  const auto request = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!request.is_object() || !request.contains("text") || !request["text"].is_string()) {
    return InvalidArgument("must be a JSON object with a string \"text\"");
  }
  ETD_ASSIGN_OR_RETURN(const std::vector<int32_t> ids, tokenizer.Encode(request["text"].get_ref<const std::string&>(),
                                                                         {.add_special_tokens = !no_special}));
  nlohmann::ordered_json answer;
  answer["ids"] = ids;
  answer["decoded"] = tokenizer.Decode(ids, /*skip_special_tokens=*/!no_special);
  return answer.dump();
}

}  // namespace

absl::Status RunTokenize(const std::string& tokenizer_json_path, bool no_special, std::istream& in,
                         std::ostream& out) {
  ETD_ASSIGN_OR_RETURN(const std::unique_ptr<text::Tokenizer> tokenizer,
                       text::Tokenizer::FromFile(tokenizer_json_path));
  std::string line;
  for (size_t number = 1; std::getline(in, line); ++number) {
    if (line.empty()) continue;
    const auto answer = TokenizeLine(*tokenizer, no_special, line);
    if (!answer.ok()) return Annotate(answer.status(), fmt::format("line {}", number));
    out << *answer << '\n';
  }
  out.flush();
  if (!out) return ResourceExhausted("the output cannot be written");
  return absl::OkStatus();
}

}  // namespace etd::etrun
