#include "daemon/service/convert.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <utility>

#include "runtime/base/checked_math.h"
#include "runtime/base/status.h"
#include "scheduler/refusal.h"

namespace etd::service {
namespace {

constexpr int64_t kNanos = 1'000'000'000;
constexpr int64_t kMaxSeconds = 1'000'000'000;

struct TypeRow {
  v1::DataType wire;
  int8_t aten;
  uint64_t bytes;
};
constexpr std::array<TypeRow, 13> kTypes = {{{v1::DATA_TYPE_UINT8, 0, 1},
                                             {v1::DATA_TYPE_INT8, 1, 1},
                                             {v1::DATA_TYPE_INT16, 2, 2},
                                             {v1::DATA_TYPE_INT32, 3, 4},
                                             {v1::DATA_TYPE_INT64, 4, 8},
                                             {v1::DATA_TYPE_FLOAT16, 5, 2},
                                             {v1::DATA_TYPE_FLOAT32, 6, 4},
                                             {v1::DATA_TYPE_FLOAT64, 7, 8},
                                             {v1::DATA_TYPE_BOOL, 11, 1},
                                             {v1::DATA_TYPE_BFLOAT16, 15, 2},
                                             {v1::DATA_TYPE_UINT16, 27, 2},
                                             {v1::DATA_TYPE_UINT32, 28, 4},
                                             {v1::DATA_TYPE_UINT64, 29, 8}}};

v1::DataType WireType(int8_t aten) {
  const auto row = std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeRow& r) { return r.aten == aten; });
  return row == kTypes.end() ? v1::DATA_TYPE_UNSPECIFIED : row->wire;
}

absl::StatusOr<engine::HostTensor> TensorOf(const v1::Tensor& from, int index) {
  const auto row = std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeRow& r) { return r.wire == from.dtype(); });
  if (row == kTypes.end()) return InvalidArgument("input {}: the tensor has no dtype that this daemon knows", index);
  engine::HostTensor tensor;
  tensor.dtype = row->aten;
  uint64_t bytes = row->bytes;
  for (const int64_t size : from.shape()) {
    if (size < 0) return InvalidArgument("input {}: the size {} is negative", index, size);
    const auto product = CheckedMul(bytes, static_cast<uint64_t>(size));
    if (!product) return InvalidArgument("input {}: the shape is too large", index);
    bytes = *product;
    tensor.sizes.push_back(size);
  }
  if (bytes != from.data().size()) {
    return InvalidArgument("input {}: the shape needs {} bytes, and data has {}", index, bytes, from.data().size());
  }
  tensor.bytes = std::as_bytes(std::span(from.data().data(), from.data().size()));
  return tensor;
}

void FillType(const engine::ValueInfo& from, v1::ValueType* to) {
  to->set_kind(from.kind);
  if (from.kind != "tensor") return;
  to->set_dtype(WireType(from.dtype));
  for (const int64_t size : from.sizes) to->add_shape(size);
  to->set_dynamic(from.dynamic);
}

void FillDefaults(const models::GenerationDefaults& from, v1::Sampling* to) {
  if (from.temperature) to->set_temperature(*from.temperature);
  if (from.top_k) to->set_top_k(static_cast<uint32_t>(std::max(*from.top_k, 0)));
  if (from.top_p) to->set_top_p(*from.top_p);
  if (from.min_p) to->set_min_p(*from.min_p);
  if (from.repetition_penalty) to->set_repetition_penalty(*from.repetition_penalty);
}

void FillResident(const models::ResidentModel& from, v1::Model* to) {
  to->set_memory_bytes(from.memory_bytes);
  ToProto(from.loaded_at, to->mutable_loaded_at());
  to->set_can_generate(from.engine != nullptr);
  to->set_has_tokenizer(from.text != nullptr);
  to->set_has_chat_template(from.text != nullptr && from.text->has_chat_template());
  if (from.engine != nullptr) {
    const engine::ModelInfo& info = from.engine->info();
    to->set_vocab_size(info.vocab_size);
    to->set_max_context(info.max_context);
    to->set_state_bytes_per_token(info.state_bytes_per_token);
    to->set_state_bytes_fixed(info.state_bytes_fixed);
  }
  for (const int32_t token : from.end_tokens) to->add_end_token_ids(token);
  FillDefaults(from.defaults, to->mutable_defaults());
  if (from.module != nullptr) {
    for (const engine::MethodInfo& method : from.module->methods()) {
      v1::Method* out = to->add_methods();
      out->set_name(method.name);
      for (const engine::ValueInfo& input : method.inputs) FillType(input, out->add_inputs());
      for (const engine::ValueInfo& output : method.outputs) FillType(output, out->add_outputs());
    }
  }
  to->set_sha256(from.sha256);
  to->set_manifest_json(from.manifest_json);
}

}  // namespace

