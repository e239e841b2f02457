#include "runtime/text/chat/call_binding.h"

#include <algorithm>

#include "runtime/text/chat/interpreter_objects.h"

namespace etd::text {

absl::StatusOr<Bound> Bound::Bind(const CallArgs& args, std::initializer_list<std::string_view> parameters,
                                  size_t required) {
  Bound bound;
  bound.names_.assign(parameters.begin(), parameters.end());
  bound.values_.resize(parameters.size());
  bound.given_.resize(parameters.size());
  if (args.positional.size() > parameters.size()) {
    return InvalidArgument("{} arguments are given, at most {} are taken", args.positional.size(), parameters.size());
  }
  for (size_t i = 0; i < args.positional.size(); ++i) {
    bound.values_[i] = args.positional[i];
    bound.given_[i] = true;
  }
  for (const auto& [name, value] : args.named) {
    const auto found = std::find(bound.names_.begin(), bound.names_.end(), name);
    const auto i = static_cast<size_t>(found - bound.names_.begin());
    if (found == bound.names_.end()) return InvalidArgument("there is no argument named {}", name);
    if (bound.given_[i]) return InvalidArgument("the argument {} is given twice", name);
    bound.values_[i] = value;
    bound.given_[i] = true;
  }
  for (size_t i = 0; i < required; ++i) {
    if (!bound.given_[i]) return InvalidArgument("the argument {} is missing", bound.names_[i]);
  }
  return bound;
}

absl::StatusOr<std::string> Bound::Text(size_t i, std::string_view missing) const {
  if (!given_[i]) return std::string(missing);
  if (values_[i].is(Kind::kString)) return values_[i].text();
  if (values_[i].is(Kind::kUndefined)) return UndefinedError(values_[i]);
  return InvalidArgument("the argument {} must be a text, not a {}", names_[i], TypeName(values_[i]));
}

absl::StatusOr<int64_t> Bound::Integer(size_t i, int64_t missing) const {
  if (!given_[i]) return missing;
  if (values_[i].is_integral()) return values_[i].as_integer();
  return InvalidArgument("the argument {} must be an integer, not a {}", names_[i], TypeName(values_[i]));
}

bool Bound::Flag(size_t i, bool missing) const { return given_[i] ? Truthy(values_[i]) : missing; }

}  // namespace etd::text
