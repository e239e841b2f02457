// quantized_decomposed::quantize_* and dequantize_* per tensor, channel and token, and add of quantised tensors.
//
// All are one elementwise function of (value, scale, zero point) whose parameters are broadcast along the tensor.
// Doubles carry the operands: they hold every element exactly, and the arithmetic inside is float as ExecuTorch's.
#include <algorithm>
#include <cmath>

#include "runtime/base/status.h"
#include "runtime/kernels/llm/kernels.h"
#include "runtime/kernels/portable/util/convert.h"
#include "runtime/kernels/portable/util/elementwise.h"
#include "runtime/kernels/portable/util/promote.h"
#include "runtime/kernels/portable/util/shape.h"

namespace etd::kernels {
namespace {

using kernel::Kernel;
using kernel::KernelContext;
using kernel::Parameter;
using tensor::ScalarType;
using tensor::ShapeText;
using tensor::Tensor;

double Quantize(double value, double scale, double zero_point, double low, double high) {
  const float inverse = 1.0f / static_cast<float>(scale);
  const float steps = std::nearbyint(static_cast<float>(inverse * value));
  const int64_t quantized = Convert<int64_t>(static_cast<float>(Convert<int32_t>(zero_point)) + steps);
  return std::clamp(static_cast<double>(quantized), low, high);
}

double Dequantize(double value, double scale, double zero_point) {
  return static_cast<float>(value - Convert<int32_t>(zero_point)) * static_cast<float>(scale);
}

// The scale and zero point tensors of a call, shaped so that they broadcast along the tensor.
struct Parameters {
  Tensor scales;
  Tensor zero_points;
};

constexpr double kZero = 0;

Tensor OneDouble(const double* value) { return Tensor(ScalarType::kFloat64, {}, const_cast<double*>(value)); }

absl::Status CheckTypes(const Tensor& scales, const Tensor& zero_points) {
  const bool fits = (scales.type() == ScalarType::kFloat64 || scales.type() == ScalarType::kFloat32) &&
                    (zero_points.type() == ScalarType::kInt64 || zero_points.type() == ScalarType::kInt32);
  if (fits && scales.row_major() && zero_points.row_major()) return absl::OkStatus();
  return InvalidArgument("scales of {} with zero points of {} are not possible: floats and integers are needed",
                         tensor::ScalarTypeName(scales.type()), tensor::ScalarTypeName(zero_points.type()));
}

// `tensor` read as one of shape `shape`.
absl::StatusOr<Tensor> Reshaped(const Tensor& tensor, const Shape& shape) {
  if (tensor.numel() != NumelOf(shape)) {
    return InvalidArgument("{} scales or zero points are given where {} are needed", tensor.numel(), NumelOf(shape));
  }
  return Tensor(tensor.type(), shape, const_cast<void*>(tensor.raw()));
}

absl::StatusOr<Parameters> ShapedParameters(const Tensor& scales, const Tensor* zero_points, const Shape& shape) {
  ETD_ASSIGN_OR_RETURN(const Tensor shaped, Reshaped(scales, shape));
  if (zero_points == nullptr) return Parameters{shaped, OneDouble(&kZero)};
  ETD_RETURN_IF_ERROR(CheckTypes(scales, *zero_points));
  ETD_ASSIGN_OR_RETURN(const Tensor zeros, Reshaped(*zero_points, shape));
  return Parameters{shaped, zeros};
}

// How one operator passes its parameters; `first_number` is where quant_min is.
struct Call {
  Parameters parameters;
  size_t first_number;
};
using Reader = absl::StatusOr<Call> (*)(KernelContext&);

// (in, scale, zero point, …), both single elements.
absl::StatusOr<Call> ReadTensorParameters(KernelContext& ctx) {
  ETD_ASSIGN_OR_RETURN(const Parameters parameters, ShapedParameters(ctx.tensor(1), &ctx.tensor(2), {}));
  return Call{parameters, 3};
}

// (in, scales, zero points?, axis, …): one per index of the axis.
absl::StatusOr<Call> ReadChannelParameters(KernelContext& ctx) {
  const Tensor& in = ctx.tensor(0);
  ETD_ASSIGN_OR_RETURN(const int axis, NormalizeDim(ctx.integer(3), in.rank()));
  if (in.rank() == 0) return InvalidArgument("a tensor of no dimensions has no channels");
  Shape shape(static_cast<size_t>(in.rank() - axis), 1);
  shape[0] = in.size(axis);
  ETD_ASSIGN_OR_RETURN(const Parameters parameters,
                       ShapedParameters(ctx.tensor(1), ctx.optional_tensor(2), shape));
  return Call{parameters, 4};
}

// (in, scales, zero points, …): one per row of the last dimension.
absl::StatusOr<Call> ReadTokenParameters(KernelContext& ctx) {
  Shape shape = ShapeOf(ctx.tensor(0));
  if (shape.empty()) return InvalidArgument("a tensor of no dimensions has no tokens");
  shape.back() = 1;
  ETD_ASSIGN_OR_RETURN(const Parameters parameters, ShapedParameters(ctx.tensor(1), &ctx.tensor(2), shape));
  return Call{parameters, 3};
}

// What an integer type holds. Errors: INVALID_ARGUMENT for types that nothing is quantised to.
absl::StatusOr<std::pair<int64_t, int64_t>> LimitsOf(ScalarType type) {
  switch (type) {
    case ScalarType::kUInt8: return std::pair<int64_t, int64_t>(0, 255);
    case ScalarType::kInt8: return std::pair<int64_t, int64_t>(-128, 127);
    case ScalarType::kUInt16: return std::pair<int64_t, int64_t>(0, 65535);
    case ScalarType::kInt16: return std::pair<int64_t, int64_t>(-32768, 32767);
    case ScalarType::kInt32: return std::pair<int64_t, int64_t>(-2147483648LL, 2147483647LL);
    default: break;
  }
  return InvalidArgument("{} is no type of quantised tensors", tensor::ScalarTypeName(type));
}

// quant_min, quant_max and dtype follow the parameters; `quantized` has that type.
absl::Status CheckRange(KernelContext& ctx, size_t first, const Tensor& quantized) {
  const int64_t low = ctx.integer(first);
  const int64_t high = ctx.integer(first + 1);
  ETD_ASSIGN_OR_RETURN(const auto limits, LimitsOf(quantized.type()));
  if (ctx.integer(first + 2) != static_cast<int64_t>(quantized.type())) {
    return InvalidArgument("dtype {} is asked for where the tensor is {}", ctx.integer(first + 2),
                           tensor::ScalarTypeName(quantized.type()));
  }
  if (low <= high && low >= limits.first && high <= limits.second) return absl::OkStatus();
  return InvalidArgument("the range {} to {} does not fit {}", low, high, tensor::ScalarTypeName(quantized.type()));
}

template <Reader kRead, size_t kOut>
absl::Status PrepareQuantize(KernelContext& ctx) {
  ETD_ASSIGN_OR_RETURN(const Call call, kRead(ctx));
  ETD_RETURN_IF_ERROR(CheckFloating(ctx.tensor(0).type()));
  ETD_RETURN_IF_ERROR(CheckRange(ctx, call.first_number, ctx.tensor(kOut)));
  return ResizeOut(ctx.tensor(kOut), ctx.tensor(0).sizes());
}

template <Reader kRead, size_t kOut>
absl::Status RunQuantize(KernelContext& ctx) {
  ETD_ASSIGN_OR_RETURN(const Call call, kRead(ctx));
  const double low = static_cast<double>(ctx.integer(call.first_number));
  const double high = static_cast<double>(ctx.integer(call.first_number + 1));
  Map<double>(ctx.threads(),
              [=](double value, double scale, double zero) { return Quantize(value, scale, zero, low, high); },
              ctx.tensor(kOut), ctx.tensor(0), call.parameters.scales, call.parameters.zero_points);
  return absl::OkStatus();
}

template <Reader kRead, size_t kOut>
absl::Status PrepareDequantize(KernelContext& ctx) {
  ETD_RETURN_IF_ERROR(kRead(ctx).status());
  ETD_RETURN_IF_ERROR(CheckFloating(ctx.tensor(kOut).type()));
  ETD_RETURN_IF_ERROR(LimitsOf(ctx.tensor(0).type()).status());
  return ResizeOut(ctx.tensor(kOut), ctx.tensor(0).sizes());
}

template <Reader kRead, size_t kOut>
absl::Status RunDequantize(KernelContext& ctx) {
  ETD_ASSIGN_OR_RETURN(const Call call, kRead(ctx));
  Map<double>(ctx.threads(),
              [](double value, double scale, double zero) { return Dequantize(value, scale, zero); }, ctx.tensor(kOut),
              ctx.tensor(0), call.parameters.scales, call.parameters.zero_points);
  return absl::OkStatus();
}

// Per tensor with numbers instead of tensors.
absl::Status PrepareQuantizeNumbers(KernelContext& ctx) {
  ETD_RETURN_IF_ERROR(CheckFloating(ctx.tensor(0).type()));
  ETD_RETURN_IF_ERROR(CheckRange(ctx, 3, ctx.tensor(6)));
  return ResizeOut(ctx.tensor(6), ctx.tensor(0).sizes());
}

absl::Status RunQuantizeNumbers(KernelContext& ctx) {
  const double scale = ctx.floating(1);
  const double zero = static_cast<double>(ctx.integer(2));
  const double low = static_cast<double>(ctx.integer(3));
  const double high = static_cast<double>(ctx.integer(4));
  Map<double>(ctx.threads(), [=](double value) { return Quantize(value, scale, zero, low, high); }, ctx.tensor(6),
              ctx.tensor(0));
  return absl::OkStatus();
}

absl::Status PrepareDequantizeNumbers(KernelContext& ctx) {
  ETD_RETURN_IF_ERROR(CheckFloating(ctx.tensor(7).type()));
  ETD_RETURN_IF_ERROR(LimitsOf(ctx.tensor(0).type()).status());
  return ResizeOut(ctx.tensor(7), ctx.tensor(0).sizes());
}

absl::Status RunDequantizeNumbers(KernelContext& ctx) {
  const double scale = ctx.floating(1);
  const double zero = static_cast<double>(ctx.integer(2));
  Map<double>(ctx.threads(), [=](double value) { return Dequantize(value, scale, zero); }, ctx.tensor(7),
              ctx.tensor(0));
  return absl::OkStatus();
}

// (a, a_scale, a_zero, a_min, a_max, b, …, out_scale, out_zero, out_min, out_max, out).
absl::Status PrepareAdd(KernelContext& ctx) {
  Tensor& out = ctx.tensor(14);
  ETD_RETURN_IF_ERROR(CheckSameType(ctx.tensor(0), ctx.tensor(5)));
  ETD_RETURN_IF_ERROR(CheckSameType(ctx.tensor(0), out));
  ETD_ASSIGN_OR_RETURN(const auto limits, LimitsOf(out.type()));
  if (ctx.integer(12) > ctx.integer(13) || ctx.integer(12) < limits.first || ctx.integer(13) > limits.second) {
    return InvalidArgument("the range {} to {} does not fit {}", ctx.integer(12), ctx.integer(13),
                           tensor::ScalarTypeName(out.type()));
  }
  return ResizeToBroadcast({&ctx.tensor(0), &ctx.tensor(5)}, out);
}

absl::Status RunAdd(KernelContext& ctx) {
  const auto scale = [&](size_t i) { return ctx.floating(i); };
  const auto number = [&](size_t i) { return static_cast<double>(ctx.integer(i)); };
  Map<double>(ctx.threads(),
              [=, a_scale = scale(1), a_zero = number(2), b_scale = scale(6), b_zero = number(7), out_scale = scale(10),
               out_zero = number(11), low = number(12), high = number(13)](double a, double b) {
                const float sum = static_cast<float>(Dequantize(a, a_scale, a_zero)) +
                                  static_cast<float>(Dequantize(b, b_scale, b_zero));
                return Quantize(sum, out_scale, out_zero, low, high);
              },
              ctx.tensor(14), ctx.tensor(0), ctx.tensor(5));
  return absl::OkStatus();
}

Kernel Make(std::string_view name, std::vector<Parameter> parameters, absl::Status (*prepare)(KernelContext&),
            absl::Status (*run)(KernelContext&), kernel::RowRule row_rule = kernel::BroadcastRowRule) {
  return {.name = name, .parameters = std::move(parameters), .prepare = prepare, .run = run, .row_rule = row_rule};
}

std::vector<Parameter> AddParameters() {
  using P = Parameter;
  const std::vector<P> operand = {P::kTensor, P::kDouble, P::kInt, P::kInt, P::kInt};
  std::vector<P> all = operand;
  all.insert(all.end(), operand.begin(), operand.end());
  all.insert(all.end(), {P::kDouble, P::kInt, P::kInt, P::kInt, P::kOut});
  return all;
}

}  // namespace

std::span<const Kernel> QuantizeKernels() {
  using P = Parameter;
  static const Kernel kKernels[] = {
      Make("quantized_decomposed::quantize_per_tensor.out",
           {P::kTensor, P::kDouble, P::kInt, P::kInt, P::kInt, P::kInt, P::kOut}, PrepareQuantizeNumbers,
           RunQuantizeNumbers),
      Make("quantized_decomposed::quantize_per_tensor.Tensor_out",
           {P::kTensor, P::kTensor, P::kTensor, P::kInt, P::kInt, P::kInt, P::kOut},
           PrepareQuantize<ReadTensorParameters, 6>, RunQuantize<ReadTensorParameters, 6>),
      Make("quantized_decomposed::quantize_per_channel.out",
           {P::kTensor, P::kTensor, P::kTensor, P::kInt, P::kInt, P::kInt, P::kInt, P::kOut},
           PrepareQuantize<ReadChannelParameters, 7>, RunQuantize<ReadChannelParameters, 7>, nullptr),
      Make("quantized_decomposed::quantize_per_token.out",
           {P::kTensor, P::kTensor, P::kTensor, P::kInt, P::kInt, P::kInt, P::kOut},
           PrepareQuantize<ReadTokenParameters, 6>, RunQuantize<ReadTokenParameters, 6>),
      Make("quantized_decomposed::dequantize_per_tensor.out",
           {P::kTensor, P::kDouble, P::kInt, P::kInt, P::kInt, P::kInt, P::kOptionalInt, P::kOut},
           PrepareDequantizeNumbers, RunDequantizeNumbers),
      Make("quantized_decomposed::dequantize_per_tensor.Tensor_out",
           {P::kTensor, P::kTensor, P::kTensor, P::kInt, P::kInt, P::kInt, P::kOptionalInt, P::kOut},
           PrepareDequantize<ReadTensorParameters, 7>, RunDequantize<ReadTensorParameters, 7>),
      Make("quantized_decomposed::dequantize_per_channel.out",
           {P::kTensor, P::kTensor, P::kOptionalTensor, P::kInt, P::kInt, P::kInt, P::kInt, P::kOptionalInt, P::kOut},
           PrepareDequantize<ReadChannelParameters, 8>, RunDequantize<ReadChannelParameters, 8>, nullptr),
      Make("quantized_decomposed::dequantize_per_token.out",
           {P::kTensor, P::kTensor, P::kTensor, P::kInt, P::kInt, P::kInt, P::kInt, P::kOut},
           PrepareDequantize<ReadTokenParameters, 7>, RunDequantize<ReadTokenParameters, 7>),
      Make("quantized_decomposed::add.out", AddParameters(), PrepareAdd, RunAdd),
  };
  return kKernels;
}

}  // namespace etd::kernels
