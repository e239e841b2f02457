// The text side of a model from Hugging Face's files: tokenizer.json, tokenizer_config.json, chat_template.jinja and
// generation_config.json.
#ifndef ETD_DAEMON_SERVICE_HF_TEXT_H_
#define ETD_DAEMON_SERVICE_HF_TEXT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "daemon/models/model_files.h"
#include "daemon/models/model_text.h"

namespace etd::service {

// Null where the files have no tokenizer. End tokens are those of generation_config.json and tokenizer_config.json's
// eos_token; sampling defaults those of generation_config.json where it says do_sample, greedy otherwise, as
// transformers reads it. Errors: INVALID_ARGUMENT naming the file.
absl::StatusOr<std::shared_ptr<const models::ModelText>> LoadHfText(const models::ModelFiles& files);

}  // namespace etd::service

#endif  // ETD_DAEMON_SERVICE_HF_TEXT_H_
