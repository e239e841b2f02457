// The naive evaluator: every node kind in double, one element at a time.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>

#include "runtime/tensor/scalar_type.h"
#include "tests/unit/backends/xnnpack/fragment_builder.h"

namespace etd::xnnpack {
namespace {

using graph::DenseAttributes;
using graph::DenseKind;
using graph::DenseType;
using graph::Fragment;
using graph::FragmentNode;
using graph::FragmentValue;
using Index = std::vector<int64_t>;

int64_t Offset(const Dims& dims, const Index& index) {
  int64_t offset = 0;
  for (size_t i = 0; i < dims.size(); ++i) offset = offset * dims[i] + index[i];
  return offset;
}

// Fills `out` (whose dims are set) with what `element` says for each index.
void Fill(Numbers& out, const std::function<double(const Index&)>& element) {
  out.values.assign(static_cast<size_t>(out.count()), 0);
  Index index(out.dims.size());
  for (double& value : out.values) {
    value = element(index);
    for (size_t i = index.size(); i-- > 0 && ++index[i] == out.dims[i];) index[i] = 0;
  }
}

double At(const Numbers& numbers, const Index& index) {
  return numbers.values[static_cast<size_t>(Offset(numbers.dims, index))];
}

// As At, where dimensions of 1 repeat and leading ones may be missing.
double Broadcast(const Numbers& numbers, const Index& index) {
  Index own(numbers.dims.size());
  for (size_t i = 0; i < own.size(); ++i) {
    own[i] = numbers.dims[i] == 1 ? 0 : index[index.size() - own.size() + i];
  }
  return At(numbers, own);
}

Numbers Decode(const FragmentValue& value) {
  Numbers numbers{value.dims, {}};
  const graph::Quantization& q = value.quantization;
  const int64_t row = value.dims.empty() ? 1 : value.dims.back();
  int64_t inside = 1;
  for (size_t i = static_cast<size_t>(q.channel_dim) + 1; i < value.dims.size(); ++i) inside *= value.dims[i];
  for (int64_t i = 0; i < numbers.count(); ++i) {
    const auto at = static_cast<size_t>(i);
    const auto nibble = [&] {
      const int byte = std::to_integer<int>(value.data[static_cast<size_t>(i / row * ((row + 1) / 2) + i % row / 2)]);
      return (i % row % 2 == 0 ? byte & 15 : byte >> 4) - 8;
    };
    const auto channel_scale = [&] {
      return double{q.channel_scales[static_cast<size_t>(i / inside % static_cast<int64_t>(q.channel_scales.size()))]};
    };
    const auto load = [&]<typename T>(T number) {
      std::memcpy(&number, value.data.data() + at * sizeof(T), sizeof(T));
      return number;
    };
    double number = 0;
    switch (value.type) {
      case DenseType::kFloat32: number = load(float{}); break;
      case DenseType::kFloat16: number = static_cast<float>(load(tensor::Float16())); break;
      case DenseType::kBFloat16: number = static_cast<float>(load(tensor::BFloat16())); break;
      case DenseType::kInt32: number = load(int32_t{}); break;
      case DenseType::kQInt8: number = (load(int8_t{}) - q.zero_point) * double{q.scale}; break;
      case DenseType::kQUInt8: number = (load(uint8_t{}) - q.zero_point) * double{q.scale}; break;
      case DenseType::kQInt32: number = load(int32_t{}) * double{q.scale}; break;
      case DenseType::kQCInt32: number = load(int32_t{}) * channel_scale(); break;
      case DenseType::kQCInt8: number = load(int8_t{}) * channel_scale(); break;
      case DenseType::kQCInt4: number = nibble() * channel_scale(); break;
      case DenseType::kQBInt4: {
        tensor::BFloat16 scale;
        scale.bits = q.block_scales[static_cast<size_t>(i / row * (row / q.block_size) + i % row / q.block_size)];
        number = nibble() * static_cast<double>(static_cast<float>(scale));
        break;
      }
      default: break;
    }
    numbers.values.push_back(number);
  }
  return numbers;
}

// Rows of `row_dims` dimensions on a grid of 256 steps that holds 0 and spans the row, as dynamic quantisation has it.
void QuantiseRows(Numbers& numbers, int32_t row_dims) {
  int64_t row = 1;
  for (int32_t i = 0; i < row_dims; ++i) row *= numbers.dims[numbers.dims.size() - 1 - static_cast<size_t>(i)];
  for (auto begin = numbers.values.begin(); begin != numbers.values.end(); begin += row) {
    const auto end = begin + row;
    const double low = std::min(0.0, *std::min_element(begin, end)), high = std::max(0.0, *std::max_element(begin, end));
    const double scale = high == low ? 1 : 255 / (high - low);
    const double low_error = -128 + low * scale, high_error = 127 + high * scale;
    const double zero = low_error + high_error > 0 ? -128 - low * scale : 127 - high * scale;
    const double zero_point = std::clamp(std::nearbyint(zero), -128.0, 127.0);
    for (auto at = begin; at != end; ++at) {
      *at = (std::clamp(std::nearbyint(*at * scale) + zero_point, -128.0, 127.0) - zero_point) / scale;
    }
  }
}

double Unary(DenseKind kind, double x, const DenseAttributes& a) {
  switch (kind) {
    case DenseKind::kAbs: return std::abs(x);
    case DenseKind::kBankersRounding: return std::nearbyint(x);
    case DenseKind::kCeiling: return std::ceil(x);
    case DenseKind::kCos: return std::cos(x);
    case DenseKind::kElu: return x < 0 ? a.alpha * std::expm1(x) : x;
    case DenseKind::kExp: return std::exp(x);
    case DenseKind::kFloor: return std::floor(x);
    case DenseKind::kGelu: return x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
    case DenseKind::kHardswish: return x * std::clamp(x + 3, 0.0, 6.0) / 6;
    case DenseKind::kLeakyRelu: return x < 0 ? a.alpha * x : x;
    case DenseKind::kLog: return std::log(x);
    case DenseKind::kNegate: return -x;
    case DenseKind::kReciprocalSquareRoot: return 1 / std::sqrt(x);
    case DenseKind::kSigmoid: return 1 / (1 + std::exp(-x));
    case DenseKind::kSin: return std::sin(x);
    case DenseKind::kSquare: return x * x;
    case DenseKind::kSquareRoot: return std::sqrt(x);
    case DenseKind::kTanh: return std::tanh(x);
    default: return x;  // kClamp, kCopy, kConvert
  }
}

double Binary(DenseKind kind, double a, double b) {
  switch (kind) {
    case DenseKind::kAdd: return a + b;
    case DenseKind::kSubtract: return a - b;
    case DenseKind::kMultiply: return a * b;
    case DenseKind::kDivide: return a / b;
    case DenseKind::kMinimum: return std::min(a, b);
    case DenseKind::kMaximum: return std::max(a, b);
    case DenseKind::kSquaredDifference: return (a - b) * (a - b);
    case DenseKind::kCopySign: return std::copysign(a, b);
    default: return a < 0 ? a * b : a;  // kPReLU
  }
}

class Evaluator {
 public:
  Evaluator(const Fragment& fragment, const std::vector<Numbers>& externals) : fragment_(fragment) {
    for (const FragmentValue& value : fragment.values) {
      Numbers& numbers = values_.emplace_back();
      if (value.role == FragmentValue::Role::kConstant) numbers = Decode(value);
      if (value.role == FragmentValue::Role::kInput) numbers = externals[value.external];
    }
  }

