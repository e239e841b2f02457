// What etctl can be told to do: the options of each command, as the command line gives them, and its function.
#ifndef ETD_CLIENTS_ETCTL_COMMANDS_H_
#define ETD_CLIENTS_ETCTL_COMMANDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "clients/cpp/client.h"
#include "clients/etctl/console.h"
#include "clients/etctl/exit_code.h"
#include "clients/etctl/interrupts.h"

namespace etd::etctl {

// What every command works with; borrowed for the time of the command.
struct Context {
  client::Client& client;
  Console& console;
  Interrupts& interrupts;
  bool json = false;  // results as JSON on `console.out`
};

// Prints the error of a command; gives its exit code.
ExitCode Fail(Context& context, const absl::Status& status);
// Prints a result as JSON over several lines.
void PrintJson(Context& context, const google::protobuf::Message& message);

// ---- model_commands.cc

struct LoadOptions {
  std::string path;
  std::string name;
  std::string keep_alive;  // as ParseDuration reads it; empty: the daemon's default
};
struct UnloadOptions {
  std::string model;
  bool force = false;
};
struct ListOptions {};
struct ShowOptions {
  std::string model;
};
ExitCode Run(Context& context, const LoadOptions& options);
ExitCode Run(Context& context, const UnloadOptions& options);
ExitCode Run(Context& context, const ListOptions& options);
ExitCode Run(Context& context, const ShowOptions& options);
// One line on how far a load is, at most 79 columns.
std::string ProgressLine(const v1::LoadProgress& progress);

// ---- generate_command.cc, chat_command.cc

struct SamplingOptions {
  std::optional<float> temperature;
  std::optional<uint32_t> top_k;
  std::optional<float> top_p;
  std::optional<float> min_p;
  std::optional<float> repetition_penalty;
  std::optional<uint64_t> seed;
  std::optional<uint32_t> max_tokens;
  std::vector<std::string> stop;
};
struct GenerateOptions {
  std::string model;
  std::optional<std::string> prompt;  // standard input when absent or "-"
  std::string system;
  std::string session;
  bool raw = false;
  bool continue_session = false;  // implies raw
  bool quiet = false;             // no line about tokens and times
  SamplingOptions sampling;
};
struct ChatOptions {
  std::string model;
  std::string system;
  std::string session;  // a name of its own, deleted at the end, when empty
  SamplingOptions sampling;
};
ExitCode Run(Context& context, const GenerateOptions& options);
ExitCode Run(Context& context, const ChatOptions& options);

// ---- infer_command.cc, tokenize_command.cc

struct InferOptions {
  std::string model;
  std::string method;
  std::vector<std::string> inputs;  // "int:3", "double:0.5", "bool:true", "string:a", "none", or a .npy file's path
  std::vector<uint32_t> outputs;    // indices; all when empty
  std::string output_directory;     // tensors are only described when empty
};
struct TokenizeOptions {
  std::string model;
  std::optional<std::string> text;  // standard input when absent or "-"
  bool ids_only = false;
  bool count = false;
  bool decode = false;  // `text` is token ids
  bool no_special = false;
};
ExitCode Run(Context& context, const InferOptions& options);
ExitCode Run(Context& context, const TokenizeOptions& options);

// ---- status_commands.cc

struct StatusOptions {};
struct PsOptions {};
struct CancelOptions {
  uint64_t request = 0;
};
struct SessionsOptions {
  std::string model;  // of all when empty
};
struct DeleteSessionOptions {
  std::string session;
  std::string tenant;  // the caller's when empty
};
ExitCode Run(Context& context, const StatusOptions& options);
ExitCode Run(Context& context, const PsOptions& options);
ExitCode Run(Context& context, const CancelOptions& options);
ExitCode Run(Context& context, const SessionsOptions& options);
ExitCode Run(Context& context, const DeleteSessionOptions& options);

using Command = std::variant<LoadOptions, UnloadOptions, ListOptions, ShowOptions, GenerateOptions, ChatOptions,
                             InferOptions, TokenizeOptions, StatusOptions, PsOptions, CancelOptions, SessionsOptions,
                             DeleteSessionOptions>;

}  // namespace etd::etctl

#endif  // ETD_CLIENTS_ETCTL_COMMANDS_H_
