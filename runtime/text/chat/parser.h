// Tokens to syntax tree. Inside this folder only.
#ifndef ETD_RUNTIME_TEXT_CHAT_PARSER_H_
#define ETD_RUNTIME_TEXT_CHAT_PARSER_H_

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/text/chat/ast.h"
#include "runtime/text/chat/lexer.h"

namespace etd::text {

using ExprResult = absl::StatusOr<ExprPtr>;

// Cursor over the tokens, with what every part of the grammar needs.
class TokenCursor {
 public:
  explicit TokenCursor(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}
  const Token& current() const { return tokens_[position_]; }
  const Token& ahead() const { return tokens_[std::min(position_ + 1, tokens_.size() - 1)]; }
  void Advance() { position_ = std::min(position_ + 1, tokens_.size() - 1); }
  bool SkipOperator(std::string_view op);
  bool SkipName(std::string_view name);
  absl::Status ExpectOperator(std::string_view op);
  absl::Status ExpectName(std::string_view name);
  absl::StatusOr<std::string> ExpectAnyName();
  absl::Status Expect(TokenKind kind, std::string_view what);
  // An error at the current token.
  absl::Status Fail(std::string_view what) const;

 private:
  std::vector<Token> tokens_;
  size_t position_ = 0;
};

// The names by which a macro's body reaches what its parameters did not take.
struct SpecialNames {
  bool caller = false, kwargs = false, varargs = false;
  bool hidden_caller = false, hidden_kwargs = false, hidden_varargs = false;  // assigned before they were read
};

class ExpressionParser {
 public:
  explicit ExpressionParser(TokenCursor* cursor) : cursor_(*cursor) {}

  struct TupleOptions {
    bool conditional = true;           // `a if b else c` allowed
    bool explicit_parentheses = false;  // may be empty
    std::string_view end_name = {};    // a name that ends the tuple
  };
  ExprResult ParseTuple(const TupleOptions& options);
  ExprResult ParseExpression(bool conditional = true);
  ExprResult ParseUnary(bool with_filter = true);
  // A chain of filters; `input` null for a filter block. `inline_start`: the bar before the first is missing.
  ExprResult ParseFilters(ExprPtr input, bool inline_start);
  // What stands left of `=` or `in`; with_namespace allows name.attribute.
  ExprResult ParseTarget(bool with_tuple, bool with_namespace, std::string_view end_name);
  absl::StatusOr<std::string> ParseTargetName();

  void EnterMacro() { specials_.push_back({}); }
  SpecialNames LeaveMacro() {
    const SpecialNames names = specials_.back();
    specials_.pop_back();
    return names;
  }
  void EnterFor() { ++for_depth_; }
  void LeaveFor() { --for_depth_; }

 private:
  ExprResult ParseOr();
  ExprResult ParseAnd();
  ExprResult ParseNot();
  ExprResult ParseCompare();
  ExprResult ParseSum();
  ExprResult ParseConcat();
  ExprResult ParseProduct();
  ExprResult ParsePower();
  ExprResult ParsePrimary();
  ExprResult ParsePostfix(ExprPtr node);
  ExprResult ParseFilterExpression(ExprPtr node);
  ExprResult ParseTest(ExprPtr node);
  ExprResult ParseSubscript(ExprPtr node);
  ExprResult ParseIndex(ExprPtr node);
  ExprResult ParseCall(ExprPtr node);
  ExprResult ParseList();
  ExprResult ParseDict();
  ExprResult ParseTargetPart(bool with_namespace);
  absl::Status ParseArguments(Arguments* arguments);
  absl::Status ParseArgument(Arguments* arguments);
  ExprResult Finish(ExprPtr node);
  ExprPtr Make(ExprKind kind) const;
  ExprPtr Make(ExprKind kind, ExprPtr only) const;
  ExprResult Binary(ExprKind kind, ExprPtr left, ExprPtr right);
  void NoteRead(std::string_view name);
  void NoteStore(std::string_view name);

  TokenCursor& cursor_;
  std::vector<SpecialNames> specials_;
  int for_depth_ = 0;
  int nesting_ = 0;
};

// The statements of a whole template. InvalidArgument with the line for anything that is not Jinja.
absl::StatusOr<Block> ParseTemplate(std::vector<Token> tokens);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_CHAT_PARSER_H_