void ToProto(Duration from, google::protobuf::Duration* to) {
  to->set_seconds(from.count() / kNanos);
  to->set_nanos(static_cast<int32_t>(from.count() % kNanos));
}

void ToProto(WallTime from, google::protobuf::Timestamp* to) {
  const int64_t nanos = from.time_since_epoch().count();
  to->set_seconds(nanos / kNanos);
  to->set_nanos(static_cast<int32_t>(nanos % kNanos));
}

Duration FromProto(const google::protobuf::Duration& from) {
  const int64_t seconds = std::clamp<int64_t>(from.seconds(), 0, kMaxSeconds);
  const int64_t nanos = std::clamp<int64_t>(from.nanos(), 0, kNanos - 1);
  return Duration(seconds * kNanos + nanos);
}

void ToProto(const models::ModelView& from, v1::Model* to) {
  to->set_name(from.name);
  to->set_path(from.path);
  switch (from.state) {
    case models::ModelState::kAvailable: to->set_state(v1::MODEL_STATE_AVAILABLE); break;
    case models::ModelState::kLoading: to->set_state(v1::MODEL_STATE_LOADING); break;
    case models::ModelState::kReady: to->set_state(v1::MODEL_STATE_READY); break;
    case models::ModelState::kUnloading: to->set_state(v1::MODEL_STATE_UNLOADING); break;
  }
  to->set_file_bytes(from.file_bytes);
  to->set_uses(from.uses);
  to->set_active_requests(from.active);
  if (from.keep_alive > Duration::zero()) ToProto(from.keep_alive, to->mutable_keep_alive());
  if (from.model == nullptr) return;
  ToProto(from.last_used, to->mutable_last_used_at());
  FillResident(*from.model, to);
}

void ToProto(engine::OutputValue from, v1::Value* to) {
  if (auto* tensor = std::get_if<engine::OwnedTensor>(&from)) {
    v1::Tensor* out = to->mutable_tensor();
    out->set_dtype(WireType(tensor->dtype));
    for (const int64_t size : tensor->sizes) out->add_shape(size);
    out->set_data(tensor->bytes.data(), tensor->bytes.size());
  } else if (const auto* number = std::get_if<int64_t>(&from)) {
    to->set_int_value(*number);
  } else if (const auto* real = std::get_if<double>(&from)) {
    to->set_double_value(*real);
  } else if (const auto* truth = std::get_if<bool>(&from)) {
    to->set_bool_value(*truth);
  } else if (auto* text = std::get_if<std::string>(&from)) {
    to->set_string_value(std::move(*text));
  } else {
    to->mutable_none();
  }
}

absl::StatusOr<engine::InputValue> FromProto(const v1::Value& from, int index) {
  switch (from.value_case()) {
    case v1::Value::kTensor: {
      ETD_ASSIGN_OR_RETURN(engine::HostTensor tensor, TensorOf(from.tensor(), index));
      return engine::InputValue(std::move(tensor));
    }
    case v1::Value::kIntValue: return engine::InputValue(from.int_value());
    case v1::Value::kDoubleValue: return engine::InputValue(from.double_value());
    case v1::Value::kBoolValue: return engine::InputValue(from.bool_value());
    case v1::Value::kStringValue: return engine::InputValue(from.string_value());
    case v1::Value::kNone: return engine::InputValue(std::monostate());
    case v1::Value::VALUE_NOT_SET: break;
  }
  return InvalidArgument("input {} has no value; an absent optional argument is `none`", index);
}

std::string ErrorDetails(const absl::Status& status) {
  const std::optional<scheduler::Refusal> refusal = scheduler::RefusalOf(status);
  if (!refusal) return "";
  v1::Refusal wire;
  wire.set_limit(refusal->limit);
  wire.set_maximum(refusal->maximum);
  wire.set_current(refusal->current);
  wire.set_queue_length(refusal->queue_length);
  v1::ErrorStatus error;
  error.set_code(static_cast<int32_t>(status.code()));
  error.set_message(status.message().data(), status.message().size());
  if (refusal->retry_after) {
    ToProto(*refusal->retry_after, wire.mutable_retry_after());
    v1::RetryDelay delay;
    ToProto(*refusal->retry_after, delay.mutable_retry_delay());
    google::protobuf::Any* any = error.add_details();
    any->set_type_url("type.googleapis.com/google.rpc.RetryInfo");
    delay.SerializeToString(any->mutable_value());
  }
  error.add_details()->PackFrom(wire);
  return error.SerializeAsString();
}

}  // namespace etd::service
