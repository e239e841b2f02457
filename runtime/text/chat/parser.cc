#include "runtime/text/chat/parser.h"

#include <algorithm>
#include <set>

namespace etd::text {
namespace {

constexpr int kMaxStatementNesting = 100;

using StmtResult = absl::StatusOr<StmtPtr>;

class StatementParser {
 public:
  explicit StatementParser(std::vector<Token> tokens) : cursor_(std::move(tokens)), expressions_(&cursor_) {}

  absl::StatusOr<Block> Parse() {
    ETD_ASSIGN_OR_RETURN(Block body, ParseBody({}));
    if (cursor_.current().kind != TokenKind::kEnd) return cursor_.Fail("expected the end of the template");
    return body;
  }

 private:
  using EndNames = std::initializer_list<std::string_view>;

  absl::StatusOr<Block> ParseBody(EndNames ends);
  // The rest of an opening tag, its body, and with `drop` the name of the end tag.
  absl::StatusOr<Block> ParseTagBody(EndNames ends, bool drop = true);
  StmtResult ParseStatement();
  StmtResult ParseSet(StmtPtr node);
  StmtResult ParseFor(StmtPtr node);
  StmtResult ParseIf(StmtPtr node);
  StmtResult ParseMacro(StmtPtr node);
  StmtResult ParseCallBlock(StmtPtr node);
  StmtResult ParseFilterBlock(StmtPtr node);
  StmtResult ParseWith(StmtPtr node);
  StmtResult ParsePrint(StmtPtr node);
  StmtResult ParseNamedBlock(StmtPtr node);
  StmtResult ParseGeneration(StmtPtr node);
  StmtResult ParseAutoescape(StmtPtr node);
  StmtResult ParseLoopControl(StmtPtr node, StmtKind kind);
  StmtResult ParseRefused(StmtPtr node, std::string_view name);
  absl::Status ParseSignature(MacroNode* macro);
  absl::Status ParseMacroBody(std::string_view end, MacroNode* macro);

  TokenCursor cursor_;
  ExpressionParser expressions_;
  std::set<std::string> block_names_;
  int nesting_ = 0;
  int loops_ = 0;  // loops around, in the same macro
};

absl::StatusOr<Block> StatementParser::ParseBody(EndNames ends) {
  Block body;
  for (;;) {
    const Token& token = cursor_.current();
    if (token.kind == TokenKind::kEnd) return body;
    auto node = std::make_unique<Stmt>();
    node->line = token.line;
    if (token.kind == TokenKind::kText) {
      node->kind = StmtKind::kText;
      node->text = token.text;
      cursor_.Advance();
    } else if (token.kind == TokenKind::kVariableBegin) {
      cursor_.Advance();
      node->kind = StmtKind::kPrint;
      ETD_ASSIGN_OR_RETURN(node->expr, expressions_.ParseTuple({}));
      ETD_RETURN_IF_ERROR(cursor_.Expect(TokenKind::kVariableEnd, "'}}'"));
    } else {
      ETD_RETURN_IF_ERROR(cursor_.Expect(TokenKind::kBlockBegin, "a tag"));
      const Token& name = cursor_.current();
      if (std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return name.IsName(end); })) return body;
      ETD_ASSIGN_OR_RETURN(node, ParseStatement());
      ETD_RETURN_IF_ERROR(cursor_.Expect(TokenKind::kBlockEnd, "'%}'"));
    }
    body.push_back(std::move(node));
  }
}

absl::StatusOr<Block> StatementParser::ParseTagBody(EndNames ends, bool drop) {
  cursor_.SkipOperator(":");
  ETD_RETURN_IF_ERROR(cursor_.Expect(TokenKind::kBlockEnd, "'%}'"));
  if (++nesting_ > kMaxStatementNesting) return cursor_.Fail("the tags are nested too deeply");
  ETD_ASSIGN_OR_RETURN(Block body, ParseBody(ends));
  --nesting_;
  if (cursor_.current().kind == TokenKind::kEnd) return cursor_.Fail(fmt::format("expected '{}'", *ends.begin()));
  if (drop) cursor_.Advance();
  return body;
}

