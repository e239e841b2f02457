// Reading and checking of attention calls.
#include <algorithm>
#include <cmath>

#include "runtime/base/status.h"
#include "runtime/kernels/llm/attention.h"
#include "runtime/kernels/llm/cache.h"
#include "runtime/kernels/llm/kernels.h"

namespace etd::kernels {

using kernel::KernelContext;
using kernel::Parameter;
using tensor::ScalarType;
using tensor::ShapeText;
using tensor::Tensor;

namespace {

absl::Status CheckTypes(const AttentionCall& call) {
  const ScalarType type = call.q->type();
  const bool known = type == ScalarType::kFloat32 || type == ScalarType::kFloat16 || type == ScalarType::kBFloat16 ||
                     type == ScalarType::kInt8;
  if (!known || call.k->type() != type || call.v->type() != type) {
    return InvalidArgument("attention over {} queries, {} keys and {} values is not possible",
                           tensor::ScalarTypeName(type), tensor::ScalarTypeName(call.k->type()),
                           tensor::ScalarTypeName(call.v->type()));
  }
  const ScalarType out = call.out->type();
  if (out != type && !(type == ScalarType::kInt8 && tensor::IsFloating(out))) {
    return InvalidArgument("attention over {} can't be written to {}", tensor::ScalarTypeName(type),
                           tensor::ScalarTypeName(out));
  }
  return absl::OkStatus();
}

absl::Status CheckShapes(const AttentionCall& call) {
  for (const Tensor* tensor : {call.q, call.k, call.v, static_cast<const Tensor*>(call.out)}) {
    if (tensor->rank() != 4 || !tensor->row_major()) {
      return InvalidArgument("attention needs row-major tensors of 4 dimensions, not {}", ShapeText(tensor->sizes()));
    }
  }
  const Tensor& q = *call.q;
  const Tensor& k = *call.k;
  const bool fits = std::ranges::equal(k.sizes(), call.v->sizes()) && q.size(0) == k.size(0) &&
                    q.size(3) == k.size(3) && call.kv_heads() > 0 && call.heads() % call.kv_heads() == 0;
  if (!fits) {
    return InvalidArgument("queries {}, keys {} and values {} do not fit each other", ShapeText(q.sizes()),
                           ShapeText(k.sizes()), ShapeText(call.v->sizes()));
  }
  return absl::OkStatus();
}

absl::Status CheckMask(const AttentionCall& call) {
  if (call.mask == nullptr) return absl::OkStatus();
  if (call.causal) return InvalidArgument("an attention mask and causal attention exclude each other");
  const Tensor& mask = *call.mask;
  if (mask.type() == ScalarType::kFloat32 && mask.rank() == 2 && mask.row_major() && mask.size(0) == call.rows() &&
      mask.size(1) == call.k->size(call.row_dim)) {
    return absl::OkStatus();
  }
  return InvalidArgument("a {} mask of shape {} does not fit {} queries and {} keys: float32 [queries, keys] is needed",
                         tensor::ScalarTypeName(mask.type()), ShapeText(mask.sizes()), call.rows(),
                         call.k->size(call.row_dim));
}

absl::Status CheckQuantization(const AttentionQuantization& params, const Tensor& quantized) {
  if (params.zero_points == nullptr || params.scales == nullptr) {
    return InvalidArgument("int8 attention needs scales and zero points");
  }
  const auto fits = [&](const Tensor& tensor) {
    return tensor.rank() == 4 && tensor.row_major() && tensor.size(3) == 1 &&
           std::ranges::equal(tensor.sizes().first(3), quantized.sizes().first(3));
  };
  if (params.scales->type() == ScalarType::kFloat32 && params.zero_points->type() == ScalarType::kInt8 &&
      fits(*params.scales) && fits(*params.zero_points)) {
    return absl::OkStatus();
  }
  return InvalidArgument("{} scales of shape {} and {} zero points of shape {} do not fit int8 rows of shape {}",
                         tensor::ScalarTypeName(params.scales->type()), ShapeText(params.scales->sizes()),
                         tensor::ScalarTypeName(params.zero_points->type()), ShapeText(params.zero_points->sizes()),
                         ShapeText(quantized.sizes()));
}

absl::Status CheckPositions(const AttentionCall& call) {
  const int64_t positions = call.k->size(call.row_dim);
  if (call.mask == nullptr && (call.start < 0 || call.rows() > positions || call.start > positions - call.rows())) {
    return InvalidArgument("{} rows from position {} on do not fit a cache of {} positions", call.rows(), call.start,
                           positions);
  }
  return absl::OkStatus();
}

absl::StatusOr<AttentionCall> Checked(AttentionCall call, std::optional<double> scale, bool shapes_only) {
  ETD_RETURN_IF_ERROR(CheckTypes(call));
  ETD_RETURN_IF_ERROR(CheckShapes(call));
  ETD_RETURN_IF_ERROR(CheckMask(call));
  if (call.q->type() == ScalarType::kInt8) {
    ETD_RETURN_IF_ERROR(CheckQuantization(call.q_params, *call.q));
    ETD_RETURN_IF_ERROR(CheckQuantization(call.k_params, *call.k));
    ETD_RETURN_IF_ERROR(CheckQuantization(call.v_params, *call.v));
  }
  if (!shapes_only) ETD_RETURN_IF_ERROR(CheckPositions(call));
  call.scale = static_cast<float>(scale.value_or(1.0 / std::sqrt(static_cast<double>(call.head_size()))));
  ETD_RETURN_IF_ERROR(call.out->Resize(call.q->sizes()));
  return call;
}

}  // namespace

absl::StatusOr<AttentionCall> ReadCustomSdpa(KernelContext& ctx, bool shapes_only) {
  AttentionCall call;
  call.q = &ctx.tensor(0);
  call.k = &ctx.tensor(1);
  call.v = &ctx.tensor(2);
  call.start = ctx.integer(3);
  call.mask = ctx.optional_tensor(4);
  call.causal = ctx.boolean(6);
  // (…, scale?, q zero points?, q scales?, k…, v…, rows are dimension 2, out) is the quantised operator.
  const bool quantized = ctx.size() >= 16;
  if (quantized) {
    call.q_params = {ctx.optional_tensor(8), ctx.optional_tensor(9)};
    call.k_params = {ctx.optional_tensor(10), ctx.optional_tensor(11)};
    call.v_params = {ctx.optional_tensor(12), ctx.optional_tensor(13)};
    call.row_dim = ctx.boolean(14) ? 2 : 1;
  }
  call.out = &ctx.tensor(quantized ? 15 : 8);
  return Checked(call, ctx.optional_floating(7), shapes_only);
}

absl::StatusOr<AttentionCall> ReadSdpaWithCache(KernelContext& ctx, bool shapes_only) {
  AttentionCall call;
  call.q = &ctx.tensor(0);
  call.k = &ctx.tensor(3);
  call.v = &ctx.tensor(4);
  call.start = ctx.integer(5);
  call.mask = ctx.optional_tensor(7);
  call.causal = ctx.boolean(9);
  call.out = &ctx.tensor(11);
  ETD_RETURN_IF_ERROR(CheckCache(ctx.tensor(1), ctx.tensor(3)));
  ETD_RETURN_IF_ERROR(CheckCache(ctx.tensor(2), ctx.tensor(4)));
  return Checked(call, ctx.optional_floating(10), shapes_only);
}

absl::Status PrepareCustomSdpa(KernelContext& ctx) { return ReadCustomSdpa(ctx, true).status(); }
absl::Status PrepareSdpaWithCache(KernelContext& ctx) { return ReadSdpaWithCache(ctx, true).status(); }

absl::Status WriteSdpaCaches(KernelContext& ctx) {
  ETD_RETURN_IF_ERROR(WriteCache(ctx.tensor(1), ctx.tensor(3), ctx.integer(5)));
  return WriteCache(ctx.tensor(2), ctx.tensor(4), ctx.integer(5));
}

const std::vector<Parameter>& CustomSdpaParameters() {
  using P = Parameter;
  static const std::vector<P> kParameters = {P::kTensor,         P::kTensor, P::kTensor, P::kInt,
                                             P::kOptionalTensor, P::kDouble, P::kBool,   P::kOptionalDouble,
                                             P::kOut};
  return kParameters;
}

const std::vector<Parameter>& SdpaWithCacheParameters() {
  using P = Parameter;
  static const std::vector<P> kParameters = {
      P::kTensor, P::kTensor,         P::kTensor, P::kTensor, P::kTensor,         P::kInt,
      P::kInt,    P::kOptionalTensor, P::kDouble, P::kBool,   P::kOptionalDouble, P::kOut};
  return kParameters;
}

}  // namespace etd::kernels