  std::vector<Numbers> Run() {
    for (const FragmentNode& node : fragment_.nodes) {
      Compute(node);
      for (const uint32_t output : node.outputs) Finish(node, output);
    }
    std::vector<Numbers> externals(fragment_.external_count);
    for (size_t i = 0; i < values_.size(); ++i) {
      const FragmentValue& value = fragment_.values[i];
      if (value.role == FragmentValue::Role::kInput || value.role == FragmentValue::Role::kOutput) {
        externals[value.external] = values_[i];
      }
    }
    return externals;
  }

 private:
  const Numbers& In(const FragmentNode& node, size_t i) const { return values_[node.inputs[i]]; }
  Numbers& Out(const FragmentNode& node, size_t i = 0) { return values_[node.outputs[i]]; }

  void Finish(const FragmentNode& node, uint32_t output) {
    const DenseAttributes& a = node.attributes;
    const FragmentValue& value = fragment_.values[output];
    if (value.type == DenseType::kQDInt8) return QuantiseRows(values_[output], value.quantization.row_dims);
    for (double& number : values_[output].values) {
      number = std::clamp(number, double{a.output_min}, double{a.output_max});
    }
  }

  void Compute(const FragmentNode& node) {
    switch (node.kind) {
      case DenseKind::kAdd:
      case DenseKind::kSubtract:
      case DenseKind::kMultiply:
      case DenseKind::kDivide:
      case DenseKind::kMinimum:
      case DenseKind::kMaximum:
      case DenseKind::kSquaredDifference:
      case DenseKind::kCopySign:
      case DenseKind::kPReLU: return Elementwise(node);
      case DenseKind::kSoftmax: return Softmax(node);
      case DenseKind::kStaticTranspose: return Transpose(node);
      case DenseKind::kStaticReshape: return Reshape(node);
      case DenseKind::kStaticSlice: return Slice(node);
      case DenseKind::kStaticPad: return Pad(node);
      case DenseKind::kStaticResizeBilinear: return Resize(node);
      case DenseKind::kConcatenate: return Concatenate(node);
      case DenseKind::kFullyConnected: return FullyConnected(node);
      case DenseKind::kBatchMatrixMultiply: return MatrixProduct(node);
      case DenseKind::kConvolution:
      case DenseKind::kDepthwiseConvolution: return Convolution(node);
      case DenseKind::kTransposedConvolution: return TransposedConvolution(node);
      case DenseKind::kMaxPooling:
      case DenseKind::kAveragePooling:
      case DenseKind::kArgMaxPooling: return Pooling(node);
      case DenseKind::kGlobalAveragePooling: return GlobalPooling(node);
      default:
        Out(node).dims = In(node, 0).dims;
        Fill(Out(node), [&](const Index& i) { return Unary(node.kind, At(In(node, 0), i), node.attributes); });
    }
  }

