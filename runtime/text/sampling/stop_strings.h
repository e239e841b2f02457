// Cuts a stream of text before the first stop string.
#ifndef ETD_RUNTIME_TEXT_SAMPLING_STOP_STRINGS_H_
#define ETD_RUNTIME_TEXT_SAMPLING_STOP_STRINGS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace etd::text {

// Looks for several stop strings at once in text that arrives in pieces of any length; a stop string may be spread over
// any number of them. The result does not depend on how the text was cut: the stop string that is complete first ends the
// text, the longest one among those complete at the same byte. Costs a few operations a byte. One thread at a time.
class StopMatcher {
 public:
  // UTF-8; empty strings are ignored.
  explicit StopMatcher(const std::vector<std::string>& stop_strings);

  struct Result {
    std::string emit;      // text that may go to the client now; whole code points, if the pieces are
    bool stopped = false;  // a stop string was found: `emit` ends before it, and all later text is dropped
    std::string stop = {};  // the one that was found, in the result that found it
  };
  // Holds back what could be the start of a stop string; it comes with a later result.
  Result Push(std::string_view piece);
  // The text has ended: gives what was held back.
  Result Flush();

 private:
  // An Aho-Corasick automaton: a state is the longest end of the text that a stop string starts with.
  struct State {
    std::vector<std::pair<char, int32_t>> next;
    int32_t fail = 0;
    int32_t depth = 0;   // bytes of text that the state stands for
    int32_t stop = 0;    // length of the longest stop string that ends here, 0 if none does
  };
  int32_t Child(int32_t state, char byte) const;
  int32_t Step(int32_t state, char byte) const;
  void AddStop(std::string_view stop);
  void LinkFailures();

  std::vector<State> states_;
  int32_t state_ = 0;
  bool stopped_ = false;
  std::string held_;
};

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_SAMPLING_STOP_STRINGS_H_
