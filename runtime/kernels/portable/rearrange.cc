// Copies that walk their input in other strides: repeat, flip, as_strided_copy, unfold_copy and constant_pad_nd.
#include <array>
#include <cstddef>
#include <limits>
#include <utility>

#include "runtime/base/checked_math.h"
#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/row_rules.h"
#include "runtime/kernels/portable/util/scalar.h"
#include "runtime/kernels/portable/util/shape.h"
#include "runtime/kernels/portable/util/strided_copy.h"

namespace etd::kernels {
namespace {

using kernel::KernelContext;
using kernel::Parameter;
using kernel::RowClass;
using kernel::RowQuery;
using tensor::Tensor;

// repeat(self, repeats, out)
absl::Status PrepareRepeat(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  ETD_RETURN_IF_ERROR(CheckSameType(in, context.tensor(2)));
  kernel::IntVector sizes = context.integers(1);
  if (sizes.size() < in.sizes().size()) {
    return InvalidArgument("{} repetitions for a tensor of rank {}", sizes.size(), in.rank());
  }
  // Each repeated dimension needs two of a loop nest.
  if (2 * sizes.size() > tensor::kMaxRank) return InvalidArgument("{} dimensions are too many", sizes.size());
  const size_t lead = sizes.size() - in.sizes().size();
  for (size_t i = lead; i < sizes.size(); ++i) {
    const std::optional<int64_t> size = CheckedMul(sizes[i], static_cast<int64_t>(in.sizes()[i - lead]));
    if (!size.has_value()) return InvalidArgument("{} repetitions are too many", sizes[i]);
    sizes[i] = sizes[i] < 0 ? -1 : *size;
  }
  ETD_ASSIGN_OR_RETURN(const Shape shape, ShapeFromInts(sizes));
  return ResizeOut(context.tensor(2), shape);
}

absl::Status RunRepeat(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  Tensor& out = context.tensor(2);
  if (out.numel() == 0) return absl::OkStatus();
  const size_t lead = out.sizes().size() - in.sizes().size();
  // Every dimension becomes (which repetition, which element of the input).
  Shape shape;
  Strides from, to;
  for (size_t i = 0; i < out.sizes().size(); ++i) {
    const int32_t size = i < lead ? 1 : in.sizes()[i - lead];
    shape.push_back(out.sizes()[i] / size);
    from.push_back(0);
    to.push_back(out.strides()[i] * size);
    shape.push_back(size);
    from.push_back(i < lead ? 0 : in.strides()[i - lead]);
    to.push_back(out.strides()[i]);
  }
  StridedCopy(shape, {in.raw(), from, in.type()}, {out.raw(), to, out.type()}, context.threads());
  return absl::OkStatus();
}

std::optional<RowClass> RepeatRows(const RowQuery& query) {
  const std::optional<int> row = RowDimOf(query, 0);
  if (!row.has_value()) return std::nullopt;
  const int dim = *row + query.arguments[2]->tensor().rank() - query.arguments[0]->tensor().rank();
  if (query.arguments[0]->tensor().size(*row) != query.arguments[2]->tensor().size(dim)) return std::nullopt;
  return RowClass::Rows(dim);
}

// flip(self, dims, out)
absl::StatusOr<std::array<bool, tensor::kMaxRank>> Flipped(const Tensor& in, std::span<const int64_t> dims) {
  std::array<bool, tensor::kMaxRank> flipped{};
  for (const int64_t number : dims) {
    ETD_ASSIGN_OR_RETURN(const int dim, NormalizeDim(number, in.rank()));
    if (std::exchange(flipped[static_cast<size_t>(dim)], true)) {
      return InvalidArgument("dimension {} is flipped twice", number);
    }
  }
  return flipped;
}

absl::Status PrepareFlip(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  ETD_RETURN_IF_ERROR(CheckSameType(in, context.tensor(2)));
  ETD_RETURN_IF_ERROR(Flipped(in, context.integers(1)).status());
  return ResizeOut(context.tensor(2), in.sizes());
}

absl::Status RunFlip(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  Tensor& out = context.tensor(2);
  if (in.numel() == 0) return absl::OkStatus();
  ETD_ASSIGN_OR_RETURN(const auto flipped, Flipped(in, context.integers(1)));
  Strides strides = StridesOf(in);
  int64_t start = 0;
  for (size_t dim = 0; dim < strides.size(); ++dim) {
    if (!flipped[dim]) continue;
    start += (in.sizes()[dim] - 1) * strides[dim];
    strides[dim] = -strides[dim];
  }
  const auto* data = static_cast<const std::byte*>(in.raw()) + start * static_cast<int64_t>(in.element_size());
  StridedCopy(out.sizes(), {data, strides, in.type()}, {out.raw(), StridesOf(out), out.type()}, context.threads());
  return absl::OkStatus();
}

std::optional<RowClass> FlipRows(const RowQuery& query) {
  const std::optional<int> row = RowDimOf(query, 0);
  if (!row.has_value()) return std::nullopt;
  const auto flipped = Flipped(query.arguments[0]->tensor(), IntegersOf(*query.arguments[1]));
  if (!flipped.ok() || (*flipped)[static_cast<size_t>(*row)]) return std::nullopt;
  return RowClass::Rows(*row);
}

// as_strided_copy(self, size, stride, storage_offset?, out): the input's memory is read as a vector.
absl::Status PrepareAsStrided(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  ETD_RETURN_IF_ERROR(CheckSameType(in, context.tensor(4)));
  ETD_ASSIGN_OR_RETURN(const Shape shape, ShapeFromInts(context.integers(1)));
  const kernel::IntVector strides = context.integers(2);
  if (strides.size() != shape.size()) {
    return InvalidArgument("{} strides for {} dimensions", strides.size(), shape.size());
  }
  const int64_t offset = context.optional_integer(3).value_or(0);
  if (offset < 0) return InvalidArgument("the offset is {}", offset);
  // The last element read, unless there is none.
  std::optional<int64_t> last = offset;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (strides[i] < 0) return InvalidArgument("stride {} is {}, it can't be negative", i, strides[i]);
    const std::optional<int64_t> reach = CheckedMul(strides[i], static_cast<int64_t>(shape[i]) - 1);
    last = last.has_value() && reach.has_value() ? CheckedAdd(*last, *reach) : std::nullopt;
  }
  bool empty = false;
  for (const int32_t size : shape) empty = empty || size == 0;
  if (!empty && (!last.has_value() || *last >= in.numel())) {
    return InvalidArgument("the strides reach beyond the {} elements of the input", in.numel());
  }
  return ResizeOut(context.tensor(4), shape);
}

absl::Status RunAsStrided(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  Tensor& out = context.tensor(4);
  if (out.numel() == 0) return absl::OkStatus();
  const kernel::IntVector strides = context.integers(2);
  const int64_t offset = context.optional_integer(3).value_or(0) * static_cast<int64_t>(in.element_size());
  StridedCopy(out.sizes(),
              {static_cast<const std::byte*>(in.raw()) + offset, Strides(strides.begin(), strides.end()), in.type()},
              {out.raw(), StridesOf(out), out.type()}, context.threads());
  return absl::OkStatus();
}

// unfold_copy(self, dim, size, step, out): windows of a dimension; what is in a window becomes the last dimension.
absl::Status PrepareUnfold(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  ETD_RETURN_IF_ERROR(CheckSameType(in, context.tensor(4)));
  ETD_ASSIGN_OR_RETURN(const int dim, NormalizeDim(context.integer(1), in.rank()));
  const int64_t length = in.rank() == 0 ? 1 : in.size(dim);
  const int64_t size = context.integer(2);
  const int64_t step = context.integer(3);
  if (size < 0 || size > length || step < 1) {
    return InvalidArgument("windows of {} elements every {} elements don't fit a dimension of size {}", size, step,
                           length);
  }
  Shape shape = ShapeOf(in);
  if (shape.size() == tensor::kMaxRank) return InvalidArgument("the result would have {} dimensions", shape.size() + 1);
  if (in.rank() > 0) shape[static_cast<size_t>(dim)] = static_cast<int32_t>((length - size) / step + 1);
  shape.push_back(static_cast<int32_t>(size));
  return ResizeOut(context.tensor(4), shape);
}

absl::Status RunUnfold(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  Tensor& out = context.tensor(4);
  ETD_ASSIGN_OR_RETURN(const int dim, NormalizeDim(context.integer(1), in.rank()));
  Strides strides = StridesOf(in);
  strides.push_back(in.rank() == 0 ? 1 : in.stride(dim));
  // A single window makes no step, and a huge one would overflow.
  if (in.rank() > 0 && out.size(dim) > 1) strides[static_cast<size_t>(dim)] *= context.integer(3);
  StridedCopy(out.sizes(), {in.raw(), strides, in.type()}, {out.raw(), StridesOf(out), out.type()}, context.threads());
  return absl::OkStatus();
}

// constant_pad_nd(self, pad, value, out): pad holds (before, after) of the last dimension, then of the one before.
absl::StatusOr<Shape> PaddedShape(const Tensor& in, std::span<const int64_t> pad, Shape* before) {
  const size_t rank = in.sizes().size();
  if (pad.size() % 2 != 0 || pad.size() / 2 > rank) {
    return InvalidArgument("{} pads for a tensor of rank {}", pad.size(), rank);
  }
  Shape shape = ShapeOf(in);
  before->assign(rank, 0);
  for (size_t i = 0; i < pad.size() / 2; ++i) {
    const size_t dim = rank - 1 - i;
    const int64_t total = std::numeric_limits<int32_t>::max() - shape[dim];
    if (pad[2 * i] < 0 || pad[2 * i + 1] < 0 || pad[2 * i] > total || pad[2 * i + 1] > total - pad[2 * i]) {
      return InvalidArgument("pads {} and {} of dimension {} are not possible", pad[2 * i], pad[2 * i + 1], dim);
    }
    (*before)[dim] = static_cast<int32_t>(pad[2 * i]);
    shape[dim] += static_cast<int32_t>(pad[2 * i] + pad[2 * i + 1]);
  }
  return shape;
}

absl::Status PreparePad(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  Tensor& out = context.tensor(3);
  ETD_RETURN_IF_ERROR(CheckSameType(in, out));
  ETD_RETURN_IF_ERROR(CheckScalarFits(context.scalar(2), out.type()));
  Shape before;
  ETD_ASSIGN_OR_RETURN(const Shape shape, PaddedShape(in, context.integers(1), &before));
  return ResizeOut(out, shape);
}

absl::Status RunPad(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  Tensor& out = context.tensor(3);
  Shape before;
  ETD_RETURN_IF_ERROR(PaddedShape(in, context.integers(1), &before).status());
  ETD_RETURN_IF_ERROR(CheckScalarFits(context.scalar(2), out.type()));
  FillElements(out.raw(), out.numel(), out.type(), context.scalar(2));
  int64_t offset = 0;
  for (size_t dim = 0; dim < before.size(); ++dim) offset += before[dim] * out.strides()[dim];
  if (in.numel() == 0) return absl::OkStatus();
  StridedCopy(in.sizes(), {in.raw(), StridesOf(in), in.type()},
              {static_cast<std::byte*>(out.raw()) + offset * static_cast<int64_t>(out.element_size()), StridesOf(out),
               out.type()},
              context.threads());
  return absl::OkStatus();
}

std::optional<RowClass> PadRows(const RowQuery& query) {
  const std::optional<int> row = RowDimOf(query, 0);
  if (!row.has_value()) return std::nullopt;
  const Tensor& in = query.arguments[0]->tensor();
  Shape before;
  const auto shape = PaddedShape(in, IntegersOf(*query.arguments[1]), &before);
  if (!shape.ok() || (*shape)[static_cast<size_t>(*row)] != in.size(*row)) return std::nullopt;
  return RowClass::Rows(*row);
}

}  // namespace

