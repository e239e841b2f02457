// What was heard of each request, and whether it is what the request gives alone.
#ifndef ETD_TESTS_SOAK_LEDGER_H_
#define ETD_TESTS_SOAK_LEDGER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/soak/outcome.h"

namespace etd::soak {

class Ledger {
 public:
  // Takes note of a stream; counts it.
  void Add(const Outcome& outcome);
  void AddError(const std::string& error);

  // Asks each request that was heard of by itself and compares: finished streams must be equal in text, tokens, counts
  // and reason; of others the text so far must be a beginning. `ask` makes the request and waits for its end.
  void CompareAlone(const std::function<Outcome(const std::string& request)>& ask);

  struct Counts {
    uint64_t streams = 0;
    uint64_t finished = 0;
    uint64_t in_session = 0;  // of these
    uint64_t greedy_compared = 0;
    uint64_t sampled_compared = 0;
    uint64_t beginnings_compared = 0;
    uint64_t different_requests = 0;
    uint64_t cancelled = 0;
    uint64_t deadlines = 0;
    uint64_t killed = 0;
    uint64_t calls = 0;
    uint64_t tokens = 0;  // that clients received
    std::map<std::string, uint64_t> cancelled_in;
    std::map<std::string, uint64_t> killed_in;
  };
  const Counts& counts() const { return counts_; }
  const std::vector<std::string>& errors() const { return errors_; }
  uint64_t error_count() const { return error_count_; }

 private:
  struct Heard {
    std::optional<Outcome> finished;
    uint64_t times = 0;                // that it finished so
    std::set<std::vector<int32_t>> beginnings;
    uint64_t times_cut = 0;
  };

  std::map<std::string, Heard> heard_;
  Counts counts_;
  std::vector<std::string> errors_;
  uint64_t error_count_ = 0;
};

}  // namespace etd::soak

#endif  // ETD_TESTS_SOAK_LEDGER_H_
