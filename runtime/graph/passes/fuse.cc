#include "runtime/graph/passes/fuse.h"

#include <algorithm>
#include <utility>

#include "runtime/graph/passes/patterns.h"

namespace etd::graph {
namespace {

constexpr std::string_view kMul = "aten::mul.out";
constexpr std::string_view kAdd = "aten::add.out";

// The other operand of a product of `value`, if `call` is one with it.
std::optional<ValueId> OtherOperand(const KernelNode& call, ValueId value) {
  if (call.arguments[0] == value) return call.arguments[1];
  if (call.arguments[1] == value) return call.arguments[0];
  return std::nullopt;
}

// Puts `call` where `node` is; the inner nodes lose their last reader and are removed as dead by the caller.
void Replace(Graph& graph, size_t node, KernelNode call) {
  graph.nodes[node].body = std::move(call);
  ConnectNode(graph, graph.nodes[node]);
}

// A product one of whose operands has a given producer.
struct Product {
  const KernelNode* inner = nullptr;  // the call that makes one operand
  ValueId inner_value = 0;
  ValueId other = 0;
};

std::optional<Product> ProductWith(const Graph& graph, const GraphIndex& index, const KernelNode& mul,
                                   std::string_view inner_name) {
  for (const size_t side : {size_t{0}, size_t{1}}) {
    const ValueId value = mul.arguments[side];
    const KernelNode* inner = index.ProducerNamed(value, inner_name);
    if (inner == nullptr || index.UsesOf(value) != 1 || !IsFloat32(graph, value)) continue;
    return Product{inner, value, mul.arguments[1 - side]};
  }
  return std::nullopt;
}

struct RmsNormMatch {
  ValueId input = 0;
  ValueId weight = 0;
  float epsilon = 0;
};

// mean(x·x over the last dimension, kept) of which `add` is the sum with ε; returns x.
std::optional<ValueId> MeanSquareInput(const Graph& graph, const GraphIndex& index, ValueId mean_value) {
  const KernelNode* mean = index.ProducerNamed(mean_value, "aten::mean.out");
  if (mean == nullptr || index.UsesOf(mean_value) != 1 || !IsConstantTrue(graph, mean->arguments[2])) return std::nullopt;
  const std::optional<std::vector<int64_t>> dims = ConstantInts(graph, mean->arguments[1]);
  const ValueId square_value = mean->arguments[0];
  const auto rank = static_cast<int64_t>(SizesOf(graph, square_value).size());
  if (!dims.has_value() || dims->size() != 1 || ((*dims)[0] != -1 && (*dims)[0] != rank - 1)) return std::nullopt;
  const KernelNode* square = index.ProducerNamed(square_value, kMul);
  if (square != nullptr) {
    if (square->arguments[0] != square->arguments[1]) return std::nullopt;
  } else {
    square = index.ProducerNamed(square_value, "aten::pow.Tensor_Scalar_out");
    if (square == nullptr) return std::nullopt;
    const auto* exponent = std::get_if<double>(&graph.values[square->arguments[1]].spec);
    const bool two = ConstantInt(graph, square->arguments[1]) == 2 || (exponent != nullptr && *exponent == 2.0);
    if (!two) return std::nullopt;
  }
  if (index.UsesOf(square_value) != 1) return std::nullopt;
  return square->arguments[0];
}

std::optional<RmsNormMatch> MatchRmsNorm(const Graph& graph, const GraphIndex& index, const KernelNode& outer) {
  for (const size_t side : {size_t{0}, size_t{1}}) {
    const ValueId scaled = outer.arguments[side];
    const ValueId weight = outer.arguments[1 - side];
    const KernelNode* inner = index.ProducerNamed(scaled, kMul);
    if (inner == nullptr || index.UsesOf(scaled) != 1) continue;
    const std::optional<Product> by_rsqrt = ProductWith(graph, index, *inner, "aten::rsqrt.out");
    if (!by_rsqrt.has_value()) continue;
    const ValueId sum = by_rsqrt->inner->arguments[0];
    const KernelNode* add = index.ProducerNamed(sum, kAdd);
    if (add == nullptr || index.UsesOf(sum) != 1 || ConstantInt(graph, add->arguments[2]) != 1) continue;
    for (const size_t add_side : {size_t{0}, size_t{1}}) {
      const std::optional<float> epsilon = ConstantScalarTensor(graph, add->arguments[1 - add_side]);
      if (!epsilon.has_value()) continue;
      const std::optional<ValueId> input = MeanSquareInput(graph, index, add->arguments[add_side]);
      if (!input.has_value() || *input != by_rsqrt->other) continue;
      const std::vector<int32_t>& sizes = SizesOf(graph, *input);
      const std::vector<int32_t>& weight_sizes = SizesOf(graph, weight);
      if (!IsFloat32(graph, *input) || !IsFloat32(graph, weight) || sizes.empty() || weight_sizes.size() != 1) continue;
      if (weight_sizes[0] != sizes.back() || SizesOf(graph, outer.arguments[2]).size() != sizes.size()) continue;
      return RmsNormMatch{*input, weight, *epsilon};
    }
  }
  return std::nullopt;
}

struct RotaryMatch {
  ValueId input = 0;  // [batch, rows, heads, head dimension]
  ValueId cos = 0;    // [1, 1, rows, head dimension]
  ValueId sin = 0;
};

// cat(-x₂, x₁) along the last dimension, where x₁ and x₂ are the halves of x; returns x.
std::optional<ValueId> HalvesSwapped(const Graph& graph, const GraphIndex& index, ValueId rotated) {
  const KernelNode* cat = index.ProducerNamed(rotated, "aten::cat.out");
  if (cat == nullptr || index.UsesOf(rotated) != 1) return std::nullopt;
  const std::vector<ValueId> parts = ElementsOf(graph, cat->arguments[0]);
  const auto rank = static_cast<int64_t>(SizesOf(graph, rotated).size());
  const std::optional<int64_t> axis = ConstantInt(graph, cat->arguments[1]);
  if (parts.size() != 2 || !axis.has_value() || (*axis != -1 && *axis != rank - 1)) return std::nullopt;
  const KernelNode* negated = index.ProducerNamed(parts[0], "aten::neg.out");
  if (negated == nullptr || index.UsesOf(parts[0]) != 1 || index.UsesOf(parts[1]) != 1) return std::nullopt;
  const KernelNode* second = index.ProducerNamed(negated->arguments[0], "aten::slice_copy.Tensor_out");
  const KernelNode* first = index.ProducerNamed(parts[1], "aten::slice_copy.Tensor_out");
  if (second == nullptr || first == nullptr || index.UsesOf(negated->arguments[0]) != 1) return std::nullopt;
  const ValueId x = first->arguments[0];
  if (second->arguments[0] != x || SizesOf(graph, x).empty()) return std::nullopt;
  const int64_t width = SizesOf(graph, x).back();
  const auto slices = [&](const KernelNode& slice, int64_t begin, int64_t end) {
    const std::optional<int64_t> dim = ConstantInt(graph, slice.arguments[1]);
    const std::optional<int64_t> from = ConstantInt(graph, slice.arguments[2]);
    const std::optional<int64_t> to = ConstantInt(graph, slice.arguments[3]);
    if (!dim.has_value() || !to.has_value() || ConstantInt(graph, slice.arguments[4]) != 1) return false;
    return (*dim == rank - 1 || *dim == -1) && from.value_or(-1) == begin && std::min(*to, width) == end;
  };
  if (width % 2 != 0 || !slices(*first, 0, width / 2) || !slices(*second, width / 2, width)) return std::nullopt;
  return x;
}

bool SwapsMiddleDims(const Graph& graph, const KernelNode* permute) {
  if (permute == nullptr) return false;
  const std::optional<std::vector<int64_t>> dims = ConstantInts(graph, permute->arguments[1]);
  return dims.has_value() && *dims == std::vector<int64_t>{0, 2, 1, 3};
}

// Whether `table` has one row of the head's width for each row of x, the same for all heads.
bool IsRotaryTable(const Graph& graph, ValueId table, ValueId x) {
  const std::vector<int32_t>& sizes = SizesOf(graph, table);
  const std::vector<int32_t>& x_sizes = SizesOf(graph, x);
  return IsFloat32(graph, table) && sizes.size() == 4 && sizes[0] == 1 && sizes[1] == 1 && sizes[2] == x_sizes[2] &&
         sizes[3] == x_sizes[3];
}

std::optional<RotaryMatch> MatchRotary(const Graph& graph, const GraphIndex& index, const KernelNode& outer) {
  if (!SwapsMiddleDims(graph, &outer) || index.UsesOf(outer.arguments[0]) != 1) return std::nullopt;
  const KernelNode* sum = index.ProducerNamed(outer.arguments[0], kAdd);
  if (sum == nullptr || ConstantInt(graph, sum->arguments[2]) != 1) return std::nullopt;
  for (const size_t side : {size_t{0}, size_t{1}}) {
    const KernelNode* by_cos = index.ProducerNamed(sum->arguments[side], kMul);
    const KernelNode* by_sin = index.ProducerNamed(sum->arguments[1 - side], kMul);
    if (by_cos == nullptr || by_sin == nullptr) continue;
    if (index.UsesOf(sum->arguments[0]) != 1 || index.UsesOf(sum->arguments[1]) != 1) continue;
    for (const size_t sin_side : {size_t{0}, size_t{1}}) {
      const std::optional<ValueId> x = HalvesSwapped(graph, index, by_sin->arguments[sin_side]);
      if (!x.has_value()) continue;
      const std::optional<ValueId> cos = OtherOperand(*by_cos, *x);
      const ValueId sin = by_sin->arguments[1 - sin_side];
      const KernelNode* permute = index.ProducerNamed(*x, "aten::permute_copy.out");
      // x itself is read by both slices and the product with cos, and by nothing else.
      if (!cos.has_value() || !SwapsMiddleDims(graph, permute) || index.UsesOf(*x) != 3) continue;
      if (SizesOf(graph, *x).size() != 4 || !IsFloat32(graph, *x) || SizesOf(graph, *x)[0] != 1) continue;
      if (!IsRotaryTable(graph, *cos, *x) || !IsRotaryTable(graph, sin, *x)) continue;
      return RotaryMatch{permute->arguments[0], *cos, sin};
    }
  }
  return std::nullopt;
}

}  // namespace

void FuseRmsNorm(Graph& graph, const kernel::KernelRegistry& kernels) {
  const kernel::Kernel* fused = kernels.Find("etd::rms_norm.out");
  if (fused == nullptr) return;
  const GraphIndex index(graph);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const KernelNode* outer = graph.nodes[i].kernel();
    if (outer == nullptr || outer->kernel->name != kMul) continue;
    const std::optional<RmsNormMatch> match = MatchRmsNorm(graph, index, *outer);
    if (!match.has_value()) continue;
    const ValueId out = outer->arguments[2];
    const ValueId epsilon = graph.AddConstant(static_cast<double>(match->epsilon));
    Replace(graph, i, {fused, {match->input, match->weight, epsilon, out}});
  }
}

