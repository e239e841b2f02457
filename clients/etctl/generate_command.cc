// generate: one prompt, one answer.
#include "clients/etctl/answer.h"
#include "clients/etctl/commands.h"

namespace etd::etctl {
namespace {

void SetChat(const GenerateOptions& options, const std::string& prompt, v1::GenerateRequest* request) {
  if (!options.system.empty()) {
    v1::Message* system = request->mutable_chat()->add_messages();
    system->set_role("system");
    system->set_content(options.system);
  }
  v1::Message* user = request->mutable_chat()->add_messages();
  user->set_role("user");
  user->set_content(prompt);
}

}  // namespace

ExitCode Run(Context& context, const GenerateOptions& options) {
  Console& console = context.console;
  const absl::StatusOr<std::string> prompt = ReadText(console, options.prompt, "prompt");
  if (!prompt.ok()) {
    PrintError(console, Explain(prompt.status()));
    return ExitCode::kUsage;
  }
  v1::GenerateRequest request;
  request.set_model(options.model);
  request.set_session(options.session);
  request.set_continue_session(options.continue_session);
  SetSampling(options.sampling, &request);
  const bool raw = options.raw || options.continue_session;
  if (raw) {
    request.set_prompt(*prompt);
  } else {
    SetChat(options, *prompt, &request);
  }
  Answer answer = StreamAnswer(context, request);
  // A model without a template is no chat model; what it can do with a prompt is to go on with it.
  const bool refused = answer.status.code() == absl::StatusCode::kFailedPrecondition && answer.text.empty();
  if (refused && !raw && options.system.empty() && HasNoChatTemplate(context, options.model)) {
    request.set_prompt(*prompt);
    answer = StreamAnswer(context, request);
  }
  if (answer.interrupted) {
    PrintError(console, "interrupted");
    return ExitCode::kInterrupted;
  }
  if (!answer.status.ok()) return Fail(context, answer.status);
  if (!options.quiet && !context.json) console.err << UsageLine(answer.end) << std::endl;
  return ExitCode::kOk;
}

}  // namespace etd::etctl
