// infer: one call of a program's method.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "clients/etctl/commands.h"
#include "clients/etctl/format.h"
#include "clients/etctl/json.h"
#include "clients/etctl/npy.h"

namespace etd::etctl {
namespace {

absl::Status WrongInput(std::string_view input, std::string_view what) {
  return absl::InvalidArgumentError(fmt::format("--input {}: {}", input, what));
}

template <typename Number>
bool ParseNumber(std::string_view text, Number* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size();
}

absl::StatusOr<v1::Value> ParseInput(const std::string& input) {
  v1::Value value;
  const size_t colon = input.find(':');
  const std::string kind = input.substr(0, colon);
  const std::string_view rest = colon == std::string::npos ? "" : std::string_view(input).substr(colon + 1);
  if (input == "none") {
    value.mutable_none();
  } else if (colon == std::string::npos) {
    absl::StatusOr<v1::Tensor> tensor = ReadNpy(input);
    if (!tensor.ok()) return tensor.status();
    *value.mutable_tensor() = *std::move(tensor);
  } else if (kind == "int") {
    int64_t number = 0;
    if (!ParseNumber(rest, &number)) return WrongInput(input, "this is no 64-bit integer");
    value.set_int_value(number);
  } else if (kind == "double") {
    double number = 0;
    if (!ParseNumber(rest, &number)) return WrongInput(input, "this is no number");
    value.set_double_value(number);
  } else if (kind == "bool") {
    if (rest != "true" && rest != "false") return WrongInput(input, "write bool:true or bool:false");
    value.set_bool_value(rest == "true");
  } else if (kind == "string") {
    value.set_string_value(std::string(rest));
  } else {
    absl::StatusOr<v1::Tensor> tensor = ReadNpy(input);
    if (!tensor.ok()) return tensor.status();
    *value.mutable_tensor() = *std::move(tensor);
  }
  return value;
}

bool HasUint16(const v1::InferRequest& request) {
  for (const v1::Value& input : request.inputs()) {
    if (input.tensor().dtype() == v1::DATA_TYPE_UINT16) return true;
  }
  return false;
}

// NumPy has no bfloat16: where the method wants it, uint16 is its bits. What the method wants is known once the model
// is loaded; before that the daemon's own error says what is wrong.
void MarkBfloat16(Context& context, v1::InferRequest* request) {
  if (!HasUint16(*request)) return;
  v1::GetModelRequest get;
  get.set_model(request->model());
  const auto model = context.client.GetModel(get);
  if (!model.ok()) return;
  for (const v1::Method& method : model->methods()) {
    if (method.name() != (request->method().empty() ? "forward" : request->method())) continue;
    for (int i = 0; i < std::min(method.inputs_size(), request->inputs_size()); ++i) {
      v1::Value* input = request->mutable_inputs(i);
      const bool wanted = method.inputs(i).dtype() == v1::DATA_TYPE_BFLOAT16;
      if (wanted && input->tensor().dtype() == v1::DATA_TYPE_UINT16) {
        input->mutable_tensor()->set_dtype(v1::DATA_TYPE_BFLOAT16);
      }
    }
  }
}

std::string ShapeText(const v1::Tensor& tensor) {
  std::string text;
  for (const int64_t size : tensor.shape()) text += fmt::format("{}{}", text.empty() ? "" : ", ", size);
  return "[" + text + "]";
}

std::string ScalarText(const v1::Value& value) {
  switch (value.value_case()) {
    case v1::Value::kIntValue: return fmt::format("{}", value.int_value());
    case v1::Value::kDoubleValue: return fmt::format("{}", value.double_value());
    case v1::Value::kBoolValue: return value.bool_value() ? "true" : "false";
    case v1::Value::kStringValue: return value.string_value();
    default: return "none";
  }
}

// With `file` where the tensor went; its elements themselves otherwise.
nlohmann::ordered_json ValueJson(v1::Value value, const std::string& file) {
  if (value.has_tensor() && !file.empty()) value.mutable_tensor()->clear_data();
  nlohmann::ordered_json json = ToJson(value);
  if (value.has_tensor() && !file.empty()) {
    json["tensor"].erase("data");
    json["tensor"]["file"] = file;
  }
  return json;
}

// The number that an output has among the method's, whichever were asked for.
uint32_t OutputNumber(const InferOptions& options, int position) {
  const auto at = static_cast<size_t>(position);
  return at < options.outputs.size() ? options.outputs[at] : static_cast<uint32_t>(position);
}

// The file of each output; empty where none was written.
absl::StatusOr<std::vector<std::string>> WriteOutputs(const InferOptions& options, const v1::InferResponse& response) {
  std::vector<std::string> files(static_cast<size_t>(response.outputs_size()));
  if (options.output_directory.empty()) return files;
  std::error_code error;
  std::filesystem::create_directories(options.output_directory, error);
  if (error) {
    return absl::InternalError(fmt::format("cannot make {}: {}", options.output_directory, error.message()));
  }
  for (int i = 0; i < response.outputs_size(); ++i) {
    if (!response.outputs(i).has_tensor()) continue;
    std::string& file = files[static_cast<size_t>(i)];
    file = (std::filesystem::path(options.output_directory) / fmt::format("output_{}.npy", OutputNumber(options, i)))
               .string();
    if (absl::Status status = WriteNpy(file, response.outputs(i).tensor()); !status.ok()) return status;
  }
  return files;
}

void PrintOutputsJson(Context& context, const v1::InferResponse& response, const std::vector<std::string>& files) {
  nlohmann::ordered_json json;
  json["outputs"] = nlohmann::ordered_json::array();
  for (int i = 0; i < response.outputs_size(); ++i) {
    json["outputs"].push_back(ValueJson(response.outputs(i), files[static_cast<size_t>(i)]));
  }
  json["queued"] = Seconds(response.queued());
  json["run"] = Seconds(response.run());
  context.console.out << JsonText(json, true) << '\n';
}

}  // namespace

ExitCode Run(Context& context, const InferOptions& options) {
  v1::InferRequest request;
  request.set_model(options.model);
  request.set_method(options.method);
  for (const std::string& input : options.inputs) {
    absl::StatusOr<v1::Value> value = ParseInput(input);
    if (!value.ok()) return Fail(context, value.status());
    *request.add_inputs() = *std::move(value);
  }
  for (const uint32_t output : options.outputs) request.add_outputs(output);
  MarkBfloat16(context, &request);
  const auto response = context.client.Infer(request);
  if (!response.ok()) return Fail(context, response.status());
  const auto files = WriteOutputs(options, *response);
  if (!files.ok()) return Fail(context, files.status());
  if (context.json) {
    PrintOutputsJson(context, *response, *files);
    return ExitCode::kOk;
  }
  Table table({{"OUTPUT", true}, {"TYPE"}, {"SHAPE"}, {"VALUE"}});
  for (int i = 0; i < response->outputs_size(); ++i) {
    const v1::Value& value = response->outputs(i);
    const std::string number = fmt::format("{}", OutputNumber(options, i));
    const std::string& file = (*files)[static_cast<size_t>(i)];
    if (value.has_tensor()) {
      table.Add({number, std::string(DataTypeName(value.tensor().dtype())), ShapeText(value.tensor()),
                 file.empty() ? "(--output-dir writes it)" : file});
    } else {
      table.Add({number, "", "", ScalarText(value)});
    }
  }
  context.console.out << table.Render(context.console.colours);
  context.console.err << "ran " << HumanSeconds(Seconds(response->run())) << std::endl;
  return ExitCode::kOk;
}

}  // namespace etd::etctl
