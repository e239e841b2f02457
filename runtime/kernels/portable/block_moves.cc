// Copies of blocks to other places: roll, diagonal_copy, pixel_shuffle, pixel_unshuffle and tile_crop.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "runtime/kernels/portable/kernels.h"
#include "runtime/kernels/portable/util/shape.h"
#include "runtime/kernels/portable/util/strided_copy.h"

namespace etd::kernels {
namespace {

using kernel::KernelContext;
using kernel::Parameter;
using tensor::Tensor;

const std::byte* At(const Tensor& tensor, int64_t offset) {
  return tensor.data<std::byte>() + offset * static_cast<int64_t>(tensor.element_size());
}
std::byte* At(Tensor& tensor, int64_t offset) {
  return tensor.data<std::byte>() + offset * static_cast<int64_t>(tensor.element_size());
}

// roll(self, shifts, dims, out): how far each dimension moves, in [0, its size).
absl::StatusOr<Shape> ShiftsOf(const KernelContext& context) {
  const Tensor& in = context.tensor(0);
  const kernel::IntVector shifts = context.integers(1);
  const kernel::IntVector dims = context.integers(2);
  if (shifts.empty() || shifts.size() != dims.size()) {
    return InvalidArgument("{} shifts for {} dimensions", shifts.size(), dims.size());
  }
  Shape result(in.sizes().size(), 0);
  for (size_t i = 0; i < dims.size(); ++i) {
    ETD_ASSIGN_OR_RETURN(const int dim, NormalizeDim(dims[i], in.rank()));
    if (in.rank() == 0) continue;
    const int64_t size = std::max(in.size(dim), 1);
    int32_t& shift = result[static_cast<size_t>(dim)];
    shift = static_cast<int32_t>((shift + (shifts[i] % size + size)) % size);
  }
  return result;
}

absl::Status PrepareRoll(KernelContext& context) {
  ETD_RETURN_IF_ERROR(CheckSameType(context.tensor(0), context.tensor(3)));
  ETD_RETURN_IF_ERROR(ShiftsOf(context).status());
  return ResizeOut(context.tensor(3), context.tensor(0).sizes());
}

absl::Status RunRoll(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  Tensor& out = context.tensor(3);
  ETD_ASSIGN_OR_RETURN(const Shape shifts, ShiftsOf(context));
  if (in.numel() == 0) return absl::OkStatus();
  absl::InlinedVector<size_t, tensor::kMaxRank> moved;
  for (size_t d = 0; d < shifts.size(); ++d) {
    if (shifts[d] != 0) moved.push_back(d);
  }
  // Every dimension that moves falls into two parts; each combination of parts is a block that stays together.
  for (uint32_t block = 0; block < (uint32_t{1} << moved.size()); ++block) {
    Shape shape = ShapeOf(in);
    int64_t from = 0, to = 0;
    for (size_t i = 0; i < moved.size(); ++i) {
      const size_t d = moved[i];
      const int32_t kept = in.sizes()[d] - shifts[d];
      const bool wrapped = (block >> i & 1) != 0;
      shape[d] = wrapped ? shifts[d] : kept;
      (wrapped ? from : to) += (wrapped ? kept * in.strides()[d] : shifts[d] * out.strides()[d]);
    }
    StridedCopy(shape, {At(in, from), StridesOf(in), in.type()}, {At(out, to), StridesOf(out), out.type()},
                context.threads());
  }
  return absl::OkStatus();
}

// diagonal_copy(self, offset, dim1, dim2, out): the diagonal becomes the last dimension.
struct Diagonal {
  Shape shape;
  Strides strides;
  int64_t start = 0;
};

absl::Status MakeDiagonal(const KernelContext& context, Diagonal& diagonal) {
  const Tensor& in = context.tensor(0);
  ETD_ASSIGN_OR_RETURN(const int dim1, NormalizeDim(context.integer(2), in.rank()));
  ETD_ASSIGN_OR_RETURN(const int dim2, NormalizeDim(context.integer(3), in.rank()));
  if (in.rank() < 2 || dim1 == dim2) return InvalidArgument("a diagonal needs two dimensions, not {} twice", dim1);
  const int64_t offset = context.integer(1);
  const int64_t rows = in.size(dim1), columns = in.size(dim2);
  // Where the diagonal begins in either dimension.
  const bool outside = offset >= columns || offset <= -rows;
  const int64_t row = outside || offset > 0 ? 0 : -offset;
  const int64_t column = outside || offset < 0 ? 0 : offset;
  const int64_t length = outside ? 0 : std::min(rows - row, columns - column);
  for (int d = 0; d < in.rank(); ++d) {
    if (d == dim1 || d == dim2) continue;
    diagonal.shape.push_back(in.size(d));
    diagonal.strides.push_back(in.stride(d));
  }
  diagonal.shape.push_back(static_cast<int32_t>(length));
  diagonal.strides.push_back(in.stride(dim1) + in.stride(dim2));
  diagonal.start = row * in.stride(dim1) + column * in.stride(dim2);
  return absl::OkStatus();
}

absl::Status PrepareDiagonal(KernelContext& context) {
  Diagonal diagonal;
  ETD_RETURN_IF_ERROR(CheckSameType(context.tensor(0), context.tensor(4)));
  ETD_RETURN_IF_ERROR(MakeDiagonal(context, diagonal));
  return ResizeOut(context.tensor(4), diagonal.shape);
}

absl::Status RunDiagonal(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  Tensor& out = context.tensor(4);
  Diagonal diagonal;
  ETD_RETURN_IF_ERROR(MakeDiagonal(context, diagonal));
  if (out.numel() == 0) return absl::OkStatus();
  StridedCopy(out.sizes(), {At(in, diagonal.start), diagonal.strides, in.type()},
              {out.raw(), StridesOf(out), out.type()}, context.threads());
  return absl::OkStatus();
}

// pixel_shuffle(self, factor, out): [.., C*f*f, H, W] becomes [.., C, H*f, W*f]; pixel_unshuffle is the way back.
absl::StatusOr<Shape> ShuffledShape(const Tensor& in, int64_t factor, bool shuffle) {
  // Three dimensions fall into two each while it moves.
  if (in.rank() < 3 || in.rank() + 3 > tensor::kMaxRank) {
    return InvalidArgument("a tensor of rank {} can't be shuffled", in.rank());
  }
  if (factor < 1 || factor > 32767) return InvalidArgument("the factor is {}", factor);
  const size_t rank = in.sizes().size();
  kernel::IntVector sizes(in.sizes().begin(), in.sizes().end());
  int64_t& channels = sizes[rank - 3];
  const bool fits = shuffle ? channels % (factor * factor) == 0
                            : sizes[rank - 2] % factor == 0 && sizes[rank - 1] % factor == 0;
  if (!fits) {
    return InvalidArgument("shape {} doesn't divide by the factor {}", tensor::ShapeText(in.sizes()), factor);
  }
  channels = shuffle ? channels / (factor * factor) : channels * factor * factor;
  for (size_t d = rank - 2; d < rank; ++d) sizes[d] = shuffle ? sizes[d] * factor : sizes[d] / factor;
  return ShapeFromInts(sizes);
}

template <bool kShuffle>
absl::Status PreparePixels(KernelContext& context) {
  ETD_RETURN_IF_ERROR(CheckSameType(context.tensor(0), context.tensor(2)));
  ETD_ASSIGN_OR_RETURN(const Shape shape, ShuffledShape(context.tensor(0), context.integer(1), kShuffle));
  return ResizeOut(context.tensor(2), shape);
}

template <bool kShuffle>
absl::Status RunPixels(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  Tensor& out = context.tensor(2);
  // `deep` has the channels, `wide` the pixels; both are walked as [.., C, row, column, H, W].
  const Tensor& deep = kShuffle ? in : out;
  const Tensor& wide = kShuffle ? out : in;
  const size_t rank = in.sizes().size();
  const int32_t factor = static_cast<int32_t>(context.integer(1));
  Shape shape(wide.sizes().begin(), wide.sizes().end() - 2);
  shape.insert(shape.end(), {factor, factor, deep.sizes()[rank - 2], deep.sizes()[rank - 1]});
  Strides deep_strides(deep.strides().begin(), deep.strides().end() - 2);
  const int64_t channel = deep.strides()[rank - 3];
  deep_strides.back() = channel * factor * factor;
  deep_strides.insert(deep_strides.end(),
                      {channel * factor, channel, deep.strides()[rank - 2], deep.strides()[rank - 1]});
  Strides wide_strides(wide.strides().begin(), wide.strides().end() - 2);
  const int64_t row = wide.strides()[rank - 2], column = wide.strides()[rank - 1];
  wide_strides.insert(wide_strides.end(), {row, column, row * factor, column * factor});
  StridedCopy(shape, {in.raw(), kShuffle ? deep_strides : wide_strides, in.type()},
              {out.raw(), kShuffle ? wide_strides : deep_strides, out.type()}, context.threads());
  return absl::OkStatus();
}

// tile_crop: (in [C, H, W], tile, out [H / tile · W / tile, C, tile, tile]): tiles row by row.
absl::Status PrepareTiles(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  const int64_t tile = context.integer(1);
  ETD_RETURN_IF_ERROR(CheckSameType(in, context.tensor(2)));
  if (in.rank() != 3 || tile < 1 || in.size(1) % tile != 0 || in.size(2) % tile != 0) {
    return InvalidArgument("an image of shape {} can't be cut into tiles of {}", tensor::ShapeText(in.sizes()), tile);
  }
  ETD_ASSIGN_OR_RETURN(const Shape shape, ShapeFromInts(std::array{in.size(1) / tile * (in.size(2) / tile),
                                                                   int64_t{in.size(0)}, tile, tile}));
  return ResizeOut(context.tensor(2), shape);
}

absl::Status RunTiles(KernelContext& context) {
  const Tensor& in = context.tensor(0);
  Tensor& out = context.tensor(2);
  const auto tile = static_cast<int32_t>(context.integer(1));
  const int32_t across = in.size(2) / tile;
  // Both are walked as [tile row, tile column, C, row, column].
  StridedCopy(Shape{in.size(1) / tile, across, in.size(0), tile, tile},
              {in.raw(), Strides{tile * in.stride(1), tile * in.stride(2), in.stride(0), in.stride(1), in.stride(2)},
               in.type()},
              {out.raw(), Strides{across * out.stride(0), out.stride(0), out.stride(1), out.stride(2), out.stride(3)},
               out.type()},
              context.threads());
  return absl::OkStatus();
}

}  // namespace

std::span<const kernel::Kernel> BlockMovesKernels() {
  static const kernel::Kernel kKernels[] = {
      {.name = "aten::roll.out",
       .parameters = {Parameter::kTensor, Parameter::kIntList, Parameter::kIntList, Parameter::kOut},
       .prepare = PrepareRoll,
       .run = RunRoll},
      {.name = "aten::diagonal_copy.out",
       .parameters = {Parameter::kTensor, Parameter::kInt, Parameter::kInt, Parameter::kInt, Parameter::kOut},
       .prepare = PrepareDiagonal,
       .run = RunDiagonal},
      {.name = "aten::pixel_shuffle.out",
       .parameters = {Parameter::kTensor, Parameter::kInt, Parameter::kOut},
       .prepare = PreparePixels<true>,
       .run = RunPixels<true>},
      {.name = "aten::pixel_unshuffle.out",
       .parameters = {Parameter::kTensor, Parameter::kInt, Parameter::kOut},
       .prepare = PreparePixels<false>,
       .run = RunPixels<false>},
      {.name = "preprocess::tile_crop.out",
       .parameters = {Parameter::kTensor, Parameter::kInt, Parameter::kOut},
       .prepare = PrepareTiles,
       .run = RunTiles},
  };
  return kKernels;
}

}  // namespace etd::kernels
