// The operators that a process knows: filled explicitly by the composition root, read by everyone.
#ifndef ETD_RUNTIME_KERNEL_REGISTRY_H_
#define ETD_RUNTIME_KERNEL_REGISTRY_H_

#include <span>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "runtime/kernel/kernel.h"

namespace etd::kernel {

// Registration is not thread-safe; look-ups are, once it is done.
class KernelRegistry {
 public:
  // `kernels` outlive the registry. A later kernel of the same name replaces the earlier: fast ones come after reference
  // ones.
  void Register(std::span<const Kernel> kernels);
  // Null where the name is unknown.
  const Kernel* Find(std::string_view name) const;
  // Sorted.
  std::vector<std::string_view> Names() const;

 private:
  absl::flat_hash_map<std::string, const Kernel*> kernels_;
};

// Whether `arguments` fit the kernel's parameters in number and kind.
// Errors: INVALID_ARGUMENT naming the operator, the argument's number and what is there instead.
absl::Status CheckArguments(const Kernel& kernel, std::span<tensor::Value* const> arguments);

// Numbers of the parameters that a call writes: outputs and what it mutates.
std::vector<size_t> WrittenParameters(const Kernel& kernel);

// Whether every tensor of the call that has bytes has memory. Errors: INVALID_ARGUMENT: the program reads a value that
// nothing has produced.
absl::Status CheckMemory(const Kernel& kernel, std::span<tensor::Value* const> arguments);

}  // namespace etd::kernel

#endif  // ETD_RUNTIME_KERNEL_REGISTRY_H_
