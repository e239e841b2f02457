#include "runtime/kernel/registry.h"

#include <algorithm>
#include <string>

namespace etd::kernel {

void KernelRegistry::Register(std::span<const Kernel> kernels) {
  for (const Kernel& kernel : kernels) kernels_[std::string(kernel.name)] = &kernel;
}

const Kernel* KernelRegistry::Find(std::string_view name) const {
  const auto found = kernels_.find(std::string(name));
  return found == kernels_.end() ? nullptr : found->second;
}

std::vector<std::string_view> KernelRegistry::Names() const {
  std::vector<std::string_view> names;
  for (const auto& [name, kernel] : kernels_) names.push_back(kernel->name);
  std::ranges::sort(names);
  return names;
}

}  // namespace etd::kernel
