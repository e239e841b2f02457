#include "runtime/etrun/run_command.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <variant>

#include "runtime/base/status.h"
#include "runtime/engine/engine.h"
#include "runtime/etrun/npy.h"
#include "runtime/etrun/workbench.h"
#include "runtime/llm/program_module.h"

namespace etd::etrun {
namespace {

namespace fs = std::filesystem;
using tensor::ScalarType;

// One call with its files, resolved to paths.
struct Call {
  std::string method;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;  // where to write them; empty: out_k.npy
};

// The scalar that a 0-d array stands for where a method takes a plain number.
absl::StatusOr<engine::InputValue> ScalarInput(const NpyArray& array, const std::string& kind) {
  if (!array.shape.empty()) return InvalidArgument("the method takes one {} there, the file holds an array", kind);
  return tensor::VisitScalarType(array.dtype, [&](auto tag) -> engine::InputValue {
    typename decltype(tag)::Type element;
    std::memcpy(&element, array.data.data(), sizeof(element));
    if (kind == "int") return static_cast<int64_t>(element);
    if (kind == "bool") return static_cast<double>(element) != 0;
    return static_cast<double>(element);
  });
}

absl::StatusOr<engine::InputValue> MakeInput(const NpyArray& array, const engine::ValueInfo& expected) {
  if (expected.kind == "none") return engine::InputValue();
  if (expected.kind != "tensor") return ScalarInput(array, expected.kind);
  ScalarType type = array.dtype;
  if (type == ScalarType::kUInt16 && expected.dtype == static_cast<int8_t>(ScalarType::kBFloat16)) {
    type = ScalarType::kBFloat16;
  }
  return engine::HostTensor{static_cast<int8_t>(type), array.shape, array.data};
}

absl::Status WriteOutput(const std::string& path, const engine::OutputValue& output) {
  const auto scalar = [&](ScalarType type, const auto& value) {
    return WriteNpy(path, type, {}, std::as_bytes(std::span(&value, 1)));
  };
  if (const auto* tensor = std::get_if<engine::OwnedTensor>(&output)) {
    return WriteNpy(path, static_cast<ScalarType>(tensor->dtype), tensor->sizes, tensor->bytes);
  }
  if (const auto* integer = std::get_if<int64_t>(&output)) return scalar(ScalarType::kInt64, *integer);
  if (const auto* floating = std::get_if<double>(&output)) return scalar(ScalarType::kFloat64, *floating);
  if (const auto* boolean = std::get_if<bool>(&output)) return scalar(ScalarType::kBool, *boolean);
  if (const auto* text = std::get_if<std::string>(&output)) {
    // NumPy files hold numbers: a text is written as its bytes.
    const int64_t length = static_cast<int64_t>(text->size());
    return WriteNpy(path, ScalarType::kUInt8, {&length, 1}, std::as_bytes(std::span(*text)));
  }
  return absl::OkStatus();  // nothing to write for None
}

absl::Status Execute(const engine::Module& module, engine::Instance& instance, const Call& call,
                     const fs::path& output_dir) {
  const engine::MethodInfo* info = nullptr;
  for (const engine::MethodInfo& method : module.methods()) {
    if (method.name == call.method) info = &method;
  }
  std::vector<NpyArray> arrays;
  std::vector<engine::InputValue> inputs;
  arrays.reserve(call.inputs.size());
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    ETD_ASSIGN_OR_RETURN(NpyArray array, ReadNpy(call.inputs[i]));
    arrays.push_back(std::move(array));
    const engine::ValueInfo expected =
        info != nullptr && i < info->inputs.size() ? info->inputs[i] : engine::ValueInfo{"tensor", 6, {}, false};
    absl::StatusOr<engine::InputValue> input = MakeInput(arrays.back(), expected);
    if (!input.ok()) return Annotate(input.status(), call.inputs[i]);
    inputs.push_back(*std::move(input));
  }
  ETD_ASSIGN_OR_RETURN(const std::vector<engine::OutputValue> outputs, instance.Call(call.method, inputs, {}));
  for (size_t k = 0; k < outputs.size(); ++k) {
    const std::string name = k < call.outputs.size() ? call.outputs[k] : fmt::format("out_{}.npy", k);
    ETD_RETURN_IF_ERROR(WriteOutput(output_dir / name, outputs[k]));
  }
  return absl::OkStatus();
}

// A name from a meta.json: a file beside it or in the output directory, nowhere else.
absl::StatusOr<std::string> PlainName(const nlohmann::json& value) {
  if (!value.is_string()) return InvalidArgument("file names must be texts");
  auto name = value.get<std::string>();
  if (name.empty() || name.find('/') != std::string::npos || name == "..") {
    return InvalidArgument("{} is not a plain file name", name);
  }
  return name;
}

struct CallList {
  std::string program;
  std::vector<std::string> data_files;
  std::vector<Call> calls;
};

absl::StatusOr<Call> ParseCall(const nlohmann::json& entry, const fs::path& folder) {
  if (!entry.is_object() || !entry.contains("method") || !entry["method"].is_string()) {
    return InvalidArgument("a call needs a method");
  }
  Call call;
  call.method = entry["method"].get<std::string>();
  for (const auto& input : entry.value("inputs", nlohmann::json::array())) {
    ETD_ASSIGN_OR_RETURN(const std::string name, PlainName(input));
    call.inputs.push_back(folder / name);
  }
  for (const auto& output : entry.value("outputs", nlohmann::json::array())) {
    ETD_ASSIGN_OR_RETURN(std::string name, PlainName(output));
    call.outputs.push_back(std::move(name));
  }
  return call;
}

absl::StatusOr<CallList> ReadCalls(const std::string& path) {
  std::ifstream file(path);
  if (!file) return NotFound("{}: can't be read", path);
  const nlohmann::json meta = nlohmann::json::parse(file, nullptr, false);
  if (!meta.is_object() || !meta.contains("calls") || !meta["calls"].is_array()) {
    return InvalidArgument("{}: not a JSON object with a list of calls", path);
  }
  const fs::path folder = fs::path(path).parent_path();
  CallList list;
  list.program = folder / "model.pte";
  for (const auto& entry : meta.value("files", nlohmann::json::array())) {
    if (!entry.is_object() || !entry.contains("name")) continue;
    ETD_ASSIGN_OR_RETURN(const std::string name, PlainName(entry["name"]));
    if (name.ends_with(".ptd")) list.data_files.push_back(folder / name);
  }
  for (const auto& entry : meta["calls"]) {
    absl::StatusOr<Call> call = ParseCall(entry, folder);
    if (!call.ok()) return Annotate(call.status(), path);
    list.calls.push_back(*std::move(call));
  }
  return list;
}

}  // namespace

