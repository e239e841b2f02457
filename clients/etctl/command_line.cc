#include "clients/etctl/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>
#include <string_view>

#include "clients/etctl/format.h"

namespace etd::etctl {
namespace {

constexpr char kDescription[] = "Uses the models that etd serves.";
constexpr char kSocketHelp[] =
    "Without --socket: $ETD_SOCKET; else $XDG_RUNTIME_DIR/etd/etd.sock where a daemon of your own is; else\n"
    "/run/etd/etd.sock.\n";

// Defines one command after the other. What a command's options are bound to lives as long as the parser.
class Parser {
 public:
  explicit Parser(const std::string& version) : app_(kDescription, "etctl") {
    app_.require_subcommand(1);
    app_.set_version_flag("--version", "etctl " + version, "Print the version, and exit");
    app_.add_option("--socket", line_.socket, "The socket of the daemon")->type_name("PATH");
    app_.add_flag("--json", line_.json, "Results as JSON; streams as one object for each line");
    AddModelCommands();
    AddGenerate();
    AddChat();
    AddInfer();
    AddTokenize();
    AddStatusCommands();
    AddSessions();
    // Last: commands would inherit it.
    app_.footer(std::string(kSocketHelp) + "\n" + kExitCodeHelp + "\n`etctl COMMAND --help` explains a command.");
  }

  CommandLine Parse(std::vector<std::string> arguments) {
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    try {
      app_.parse(arguments);
    } catch (const CLI::ParseError& error) {
      line_.command.reset();
      if (error.get_exit_code() == 0) {
        std::ostringstream out;
        app_.exit(error, out, out);  // prints help or version
        line_.out = out.str();
      } else {
        line_.exit_code = ExitCode::kUsage;
        line_.err = UsageError(error);
      }
    }
    return std::move(line_);
  }

 private:
  std::string UsageError(const CLI::ParseError& error) const {
    const auto commands = app_.get_subcommands();
    const std::string command = commands.empty() ? "" : commands.front()->get_name() + " ";
    const std::vector<std::string> rest = app_.remaining();
    std::string what = error.what();
    if (commands.empty() && !rest.empty() && !rest.front().starts_with('-')) {
      what = "there is no command '" + rest.front() + "'";
    }
    return "etctl: " + Visible(what, false) + "; see `etctl " + command + "--help`\n";
  }

  // A command whose options are those of `options`, which becomes the line's command when it is given.
  template <typename Options>
  CLI::App* AddCommand(CLI::App* parent, const char* name, const char* description, const Options& options) {
    CLI::App* command = parent->add_subcommand(name, description);
    command->fallthrough();  // --socket and --json may stand behind the command too
    command->callback([this, command, &options] {
      if (command->get_subcommands().empty()) line_.command = options;
    });
    return command;
  }

  static void AddModel(CLI::App* command, std::string* model) {
    command->add_option("MODEL", *model, "Name of the model (see `etctl list`)")
        ->required()
        ->type_name(" ");
  }

  void AddModelCommands() {
    CLI::App* load = AddCommand(&app_, "load", "Load a model, and show how far it is", load_);
    load->add_option("PATH", load_.path, "A model's folder, or a .pte file")->required()->type_name(" ");
    load->add_option("--name", load_.name, "Name for later requests; the model's own when not given");
    load->add_option("--keep-alive", load_.keep_alive, "Unload it when idle for so long: 90s, 5m, 2h; 0 never does")
        ->type_name("TIME");
    CLI::App* unload = AddCommand(&app_, "unload", "Give a loaded model up; it goes with its last use", unload_);
    AddModel(unload, &unload_.model);
    unload->add_flag("--force", unload_.force, "Take away all uses, and cancel the requests that run");
    AddCommand(&app_, "list", "List models", list_);
    AddModel(AddCommand(&app_, "show", "Show all about a model", show_), &show_.model);
  }

  static void AddSampling(CLI::App* command, SamplingOptions* options) {
    const std::string group = "Sampling (the model's own defaults when not given)";
    const auto number = [&](const char* name, auto& target, const char* description) {
      command->add_option(name, target, description)->group(group)->type_name("N");
    };
    number("--temperature", options->temperature, "0 takes the likeliest token");
    number("--top-k", options->top_k, "Choose among so many tokens; 0: all");
    number("--top-p", options->top_p, "Choose among the likeliest tokens of this probability together");
    number("--min-p", options->min_p, "Choose among tokens with this part of the likeliest one's probability");
    number("--repetition-penalty", options->repetition_penalty, "1: none");
    number("--seed", options->seed, "The same seed gives the same text");
    number("--max-tokens", options->max_tokens, "Stop after so many tokens");
    command->add_option("--stop", options->stop, "Stop before this text; may be given several times")
        ->group(group)
        ->type_name("TEXT")
        ->allow_extra_args(false);
  }

