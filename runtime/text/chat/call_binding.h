// Arguments of built-in functions by position or name. Inside this folder only.
#ifndef ETD_RUNTIME_TEXT_CHAT_CALL_BINDING_H_
#define ETD_RUNTIME_TEXT_CHAT_CALL_BINDING_H_

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/text/chat/value.h"

namespace etd::text {

// The arguments of one call in the order of the function's parameters.
class Bound {
 public:
  // `required` of the parameters must be given. InvalidArgument for missing, unknown, double or too many arguments.
  static absl::StatusOr<Bound> Bind(const CallArgs& args, std::initializer_list<std::string_view> parameters,
                                    size_t required = 0);

  bool has(size_t i) const { return given_[i]; }
  const Value& operator[](size_t i) const { return values_[i]; }
  // The argument, or what is assumed if it is missing.
  absl::StatusOr<std::string> Text(size_t i, std::string_view missing = {}) const;
  absl::StatusOr<int64_t> Integer(size_t i, int64_t missing) const;
  bool Flag(size_t i, bool missing) const;
  bool none(size_t i) const { return !given_[i] || values_[i].is(Kind::kNone); }

 private:
  std::vector<std::string_view> names_;
  std::vector<Value> values_;
  std::vector<bool> given_;
};

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_CHAT_CALL_BINDING_H_
