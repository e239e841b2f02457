// Makes small graphs for tests of passes.
#ifndef ETD_TESTS_UNIT_RUNTIME_GRAPH_GRAPH_MAKER_H_
#define ETD_TESTS_UNIT_RUNTIME_GRAPH_GRAPH_MAKER_H_

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "runtime/graph/graph.h"
#include "runtime/kernel/registry.h"
#include "runtime/kernels/fused/register.h"
#include "runtime/kernels/portable/register.h"
#include "runtime/kernels/prim/register.h"

namespace etd::graph {

// Owns the registry that its graph points into.
class GraphMaker {
 public:
  GraphMaker() {
    kernels::RegisterPrimKernels(registry);
    kernels::RegisterPortableKernels(registry);
    kernels::RegisterFusedKernels(registry);
  }

  ValueId Tensor(std::vector<int32_t> sizes, GraphValue::Origin origin = GraphValue::Origin::kComputed) {
    program::TensorSpec spec;
    for (size_t i = 0; i < sizes.size(); ++i) spec.layout.dim_order.push_back(static_cast<uint8_t>(i));
    spec.layout.sizes = std::move(sizes);
    spec.dynamism = program::Dynamism::kDynamicBound;
    GraphValue value;
    value.origin = origin;
    value.spec = std::move(spec);
    return graph.AddValue(std::move(value));
  }
  ValueId Input(std::vector<int32_t> sizes) {
    const ValueId id = Tensor(std::move(sizes), GraphValue::Origin::kInput);
    graph.inputs.push_back(id);
    return id;
  }
  ValueId State(std::vector<int32_t> sizes) { return Tensor(std::move(sizes), GraphValue::Origin::kState); }
  // A constant float32 tensor; `data` lives as long as the maker.
  ValueId Constant(std::vector<int32_t> sizes, const float* data) {
    const ValueId id = Tensor(std::move(sizes), GraphValue::Origin::kConstant);
    auto& spec = std::get<program::TensorSpec>(graph.values[id].spec);
    spec.storage = program::Storage::kConstant;
    spec.data = std::as_bytes(std::span(data, static_cast<size_t>(spec.layout.numel())));
    return id;
  }
  ValueId Int(int64_t number) { return graph.AddConstant(number); }
  ValueId Bool(bool truth) { return graph.AddConstant(truth); }
  ValueId None() { return graph.AddConstant(std::monostate()); }
  ValueId Ints(const std::vector<int64_t>& numbers) {
    program::IntListSpec list;
    for (const int64_t number : numbers) list.items.push_back(Int(number));
    return graph.AddConstant(std::move(list));
  }
  ValueId Tensors(const std::vector<ValueId>& items) { return graph.AddConstant(program::TensorListSpec{items}); }

  void Call(const std::string& name, std::vector<ValueId> arguments) {
    const kernel::Kernel* kernel = registry.Find(name);
    ASSERT_NE(kernel, nullptr) << name;
    ASSERT_EQ(kernel->parameters.size(), arguments.size()) << name;
    Node node{KernelNode{kernel, std::move(arguments)}, {}, {}};
    ConnectNode(graph, node);
    graph.nodes.push_back(std::move(node));
  }
  // Calls of `name` that are left.
  int Count(const std::string& name) const {
    int count = 0;
    for (const Node& node : graph.nodes) count += node.kernel() != nullptr && node.kernel()->kernel->name == name ? 1 : 0;
    return count;
  }

  kernel::KernelRegistry registry;
  Graph graph;
};

}  // namespace etd::graph

#endif  // ETD_TESTS_UNIT_RUNTIME_GRAPH_GRAPH_MAKER_H_