void FuseSwiglu(Graph& graph, const kernel::KernelRegistry& kernels) {
  const kernel::Kernel* fused = kernels.Find("etd::swiglu.out");
  if (fused == nullptr) return;
  const GraphIndex index(graph);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const KernelNode* outer = graph.nodes[i].kernel();
    if (outer == nullptr || outer->kernel->name != kMul) continue;
    const std::optional<Product> by_silu = ProductWith(graph, index, *outer, kMul);
    if (!by_silu.has_value()) continue;
    const std::optional<Product> silu = ProductWith(graph, index, *by_silu->inner, "aten::sigmoid.out");
    if (!silu.has_value() || silu->inner->arguments[0] != silu->other) continue;
    const ValueId gate = silu->other;
    const ValueId up = by_silu->other;
    if (!IsFloat32(graph, gate) || !IsFloat32(graph, up) || SizesOf(graph, gate) != SizesOf(graph, up)) continue;
    Replace(graph, i, {fused, {gate, up, outer->arguments[2]}});
  }
}

void FuseRotary(Graph& graph, const kernel::KernelRegistry& kernels) {
  const kernel::Kernel* fused = kernels.Find("etd::rotary.out");
  if (fused == nullptr) return;
  const GraphIndex index(graph);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const KernelNode* outer = graph.nodes[i].kernel();
    if (outer == nullptr || outer->kernel->name != "aten::permute_copy.out") continue;
    const std::optional<RotaryMatch> match = MatchRotary(graph, index, *outer);
    if (!match.has_value()) continue;
    Replace(graph, i, {fused, {match->input, match->cos, match->sin, outer->arguments[2]}});
  }
}

}  // namespace etd::graph
