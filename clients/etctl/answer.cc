#include "clients/etctl/answer.h"

#include <fmt/format.h>

#include <iterator>

#include "clients/etctl/format.h"
#include "clients/etctl/json.h"

namespace etd::etctl {
namespace {

std::string ReasonText(const v1::GenerateEnd& end) {
  switch (end.finish_reason()) {
    case v1::FINISH_REASON_STOP_STRING: return fmt::format("; stopped at '{}'", end.stop());
    case v1::FINISH_REASON_MAX_TOKENS: return "; stopped at the limit of tokens";
    case v1::FINISH_REASON_CONTEXT_FULL: return "; stopped because the model's context is full";
    default: return "";
  }
}

void Write(Context& context, const v1::GenerateResponse& message, Answer* answer) {
  Console& console = context.console;
  answer->text += message.text();
  if (message.has_end()) answer->end = message.end();
  if (context.json) {
    console.out << JsonText(message, false) << '\n';
  } else if (console.out_is_terminal) {
    console.out << Visible(message.text(), true);
  } else {
    console.out << message.text();
  }
  console.out.flush();
}

}  // namespace

Answer StreamAnswer(Context& context, const v1::GenerateRequest& request) {
  Console& console = context.console;
  Answer answer;
  const auto stream = context.client.Generate(request);
  {
    Interrupts::Scope scope(context.interrupts, [&] { stream->Cancel(); });
    for (v1::GenerateResponse message; stream->Next(&message);) {
      Write(context, message, &answer);
      if (!console.out) stream->Cancel();
    }
    answer.status = stream->Finish();
    answer.interrupted = scope.interrupted();
  }
  if (!context.json && !answer.text.empty() && !answer.text.ends_with('\n')) console.out << std::endl;
  if (!console.out) answer.status = absl::InternalError("the output cannot be written");
  return answer;
}

std::string UsageLine(const v1::GenerateEnd& end) {
  const v1::Usage& usage = end.usage();
  const auto tokens = [](uint32_t count) { return fmt::format("{} token{}", count, count == 1 ? "" : "s"); };
  std::string line = tokens(usage.completion_tokens());
  if (end.timing().decode_tokens_per_second() > 0) {
    line += fmt::format(", {:.1f} tokens/s", end.timing().decode_tokens_per_second());
  }
  if (end.timing().has_time_to_first_token()) {
    line += fmt::format(", first after {}", HumanSeconds(Seconds(end.timing().time_to_first_token())));
  }
  line += fmt::format("; prompt of {}", tokens(usage.prompt_tokens()));
  if (usage.cached_prompt_tokens() > 0) line += fmt::format(" ({} kept)", usage.cached_prompt_tokens());
  return line + ReasonText(end);
}

void SetSampling(const SamplingOptions& options, v1::GenerateRequest* request) {
  v1::Sampling* sampling = request->mutable_sampling();
  if (options.temperature) sampling->set_temperature(*options.temperature);
  if (options.top_k) sampling->set_top_k(*options.top_k);
  if (options.top_p) sampling->set_top_p(*options.top_p);
  if (options.min_p) sampling->set_min_p(*options.min_p);
  if (options.repetition_penalty) sampling->set_repetition_penalty(*options.repetition_penalty);
  if (options.seed) sampling->set_seed(*options.seed);
  if (options.max_tokens) request->set_max_tokens(*options.max_tokens);
  for (const std::string& stop : options.stop) request->add_stop(stop);
}

absl::StatusOr<std::string> ReadText(Console& console, const std::optional<std::string>& text, std::string_view what) {
  std::string read;
  if (text && *text != "-") {
    read = *text;
  } else {
    if (console.in_is_terminal) console.err << "(type the " << what << ", end it with Ctrl-D)" << std::endl;
    read.assign(std::istreambuf_iterator<char>(console.in), std::istreambuf_iterator<char>());
    if (read.ends_with('\n')) read.pop_back();
  }
  if (read.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("the {} is empty; give it as an argument or on standard input", what));
  }
  return read;
}

bool HasNoChatTemplate(Context& context, const std::string& model) {
  v1::GetModelRequest request;
  request.set_model(model);
  const auto found = context.client.GetModel(request);
  return found.ok() && found->state() == v1::MODEL_STATE_READY && found->can_generate() && found->has_tokenizer() &&
         !found->has_chat_template();
}

}  // namespace etd::etctl