  void AddGenerate() {
    CLI::App* command = AddCommand(&app_, "generate", "Answer a prompt; Ctrl-C stops it", generate_);
    AddModel(command, &generate_.model);
    command
        ->add_option("PROMPT", generate_.prompt, "The prompt; read from standard input when it is - or not given")
        ->type_name(" ");
    command->add_flag("--raw", generate_.raw, "Go on with the prompt as it stands, without the model's chat template");
    command->add_option("--system", generate_.system, "What the system's message says")->type_name("TEXT");
    command
        ->add_option("--session", generate_.session,
                     "Keep the state under this name: a later prompt that begins with the same text is read faster")
        ->type_name("NAME");
    command
        ->add_flag("--continue", generate_.continue_session,
                   "The prompt goes on where the session ends; implies --raw")
        ->needs("--session");
    command->add_flag("-q,--quiet", generate_.quiet, "No line about tokens and times on standard error");
    command->get_option("--system")->excludes("--raw")->excludes("--continue");
    AddSampling(command, &generate_.sampling);
  }

  void AddChat() {
    CLI::App* command = AddCommand(&app_, "chat", "Talk with a model; Ctrl-C stops an answer, Ctrl-D the chat", chat_);
    AddModel(command, &chat_.model);
    command->add_option("--system", chat_.system, "What the system's message says")->type_name("TEXT");
    command->add_option("--session", chat_.session, "Keep the state under this name when the chat ends")
        ->type_name("NAME");
    AddSampling(command, &chat_.sampling);
  }

  void AddInfer() {
    CLI::App* command = AddCommand(&app_, "infer", "Call a method of a program", infer_);
    AddModel(command, &infer_.model);
    command->add_option("--method", infer_.method, "The method; forward when not given")->type_name("NAME");
    command
        ->add_option("--input", infer_.inputs,
                     "The inputs in their order: .npy files, or int:N, double:X, bool:true, string:TEXT, none")
        ->type_name("VALUE ...");
    command->add_option("--output", infer_.outputs, "Numbers of the outputs to return; all when not given")
        ->type_name("N ...");
    command->add_option("--output-dir", infer_.output_directory, "Write tensors to output_N.npy in this folder")
        ->type_name("DIR");
  }

  void AddTokenize() {
    CLI::App* command = AddCommand(&app_, "tokenize", "Show the tokens of a text", tokenize_);
    AddModel(command, &tokenize_.model);
    command
        ->add_option("TEXT", tokenize_.text, "The text; read from standard input when it is - or not given")
        ->type_name(" ");
    auto* ids = command->add_flag("--ids", tokenize_.ids_only, "Ids alone, on one line");
    auto* count = command->add_flag("--count", tokenize_.count, "The number of tokens alone")->excludes(ids);
    command->add_flag("--decode", tokenize_.decode, "TEXT is token ids; print their text")
        ->excludes(ids)
        ->excludes(count);
    command->add_flag("--no-special", tokenize_.no_special, "Add no special tokens; with --decode leave them out");
  }

  void AddStatusCommands() {
    AddCommand(&app_, "status", "Show what the daemon does and holds", status_);
    AddCommand(&app_, "ps", "List requests that wait or run", ps_);
    CLI::App* cancel = AddCommand(&app_, "cancel", "Cancel a request", cancel_);
    cancel->add_option("ID", cancel_.request, "Number of the request (see `etctl ps`)")->required()->type_name(" ");
  }

  void AddSessions() {
    CLI::App* sessions = AddCommand(&app_, "sessions", "List sessions, or delete one", sessions_);
    sessions->require_subcommand(0, 1);
    sessions->add_option("--model", sessions_.model, "Only those of this model")->type_name("NAME");
    CLI::App* remove = AddCommand(sessions, "delete", "Delete a session", delete_);
    remove->add_option("SESSION", delete_.session, "Name of the session")->required()->type_name(" ");
    remove->add_option("--user", delete_.tenant, "Whose it is, as `etctl sessions` names them; you when not given")
        ->type_name("USER");
  }

  CommandLine line_;
  LoadOptions load_;
  UnloadOptions unload_;
  ListOptions list_;
  ShowOptions show_;
  GenerateOptions generate_;
  ChatOptions chat_;
  InferOptions infer_;
  TokenizeOptions tokenize_;
  StatusOptions status_;
  PsOptions ps_;
  CancelOptions cancel_;
  SessionsOptions sessions_;
  DeleteSessionOptions delete_;
  CLI::App app_;
};

}  // namespace

CommandLine ParseCommandLine(const std::vector<std::string>& arguments, const std::string& version) {
  return Parser(version).Parse(arguments);
}

}  // namespace etd::etctl
