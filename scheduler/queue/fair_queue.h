// A queue in which tenants take turns: first come first served within a tenant, round robin between them.
#ifndef ETD_SCHEDULER_QUEUE_FAIR_QUEUE_H_
#define ETD_SCHEDULER_QUEUE_FAIR_QUEUE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace etd::scheduler {

// `T` is a handle (pointer, id): cheap to copy, comparable. One thread.
template <typename T>
class FairQueue {
 public:
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  void Push(const std::string& tenant, T item) {
    ++size_;
    for (Line& line : lines_) {
      if (line.tenant == tenant) {
        line.items.push_back(item);
        return;
      }
    }
    lines_.push_back(Line{tenant, {item}});
  }

  // The item whose turn it is; the queue must not be empty.
  const T& Front() const { return lines_.front().items.front(); }

  // Takes the front away; its tenant goes to the end of the round.
  void Pop() {
    --size_;
    Line line = std::move(lines_.front());
    lines_.pop_front();
    line.items.pop_front();
    if (!line.items.empty()) lines_.push_back(std::move(line));
  }

  // False when it is not in the queue.
  bool Remove(const T& item) {
    for (auto line = lines_.begin(); line != lines_.end(); ++line) {
      const auto found = std::find(line->items.begin(), line->items.end(), item);
      if (found == line->items.end()) continue;
      line->items.erase(found);
      if (line->items.empty()) lines_.erase(line);
      --size_;
      return true;
    }
    return false;
  }

  // All items in the order in which they would be served.
  std::vector<T> InOrder() const {
    std::vector<T> order;
    order.reserve(size_);
    for (size_t depth = 0; order.size() < size_; ++depth) {
      for (const Line& line : lines_) {
        if (depth < line.items.size()) order.push_back(line.items[depth]);
      }
    }
    return order;
  }

 private:
  struct Line {
    std::string tenant;
    std::deque<T> items;
  };
  std::deque<Line> lines_;  // none is empty; the front has the turn
  size_t size_ = 0;
};

}  // namespace etd::scheduler

#endif  // ETD_SCHEDULER_QUEUE_FAIR_QUEUE_H_
