// Status construction with formatted messages, and the two propagation macros of the project.
#ifndef ETD_RUNTIME_BASE_STATUS_H_
#define ETD_RUNTIME_BASE_STATUS_H_

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace etd {

// Debian 12's absl::string_view is a type of its own; these two convert at the border.
inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view ToStd(absl::string_view text) { return {text.data(), text.size()}; }

template <typename... Args>
absl::Status MakeStatus(absl::StatusCode code, fmt::format_string<Args...> format, Args&&... args) {
  return absl::Status(code, fmt::format(format, std::forward<Args>(args)...));
}

// The caller sent or the file holds something that can never work.
template <typename... Args>
absl::Status InvalidArgument(fmt::format_string<Args...> format, Args&&... args) {
  return MakeStatus(absl::StatusCode::kInvalidArgument, format, std::forward<Args>(args)...);
}
template <typename... Args>
absl::Status NotFound(fmt::format_string<Args...> format, Args&&... args) {
  return MakeStatus(absl::StatusCode::kNotFound, format, std::forward<Args>(args)...);
}
// The file or request is valid but needs something this build does not have.
template <typename... Args>
absl::Status Unimplemented(fmt::format_string<Args...> format, Args&&... args) {
  return MakeStatus(absl::StatusCode::kUnimplemented, format, std::forward<Args>(args)...);
}
// Memory, disk, quota or a queue is full; the same call may work later.
template <typename... Args>
absl::Status ResourceExhausted(fmt::format_string<Args...> format, Args&&... args) {
  return MakeStatus(absl::StatusCode::kResourceExhausted, format, std::forward<Args>(args)...);
}
// The object is not in a state in which the call makes sense.
template <typename... Args>
absl::Status FailedPrecondition(fmt::format_string<Args...> format, Args&&... args) {
  return MakeStatus(absl::StatusCode::kFailedPrecondition, format, std::forward<Args>(args)...);
}
template <typename... Args>
absl::Status OutOfRange(fmt::format_string<Args...> format, Args&&... args) {
  return MakeStatus(absl::StatusCode::kOutOfRange, format, std::forward<Args>(args)...);
}
template <typename... Args>
absl::Status PermissionDenied(fmt::format_string<Args...> format, Args&&... args) {
  return MakeStatus(absl::StatusCode::kPermissionDenied, format, std::forward<Args>(args)...);
}
// A bug of ours, or a library that broke its contract.
template <typename... Args>
absl::Status Internal(fmt::format_string<Args...> format, Args&&... args) {
  return MakeStatus(absl::StatusCode::kInternal, format, std::forward<Args>(args)...);
}

// The same error with `context` in front of its message ("context: message").
inline absl::Status Annotate(const absl::Status& status, std::string_view context) {
  if (status.ok()) return status;
  return absl::Status(status.code(), fmt::format("{}: {}", context, ToStd(status.message())));
}

}  // namespace etd

#define ETD_CONCAT_INNER(a, b) a##b
#define ETD_CONCAT(a, b) ETD_CONCAT_INNER(a, b)

// Returns from the enclosing function when `expression` (an absl::Status) is an error.
#define ETD_RETURN_IF_ERROR(expression)                              \
  do {                                                               \
    if (absl::Status etd_status = (expression); !etd_status.ok()) {  \
      return etd_status;                                             \
    }                                                                \
  } while (false)

// Assigns the value of an absl::StatusOr to `target` (which may be a declaration), or returns its error.
#define ETD_ASSIGN_OR_RETURN(target, expression) \
  ETD_ASSIGN_OR_RETURN_INNER(ETD_CONCAT(etd_result_, __LINE__), target, expression)
#define ETD_ASSIGN_OR_RETURN_INNER(result, target, expression) \
  auto result = (expression);                                  \
  if (!result.ok()) return std::move(result).status();         \
  target = *std::move(result)

#endif  // ETD_RUNTIME_BASE_STATUS_H_
