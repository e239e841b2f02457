#include "runtime/kernels/fast/linear_q4.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "runtime/base/status.h"

namespace etd::kernels {

using kernel::KernelContext;
using kernel::Q4Layout;
using kernel::RowQuantization;
using tensor::ScalarType;
using tensor::ShapeText;
using tensor::Tensor;

namespace {

// Where a weight lies in a packed panel, and in which half of the byte.
struct Place {
  int64_t byte = 0;
  int shift = 0;
};
Place PlaceOf(const Q4Layout& layout, int64_t channel_in_panel, int64_t k) {
  const int64_t group = k / Q4Layout::kGroup;
  const int64_t within = k % Q4Layout::kGroup;
  const int64_t half = within % (Q4Layout::kGroup / 2);
  const int64_t block = group / layout.groups_in_block();
  return {block * layout.block_bytes() + group % layout.groups_in_block() * Q4Layout::kGroupBytes + half / 4 * 32 +
              4 * channel_in_panel + half % 4,
          within < Q4Layout::kGroup / 2 ? 0 : 4};
}

int WeightAt(const uint8_t* row, int64_t k) { return (row[k / 2] >> (k % 2 == 0 ? 0 : 4)) & 0x0F; }

float ScaleAt(const uint16_t* bits) { return std::bit_cast<float>(static_cast<uint32_t>(*bits) << 16); }

// A whole group of one channel: the halves of 16 bytes change places. Returns what the first and the last 16 weights stand
// for in sum.
std::array<int32_t, 2> PackGroup(const uint8_t* from, uint8_t* to) {
  constexpr int64_t kHalf = Q4Layout::kGroup / 4;  // bytes
  std::array<int32_t, 2> sums = {-8 * 16, -8 * 16};
  for (int64_t i = 0; i < kHalf; ++i) {
    const int a = from[i];
    const int b = from[kHalf + i];
    uint8_t* two = to + i / 2 * 32 + i % 2 * 2;
    two[0] = static_cast<uint8_t>((a & 0x0F) | (b & 0x0F) << 4);
    two[1] = static_cast<uint8_t>(a >> 4 | (b & 0xF0));
    sums[0] += (a & 0x0F) + (a >> 4);
    sums[1] += (b & 0x0F) + (b >> 4);
  }
  return sums;
}

// A channel with one scale. Returns the sum of what its weights stand for.
int64_t PackChannel(const Q4Layout& layout, const uint8_t* row, int64_t channel_in_panel, uint8_t* panel) {
  const int64_t whole = layout.depth / Q4Layout::kGroup;
  int64_t sum = 0;
  for (int64_t group = 0; group < whole; ++group) {
    const auto sums = PackGroup(row + group * Q4Layout::kGroup / 2, panel + group * Q4Layout::kGroupBytes + 4 * channel_in_panel);
    sum += sums[0] + sums[1];
  }
  for (int64_t k = whole * Q4Layout::kGroup; k < layout.depth; ++k) {
    const Place place = PlaceOf(layout, channel_in_panel, k);
    const int weight = WeightAt(row, k);
    panel[place.byte] = static_cast<uint8_t>((panel[place.byte] & (0xF0 >> place.shift)) | weight << place.shift);
    sum += weight - 8;
  }
  return sum;
}

// A channel with a scale for each block. Returns -Σ weight · scale, rounded for each 16 weights as XNNPACK does it.
float PackBlocks(const Q4Layout& layout, const uint8_t* row, const uint16_t* scales, int64_t channel_in_panel, uint8_t* panel) {
  float zero = 0;
  for (int64_t block = 0; block < layout.blocks(); ++block) {
    uint8_t* to = panel + block * layout.block_bytes();
    const float scale = ScaleAt(scales + block);
    for (int64_t group = 0; group < layout.groups_in_block(); ++group) {
      const int64_t k = block * layout.block + group * Q4Layout::kGroup;
      for (const int32_t sum : PackGroup(row + k / 2, to + group * Q4Layout::kGroupBytes + 4 * channel_in_panel)) {
        zero -= static_cast<float>(sum) * scale;
      }
    }
    std::memcpy(to + layout.groups_in_block() * Q4Layout::kGroupBytes + 2 * channel_in_panel, scales + block, 2);
  }
  return zero;
}

}  // namespace

void PackQ4(const Q4Layout& layout, const Q4Source& source, int64_t panel, int64_t panel_end, uint8_t* packed) {
  const int64_t row_bytes = (layout.depth + 1) / 2;
  for (; panel < panel_end; ++panel) {
    uint8_t* to = packed + panel * layout.panel_bytes();
    std::memset(to, 0, static_cast<size_t>(layout.panel_bytes()));
    for (int64_t c = 0; c < Q4Layout::kPanel; ++c) {
      const int64_t channel = panel * Q4Layout::kPanel + c;
      float scale = 0;
      int32_t zero = 0;  // or the bits of a float
      if (channel < layout.channels) {
        const uint8_t* row = source.weights + channel * row_bytes;
        if (layout.block != 0) {
          zero = std::bit_cast<int32_t>(PackBlocks(layout, row, source.block_scales + channel * layout.blocks(), c, to));
        } else {
          zero = static_cast<int32_t>(-PackChannel(layout, row, c, to));
          scale = source.scales[channel];
        }
      }
      std::memcpy(packed + layout.scales_offset() + channel * 4, &scale, 4);
      std::memcpy(packed + layout.zeros_offset() + channel * 4, &zero, 4);
    }
  }
}

namespace {

// Σ q · weight over weights [begin, end) of one channel.
int32_t PlainSum(const LinearQ4& call, int64_t row, int64_t channel, int64_t begin, int64_t end) {
  const int8_t* numbers = call.rows + row * call.layout.depth;
  const uint8_t* panel = call.weights + channel / Q4Layout::kPanel * call.layout.panel_bytes();
  int32_t sum = 0;
  for (int64_t k = begin; k < end; ++k) {
    const Place place = PlaceOf(call.layout, channel % Q4Layout::kPanel, k);
    sum += static_cast<int32_t>(numbers[k]) * (((panel[place.byte] >> place.shift) & 0x0F) - 8);
  }
  return sum;
}

float PlainResult(const LinearQ4& call, int64_t row, int64_t channel) {
  const Q4Layout& layout = call.layout;
  const RowQuantization& params = call.params[row];
  const uint8_t* scale = call.weights + layout.scales_offset() + channel * 4;
  const uint8_t* zero = call.weights + layout.zeros_offset() + channel * 4;
  const float bias = call.bias == nullptr ? 0.0f : call.bias[channel];
  float factor = 0;
  if (layout.block == 0) {
    int32_t zeros = 0;
    std::memcpy(&zeros, zero, 4);
    std::memcpy(&factor, scale, 4);
    const int32_t sum = PlainSum(call, row, channel, 0, layout.depth) + zeros * static_cast<int32_t>(params.zero);
    return std::fma(static_cast<float>(sum) * params.scale, factor, bias);
  }
  std::memcpy(&factor, zero, 4);
  float result = factor * params.zero;
  const uint8_t* panel = call.weights + channel / Q4Layout::kPanel * layout.panel_bytes();
  for (int64_t block = 0; block < layout.blocks(); ++block) {
    uint16_t bits = 0;
    std::memcpy(&bits, panel + (block + 1) * layout.block_bytes() - Q4Layout::kScaleBytes + channel % Q4Layout::kPanel * 2, 2);
    const int32_t sum = PlainSum(call, row, channel, block * layout.block, (block + 1) * layout.block);
    result = std::fma(static_cast<float>(sum), ScaleAt(&bits), result);
  }
  const float scaled = result * params.scale;
  return scaled + bias;
}

}  // namespace

void LinearQ4Plainly(const LinearQ4& call, int64_t row, int64_t row_end) {
  for (; row < row_end; ++row) {
    for (int64_t channel = 0; channel < call.layout.channels; ++channel) {
      call.out[row * call.layout.channels + channel] =
          std::min(std::max(PlainResult(call, row, channel), call.least), call.most);
    }
  }
}

RowQuantization RowQuantizationOf(float least, float most, float* factor) {
  constexpr float kLowest = -128;
  constexpr float kHighest = 127;
  *factor = least == most ? 1.0f : (kHighest - kLowest) / (most - least);
  const float scaled_least = least * *factor;
  const float scaled_most = most * *factor;
  const bool from_below = (kLowest + scaled_least) + (kHighest + scaled_most) > 0;
  const float zero_point = from_below ? kLowest - scaled_least : kHighest - scaled_most;
  const float nearest = std::nearbyint(std::min(std::max(zero_point, kLowest), kHighest));
  return {.scale = 1.0f / *factor, .zero = nearest};
}

int8_t QuantizeNumber(float number, float factor, float zero) {
  const float scaled = std::min(number * factor, 127.0f - zero);
  return static_cast<int8_t>(std::max(std::nearbyint(scaled) + zero, -128.0f));
}

RowQuantization QuantizeRowPlainly(const float* row, int64_t count, int8_t* quantized, int32_t* sums) {
  float least = 0;
  float most = 0;
  for (int64_t i = 0; i < count; ++i) {
    least = std::min(least, row[i]);
    most = std::max(most, row[i]);
  }
  float factor = 0;
  const RowQuantization params = RowQuantizationOf(least, most, &factor);
  std::fill_n(sums, Q4Layout::GroupsOf(count), 0);
  for (int64_t i = 0; i < count; ++i) {
    quantized[i] = QuantizeNumber(row[i], factor, params.zero);
    sums[i / Q4Layout::kGroup] += quantized[i];
  }
  return params;
}

namespace {

// ---- etd::pack_q4.out

// The layout of a call of etd::pack_q4.out. Errors: INVALID_ARGUMENT.
absl::StatusOr<Q4Layout> PackedLayout(const KernelContext& ctx) {
  const Tensor& weights = ctx.tensor(0);
  const Tensor& scales = ctx.tensor(1);
  const int64_t depth = ctx.integer(2);
  const bool blocks = scales.type() == ScalarType::kBFloat16;
  const bool fits = weights.type() == ScalarType::kUInt8 && weights.rank() == 2 && weights.row_major() && depth > 0 &&
                    depth <= kernel::kMaxQ4Depth && weights.size(1) == (depth + 1) / 2 && scales.row_major() &&
                    (blocks || scales.type() == ScalarType::kFloat32) && scales.rank() == (blocks ? 2 : 1) &&
                    scales.size(0) == weights.size(0);
  Q4Layout layout{weights.size(0), depth, 0};
  if (fits && blocks && scales.size(1) > 0) layout.block = depth / scales.size(1);
  const bool even = !blocks || (layout.block > 0 && layout.block % Q4Layout::kGroup == 0 && depth % layout.block == 0);
  if (!fits || !even || layout.bytes() > std::numeric_limits<int32_t>::max()) {
    return InvalidArgument("4-bit weights {} of depth {} and {} scales {} do not fit each other", ShapeText(weights.sizes()),
                           depth, tensor::ScalarTypeName(scales.type()), ShapeText(scales.sizes()));
  }
  return layout;
}

absl::Status PreparePack(KernelContext& ctx) {
  ETD_ASSIGN_OR_RETURN(const Q4Layout layout, PackedLayout(ctx));
  return ctx.tensor(3).Resize(std::array<int32_t, 1>{static_cast<int32_t>(layout.bytes())});
}

absl::Status RunPack(KernelContext& ctx) {
  ETD_ASSIGN_OR_RETURN(const Q4Layout layout, PackedLayout(ctx));
  const Tensor& scales = ctx.tensor(1);
  const Q4Source source{.weights = ctx.tensor(0).data<uint8_t>(),
                        .scales = layout.block == 0 ? scales.data<float>() : nullptr,
                        .block_scales = layout.block == 0 ? nullptr : static_cast<const uint16_t*>(scales.raw())};
  uint8_t* packed = ctx.tensor(3).data<uint8_t>();
  constexpr int64_t kPanelsPerTask = 16;
  ctx.threads().ParallelFor(layout.panels(), kPanelsPerTask, [&](int64_t begin, int64_t end) {
    PackQ4(layout, source, begin, end, packed);
  });
  return absl::OkStatus();
}

// ---- etd::quantize_rows.out

absl::Status PrepareQuantize(KernelContext& ctx) {
  const Tensor& x = ctx.tensor(0);
  if (x.type() != ScalarType::kFloat32 || x.rank() < 1 || !x.row_major()) {
    return InvalidArgument("rows to be quantised must be float32 and row-major, not {} {}",
                           tensor::ScalarTypeName(x.type()), ShapeText(x.sizes()));
  }
  ETD_RETURN_IF_ERROR(ctx.tensor(1).Resize(x.sizes()));
  absl::InlinedVector<int32_t, tensor::kMaxRank> sizes(x.sizes().begin(), x.sizes().end());
  sizes.back() = 2;
  ETD_RETURN_IF_ERROR(ctx.tensor(2).Resize(sizes));
  sizes.back() = static_cast<int32_t>(Q4Layout::GroupsOf(x.size(x.rank() - 1)));
  return ctx.tensor(3).Resize(sizes);
}

absl::Status RunQuantize(KernelContext& ctx) {
  const Tensor& x = ctx.tensor(0);
  const int64_t width = x.size(x.rank() - 1);
  if (x.numel() == 0) return absl::OkStatus();
  const float* from = x.data<float>();
  auto* to = ctx.tensor(1).data<int8_t>();
  auto* params = reinterpret_cast<RowQuantization*>(ctx.tensor(2).data<float>());
  auto* sums = ctx.tensor(3).data<int32_t>();
  const int64_t groups = Q4Layout::GroupsOf(width);
  constexpr int64_t kNumbersPerTask = 16384;
  ctx.threads().ParallelFor(x.numel() / width, std::max<int64_t>(1, kNumbersPerTask / width), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      params[row] = QuantizeRowFast(from + row * width, width, to + row * width, sums + row * groups);
    }
  });
  return absl::OkStatus();
}

