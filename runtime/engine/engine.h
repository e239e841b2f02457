// What a scheduler may ask of a loaded model: ids, spans and numbers; no tensors, no tokenizer, no policy.
//
// A step is a list of segments. Each segment gives one session some tokens at a start position and says which logits
// are wanted. State (the KV cache and whatever else a method mutates) belongs to a session and grows as it is filled;
// weights and activations exist once per model.
#ifndef ETD_RUNTIME_ENGINE_ENGINE_H_
#define ETD_RUNTIME_ENGINE_ENGINE_H_

#include <cstdint>
#include <optional>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace etd::engine {

using SessionId = uint64_t;

// The token picked from one row of logits, with the log-probabilities that were asked for.
struct TokenChoice {
  int32_t token = 0;
  float logprob = 0;                                   // of `token`, natural logarithm
  std::vector<std::pair<int32_t, float>> top_logprobs;  // empty unless asked for; best first
};

// Picks a token from logits; implemented by whoever owns the request (sampling parameters, penalties, grammar).
// Called on the thread that runs Step, once per segment that has one.
class TokenChooser {
 public:
  virtual ~TokenChooser() = default;
  // `logits` [vocab_size] are valid during the call; `position` is the position that the chosen token will take.
  virtual absl::StatusOr<TokenChoice> Choose(std::span<const float> logits, int64_t position) = 0;
};

struct Segment {
  enum class Logits : uint8_t { kNone, kLast, kAll };

  SessionId session = 0;
  std::span<const int32_t> tokens;    // at least one; borrowed until Step returns
  int64_t start_position = 0;         // must equal the session's length
  Logits logits = Logits::kNone;      // which rows SegmentResult::logits carries
  TokenChooser* chooser = nullptr;    // borrowed; when given, it picks a token from the last row's logits
};

struct SegmentResult {
  absl::Status status;                // an error leaves the session as long as it was before the step
  std::optional<TokenChoice> choice;  // present iff a chooser was given and status is OK
  std::span<const float> logits;      // [rows wanted, vocab_size]; valid until the next Step of the engine
};

struct ModelInfo {
  int32_t vocab_size = 0;
  int64_t max_context = 0;            // positions a session can hold
  int64_t max_segment_tokens = 0;     // tokens one segment may have; longer prompts are cut by the caller
  std::vector<int32_t> end_token_ids;  // from the program's own metadata (get_eos_ids, get_eos_id); may be empty
  std::optional<int32_t> begin_token_id;
  uint64_t weight_bytes = 0;          // packed weights and constants held in memory
  uint64_t state_bytes_per_token = 0;  // growth of a session by one position
  uint64_t state_bytes_fixed = 0;      // of a session, whatever its length
  bool fuses_sessions = false;        // a step computes rows of several sessions together, where that changes nothing
  bool can_rewind = true;              // false where ring caches forget (sliding windows)
};

// Not thread-safe: one thread at a time, the executor's, but `info()` may be called from any thread.
class Engine {
 public:
  virtual ~Engine() = default;

  virtual const ModelInfo& info() const = 0;

  // An empty session. Errors: RESOURCE_EXHAUSTED.
  virtual absl::StatusOr<SessionId> CreateSession() = 0;
  // Unknown ids are ignored. The memory is given back at once.
  virtual void DeleteSession(SessionId session) = 0;
  // Positions filled. Errors: NOT_FOUND.
  virtual absl::StatusOr<int64_t> SessionLength(SessionId session) const = 0;
  // Forgets everything from `length` on. Errors: NOT_FOUND, OUT_OF_RANGE, FAILED_PRECONDITION (can_rewind is false and
  // length is not 0).
  virtual absl::Status RewindSession(SessionId session, int64_t length) = 0;
  // Bytes of memory that the session's state holds.
  virtual uint64_t SessionBytes(SessionId session) const = 0;

  // Runs all segments; `results` has as many entries. A session may be in at most one segment. One segment's error
  // does not disturb the others.
  virtual void Step(std::span<const Segment> segments, std::span<SegmentResult> results) = 0;
};

// ---- Single calls of any method of any program (Infer).

// A tensor in host memory; row-major.
struct HostTensor {
  int8_t dtype = 6;                   // ATen's ScalarType number
  std::vector<int64_t> sizes;
  std::span<const std::byte> bytes;   // borrowed
};
struct OwnedTensor {
  int8_t dtype = 6;
  std::vector<int64_t> sizes;
  std::vector<std::byte> bytes;
};
// One argument or result of a method.
using InputValue = std::variant<std::monostate, HostTensor, int64_t, double, bool, std::string>;
using OutputValue = std::variant<std::monostate, OwnedTensor, int64_t, double, bool, std::string>;

struct ValueInfo {
  std::string kind;                   // "tensor", "int", "double", "bool", "string", "none"
  int8_t dtype = 6;                   // tensors only
  std::vector<int64_t> sizes;         // tensors only; the upper bound where dynamic
  bool dynamic = false;
};
struct MethodInfo {
  std::string name;
  std::vector<ValueInfo> inputs;
  std::vector<ValueInfo> outputs;
};

// A loaded program whose methods can be called. State that methods mutate is fresh for each Instance.
class Instance {
 public:
  virtual ~Instance() = default;
  // Calls `method`; not thread-safe. Errors: NOT_FOUND (method), INVALID_ARGUMENT (inputs), whatever a kernel says.
  // `wanted` lists the outputs to return by index, all when empty.
  virtual absl::StatusOr<std::vector<OutputValue>> Call(std::string_view method, std::span<const InputValue> inputs,
                                                        std::span<const int32_t> wanted) = 0;
};
class Module {
 public:
  virtual ~Module() = default;
  virtual std::span<const MethodInfo> methods() const = 0;   // any thread
  virtual uint64_t weight_bytes() const = 0;                  // any thread
  // Weights are shared by all instances. Executor thread.
  virtual absl::StatusOr<std::unique_ptr<Instance>> CreateInstance() = 0;
};

}  // namespace etd::engine

#endif  // ETD_RUNTIME_ENGINE_ENGINE_H_
