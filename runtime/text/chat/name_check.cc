#include "runtime/text/chat/name_check.h"

#include "runtime/text/chat/filters.h"
#include "runtime/text/chat/tests.h"

namespace etd::text {
namespace {

absl::Status CheckExpr(const Expr* expr, bool guarded) {
  if (expr == nullptr) return absl::OkStatus();
  if (!guarded && expr->kind == ExprKind::kFilter && FindFilter(expr->name) == nullptr) {
    return InvalidArgument("line {}: there is no filter named {}", expr->line, expr->name);
  }
  if (!guarded && expr->kind == ExprKind::kTest && FindTest(expr->name) == nullptr) {
    return InvalidArgument("line {}: there is no test named {}", expr->line, expr->name);
  }
  const bool inner = guarded || expr->kind == ExprKind::kConditional;
  for (const ExprPtr& item : expr->items) ETD_RETURN_IF_ERROR(CheckExpr(item.get(), inner));
  for (const ExprPtr& item : expr->arguments.positional) ETD_RETURN_IF_ERROR(CheckExpr(item.get(), inner));
  for (const auto& [name, item] : expr->arguments.named) ETD_RETURN_IF_ERROR(CheckExpr(item.get(), inner));
  ETD_RETURN_IF_ERROR(CheckExpr(expr->arguments.star.get(), inner));
  return CheckExpr(expr->arguments.double_star.get(), inner);
}

absl::Status CheckBlock(const Block& block, bool guarded);

absl::Status CheckStmt(const Stmt& stmt, bool guarded) {
  ETD_RETURN_IF_ERROR(CheckExpr(stmt.expr.get(), guarded));
  ETD_RETURN_IF_ERROR(CheckExpr(stmt.test.get(), guarded));
  for (const ExprPtr& expr : stmt.exprs) ETD_RETURN_IF_ERROR(CheckExpr(expr.get(), guarded));
  for (const auto& [test, body] : stmt.branches) {
    ETD_RETURN_IF_ERROR(CheckExpr(test.get(), true));
    ETD_RETURN_IF_ERROR(CheckBlock(body, true));
  }
  // A frame of its own ends the guard of the if around it, an if does not.
  const bool inner = stmt.kind == StmtKind::kIf;
  if (stmt.macro != nullptr) {
    for (const ExprPtr& expr : stmt.macro->defaults) ETD_RETURN_IF_ERROR(CheckExpr(expr.get(), false));
    ETD_RETURN_IF_ERROR(CheckBlock(stmt.macro->body, false));
  }
  ETD_RETURN_IF_ERROR(CheckBlock(stmt.body, inner));
  return CheckBlock(stmt.other, inner);
}

absl::Status CheckBlock(const Block& block, bool guarded) {
  for (const StmtPtr& stmt : block) ETD_RETURN_IF_ERROR(CheckStmt(*stmt, guarded));
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckNames(const Block& block) { return CheckBlock(block, false); }

}  // namespace etd::text