// The results have the rows where the argument has them.
std::optional<kernel::RowClass> LeadingRows(const kernel::RowQuery& query) {
  const kernel::RowClass& x = query.classes[0];
  if (!x.rows() || x.dim >= query.arguments[0]->tensor().rank() - 1) return std::nullopt;
  return x;
}

// ---- etd::linear_q4.out

Q4Layout LayoutOf(const KernelContext& ctx) {
  const Tensor& q = ctx.tensor(0);
  return {ctx.integer(5), q.size(q.rank() - 1), ctx.integer(6)};
}

bool IsPlain(const Tensor& tensor, ScalarType type, int64_t numbers) {
  return tensor.type() == type && tensor.row_major() && tensor.numel() == numbers;
}

absl::Status PrepareLinear(KernelContext& ctx) {
  const Tensor& q = ctx.tensor(0);
  const Tensor& packed = ctx.tensor(3);
  const Tensor* bias = ctx.optional_tensor(4);
  const int64_t depth = q.rank() < 1 ? 0 : q.size(q.rank() - 1);
  const int64_t channels = ctx.integer(5);
  const int64_t block = ctx.integer(6);
  const bool possible = depth > 0 && depth <= kernel::kMaxQ4Depth && channels > 0 &&
                        channels <= std::numeric_limits<int32_t>::max() / 2 && block >= 0 &&
                        (block == 0 || (block % Q4Layout::kGroup == 0 && depth % block == 0));
  if (!possible) return InvalidArgument("rows {} can't be multiplied with {} channels", ShapeText(q.sizes()), channels);
  const Q4Layout layout{channels, depth, block};
  const int64_t rows = q.numel() / depth;
  const bool fits = IsPlain(q, ScalarType::kInt8, rows * depth) && IsPlain(ctx.tensor(1), ScalarType::kFloat32, 2 * rows) &&
                    IsPlain(ctx.tensor(2), ScalarType::kInt32, rows * layout.groups()) &&
                    IsPlain(packed, ScalarType::kUInt8, layout.bytes()) &&
                    (bias == nullptr || IsPlain(*bias, ScalarType::kFloat32, channels)) &&
                    ctx.tensor(9).type() == ScalarType::kFloat32;
  if (!fits) {
    return InvalidArgument("packed weights of {} bytes do not fit rows {} and {} channels", packed.nbytes(),
                           ShapeText(q.sizes()), channels);
  }
  absl::InlinedVector<int32_t, tensor::kMaxRank> sizes(q.sizes().begin(), q.sizes().end());
  sizes.back() = static_cast<int32_t>(layout.channels);
  return ctx.tensor(9).Resize(sizes);
}