  void Elementwise(const FragmentNode& node) {
    const Numbers &a = In(node, 0), &b = In(node, 1);
    Dims dims(std::max(a.dims.size(), b.dims.size()), 1);
    for (const Numbers* operand : {&a, &b}) {
      const size_t shift = dims.size() - operand->dims.size();
      for (size_t i = 0; i < operand->dims.size(); ++i) dims[shift + i] = std::max(dims[shift + i], operand->dims[i]);
    }
    Out(node).dims = dims;
    Fill(Out(node), [&](const Index& i) { return Binary(node.kind, Broadcast(a, i), Broadcast(b, i)); });
  }

  void Softmax(const FragmentNode& node) {
    Numbers& out = Out(node) = In(node, 0);
    const auto row = static_cast<size_t>(out.dims.back());
    for (size_t begin = 0; begin < out.values.size(); begin += row) {
      const std::span<double> values(out.values.data() + begin, row);
      const double most = *std::ranges::max_element(values);
      double sum = 0;
      for (double& value : values) sum += value = std::exp(value - most);
      for (double& value : values) value /= sum;
    }
  }

  void Transpose(const FragmentNode& node) {
    const Numbers& in = In(node, 0);
    const auto& permutation = node.attributes.permutation;
    Out(node).dims.clear();
    for (const uint32_t dim : permutation) Out(node).dims.push_back(in.dims[dim]);
    Fill(Out(node), [&](const Index& i) {
      Index from(i.size());
      for (size_t d = 0; d < i.size(); ++d) from[permutation[d]] = i[d];
      return At(in, from);
    });
  }

  void Reshape(const FragmentNode& node) {
    Numbers& out = Out(node);
    out.values = In(node, 0).values;
    out.dims.assign(node.attributes.shape.begin(), node.attributes.shape.end());
    int64_t known = 1;
    for (const int32_t dim : out.dims) known *= dim == 0 ? 1 : dim;
    for (int32_t& dim : out.dims) {
      if (dim == 0) dim = static_cast<int32_t>(static_cast<int64_t>(out.values.size()) / known);
    }
  }

