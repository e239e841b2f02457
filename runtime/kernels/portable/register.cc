#include "runtime/kernels/portable/register.h"

#include "runtime/kernels/portable/kernels.h"

namespace etd::kernels {
namespace {

using Family = std::span<const kernel::Kernel> (*)();

constexpr Family kFamilies[] = {
    // Views, copies, creation and indexing.
    AnyAllKernels,
    ArangeKernels,
    BlockMovesKernels,
    BorderPadKernels,
    CatKernels,
    CopyKernels,
    CumsumKernels,
    EmbeddingKernels,
    ExpandCopyKernels,
    ExtremesKernels,
    FillKernels,
    GatherScatterKernels,
    IndexKernels,
    IndexSelectKernels,
    MaskedKernels,
    PermuteCopyKernels,
    RearrangeKernels,
    SelectCopyKernels,
    SliceCopyKernels,
    SortKernels,
    SplitCopyKernels,
    ToCopyKernels,
    TriangleKernels,
    ViewCopyKernels,
    WhereKernels,

    // Arithmetic, reductions, matrices, normalisation and quantisation.
    AddKernels,
    MulKernels,
    DivKernels,
    PowKernels,
    CompareKernels,
    BitwiseKernels,
    UnaryFloatKernels,
    UnaryKernels,
    ReduceKernels,
    MatmulKernels,
    SoftmaxKernels,
    NormKernels,
    ActivationKernels,
    ConvolutionKernels,
    ConvolutionBackwardKernels,
    PoolKernels,
    PoolBackwardKernels,
    GridSamplerKernels,
    UpsampleAntialiasKernels,
    DistanceKernels,
    RandomKernels,
};

}  // namespace

void RegisterPortableKernels(kernel::KernelRegistry& registry) {
  for (const Family family : kFamilies) registry.Register(family());
}

}  // namespace etd::kernels
