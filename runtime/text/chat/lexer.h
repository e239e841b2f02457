// Template text to tokens, with Jinja's white space control (trim_blocks and lstrip_blocks on). Inside this folder only.
#ifndef ETD_RUNTIME_TEXT_CHAT_LEXER_H_
#define ETD_RUNTIME_TEXT_CHAT_LEXER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"

namespace etd::text {

enum class TokenKind {
  kText, kBlockBegin, kBlockEnd, kVariableBegin, kVariableEnd,
  kName, kString, kInteger, kFloat,
  kOperator,  // its characters are `text`
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  int line = 1;
  std::string text;  // of texts, names, operators, and strings (their escapes resolved)
  int64_t integer = 0;
  double real = 0;

  bool IsName(std::string_view name) const { return kind == TokenKind::kName && text == name; }
  bool IsOperator(std::string_view op) const { return kind == TokenKind::kOperator && text == op; }
};

// All tokens of `source`, the last one kEnd. InvalidArgument with the line if the text cannot be cut into tokens.
absl::StatusOr<std::vector<Token>> Tokenize(std::string_view source);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_CHAT_LEXER_H_
