// Operators that no program calls: passes put them where a group of a program's operators computes the same.
#ifndef ETD_RUNTIME_KERNELS_FUSED_REGISTER_H_
#define ETD_RUNTIME_KERNELS_FUSED_REGISTER_H_

#include <span>

#include "runtime/kernel/registry.h"

namespace etd::kernels {

// All of them; float32, row-major, SIMD through Highway, threaded over rows. A row's result depends on that row alone.
void RegisterFusedKernels(kernel::KernelRegistry& registry);

// etd::rms_norm.out(x [..., n], weight [n], epsilon, out [..., n]): x · 1/√(mean(x²) + ε) · weight along the last dimension.
std::span<const kernel::Kernel> RmsNormKernels();
// etd::rotary.out(x [1, rows, heads, d], cos [1, 1, rows, d], sin [1, 1, rows, d], out as x): with x = (x₁, x₂) in halves
// of the last dimension, x · cos + (-x₂, x₁) · sin.
std::span<const kernel::Kernel> RotaryKernels();
// etd::swiglu.out(gate, up, out), all of one shape: gate · sigmoid(gate) · up.
std::span<const kernel::Kernel> SwigluKernels();

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_FUSED_REGISTER_H_
