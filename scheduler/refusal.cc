#include "scheduler/refusal.h"

#include <charconv>

#include "absl/strings/cord.h"
#include "runtime/base/status.h"

namespace etd::scheduler {
namespace {

constexpr std::string_view kPayloadUrl = "etd/refusal";

template <typename T>
bool TakeNumber(std::string_view* text, T* value) {
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), *value);
  if (error != std::errc()) return false;
  text->remove_prefix(static_cast<size_t>(end - text->data()));
  if (!text->empty() && text->front() == ' ') text->remove_prefix(1);
  return true;
}

}  // namespace

absl::Status RefusalStatus(std::string_view message, const Refusal& refusal) {
  absl::Status status(absl::StatusCode::kResourceExhausted, ToAbsl(message));
  // "maximum current retry_ns queue_length limit"; -1 for no retry.
  status.SetPayload(ToAbsl(kPayloadUrl),
                    absl::Cord(fmt::format("{} {} {} {} {}", refusal.maximum, refusal.current,
                                           refusal.retry_after ? refusal.retry_after->count() : -1,
                                           refusal.queue_length, refusal.limit)));
  return status;
}

std::optional<Refusal> RefusalOf(const absl::Status& status) {
  const auto payload = status.GetPayload(ToAbsl(kPayloadUrl));
  if (!payload) return std::nullopt;
  const std::string bytes(*payload);
  std::string_view text = bytes;
  Refusal refusal;
  int64_t retry = -1;
  if (!TakeNumber(&text, &refusal.maximum) || !TakeNumber(&text, &refusal.current) || !TakeNumber(&text, &retry) ||
      !TakeNumber(&text, &refusal.queue_length)) {
    return std::nullopt;
  }
  if (retry >= 0) refusal.retry_after = Duration(retry);
  refusal.limit = std::string(text);
  return refusal;
}

}  // namespace etd::scheduler
