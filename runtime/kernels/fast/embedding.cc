// embedding_byte of int8 rows with float32 scales, straight into float32 rows. Other types go to the reference.
#include "runtime/kernels/llm/embedding.h"

#include "runtime/base/status.h"
#include "runtime/kernels/fast/kernels.h"
#include "runtime/kernels/llm/kernels.h"

namespace etd::kernels {
namespace {

using kernel::Kernel;
using kernel::KernelContext;
using tensor::ScalarType;

absl::Status Embed(const EmbeddingCall& call) {
  const bool zeros = call.zero_points != nullptr;
  const int64_t group_size = call.group_size();
  for (int64_t i = 0; i < call.indices->numel(); ++i) {
    ETD_ASSIGN_OR_RETURN(const int64_t index, call.Index(i));
    for (int64_t group = 0; group < call.groups; ++group) {
      const float scale = call.scales->data<float>()[index * call.groups + group];
      const float zero = zeros ? call.zero_points->data<float>()[index * call.groups + group] : 0.0f;
      const int8_t* from = call.weight->data<int8_t>() + index * call.size + group * group_size;
      float* to = call.out->data<float>() + i * call.size + group * group_size;
      for (int64_t j = 0; j < group_size; ++j) to[j] = (static_cast<float>(from[j]) - zero) * scale;
    }
  }
  return absl::OkStatus();
}

template <bool kHasDtype>
absl::Status Run(KernelContext& ctx) {
  ETD_ASSIGN_OR_RETURN(const EmbeddingCall call, ReadEmbedding(ctx, 8, kHasDtype));
  const bool fast = call.weight->type() == ScalarType::kInt8 && call.scales->type() == ScalarType::kFloat32 &&
                    call.out->type() == ScalarType::kFloat32;
  return fast ? Embed(call) : EmbedPlainly(call, 8);
}

template <bool kHasDtype>
Kernel Make(std::string_view name) {
  Kernel kernel = ReferenceOf(QuantizedEmbeddingKernels(), name);
  kernel.run = Run<kHasDtype>;
  return kernel;
}

}  // namespace

std::span<const Kernel> FastEmbeddingKernels() {
  static const Kernel kKernels[] = {
      Make<false>("quantized_decomposed::embedding_byte.out"),
      Make<true>("quantized_decomposed::embedding_byte.dtype_out"),
  };
  return kKernels;
}

}  // namespace etd::kernels
