#include "runtime/kernels/portable/register.h"

#include "runtime/kernels/portable/kernels.h"

namespace etd::kernels {
namespace {

using Family = std::span<const kernel::Kernel> (*)();

constexpr Family kFamilies[] = {
    // Views, copies, creation and indexing.
    ViewCopyKernels,

    // Arithmetic, reductions, matrices, normalisation and quantisation.
};

}  // namespace

void RegisterPortableKernels(kernel::KernelRegistry& registry) {
  for (const Family family : kFamilies) registry.Register(family());
}

}  // namespace etd::kernels
