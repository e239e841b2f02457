#include "runtime/etrun/generate_command.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/status.h"
#include "runtime/etrun/workbench.h"
#include "runtime/llm/causal_lm.h"
#include "runtime/text/chat/chat_config.h"
#include "runtime/text/tokenizer/streaming_detokenizer.h"
#include "runtime/text/tokenizer/tokenizer.h"

namespace etd::etrun {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using nlohmann::ordered_json;

std::optional<std::string> ReadText(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

struct ModelPaths {
  fs::path folder;
  fs::path program;
};

absl::StatusOr<ModelPaths> FindModel(const std::string& given) {
  std::error_code error;
  if (fs::is_directory(given, error)) return ModelPaths{given, fs::path(given) / "model.pte"};
  if (!fs::exists(given, error)) return NotFound("{}: no such file or folder", given);
  return ModelPaths{fs::path(given).parent_path(), given};
}

// Token ids in a generation_config.json: one number or a list.
void AddEndTokens(const fs::path& path, std::vector<int32_t>& ends) {
  const json config = json::parse(ReadText(path).value_or(""), nullptr, false);
  if (!config.is_object() || !config.contains("eos_token_id")) return;
  const json& ids = config["eos_token_id"];
  const auto add = [&](const json& id) {
    if (id.is_number_integer()) ends.push_back(id.get<int32_t>());
  };
  if (ids.is_array()) {
    std::ranges::for_each(ids, add);
  } else {
    add(ids);
  }
}

absl::StatusOr<std::vector<int32_t>> ParseIds(const std::string& text) {
  std::vector<int32_t> ids;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) {
    int32_t id = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), id);
    if (error != std::errc() || end != part.data() + part.size()) return InvalidArgument("--ids: {} is not a number", part);
    ids.push_back(id);
  }
  if (ids.empty()) return InvalidArgument("--ids: give at least one token id");
  return ids;
}

// What the text side of a model folder holds.
struct TextParts {
  std::unique_ptr<text::Tokenizer> tokenizer;
  text::ChatConfig chat;
};

absl::StatusOr<TextParts> LoadText(const GenerateOptions& options, const fs::path& folder) {
  TextParts parts;
  const fs::path tokenizer = options.tokenizer.empty() ? folder / "tokenizer.json" : fs::path(options.tokenizer);
  ETD_ASSIGN_OR_RETURN(parts.tokenizer, text::Tokenizer::FromFile(tokenizer));
  ETD_ASSIGN_OR_RETURN(parts.chat, text::ChatConfig::Load({ReadText(folder / "tokenizer_config.json"),
                                                           ReadText(folder / "chat_template.jinja"),
                                                           ReadText(folder / "chat_template.json")}));
  return parts;
}

absl::StatusOr<std::vector<int32_t>> EncodePrompt(const GenerateOptions& options, const TextParts& parts) {
  std::string prompt = options.prompt;
  if (prompt.empty()) prompt.assign(std::istreambuf_iterator<char>(std::cin), {});
  if (options.raw || !parts.chat.has_template()) return parts.tokenizer->Encode(prompt, {true});
  ordered_json messages = ordered_json::array();
  if (!options.system.empty()) messages.push_back({{"role", "system"}, {"content", options.system}});
  messages.push_back({{"role", "user"}, {"content", prompt}});
  ETD_ASSIGN_OR_RETURN(const std::string text,
                       parts.chat.Render({{"messages", messages}, {"add_generation_prompt", true}}, SystemClock().WallNow()));
  return parts.tokenizer->Encode(text, {false});
}

class SamplingChooser final : public engine::TokenChooser {
 public:
  SamplingChooser(const text::SamplingParams& params, int32_t vocabulary, std::span<const int32_t> prompt)
      : sampler_(params, vocabulary), prompt_(prompt) {}

  absl::StatusOr<engine::TokenChoice> Choose(std::span<const float> logits, int64_t position) override {
    ETD_ASSIGN_OR_RETURN(text::TokenChoice choice, sampler_.Choose(logits, prompt_, generated_, position));
    generated_.push_back(choice.token);
    return engine::TokenChoice{choice.token, choice.logprob, std::move(choice.top_logprobs)};
  }
  std::span<const int32_t> generated() const { return generated_; }

 private:
  text::Sampler sampler_;
  std::span<const int32_t> prompt_;
  std::vector<int32_t> generated_;
};

// One step of the only session.
absl::StatusOr<std::optional<int32_t>> Feed(engine::Engine& engine, engine::SessionId session,
                                            std::span<const int32_t> tokens, int64_t start, engine::TokenChooser* chooser) {
  const engine::Segment segment{session, tokens, start, engine::Segment::Logits::kNone, chooser};
  engine::SegmentResult result;
  engine.Step({&segment, 1}, {&result, 1});
  ETD_RETURN_IF_ERROR(result.status);
  if (!result.choice.has_value()) return std::optional<int32_t>();
  return std::optional<int32_t>(result.choice->token);
}