StmtResult StatementParser::ParseStatement() {
  auto node = std::make_unique<Stmt>();
  node->line = cursor_.current().line;
  const Token token = cursor_.current();
  if (token.kind != TokenKind::kName) return cursor_.Fail("expected the name of a tag");
  const std::string& name = token.text;
  using Method = StmtResult (StatementParser::*)(StmtPtr);
  constexpr std::pair<std::string_view, Method> kTags[] = {
      {"set", &StatementParser::ParseSet},
      {"for", &StatementParser::ParseFor},
      {"if", &StatementParser::ParseIf},
      {"macro", &StatementParser::ParseMacro},
      {"call", &StatementParser::ParseCallBlock},
      {"filter", &StatementParser::ParseFilterBlock},
      {"with", &StatementParser::ParseWith},
      {"print", &StatementParser::ParsePrint},
      {"block", &StatementParser::ParseNamedBlock},
      {"generation", &StatementParser::ParseGeneration},
      {"autoescape", &StatementParser::ParseAutoescape},
  };
  for (const auto& [tag, method] : kTags) {
    if (tag != name) continue;
    cursor_.Advance();
    return (this->*method)(std::move(node));
  }
  if (name == "break" || name == "continue") {
    cursor_.Advance();
    return ParseLoopControl(std::move(node), name == "break" ? StmtKind::kBreak : StmtKind::kContinue);
  }
  if (name == "include" || name == "import" || name == "from" || name == "extends") {
    return ParseRefused(std::move(node), name);
  }
  return cursor_.Fail("unknown or misplaced tag");
}

StmtResult StatementParser::ParseSet(StmtPtr node) {
  ETD_ASSIGN_OR_RETURN(node->target, expressions_.ParseTarget(true, true, {}));
  if (cursor_.SkipOperator("=")) {
    node->kind = StmtKind::kSet;
    ETD_ASSIGN_OR_RETURN(node->expr, expressions_.ParseTuple({}));
    return node;
  }
  node->kind = StmtKind::kSetBlock;
  ETD_ASSIGN_OR_RETURN(node->expr, expressions_.ParseFilters(nullptr, false));
  ETD_ASSIGN_OR_RETURN(node->body, ParseTagBody({"endset"}));
  return node;
}

StmtResult StatementParser::ParseFor(StmtPtr node) {
  node->kind = StmtKind::kFor;
  expressions_.EnterFor();
  ETD_ASSIGN_OR_RETURN(node->target, expressions_.ParseTarget(true, false, "in"));
  ETD_RETURN_IF_ERROR(cursor_.ExpectName("in"));
  ETD_ASSIGN_OR_RETURN(node->expr, expressions_.ParseTuple({.conditional = false, .end_name = "recursive"}));
  if (cursor_.SkipName("if")) {
    ETD_ASSIGN_OR_RETURN(node->test, expressions_.ParseExpression());
  }
  node->recursive = cursor_.SkipName("recursive");
  ++loops_;
  ETD_ASSIGN_OR_RETURN(node->body, ParseTagBody({"endfor", "else"}, false));
  --loops_;
  const bool has_else = cursor_.current().IsName("else");
  cursor_.Advance();
  if (has_else) {
    ETD_ASSIGN_OR_RETURN(node->other, ParseTagBody({"endfor"}));
  }
  expressions_.LeaveFor();
  return node;
}

StmtResult StatementParser::ParseIf(StmtPtr node) {
  node->kind = StmtKind::kIf;
  for (;;) {
    ETD_ASSIGN_OR_RETURN(ExprPtr test, expressions_.ParseTuple({.conditional = false}));
    ETD_ASSIGN_OR_RETURN(Block body, ParseTagBody({"endif", "elif", "else"}, false));
    node->branches.emplace_back(std::move(test), std::move(body));
    if (cursor_.SkipName("elif")) continue;
    if (cursor_.SkipName("else")) {
      ETD_ASSIGN_OR_RETURN(node->other, ParseTagBody({"endif"}));
    } else {
      cursor_.Advance();
    }
    return node;
  }
}

