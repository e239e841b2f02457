// Random numbers for operators that draw them: a stream that its seed decides.
#ifndef ETD_RUNTIME_KERNEL_RANDOM_H_
#define ETD_RUNTIME_KERNEL_RANDOM_H_

#include <cmath>
#include <cstdint>

namespace etd::kernel {

// SplitMix64: the same seed gives the same numbers on every machine. One stream for each executor; not thread-safe.
class RandomStream {
 public:
  explicit RandomStream(uint64_t seed) : state_(seed) {}

  // 64 random bits.
  uint64_t Next() {
    uint64_t bits = state_ += 0x9e3779b97f4a7c15;
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
    return bits ^ (bits >> 31);
  }
  // From [0, 1), with 53 random bits.
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1p-53; }
  // Of mean 0 and variance 1, by Box and Muller.
  double Normal() {
    const double radius = std::sqrt(-2 * std::log(1 - Uniform()));
    constexpr double kTwoPi = 6.283185307179586;
    return radius * std::cos(kTwoPi * Uniform());
  }

 private:
  uint64_t state_;
};

}  // namespace etd::kernel

#endif  // ETD_RUNTIME_KERNEL_RANDOM_H_
