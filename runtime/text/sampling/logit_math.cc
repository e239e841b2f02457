#include "runtime/text/sampling/logit_math.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>

namespace etd::text {
namespace {

// Vectors as GCC and Clang both know them: one register of SSE2 or NEON, with the arithmetic
// written once. A plain loop over lanes leaves the choice to each compiler's vectoriser, which differed by a factor of three.
using Floats = float __attribute__((vector_size(16)));
using Masks = int32_t __attribute__((vector_size(16)));
constexpr size_t kLanes = 4;

Floats Load(const float* from) {
  Floats values;
  std::memcpy(&values, from, sizeof(values));
  return values;
}

double Sum(const Floats& values) {
  double sum = 0;
  for (size_t lane = 0; lane < kLanes; ++lane) sum += static_cast<double>(values[lane]);
  return sum;
}

struct BlockMaximum {
  float value;
  bool has_nan;
};

BlockMaximum MaximumOf(const float* row, size_t size) {
  const Floats lowest = Floats{} - std::numeric_limits<float>::infinity();
  Floats even = lowest;
  Floats odd = lowest;
  Masks nan = {};
  size_t i = 0;
  for (; i + 2 * kLanes <= size; i += 2 * kLanes) {
    const Floats x = Load(row + i);
    const Floats y = Load(row + i + kLanes);
    even = x > even ? x : even;
    odd = y > odd ? y : odd;
    nan |= (x != x) | (y != y);
  }
  BlockMaximum result{-std::numeric_limits<float>::infinity(), false};
  for (; i < size; ++i) {
    result.value = row[i] > result.value ? row[i] : result.value;
    result.has_nan |= row[i] != row[i];
  }
  for (size_t lane = 0; lane < kLanes; ++lane) {
    result.value = std::max({result.value, even[lane], odd[lane]});
    result.has_nan |= nan[lane] != 0;
  }
  return result;
}

Floats ExpNegative(Floats x) {
  constexpr float kRound = 12582912.0f;
  const Masks low = x < -87.0f;
  const Floats clamped = low ? Floats{} - 87.0f : x;
  const Floats shifted = clamped * 1.44269504f + kRound;
  const Floats n = shifted - kRound;
  const Floats r = (clamped - n * 0.693359375f) + n * 2.12194440e-4f;
  Floats p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const Masks exponent = std::bit_cast<Masks>(shifted) - std::bit_cast<int32_t>(kRound) + 127;
  const Floats scaled = p * std::bit_cast<Floats>(exponent << 23);
  return low ? Floats{} : scaled;
}

}  // namespace

Maximum FindMaximum(std::span<const float> row) {
  constexpr size_t kBlock = 4 * kLogitBlock;
  Maximum result{-std::numeric_limits<float>::infinity(), 0, false};
  size_t best_block = 0;
  for (size_t begin = 0; begin < row.size(); begin += kBlock) {
    const BlockMaximum block = MaximumOf(row.data() + begin, std::min(kBlock, row.size() - begin));
    result.has_nan |= block.has_nan;
    if (block.value > result.value) {
      result.value = block.value;
      best_block = begin;
    }
  }
  for (size_t i = best_block; i < row.size(); ++i) {
    if (row[i] == result.value) {
      result.index = i;
      break;
    }
  }
  return result;
}

double ExpRow(std::span<const float> row, float maximum, float scale, std::span<float> weights,
              std::span<double> sums) {
  double total = 0;
  for (size_t block = 0; block * kLogitBlock < row.size(); ++block) {
    const size_t begin = block * kLogitBlock;
    const size_t size = std::min(kLogitBlock, row.size() - begin);
    const float* in = row.data() + begin;
    float* out = weights.data() + begin;
    Floats lanes = {};
    size_t i = 0;
    for (; i + kLanes <= size; i += kLanes) {
      const Floats weight = ExpNegative((Load(in + i) - maximum) * scale);
      std::memcpy(out + i, &weight, sizeof(weight));
      lanes += weight;
    }
    double sum = Sum(lanes);
    for (; i < size; ++i) {
      out[i] = ExpNegative((in[i] - maximum) * scale);
      sum += static_cast<double>(out[i]);
    }
    sums[block] = sum;
    total += sum;
  }
  return total;
}

float ExpNegative(float x) { return ExpNegative(Floats{} + x)[0]; }

size_t CountAtLeast(std::span<const float> row, float threshold) {
  Masks lanes = {};
  size_t i = 0;
  for (; i + kLanes <= row.size(); i += kLanes) lanes -= Load(row.data() + i) >= threshold;
  size_t count = 0;
  for (; i < row.size(); ++i) count += row[i] >= threshold ? 1 : 0;
  for (size_t lane = 0; lane < kLanes; ++lane) count += static_cast<size_t>(lanes[lane]);
  return count;
}

double SumWhereAtLeast(std::span<const float> row, float threshold, std::span<const float> weights) {
  double total = 0;
  for (size_t begin = 0; begin < row.size(); begin += kLogitBlock) {
    const size_t end = std::min(begin + kLogitBlock, row.size());
    Floats lanes = {};
    size_t i = begin;
    for (; i + kLanes <= end; i += kLanes) {
      lanes += Load(row.data() + i) >= threshold ? Load(weights.data() + i) : Floats{};
    }
    for (; i < end; ++i) total += row[i] >= threshold ? static_cast<double>(weights[i]) : 0.0;
    total += Sum(lanes);
  }
  return total;
}

bool AnyAtLeast(const float* values, float threshold) {
  Masks hits = {};
  for (size_t i = 0; i < 16; i += kLanes) hits |= Load(values + i) >= threshold;
  std::array<int64_t, 2> words;
  std::memcpy(words.data(), &hits, sizeof(hits));
  return (words[0] | words[1]) != 0;
}

}  // namespace etd::text
