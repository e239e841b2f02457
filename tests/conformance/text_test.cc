// The reference texts of a real model, and the promise that how a text is cut does not change a bit of its logits.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "runtime/etrun/workbench.h"
#include "runtime/llm/causal_lm.h"
#include "runtime/text/tokenizer/tokenizer.h"
#include "tests/conformance/shared_folder.h"

namespace etd {
namespace {

namespace fs = std::filesystem;
using engine::Segment;
using nlohmann::json;

struct Model {
  std::unique_ptr<etrun::Workbench> workbench;
  std::unique_ptr<llm::CausalLm> engine;
};

Model Load(const fs::path& program, int threads) {
  Model model;
  auto workbench = etrun::Workbench::Create(threads);
  EXPECT_TRUE(workbench.ok()) << workbench.status();
  model.workbench = *std::move(workbench);
  auto loaded = model.workbench->Load(program, {});
  EXPECT_TRUE(loaded.ok()) << loaded.status();
  if (!loaded.ok()) return model;
  auto engine = llm::CausalLm::Create(*loaded, {});
  EXPECT_TRUE(engine.ok()) << engine.status();
  if (engine.ok()) model.engine = *std::move(engine);
  return model;
}

// The logits of each token, feeding `tokens` in pieces of the given sizes (the last size repeats).
std::vector<std::vector<float>> Logits(engine::Engine& engine, std::span<const int32_t> tokens,
                                       std::vector<size_t> pieces) {
  std::vector<std::vector<float>> rows;
  const auto session = engine.CreateSession();
  EXPECT_TRUE(session.ok()) << session.status();
  const auto vocabulary = static_cast<size_t>(engine.info().vocab_size);
  size_t begin = 0;
  for (size_t i = 0; begin < tokens.size(); ++i) {
    const size_t piece = std::min(pieces[std::min(i, pieces.size() - 1)], tokens.size() - begin);
    const Segment segment{*session, tokens.subspan(begin, piece), static_cast<int64_t>(begin), Segment::Logits::kAll, nullptr};
    engine::SegmentResult result;
    engine.Step({&segment, 1}, {&result, 1});
    EXPECT_TRUE(result.status.ok()) << result.status;
    for (size_t row = 0; row * vocabulary < result.logits.size(); ++row) {
      const auto logits = result.logits.subspan(row * vocabulary, vocabulary);
      rows.emplace_back(logits.begin(), logits.end());
    }
    begin += piece;
  }
  engine.DeleteSession(*session);
  return rows;
}

// The logits of the last token alone, after one prefill of all tokens.
std::vector<float> LastLogits(engine::Engine& engine, std::span<const int32_t> tokens) {
  const auto session = engine.CreateSession();
  EXPECT_TRUE(session.ok()) << session.status();
  const Segment segment{*session, tokens, 0, Segment::Logits::kLast, nullptr};
  engine::SegmentResult result;
  engine.Step({&segment, 1}, {&result, 1});
  EXPECT_TRUE(result.status.ok()) << result.status;
  std::vector<float> logits(result.logits.begin(), result.logits.end());
  engine.DeleteSession(*session);
  return logits;
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

TEST(ReferenceText, TokensAndLogitsAreThePeersWithinItsOwnNoise) {
  const fs::path folder = SharedFolder() / "models" / "smollm2-135m-8da4w";
  if (!fs::exists(folder)) GTEST_SKIP() << "skipped: the model is not on this machine";
  std::ifstream file(folder / "reference.json");
  const json reference = json::parse(file);
  auto tokenizer = text::Tokenizer::FromFile(folder / "tokenizer.json");
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  const Model model = Load(folder / "model.pte", 0);
  ASSERT_NE(model.engine, nullptr);
  int clear = 0;
  int equal = 0;
  double difference = 0;
  int64_t logits_seen = 0;
  for (const json& text : reference) {
    const auto prompt = text["prompt_ids"].get<std::vector<int32_t>>();
    const auto encoded = (*tokenizer)->Encode(text["prompt"].get<std::string>(), {false});
    ASSERT_TRUE(encoded.ok()) << encoded.status();
    EXPECT_EQ(*encoded, prompt);
    const auto greedy = text["greedy_ids"].get<std::vector<int32_t>>();
    std::vector<int32_t> all = prompt;
    all.insert(all.end(), greedy.begin(), greedy.end() - 1);
    const auto rows = Logits(*model.engine, all, {prompt.size(), 1});
    for (size_t i = 0; i < text["top16"].size(); ++i) {
      const std::vector<float>& row = rows[prompt.size() - 1 + i];
      const json& top = text["top16"][i];
      const auto best = static_cast<int32_t>(std::max_element(row.begin(), row.end()) - row.begin());
      if (top["logits"][0].get<double>() - top["logits"][1].get<double>() > 0.5) {
        ++clear;
        equal += best == top["ids"][0].get<int32_t>() ? 1 : 0;
      }
      for (size_t k = 0; k < top["ids"].size(); ++k) {
        difference += std::abs(row[top["ids"][k].get<size_t>()] - top["logits"][k].get<double>());
        ++logits_seen;
      }
    }
  }
  const double mean = difference / static_cast<double>(logits_seen);
  const double agreement = static_cast<double>(equal) / clear;
  RecordProperty("mean_difference", std::to_string(mean));
  std::cout << "top-1 equal at " << equal << " of " << clear << " clear positions, mean difference " << mean << "\n";
  // The peer differs from itself by 0.33 between one prefill and token by token, with top-1 equal at 99.6 %.
  EXPECT_GE(agreement, 0.985);
  EXPECT_LE(mean, 0.45);
}

// "" is the model of the repository, which is everywhere.
fs::path ProgramOf(const std::string& name) {
  if (name.empty()) return fs::path(ETD_SOURCE_DIR) / "clients/export/embedded/model/model.pte";
  return SharedFolder() / "models" / name / "model.pte";
}

class ChunkedText : public testing::TestWithParam<const char*> {};

TEST_P(ChunkedText, EveryWayToCutItGivesTheSameBits) {
  const fs::path program = ProgramOf(GetParam());
  if (!fs::exists(program)) GTEST_SKIP() << "skipped: the model is not on this machine";
  const Model model = Load(program, 2);
  ASSERT_NE(model.engine, nullptr);
  const engine::ModelInfo& info = model.engine->info();
  const auto length = static_cast<size_t>(std::min<int64_t>({info.max_segment_tokens, info.max_context, 70}));
  std::mt19937 random(20260101);
  std::vector<int32_t> tokens(length);
  for (int32_t& token : tokens) token = static_cast<int32_t>(random() % static_cast<uint32_t>(info.vocab_size));
  const auto whole = Logits(*model.engine, tokens, {length});
  ASSERT_EQ(whole.size(), length);
  EXPECT_TRUE(SameBits(whole.back(), LastLogits(*model.engine, tokens))) << "the last token's logits alone";
  std::vector<std::vector<size_t>> cuts = {{1}, {2}, {7}, {length - 1, 1}};
  for (int i = 0; i < 4; ++i) {
    std::vector<size_t> cut;
    for (int k = 0; k < 12; ++k) cut.push_back(1 + random() % 16);
    cuts.push_back(cut);
  }
  for (const std::vector<size_t>& cut : cuts) {
    const auto pieces = Logits(*model.engine, tokens, cut);
    ASSERT_EQ(pieces.size(), length);
    for (size_t i = 0; i < length; ++i) {
      ASSERT_TRUE(SameBits(whole[i], pieces[i])) << "token " << i << ", first piece " << cut[0];
    }
  }
  const Model alone = Load(program, 1);
  const auto one_thread = Logits(*alone.engine, tokens, {length});
  for (size_t i = 0; i < length; ++i) ASSERT_TRUE(SameBits(whole[i], one_thread[i])) << "token " << i << ", one thread";
}

// One of several sessions that are fed side by side.
struct Feed {
  engine::SessionId session = 0;
  std::vector<int32_t> tokens;
  std::vector<std::vector<float>> alone;  // the logits of each token, when nobody else is there
  size_t fed = 0;
};

// A step of some of the sessions, each with some of its tokens. What it gives must be what each one gets alone.
void StepTogether(engine::Engine& engine, std::vector<Feed>& feeds, std::mt19937& random) {
  const auto vocabulary = static_cast<size_t>(engine.info().vocab_size);
  std::vector<Feed*> chosen;
  std::vector<Segment> segments;
  std::ranges::shuffle(feeds, random);
  for (Feed& feed : feeds) {
    if (feed.fed == feed.tokens.size() || random() % 4 == 0) continue;
    const size_t most = random() % 2 == 0 ? 1 : 9;
    const size_t count = std::min<size_t>(1 + random() % most, feed.tokens.size() - feed.fed);
    const auto logits = random() % 3 == 0 ? Segment::Logits::kLast : Segment::Logits::kAll;
    chosen.push_back(&feed);
    segments.push_back({feed.session, std::span(feed.tokens).subspan(feed.fed, count), static_cast<int64_t>(feed.fed),
                        logits, nullptr});
  }
  std::vector<engine::SegmentResult> results(segments.size());
  engine.Step(segments, results);
  for (size_t i = 0; i < segments.size(); ++i) {
    ASSERT_TRUE(results[i].status.ok()) << results[i].status;
    chosen[i]->fed += segments[i].tokens.size();
    const size_t rows = results[i].logits.size() / vocabulary;
    ASSERT_EQ(rows, segments[i].logits == Segment::Logits::kAll ? segments[i].tokens.size() : 1);
    for (size_t row = 0; row < rows; ++row) {
      const auto got = results[i].logits.subspan(row * vocabulary, vocabulary);
      const std::vector<float>& want = chosen[i]->alone[chosen[i]->fed - rows + row];
      ASSERT_TRUE(SameBits(want, {got.begin(), got.end()}))
          << "token " << chosen[i]->fed - rows + row << " in a step of " << segments.size() << " sessions";
    }
  }
}

TEST_P(ChunkedText, ManySessionsInAStepGetTheBitsThatEachGetsAlone) {
  const fs::path program = ProgramOf(GetParam());
  if (!fs::exists(program)) GTEST_SKIP() << "skipped: the model is not on this machine";
  const Model model = Load(program, 2);
  ASSERT_NE(model.engine, nullptr);
  const engine::ModelInfo& info = model.engine->info();
  EXPECT_TRUE(info.fuses_sessions);
  std::mt19937 random(20260102);
  std::vector<Feed> feeds(6);
  for (Feed& feed : feeds) {
    const auto most = static_cast<uint32_t>(std::min<int64_t>({info.max_segment_tokens, info.max_context, 40}));
    feed.tokens.resize(1 + random() % most);
    for (int32_t& token : feed.tokens) token = static_cast<int32_t>(random() % static_cast<uint32_t>(info.vocab_size));
    feed.alone = Logits(*model.engine, feed.tokens, {feed.tokens.size()});
    feed.session = *model.engine->CreateSession();
  }
  for (int step = 0; step < 200; ++step) {
    StepTogether(*model.engine, feeds, random);
    if (HasFatalFailure()) return;
  }
  for (const Feed& feed : feeds) EXPECT_EQ(feed.fed, feed.tokens.size());
}

INSTANTIATE_TEST_SUITE_P(Shared, ChunkedText,
                         testing::Values("", "smollm2-135m-8da4w", "lm_llama_custom", "lm_llama_default", "lm_llama_portable",
                                         "lm_llama_sdpa_only", "lm_llama_custom_8da4w", "lm_qwen3_custom_8da4w",
                                         "lm_llama_fp16_custom", "lm_llama_bf16", "lm_llama_bf16_custom",
                                         "lm_gemma3_custom", "lm_llama_4w", "lm_llama_8w"));

}  // namespace
}  // namespace etd
