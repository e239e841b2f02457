#include <algorithm>

#include "runtime/text/chat/parser.h"

namespace etd::text {
namespace {

// A hundred nested brackets: Python gives up before, and what is deeper is no chat template.
constexpr int kMaxParserNesting = 300;  // three for each bracket

struct Deeper {
  explicit Deeper(int* depth) : depth_(depth) { ++*depth_; }
  ~Deeper() { --*depth_; }
  int* depth_;
};

int DepthOf(const ExprPtr& node) { return node == nullptr ? 0 : node->depth; }

}  // namespace

bool TokenCursor::SkipOperator(std::string_view op) {
  if (!current().IsOperator(op)) return false;
  Advance();
  return true;
}

bool TokenCursor::SkipName(std::string_view name) {
  if (!current().IsName(name)) return false;
  Advance();
  return true;
}

absl::Status TokenCursor::ExpectOperator(std::string_view op) {
  if (SkipOperator(op)) return absl::OkStatus();
  return Fail(fmt::format("expected '{}'", op));
}

absl::Status TokenCursor::ExpectName(std::string_view name) {
  if (SkipName(name)) return absl::OkStatus();
  return Fail(fmt::format("expected '{}'", name));
}

absl::StatusOr<std::string> TokenCursor::ExpectAnyName() {
  if (current().kind != TokenKind::kName) return Fail("expected a name");
  std::string name = current().text;
  Advance();
  return name;
}

absl::Status TokenCursor::Expect(TokenKind kind, std::string_view what) {
  if (current().kind != kind) return Fail(fmt::format("expected {}", what));
  Advance();
  return absl::OkStatus();
}

absl::Status TokenCursor::Fail(std::string_view what) const {
  const Token& token = current();
  std::string_view found = token.text;
  if (token.kind == TokenKind::kEnd) found = "the end of the template";
  if (token.kind == TokenKind::kBlockEnd) found = "%}";
  if (token.kind == TokenKind::kVariableEnd) found = "}}";
  if (token.kind == TokenKind::kInteger || token.kind == TokenKind::kFloat) found = "a number";
  return InvalidArgument("line {}: {}, found {}", token.line, what, found);
}

ExprPtr ExpressionParser::Make(ExprKind kind) const {
  auto node = std::make_unique<Expr>();
  node->kind = kind;
  node->line = cursor_.current().line;
  return node;
}

ExprPtr ExpressionParser::Make(ExprKind kind, ExprPtr only) const {
  ExprPtr node = Make(kind);
  node->items.push_back(std::move(only));
  return node;
}

// Checks that the tree under `node` stays shallow enough to be walked by recursion.
ExprResult ExpressionParser::Finish(ExprPtr node) {
  int depth = std::max(DepthOf(node->arguments.star), DepthOf(node->arguments.double_star));
  for (const ExprPtr& item : node->items) depth = std::max(depth, DepthOf(item));
  for (const ExprPtr& item : node->arguments.positional) depth = std::max(depth, DepthOf(item));
  for (const auto& [name, item] : node->arguments.named) depth = std::max(depth, DepthOf(item));
  node->depth = depth + 1;
  if (node->depth > kMaxNodeDepth) return cursor_.Fail("the expression is nested too deeply");
  return node;
}

ExprResult ExpressionParser::Binary(ExprKind kind, ExprPtr left, ExprPtr right) {
  ExprPtr node = Make(kind, std::move(left));
  node->items.push_back(std::move(right));
  return Finish(std::move(node));
}

void ExpressionParser::NoteRead(std::string_view name) {
  for (SpecialNames& names : specials_) {
    names.caller |= name == "caller" && !names.hidden_caller;
    names.kwargs |= name == "kwargs" && !names.hidden_kwargs;
    names.varargs |= name == "varargs" && !names.hidden_varargs;
  }
}

void ExpressionParser::NoteStore(std::string_view name) {
  for (SpecialNames& names : specials_) {
    names.hidden_caller |= name == "caller";
    names.hidden_kwargs |= name == "kwargs";
    names.hidden_varargs |= name == "varargs";
  }
}

ExprResult ExpressionParser::ParseTuple(const TupleOptions& options) {
  std::vector<ExprPtr> parts;
  bool is_tuple = false;
  for (;;) {
    if (!parts.empty()) ETD_RETURN_IF_ERROR(cursor_.ExpectOperator(","));
    const Token& token = cursor_.current();
    if (token.kind == TokenKind::kVariableEnd || token.kind == TokenKind::kBlockEnd || token.IsOperator(")") ||
        (!options.end_name.empty() && token.IsName(options.end_name))) {
      break;
    }
    ETD_ASSIGN_OR_RETURN(ExprPtr part, ParseExpression(options.conditional));
    parts.push_back(std::move(part));
    if (!cursor_.current().IsOperator(",")) break;
    is_tuple = true;
  }
  if (!is_tuple && !parts.empty()) return std::move(parts[0]);
  if (!is_tuple && !options.explicit_parentheses) return cursor_.Fail("expected an expression");
  ExprPtr node = Make(ExprKind::kTuple);
  node->items = std::move(parts);
  return Finish(std::move(node));
}

ExprResult ExpressionParser::ParseExpression(bool conditional) {
  const Deeper deeper(&nesting_);
  if (nesting_ > kMaxParserNesting) return cursor_.Fail("the expression is nested too deeply");
  ETD_ASSIGN_OR_RETURN(ExprPtr value, ParseOr());
  while (conditional && cursor_.SkipName("if")) {
    ExprPtr node = Make(ExprKind::kConditional, std::move(value));
    ETD_ASSIGN_OR_RETURN(ExprPtr test, ParseOr());
    ExprPtr other;
    if (cursor_.SkipName("else")) {
      ETD_ASSIGN_OR_RETURN(other, ParseExpression());
    }
    node->items.push_back(std::move(test));
    node->items.push_back(std::move(other));
    ETD_ASSIGN_OR_RETURN(value, Finish(std::move(node)));
  }
  return value;
}

ExprResult ExpressionParser::ParseOr() {
  ETD_ASSIGN_OR_RETURN(ExprPtr left, ParseAnd());
  while (cursor_.SkipName("or")) {
    ETD_ASSIGN_OR_RETURN(ExprPtr right, ParseAnd());
    ETD_ASSIGN_OR_RETURN(left, Binary(ExprKind::kOr, std::move(left), std::move(right)));
  }
  return left;
}

ExprResult ExpressionParser::ParseAnd() {
  ETD_ASSIGN_OR_RETURN(ExprPtr left, ParseNot());
  while (cursor_.SkipName("and")) {
    ETD_ASSIGN_OR_RETURN(ExprPtr right, ParseNot());
    ETD_ASSIGN_OR_RETURN(left, Binary(ExprKind::kAnd, std::move(left), std::move(right)));
  }
  return left;
}

ExprResult ExpressionParser::ParseNot() {
  const Deeper deeper(&nesting_);
  if (nesting_ > kMaxParserNesting) return cursor_.Fail("the expression is nested too deeply");
  if (!cursor_.SkipName("not")) return ParseCompare();
  ETD_ASSIGN_OR_RETURN(ExprPtr inner, ParseNot());
  return Finish(Make(ExprKind::kNot, std::move(inner)));
}

ExprResult ExpressionParser::ParseCompare() {
  constexpr std::pair<std::string_view, CompareOp> kOperators[] = {
      {"==", CompareOp::kEqual},     {"!=", CompareOp::kNotEqual}, {"<", CompareOp::kLess},
      {"<=", CompareOp::kLessEqual}, {">", CompareOp::kGreater},   {">=", CompareOp::kGreaterEqual}};
  ETD_ASSIGN_OR_RETURN(ExprPtr first, ParseSum());
  ExprPtr node = Make(ExprKind::kCompare, std::move(first));
  for (;;) {
    const Token& token = cursor_.current();
    const auto* found = std::find_if(std::begin(kOperators), std::end(kOperators),
                                     [&](const auto& entry) { return token.IsOperator(entry.first); });
    if (found != std::end(kOperators)) {
      cursor_.Advance();
      node->operators.push_back(found->second);
    } else if (cursor_.SkipName("in")) {
      node->operators.push_back(CompareOp::kIn);
    } else if (token.IsName("not") && cursor_.ahead().IsName("in")) {
      cursor_.Advance();
      cursor_.Advance();
      node->operators.push_back(CompareOp::kNotIn);
    } else {
      break;
    }
    ETD_ASSIGN_OR_RETURN(ExprPtr operand, ParseSum());
    node->items.push_back(std::move(operand));
  }
  if (node->operators.empty()) return std::move(node->items[0]);
  return Finish(std::move(node));
}

ExprResult ExpressionParser::ParseSum() {
  ETD_ASSIGN_OR_RETURN(ExprPtr left, ParseConcat());
  for (;;) {
    const bool add = cursor_.current().IsOperator("+");
    if (!add && !cursor_.current().IsOperator("-")) return left;
    cursor_.Advance();
    ETD_ASSIGN_OR_RETURN(ExprPtr right, ParseConcat());
    ETD_ASSIGN_OR_RETURN(left, Binary(add ? ExprKind::kAdd : ExprKind::kSubtract, std::move(left), std::move(right)));
  }
}

ExprResult ExpressionParser::ParseConcat() {
  ETD_ASSIGN_OR_RETURN(ExprPtr first, ParseProduct());
  if (!cursor_.current().IsOperator("~")) return first;
  ExprPtr node = Make(ExprKind::kConcat, std::move(first));
  while (cursor_.SkipOperator("~")) {
    ETD_ASSIGN_OR_RETURN(ExprPtr part, ParseProduct());
    node->items.push_back(std::move(part));
  }
  return Finish(std::move(node));
}

ExprResult ExpressionParser::ParseProduct() {
  constexpr std::pair<std::string_view, ExprKind> kOperators[] = {{"*", ExprKind::kMultiply},
                                                                  {"/", ExprKind::kDivide},
                                                                  {"//", ExprKind::kFloorDivide},
                                                                  {"%", ExprKind::kModulo}};
  ETD_ASSIGN_OR_RETURN(ExprPtr left, ParsePower());
  for (;;) {
    const auto* found =
        std::find_if(std::begin(kOperators), std::end(kOperators),
                     [this](const auto& entry) { return cursor_.current().IsOperator(entry.first); });
    if (found == std::end(kOperators)) return left;
    cursor_.Advance();
    ETD_ASSIGN_OR_RETURN(ExprPtr right, ParsePower());
    ETD_ASSIGN_OR_RETURN(left, Binary(found->second, std::move(left), std::move(right)));
  }
}

ExprResult ExpressionParser::ParsePower() {
  ETD_ASSIGN_OR_RETURN(ExprPtr left, ParseUnary());
  while (cursor_.SkipOperator("**")) {
    ETD_ASSIGN_OR_RETURN(ExprPtr right, ParseUnary());
    ETD_ASSIGN_OR_RETURN(left, Binary(ExprKind::kPower, std::move(left), std::move(right)));
  }
  return left;
}

ExprResult ExpressionParser::ParseUnary(bool with_filter) {
  const Deeper deeper(&nesting_);
  if (nesting_ > kMaxParserNesting) return cursor_.Fail("the expression is nested too deeply");
  ExprPtr node;
  const bool negate = cursor_.current().IsOperator("-");
  if (negate || cursor_.current().IsOperator("+")) {
    cursor_.Advance();
    ETD_ASSIGN_OR_RETURN(ExprPtr inner, ParseUnary(false));
    ETD_ASSIGN_OR_RETURN(node, Finish(Make(negate ? ExprKind::kNegate : ExprKind::kPlus, std::move(inner))));
  } else {
    ETD_ASSIGN_OR_RETURN(node, ParsePrimary());
  }
  ETD_ASSIGN_OR_RETURN(node, ParsePostfix(std::move(node)));
  return with_filter ? ParseFilterExpression(std::move(node)) : ExprResult(std::move(node));
}

ExprResult ExpressionParser::ParsePrimary() {
  const Token token = cursor_.current();
  ExprPtr node = Make(ExprKind::kConst);
  if (token.kind == TokenKind::kName) {
    cursor_.Advance();
    const std::string& name = token.text;
    if (name == "true" || name == "True" || name == "false" || name == "False") {
      node->value = Value::Bool(name == "true" || name == "True");
    } else if (name == "none" || name == "None") {
      node->value = Value::None();
    } else {
      node->kind = ExprKind::kName;
      node->name = name;
      NoteRead(name);
    }
    return node;
  }
  if (token.kind == TokenKind::kString) {
    std::string text;
    for (; cursor_.current().kind == TokenKind::kString; cursor_.Advance()) text += cursor_.current().text;
    node->value = Value::String(std::make_shared<const Str>(std::move(text), false, nullptr));
    return node;
  }
  if (token.kind == TokenKind::kInteger || token.kind == TokenKind::kFloat) {
    cursor_.Advance();
    node->value = token.kind == TokenKind::kInteger ? Value::Int(token.integer) : Value::Float(token.real);
    return node;
  }
  if (cursor_.SkipOperator("(")) {
    ETD_ASSIGN_OR_RETURN(node, ParseTuple({.explicit_parentheses = true}));
    ETD_RETURN_IF_ERROR(cursor_.ExpectOperator(")"));
    return node;
  }
  if (token.IsOperator("[")) return ParseList();
  if (token.IsOperator("{")) return ParseDict();
  return cursor_.Fail("expected an expression");
}

ExprResult ExpressionParser::ParseList() {
  ExprPtr node = Make(ExprKind::kList);
  ETD_RETURN_IF_ERROR(cursor_.ExpectOperator("["));
  while (!cursor_.current().IsOperator("]")) {
    if (!node->items.empty()) ETD_RETURN_IF_ERROR(cursor_.ExpectOperator(","));
    if (cursor_.current().IsOperator("]")) break;
    ETD_ASSIGN_OR_RETURN(ExprPtr item, ParseExpression());
    node->items.push_back(std::move(item));
  }
  ETD_RETURN_IF_ERROR(cursor_.ExpectOperator("]"));
  return Finish(std::move(node));
}

ExprResult ExpressionParser::ParseDict() {
  ExprPtr node = Make(ExprKind::kDict);
  ETD_RETURN_IF_ERROR(cursor_.ExpectOperator("{"));
  while (!cursor_.current().IsOperator("}")) {
    if (!node->items.empty()) ETD_RETURN_IF_ERROR(cursor_.ExpectOperator(","));
    if (cursor_.current().IsOperator("}")) break;
    ETD_ASSIGN_OR_RETURN(ExprPtr key, ParseExpression());
    ETD_RETURN_IF_ERROR(cursor_.ExpectOperator(":"));
    ETD_ASSIGN_OR_RETURN(ExprPtr value, ParseExpression());
    node->items.push_back(std::move(key));
    node->items.push_back(std::move(value));
  }
  ETD_RETURN_IF_ERROR(cursor_.ExpectOperator("}"));
  return Finish(std::move(node));
}

ExprResult ExpressionParser::ParsePostfix(ExprPtr node) {
  for (;;) {
    const Token& token = cursor_.current();
    if (token.IsOperator(".") || token.IsOperator("[")) {
      ETD_ASSIGN_OR_RETURN(node, ParseSubscript(std::move(node)));
    } else if (token.IsOperator("(")) {
      ETD_ASSIGN_OR_RETURN(node, ParseCall(std::move(node)));
    } else {
      return node;
    }
  }
}

ExprResult ExpressionParser::ParseFilterExpression(ExprPtr node) {
  for (;;) {
    const Token& token = cursor_.current();
    if (token.IsOperator("|")) {
      ETD_ASSIGN_OR_RETURN(node, ParseFilters(std::move(node), false));
    } else if (token.IsName("is")) {
      ETD_ASSIGN_OR_RETURN(node, ParseTest(std::move(node)));
    } else if (token.IsOperator("(")) {
      ETD_ASSIGN_OR_RETURN(node, ParseCall(std::move(node)));
    } else {
      return node;
    }
  }
}

ExprResult ExpressionParser::ParseSubscript(ExprPtr node) {
  if (!cursor_.SkipOperator(".")) return ParseIndex(std::move(node));
  const Token token = cursor_.current();
  if (token.kind == TokenKind::kName) {
    cursor_.Advance();
    ExprPtr attribute = Make(ExprKind::kAttribute, std::move(node));
    attribute->name = token.text;
    return Finish(std::move(attribute));
  }
  if (token.kind != TokenKind::kInteger) return cursor_.Fail("expected a name or number after '.'");
  cursor_.Advance();
  ExprPtr index = Make(ExprKind::kConst);
  index->value = Value::Int(token.integer);
  return Binary(ExprKind::kItem, std::move(node), std::move(index));
}

ExprResult ExpressionParser::ParseIndex(ExprPtr node) {
  ETD_RETURN_IF_ERROR(cursor_.ExpectOperator("["));
  ExprPtr slice = Make(ExprKind::kSlice, std::move(node));
  slice->items.resize(4);
  const auto at_end = [this] { return cursor_.current().IsOperator("]") || cursor_.current().IsOperator(":"); };
  if (cursor_.current().IsOperator("]")) return cursor_.Fail("expected an index");
  bool is_slice = false;
  for (size_t part = 1; part < 4; ++part) {
    if (!at_end()) {
      ETD_ASSIGN_OR_RETURN(slice->items[part], ParseExpression());
    }
    if (!cursor_.SkipOperator(":")) break;
    is_slice = true;
    if (part == 3) return cursor_.Fail("a slice has at most three parts");
  }
  if (is_slice) {
    ETD_RETURN_IF_ERROR(cursor_.ExpectOperator("]"));
    return Finish(std::move(slice));
  }
  ExprPtr index = std::move(slice->items[1]);
  if (cursor_.current().IsOperator(",")) {
    ExprPtr tuple = Make(ExprKind::kTuple, std::move(index));
    while (cursor_.SkipOperator(",")) {
      ETD_ASSIGN_OR_RETURN(ExprPtr part, ParseExpression());
      tuple->items.push_back(std::move(part));
    }
    ETD_ASSIGN_OR_RETURN(index, Finish(std::move(tuple)));
  }
  ETD_RETURN_IF_ERROR(cursor_.ExpectOperator("]"));
  return Binary(ExprKind::kItem, std::move(slice->items[0]), std::move(index));
}

absl::Status ExpressionParser::ParseArgument(Arguments* arguments) {
  const auto fail = [this] { return cursor_.Fail("the arguments are in no valid order"); };
  if (cursor_.SkipOperator("*")) {
    if (arguments->star != nullptr || arguments->double_star != nullptr) return fail();
    ETD_ASSIGN_OR_RETURN(arguments->star, ParseExpression());
  } else if (cursor_.SkipOperator("**")) {
    if (arguments->double_star != nullptr) return fail();
    ETD_ASSIGN_OR_RETURN(arguments->double_star, ParseExpression());
  } else if (cursor_.current().kind == TokenKind::kName && cursor_.ahead().IsOperator("=")) {
    if (arguments->double_star != nullptr) return fail();
    std::string name = cursor_.current().text;
    cursor_.Advance();
    cursor_.Advance();
    for (const auto& [known, value] : arguments->named) {
      if (known == name) return cursor_.Fail(fmt::format("the argument {} is given twice", name));
    }
    ETD_ASSIGN_OR_RETURN(ExprPtr value, ParseExpression());
    arguments->named.emplace_back(std::move(name), std::move(value));
  } else {
    if (arguments->star != nullptr || arguments->double_star != nullptr || !arguments->named.empty()) return fail();
    ETD_ASSIGN_OR_RETURN(ExprPtr value, ParseExpression());
    arguments->positional.push_back(std::move(value));
  }
  return absl::OkStatus();
}

absl::Status ExpressionParser::ParseArguments(Arguments* arguments) {
  ETD_RETURN_IF_ERROR(cursor_.ExpectOperator("("));
  bool first = true;
  while (!cursor_.current().IsOperator(")")) {
    if (!first) {
      ETD_RETURN_IF_ERROR(cursor_.ExpectOperator(","));
      if (cursor_.current().IsOperator(")")) break;
    }
    first = false;
    ETD_RETURN_IF_ERROR(ParseArgument(arguments));
  }
  return cursor_.ExpectOperator(")");
}

ExprResult ExpressionParser::ParseCall(ExprPtr node) {
  ExprPtr call = Make(ExprKind::kCall, std::move(node));
  ETD_RETURN_IF_ERROR(ParseArguments(&call->arguments));
  return Finish(std::move(call));
}

ExprResult ExpressionParser::ParseFilters(ExprPtr input, bool inline_start) {
  while (inline_start || cursor_.SkipOperator("|")) {
    inline_start = false;
    ExprPtr filter = Make(ExprKind::kFilter, std::move(input));
    ETD_ASSIGN_OR_RETURN(filter->name, cursor_.ExpectAnyName());
    while (cursor_.SkipOperator(".")) {
      ETD_ASSIGN_OR_RETURN(const std::string part, cursor_.ExpectAnyName());
      filter->name += "." + part;
    }
    if (cursor_.current().IsOperator("(")) ETD_RETURN_IF_ERROR(ParseArguments(&filter->arguments));
    ETD_ASSIGN_OR_RETURN(input, Finish(std::move(filter)));
  }
  return input;
}

ExprResult ExpressionParser::ParseTest(ExprPtr node) {
  cursor_.Advance();
  const bool negated = cursor_.SkipName("not");
  ExprPtr test = Make(ExprKind::kTest, std::move(node));
  ETD_ASSIGN_OR_RETURN(test->name, cursor_.ExpectAnyName());
  while (cursor_.SkipOperator(".")) {
    ETD_ASSIGN_OR_RETURN(const std::string part, cursor_.ExpectAnyName());
    test->name += "." + part;
  }
  const Token& next = cursor_.current();
  if (next.IsOperator("(")) {
    ETD_RETURN_IF_ERROR(ParseArguments(&test->arguments));
  } else if ((next.kind == TokenKind::kName && !next.IsName("else") && !next.IsName("or") && !next.IsName("and")) ||
             next.kind == TokenKind::kString || next.kind == TokenKind::kInteger || next.kind == TokenKind::kFloat ||
             next.IsOperator("[") || next.IsOperator("{")) {
    if (next.IsName("is")) return cursor_.Fail("tests cannot be chained with 'is'");
    ETD_ASSIGN_OR_RETURN(ExprPtr argument, ParsePrimary());
    ETD_ASSIGN_OR_RETURN(argument, ParsePostfix(std::move(argument)));
    test->arguments.positional.push_back(std::move(argument));
  }
  ETD_ASSIGN_OR_RETURN(test, Finish(std::move(test)));
  if (!negated) return test;
  return Finish(Make(ExprKind::kNot, std::move(test)));
}

absl::StatusOr<std::string> ExpressionParser::ParseTargetName() {
  ETD_ASSIGN_OR_RETURN(ExprPtr target, ParseTarget(false, false, {}));
  if (target->kind != ExprKind::kName) return cursor_.Fail("expected a name");
  return target->name;
}

ExprResult ExpressionParser::ParseTargetPart(bool with_namespace) {
  const Deeper deeper(&nesting_);
  if (nesting_ > kMaxParserNesting) return cursor_.Fail("the target is nested too deeply");
  if (cursor_.SkipOperator("(")) {
    ETD_ASSIGN_OR_RETURN(ExprPtr inner, ParseTarget(true, with_namespace, {}));
    ETD_RETURN_IF_ERROR(cursor_.ExpectOperator(")"));
    return inner;
  }
  ExprPtr node = Make(ExprKind::kName);
  if (cursor_.current().kind != TokenKind::kName) return cursor_.Fail("expected a name to assign to");
  node->name = cursor_.current().text;
  for (const std::string_view constant : {"true", "True", "false", "False", "none", "None"}) {
    if (node->name == constant) return cursor_.Fail("this cannot be assigned to");
  }
  cursor_.Advance();
  if (with_namespace && cursor_.SkipOperator(".")) {
    node->kind = ExprKind::kAttribute;
    ETD_ASSIGN_OR_RETURN(node->attribute, cursor_.ExpectAnyName());
    return node;
  }
  if (for_depth_ > 0 && node->name == "loop") return cursor_.Fail("the variable loop cannot be assigned to in a loop");
  NoteStore(node->name);
  return node;
}

ExprResult ExpressionParser::ParseTarget(bool with_tuple, bool with_namespace, std::string_view end_name) {
  if (!with_tuple) return ParseTargetPart(with_namespace);
  std::vector<ExprPtr> parts;
  bool is_tuple = false;
  for (;;) {
    const Token& token = cursor_.current();
    if (!parts.empty() && ((!end_name.empty() && token.IsName(end_name)) || token.IsOperator(")") || token.kind == TokenKind::kBlockEnd)) {
      break;
    }
    ETD_ASSIGN_OR_RETURN(ExprPtr part, ParseTargetPart(with_namespace));
    parts.push_back(std::move(part));
    if (!cursor_.SkipOperator(",")) break;
    is_tuple = true;
  }
  if (!is_tuple) return std::move(parts[0]);
  ExprPtr node = Make(ExprKind::kTuple);
  node->items = std::move(parts);
  return Finish(std::move(node));
}

}  // namespace etd::text
