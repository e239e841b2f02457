// The syntax tree of a template: made once, never changed, shared by all renderings. Inside this folder only.
#ifndef ETD_RUNTIME_TEXT_CHAT_AST_H_
#define ETD_RUNTIME_TEXT_CHAT_AST_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/text/chat/value.h"

namespace etd::text {

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

enum class ExprKind {
  kConst,      // value
  kName,       // name
  kAttribute,  // items[0] . name; as a target: name . attribute of a namespace
  kItem,       // items[0] [ items[1] ]
  kSlice,      // items[0] [ items[1] : items[2] : items[3] ], any of the three null
  kCall,       // items[0] ( arguments )
  kFilter,     // items[0] | name ( arguments ); items[0] null where a block's text is filtered
  kTest,       // items[0] is name ( arguments )
  kTuple, kList,
  kDict,       // key, value, key, value …
  kConditional,  // items[0] if items[1] else items[2] (or null)
  kAnd, kOr, kNot, kNegate, kPlus,
  kAdd, kSubtract, kMultiply, kDivide, kFloorDivide, kModulo, kPower,
  kConcat,     // items joined as text
  kCompare,    // items[0] operators[0] items[1] operators[1] items[2] …
};

enum class CompareOp { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kIn, kNotIn };

struct Arguments {
  std::vector<ExprPtr> positional;
  std::vector<std::pair<std::string, ExprPtr>> named;
  ExprPtr star;         // *x
  ExprPtr double_star;  // **x
};

struct Expr {
  ExprKind kind = ExprKind::kConst;
  int line = 0;
  int depth = 1;
  Value value;
  std::string name;
  std::string attribute;
  std::vector<ExprPtr> items;
  std::vector<CompareOp> operators;
  Arguments arguments;
};

struct Stmt;
using StmtPtr = std::unique_ptr<Stmt>;
using Block = std::vector<StmtPtr>;

// A macro, or the body of a call block.
struct MacroNode {
  std::string name;  // empty for a call block
  std::vector<std::string> parameters;
  std::vector<ExprPtr> defaults;  // of the last parameters
  Block body;
  bool uses_caller = false;  // the body reads the special name, which is no parameter
  bool uses_kwargs = false;
  bool uses_varargs = false;
};

enum class StmtKind {
  kText,        // text
  kPrint,       // expr
  kSet,         // target = expr
  kSetBlock,    // target = body, through the filter expr if any
  kFor,         // target in expr if test, body, other
  kIf,          // branches, other
  kMacro,       // macro
  kCallBlock,   // expr is the call, macro the caller
  kFilterBlock,  // expr is the chain of filters, body
  kWith,        // targets, exprs, body
  kScope,       // body in a scope of its own
  kBlock,       // body in the scope of the template (or, if scoped, here)
  kBreak, kContinue,
  kRefuse,      // fails with text when it is reached
};

struct Stmt {
  StmtKind kind = StmtKind::kText;
  int line = 0;
  std::string text;
  ExprPtr target;
  ExprPtr expr;
  ExprPtr test;
  Block body;
  Block other;
  std::vector<std::pair<ExprPtr, Block>> branches;
  std::vector<ExprPtr> targets;
  std::vector<ExprPtr> exprs;
  std::unique_ptr<MacroNode> macro;
  bool recursive = false;
  bool scoped = false;
};

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_CHAT_AST_H_
