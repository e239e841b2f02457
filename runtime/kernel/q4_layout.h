// How 4-bit weights lie in memory for etd::linear_q4: what the pass that asks for them and the kernels agree on.
#ifndef ETD_RUNTIME_KERNEL_Q4_LAYOUT_H_
#define ETD_RUNTIME_KERNEL_Q4_LAYOUT_H_

#include <cstddef>
#include <cstdint>

namespace etd::kernel {

// Weights [channels, depth], each a number from 0 to 15 that stands for itself less 8. Either a channel has one scale, or
// each `block` of its weights has one.
//
// Panels of 8 channels. A panel has, for each 32 weights, 4 vectors of 32 bytes: byte 4·c + i of vector j holds weight
// 4·j + i of channel c in its low half and weight 16 + 4·j + i in its high half. Where blocks have scales, those of the
// panel's channels follow each block, as bfloat16. Panels come in pairs; what is missing at the end is stored as 0. Behind all
// panels lie two numbers for each channel, 4 bytes each: first all scales (float; 0 where blocks have them), then for all
// channels what a step of the rows' zero point adds: -Σ weight as int32, or -Σ weight · scale as float.
struct Q4Layout {
  int64_t channels = 0;
  int64_t depth = 0;
  int64_t block = 0;  // 0: one scale for a channel; else a multiple of 32 that divides depth

  static constexpr int64_t kPanel = 8;
  static constexpr int64_t kGroup = 32;
  static constexpr int64_t kGroupBytes = kPanel * kGroup / 2;
  static constexpr int64_t kScaleBytes = kPanel * 2;

  // Groups of a row too, for each of which etd::quantize_rows tells the sum of its numbers.
  static constexpr int64_t GroupsOf(int64_t depth) { return (depth + kGroup - 1) / kGroup; }

  constexpr int64_t padded_channels() const { return (channels + 2 * kPanel - 1) / (2 * kPanel) * (2 * kPanel); }
  constexpr int64_t panels() const { return padded_channels() / kPanel; }
  constexpr int64_t groups() const { return GroupsOf(depth); }
  constexpr int64_t blocks() const { return block == 0 ? 1 : depth / block; }
  constexpr int64_t groups_in_block() const { return groups() / blocks(); }
  constexpr int64_t block_bytes() const { return groups_in_block() * kGroupBytes + (block == 0 ? 0 : kScaleBytes); }
  constexpr int64_t panel_bytes() const { return blocks() * block_bytes(); }
  constexpr int64_t scales_offset() const { return panels() * panel_bytes(); }
  constexpr int64_t zeros_offset() const { return scales_offset() + padded_channels() * 4; }
  constexpr int64_t bytes() const { return zeros_offset() + padded_channels() * 4; }
};

// What etd::quantize_rows says of a row: two floats. A number of 8 bits stands for (itself - zero) · scale.
struct RowQuantization {
  float scale = 0;
  float zero = 0;
};
// Products of so many 8-bit and 4-bit weights add up within 32 bits.
inline constexpr int64_t kMaxQ4Depth = 131072;

}  // namespace etd::kernel

#endif  // ETD_RUNTIME_KERNEL_Q4_LAYOUT_H_