  void Slice(const FragmentNode& node) {
    const Numbers& in = In(node, 0);
    const DenseAttributes& a = node.attributes;
    Out(node).dims = in.dims;
    for (size_t i = 0; i < in.dims.size(); ++i) {
      if (a.extents[i] != 0) Out(node).dims[i] = static_cast<int32_t>(a.extents[i]);
    }
    Fill(Out(node), [&](Index i) {
      for (size_t d = 0; d < i.size(); ++d) i[d] += a.offsets[d];
      return At(in, i);
    });
  }

  void Pad(const FragmentNode& node) {
    const Numbers& in = In(node, 0);
    const DenseAttributes& a = node.attributes;
    Out(node).dims = in.dims;
    for (size_t i = 0; i < in.dims.size(); ++i) {
      Out(node).dims[i] += static_cast<int32_t>(a.pad_before[i] + a.pad_after[i]);
    }
    Fill(Out(node), [&](Index i) {
      for (size_t d = 0; d < i.size(); ++d) {
        i[d] -= a.pad_before[d];
        if (i[d] < 0 || i[d] >= in.dims[d]) return double{a.pad_value};
      }
      return At(in, i);
    });
  }

  void Resize(const FragmentNode& node) {
    const Numbers& in = In(node, 0);
    const bool align = (node.attributes.flags & 8) != 0;
    Out(node).dims = {in.dims[0], static_cast<int32_t>(node.attributes.shape[0]),
                      static_cast<int32_t>(node.attributes.shape[1]), in.dims[3]};
    const auto position = [&](int64_t at, size_t dim) {
      const double to = Out(node).dims[dim], from = in.dims[dim];
      const double exact = align && to > 1 ? static_cast<double>(at) * (from - 1) / (to - 1)
                                           : (static_cast<double>(at) + 0.5) * from / to - 0.5;
      return std::clamp(exact, 0.0, from - 1);
    };
    Fill(Out(node), [&](const Index& i) {
      const double y = position(i[1], 1), x = position(i[2], 2);
      const auto y0 = static_cast<int64_t>(y), x0 = static_cast<int64_t>(x);
      const int64_t y1 = std::min<int64_t>(y0 + 1, in.dims[1] - 1), x1 = std::min<int64_t>(x0 + 1, in.dims[2] - 1);
      const double dy = y - static_cast<double>(y0), dx = x - static_cast<double>(x0);
      const auto pixel = [&](int64_t py, int64_t px) { return At(in, {i[0], py, px, i[3]}); };
      return (pixel(y0, x0) * (1 - dx) + pixel(y0, x1) * dx) * (1 - dy) +
             (pixel(y1, x0) * (1 - dx) + pixel(y1, x1) * dx) * dy;
    });
  }

  void Concatenate(const FragmentNode& node) {
    const auto axis = static_cast<size_t>(node.attributes.axis);
    Out(node).dims = In(node, 0).dims;
    Out(node).dims[axis] = 0;
    for (size_t i = 0; i < node.inputs.size(); ++i) Out(node).dims[axis] += In(node, i).dims[axis];
    Fill(Out(node), [&](Index index) {
      size_t from = 0;
      while (index[axis] >= In(node, from).dims[axis]) index[axis] -= In(node, from++).dims[axis];
      return At(In(node, from), index);
    });
  }

  void FullyConnected(const FragmentNode& node) {
    const Numbers &in = In(node, 0), &weights = In(node, 1);
    const bool transposed = (node.attributes.flags & 1) != 0, flatten = (node.attributes.flags & 4) != 0;
    const int64_t k = weights.dims[transposed ? 0 : 1];
    const int32_t n = weights.dims[transposed ? 1 : 0];
    Out(node).dims = in.dims;
    Out(node).dims.back() = n;
    if (flatten) Out(node).dims = {static_cast<int32_t>(in.count() / k), n};
    const Dims& dims = Out(node).dims;
    Fill(Out(node), [&](const Index& i) {
      const int64_t row = Offset(dims, i) / n, channel = i.back();
      double sum = node.inputs.size() > 2 ? In(node, 2).values[static_cast<size_t>(channel)] : 0;
      for (int64_t j = 0; j < k; ++j) {
        const int64_t weight = transposed ? j * n + channel : channel * k + j;
        sum += in.values[static_cast<size_t>(row * k + j)] * weights.values[static_cast<size_t>(weight)];
      }
      return sum;
    });
  }

