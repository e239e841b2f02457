// tokenize: how a model's tokenizer sees a text, and back.
#include <fmt/format.h>

#include <charconv>
#include <string_view>

#include "clients/etctl/answer.h"
#include "clients/etctl/commands.h"
#include "clients/etctl/format.h"

namespace etd::etctl {
namespace {

// Ids apart by spaces, commas or lines, brackets around them allowed: what --ids and JSON print.
absl::StatusOr<v1::TokenIds> ParseIds(std::string_view text) {
  v1::TokenIds ids;
  while (true) {
    const size_t begin = text.find_first_not_of(" ,\n\t[]");
    if (begin == std::string_view::npos) break;
    text.remove_prefix(begin);
    int32_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc()) {
      const std::string_view word = text.substr(0, text.find_first_of(" ,\n\t[]"));
      return absl::InvalidArgumentError(fmt::format("'{}' is no token id", word));
    }
    ids.add_ids(id);
    text.remove_prefix(static_cast<size_t>(end - text.data()));
  }
  return ids;
}

ExitCode Count(Context& context, const TokenizeOptions& options, const std::string& text) {
  v1::CountTokensRequest request;
  request.set_model(options.model);
  request.set_text(text);
  if (options.no_special) request.set_add_special_tokens(false);
  const auto response = context.client.CountTokens(request);
  if (!response.ok()) return Fail(context, response.status());
  if (context.json) {
    PrintJson(context, *response);
  } else {
    context.console.out << response->tokens() << '\n';
  }
  return ExitCode::kOk;
}

void PrintTokens(Console& console, const TokenizeOptions& options, const v1::TokenizeResponse& response) {
  if (options.decode) {
    console.out << (console.out_is_terminal ? Visible(response.text(), true) : response.text()) << '\n';
    return;
  }
  if (options.ids_only) {
    for (int i = 0; i < response.ids_size(); ++i) console.out << (i > 0 ? " " : "") << response.ids(i);
    console.out << '\n';
    return;
  }
  Table table({{"ID", true}, {"TEXT"}});
  for (int i = 0; i < response.ids_size(); ++i) {
    // Quotes show blanks.
    table.Add({fmt::format("{}", response.ids(i)),
               i < response.pieces_size() ? fmt::format("\"{}\"", response.pieces(i)) : ""});
  }
  console.out << table.Render(console.colours);
  console.out.flush();
  console.err << response.ids_size() << (response.ids_size() == 1 ? " token" : " tokens") << std::endl;
}

}  // namespace

ExitCode Run(Context& context, const TokenizeOptions& options) {
  const char* const what = options.decode ? "list of ids" : "text";
  const absl::StatusOr<std::string> text = ReadText(context.console, options.text, what);
  if (!text.ok()) {
    PrintError(context.console, Explain(text.status()));
    return ExitCode::kUsage;
  }
  if (options.count) return Count(context, options, *text);
  v1::TokenizeRequest request;
  request.set_model(options.model);
  if (options.no_special) request.set_add_special_tokens(false);
  if (options.decode) {
    absl::StatusOr<v1::TokenIds> ids = ParseIds(*text);
    if (!ids.ok()) {
      PrintError(context.console, Explain(ids.status()));
      return ExitCode::kUsage;
    }
    *request.mutable_token_ids() = *std::move(ids);
    request.set_skip_special_tokens(options.no_special);
  } else {
    request.set_text(*text);
  }
  const auto response = context.client.Tokenize(request);
  if (!response.ok()) return Fail(context, response.status());
  if (context.json) {
    PrintJson(context, *response);
  } else {
    PrintTokens(context.console, options, *response);
  }
  return ExitCode::kOk;
}

}  // namespace etd::etctl
