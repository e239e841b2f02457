// The flag bits that nodes of a fragment may carry (DenseAttributes::flags); the numbers are XNNPACK's, as files store them.
#ifndef ETD_BACKENDS_XNNPACK_FLAGS_H_
#define ETD_BACKENDS_XNNPACK_FLAGS_H_

#include <cstdint>

#include "runtime/graph/fragment.h"

namespace etd::xnnpack {

inline constexpr uint32_t kTransposeWeights = 0x1;  // Fully connected: weights are [in, out]; matrix product: b is [n, k].
inline constexpr uint32_t kFlattenInput = 0x4;      // Fully connected: the input becomes rows of as many elements as there are inputs.
inline constexpr uint32_t kAlignCorners = 0x8;      // Resize.
inline constexpr uint32_t kKeepDims = 0x40;         // Global pooling keeps the pooled dimensions as 1.

// The bits that mean something for a kind; files with other bits are refused.
constexpr uint32_t AllowedFlags(graph::DenseKind kind) {
  switch (kind) {
    case graph::DenseKind::kFullyConnected: return kTransposeWeights | kFlattenInput;
    case graph::DenseKind::kBatchMatrixMultiply: return kTransposeWeights;
    case graph::DenseKind::kStaticResizeBilinear: return kAlignCorners;
    // The pools other than the global one keep their dimensions anyway.
    case graph::DenseKind::kGlobalAveragePooling:
    case graph::DenseKind::kAveragePooling:
    case graph::DenseKind::kMaxPooling: return kKeepDims;
    default: return 0;
  }
}

}  // namespace etd::xnnpack

#endif  // ETD_BACKENDS_XNNPACK_FLAGS_H_
