// Row rules that several operators share, and what rules look at.
#ifndef ETD_RUNTIME_KERNELS_PORTABLE_UTIL_ROW_RULES_H_
#define ETD_RUNTIME_KERNELS_PORTABLE_UTIL_ROW_RULES_H_

#include <cstddef>
#include <optional>

#include "runtime/kernel/kernel.h"
#include "runtime/kernel/row_rule.h"

namespace etd::kernels {

// The row dimension of argument `i`, if it is a tensor that has rows and no other input has any.
std::optional<int> RowDimOf(const kernel::RowQuery& query, size_t i);
// The current numbers of a list of Ints.
kernel::IntVector IntegersOf(const tensor::Value& list);

// For operators whose argument 0 alone carries data: the output has its rows where argument 0 has them.
std::optional<kernel::RowClass> SameRows(const kernel::RowQuery& query);
// Views of argument 0 as the shape of argument 2: the row dimension must survive as a dimension.
std::optional<kernel::RowClass> ViewRows(const kernel::RowQuery& query);

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_PORTABLE_UTIL_ROW_RULES_H_
