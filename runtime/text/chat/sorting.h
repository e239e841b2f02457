// Stable sorting with keys whose comparison can fail. Inside this folder only.
#ifndef ETD_RUNTIME_TEXT_CHAT_SORTING_H_
#define ETD_RUNTIME_TEXT_CHAT_SORTING_H_

#include <utility>
#include <vector>

#include "runtime/text/chat/value.h"

namespace etd::text {

// Sorts `items` by the value that `key(item)` gives, as Python's sorted() does; equal items keep their order, also in
// reverse. A merge sort of our own: std::stable_sort must not see the inconsistent order that an error or NaN gives.
template <typename T, typename KeyOf>
absl::Status SortBy(Heap& heap, std::vector<T>* items, KeyOf key_of, bool reverse) {
  std::vector<std::pair<Value, T>> entries;
  entries.reserve(items->size());
  for (T& item : *items) {
    ETD_ASSIGN_OR_RETURN(Value key, key_of(item));
    entries.emplace_back(std::move(key), std::move(item));
  }
  std::vector<std::pair<Value, T>> merged(entries.size());
  for (size_t width = 1; width < entries.size(); width *= 2) {
    for (size_t begin = 0; begin < entries.size(); begin += 2 * width) {
      const size_t middle = std::min(begin + width, entries.size());
      const size_t end = std::min(begin + 2 * width, entries.size());
      size_t left = begin;
      size_t right = middle;
      for (size_t out = begin; out < end; ++out) {
        bool take_right = left == middle;
        if (left < middle && right < end) {
          ETD_ASSIGN_OR_RETURN(const int order, Compare(heap, entries[right].first, entries[left].first));
          take_right = order == (reverse ? 1 : -1);
        }
        merged[out] = std::move(entries[take_right ? right++ : left++]);
      }
    }
    std::swap(entries, merged);
  }
  for (size_t i = 0; i < entries.size(); ++i) (*items)[i] = std::move(entries[i].second);
  return absl::OkStatus();
}

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_CHAT_SORTING_H_
