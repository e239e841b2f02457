#include "runtime/text/tokenizer/charsmap.h"

#include <cstring>

#include "absl/strings/escaping.h"
#include "runtime/base/status.h"
#include "runtime/text/tokenizer/unicode_forms.h"
#include "runtime/text/tokenizer/utf8.h"

namespace etd::text {
namespace {

// A unit of the double array.
bool HasLeaf(uint32_t unit) { return (unit >> 8 & 1) != 0; }
uint32_t Value(uint32_t unit) { return unit & 0x7FFFFFFFu; }
uint32_t Label(uint32_t unit) { return unit & 0x800000FFu; }
uint32_t Offset(uint32_t unit) { return (unit >> 10) << ((unit & 0x200u) >> 6); }

constexpr size_t kLongestCluster = 5;

}  // namespace

absl::StatusOr<Charsmap> Charsmap::FromBase64(std::string_view base64) {
  std::string blob;
  if (!absl::Base64Unescape(ToAbsl(base64), &blob)) return InvalidArgument("the character map is not base64");
  uint32_t trie_bytes = 0;
  if (blob.size() < sizeof(trie_bytes)) return InvalidArgument("the character map is too short");
  std::memcpy(&trie_bytes, blob.data(), sizeof(trie_bytes));
  if (trie_bytes < sizeof(uint32_t) || trie_bytes > blob.size() - sizeof(trie_bytes)) {
    return InvalidArgument("the character map says {} bytes of trie but holds {}", trie_bytes,
                           blob.size() - sizeof(trie_bytes));
  }
  Charsmap map;
  map.trie_.resize(trie_bytes / sizeof(uint32_t));
  std::memcpy(map.trie_.data(), blob.data() + sizeof(trie_bytes), map.trie_.size() * sizeof(uint32_t));
  map.replacements_ = blob.substr(sizeof(trie_bytes) + map.trie_.size() * sizeof(uint32_t));
  if (FindInvalidUtf8(map.replacements_) != std::string_view::npos) {
    return InvalidArgument("the character map's replacements are not UTF-8");
  }
  return map;
}

std::optional<std::string_view> Charsmap::Lookup(std::string_view text) const {
  size_t node = Offset(trie_[0]);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    node ^= byte;
    if (byte == 0 || node >= trie_.size() || Label(trie_[node]) != byte) return std::nullopt;
    const uint32_t unit = trie_[node];
    node ^= Offset(unit);
    if (!HasLeaf(unit)) continue;
    if (node >= trie_.size()) return std::nullopt;
    const size_t begin = Value(trie_[node]);
    // A start inside a character is a damaged map's.
    if (begin > replacements_.size() ||
        (begin < replacements_.size() && (static_cast<unsigned char>(replacements_[begin]) & 0xC0) == 0x80)) {
      return std::nullopt;
    }
    const size_t end = replacements_.find('\0', begin);
    return std::string_view(replacements_).substr(begin, end == std::string::npos ? end : end - begin);
  }
  return std::nullopt;
}

std::string Charsmap::Apply(std::string_view text) const {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t end = GraphemeEnd(text, at);
    if (end - at <= kLongestCluster) {
      if (const auto whole = Lookup(text.substr(at, end - at)); whole.has_value()) {
        out += *whole;
        at = end;
        continue;
      }
    }
    while (at < end) {
      const std::string_view character = text.substr(at, Utf8Length(text[at]));
      out += Lookup(character).value_or(character);
      at += character.size();
    }
  }
  return out;
}

}  // namespace etd::text
