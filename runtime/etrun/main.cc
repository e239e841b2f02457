// etrun: everything the runtime does, in one process and without the service.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <functional>
#include <iostream>
#include <optional>
#include <string>

#include "runtime/base/status.h"
#include "runtime/etrun/bench_command.h"
#include "runtime/etrun/generate_command.h"
#include "runtime/etrun/inspect_command.h"
#include "runtime/etrun/run_command.h"
#include "runtime/etrun/template_command.h"
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
  command->add_option("--sessions", options->sessions, "Texts that are written together")->capture_default_str();
  command->add_option("--chunk", options->chunk, "Tokens of a prefill step; 0: as many as the model takes")
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print one JSON object");
  AddCommon(*command, options->threads, options->reference);
  command->callback([options, &action] { action = [options] { return RunBench(*options, std::cout); }; });
}

void AddGenerate(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("generate", "Continue a prompt, without the service");
  auto options = std::make_shared<GenerateOptions>();
  command->add_option("model", options->model, "A model folder, or the .pte file in it")->required();
  command->add_option("prompt", options->prompt, "The prompt; read from standard input if it is missing");
  command->add_option("--system", options->system, "A system message in front");
  command->add_flag("--raw", options->raw, "Take the prompt as it is, without the chat template");
  command->add_option("--ids", options->ids, "Token ids, separated by commas, instead of a prompt");
  command->add_flag("--print-ids", options->print_ids, "Print the ids of the generated tokens instead of text");
  command->add_option("--tokenizer", options->tokenizer, "The tokenizer.json, if it is not beside the program");
  command->add_option("--max-tokens", options->max_tokens, "Tokens to generate at most")->capture_default_str();
  command->add_option("--temperature", options->sampling.temperature, "0: always the likeliest token")->capture_default_str();
  command->add_option("--top-k", options->sampling.top_k, "Keep the k likeliest tokens; 0: all")->capture_default_str();
  command->add_option("--top-p", options->sampling.top_p, "Keep the likeliest tokens up to this probability")
      ->capture_default_str();
  command->add_option("--min-p", options->sampling.min_p, "Keep tokens this likely relative to the likeliest")
      ->capture_default_str();
  command->add_option("--repetition-penalty", options->sampling.repetition_penalty, "1: none")->capture_default_str();
  command->add_option("--seed", options->sampling.seed, "Same seed, same text")->capture_default_str();
  AddCommon(*command, options->threads, options->reference);
  command->callback([options, &action] { action = [options] { return RunGenerate(*options, std::cout, std::cerr); }; });
}

void AddInspect(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("inspect", "Show what a program is made of and what is missing to run it");
  auto options = std::make_shared<InspectOptions>();
  command->add_option("program", options->program, "The .pte file")->required();
  command->add_option("--data", options->data_files, "A .ptd file with external weights; may be repeated");
  command->add_flag("--json", options->json, "Print one JSON object");
  command->add_flag("--rows", options->rows, "Of a causal language model: what runs on the rows of all sessions together, and why not the rest");
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

  auto* render = app.add_subcommand("template", "Render a chat template with the JSON arguments from standard input");
  auto path = std::make_shared<std::string>();
  auto now = std::make_shared<std::string>();
  render->add_option("template", *path, "The template (Jinja)")->required();
  render->add_option("--now", *now, "The time that the template sees, as 2026-11-21T09:30:00; the present if missing");
  render->callback([=, &action] {
    action = [=] {
      return RunTemplate(*path, now->empty() ? std::nullopt : std::optional<std::string>(*now), std::cin, std::cout);
    };
  });
}

int Main(int argc, char** argv) {
  CLI::App app{"Run, inspect and measure ExecuTorch programs without the etd service", "etrun"};
  app.set_version_flag("--version", std::string("etrun ") + ETD_VERSION);
  app.require_subcommand(1);
  Action action;
  AddRun(app, action);
  AddBench(app, action);
  AddGenerate(app, action);
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
