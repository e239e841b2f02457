#include "runtime/text/sampling/stop_strings.h"

#include <algorithm>

namespace etd::text {
namespace {

bool IsContinuation(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

// The largest cut <= size that does not split a code point of `text`.
size_t WholeCodePoints(std::string_view text, size_t size) {
  while (size > 0 && size < text.size() && IsContinuation(text[size])) --size;
  return size;
}

}  // namespace

StopMatcher::StopMatcher(const std::vector<std::string>& stop_strings) : states_(1) {
  for (const std::string& stop : stop_strings) AddStop(stop);
  LinkFailures();
}

void StopMatcher::AddStop(std::string_view stop) {
  int32_t state = 0;
  for (const char byte : stop) {
    int32_t child = Child(state, byte);
    if (child < 0) {
      child = static_cast<int32_t>(states_.size());
      states_.emplace_back();
      states_.back().depth = states_[static_cast<size_t>(state)].depth + 1;
      states_[static_cast<size_t>(state)].next.emplace_back(byte, child);
    }
    state = child;
  }
  states_[static_cast<size_t>(state)].stop = static_cast<int32_t>(stop.size());
}

// Breadth first, so that the failure state of a shorter text is known before it is needed.
void StopMatcher::LinkFailures() {
  std::vector<int32_t> queue;
  for (const auto& [byte, child] : states_[0].next) queue.push_back(child);
  for (size_t i = 0; i < queue.size(); ++i) {
    const State& state = states_[static_cast<size_t>(queue[i])];
    for (const auto& [byte, child] : state.next) {
      State& target = states_[static_cast<size_t>(child)];
      target.fail = Step(state.fail, byte);
      if (target.stop == 0) target.stop = states_[static_cast<size_t>(target.fail)].stop;
      queue.push_back(child);
    }
  }
}

int32_t StopMatcher::Child(int32_t state, char byte) const {
  for (const auto& [label, child] : states_[static_cast<size_t>(state)].next) {
    if (label == byte) return child;
  }
  return -1;
}

int32_t StopMatcher::Step(int32_t state, char byte) const {
  for (;;) {
    const int32_t child = Child(state, byte);
    if (child >= 0) return child;
    if (state == 0) return 0;
    state = states_[static_cast<size_t>(state)].fail;
  }
}

StopMatcher::Result StopMatcher::Push(std::string_view piece) {
  if (stopped_) return {"", true};
  for (const char byte : piece) {
    held_.push_back(byte);
    state_ = Step(state_, byte);
    const State& state = states_[static_cast<size_t>(state_)];
    if (state.stop == 0) continue;
    stopped_ = true;
    std::string emit = std::move(held_);
    held_.clear();
    const size_t begin = emit.size() - static_cast<size_t>(state.stop);
    std::string stop = emit.substr(begin);
    emit.resize(WholeCodePoints(emit, begin));
    return {std::move(emit), true, std::move(stop)};
  }
  const size_t depth = static_cast<size_t>(states_[static_cast<size_t>(state_)].depth);
  const size_t ready = WholeCodePoints(held_, held_.size() - depth);
  Result result{held_.substr(0, ready), false};
  held_.erase(0, ready);
  return result;
}

StopMatcher::Result StopMatcher::Flush() {
  if (stopped_) return {"", true};
  state_ = 0;
  return {std::exchange(held_, {}), false};
}

}  // namespace etd::text
