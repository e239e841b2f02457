#include "tests/soak/ledger.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "tests/soak/plan.h"

namespace etd::soak {
namespace {

constexpr size_t kErrorsKept = 20;

std::string Difference(const Outcome& storm, const Outcome& alone) {
  if (storm.tokens != alone.tokens) {
    const auto at = std::mismatch(storm.tokens.begin(), storm.tokens.end(), alone.tokens.begin(), alone.tokens.end());
    return fmt::format("tokens differ from number {} on ({} among others, {} alone)", at.first - storm.tokens.begin(),
                       storm.tokens.size(), alone.tokens.size());
  }
  if (storm.text != alone.text) return "the tokens are equal, the texts differ";
  if (storm.reason != alone.reason) return fmt::format("reason {} among others, {} alone", storm.reason, alone.reason);
  if (storm.prompt_tokens != alone.prompt_tokens || storm.completion_tokens != alone.completion_tokens) {
    return fmt::format("usage {} + {} among others, {} + {} alone", storm.prompt_tokens, storm.completion_tokens,
                       alone.prompt_tokens, alone.completion_tokens);
  }
  return "";
}

std::string Describe(const std::string& bytes) {
  v1::GenerateRequest request;
  request.ParseFromString(bytes);
  const int ids = request.token_ids().ids_size();
  if (ids > 0) request.mutable_token_ids()->mutable_ids()->Truncate(std::min(ids, 8));
  return fmt::format("{}{}", request.ShortDebugString(), ids > 8 ? fmt::format(" ({} token ids)", ids) : "");
}

}  // namespace

void Ledger::AddError(const std::string& error) {
  ++error_count_;
  if (errors_.size() < kErrorsKept) errors_.push_back(error);
}

void Ledger::Add(const Outcome& outcome) {
  if (outcome.kind == Kind::kDone) return;
  if (outcome.kind == Kind::kCall) {
    ++counts_.calls;
    return;
  }
  if (outcome.kind == Kind::kError) {
    AddError(fmt::format("{}; action {}; {}", outcome.error, outcome.action, Describe(outcome.request)));
    return;
  }
  ++counts_.streams;
  counts_.tokens += outcome.tokens.size();
  Heard& heard = heard_[outcome.request];
  if (outcome.kind == Kind::kFinished) {
    ++counts_.finished;
    counts_.in_session += outcome.in_session ? 1 : 0;
    if (!heard.finished) heard.finished = outcome;
    ++heard.times;
    if (const std::string difference = Difference(outcome, *heard.finished); !difference.empty()) {
      AddError(fmt::format("the same request twice: {}; {}", difference, Describe(outcome.request)));
    }
    return;
  }
  ++heard.times_cut;
  heard.beginnings.insert(outcome.tokens);
  if (outcome.kind == Kind::kDeadline) {
    ++counts_.deadlines;
  } else if (outcome.kind == Kind::kCancelled) {
    ++counts_.cancelled;
    ++counts_.cancelled_in[outcome.phase];
  } else {
    ++counts_.killed;
    ++counts_.killed_in[outcome.phase];
  }
}

void Ledger::CompareAlone(const std::function<Outcome(const std::string& request)>& ask) {
  for (const auto& [request, heard] : heard_) {
    const Outcome alone = ask(request);
    ++counts_.different_requests;
    if (alone.kind != Kind::kFinished) {
      AddError(fmt::format("alone: {}; {}", alone.error, Describe(request)));
      continue;
    }
    for (const std::vector<int32_t>& beginning : heard.beginnings) {
      const bool same = beginning.size() <= alone.tokens.size() &&
                        std::equal(beginning.begin(), beginning.end(), alone.tokens.begin());
      if (!same) AddError(fmt::format("a stream that was cut off had begun otherwise; {}", Describe(request)));
    }
    counts_.beginnings_compared += heard.times_cut;
    if (!heard.finished) continue;
    v1::GenerateRequest parsed;
    parsed.ParseFromString(request);
    (IsGreedy(parsed) ? counts_.greedy_compared : counts_.sampled_compared) += heard.times;
    if (const std::string difference = Difference(*heard.finished, alone); !difference.empty()) {
      AddError(fmt::format("not what it is alone: {}; {}", difference, Describe(request)));
    }
  }
}

}  // namespace etd::soak