  void MatrixProduct(const FragmentNode& node) {
    const Numbers &a = In(node, 0), &b = In(node, 1);
    const bool transposed = (node.attributes.flags & 1) != 0;
    const size_t rank = std::max(a.dims.size(), b.dims.size());
    Dims dims(rank, 1);
    for (size_t i = 2; i < rank; ++i) {
      for (const Numbers* operand : {&a, &b}) {
        if (i < operand->dims.size()) {
          dims[rank - 1 - i] = std::max(dims[rank - 1 - i], operand->dims[operand->dims.size() - 1 - i]);
        }
      }
    }
    const int64_t k = a.dims.back();
    dims[rank - 2] = a.dims[a.dims.size() - 2];
    dims[rank - 1] = b.dims[b.dims.size() - (transposed ? 2 : 1)];
    Out(node).dims = dims;
    Fill(Out(node), [&](const Index& i) {
      double sum = 0;
      for (int64_t j = 0; j < k; ++j) {
        Index left = i, right = i;
        left[rank - 1] = j;
        right[rank - 2] = transposed ? i[rank - 1] : j;
        right[rank - 1] = transposed ? j : i[rank - 1];
        sum += Broadcast(a, left) * Broadcast(b, right);
      }
      return sum;
    });
  }

  void Convolution(const FragmentNode& node) {
    const Numbers &in = In(node, 0), &filter = In(node, 1);
    const DenseAttributes& a = node.attributes;
    const auto windows = [](int64_t size, int64_t padding, int64_t kernel, int64_t dilation, int64_t stride) {
      return static_cast<int32_t>((size + padding - (kernel - 1) * dilation - 1) / stride + 1);
    };
    Out(node).dims = {in.dims[0],
                      windows(in.dims[1], a.padding_top + a.padding_bottom, a.kernel_height, a.dilation_height, a.stride_height),
                      windows(in.dims[2], a.padding_left + a.padding_right, a.kernel_width, a.dilation_width, a.stride_width),
                      static_cast<int32_t>(a.groups * a.group_output_channels)};
    const bool depthwise = node.kind == DenseKind::kDepthwiseConvolution;
    Fill(Out(node), [&](const Index& i) {
      double sum = node.inputs.size() > 2 ? In(node, 2).values[static_cast<size_t>(i[3])] : 0;
      const int64_t group = i[3] / a.group_output_channels;
      for (int64_t ky = 0; ky < a.kernel_height; ++ky) {
        for (int64_t kx = 0; kx < a.kernel_width; ++kx) {
          const int64_t y = i[1] * a.stride_height + ky * a.dilation_height - a.padding_top;
          const int64_t x = i[2] * a.stride_width + kx * a.dilation_width - a.padding_left;
          if (y < 0 || y >= in.dims[1] || x < 0 || x >= in.dims[2]) continue;
          for (int64_t c = 0; c < a.group_input_channels; ++c) {
            const double weight = depthwise ? At(filter, {0, ky, kx, i[3]}) : At(filter, {i[3], ky, kx, c});
            sum += weight * At(in, {i[0], y, x, group * a.group_input_channels + c});
          }
        }
      }
      return sum;
    });
  }

