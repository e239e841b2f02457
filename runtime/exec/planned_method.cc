#include "runtime/exec/planned_method.h"

#include <utility>

#include "runtime/base/status.h"
#include "runtime/graph/builder.h"
#include "runtime/graph/passes/form_regions.h"
#include "runtime/graph/passes/fuse.h"
#include "runtime/graph/passes/lower_dense.h"
#include "runtime/graph/passes/lower_linear.h"
#include "runtime/graph/passes/simplify.h"

namespace etd::exec {
namespace {

using tensor::Value;

bool HasState(const graph::Graph& graph) {
  for (const graph::GraphValue& value : graph.values) {
    if (value.origin == graph::GraphValue::Origin::kState) return true;
  }
  return false;
}

absl::StatusOr<graph::Graph> GraphOf(LoadedProgram& program, const program::MethodSpec& method, bool lower) {
  const auto delegates = [&](uint32_t delegate) -> absl::StatusOr<graph::DelegateContent> {
    ETD_ASSIGN_OR_RETURN(const graph::Fragment* fragment, program.FragmentOf(method, delegate));
    return graph::DelegateContent{fragment, &program.CompilerOf(method.delegates[delegate].id)};
  };
  const kernel::KernelRegistry& kernels = *program.environment().kernels;
  ETD_ASSIGN_OR_RETURN(graph::Graph graph, graph::BuildGraph(method, kernels, delegates));
  // A decoder's steps are narrow; wide one-shot models gain nothing from leaving the backend.
  const bool narrow = lower && HasState(graph);
  if (narrow) {
    graph::MergeCommonNodes(graph);
    graph::LowerDenseNodes(graph, kernels);
    graph::MergeCommonNodes(graph);
    graph::FuseRmsNorm(graph, kernels);
    graph::FuseSwiglu(graph, kernels);
    graph::FuseRotary(graph, kernels);
    graph::LowerLinearQ4(graph, kernels);
  }
  graph::RemoveDeadNodes(graph);
  ETD_RETURN_IF_ERROR(graph::FormRegions(graph));
  return graph;
}

}  // namespace

absl::StatusOr<graph::Graph> OptimisedGraph(LoadedProgram& program, const program::MethodSpec& method) {
  absl::StatusOr<graph::Graph> graph = GraphOf(program, method, true);
  if (graph.ok() || !absl::IsUnimplemented(graph.status())) return graph;
  return GraphOf(program, method, false);
}

absl::StatusOr<std::shared_ptr<GraphExecutor>> CompileMethod(std::shared_ptr<LoadedProgram> program,
                                                             const program::MethodSpec& method) {
  ETD_ASSIGN_OR_RETURN(graph::Graph graph, OptimisedGraph(*program, method));
  ETD_ASSIGN_OR_RETURN(std::unique_ptr<GraphExecutor> executor,
                       GraphExecutor::Create(std::move(program), std::move(graph)));
  return std::shared_ptr<GraphExecutor>(std::move(executor));
}

absl::StatusOr<std::unique_ptr<PlannedMethod>> PlannedMethod::Create(std::shared_ptr<GraphExecutor> executor,
                                                                     const program::Program& program,
                                                                     const program::MethodSpec& spec,
                                                                     SharedArenas& shared) {
  std::unique_ptr<PlannedMethod> method(new PlannedMethod(std::move(executor), spec));
  ETD_ASSIGN_OR_RETURN(method->state_, SessionState::Create(method->executor_->state_layout(), program, shared));
  return method;
}

absl::Status PlannedMethod::Execute(std::span<const Argument> arguments) {
  const std::vector<graph::ValueId>& inputs = executor_->graph().inputs;
  if (arguments.size() != inputs.size()) {
    return InvalidArgument("method {} takes {} inputs, {} were given", spec_.name, inputs.size(), arguments.size());
  }
  for (size_t i = 0; i < arguments.size(); ++i) {
    Value& value = executor_->value(inputs[i]);
    absl::Status status;
    if (arguments[i].kind != value.kind()) {
      status = InvalidArgument("it is {}, not {}", tensor::KindName(value.kind()), tensor::KindName(arguments[i].kind));
    } else if (value.kind() != Value::Kind::kTensor) {
      status = CheckPlainArgument(value, arguments[i]);
    } else {
      status = executor_->ResizeInput(i, arguments[i].sizes);
      if (status.ok()) status = CheckTensorArgument(value.tensor(), arguments[i]);
      if (status.ok()) CopyRowMajorInto(arguments[i].bytes, value.tensor());
    }
    if (!status.ok()) return Annotate(status, fmt::format("method {}, input {}", spec_.name, i));
  }
  if (absl::Status status = executor_->Run(state_); !status.ok()) {
    return Annotate(status, fmt::format("method {}", spec_.name));
  }
  return absl::OkStatus();
}

}  // namespace etd::exec