class Generation {
 public:
  Generation(engine::Engine& engine, const GenerateOptions& options, std::vector<int32_t> ends, const TextParts* parts,
             std::ostream& out)
      : engine_(engine), options_(options), ends_(std::move(ends)), out_(out) {
    if (parts != nullptr) detokenizer_.emplace(*parts->tokenizer, true);
  }

  absl::Status Run(std::span<const int32_t> prompt, std::ostream& log) {
    const engine::ModelInfo& info = engine_.info();
    if (static_cast<int64_t>(prompt.size()) >= info.max_context) {
      return OutOfRange("the prompt has {} tokens, the model's context is {}: shorten it", prompt.size(), info.max_context);
    }
    ETD_RETURN_IF_ERROR(text::ValidateSamplingParams(options_.sampling, info.vocab_size));
    ETD_ASSIGN_OR_RETURN(const engine::SessionId session, engine_.CreateSession());
    SamplingChooser chooser(options_.sampling, info.vocab_size, prompt);
    const TimePoint start = SystemClock().Now();
    std::optional<int32_t> token;
    const auto chunk = static_cast<size_t>(info.max_segment_tokens);
    for (size_t begin = 0; begin < prompt.size(); begin += chunk) {
      const auto part = prompt.subspan(begin, std::min(chunk, prompt.size() - begin));
      const bool last = begin + part.size() == prompt.size();
      ETD_ASSIGN_OR_RETURN(token, Feed(engine_, session, part, static_cast<int64_t>(begin), last ? &chooser : nullptr));
    }
    const TimePoint first = SystemClock().Now();
    int64_t position = static_cast<int64_t>(prompt.size());
    int count = 0;
    while (true) {
      if (std::ranges::find(ends_, *token) != ends_.end()) break;
      Emit(*token);
      if (++count == options_.max_tokens || position + 1 >= info.max_context) break;
      ETD_ASSIGN_OR_RETURN(token, Feed(engine_, session, {&*token, 1}, position++, &chooser));
    }
    if (detokenizer_.has_value() && !options_.print_ids) out_ << detokenizer_->Flush();
    out_ << "\n";
    const auto seconds = [](TimePoint from, TimePoint to) { return std::chrono::duration<double>(to - from).count(); };
    log << fmt::format("{} prompt tokens in {:.0f} ms, {} tokens at {:.1f} tokens/s\n", prompt.size(),
                       seconds(start, first) * 1e3, count, count / std::max(1e-9, seconds(first, SystemClock().Now())));
    return absl::OkStatus();
  }

 private:
  void Emit(int32_t token) {
    if (options_.print_ids || !detokenizer_.has_value()) {
      out_ << token << " ";
    } else {
      out_ << detokenizer_->Push(token);
    }
    out_.flush();
  }

  engine::Engine& engine_;
  const GenerateOptions& options_;
  std::vector<int32_t> ends_;
  std::ostream& out_;
  std::optional<text::StreamingDetokenizer> detokenizer_;
};

}  // namespace

absl::Status RunGenerate(const GenerateOptions& options, std::ostream& out, std::ostream& log) {
  if (options.max_tokens < 1) return InvalidArgument("--max-tokens must be at least 1");
  ETD_ASSIGN_OR_RETURN(const ModelPaths paths, FindModel(options.model));
  std::vector<int32_t> prompt;
  std::optional<TextParts> parts;
  if (options.ids.empty() || !options.print_ids) {
    ETD_ASSIGN_OR_RETURN(parts, LoadText(options, paths.folder));
  }
  ETD_ASSIGN_OR_RETURN(prompt, options.ids.empty() ? EncodePrompt(options, *parts) : ParseIds(options.ids));
  if (prompt.empty()) return InvalidArgument("the prompt is empty");
  ETD_ASSIGN_OR_RETURN(const std::unique_ptr<Workbench> workbench, Workbench::Create(options.threads));
  ETD_ASSIGN_OR_RETURN(std::shared_ptr<exec::LoadedProgram> program, workbench->Load(paths.program, {}));
  llm::CausalLm::Options model_options;
  model_options.reference = options.reference;
  ETD_ASSIGN_OR_RETURN(const std::unique_ptr<llm::CausalLm> model, llm::CausalLm::Create(std::move(program), model_options));
  std::vector<int32_t> ends = model->info().end_token_ids;
  AddEndTokens(paths.folder / "generation_config.json", ends);
  if (parts.has_value()) {
    if (const std::string* name = parts->chat.special_token("eos_token")) {
      if (const std::optional<int32_t> id = parts->tokenizer->TokenToId(*name)) ends.push_back(*id);
    }
  }
  return Generation(*model, options, std::move(ends), parts.has_value() ? &*parts : nullptr, out).Run(prompt, log);
}

}  // namespace etd::etrun
