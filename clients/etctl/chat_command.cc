// chat: a conversation, whose history is kept here and whose state the daemon keeps as one session.
#include <fmt/format.h>
#include <unistd.h>

#include <random>
#include <string>
#include <string_view>

#include "clients/cpp/error.h"
#include "clients/etctl/answer.h"
#include "clients/etctl/commands.h"
#include "clients/etctl/format.h"

namespace etd::etctl {
namespace {

constexpr std::string_view kPrompt = ">>> ";
constexpr std::string_view kHelp =
    "/clear    forget the conversation\n"
    "/help     this\n"
    "/exit     leave, as Ctrl-D does\n"
    "Ctrl-C    stop an answer\n";

// A name that no other conversation of the user has.
std::string OwnSessionName() {
  std::random_device random;
  return fmt::format("etctl-chat-{}-{:08x}", getpid(), random());
}

class Conversation {
 public:
  Conversation(Context& context, const ChatOptions& options) : context_(context), options_(options) {
    request_.set_model(options.model);
    request_.set_session(options.session.empty() ? OwnSessionName() : options.session);
    SetSampling(options.sampling, &request_);
    Clear();
  }

  ExitCode Run() {
    Console& console = context_.console;
    if (console.in_is_terminal) {
      console.err << "Talking with " << Visible(options_.model, false)
                  << ". /help says what else there is, Ctrl-D leaves.\n";
    }
    std::string line;
    while (ReadLine(&line)) {
      if (line.empty()) continue;
      if (line == "/exit" || line == "/quit") break;
      if (line == "/help") {
        console.err << kHelp;
      } else if (line == "/clear") {
        Clear();
      } else if (const ExitCode code = Say(line); code != ExitCode::kOk) {
        return code;
      }
    }
    return ExitCode::kOk;
  }

  // The daemon need not keep what nobody can come back to.
  void DropOwnSession() {
    if (!options_.session.empty() || !began_) return;
    v1::DeleteSessionRequest request;
    request.set_session(request_.session());
    // Failing is no harm: sessions expire.
    (void)context_.client.DeleteSession(request);
  }

 private:
  void Clear() {
    request_.mutable_chat()->clear_messages();
    if (!options_.system.empty()) AddMessage("system", options_.system);
  }

  void AddMessage(const std::string& role, const std::string& content) {
    v1::Message* message = request_.mutable_chat()->add_messages();
    message->set_role(role);
    message->set_content(content);
  }

  // The terminal itself throws away what was typed before a Ctrl-C.
  bool ReadLine(std::string* line) {
    Console& console = context_.console;
    if (!console.in_is_terminal) return static_cast<bool>(std::getline(console.in, *line));
    console.err << kPrompt << std::flush;
    Interrupts::Scope scope(context_.interrupts, [&] {
      console.err << "\n(Ctrl-C again or Ctrl-D leaves)\n" << kPrompt << std::flush;
    });
    if (std::getline(console.in, *line)) return true;
    console.err << std::endl;
    return false;
  }

  // An answer to `line`. A person may go on after an error; a script that writes to the chat gets its exit code.
  ExitCode Say(const std::string& line) {
    Console& console = context_.console;
    AddMessage("user", line);
    began_ = true;
    const Answer answer = StreamAnswer(context_, request_);
    if (answer.text.empty() && !answer.status.ok()) {
      request_.mutable_chat()->mutable_messages()->RemoveLast();
    } else {
      AddMessage("assistant", answer.text);
    }
    if (answer.interrupted) {
      if (!console.in_is_terminal) return ExitCode::kInterrupted;
      console.err << "(stopped)" << std::endl;
      return ExitCode::kOk;
    }
    if (answer.status.ok()) {
      ShowUsage(answer.end);
      return ExitCode::kOk;
    }
    const ExitCode code = Fail(context_, answer.status);
    if (answer.status.code() == absl::StatusCode::kOutOfRange && console.in_is_terminal) {
      console.err << "(/clear starts again)" << std::endl;
    }
    const bool lost = client::IsConnectionError(answer.status) || !console.out;
    return console.in_is_terminal && !lost ? ExitCode::kOk : code;
  }

  void ShowUsage(const v1::GenerateEnd& end) {
    Console& console = context_.console;
    if (!console.in_is_terminal || context_.json) return;
    const bool dim = console.colours && console.err_is_terminal;
    console.err << (dim ? "\x1b[2m" : "") << UsageLine(end) << (dim ? "\x1b[0m" : "") << std::endl;
  }

  Context& context_;
  const ChatOptions& options_;
  v1::GenerateRequest request_;  // with all messages so far
  bool began_ = false;
};

}  // namespace

ExitCode Run(Context& context, const ChatOptions& options) {
  v1::GetModelRequest request;
  request.set_model(options.model);
  // Wrong names are better told before the first message is typed.
  if (const auto model = context.client.GetModel(request); !model.ok()) return Fail(context, model.status());
  if (HasNoChatTemplate(context, options.model)) {
    return Fail(context, absl::FailedPreconditionError(fmt::format(
                             "{} has no chat template; use `etctl generate {} PROMPT`", options.model, options.model)));
  }
  Conversation conversation(context, options);
  const ExitCode code = conversation.Run();
  conversation.DropOwnSession();
  return code;
}

}  // namespace etd::etctl
