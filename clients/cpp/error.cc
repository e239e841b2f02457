#include "clients/cpp/error.h"

#include "absl/strings/cord.h"

namespace etd::client {
namespace {

constexpr char kConnectionUrl[] = "etd/connection";
constexpr char kRefusalUrl[] = "type.googleapis.com/etd.v1.Refusal";
// The last of the canonical codes (UNAUTHENTICATED).
constexpr int kLastCode = 16;

}  // namespace

absl::Status ConnectionError(absl::StatusCode code, const std::string& text) {
  absl::Status status(code, text);
  status.SetPayload(kConnectionUrl, absl::Cord());
  return status;
}

bool IsConnectionError(const absl::Status& status) { return status.GetPayload(kConnectionUrl).has_value(); }

std::optional<v1::Refusal> RefusalOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kRefusalUrl);
  v1::Refusal refusal;
  if (!payload || !refusal.ParseFromString(std::string(*payload))) return std::nullopt;
  return refusal;
}

absl::Status StatusFromWire(int code, const std::string& text, const std::string& details) {
  if (code == 0) return absl::OkStatus();
  absl::Status status(code > 0 && code <= kLastCode ? static_cast<absl::StatusCode>(code) : absl::StatusCode::kUnknown,
                      text);
  v1::ErrorStatus error;
  if (details.empty() || !error.ParseFromString(details)) return status;
  for (const google::protobuf::Any& detail : error.details()) {
    if (detail.Is<v1::Refusal>()) status.SetPayload(kRefusalUrl, absl::Cord(detail.value()));
  }
  return status;
}

}  // namespace etd::client
