#include "runtime/text/chat/hoisting.h"

#include <set>

namespace etd::text {
namespace {

// Goes through the outermost level in the order in which Jinja does. Loops, macros and blocks have levels of their own:
// only what stands in their opening tags belongs to this one.
class Hoister {
 public:
  std::vector<std::string> Run(const Block& body) {
    Visit(body, false);
    return std::move(hoisted_);
  }

 private:
  void Visit(const Block& block, bool branch) {
    for (const StmtPtr& stmt : block) Visit(*stmt, branch);
  }

  void Visit(const Stmt& stmt, bool branch) {
    switch (stmt.kind) {
      case StmtKind::kPrint:
      case StmtKind::kFor:
      case StmtKind::kCallBlock:
      case StmtKind::kFilterBlock:
        Read(stmt.expr.get());
        break;
      case StmtKind::kSet:
        Read(stmt.expr.get());
        Store(*stmt.target, branch);
        break;
      case StmtKind::kSetBlock:
        Store(*stmt.target, branch);
        break;
      case StmtKind::kMacro:
        Store(stmt.macro->name, branch);
        break;
      case StmtKind::kWith:
        for (const ExprPtr& expr : stmt.exprs) Read(expr.get());
        break;
      case StmtKind::kIf:
        for (const auto& [test, body] : stmt.branches) {
          Read(test.get());
          Visit(body, true);
        }
        Visit(stmt.other, true);
        break;
      default:
        break;
    }
  }

  void Read(const Expr* expr) {
    if (expr == nullptr) return;
    if (expr->kind == ExprKind::kName) seen_.insert(expr->name);
    for (const ExprPtr& item : expr->items) Read(item.get());
    for (const ExprPtr& item : expr->arguments.positional) Read(item.get());
    for (const auto& [name, item] : expr->arguments.named) Read(item.get());
    Read(expr->arguments.star.get());
    Read(expr->arguments.double_star.get());
  }

  void Store(const Expr& target, bool branch) {
    if (target.kind == ExprKind::kAttribute) seen_.insert(target.name);
    if (target.kind == ExprKind::kName) Store(target.name, branch);
    for (const ExprPtr& part : target.items) Store(*part, branch);
  }

  void Store(const std::string& name, bool branch) {
    if (seen_.insert(name).second && !branch) hoisted_.push_back(name);
  }

  std::set<std::string> seen_;
  std::vector<std::string> hoisted_;
};

}  // namespace

std::vector<std::string> HoistedNames(const Block& body) { return Hoister().Run(body); }

}  // namespace etd::text
