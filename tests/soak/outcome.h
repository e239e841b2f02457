// What a client tells the storm about one thing it did: one line of JSON on a pipe.
#ifndef ETD_TESTS_SOAK_OUTCOME_H_
#define ETD_TESTS_SOAK_OUTCOME_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace etd::soak {

enum class Kind {
  kFinished,   // a stream ended by itself
  kCancelled,  // asked for
  kDeadline,   // asked for
  kKilling,    // the process is about to kill itself
  kCall,       // any other call
  kError,      // nobody asked for it
  kDone,       // the client's last line
};

struct Outcome {
  Kind kind = Kind::kError;
  uint64_t action = 0;
  std::string phase = {};    // of cancels and kills: "queue", "prefill", "decode", or "early" when the daemon had not seen it
  std::string request = {};  // serialised: the same request by itself, without a session; empty when it was no stream
  bool in_session = false;
  std::string text = {};
  std::vector<int32_t> tokens = {};
  int reason = 0;
  uint32_t prompt_tokens = 0;
  uint32_t completion_tokens = 0;
  std::string error = {};
};

std::string ToLine(const Outcome& outcome);
// Nothing when it is no such line.
std::optional<Outcome> FromLine(const std::string& line);

}  // namespace etd::soak

#endif  // ETD_TESTS_SOAK_OUTCOME_H_
