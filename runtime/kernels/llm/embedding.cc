// quantized_decomposed::embedding_byte, embedding_4bit and embedding_2bit.
#include "runtime/kernels/llm/embedding.h"

#include <algorithm>

#include "runtime/base/status.h"
#include "runtime/kernels/llm/kernels.h"
#include "runtime/kernels/portable/util/elementwise.h"
#include "runtime/kernels/portable/util/shape.h"

namespace etd::kernels {

using kernel::Kernel;
using kernel::KernelContext;
using kernel::Parameter;
using tensor::ScalarType;
using tensor::ShapeText;
using tensor::Tensor;

namespace {

bool IsParameterType(ScalarType type) {
  return type == ScalarType::kFloat32 || type == ScalarType::kFloat16 || type == ScalarType::kBFloat16;
}

absl::Status CheckTypes(const EmbeddingCall& call, int bits, bool has_dtype) {
  const ScalarType weight = call.weight->type();
  const ScalarType indices = call.indices->type();
  const bool fits = (weight == ScalarType::kUInt8 || (bits == 8 && weight == ScalarType::kInt8)) &&
                    (indices == ScalarType::kInt64 || indices == ScalarType::kInt32) &&
                    IsParameterType(call.scales->type()) && IsParameterType(call.out->type()) &&
                    (has_dtype || call.scales->type() == call.out->type());
  if (!fits) {
    return InvalidArgument("an embedding of {} weights, {} scales and {} indices can't give {}",
                           tensor::ScalarTypeName(weight), tensor::ScalarTypeName(call.scales->type()),
                           tensor::ScalarTypeName(indices), tensor::ScalarTypeName(call.out->type()));
  }
  if (call.zero_points == nullptr) return absl::OkStatus();
  return CheckSameType(*call.zero_points, *call.scales);
}

absl::Status CheckShapes(const EmbeddingCall& call) {
  const Tensor& weight = *call.weight;
  const Tensor& scales = *call.scales;
  const bool fits = weight.rank() == 2 && (scales.rank() == 1 || scales.rank() == 2) &&
                    scales.size(0) == weight.size(0) && call.groups > 0 && call.size % call.groups == 0 &&
                    (call.zero_points == nullptr || std::ranges::equal(call.zero_points->sizes(), scales.sizes()));
  if (!fits) {
    return InvalidArgument("scales or zero points of shape {} do not fit an embedding of shape {}",
                           ShapeText(scales.sizes()), ShapeText(weight.sizes()));
  }
  for (const Tensor* tensor : {call.weight, call.scales, call.zero_points, call.indices}) {
    if (tensor != nullptr && !tensor->row_major()) return InvalidArgument("an embedding needs row-major tensors");
  }
  return absl::OkStatus();
}

// Value `i` of a packed row. Four bits: the first of two is the high half. Two bits: the first of four is the lowest.
float PackedValue(const uint8_t* row, int64_t i, int bits) {
  if (bits == 4) return static_cast<float>((i % 2 == 0 ? row[i / 2] >> 4 : row[i / 2] & 15) - 8);
  return static_cast<float>(((row[i / 4] >> (2 * (i % 4))) & 3) - 2);
}

void LoadWeights(const EmbeddingCall& call, int bits, int64_t index, std::vector<float>& to) {
  const int64_t width = call.weight->size(1);
  if (bits == 8) {
    const float* values =
        LoadRun<float>(call.weight->type(), call.weight->raw(), index * width, 1, call.size, to.data());
    std::copy_n(values, to.size(), to.begin());
    return;
  }
  const uint8_t* row = call.weight->data<uint8_t>() + index * width;
  for (int64_t i = 0; i < call.size; ++i) to[static_cast<size_t>(i)] = PackedValue(row, i, bits);
}

template <int kBits, bool kHasDtype>
absl::Status Prepare(KernelContext& ctx) {
  return ReadEmbedding(ctx, kBits, kHasDtype).status();
}

template <int kBits, bool kHasDtype>
absl::Status Run(KernelContext& ctx) {
  ETD_ASSIGN_OR_RETURN(const EmbeddingCall call, ReadEmbedding(ctx, kBits, kHasDtype));
  return EmbedPlainly(call, kBits);
}

template <int kBits, bool kHasDtype>
Kernel Make(std::string_view name) {
  return {.name = name,
          .parameters = EmbeddingParameters(kHasDtype),
          .prepare = Prepare<kBits, kHasDtype>,
          .run = Run<kBits, kHasDtype>,
          .row_rule = EmbeddingRowRule,
          .shape_ignores_numbers = true};
}

}  // namespace

absl::StatusOr<int64_t> EmbeddingCall::Index(int64_t i) const {
  const int64_t index =
      indices->type() == ScalarType::kInt64 ? indices->data<int64_t>()[i] : indices->data<int32_t>()[i];
  if (index >= 0 && index < weight->size(0)) return index;
  return InvalidArgument("token {} lies outside an embedding of {} rows", index, weight->size(0));
}

absl::StatusOr<EmbeddingCall> ReadEmbedding(KernelContext& ctx, int bits, bool has_dtype) {
  EmbeddingCall call{&ctx.tensor(0), &ctx.tensor(1), ctx.optional_tensor(2), &ctx.tensor(5),
                     &ctx.tensor(has_dtype ? 7 : 6), 0, 1};
  if (call.weight->rank() == 2) call.size = static_cast<int64_t>(call.weight->size(1)) * (8 / bits);
  if (call.scales->rank() == 2) call.groups = call.scales->size(1);
  ETD_RETURN_IF_ERROR(CheckTypes(call, bits, has_dtype));
  ETD_RETURN_IF_ERROR(CheckShapes(call));
  kernel::IntVector sizes(call.indices->sizes().begin(), call.indices->sizes().end());
  sizes.push_back(call.size);
  ETD_ASSIGN_OR_RETURN(const Shape shape, ShapeFromInts(sizes));
  ETD_RETURN_IF_ERROR(ResizeOut(*call.out, shape));
  if (!call.out->row_major()) return InvalidArgument("an embedding needs row-major tensors");
  return call;
}

absl::Status EmbedPlainly(const EmbeddingCall& call, int bits) {
  std::vector<float> values(static_cast<size_t>(call.size));
  const auto parameter = [](const Tensor* tensor, int64_t offset) {
    float value = 0;
    return tensor == nullptr ? value : *LoadRun<float>(tensor->type(), tensor->raw(), offset, 0, 1, &value);
  };
  for (int64_t i = 0; i < call.indices->numel(); ++i) {
    ETD_ASSIGN_OR_RETURN(const int64_t index, call.Index(i));
    LoadWeights(call, bits, index, values);
    for (int64_t group = 0; group < call.groups; ++group) {
      const float zero = parameter(call.zero_points, index * call.groups + group);
      const float scale = parameter(call.scales, index * call.groups + group);
      float* part = values.data() + group * call.group_size();
      for (int64_t j = 0; j < call.group_size(); ++j) part[j] = (part[j] - zero) * scale;
    }
    StoreRun<float>(call.out->type(), call.out->raw(), i * call.size, 1, call.size, values.data());
  }
  return absl::OkStatus();
}

std::optional<kernel::RowClass> EmbeddingRowRule(const kernel::RowQuery& query) {
  for (size_t i = 0; i < 3; ++i) {
    if (!query.classes[i].uniform()) return std::nullopt;
  }
  return query.classes[5].rows() ? std::optional(query.classes[5]) : std::nullopt;
}

const std::vector<Parameter>& EmbeddingParameters(bool has_dtype) {
  using P = Parameter;
  static const std::vector<P> kPlain = {P::kTensor, P::kTensor, P::kOptionalTensor, P::kInt,
                                        P::kInt,    P::kTensor, P::kOut};
  static const std::vector<P> kDtype = {P::kTensor, P::kTensor, P::kOptionalTensor, P::kInt,
                                        P::kInt,    P::kTensor, P::kOptionalInt,    P::kOut};
  return has_dtype ? kDtype : kPlain;
}

std::span<const Kernel> QuantizedEmbeddingKernels() {
  static const Kernel kKernels[] = {
      Make<8, false>("quantized_decomposed::embedding_byte.out"),
      Make<8, true>("quantized_decomposed::embedding_byte.dtype_out"),
      Make<4, false>("quantized_decomposed::embedding_4bit.out"),
      Make<4, true>("quantized_decomposed::embedding_4bit.dtype_out"),
      Make<2, false>("quantized_decomposed::embedding_2bit.out"),
      Make<2, true>("quantized_decomposed::embedding_2bit.dtype_out"),
  };
  return kKernels;
}

}  // namespace etd::kernels
