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

// One session of a run: what it was fed, and the token that comes next.
struct Stream {
  engine::SessionId session = 0;
  std::vector<int32_t> prompt;
  int64_t position = 0;
  int32_t next = 0;
};

// Any tokens do: the time does not depend on them. They are spread so that embeddings come from memory, not from cache,
// and differ from stream to stream.
std::vector<int32_t> Prompt(int tokens, size_t stream, int32_t vocabulary) {
  std::vector<int32_t> prompt(static_cast<size_t>(tokens));
  for (size_t i = 0; i < prompt.size(); ++i) {
    prompt[i] = static_cast<int32_t>((i * 7919 + stream * 104729 + 13) % static_cast<size_t>(vocabulary));
  }
  return prompt;
}

absl::Status ReadPrompt(engine::Engine& engine, int64_t chunk, Stream& stream) {
  const int64_t most = engine.info().max_segment_tokens;
  const auto size = static_cast<size_t>(chunk > 0 ? std::min(chunk, most) : most);
  Greedy greedy;
  for (size_t begin = 0; begin < stream.prompt.size(); begin += size) {
    const auto part = std::span(stream.prompt).subspan(begin, std::min(size, stream.prompt.size() - begin));
    const bool last = begin + part.size() == stream.prompt.size();
    const engine::Segment segment{stream.session, part, stream.position, engine::Segment::Logits::kNone,
                                  last ? &greedy : nullptr};
    engine::SegmentResult result;
    engine.Step({&segment, 1}, {&result, 1});
    ETD_RETURN_IF_ERROR(result.status);
    stream.position += static_cast<int64_t>(part.size());
    if (last) stream.next = result.choice->token;
  }
  return absl::OkStatus();
}

// One token of every stream, in one step.
absl::Status DecodeStep(engine::Engine& engine, std::vector<Stream>& streams) {
  Greedy greedy;
  std::vector<engine::Segment> segments;
  std::vector<engine::SegmentResult> results(streams.size());
  for (Stream& stream : streams) {
    segments.push_back({stream.session, {&stream.next, 1}, stream.position++, engine::Segment::Logits::kNone, &greedy});
  }
  engine.Step(segments, results);
  for (size_t i = 0; i < streams.size(); ++i) {
    ETD_RETURN_IF_ERROR(results[i].status);
    streams[i].next = results[i].choice->token;
  }
  return absl::OkStatus();
}

// The prompts, one after the other, and the texts after them, together.
absl::Status RunOnce(engine::Engine& engine, const BenchOptions& options, Phase& prefill, Phase& decode) {
  const Clock& clock = SystemClock();
  std::vector<Stream> streams(static_cast<size_t>(options.sessions));
  for (size_t i = 0; i < streams.size(); ++i) {
    streams[i].prompt = Prompt(options.prompt, i, engine.info().vocab_size);
    ETD_ASSIGN_OR_RETURN(streams[i].session, engine.CreateSession());
  }
  const TimePoint start = clock.Now();
  for (Stream& stream : streams) ETD_RETURN_IF_ERROR(ReadPrompt(engine, options.chunk, stream));
  const TimePoint middle = clock.Now();
  for (int i = 0; i < options.generate; ++i) ETD_RETURN_IF_ERROR(DecodeStep(engine, streams));
  const TimePoint end = clock.Now();
  for (const Stream& stream : streams) engine.DeleteSession(stream.session);
  prefill.samples.push_back(options.sessions * options.prompt / Seconds(start, middle));
  if (options.generate > 0) decode.samples.push_back(options.sessions * options.generate / Seconds(middle, end));
  return absl::OkStatus();
}

absl::Status CheckOptions(const BenchOptions& options) {
  if (options.prompt < 1 || options.generate < 0 || options.repeat < 1 || options.sessions < 1) {
    return InvalidArgument("--prompt, --repeat and --sessions must be at least 1, --gen at least 0");
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
  Phase prefill{options.sessions * options.prompt, {}};
  Phase decode{options.sessions * options.generate, {}};
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
  out << fmt::format("prefill   {:9.1f} tokens/s  ({} tokens, best of {})\n", prefill.best(), prefill.tokens, options.repeat);
  if (options.generate > 0) {
    const std::string who = options.sessions == 1 ? "" : fmt::format(" in {} sessions together", options.sessions);
    out << fmt::format("decode    {:9.1f} tokens/s  ({} tokens after the prompt{}, best of {})\n", decode.best(),
                       decode.tokens, who, options.repeat);
  }
  out << fmt::format("memory    {:9.1f} MiB at the peak\n", static_cast<double>(PeakResidentBytes()) / (1 << 20));
  return absl::OkStatus();
}

}  // namespace etd::etrun
