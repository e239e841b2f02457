// Reductions over dimensions, for any memory order: which elements belong to which result.
#ifndef ETD_RUNTIME_KERNELS_PORTABLE_UTIL_DIM_REDUCTION_H_
#define ETD_RUNTIME_KERNELS_PORTABLE_UTIL_DIM_REDUCTION_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "absl/status/statusor.h"
#include "runtime/kernel/kernel.h"
#include "runtime/kernel/row_rule.h"
#include "runtime/kernels/portable/util/shape.h"
#include "runtime/threads/thread_pool.h"

namespace etd::kernels {

using DimMask = std::array<bool, tensor::kMaxRank>;

// The dimensions that `dims` names; all of them for an empty list. Errors: INVALID_ARGUMENT, also for repetitions.
absl::StatusOr<DimMask> ReducedDims(const tensor::Tensor& in, std::span<const int64_t> dims);
// The shape that is left of `in`; reduced dimensions stay with size 1 if `keep`.
Shape ReducedShape(const tensor::Tensor& in, const DimMask& reduced, bool keep);

// Walks the results of a reduction. Elements of one result come in logical order, whatever the memory order.
class DimReduction {
 public:
  // `out` has shape ReducedShape(in, reduced, keep).
  DimReduction(const tensor::Tensor& in, const DimMask& reduced, bool keep, const tensor::Tensor& out);

  // Elements that make one result.
  int64_t count() const { return count_; }

  // Calls `visit(out_offset, in_offset)` for every result, possibly from several threads; offsets in elements,
  // `in_offset` that of the result's first element (to be used with ForEachElement).
  template <typename Visitor>
  void ForEachResult(threads::ThreadPool& threads, const Visitor& visit) const {
    constexpr int64_t kGrain = 16384;
    threads.ParallelFor(results_, std::max<int64_t>(1, kGrain / std::max<int64_t>(count_, 1)),
                        [&](int64_t begin, int64_t end) {
                          for (int64_t i = begin; i < end; ++i) {
                            int64_t rest = i, out_offset = 0, in_offset = 0;
                            for (size_t d = kept_sizes_.size(); d-- > 0;) {
                              const int64_t index = rest % kept_sizes_[d];
                              rest /= kept_sizes_[d];
                              out_offset += index * kept_out_[d];
                              in_offset += index * kept_in_[d];
                            }
                            visit(out_offset, in_offset);
                          }
                        });
  }

  // Calls `visit(offset)` for the elements of the result that begins at `in_offset`, until it returns false.
  template <typename Visitor>
  void ForEachElement(int64_t in_offset, const Visitor& visit) const {
    if (count_ == 0) return;
    std::array<int64_t, tensor::kMaxRank> index{};
    const size_t inner = sizes_.size() - 1;
    while (true) {
      for (int64_t i = 0; i < sizes_[inner]; ++i) {
        if (!visit(in_offset + i * strides_[inner])) return;
      }
      size_t d = inner;
      while (d-- > 0) {
        in_offset += strides_[d];
        if (++index[d] < sizes_[d]) break;
        in_offset -= strides_[d] * sizes_[d];
        index[d] = 0;
      }
      if (d == static_cast<size_t>(-1)) return;
    }
  }

 private:
  Strides sizes_;    // of the reduced dimensions, outermost first; never empty
  Strides strides_;
  Strides kept_sizes_;
  Strides kept_in_;
  Strides kept_out_;
  int64_t count_ = 1;
  int64_t results_ = 1;
};

// For reductions of argument 0: rows stay if their dimension is not `reduced`.
std::optional<kernel::RowClass> ReducedRows(const kernel::RowQuery& query, const DimMask& reduced, bool keep);

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_PORTABLE_UTIL_DIM_REDUCTION_H_
