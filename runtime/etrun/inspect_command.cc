#include "runtime/etrun/inspect_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <nlohmann/json.hpp>

#include "runtime/base/status.h"
#include "runtime/etrun/inspect_rows.h"
#include "runtime/etrun/workbench.h"
#include "runtime/program/program.h"

namespace etd::etrun {
namespace {

using nlohmann::ordered_json;
using program::TensorSpec;

ordered_json DescribeValue(const program::ValueSpec& value) {
  if (const auto* tensor = std::get_if<TensorSpec>(&value)) {
    return {{"kind", "tensor"},
            {"dtype", tensor::ScalarTypeName(tensor->layout.dtype)},
            {"shape", tensor->layout.sizes},
            {"dynamic", tensor->dynamism == program::Dynamism::kDynamicBound}};
  }
  ordered_json described = {{"kind", tensor::KindName(program::KindOf(value))}};
  if (const auto* number = std::get_if<int64_t>(&value)) described["value"] = *number;
  if (const auto* number = std::get_if<double>(&value)) described["value"] = *number;
  if (const auto* truth = std::get_if<bool>(&value)) described["value"] = *truth;
  if (const auto* text = std::get_if<std::string>(&value)) described["value"] = *text;
  return described;
}

// How often each operator of the method runs outside delegates.
std::map<std::string, int> CountOperators(const program::MethodSpec& method) {
  std::map<std::string, int> counts;
  for (const program::Instruction& instruction : method.instructions) {
    if (const auto* call = std::get_if<program::KernelCall>(&instruction)) ++counts[method.operators[call->op]];
  }
  return counts;
}

// What a delegate's fragment computes, if this build can read it.
ordered_json DescribeDelegate(exec::LoadedProgram* loaded, const program::MethodSpec& method, uint32_t index) {
  const program::DelegateSpec& delegate = method.delegates[index];
  ordered_json described = {{"id", delegate.id}, {"bytes", delegate.blob.size()}};
  if (loaded == nullptr) return described;
  const absl::StatusOr<const graph::Fragment*> fragment = loaded->FragmentOf(method, index);
  if (!fragment.ok()) {
    described["error"] = std::string(ToStd(fragment.status().message()));
    return described;
  }
  std::map<std::string, int> kinds;
  for (const graph::FragmentNode& node : (*fragment)->nodes) ++kinds[std::string(graph::DenseKindName(node.kind))];
  described["nodes"] = kinds;
  return described;
}

uint64_t ConstantBytes(const program::MethodSpec& method) {
  std::map<const std::byte*, uint64_t> ranges;
  for (const program::ValueSpec& value : method.values) {
    const auto* tensor = std::get_if<TensorSpec>(&value);
    if (tensor != nullptr && tensor->constant()) ranges[tensor->data.data()] = tensor->data.size();
  }
  uint64_t bytes = 0;
  for (const auto& [start, size] : ranges) bytes += size;
  return bytes;
}

ordered_json DescribeMethod(exec::LoadedProgram* loaded, const program::MethodSpec& method) {
  ordered_json described = {{"name", method.name}, {"inputs", ordered_json::array()}, {"outputs", ordered_json::array()}};
  for (const uint32_t input : method.inputs) described["inputs"].push_back(DescribeValue(method.values[input]));
  for (const uint32_t output : method.outputs) described["outputs"].push_back(DescribeValue(method.values[output]));
  described["instructions"] = method.instructions.size();
  described["operators"] = CountOperators(method);
  described["delegates"] = ordered_json::array();
  for (uint32_t i = 0; i < method.delegates.size(); ++i) {
    described["delegates"].push_back(DescribeDelegate(loaded, method, i));
  }
  described["arena_bytes"] = method.arena_sizes;
  described["constant_bytes"] = ConstantBytes(method);
  return described;
}

std::string ValueText(const ordered_json& value) {
  if (value["kind"] != "tensor") {
    return value.contains("value") ? fmt::format("{} {}", value["kind"].get<std::string>(), value["value"].dump())
                                   : value["kind"].get<std::string>();
  }
  return fmt::format("{} [{}]{}", value["dtype"].get<std::string>(), fmt::join(value["shape"].get<std::vector<int64_t>>(), ", "),
                     value["dynamic"].get<bool>() ? " at most" : "");
}

void PrintMethod(const ordered_json& method, std::ostream& out) {
  out << fmt::format("method {}\n", method["name"].get<std::string>());
  for (const auto& input : method["inputs"]) out << fmt::format("  input     {}\n", ValueText(input));
  for (const auto& output : method["outputs"]) out << fmt::format("  output    {}\n", ValueText(output));
  if (method["instructions"].get<size_t>() == 0) return;
  out << fmt::format("  {} instructions; arenas of {} bytes as planned by the file; {} bytes of constants\n",
                     method["instructions"].get<size_t>(), fmt::join(method["arena_bytes"].get<std::vector<uint64_t>>(), ", "),
                     method["constant_bytes"].get<uint64_t>());
  std::map<std::string, int> delegates;
  std::map<std::string, int> nodes;
  for (const auto& delegate : method["delegates"]) {
    ++delegates[delegate["id"].get<std::string>()];
    if (delegate.contains("error")) out << fmt::format("  damaged   {}\n", delegate["error"].get<std::string>());
    if (!delegate.contains("nodes")) continue;
    for (const auto& [kind, count] : delegate["nodes"].items()) nodes[kind] += count.get<int>();
  }
  for (const auto& [id, count] : delegates) out << fmt::format("  {:>5} × delegate {}\n", count, id);
  for (const auto& [kind, count] : nodes) out << fmt::format("  {:>5}   in delegates: {}\n", count, kind);
  for (const auto& [name, count] : method["operators"].items()) out << fmt::format("  {:>5} × {}\n", count.get<int>(), name);
}

}  // namespace

absl::Status RunInspect(const InspectOptions& options, std::ostream& out) {
  ETD_ASSIGN_OR_RETURN(const std::unique_ptr<Workbench> workbench, Workbench::Create(1));
  program::LoadOptions load_options;
  load_options.program.path = options.program;
  for (const std::string& file : options.data_files) load_options.data_files.push_back({file, -1});
  ETD_ASSIGN_OR_RETURN(const std::shared_ptr<const program::Program> program, program::Program::Load(load_options));
  const std::vector<std::string> missing = exec::MissingFeatures(*program, workbench->environment());
  std::shared_ptr<exec::LoadedProgram> loaded;
  if (missing.empty()) {
    ETD_ASSIGN_OR_RETURN(loaded, exec::LoadedProgram::Create(program, workbench->environment()));
  }
  if (options.rows) {
    if (loaded == nullptr) return Unimplemented("this program does not run here, missing: {}", fmt::to_string(fmt::join(missing, ", ")));
    return PrintRows(std::move(loaded), out);
  }
  ordered_json described = {{"file", options.program},
                            {"bytes", program->file_bytes()},
                            {"runs_here", missing.empty()},
                            {"missing", missing},
                            {"named_data", program->named_data().size()},
                            {"methods", ordered_json::array()}};
  for (const program::MethodSpec& method : program->methods()) {
    described["methods"].push_back(DescribeMethod(loaded.get(), method));
  }
  if (options.json) {
    out << described.dump() << "\n";
    return absl::OkStatus();
  }
  out << fmt::format("{}: {} bytes, {} methods, {} named data\n", options.program, program->file_bytes(),
                     program->methods().size(), program->named_data().size());
  for (const auto& method : described["methods"]) PrintMethod(method, out);
  out << (missing.empty() ? "runs here: yes\n" : fmt::format("runs here: no, missing: {}\n", fmt::join(missing, ", ")));
  return absl::OkStatus();
}

}  // namespace etd::etrun
