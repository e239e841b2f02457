// What XNNPACK's kernels need of the processor.
#ifndef ETD_BACKENDS_XNNPACK_CPU_FEATURES_H_
#define ETD_BACKENDS_XNNPACK_CPU_FEATURES_H_

namespace etd::xnnpack {

// Whether weights of 4 bits in blocks can be multiplied: on x86, XNNPACK's kernels below AVX2 read past their data.
bool HasBlockwiseKernels();

}  // namespace etd::xnnpack

#endif  // ETD_BACKENDS_XNNPACK_CPU_FEATURES_H_