absl::Status StatementParser::ParseSignature(MacroNode* macro) {
  ETD_RETURN_IF_ERROR(cursor_.ExpectOperator("("));
  while (!cursor_.current().IsOperator(")")) {
    if (!macro->parameters.empty()) ETD_RETURN_IF_ERROR(cursor_.ExpectOperator(","));
    ETD_ASSIGN_OR_RETURN(std::string name, cursor_.ExpectAnyName());
    if (std::count(macro->parameters.begin(), macro->parameters.end(), name) > 0) {
      return cursor_.Fail(fmt::format("the parameter {} is named twice", name));
    }
    macro->parameters.push_back(std::move(name));
    if (cursor_.SkipOperator("=")) {
      ETD_ASSIGN_OR_RETURN(ExprPtr value, expressions_.ParseExpression());
      macro->defaults.push_back(std::move(value));
    } else if (!macro->defaults.empty()) {
      return cursor_.Fail("a parameter without a default follows one with a default");
    }
  }
  return cursor_.ExpectOperator(")");
}

absl::Status StatementParser::ParseMacroBody(std::string_view end, MacroNode* macro) {
  const auto has = [macro](std::string_view name) {
    return std::find(macro->parameters.begin(), macro->parameters.end(), name) != macro->parameters.end();
  };
  expressions_.EnterMacro();
  const int loops_outside = std::exchange(loops_, 0);
  ETD_ASSIGN_OR_RETURN(macro->body, ParseTagBody({end}));
  loops_ = loops_outside;
  const SpecialNames names = expressions_.LeaveMacro();
  const auto caller = std::find(macro->parameters.begin(), macro->parameters.end(), "caller");
  const auto first_default = macro->parameters.end() - static_cast<ptrdiff_t>(macro->defaults.size());
  if (names.caller && caller != macro->parameters.end() && caller < first_default) {
    return cursor_.Fail("the parameter caller needs a default");
  }
  macro->uses_caller = names.caller && !has("caller");
  macro->uses_kwargs = names.kwargs && !has("kwargs");
  macro->uses_varargs = names.varargs && !has("varargs");
  return absl::OkStatus();
}

StmtResult StatementParser::ParseMacro(StmtPtr node) {
  node->kind = StmtKind::kMacro;
  node->macro = std::make_unique<MacroNode>();
  ETD_ASSIGN_OR_RETURN(node->macro->name, expressions_.ParseTargetName());
  ETD_RETURN_IF_ERROR(ParseSignature(node->macro.get()));
  ETD_RETURN_IF_ERROR(ParseMacroBody("endmacro", node->macro.get()));
  return node;
}

StmtResult StatementParser::ParseCallBlock(StmtPtr node) {
  node->kind = StmtKind::kCallBlock;
  node->macro = std::make_unique<MacroNode>();
  if (cursor_.current().IsOperator("(")) ETD_RETURN_IF_ERROR(ParseSignature(node->macro.get()));
  ETD_ASSIGN_OR_RETURN(node->expr, expressions_.ParseExpression());
  if (node->expr->kind != ExprKind::kCall) return cursor_.Fail("a call block needs a call");
  ETD_RETURN_IF_ERROR(ParseMacroBody("endcall", node->macro.get()));
  return node;
}

StmtResult StatementParser::ParseGeneration(StmtPtr node) {
  node->kind = StmtKind::kScope;
  const int loops_outside = std::exchange(loops_, 0);
  ETD_ASSIGN_OR_RETURN(node->body, ParseTagBody({"endgeneration"}));
  loops_ = loops_outside;
  return node;
}

