// What a `.pte` file says, as plain data: copied out of the file's flatbuffer and verified when the program is loaded.
//
// Everything here is immutable after load and may be read by any thread. Spans point into the loaded files and live as
// long as the Program they come from; they start at addresses that are multiples of kByteAlignment. Readers need not
// check again: indices are in range and of the right kind, sizes can't overflow, and bytes are as long as their tensor.
#ifndef ETD_RUNTIME_PROGRAM_PROGRAM_VIEW_H_
#define ETD_RUNTIME_PROGRAM_PROGRAM_VIEW_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/tensor/scalar_type.h"
#include "runtime/tensor/value.h"

namespace etd::program {

// Alignment in bytes of constants, initial data, named data, delegate blobs and bundled tensors.
inline constexpr size_t kByteAlignment = 16;
// No tensor and no arena of a program is larger.
inline constexpr uint64_t kMaxBytes = uint64_t{1} << 40;

// Element type, shape and memory order of a dense tensor.
struct TensorLayout {
  tensor::ScalarType dtype = tensor::ScalarType::kFloat32;
  std::vector<int32_t> sizes;      // Each ≥ 0; at most tensor::kMaxRank of them.
  std::vector<uint8_t> dim_order;  // A permutation of 0…rank-1: dimensions from outermost to innermost in memory.

  int64_t numel() const;
  size_t nbytes() const;
  friend bool operator==(const TensorLayout&, const TensorLayout&) = default;
};

enum class Dynamism : uint8_t {
  kStatic,        // The sizes never change.
  kDynamicBound,  // Sizes are the first sizes and give the bound: the number of elements never exceeds theirs.
};

enum class Storage : uint8_t {
  kConstant,            // `data` holds the elements. Nothing may write to them: the pages are read-only.
  kPlanned,             // Arena memory that starts as zeros.
  kPlannedInitialised,  // Arena memory that starts as `data`.
  kUnbound,             // The caller or another tensor gives the memory at run time (inputs, outputs of views).
  kExternal,            // As kConstant, found in a data file or in named data by `name`.
  kExternalMutable,     // As kPlannedInitialised, found as kExternal is.
};

struct TensorSpec {
  TensorLayout layout;
  Dynamism dynamism = Dynamism::kStatic;
  Storage storage = Storage::kUnbound;
  std::span<const std::byte> data;  // layout.nbytes() long where the storage has bytes, else empty.
  uint32_t memory_id = 0;           // Of planned storage: counts from 1, see MethodSpec::arena_sizes. Else 0.
  uint64_t memory_offset = 0;       // In bytes; memory_offset + layout.nbytes() is inside the arena.
  std::string name;                 // Unique, for example "layers.0.weight"; empty where the file names none.

  bool planned() const { return memory_id != 0; }
  bool constant() const { return storage == Storage::kConstant || storage == Storage::kExternal; }
};

// Lists of values hold indices into MethodSpec::values.
struct IntListSpec {
  std::vector<uint32_t> items;  // Int values; to be read again at each call, since instructions may write to them.
};
struct DoubleListSpec {
  std::vector<double> items;
};
struct BoolListSpec {
  std::vector<bool> items;
};
struct TensorListSpec {
  std::vector<uint32_t> items;  // Tensor values.
};
struct OptionalTensorListSpec {
  std::vector<int32_t> items;  // Tensor values, or -1 for no tensor (also where the file has the index of a None).
};

// The alternatives are in the order of tensor::Value::Kind.
using ValueSpec = std::variant<std::monostate, int64_t, double, bool, std::string, TensorSpec, IntListSpec,
                               DoubleListSpec, BoolListSpec, TensorListSpec, OptionalTensorListSpec>;

inline tensor::Value::Kind KindOf(const ValueSpec& value) { return static_cast<tensor::Value::Kind>(value.index()); }

// Instructions name values by index.
struct KernelCall {
  uint32_t op = 0;             // Into MethodSpec::operators.
  std::vector<uint32_t> args;  // As the operator's schema, then its outputs again, once for each result.
};
struct DelegateCall {
  uint32_t delegate = 0;       // Into MethodSpec::delegates.
  std::vector<uint32_t> args;  // Inputs, then outputs.
};
// Makes `to` a second handle of what `from` holds. Both have the same kind; tensors the same type and rank.
struct MoveCall {
  uint32_t from = 0;
  uint32_t to = 0;
};
// Goes on at instruction `destination` (their number: the end) if `condition`, a Bool or a bool tensor, is false. A
// tensor is false if any element is.
struct JumpFalseCall {
  uint32_t condition = 0;
  uint32_t destination = 0;
};
// The tensor `value` is not read any more before it is written.
struct FreeCall {
  uint32_t value = 0;
};
using Instruction = std::variant<KernelCall, DelegateCall, MoveCall, JumpFalseCall, FreeCall>;

struct CompileSpec {
  std::string key;
  std::span<const std::byte> value;  // May be unaligned.
};

struct DelegateSpec {
  std::string id;                   // The backend's name, for example "XnnpackBackend".
  std::span<const std::byte> blob;  // What the backend's compiler wrote; may be empty. Not verified here.
  std::vector<CompileSpec> specs;
};

struct MethodSpec {
  std::string name;
  std::vector<ValueSpec> values;
  std::vector<uint32_t> inputs;   // Into values; tensors among them are not constant.
  std::vector<uint32_t> outputs;  // Into values.
  std::vector<std::string> operators;  // Name and overload: "aten::add.out", "aten::copy_".
  std::vector<DelegateSpec> delegates;
  std::vector<Instruction> instructions;  // May be empty: a method that returns constants.
  std::vector<uint64_t> arena_sizes;      // In bytes; arena_sizes[memory_id - 1].
};

// Bytes that delegates and tensors refer to by key.
struct NamedBytes {
  std::span<const std::byte> bytes;
  std::optional<TensorLayout> layout;  // layout->nbytes() ≤ bytes.size(). Absent in `.pte` files.
};
using NamedData = std::map<std::string, NamedBytes, std::less<>>;

// A recorded input or output.
struct BundledTensor {
  TensorLayout layout;
  std::span<const std::byte> data;  // layout.nbytes() long.
};
using BundledValue = std::variant<BundledTensor, int64_t, bool, double>;

// One call of a method of a bundled program. The values are not checked against the method's signature.
struct BundledCase {
  std::string method;
  std::vector<BundledValue> inputs;
  std::vector<BundledValue> expected_outputs;
};

}  // namespace etd::program

#endif  // ETD_RUNTIME_PROGRAM_PROGRAM_VIEW_H_