std::span<const kernel::Kernel> RearrangeKernels() {
  static const kernel::Kernel kKernels[] = {
      {.name = "aten::repeat.out",
       .parameters = {Parameter::kTensor, Parameter::kIntList, Parameter::kOut},
       .prepare = PrepareRepeat,
       .run = RunRepeat,
       .row_rule = RepeatRows},
      {.name = "aten::flip.out",
       .parameters = {Parameter::kTensor, Parameter::kIntList, Parameter::kOut},
       .prepare = PrepareFlip,
       .run = RunFlip,
       .row_rule = FlipRows},
      {.name = "aten::as_strided_copy.out",
       .parameters = {Parameter::kTensor, Parameter::kIntList, Parameter::kIntList, Parameter::kOptionalInt,
                      Parameter::kOut},
       .prepare = PrepareAsStrided,
       .run = RunAsStrided},
      {.name = "aten::unfold_copy.out",
       .parameters = {Parameter::kTensor, Parameter::kInt, Parameter::kInt, Parameter::kInt, Parameter::kOut},
       .prepare = PrepareUnfold,
       .run = RunUnfold},
      {.name = "aten::constant_pad_nd.out",
       .parameters = {Parameter::kTensor, Parameter::kIntList, Parameter::kScalar, Parameter::kOut},
       .prepare = PreparePad,
       .run = RunPad,
       .row_rule = PadRows},
  };
  return kKernels;
}

}  // namespace etd::kernels
