#include "runtime/llm/causal_lm_shape.h"

#include <algorithm>
#include <cstring>
#include <variant>

#include "runtime/base/status.h"

namespace etd::llm {
namespace {

using program::TensorSpec;
using tensor::ScalarType;

absl::Status NotCausal(std::string_view why) {
  return FailedPrecondition("this program is not a causal language model: {}", why);
}

const TensorSpec* TensorAt(const program::MethodSpec& method, uint32_t index) {
  return std::get_if<TensorSpec>(&method.values[index]);
}

void AppendTensorInts(const TensorSpec& spec, std::vector<int64_t>& numbers) {
  if (!spec.constant() || spec.layout.dtype != ScalarType::kInt64) return;
  const size_t count = spec.data.size() / sizeof(int64_t);
  const size_t start = numbers.size();
  numbers.resize(start + count);
  if (count > 0) std::memcpy(numbers.data() + start, spec.data.data(), count * sizeof(int64_t));
}

// Caches have their positions in dimension 1 or 2; the longest state of rank 4 says how many there are.
int64_t LongestCache(const program::MethodSpec& method) {
  int64_t longest = 0;
  for (const program::ValueSpec& value : method.values) {
    const auto* spec = std::get_if<TensorSpec>(&value);
    if (spec == nullptr || !spec->planned() || spec->dynamism != program::Dynamism::kStatic) continue;
    if (spec->layout.sizes.size() == 4 && spec->layout.sizes[0] == 1) {
      longest = std::max<int64_t>({longest, spec->layout.sizes[1], spec->layout.sizes[2]});
    }
  }
  return longest;
}

absl::Status ReadInputs(const program::MethodSpec& method, CausalLmShape& shape) {
  if (method.inputs.size() != 2) return NotCausal("forward does not take tokens and positions");
  const TensorSpec* tokens = TensorAt(method, method.inputs[0]);
  const TensorSpec* positions = TensorAt(method, method.inputs[1]);
  if (tokens == nullptr || tokens->layout.dtype != ScalarType::kInt64 || tokens->layout.sizes.size() != 2 ||
      tokens->layout.sizes[0] != 1) {
    return NotCausal("its first input is not tokens of shape [1, S]");
  }
  if (positions == nullptr || positions->layout.dtype != ScalarType::kInt64 || positions->layout.sizes.size() != 1) {
    return NotCausal("its second input is not positions of shape [S] or [1]");
  }
  shape.static_tokens = tokens->dynamism == program::Dynamism::kStatic;
  shape.max_segment_tokens = tokens->layout.sizes[1];
  if (shape.static_tokens && shape.max_segment_tokens != 1) {
    return NotCausal("it takes a fixed number of tokens at a time; export it with dynamic shapes");
  }
  shape.position_per_token = shape.static_tokens || positions->dynamism == program::Dynamism::kDynamicBound;
  return absl::OkStatus();
}

absl::Status ReadOutput(const program::MethodSpec& method, CausalLmShape& shape) {
  if (method.outputs.empty()) return NotCausal("forward returns nothing");
  const TensorSpec* logits = TensorAt(method, method.outputs[0]);
  if (logits == nullptr || !tensor::IsFloating(logits->layout.dtype) ||
      logits->layout.dtype == ScalarType::kFloat64) {
    return NotCausal("its output is not logits");
  }
  const std::vector<int32_t>& sizes = logits->layout.sizes;
  if (sizes.empty() || sizes[0] != 1 || (sizes.size() != 2 && sizes.size() != 3) || sizes.back() <= 1) {
    return NotCausal("its output is not logits of shape [1, S, vocabulary] or [1, vocabulary]");
  }
  shape.logits_per_token = sizes.size() == 3;
  shape.vocabulary = sizes.back();
  return absl::OkStatus();
}

}  // namespace

std::vector<int64_t> MetadataInts(const program::Program& program, std::string_view name) {
  const program::MethodSpec* method = program.FindMethod(name);
  std::vector<int64_t> numbers;
  if (method == nullptr || !method->inputs.empty() || !method->instructions.empty()) return numbers;
  for (const uint32_t output : method->outputs) {
    const program::ValueSpec& value = method->values[output];
    if (const auto* number = std::get_if<int64_t>(&value)) numbers.push_back(*number);
    if (const auto* tensor = std::get_if<TensorSpec>(&value)) AppendTensorInts(*tensor, numbers);
  }
  return numbers;
}

absl::StatusOr<CausalLmShape> DescribeCausalLm(const program::Program& program) {
  CausalLmShape shape;
  shape.method = program.FindMethod("forward");
  if (shape.method == nullptr) return NotCausal("it has no method named forward");
  ETD_RETURN_IF_ERROR(ReadInputs(*shape.method, shape));
  ETD_RETURN_IF_ERROR(ReadOutput(*shape.method, shape));
  for (const char* name : {"get_max_context_len", "get_max_seq_len"}) {
    const std::vector<int64_t> limit = MetadataInts(program, name);
    if (shape.max_context == 0 && !limit.empty()) shape.max_context = limit[0];
  }
  const int64_t cache = LongestCache(*shape.method);
  if (shape.max_context <= 0) shape.max_context = cache;
  if (cache > 0) shape.max_context = std::min(shape.max_context, cache);
  if (shape.max_context <= 0) return NotCausal("it has no cache: it can't continue a text");
  for (const char* name : {"get_eos_ids", "get_eos_id"}) {
    for (const int64_t id : MetadataInts(program, name)) {
      const auto token = static_cast<int32_t>(id);
      if (id < 0 || id >= shape.vocabulary) continue;
      if (std::ranges::find(shape.end_token_ids, token) == shape.end_token_ids.end()) shape.end_token_ids.push_back(token);
    }
  }
  const std::vector<int64_t> begin = MetadataInts(program, "get_bos_id");
  if (!begin.empty() && begin[0] >= 0 && begin[0] < shape.vocabulary) {
    shape.begin_token_id = static_cast<int32_t>(begin[0]);
  }
  return shape;
}

}  // namespace etd::llm
