// Conversations that are kept between requests: which tokens stand in whose state, who may use it, what goes first.
// Integers and names only; the bytes are the engine's.
#ifndef ETD_SCHEDULER_KV_SESSION_TABLE_H_
#define ETD_SCHEDULER_KV_SESSION_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/clock.h"
#include "scheduler/request.h"

namespace etd::scheduler {

// The state of one conversation. Sessions without a name belong to a single request.
struct Session {
  std::string tenant;
  std::string name;
  ModelId model = 0;
  std::optional<engine::SessionId> engine_id;  // absent until the first step
  std::vector<int32_t> tokens;     // the text so far; the last one may not stand in the engine yet
  int64_t engine_length = 0;       // positions filled in the engine; may exceed tokens.size() until the next request
  uint64_t bytes = 0;              // of the engine's state, as of the last step
  TimePoint last_used{};
  bool busy = false;
};

// How much of `session` a request with the text `prompt` can keep: the longest common prefix of what the engine holds,
// less one token where it would be the whole prompt (`needs_logits`: the last one must run to have its logits).
// Engines that cannot rewind keep all or nothing.
int64_t ReusableTokens(const Session& session, std::span<const int32_t> prompt, bool can_rewind, bool needs_logits);

// Named sessions. One thread.
class SessionTable {
 public:
  struct Limits {
    uint32_t max_sessions = 256;
    uint32_t max_per_tenant = 32;
    Duration idle_ttl = std::chrono::minutes(30);  // zero: for ever
  };

  explicit SessionTable(const Limits& limits) : limits_(limits) {}
  void SetLimits(const Limits& limits) { limits_ = limits; }
  const Limits& limits() const { return limits_; }

  std::shared_ptr<Session> Find(const std::string& tenant, const std::string& name) const;
  // A new one, not yet in the table: it becomes visible by Insert.
  // Room for it is made by taking idle sessions out, the tenant's own first; they are appended to `evicted`.
  // False (and nothing changed) where all that could go are busy.
  bool Insert(std::shared_ptr<Session> session, std::vector<std::shared_ptr<Session>>* evicted);
  // Null when there is none.
  std::shared_ptr<Session> Remove(const std::string& tenant, const std::string& name);
  // Takes the idle session out that was not used for longest; null when there is none.
  std::shared_ptr<Session> RemoveLeastRecentlyUsed();
  // Takes out all sessions of a model that are not busy.
  std::vector<std::shared_ptr<Session>> RemoveModel(ModelId model);
  // Takes out the idle sessions whose time has passed.
  std::vector<std::shared_ptr<Session>> RemoveExpired(TimePoint now);
  // When RemoveExpired would next find one.
  std::optional<TimePoint> NextExpiry() const;

  size_t size() const { return sessions_.size(); }
  uint32_t CountOf(const std::string& tenant) const;
  std::vector<std::shared_ptr<Session>> All() const;

 private:
  using Key = std::pair<std::string, std::string>;  // tenant, name
  // The idle session not used for longest, of `tenant` or of anyone (null).
  std::shared_ptr<Session> Oldest(const std::string* tenant) const;

  Limits limits_;
  std::map<Key, std::shared_ptr<Session>> sessions_;
};

}  // namespace etd::scheduler

#endif  // ETD_SCHEDULER_KV_SESSION_TABLE_H_