StmtResult StatementParser::ParseFilterBlock(StmtPtr node) {
  node->kind = StmtKind::kFilterBlock;
  ETD_ASSIGN_OR_RETURN(node->expr, expressions_.ParseFilters(nullptr, true));
  ETD_ASSIGN_OR_RETURN(node->body, ParseTagBody({"endfilter"}));
  return node;
}

StmtResult StatementParser::ParseWith(StmtPtr node) {
  node->kind = StmtKind::kWith;
  while (cursor_.current().kind != TokenKind::kBlockEnd) {
    if (!node->targets.empty()) ETD_RETURN_IF_ERROR(cursor_.ExpectOperator(","));
    ETD_ASSIGN_OR_RETURN(ExprPtr target, expressions_.ParseTarget(true, false, {}));
    ETD_RETURN_IF_ERROR(cursor_.ExpectOperator("="));
    ETD_ASSIGN_OR_RETURN(ExprPtr value, expressions_.ParseExpression());
    node->targets.push_back(std::move(target));
    node->exprs.push_back(std::move(value));
  }
  ETD_ASSIGN_OR_RETURN(node->body, ParseTagBody({"endwith"}));
  return node;
}

StmtResult StatementParser::ParsePrint(StmtPtr node) {
  node->kind = StmtKind::kScope;
  while (cursor_.current().kind != TokenKind::kBlockEnd) {
    if (!node->body.empty()) ETD_RETURN_IF_ERROR(cursor_.ExpectOperator(","));
    auto part = std::make_unique<Stmt>();
    part->kind = StmtKind::kPrint;
    part->line = node->line;
    ETD_ASSIGN_OR_RETURN(part->expr, expressions_.ParseExpression());
    node->body.push_back(std::move(part));
  }
  return node;
}

StmtResult StatementParser::ParseNamedBlock(StmtPtr node) {
  node->kind = StmtKind::kBlock;
  ETD_ASSIGN_OR_RETURN(const std::string name, cursor_.ExpectAnyName());
  if (!block_names_.insert(name).second) return cursor_.Fail(fmt::format("the block {} is defined twice", name));
  node->scoped = cursor_.SkipName("scoped");
  if (cursor_.current().IsName("required")) return cursor_.Fail("required blocks need a template that extends this one");
  const int loops_outside = std::exchange(loops_, 0);
  ETD_ASSIGN_OR_RETURN(node->body, ParseTagBody({"endblock"}));
  loops_ = loops_outside;
  cursor_.SkipName(name);
  return node;
}

StmtResult StatementParser::ParseAutoescape(StmtPtr node) {
  node->kind = StmtKind::kScope;
  ETD_ASSIGN_OR_RETURN(const ExprPtr option, expressions_.ParseExpression());
  if (option->kind != ExprKind::kConst || !option->value.is(Kind::kBool) || option->value.boolean()) {
    return cursor_.Fail("chat templates are not escaped: autoescape can only be false");
  }
  ETD_ASSIGN_OR_RETURN(node->body, ParseTagBody({"endautoescape"}));
  return node;
}

StmtResult StatementParser::ParseLoopControl(StmtPtr node, StmtKind kind) {
  if (loops_ == 0) return cursor_.Fail("break and continue need a loop around them");
  node->kind = kind;
  return node;
}

// Nothing can be loaded by name here. As in Jinja that matters only where the tag is reached.
StmtResult StatementParser::ParseRefused(StmtPtr node, std::string_view name) {
  node->kind = StmtKind::kRefuse;
  node->text = fmt::format("a chat template stands alone: '{}' has nothing to load from", name);
  while (cursor_.current().kind != TokenKind::kBlockEnd) {
    if (cursor_.current().kind == TokenKind::kEnd) return cursor_.Fail("expected '%}'");
    cursor_.Advance();
  }
  return node;
}

}  // namespace

absl::StatusOr<Block> ParseTemplate(std::vector<Token> tokens) { return StatementParser(std::move(tokens)).Parse(); }

}  // namespace etd::text