  void TransposedConvolution(const FragmentNode& node) {
    const Numbers &in = In(node, 0), &filter = In(node, 1);
    const DenseAttributes& a = node.attributes;
    const auto extent = [](int64_t size, int64_t padding, int64_t kernel, int64_t dilation, int64_t stride, int64_t more) {
      return static_cast<int32_t>(stride * (size - 1) + more + (kernel - 1) * dilation + 1 - padding);
    };
    Numbers& out = Out(node);
    out.dims = {in.dims[0],
                extent(in.dims[1], a.padding_top + a.padding_bottom, a.kernel_height, a.dilation_height, a.stride_height,
                       a.adjustment_height),
                extent(in.dims[2], a.padding_left + a.padding_right, a.kernel_width, a.dilation_width, a.stride_width,
                       a.adjustment_width),
                static_cast<int32_t>(a.groups * a.group_output_channels)};
    Fill(out, [&](const Index& i) {
      return node.inputs.size() > 2 ? In(node, 2).values[static_cast<size_t>(i[3])] : 0.0;
    });
    // Every input pixel is stamped onto the output.
    Numbers walk{in.dims, {}};
    Fill(walk, [&](const Index& i) {
      const int64_t group = i[3] / a.group_input_channels, channel = i[3] % a.group_input_channels;
      for (int64_t ky = 0; ky < a.kernel_height; ++ky) {
        for (int64_t kx = 0; kx < a.kernel_width; ++kx) {
          const int64_t y = i[1] * a.stride_height + ky * a.dilation_height - a.padding_top;
          const int64_t x = i[2] * a.stride_width + kx * a.dilation_width - a.padding_left;
          if (y < 0 || y >= out.dims[1] || x < 0 || x >= out.dims[2]) continue;
          for (int64_t c = 0; c < a.group_output_channels; ++c) {
            const int64_t to = group * a.group_output_channels + c;
            out.values[static_cast<size_t>(Offset(out.dims, {i[0], y, x, to}))] +=
                At(in, i) * At(filter, {to, ky, kx, channel});
          }
        }
      }
      return 0.0;
    });
  }

  void Pooling(const FragmentNode& node) {
    const Numbers& in = In(node, 0);
    const DenseAttributes& a = node.attributes;
    const auto windows = [](int64_t size, int64_t padding, int64_t kernel, int64_t dilation, int64_t stride) {
      return static_cast<int32_t>((size + padding - (kernel - 1) * dilation - 1) / stride + 1);
    };
    const Dims dims = {in.dims[0],
                       windows(in.dims[1], a.padding_top + a.padding_bottom, a.kernel_height, a.dilation_height, a.stride_height),
                       windows(in.dims[2], a.padding_left + a.padding_right, a.kernel_width, a.dilation_width, a.stride_width),
                       in.dims[3]};
    for (const uint32_t output : node.outputs) values_[output].dims = dims;
    Numbers places{dims, {}};
    Fill(places, [&](const Index& i) {
      double most = -std::numeric_limits<double>::infinity(), sum = 0;
      int64_t place = 0, count = 0;
      for (int64_t ky = 0; ky < a.kernel_height; ++ky) {
        for (int64_t kx = 0; kx < a.kernel_width; ++kx) {
          const int64_t y = i[1] * a.stride_height + ky * a.dilation_height - a.padding_top;
          const int64_t x = i[2] * a.stride_width + kx * a.dilation_width - a.padding_left;
          if (y < 0 || y >= in.dims[1] || x < 0 || x >= in.dims[2]) continue;
          const double value = At(in, {i[0], y, x, i[3]});
          sum += value;
          ++count;
          if (value > most) place = kx * a.kernel_height + ky;  // XNNPACK counts down columns.
          most = std::max(most, value);
        }
      }
      values_[node.outputs[0]].values.push_back(
          node.kind == DenseKind::kAveragePooling ? sum / static_cast<double>(count) : most);
      return static_cast<double>(place);
    });
    if (node.outputs.size() > 1) values_[node.outputs[1]] = places;
  }

  void GlobalPooling(const FragmentNode& node) {
    const Numbers& in = In(node, 0);
    const bool keep = (node.attributes.flags & 0x40) != 0;
    Out(node).dims = keep ? Dims{in.dims[0], 1, 1, in.dims[3]} : Dims{in.dims[0], in.dims[3]};
    Fill(Out(node), [&](const Index& i) {
      double sum = 0;
      for (int64_t y = 0; y < in.dims[1]; ++y) {
        for (int64_t x = 0; x < in.dims[2]; ++x) sum += At(in, {i[0], y, x, i.back()});
      }
      return sum / (in.dims[1] * in.dims[2]);
    });
  }

  const Fragment& fragment_;
  std::vector<Numbers> values_;
};

}  // namespace

std::vector<Numbers> Evaluate(const Fragment& fragment, const std::vector<Numbers>& externals) {
  return Evaluator(fragment, externals).Run();
}

}  // namespace etd::xnnpack