absl::Status RunLinear(KernelContext& ctx) {
  const Tensor& q = ctx.tensor(0);
  const Tensor* bias = ctx.optional_tensor(4);
  const LinearQ4 call{.layout = LayoutOf(ctx),
                      .rows = q.data<int8_t>(),
                      .params = reinterpret_cast<const RowQuantization*>(ctx.tensor(1).data<float>()),
                      .sums = ctx.tensor(2).data<int32_t>(),
                      .weights = ctx.tensor(3).data<uint8_t>(),
                      .bias = bias == nullptr ? nullptr : bias->data<float>(),
                      .out = ctx.tensor(9).data<float>(),
                      .least = static_cast<float>(ctx.floating(7)),
                      .most = static_cast<float>(ctx.floating(8))};
  const int64_t rows = q.numel() / call.layout.depth;
  if (rows == 0) return absl::OkStatus();
  // Rows of a task stay in the second-level cache while the weights pass by.
  constexpr int64_t kRowsPerTask = 64;
  // Work of a task: a few microseconds, whether weights are waited for or multiplied.
  constexpr int64_t kWeightBytesPerTask = 16384;
  const int64_t pairs = call.layout.panels() / 2;
  const int64_t row_tasks = (rows + kRowsPerTask - 1) / kRowsPerTask;
  const int64_t in_task = std::min(rows, kRowsPerTask);
  const int64_t grain = std::max<int64_t>(1, kWeightBytesPerTask / (2 * call.layout.panel_bytes() * ((in_task + 3) / 4)));
  ctx.threads().ParallelFor(row_tasks * pairs, grain, [&](int64_t begin, int64_t end) {
    while (begin < end) {
      const int64_t row = begin / pairs * kRowsPerTask;
      const int64_t pair = begin % pairs;
      const int64_t pair_end = std::min(pairs, pair + end - begin);
      LinearQ4Fast(call, row, std::min(row + kRowsPerTask, rows), pair, pair_end);
      begin += pair_end - pair;
    }
  });
  return absl::OkStatus();
}

}  // namespace

std::span<const kernel::Kernel> LinearQ4Kernels() {
  using P = kernel::Parameter;
  static const kernel::Kernel kKernels[] = {
      {.name = "etd::pack_q4.out", .parameters = {P::kTensor, P::kTensor, P::kInt, P::kOut}, .prepare = PreparePack,
       .run = RunPack, .packs_weights = true},
      {.name = "etd::quantize_rows.out", .parameters = {P::kTensor, P::kOut, P::kOut, P::kOut}, .prepare = PrepareQuantize,
       .run = RunQuantize, .row_rule = LeadingRows},
      {.name = "etd::linear_q4.out",
       .parameters = {P::kTensor, P::kTensor, P::kTensor, P::kTensor, P::kOptionalTensor, P::kInt, P::kInt, P::kDouble,
                      P::kDouble, P::kOut},
       .prepare = PrepareLinear, .run = RunLinear, .row_rule = LeadingRows},
  };
  return CanLinearQ4Fast() ? std::span<const kernel::Kernel>(kKernels) : std::span<const kernel::Kernel>();
}

}  // namespace etd::kernels
