// What the clients of the soak do: everything is drawn from one seed, and the same seed draws the same.
#ifndef ETD_TESTS_SOAK_PLAN_H_
#define ETD_TESTS_SOAK_PLAN_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "etd/v1/etd.pb.h"

namespace etd::soak {

// SplitMix64: the same numbers with every standard library.
class Random {
 public:
  // The parts of the seed are mixed, so that each list of numbers has a sequence of its own.
  explicit Random(std::initializer_list<uint64_t> seed);
  uint64_t Next();
  // [0, bound); `bound` at least 1.
  uint64_t Below(uint64_t bound) { return Next() % bound; }
  bool Chance(uint64_t percent) { return Below(100) < percent; }
  // [1, longest], short ones as likely as long ones on a logarithmic scale.
  uint32_t Length(uint32_t longest);

 private:
  uint64_t state_ = 0;
};

// What requests must know of the model that is served.
struct ModelFacts {
  std::string name;
  int32_t vocabulary = 0;
  bool chat = false;
  std::vector<std::string> methods;  // those without inputs, for Infer
};

struct Lengths {
  uint32_t prompt = 300;  // tokens at most
  uint32_t answer = 64;   // three times so many in requests that are to be cut off
};

// Requests are drawn from pools, so that most of them are made several times, at different moments and by different
// clients. A request of a pool is a function of its numbers alone.
class Plan {
 public:
  Plan(uint64_t seed, ModelFacts facts, Lengths lengths);

  // Where a client is in its life: pools change every kActionsPerPool actions.
  static constexpr uint64_t kActionsPerPool = 100;

  // A request by itself.
  v1::GenerateRequest Single(uint64_t action, Random* random) const;
  // One that takes long, to be cut off.
  v1::GenerateRequest Long(uint64_t action, Random* random) const;
  // The turns of a conversation. Their prompts are token ids, each what the turn adds.
  std::vector<v1::GenerateRequest> Conversation(uint64_t action, Random* random) const;

  const ModelFacts& facts() const { return facts_; }

 private:
  enum Pool : uint64_t { kSingles, kLongs, kConversations };
  v1::GenerateRequest Base(uint32_t longest_answer, Random* random) const;
  void SetPrompt(uint32_t longest, Random* random, v1::GenerateRequest* request) const;
  void SetTokens(uint32_t longest, Random* random, v1::GenerateRequest* request) const;

  const uint64_t seed_;
  const ModelFacts facts_;
  const Lengths lengths_;
};

bool IsGreedy(const v1::GenerateRequest& request);

}  // namespace etd::soak

#endif  // ETD_TESTS_SOAK_PLAN_H_
