// From the text of a request to the tokens of a prompt.
#ifndef ETD_DAEMON_SERVICE_PROMPT_H_
#define ETD_DAEMON_SERVICE_PROMPT_H_

#include <string>

#include "absl/status/statusor.h"
#include "daemon/models/model_store.h"
#include "etd/v1/etd.pb.h"
#include "runtime/base/clock.h"

namespace etd::service {

// The model's text side. FAILED_PRECONDITION where the model has no tokenizer.
absl::StatusOr<const models::ModelText*> TextOf(const models::ResidentModel& model);

// The prompt text of a conversation. Errors: INVALID_ARGUMENT (no messages, no role, no JSON), and the template's.
absl::StatusOr<std::string> RenderChat(const models::ModelText& text, const v1::Chat& chat, WallTime now);

}  // namespace etd::service

#endif  // ETD_DAEMON_SERVICE_PROMPT_H_
