// The bounded hand-over of one request's tokens from the scheduler's thread to whoever writes its stream.
#ifndef ETD_SCHEDULER_TOKEN_CHANNEL_H_
#define ETD_SCHEDULER_TOKEN_CHANNEL_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "runtime/base/mutex.h"
#include "runtime/engine/engine.h"
#include "scheduler/request.h"

namespace etd::scheduler {

// One producer (the scheduler's thread), one consumer at a time (any thread). Neither side ever blocks: the producer
// does not run a request whose channel is full, the consumer is called when there is something to take. What is pushed
// waits until it is announced: the producer says how many tokens make a message.
class TokenChannel {
 public:
  // `ready` is called on the producer's thread, without locks held, when something was announced and nothing announced
  // was there before; it must not block. At most `capacity` tokens wait.
  TokenChannel(size_t capacity, std::function<void()> ready);

  // Producer: whether a token would fit. When not, `resume` (see SetResume) is called once there is room.
  bool RoomOrArm();
  // Producer; there must be room. Returns whether half of it is taken now: then the consumer should not wait longer.
  bool Push(engine::TokenChoice choice);
  // Producer: has the consumer take what was pushed.
  void Announce();
  // Producer; the last call, which announces. What was pushed before is delivered first.
  void Finish(FinishInfo info);
  // Before the first RoomOrArm. Called on the consumer's thread, without locks held.
  void SetResume(std::function<void()> resume);

  // Whether something announced waits to be taken. Any thread.
  bool HasAnnounced();
  // Consumer: moves out what is there, announced or not; `finish` is set when the stream has ended (and stays set).
  // Both are cleared first. The memory of `tokens` is reused by the channel, so that taking does not allocate.
  void Take(std::vector<engine::TokenChoice>* tokens, std::optional<FinishInfo>* finish);

 private:
  const size_t capacity_;
  const std::function<void()> ready_;
  std::function<void()> resume_;
  Mutex mutex_;
  std::vector<engine::TokenChoice> tokens_ ETD_GUARDED_BY(mutex_);
  std::optional<FinishInfo> finish_ ETD_GUARDED_BY(mutex_);
  bool announced_ ETD_GUARDED_BY(mutex_) = false;
  bool armed_ ETD_GUARDED_BY(mutex_) = false;
};

}  // namespace etd::scheduler

#endif  // ETD_SCHEDULER_TOKEN_CHANNEL_H_