absl::Status RunProgram(const RunOptions& options) {
  CallList list{options.program, options.data_files, {{options.method, options.inputs, {}}}};
  if (!options.calls.empty()) {
    ETD_ASSIGN_OR_RETURN(list, ReadCalls(options.calls));
  } else if (options.program.empty()) {
    return InvalidArgument("give a .pte file, or --calls with a meta.json");
  }
  std::error_code error;
  fs::create_directories(options.output_dir, error);
  if (error) return InvalidArgument("{}: can't be made: {}", options.output_dir, error.message());
  ETD_ASSIGN_OR_RETURN(const std::unique_ptr<Workbench> workbench, Workbench::Create(options.threads));
  ETD_ASSIGN_OR_RETURN(std::shared_ptr<exec::LoadedProgram> program, workbench->Load(list.program, list.data_files));
  ETD_ASSIGN_OR_RETURN(const std::unique_ptr<llm::ProgramModule> module,
                       llm::ProgramModule::Create(std::move(program), {options.reference}));
  ETD_ASSIGN_OR_RETURN(const std::unique_ptr<engine::Instance> instance, module->CreateInstance());
  for (const Call& call : list.calls) ETD_RETURN_IF_ERROR(Execute(*module, *instance, call, options.output_dir));
  return absl::OkStatus();
}

}  // namespace etd::etrun
