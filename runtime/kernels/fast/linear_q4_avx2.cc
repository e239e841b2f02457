// Products of 8-bit rows and 4-bit weights with AVX2.
//
// The product of an activation (-128 to 127) and a weight as it is stored (0 to 15) is at most 1,920, so that sixteen of them
// fit a 16-bit lane: vpmaddubsw multiplies and adds pairs, and only every eighth result is widened. That stored weights are 8
// too large is made good by the sums of the activations.
#include "runtime/kernels/fast/linear_q4.h"

#include <algorithm>

#if defined(__x86_64__)
#include <immintrin.h>

#include <cstring>

#define ETD_AVX2 __attribute__((target("avx2,fma")))

namespace etd::kernels {
namespace {

using kernel::Q4Layout;
using kernel::RowQuantization;

constexpr int kVectorsPerGroup = 4;

ETD_AVX2 inline __m256i Load(const uint8_t* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }

// The rows of a tile, at a group.
struct Rows {
  Rows(const LinearQ4& call, int64_t row)
      : numbers(call.rows + row * call.layout.depth),
        sums(call.sums + row * call.layout.groups()),
        depth(call.layout.depth),
        groups(call.layout.groups()) {}
  void Advance() {
    numbers += Q4Layout::kGroup;
    ++sums;
  }

