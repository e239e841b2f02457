// Advanced indexing: aten::index, aten::index_put and aten::index_put_.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>

#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/advanced_index.h"
#include "runtime/kernels/portable/util/strided.h"
#include "runtime/kernels/portable/util/strided_copy.h"
#include "runtime/kernels/portable/util/sum.h"
#include "runtime/kernels/portable/util/visit_bits.h"

namespace etd::kernels {
namespace {

using kernel::KernelContext;
using kernel::Parameter;
using tensor::Tensor;

// Everything that moving elements between an indexed tensor and a tensor of the result's shape needs.
struct Move {
  LoopNest<2> block;              // the dimensions that are not indexed: (result side, indexed side)
  std::span<int64_t> indexed;     // where each position lies on the indexed side
  std::span<int64_t> result;      // and on the result side
};

// `result_strides` belong to index.shape(). The scratch memory of `context` holds the offsets.
absl::StatusOr<Move> MakeMove(const KernelContext& context, const AdvancedIndex& index, const Strides& result_strides) {
  Move move;
  const size_t positions = static_cast<size_t>(index.positions());
  ETD_ASSIGN_OR_RETURN(std::byte* const memory, context.scratch(std::max<size_t>(1, positions) * 2 * sizeof(int64_t)));
  int64_t* const offsets = reinterpret_cast<int64_t*>(memory);
  move.indexed = {offsets, positions};
  move.result = {offsets + positions, positions};
  ETD_RETURN_IF_ERROR(index.Resolve(move.indexed));
  Shape whole = index.shape();
  for (size_t d = 0; d < index.indexed_count(); ++d) whole[index.indexed_first() + d] = 1;
  move.block = MakeLoopNest<2>(whole, {result_strides, index.whole_strides()});
  for (size_t position = 0; position < positions; ++position) {
    int64_t rest = static_cast<int64_t>(position), offset = 0;
    for (size_t d = index.indexed_first() + index.indexed_count(); d-- > index.indexed_first();) {
      offset += rest % index.shape()[d] * result_strides[d];
      rest /= index.shape()[d];
    }
    move.result[position] = offset;
  }
  return move;
}

// Calls `run(result offset, indexed offset, count, strides)` for the runs of positions [begin, end), in order.
template <typename Run>
void ForEachMove(const Move& move, int64_t begin, int64_t end, const Run& run) {
  const LoopNest<2>& block = move.block;
  if (block.numel == 0) return;
  const size_t outer_dims = block.sizes.size() - 1;
  for (int64_t position = begin; position < end; ++position) {
    int64_t result = move.result[static_cast<size_t>(position)];
    int64_t indexed = move.indexed[static_cast<size_t>(position)];
    std::array<int64_t, tensor::kMaxRank> index{};
    while (true) {
      run(result, indexed, block.sizes.back(), block.strides.back());
      size_t d = outer_dims;
      while (d-- > 0) {
        result += block.strides[d][0];
        indexed += block.strides[d][1];
        if (++index[d] < block.sizes[d]) break;
        result -= block.strides[d][0] * block.sizes[d];
        indexed -= block.strides[d][1] * block.sizes[d];
        index[d] = 0;
      }
      if (d == static_cast<size_t>(-1)) break;
    }
  }
}

// Moves `count` elements of one size.
template <typename Bits>
void MoveRun(Bits* to, int64_t to_stride, const Bits* from, int64_t from_stride, int64_t count) {
  if (to_stride == 1 && from_stride == 1) {
    std::memcpy(to, from, static_cast<size_t>(count) * sizeof(Bits));
    return;
  }
  for (int64_t i = 0; i < count; ++i) to[i * to_stride] = from[i * from_stride];
}

// index(self, indices, out)
absl::Status PrepareIndex(KernelContext& context) {
  ETD_RETURN_IF_ERROR(CheckSameType(context.tensor(0), context.tensor(2)));
  ETD_ASSIGN_OR_RETURN(const AdvancedIndex index, AdvancedIndex::Make(context.tensor(0), context.items(1)));
  return ResizeOut(context.tensor(2), index.shape());
}

absl::Status RunIndex(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  Tensor& out = context.tensor(2);
  ETD_ASSIGN_OR_RETURN(const AdvancedIndex index, AdvancedIndex::Make(in, context.items(1)));
  if (index.shape() != ShapeOf(out)) return InvalidArgument("the mask changed while it was used");
  ETD_ASSIGN_OR_RETURN(const Move move, MakeMove(context, index, StridesOf(out)));
  VisitBits(in.element_size(), [&](auto tag) {
    using Bits = typename decltype(tag)::Type;
    const int64_t grain = std::max<int64_t>(1, kLoopGrain / std::max<int64_t>(1, move.block.numel));
    context.threads().ParallelFor(index.positions(), grain, [&](int64_t begin, int64_t end) {
      ForEachMove(move, begin, end, [&](int64_t to, int64_t from, int64_t count, const auto& strides) {
        MoveRun(out.data<Bits>() + to, strides[0], in.data<Bits>() + from, strides[1], count);
      });
    });
  });
  return absl::OkStatus();
}

// index_put(self, indices, values, accumulate, out); in place: no out, self is written.
absl::Status CheckPut(const KernelContext& context) {
  const Tensor& values = context.tensor(2);
  ETD_RETURN_IF_ERROR(CheckSameType(context.tensor(0), values));
  ETD_ASSIGN_OR_RETURN(const AdvancedIndex index, AdvancedIndex::Make(context.tensor(0), context.items(1)));
  if (BroadcastsTo(values.sizes(), index.shape())) return absl::OkStatus();
  return InvalidArgument("values of shape {} don't fit the indexed part of shape {}",
                         tensor::ShapeText(values.sizes()), tensor::ShapeText(index.shape()));
}

// How many elements a mask names is only known when it has been computed: then `run` checks.
bool UsesMask(const KernelContext& context) {
  return std::ranges::any_of(context.items(1), [](const tensor::Value* item) {
    return item != nullptr && !item->is_none() && AdvancedIndex::IsMask(item->tensor());
  });
}

absl::Status PreparePutInPlace(KernelContext& context) {
  return UsesMask(context) ? absl::OkStatus() : CheckPut(context);
}

absl::Status PreparePut(KernelContext& context) {
  ETD_RETURN_IF_ERROR(PreparePutInPlace(context));
  ETD_RETURN_IF_ERROR(CheckSameType(context.tensor(0), context.tensor(4)));
  return ResizeOut(context.tensor(4), context.tensor(0).sizes());
}

// Writes the values into `target`. In order and by one thread: of two values for one place the later counts, and sums
// add up the same way each time.
absl::Status Put(const KernelContext& context, Tensor& target) {
  const Tensor& values = context.tensor(2);
  ETD_RETURN_IF_ERROR(CheckPut(context));
  ETD_ASSIGN_OR_RETURN(const AdvancedIndex index, AdvancedIndex::Make(target, context.items(1)));
  ETD_ASSIGN_OR_RETURN(const Move move, MakeMove(context, index, BroadcastStrides(values, index.shape())));
  if (!context.boolean(3)) {
    VisitBits(target.element_size(), [&](auto tag) {
      using Bits = typename decltype(tag)::Type;
      ForEachMove(move, 0, index.positions(), [&](int64_t from, int64_t to, int64_t count, const auto& strides) {
        MoveRun(target.data<Bits>() + to, strides[1], values.data<Bits>() + from, strides[0], count);
      });
    });
    return absl::OkStatus();
  }
  tensor::VisitScalarType(target.type(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    ForEachMove(move, 0, index.positions(), [&](int64_t from, int64_t to, int64_t count, const auto& strides) {
      T* sums = target.data<T>() + to;
      const T* parts = values.data<T>() + from;
      for (int64_t i = 0; i < count; ++i) sums[i * strides[1]] = Sum(sums[i * strides[1]], parts[i * strides[0]]);
    });
  });
  return absl::OkStatus();
}

absl::Status RunPut(KernelContext& context) {
  const Tensor& self = context.tensor(0);
  Tensor& out = context.tensor(4);
  if (self.raw() != out.raw()) CopyTensor(self, out, context.threads());
  return Put(context, out);
}

absl::Status RunPutInPlace(KernelContext& context) { return Put(context, context.tensor(0)); }

}  // namespace

std::span<const kernel::Kernel> IndexKernels() {
  static const kernel::Kernel kKernels[] = {
      {.name = "aten::index.Tensor_out",
       .parameters = {Parameter::kTensor, Parameter::kOptionalTensorList, Parameter::kOut},
       .prepare = PrepareIndex,
       .run = RunIndex,
       .shape_depends_on_data = true},  // of masks
      {.name = "aten::index_put.out",
       .parameters = {Parameter::kTensor, Parameter::kOptionalTensorList, Parameter::kTensor, Parameter::kBool,
                      Parameter::kOut},
       .prepare = PreparePut,
       .run = RunPut,
       .shape_ignores_numbers = true},
      {.name = "aten::index_put_",
       .parameters = {Parameter::kTensor, Parameter::kOptionalTensorList, Parameter::kTensor, Parameter::kBool},
       .prepare = PreparePutInPlace,
       .run = RunPutInPlace,
       .mutates = {0},
       .shape_ignores_numbers = true},
  };
  return kKernels;
}

}  // namespace etd::kernels
