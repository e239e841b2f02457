#include "tests/soak/plan.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace etd::soak {
namespace {

constexpr uint64_t kPoolSize[] = {40, 8, 10};
constexpr auto kWords = std::to_array<const char*>({
    "the",  "fox",   "went",   "to",    "a",     "river", "and",  "said", "who",    "are",    "you",  "Once",
    "upon", "time,", "there.", "small", "queen", "über",  "naïve", "猫",   "🙂",     "1234",   "(x)",  "\n"});

}  // namespace

Random::Random(std::initializer_list<uint64_t> seed) {
  for (const uint64_t part : seed) {
    state_ ^= part;
    state_ = Next();
  }
}

uint64_t Random::Next() {
  state_ += 0x9e3779b97f4a7c15u;
  uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
  return mixed ^ (mixed >> 31);
}

uint32_t Random::Length(uint32_t longest) {
  const uint32_t octave = 1u << Below(static_cast<uint64_t>(std::bit_width(longest)));
  return std::min(longest, octave + static_cast<uint32_t>(Below(octave)));
}

Plan::Plan(uint64_t seed, ModelFacts facts, Lengths lengths)
    : seed_(seed), facts_(std::move(facts)), lengths_(lengths) {}

v1::GenerateRequest Plan::Base(uint32_t longest_answer, Random* random) const {
  v1::GenerateRequest request;
  request.set_model(facts_.name);
  request.set_return_token_ids(true);
  request.set_max_tokens(random->Chance(3) ? 0 : random->Length(longest_answer));
  request.set_ignore_end_tokens(random->Chance(50));
  if (random->Chance(15)) request.add_stop(random->Chance(50) ? "." : "he");
  v1::Sampling* sampling = request.mutable_sampling();
  if (random->Chance(60)) {
    sampling->set_temperature(0);
  } else {
    sampling->set_temperature(0.2f + 0.1f * static_cast<float>(random->Below(12)));
    if (random->Chance(40)) sampling->set_top_k(static_cast<uint32_t>(1 + random->Below(50)));
    if (random->Chance(40)) sampling->set_top_p(0.8f);
    sampling->set_seed(random->Next());
  }
  if (random->Chance(15)) sampling->set_repetition_penalty(1.2f);
  return request;
}

void Plan::SetTokens(uint32_t longest, Random* random, v1::GenerateRequest* request) const {
  const uint32_t count = random->Length(longest);
  for (uint32_t i = 0; i < count; ++i) {
    request->mutable_token_ids()->add_ids(
        static_cast<int32_t>(random->Below(static_cast<uint64_t>(facts_.vocabulary))));
  }
}

void Plan::SetPrompt(uint32_t longest, Random* random, v1::GenerateRequest* request) const {
  const uint64_t kind = random->Below(facts_.chat ? 4 : 3);
  if (kind == 0) return SetTokens(longest, random, request);
  std::string text;
  // A word is about two tokens.
  for (uint32_t left = random->Length(longest / 2 + 1); left > 0; --left) {
    text += kWords[random->Below(kWords.size())];
    text += ' ';
  }
  if (kind < 3) {
    request->set_prompt(text);
    return;
  }
  v1::Message* message = request->mutable_chat()->add_messages();
  message->set_role("user");
  message->set_content(text);
}

v1::GenerateRequest Plan::Single(uint64_t action, Random* random) const {
  Random own({seed_, kSingles, action / kActionsPerPool, random->Below(kPoolSize[kSingles])});
  v1::GenerateRequest request = Base(lengths_.answer, &own);
  SetPrompt(lengths_.prompt, &own, &request);
  return request;
}

v1::GenerateRequest Plan::Long(uint64_t action, Random* random) const {
  Random own({seed_, kLongs, action / kActionsPerPool, random->Below(kPoolSize[kLongs])});
  v1::GenerateRequest request = Base(lengths_.answer, &own);
  request.set_max_tokens(lengths_.answer * 3);
  request.set_ignore_end_tokens(true);
  request.clear_stop();
  SetPrompt(lengths_.prompt, &own, &request);
  return request;
}

std::vector<v1::GenerateRequest> Plan::Conversation(uint64_t action, Random* random) const {
  Random own({seed_, kConversations, action / kActionsPerPool, random->Below(kPoolSize[kConversations])});
  std::vector<v1::GenerateRequest> turns;
  for (uint64_t left = 2 + own.Below(3); left > 0; --left) {
    turns.push_back(Base(lengths_.answer, &own));
    SetTokens(lengths_.prompt / 4 + 1, &own, &turns.back());
  }
  return turns;
}

bool IsGreedy(const v1::GenerateRequest& request) { return request.sampling().temperature() == 0; }

}  // namespace etd::soak