  const int8_t* numbers;
  const int32_t* sums;
  const int64_t depth;
  const int64_t groups;
};

// Adds the products of one group of 32 weights: kRows rows, two panels.
template <int kRows>
ETD_AVX2 inline void AddGroup(const Rows& rows, const uint8_t* first, const uint8_t* second, __m256i (&sums)[kRows][2]) {
  const __m256i low_half = _mm256_set1_epi8(0x0F);
  __m256i pairs[kRows][2];
  for (int r = 0; r < kRows; ++r) pairs[r][0] = pairs[r][1] = _mm256_setzero_si256();
  for (int j = 0; j < kVectorsPerGroup; ++j) {
    const __m256i a = Load(first + 32 * j);
    const __m256i b = Load(second + 32 * j);
    const __m256i a_low = _mm256_and_si256(a, low_half);
    const __m256i b_low = _mm256_and_si256(b, low_half);
    const __m256i a_high = _mm256_and_si256(_mm256_srli_epi16(a, 4), low_half);
    const __m256i b_high = _mm256_and_si256(_mm256_srli_epi16(b, 4), low_half);
    for (int r = 0; r < kRows; ++r) {
      int32_t four = 0;
      const int8_t* row = rows.numbers + r * rows.depth + 4 * j;
      std::memcpy(&four, row, 4);
      const __m256i low = _mm256_set1_epi32(four);
      pairs[r][0] = _mm256_add_epi16(pairs[r][0], _mm256_maddubs_epi16(a_low, low));
      pairs[r][1] = _mm256_add_epi16(pairs[r][1], _mm256_maddubs_epi16(b_low, low));
      std::memcpy(&four, row + Q4Layout::kGroup / 2, 4);
      const __m256i high = _mm256_set1_epi32(four);
      pairs[r][0] = _mm256_add_epi16(pairs[r][0], _mm256_maddubs_epi16(a_high, high));
      pairs[r][1] = _mm256_add_epi16(pairs[r][1], _mm256_maddubs_epi16(b_high, high));
    }
  }
  const __m256i ones = _mm256_set1_epi16(1);
  for (int r = 0; r < kRows; ++r) {
    const __m256i surplus = _mm256_set1_epi32(8 * rows.sums[r * rows.groups]);
    sums[r][0] = _mm256_add_epi32(sums[r][0], _mm256_sub_epi32(_mm256_madd_epi16(pairs[r][0], ones), surplus));
    sums[r][1] = _mm256_add_epi32(sums[r][1], _mm256_sub_epi32(_mm256_madd_epi16(pairs[r][1], ones), surplus));
  }
}

// Eight results of one row from `channel` on are put into their place, as far as there are channels.
ETD_AVX2 inline void Store(const LinearQ4& call, int64_t row, int64_t channel, __m256 result) {
  const int64_t count = std::min<int64_t>(Q4Layout::kPanel, call.layout.channels - channel);
  if (count <= 0) return;
  result = _mm256_min_ps(_mm256_max_ps(result, _mm256_set1_ps(call.least)), _mm256_set1_ps(call.most));
  float* out = call.out + row * call.layout.channels + channel;
  if (count == Q4Layout::kPanel) {
    _mm256_storeu_ps(out, result);
    return;
  }
  float padded[Q4Layout::kPanel];
  _mm256_storeu_ps(padded, result);
  std::copy_n(padded, count, out);
}

ETD_AVX2 inline __m256 Bias(const LinearQ4& call, int64_t channel) {
  if (call.bias == nullptr || channel >= call.layout.channels) return _mm256_setzero_ps();
  if (channel + Q4Layout::kPanel <= call.layout.channels) return _mm256_loadu_ps(call.bias + channel);
  float padded[Q4Layout::kPanel] = {};
  std::copy_n(call.bias + channel, call.layout.channels - channel, padded);
  return _mm256_loadu_ps(padded);
}

// One scale for a channel: `kRows` rows of a pair of panels.
template <int kRows>
ETD_AVX2 void ChannelTile(const LinearQ4& call, int64_t row, int64_t pair) {
  const Q4Layout& layout = call.layout;
  const uint8_t* first = call.weights + 2 * pair * layout.panel_bytes();
  const uint8_t* second = first + layout.panel_bytes();
  Rows rows(call, row);
  __m256i sums[kRows][2];
  for (int r = 0; r < kRows; ++r) sums[r][0] = sums[r][1] = _mm256_setzero_si256();
  for (int64_t group = 0; group < layout.groups(); ++group) {
    AddGroup<kRows>(rows, first + group * Q4Layout::kGroupBytes, second + group * Q4Layout::kGroupBytes, sums);
    rows.Advance();
  }
  const auto* scales = reinterpret_cast<const float*>(call.weights + layout.scales_offset());
  for (int half = 0; half < 2; ++half) {
    const int64_t channel = (2 * pair + half) * Q4Layout::kPanel;
    const __m256i zeros = Load(call.weights + layout.zeros_offset() + channel * 4);
    const __m256 scale = _mm256_loadu_ps(scales + channel);
    const __m256 bias = Bias(call, channel);
    for (int r = 0; r < kRows; ++r) {
      const RowQuantization& params = call.params[row + r];
      const __m256i zero = _mm256_mullo_epi32(zeros, _mm256_set1_epi32(static_cast<int32_t>(params.zero)));
      const __m256 exact = _mm256_cvtepi32_ps(_mm256_add_epi32(sums[r][half], zero));
      Store(call, row + r, channel, _mm256_fmadd_ps(_mm256_mul_ps(exact, _mm256_set1_ps(params.scale)), scale, bias));
    }
  }
}

// Eight numbers of type bfloat16.
ETD_AVX2 inline __m256 Scales(const uint8_t* from) {
  const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}

// A scale for each block.
template <int kRows>
ETD_AVX2 void BlockTile(const LinearQ4& call, int64_t row, int64_t pair) {
  const Q4Layout& layout = call.layout;
  const uint8_t* first = call.weights + 2 * pair * layout.panel_bytes();
  const uint8_t* second = first + layout.panel_bytes();
  Rows rows(call, row);
  const int64_t channel = 2 * pair * Q4Layout::kPanel;
  const auto* zeros = reinterpret_cast<const float*>(call.weights + layout.zeros_offset()) + channel;
  __m256 results[kRows][2];
  for (int r = 0; r < kRows; ++r) {
    const __m256 zero = _mm256_set1_ps(call.params[row + r].zero);
    results[r][0] = _mm256_mul_ps(_mm256_loadu_ps(zeros), zero);
    results[r][1] = _mm256_mul_ps(_mm256_loadu_ps(zeros + Q4Layout::kPanel), zero);
  }
  for (int64_t block = 0; block < layout.blocks(); ++block) {
    __m256i sums[kRows][2];
    for (int r = 0; r < kRows; ++r) sums[r][0] = sums[r][1] = _mm256_setzero_si256();
    for (int64_t group = 0; group < layout.groups_in_block(); ++group) {
      AddGroup<kRows>(rows, first, second, sums);
      rows.Advance();
      first += Q4Layout::kGroupBytes;
      second += Q4Layout::kGroupBytes;
    }
    const __m256 first_scales = Scales(first);
    const __m256 second_scales = Scales(second);
    first += Q4Layout::kScaleBytes;
    second += Q4Layout::kScaleBytes;
    for (int r = 0; r < kRows; ++r) {
      results[r][0] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums[r][0]), first_scales, results[r][0]);
      results[r][1] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums[r][1]), second_scales, results[r][1]);
    }
  }
  for (int half = 0; half < 2; ++half) {
    const __m256 bias = Bias(call, channel + half * Q4Layout::kPanel);
    for (int r = 0; r < kRows; ++r) {
      // Two roundings, as XNNPACK does it: the compiler must not make one of them.
      __m256 scaled = _mm256_mul_ps(results[r][half], _mm256_set1_ps(call.params[row + r].scale));
      asm("" : "+x"(scaled));
      Store(call, row + r, channel + half * Q4Layout::kPanel, _mm256_add_ps(scaled, bias));
    }
  }
}

