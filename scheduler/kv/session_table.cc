#include "scheduler/kv/session_table.h"

#include <algorithm>

namespace etd::scheduler {

int64_t ReusableTokens(const Session& session, std::span<const int32_t> prompt, bool can_rewind, bool needs_logits) {
  const size_t held = std::min(session.tokens.size(), static_cast<size_t>(session.engine_length));
  const size_t limit = std::min(held, needs_logits && !prompt.empty() ? prompt.size() - 1 : prompt.size());
  size_t common = 0;
  while (common < limit && session.tokens[common] == prompt[common]) ++common;
  const auto keep = static_cast<int64_t>(common);
  return can_rewind || keep == session.engine_length ? keep : 0;
}

std::shared_ptr<Session> SessionTable::Find(const std::string& tenant, const std::string& name) const {
  const auto found = sessions_.find({tenant, name});
  return found == sessions_.end() ? nullptr : found->second;
}

bool SessionTable::Insert(std::shared_ptr<Session> session, std::vector<std::shared_ptr<Session>>* evicted) {
  std::shared_ptr<Session> victim;
  if (CountOf(session->tenant) >= limits_.max_per_tenant) {
    victim = Oldest(&session->tenant);
    if (victim == nullptr) return false;
  } else if (sessions_.size() >= limits_.max_sessions) {
    victim = Oldest(&session->tenant);
    if (victim == nullptr) victim = Oldest(nullptr);
    if (victim == nullptr) return false;
  }
  if (victim != nullptr) {
    sessions_.erase({victim->tenant, victim->name});
    evicted->push_back(std::move(victim));
  }
  Key key{session->tenant, session->name};
  sessions_.insert_or_assign(std::move(key), std::move(session));
  return true;
}

std::shared_ptr<Session> SessionTable::Remove(const std::string& tenant, const std::string& name) {
  auto node = sessions_.extract({tenant, name});
  return node.empty() ? nullptr : std::move(node.mapped());
}

std::shared_ptr<Session> SessionTable::RemoveLeastRecentlyUsed() {
  std::shared_ptr<Session> oldest = Oldest(nullptr);
  if (oldest != nullptr) sessions_.erase({oldest->tenant, oldest->name});
  return oldest;
}

std::vector<std::shared_ptr<Session>> SessionTable::RemoveModel(ModelId model) {
  std::vector<std::shared_ptr<Session>> removed;
  for (auto it = sessions_.begin(); it != sessions_.end();) {
    if (it->second->model == model && !it->second->busy) {
      removed.push_back(std::move(it->second));
      it = sessions_.erase(it);
    } else {
      ++it;
    }
  }
  return removed;
}

std::vector<std::shared_ptr<Session>> SessionTable::RemoveExpired(TimePoint now) {
  std::vector<std::shared_ptr<Session>> removed;
  if (limits_.idle_ttl <= Duration::zero()) return removed;
  for (auto it = sessions_.begin(); it != sessions_.end();) {
    if (!it->second->busy && it->second->last_used + limits_.idle_ttl <= now) {
      removed.push_back(std::move(it->second));
      it = sessions_.erase(it);
    } else {
      ++it;
    }
  }
  return removed;
}

std::optional<TimePoint> SessionTable::NextExpiry() const {
  if (limits_.idle_ttl <= Duration::zero()) return std::nullopt;
  const std::shared_ptr<Session> oldest = Oldest(nullptr);
  if (oldest == nullptr) return std::nullopt;
  return oldest->last_used + limits_.idle_ttl;
}

uint32_t SessionTable::CountOf(const std::string& tenant) const {
  const auto theirs = [&](const auto& entry) { return entry.first.first == tenant; };
  return static_cast<uint32_t>(std::count_if(sessions_.begin(), sessions_.end(), theirs));
}

std::vector<std::shared_ptr<Session>> SessionTable::All() const {
  std::vector<std::shared_ptr<Session>> all;
  all.reserve(sessions_.size());
  for (const auto& [key, session] : sessions_) all.push_back(session);
  return all;
}

std::shared_ptr<Session> SessionTable::Oldest(const std::string* tenant) const {
  std::shared_ptr<Session> oldest;
  for (const auto& [key, session] : sessions_) {
    if (session->busy || (tenant != nullptr && session->tenant != *tenant)) continue;
    if (oldest == nullptr || session->last_used < oldest->last_used) oldest = session;
  }
  return oldest;
}

}  // namespace etd::scheduler
