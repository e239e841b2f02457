// `.pte` and `.bpte` files: whatever loads must keep the promises of program_view.h.
#include <cstdint>
#include <cstdlib>

#include "runtime/program/program.h"

namespace {

using namespace etd::program;

// Reads every byte that the view hands out.
unsigned Sum(std::span<const std::byte> bytes) {
  unsigned sum = 0;
  for (const std::byte b : bytes) sum += std::to_integer<unsigned>(b);
  return sum;
}

void Require(bool condition) {
  if (!condition) std::abort();
}

void CheckTensor(const MethodSpec& method, const TensorSpec& tensor) {
  Require(tensor.layout.numel() >= 0 && tensor.layout.sizes.size() == tensor.layout.dim_order.size());
  if (tensor.planned()) {
    const uint64_t arena = method.arena_sizes.at(tensor.memory_id - 1);
    Require(tensor.memory_offset <= arena && tensor.layout.nbytes() <= arena - tensor.memory_offset);
  }
  if (tensor.storage == Storage::kConstant) Require(tensor.data.size() == tensor.layout.nbytes());
  Require(tensor.data.empty() || reinterpret_cast<uintptr_t>(tensor.data.data()) % kByteAlignment == 0);
}

unsigned CheckMethod(const MethodSpec& method) {
  unsigned sum = 0;
  for (const ValueSpec& value : method.values) {
    if (const auto* tensor = std::get_if<TensorSpec>(&value)) {
      CheckTensor(method, *tensor);
      sum += Sum(tensor->data);
    }
  }
  for (const DelegateSpec& delegate : method.delegates) sum += Sum(delegate.blob);
  for (const Instruction& instruction : method.instructions) {
    if (const auto* call = std::get_if<KernelCall>(&instruction)) {
      sum += static_cast<unsigned>(method.operators.at(call->op).size());
      for (const uint32_t arg : call->args) sum += static_cast<unsigned>(method.values.at(arg).index());
    } else if (const auto* jump = std::get_if<JumpFalseCall>(&instruction)) {
      Require(jump->destination <= method.instructions.size());
    }
  }
  return sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto program = Program::FromBytes(std::as_bytes(std::span(data, size)));
  if (!program.ok()) {
    Require(!program.status().message().empty());
    return 0;
  }
  volatile unsigned sum = 0;
  for (const MethodSpec& method : (*program)->methods()) sum = sum + CheckMethod(method);
  for (const auto& [key, named] : (*program)->named_data()) sum = sum + Sum(named.bytes);
  return 0;
}