template <int kRows>
ETD_AVX2 inline void Tile(const LinearQ4& call, int64_t row, int64_t pair) {
  if (call.layout.block == 0) {
    ChannelTile<kRows>(call, row, pair);
  } else {
    BlockTile<kRows>(call, row, pair);
  }
}

ETD_AVX2 void Extremes(const float* row, int64_t count, float* least, float* most) {
  __m256 low = _mm256_setzero_ps();
  __m256 high = _mm256_setzero_ps();
  int64_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const __m256 x = _mm256_loadu_ps(row + i);
    low = _mm256_min_ps(low, x);
    high = _mm256_max_ps(high, x);
  }
  float lows[8];
  float highs[8];
  _mm256_storeu_ps(lows, low);
  _mm256_storeu_ps(highs, high);
  *least = *std::min_element(lows, lows + 8);
  *most = *std::max_element(highs, highs + 8);
  for (; i < count; ++i) {
    *least = std::min(*least, row[i]);
    *most = std::max(*most, row[i]);
  }
}

ETD_AVX2 inline int32_t SumOfLanes(__m256i lanes) {
  __m128i sums = _mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
  sums = _mm_add_epi32(sums, _mm_shuffle_epi32(sums, 0x4E));
  return _mm_cvtsi128_si32(_mm_add_epi32(sums, _mm_shuffle_epi32(sums, 0xB1)));
}

}  // namespace

bool CanLinearQ4Fast() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && !__builtin_cpu_supports("avx512vnni");
}

void LinearQ4Fast(const LinearQ4& call, int64_t row, int64_t row_end, int64_t pair, int64_t pair_end) {
  for (; pair < pair_end; ++pair) {
    int64_t r = row;
    for (; r + 4 <= row_end; r += 4) Tile<4>(call, r, pair);
    switch (row_end - r) {
      case 1: Tile<1>(call, r, pair); break;
      case 2: Tile<2>(call, r, pair); break;
      case 3: Tile<3>(call, r, pair); break;
      default: break;
    }
  }
}

ETD_AVX2 RowQuantization QuantizeRowFast(const float* row, int64_t count, int8_t* quantized, int32_t* sums) {
  float least = 0;
  float most = 0;
  Extremes(row, count, &least, &most);
  float factor = 0;
  const RowQuantization params = RowQuantizationOf(least, most, &factor);
  const __m256 factors = _mm256_set1_ps(factor);
  const __m256 ceiling = _mm256_set1_ps(127.0f - params.zero);
  const __m256i zero = _mm256_set1_epi32(static_cast<int32_t>(params.zero));
  const __m256i floor = _mm256_set1_epi32(-128);
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  int64_t i = 0;
  for (; i + 32 <= count; i += 32) {
    __m256i parts[4];
    for (int p = 0; p < 4; ++p) {
      const __m256 x = _mm256_min_ps(_mm256_mul_ps(_mm256_loadu_ps(row + i + 8 * p), factors), ceiling);
      parts[p] = _mm256_max_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(x), zero), floor);
    }
    sums[i / 32] = SumOfLanes(_mm256_add_epi32(_mm256_add_epi32(parts[0], parts[1]), _mm256_add_epi32(parts[2], parts[3])));
    const __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(parts[0], parts[1]), _mm256_packs_epi32(parts[2], parts[3]));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(quantized + i), _mm256_permutevar8x32_epi32(bytes, order));
  }
  if (i < count) sums[i / 32] = 0;
  for (; i < count; ++i) {
    quantized[i] = QuantizeNumber(row[i], factor, params.zero);
    sums[i / 32] += quantized[i];
  }
  return params;
}

}  // namespace etd::kernels

#else

namespace etd::kernels {

bool CanLinearQ4Fast() { return false; }
void LinearQ4Fast(const LinearQ4& call, int64_t row, int64_t row_end, int64_t pair, int64_t) {
  if (pair == 0) LinearQ4Plainly(call, row, row_end);
}
kernel::RowQuantization QuantizeRowFast(const float* row, int64_t count, int8_t* quantized, int32_t* sums) {
  return QuantizeRowPlainly(row, count, quantized, sums);
}

}  // namespace etd::kernels

#endif
