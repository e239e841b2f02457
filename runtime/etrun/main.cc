// etrun: everything the runtime does, in one process and without the service.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <functional>
#include <iostream>
#include <string>

#include "runtime/base/status.h"
#include "runtime/etrun/bench_command.h"
#include "runtime/etrun/inspect_command.h"
#include "runtime/etrun/run_command.h"
#include "runtime/etrun/tokenize_command.h"

namespace etd::etrun {
namespace {

using Action = std::function<absl::Status()>;

void AddCommon(CLI::App& command, int& threads, bool& reference) {
  command.add_option("--threads", threads, "Threads to compute with; 0: one per core")->capture_default_str();
  command.add_flag("--reference", reference, "Execute the instruction list as it stands, without any pass");
}

void AddRun(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("run", "Call a method with NumPy files");
  auto options = std::make_shared<RunOptions>();
  command->add_option("program", options->program, "The .pte file");
  command->add_option("--data", options->data_files, "A .ptd file with external weights; may be repeated");
  command->add_option("--method", options->method, "The method to call")->capture_default_str();
  command->add_option("--input", options->inputs, "A .npy file for the next input; may be repeated");
  command->add_option("--calls", options->calls, "A meta.json with calls to make in order on one loaded program");
  command->add_option("--output-dir", options->output_dir, "Where outputs are written, created if missing")->required();
  AddCommon(*command, options->threads, options->reference);
  command->callback([options, &action] { action = [options] { return RunProgram(*options); }; });
}

void AddBench(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("bench", "Measure prefill, decode, loading and memory of a causal language model");
  auto options = std::make_shared<BenchOptions>();
  command->add_option("program", options->program, "The .pte file")->required();
  command->add_option("--data", options->data_files, "A .ptd file with external weights; may be repeated");
  command->add_option("--prompt", options->prompt, "Tokens of the prompt")->capture_default_str();
  command->add_option("--gen", options->generate, "Tokens to generate after it")->capture_default_str();
  command->add_option("--repeat", options->repeat, "Rounds; the best counts")->capture_default_str();
  command->add_option("--chunk", options->chunk, "Tokens of a prefill step; 0: as many as the model takes")
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print one JSON object");
  AddCommon(*command, options->threads, options->reference);
  command->callback([options, &action] { action = [options] { return RunBench(*options, std::cout); }; });
}

void AddInspect(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("inspect", "Show what a program is made of and what is missing to run it");
  auto options = std::make_shared<InspectOptions>();
  command->add_option("program", options->program, "The .pte file")->required();
  command->add_option("--data", options->data_files, "A .ptd file with external weights; may be repeated");
  command->add_flag("--json", options->json, "Print one JSON object");
  command->callback([options, &action] { action = [options] { return RunInspect(*options, std::cout); }; });
}

void AddTextCommands(CLI::App& app, Action& action) {
  auto* tokenize = app.add_subcommand("tokenize", "Encode and decode JSON lines {\"text\": …} from standard input");
  auto tokenizer = std::make_shared<std::string>();
  auto no_special = std::make_shared<bool>(false);
  tokenize->add_option("tokenizer", *tokenizer, "The tokenizer.json")->required();
  tokenize->add_flag("--no-special", *no_special, "Add no special tokens, and keep those that are there when decoding");
  tokenize->callback([=, &action] {
    action = [=] { return RunTokenize(*tokenizer, *no_special, std::cin, std::cout); };
  });
}

int Main(int argc, char** argv) {
  CLI::App app{"Run, inspect and measure ExecuTorch programs without the etd service", "etrun"};
  app.set_version_flag("--version", std::string("etrun ") + ETD_VERSION);
  app.require_subcommand(1);
  Action action;
  AddRun(app, action);
  AddBench(app, action);
  AddInspect(app, action);
  AddTextCommands(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }
  const absl::Status status = action();
  std::cout.flush();
  if (status.ok()) return 0;
  std::cerr << "etrun: " << ToStd(status.message()) << "\n";
  return 1;
}

}  // namespace
}  // namespace etd::etrun

int main(int argc, char** argv) { return etd::etrun::Main(argc, argv); }
