// Products of 8-bit rows and 4-bit weights.
#ifndef ETD_RUNTIME_KERNELS_FAST_LINEAR_Q4_H_
#define ETD_RUNTIME_KERNELS_FAST_LINEAR_Q4_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "runtime/kernel/kernel.h"
#include "runtime/kernel/q4_layout.h"

namespace etd::kernels {

// A product as the tiles see it. Sums of products are exact integers; what floats do to them is the same for every row and
// in one order, so the bits of a row depend on nothing but the row. With one scale for a channel a result is
//   clamp(fma(float(Σ (q - zero) · weight) · scale of the row, scale of the channel, bias)),
// with a scale for each block, which are taken in ascending order,
//   clamp((zero · float(-Σ weight · scale) +fma Σ float(Σ q · weight of the block) · scale of the block) · scale of the row
//         + bias).
// This is XNNPACK's arithmetic; its kernels differ from each other in how many parts of a block they sum on their own.
struct LinearQ4 {
  kernel::Q4Layout layout;
  const int8_t* rows = nullptr;                     // [rows, depth]; 64 bytes behind the end can be read
  const kernel::RowQuantization* params = nullptr;  // [rows]
  const int32_t* sums = nullptr;                    // [rows, groups]: of the numbers of a group
  const uint8_t* weights = nullptr;                 // packed
  const float* bias = nullptr;                      // [channels] or null
  float* out = nullptr;                             // [rows, channels]
  float least = 0;
  float most = 0;
};

// Weights as a program has them.
struct Q4Source {
  const uint8_t* weights = nullptr;       // [channels, (depth + 1) / 2]: two to a byte, the first in the low half
  const float* scales = nullptr;          // [channels], or null
  const uint16_t* block_scales = nullptr;  // [channels, blocks], bfloat16, or null
};
// Packs panels [panel, panel_end).
void PackQ4(const kernel::Q4Layout& layout, const Q4Source& source, int64_t panel, int64_t panel_end, uint8_t* packed);

// The plain computation: rows [row, row_end), all channels.
void LinearQ4Plainly(const LinearQ4& call, int64_t row, int64_t row_end);
// The same bits for pairs of panels [pair, pair_end). Only where CanLinearQ4Fast.
void LinearQ4Fast(const LinearQ4& call, int64_t row, int64_t row_end, int64_t pair, int64_t pair_end);
// Whether this processor has what the fast one needs, and nothing that a backend's kernels would do better with.
bool CanLinearQ4Fast();

// What a row whose numbers lie between `least` ≤ 0 and `most` ≥ 0 is quantised with (asymmetric); numbers are multiplied by
// `factor`. XNNPACK's arithmetic (src/xnnpack/quantization.h), step by step: a last bit here is a whole step of a number.
kernel::RowQuantization RowQuantizationOf(float least, float most, float* factor);
int8_t QuantizeNumber(float number, float factor, float zero);
// Quantises `count` numbers to 8 bits by the smallest and the largest of them and 0, to the nearest, halves to even; `sums`
// [Q4Layout::GroupsOf(count)].
kernel::RowQuantization QuantizeRowPlainly(const float* row, int64_t count, int8_t* quantized, int32_t* sums);
kernel::RowQuantization QuantizeRowFast(const float* row, int64_t count, int8_t* quantized, int32_t* sums);

// etd::pack_q4.out(weights uint8 [channels, (depth + 1) / 2], scales float32 [channels] or bfloat16 [channels, blocks],
//   depth, out uint8 [bytes of the layout])
// etd::quantize_rows.out(x [..., depth], out int8 [..., depth], params float32 [..., 2], sums int32 [..., groups])
// etd::linear_q4.out(q [..., depth], params [..., 2], sums [..., groups], packed, bias?, channels, block, least, most, out [..., channels])
// None where not CanLinearQ4Fast: programs then leave these products to their delegate.
std::span<const kernel::Kernel> LinearQ4Kernels();

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_FAST_LINEAR_Q4_H_
