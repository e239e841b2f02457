#include "runtime/etrun/bench_command.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "runtime/base/clock.h"
#include "runtime/base/status.h"
#include "runtime/etrun/workbench.h"
#include "runtime/llm/causal_lm.h"

namespace etd::etrun {
namespace {

class Greedy final : public engine::TokenChooser {
 public:
  absl::StatusOr<engine::TokenChoice> Choose(std::span<const float> logits, int64_t) override {
    const auto best = std::max_element(logits.begin(), logits.end());
    return engine::TokenChoice{static_cast<int32_t>(best - logits.begin()), 0, {}};
  }
};

struct Phase {
  int tokens = 0;
  std::vector<double> samples;  // tokens per second

  double best() const { return samples.empty() ? 0 : *std::max_element(samples.begin(), samples.end()); }
  nlohmann::json ToJson() const { return {{"tokens", tokens}, {"tokens_per_s", best()}, {"samples", samples}}; }
};

double Seconds(TimePoint from, TimePoint to) { return std::chrono::duration<double>(to - from).count(); }

uint64_t PeakResidentBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

absl::StatusOr<int32_t> Feed(engine::Engine& engine, engine::SessionId session, std::span<const int32_t> tokens,
                             int64_t start, bool choose) {
  Greedy greedy;
  const engine::Segment segment{session, tokens, start, engine::Segment::Logits::kNone, choose ? &greedy : nullptr};
  engine::SegmentResult result;
  engine.Step({&segment, 1}, {&result, 1});
  ETD_RETURN_IF_ERROR(result.status);
  return choose ? result.choice->token : 0;
}

// One prompt and the text after it, in a session of its own.
absl::Status RunOnce(engine::Engine& engine, const BenchOptions& options, Phase& prefill, Phase& decode) {
  const Clock& clock = SystemClock();
  const engine::ModelInfo& info = engine.info();
  std::vector<int32_t> prompt(static_cast<size_t>(options.prompt));
  // Any tokens do: the time does not depend on them. They are spread so that embeddings come from memory, not from cache.
  for (size_t i = 0; i < prompt.size(); ++i) prompt[i] = static_cast<int32_t>((i * 7919 + 13) % static_cast<size_t>(info.vocab_size));
  ETD_ASSIGN_OR_RETURN(const engine::SessionId session, engine.CreateSession());
  const size_t chunk = static_cast<size_t>(options.chunk > 0 ? std::min<int64_t>(options.chunk, info.max_segment_tokens)
                                                             : info.max_segment_tokens);
  int32_t token = 0;
  const TimePoint start = clock.Now();
  for (size_t begin = 0; begin < prompt.size(); begin += chunk) {
    const auto part = std::span(prompt).subspan(begin, std::min(chunk, prompt.size() - begin));
    ETD_ASSIGN_OR_RETURN(token, Feed(engine, session, part, static_cast<int64_t>(begin), begin + part.size() == prompt.size()));
  }
  const TimePoint middle = clock.Now();
  for (int i = 0; i < options.generate; ++i) {
    ETD_ASSIGN_OR_RETURN(token, Feed(engine, session, {&token, 1}, options.prompt + i, true));
  }
  const TimePoint end = clock.Now();
  engine.DeleteSession(session);
  prefill.samples.push_back(options.prompt / Seconds(start, middle));
  if (options.generate > 0) decode.samples.push_back(options.generate / Seconds(middle, end));
  return absl::OkStatus();
}

absl::Status CheckOptions(const BenchOptions& options) {
  if (options.prompt < 1 || options.generate < 0 || options.repeat < 1) {
    return InvalidArgument("--prompt and --repeat must be at least 1, --gen at least 0");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status RunBench(const BenchOptions& options, std::ostream& out) {
  ETD_RETURN_IF_ERROR(CheckOptions(options));
  ETD_ASSIGN_OR_RETURN(const std::unique_ptr<Workbench> workbench, Workbench::Create(options.threads));
  const TimePoint start = SystemClock().Now();
  ETD_ASSIGN_OR_RETURN(std::shared_ptr<exec::LoadedProgram> program,
                       workbench->Load(options.program, options.data_files));
  llm::CausalLm::Options model_options;
  model_options.reference = options.reference;
  ETD_ASSIGN_OR_RETURN(const std::unique_ptr<llm::CausalLm> model,
                       llm::CausalLm::Create(std::move(program), model_options));
  const double load_ms = Seconds(start, SystemClock().Now()) * 1e3;
  if (options.prompt + options.generate > model->info().max_context) {
    return InvalidArgument("--prompt {} and --gen {} do not fit the context of {} tokens", options.prompt,
                           options.generate, model->info().max_context);
  }
  Phase prefill{options.prompt, {}};
  Phase decode{options.generate, {}};
  for (int i = 0; i < options.repeat; ++i) ETD_RETURN_IF_ERROR(RunOnce(*model, options, prefill, decode));
  if (options.json) {
    out << nlohmann::json{{"prefill", prefill.ToJson()},
                          {"decode", decode.ToJson()},
                          {"load_ms", load_ms},
                          {"peak_rss_bytes", PeakResidentBytes()}}
               .dump()
        << "\n";
    return absl::OkStatus();
  }
  out << fmt::format("load      {:9.1f} ms\n", load_ms);
  out << fmt::format("prefill   {:9.1f} tokens/s  ({} tokens, best of {})\n", prefill.best(), options.prompt, options.repeat);
  if (options.generate > 0) {
    out << fmt::format("decode    {:9.1f} tokens/s  ({} tokens after the prompt, best of {})\n", decode.best(),
                       options.generate, options.repeat);
  }
  out << fmt::format("memory    {:9.1f} MiB at the peak\n", static_cast<double>(PeakResidentBytes()) / (1 << 20));
  return absl::OkStatus();
}

}  // namespace etd::etrun
