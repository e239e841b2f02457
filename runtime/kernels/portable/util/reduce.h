// Reductions over some dimensions of a tensor: shapes, iteration and row rule.
#ifndef ETD_RUNTIME_KERNELS_PORTABLE_UTIL_REDUCE_H_
#define ETD_RUNTIME_KERNELS_PORTABLE_UTIL_REDUCE_H_

#include <cstdint>
#include <optional>

#include "runtime/kernel/kernel.h"
#include "runtime/kernels/portable/util/dim_reduction.h"
#include "runtime/kernels/portable/util/strided.h"
#include "runtime/tensor/tensor.h"

namespace etd::kernels {

// How many elements make one result.
int64_t ReducedCount(const tensor::Tensor& in, const DimMask& mask);

// The elements that make one result: nested loops in the input's memory order.
class ReducedElements {
 public:
  ReducedElements(const tensor::Tensor& in, const DimMask& mask);

  // Calls `visit(offset, count, stride)` for runs of elements, from the first element of the result's group on.
  template <typename Visitor>
  void ForEachRun(int64_t base, const Visitor& visit) const {
    if (nest_.numel != 0) Visit(0, base, visit);
  }

 private:
  template <typename Visitor>
  void Visit(size_t dim, int64_t base, const Visitor& visit) const {
    const int64_t stride = nest_.strides[dim][0];
    if (dim + 1 == nest_.sizes.size()) return visit(base, nest_.sizes[dim], stride);
    for (int64_t i = 0; i < nest_.sizes[dim]; ++i) Visit(dim + 1, base + i * stride, visit);
  }

  LoopNest<1> nest_;
};

// Calls `visit(out_offset, in_offset)` for every result: where it goes and where its first element lies. Several
// threads.
template <typename Visitor>
void ForEachResult(threads::ThreadPool& threads, const tensor::Tensor& in, const DimMask& mask,
                   const tensor::Tensor& out, const Visitor& visit) {
  Shape kept = ShapeOf(in);
  Strides out_strides(kept.size(), 0);
  const bool keep_dims = out.rank() == in.rank();
  int out_dim = 0;
  for (size_t dim = 0; dim < kept.size(); ++dim) {
    if (!mask[dim]) out_strides[dim] = out.stride(keep_dims ? static_cast<int>(dim) : out_dim++);
    else kept[dim] = 1;
  }
  const auto nest = MakeLoopNest<2>(kept, {out_strides, StridesOf(in)});
  ForEachRun(nest, threads, [&](const auto& offsets, int64_t count, const auto& strides) {
    for (int64_t i = 0; i < count; ++i) visit(offsets[0] + i * strides[0], offsets[1] + i * strides[1]);
  });
}

// Row rule of (input, dims or None, keepdim, …): rows survive where their dimension is not reduced.
std::optional<kernel::RowClass> ReduceRowRule(const kernel::RowQuery& query);

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_PORTABLE_UTIL_REDUCE_H_
