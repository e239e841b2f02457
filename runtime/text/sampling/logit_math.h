// Passes over a whole row of logits in vector arithmetic. Inside this folder only.
#ifndef ETD_RUNTIME_TEXT_SAMPLING_LOGIT_MATH_H_
#define ETD_RUNTIME_TEXT_SAMPLING_LOGIT_MATH_H_

#include <cstddef>
#include <span>

namespace etd::text {

inline constexpr size_t kLogitBlock = 256;

struct Maximum {
  float value;
  size_t index;  // the lowest index that holds `value`; 0 for an empty row
  bool has_nan;  // value and index mean nothing if set
};
Maximum FindMaximum(std::span<const float> row);

// weights[i] = exp((row[i] - maximum) * scale), and the sum of each kLogitBlock weights (the last block may be short) in
// sums; returns the sum of all. weights is as long as row, sums has one entry for each begun block.
double ExpRow(std::span<const float> row, float maximum, float scale, std::span<float> weights, std::span<double> sums);

// How many values are at least `threshold`, and what `weights` sum up to where they are.
size_t CountAtLeast(std::span<const float> row, float threshold);
double SumWhereAtLeast(std::span<const float> row, float threshold, std::span<const float> weights);

// Whether any of the 16 values at `values` is at least `threshold`.
bool AnyAtLeast(const float* values, float threshold);

// exp(x) for x <= 0 with a relative error below 3e-7, exactly 0 below -87 (where the result would leave the normal
// numbers); the same bits as ExpRow gives.
float ExpNegative(float x);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_SAMPLING_LOGIT_MATH_H_
