// How an operator treats the rows of a step: a rule is part of its definition and is tested by perturbing rows.
#ifndef ETD_RUNTIME_KERNEL_ROW_RULE_H_
#define ETD_RUNTIME_KERNEL_ROW_RULE_H_

#include <cstdint>
#include <optional>
#include <span>

#include "runtime/tensor/value.h"

namespace etd::kernel {

// What a value is to the rows (tokens) of a step.
struct RowClass {
  enum class Kind : uint8_t {
    kUniform,  // does not depend on the rows: the same for every step
    kRows,     // dimension `dim` carries the rows, each computed from its own row of the inputs alone
    kSegment,  // belongs to one session: a start position, a mask, whatever mixes rows
  };
  Kind kind = Kind::kSegment;
  int dim = 0;

  static constexpr RowClass Uniform() { return {Kind::kUniform, 0}; }
  static constexpr RowClass Rows(int dim) { return {Kind::kRows, dim}; }
  static constexpr RowClass Segment() { return {Kind::kSegment, 0}; }
  bool uniform() const { return kind == Kind::kUniform; }
  bool rows() const { return kind == Kind::kRows; }
  bool segment() const { return kind == Kind::kSegment; }
  friend bool operator==(const RowClass&, const RowClass&) = default;
};

// A call as a rule sees it: the arguments with the shapes of a step of some number of rows, and each one's class.
// Lists count as the worst of their elements.
struct RowQuery {
  std::span<tensor::Value* const> arguments;
  std::span<const RowClass> classes;
};

// The class of the (first) output, given that no input is kSegment and at least one is kRows; nothing when the rows
// may mix. Must never claim more than is true for every input of these shapes.
using RowRule = std::optional<RowClass> (*)(const RowQuery&);

// Elementwise operators with broadcasting whose output is the last parameter: rows stay in the dimension they have,
// counted from the end; operands that disagree mix.
std::optional<RowClass> BroadcastRowRule(const RowQuery& query);

}  // namespace etd::kernel

#endif  // ETD_RUNTIME_KERNEL_ROW_RULE_H_
