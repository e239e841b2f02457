// How an operator is described to the runtime and how it gets its arguments. No kernels here.
#ifndef ETD_RUNTIME_KERNEL_KERNEL_H_
#define ETD_RUNTIME_KERNEL_KERNEL_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/status.h"
#include "runtime/kernel/random.h"
#include "runtime/kernel/row_rule.h"
#include "runtime/memory/arena.h"
#include "runtime/tensor/value.h"
#include "runtime/threads/thread_pool.h"

namespace etd::kernel {

// What a parameter accepts. Every call is checked against its operator's parameters once, at load.
enum class Parameter : uint8_t {
  kTensor,
  kOptionalTensor,
  kInt,
  kOptionalInt,
  kDouble,          // an Int value is not accepted: the format stores doubles as Double
  kOptionalDouble,
  kBool,
  kOptionalBool,
  kScalar,          // Int, Double or Bool
  kOptionalScalar,
  kString,
  kOptionalString,
  kIntList,
  kOptionalIntList,
  kDoubleList,
  kOptionalDoubleList,
  kBoolList,
  kTensorList,
  kOptionalTensorList,  // a list whose elements may be missing
  kOut,             // a tensor that the kernel resizes and writes
  kOutList,         // a list of such tensors
  kOutNumber,       // an Int, Double or Bool value that the kernel writes
};

// An Int, Double or Bool argument.
struct Scalar {
  enum class Kind : uint8_t { kInt, kDouble, kBool } kind = Kind::kInt;
  int64_t integer = 0;   // kInt, and 0 or 1 for kBool
  double floating = 0;   // kDouble
  template <typename T>
  T To() const {
    return kind == Kind::kDouble ? static_cast<T>(floating) : static_cast<T>(integer);
  }
};

// Up to this many list elements are read without touching the heap.
using IntVector = absl::InlinedVector<int64_t, tensor::kMaxRank>;

// The arguments of one call. Argument i is the operator's parameter i; kinds were checked at load, so accessors don't.
// Made once per call site and used for every execution. Not thread-safe.
class KernelContext {
 public:
  // Borrows everything; `arguments` outlives the context.
  KernelContext(std::span<tensor::Value* const> arguments, threads::ThreadPool* threads, memory::ScratchBuffer* scratch,
                RandomStream* random)
      : arguments_(arguments), threads_(threads), scratch_(scratch), random_(random) {}

  size_t size() const { return arguments_.size(); }
  std::span<tensor::Value* const> arguments() const { return arguments_; }
  const tensor::Value& value(size_t i) const { return *arguments_[i]; }
  tensor::Value& mutable_value(size_t i) { return *arguments_[i]; }
  bool has(size_t i) const { return !arguments_[i]->is_none(); }

  // Inputs and outputs alike.
  tensor::Tensor& tensor(size_t i) const { return arguments_[i]->tensor(); }
  // Null where the argument is None.
  tensor::Tensor* optional_tensor(size_t i) const { return has(i) ? &arguments_[i]->tensor() : nullptr; }

  int64_t integer(size_t i) const { return arguments_[i]->integer(); }
  std::optional<int64_t> optional_integer(size_t i) const {
    return has(i) ? std::optional<int64_t>(integer(i)) : std::nullopt;
  }
  double floating(size_t i) const { return arguments_[i]->floating(); }
  std::optional<double> optional_floating(size_t i) const {
    return has(i) ? std::optional<double>(floating(i)) : std::nullopt;
  }
  bool boolean(size_t i) const { return arguments_[i]->boolean(); }
  Scalar scalar(size_t i) const {
    switch (arguments_[i]->kind()) {
      case tensor::Value::Kind::kDouble: return {Scalar::Kind::kDouble, 0, floating(i)};
      case tensor::Value::Kind::kBool: return {Scalar::Kind::kBool, boolean(i) ? 1 : 0, 0};
      default: return {Scalar::Kind::kInt, integer(i), 0};
    }
  }
  std::optional<Scalar> optional_scalar(size_t i) const {
    return has(i) ? std::optional<Scalar>(scalar(i)) : std::nullopt;
  }
  std::string_view string(size_t i) const { return arguments_[i]->string(); }
  // The list's current numbers.
  IntVector integers(size_t i) const {
    IntVector result;
    for (const tensor::Value* item : arguments_[i]->items()) result.push_back(item->integer());
    return result;
  }
  const std::vector<double>& doubles(size_t i) const { return arguments_[i]->doubles(); }
  const std::vector<bool>& booleans(size_t i) const { return arguments_[i]->booleans(); }
  // Tensor lists; an element of an optional list may be null.
  std::span<tensor::Value* const> items(size_t i) const { return arguments_[i]->items(); }

  threads::ThreadPool& threads() const { return *threads_; }
  // At least `bytes` of working memory, 64-byte aligned, valid until the kernel returns. One at a time.
  absl::StatusOr<std::byte*> scratch(size_t bytes) const { return scratch_->Get(bytes); }
  // Only for kernels that say so (`draws_numbers`), and not from the threads of a parallel loop.
  RandomStream& random() const { return *random_; }

 private:
  std::span<tensor::Value* const> arguments_;
  threads::ThreadPool* threads_;
  memory::ScratchBuffer* scratch_;
  RandomStream* random_;
};

// An operator as the runtime knows it. Definitions are constants that live for the whole process.
//
// The two functions divide the work so that steps of one shape repeat only the second:
//  - `prepare` checks dtypes, shapes and numbers and gives every output its shape (Tensor::Resize, SetDimOrder). It reads
//    no tensor data, except operators whose shape depends on data (`shape_depends_on_data`). Tensors may have no memory.
//  - `run` computes, after a prepare with the same shapes and numbers; Int, Double and Bool arguments marked in no list
//    are as they were, unless the caller prepared again. Memory is bound. Outputs never overlap inputs unless the program
//    passes the same tensor (in-place operators).
// Arguments beyond `parameters` are the return slots of the call, which repeat the outputs; kernels ignore them.
struct Kernel {
  std::string_view name;                     // "aten::add.out", the name that programs call
  std::vector<Parameter> parameters;
  absl::Status (*prepare)(KernelContext&) = nullptr;
  absl::Status (*run)(KernelContext&) = nullptr;
  bool shape_depends_on_data = false;        // nonzero, masked_select: prepare needs the inputs' bytes
  // The output is a view: it has the bytes of the input, in the same order. `run` copies; an executor that can alias
  // binds the output's memory to the input's instead and never calls it. Parameter number of the input.
  std::optional<uint8_t> view_of = std::nullopt;
  // How rows of the inputs become rows of the output; null: they may mix.
  RowRule row_rule = nullptr;
  // Parameters that `run` changes although they are no outputs: self of in-place operators, a cache. They are read too.
  std::vector<uint8_t> mutates = {};
  // The outputs' shapes follow from the shapes of the tensors alone, not from numbers and lists: a start position that
  // changes from step to step does not change them.
  bool shape_ignores_numbers = false;
  // Turns parameter 0, weights in the file, into another form of them: done once for a program, whoever asks; the file's
  // pages are given back then.
  bool packs_weights = false;
  // `run` takes random numbers: every call gives another result, so calls are neither merged nor computed once.
  bool draws_numbers = false;
};

}  // namespace etd::kernel

#endif  // ETD_RUNTIME_KERNEL_KERNEL_H_
