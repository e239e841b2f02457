// What each file of this folder defines. For the folders of kernels only: others use register.h.
#ifndef ETD_RUNTIME_KERNELS_PORTABLE_KERNELS_H_
#define ETD_RUNTIME_KERNELS_PORTABLE_KERNELS_H_

#include <span>

#include "runtime/kernel/kernel.h"

namespace etd::kernels {

// Views, copies, creation and indexing.
std::span<const kernel::Kernel> AnyAllKernels();
std::span<const kernel::Kernel> ArangeKernels();
std::span<const kernel::Kernel> BlockMovesKernels();
std::span<const kernel::Kernel> BorderPadKernels();
std::span<const kernel::Kernel> CatKernels();
std::span<const kernel::Kernel> CopyKernels();
std::span<const kernel::Kernel> CumsumKernels();
std::span<const kernel::Kernel> EmbeddingKernels();
std::span<const kernel::Kernel> ExpandCopyKernels();
std::span<const kernel::Kernel> ExtremesKernels();
std::span<const kernel::Kernel> FillKernels();
std::span<const kernel::Kernel> GatherScatterKernels();
std::span<const kernel::Kernel> IndexKernels();
std::span<const kernel::Kernel> IndexSelectKernels();
std::span<const kernel::Kernel> MaskedKernels();
std::span<const kernel::Kernel> PermuteCopyKernels();
std::span<const kernel::Kernel> RearrangeKernels();
std::span<const kernel::Kernel> SelectCopyKernels();
std::span<const kernel::Kernel> SliceCopyKernels();
std::span<const kernel::Kernel> SortKernels();
std::span<const kernel::Kernel> SplitCopyKernels();
std::span<const kernel::Kernel> ToCopyKernels();
std::span<const kernel::Kernel> TriangleKernels();
std::span<const kernel::Kernel> ViewCopyKernels();
std::span<const kernel::Kernel> WhereKernels();

// Arithmetic, reductions, matrices, normalisation and quantisation.
std::span<const kernel::Kernel> AddKernels();
std::span<const kernel::Kernel> MulKernels();
std::span<const kernel::Kernel> DivKernels();
std::span<const kernel::Kernel> PowKernels();
std::span<const kernel::Kernel> CompareKernels();
std::span<const kernel::Kernel> BitwiseKernels();
std::span<const kernel::Kernel> UnaryFloatKernels();
std::span<const kernel::Kernel> UnaryKernels();
std::span<const kernel::Kernel> ReduceKernels();
std::span<const kernel::Kernel> MatmulKernels();
std::span<const kernel::Kernel> SoftmaxKernels();
std::span<const kernel::Kernel> NormKernels();
std::span<const kernel::Kernel> ActivationKernels();
std::span<const kernel::Kernel> ConvolutionKernels();
std::span<const kernel::Kernel> ConvolutionBackwardKernels();
std::span<const kernel::Kernel> PoolKernels();
std::span<const kernel::Kernel> PoolBackwardKernels();
std::span<const kernel::Kernel> GridSamplerKernels();
std::span<const kernel::Kernel> UpsampleAntialiasKernels();
std::span<const kernel::Kernel> DistanceKernels();
std::span<const kernel::Kernel> RandomKernels();

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_PORTABLE_KERNELS_H_
