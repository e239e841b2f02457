#include "runtime/text/chat/text_algorithms.h"

#include <algorithm>
#include <charconv>

#include "runtime/text/chat/unicode.h"

namespace etd::text {
namespace {

bool IsLineEnd(char32_t c) {
  return (c >= 0x0a && c <= 0x0d) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

bool IsCased(char32_t c) { return IsUpper(c) || IsLower(c) || IsTitle(c); }

std::string One(char32_t c) {
  std::string out;
  AppendUtf8(c, &out);
  return out;
}

std::vector<std::string> SplitSpaceRight(std::string_view text, int64_t limit) {
  std::vector<std::string> parts;
  text = Strip(text, nullptr, false, true);
  while (!text.empty()) {
    if (limit >= 0 && static_cast<int64_t>(parts.size()) == limit) {
      parts.emplace_back(text);
      break;
    }
    size_t word = text.size();
    while (word > 0) {
      size_t last = word - 1;
      while (last > 0 && (static_cast<unsigned char>(text[last]) & 0xc0) == 0x80) --last;
      size_t next = last;
      if (IsSpace(NextCodePoint(text, &next))) break;
      word = last;
    }
    parts.emplace_back(text.substr(word));
    text = Strip(text.substr(0, word), nullptr, false, true);
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

}  // namespace

std::vector<std::string> SplitSpace(std::string_view text, int64_t limit, bool right) {
  if (right) return SplitSpaceRight(text, limit);
  std::vector<std::string> parts;
  text = Strip(text, nullptr, true, false);
  while (!text.empty()) {
    if (limit >= 0 && static_cast<int64_t>(parts.size()) == limit) {
      parts.emplace_back(text);
      break;
    }
    size_t word = 0;
    while (word < text.size()) {
      size_t next = word;
      if (IsSpace(NextCodePoint(text, &next))) break;
      word = next;
    }
    parts.emplace_back(text.substr(0, word));
    text = Strip(text.substr(word), nullptr, true, false);
  }
  return parts;
}

std::vector<std::string> SplitText(std::string_view text, std::string_view separator, int64_t limit, bool right) {
  std::vector<std::string> parts;
  while (limit < 0 || static_cast<int64_t>(parts.size()) < limit) {
    const size_t at = right ? text.rfind(separator) : text.find(separator);
    if (at == std::string_view::npos) break;
    if (right) {
      parts.emplace_back(text.substr(at + separator.size()));
      text = text.substr(0, at);
    } else {
      parts.emplace_back(text.substr(0, at));
      text = text.substr(at + separator.size());
    }
  }
  parts.emplace_back(text);
  if (right) std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<std::string> SplitLines(std::string_view text, bool keep_ends) {
  std::vector<std::string> lines;
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = at;
    const char32_t c = NextCodePoint(text, &at);
    if (!IsLineEnd(c)) continue;
    if (c == '\r' && at < text.size() && text[at] == '\n') ++at;
    lines.emplace_back(text.substr(begin, (keep_ends ? at : end) - begin));
    begin = at;
  }
  if (begin < text.size()) lines.emplace_back(text.substr(begin));
  return lines;
}

absl::StatusOr<std::string> ReplaceText(Heap& heap, std::string_view text, std::string_view from, std::string_view to,
                                        int64_t limit) {
  std::string out;
  int64_t done = 0;
  size_t at = 0;
  const auto more = [&] { return limit < 0 || done < limit; };
  while (at <= text.size() && more()) {
    size_t found = at;
    if (!from.empty()) found = text.find(from, at);
    if (found == std::string_view::npos) break;
    out.append(text.substr(at, found - at));
    out.append(to);
    ++done;
    at = found + from.size();
    if (from.empty()) {
      if (at >= text.size()) {
        ++at;
        break;
      }
      const size_t begin = at;
      NextCodePoint(text, &at);
      out.append(text.substr(begin, at - begin));
    }
    ETD_RETURN_IF_ERROR(heap.budget().Step());
    ETD_RETURN_IF_ERROR(heap.budget().CheckSize(static_cast<int64_t>(out.size())));
  }
  if (at < text.size()) out.append(text.substr(at));
  return out;
}

absl::StatusOr<std::string> PadText(Heap& heap, std::string_view text, int64_t width, std::string_view fill,
                                    char align) {
  const int64_t missing = width - CountCodePoints(text);
  if (missing <= 0) return std::string(text);
  ETD_RETURN_IF_ERROR(heap.budget().CheckSize(missing));
  ETD_RETURN_IF_ERROR(heap.budget().Step(missing));
  int64_t left = align == '<' ? 0 : missing;
  if (align == '^') left = missing / 2 + (missing & width & 1);
  std::string out;
  for (int64_t i = 0; i < left; ++i) out += fill;
  out += text;
  for (int64_t i = left; i < missing; ++i) out += fill;
  return out;
}

std::string Capitalize(std::string_view text) {
  if (text.empty()) return "";
  size_t next = 0;
  const char32_t first = NextCodePoint(text, &next);
  return ToTitle(first) + ToLower(text.substr(next));
}

std::string SwapCase(std::string_view text) {
  std::string out;
  for (const char32_t c : ToCodePoints(text)) {
    out += IsUpper(c) ? ToLower(One(c)) : (IsLower(c) ? ToUpper(One(c)) : One(c));
  }
  return out;
}

std::string TitleCase(std::string_view text) {
  std::string out;
  bool inside = false;
  for (const char32_t c : ToCodePoints(text)) {
    out += inside ? ToLower(One(c)) : ToTitle(c);
    inside = IsCased(c);
  }
  return out;
}

bool IsLowerText(std::string_view text) {
  bool cased = false;
  for (const char32_t c : ToCodePoints(text)) {
    if (IsUpper(c) || IsTitle(c)) return false;
    cased |= IsLower(c);
  }
  return cased;
}

bool IsUpperText(std::string_view text) {
  bool cased = false;
  for (const char32_t c : ToCodePoints(text)) {
    if (IsLower(c) || IsTitle(c)) return false;
    cased |= IsUpper(c);
  }
  return cased;
}

bool IsTitleText(std::string_view text) {
  bool inside = false;
  bool cased = false;
  for (const char32_t c : ToCodePoints(text)) {
    const bool opens = IsUpper(c) || IsTitle(c);
    if ((opens && inside) || (IsLower(c) && !inside)) return false;
    inside = IsCased(c);
    cased |= inside;
  }
  return cased;
}

namespace {

// The character that an entity (without & and ;) stands for, or nothing.
std::string ResolveEntity(std::string_view name) {
  constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"apos", "'"}, {"nbsp", "\xc2\xa0"}};
  for (const auto& [known, text] : kNames) {
    if (known == name) return std::string(text);
  }
  if (name.size() < 2 || name[0] != '#') return "";
  const bool hex = name[1] == 'x' || name[1] == 'X';
  const std::string_view digits = name.substr(hex ? 2 : 1);
  uint32_t code_point = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), code_point, hex ? 16 : 10);
  if (error != std::errc() || end != digits.data() + digits.size() || code_point == 0 || code_point > 0x10ffff ||
      (code_point >= 0xd800 && code_point < 0xe000)) {
    return "";
  }
  return One(static_cast<char32_t>(code_point));
}

}  // namespace

std::string StripTags(std::string_view text) {
  std::string kept;
  while (true) {
    const size_t open = text.find('<');
    if (open == std::string_view::npos) break;
    const bool comment = text.substr(open, 4) == "<!--";
    const size_t close = comment ? text.find("-->", open + 4) : text.find('>', open);
    if (close == std::string_view::npos) break;
    kept.append(text.substr(0, open));
    text = text.substr(close + (comment ? 3 : 1));
  }
  kept.append(text);
  std::string collapsed;
  for (const std::string& word : SplitSpace(kept, -1, false)) {
    if (!collapsed.empty()) collapsed.push_back(' ');
    collapsed += word;
  }
  std::string out;
  for (size_t at = 0; at < collapsed.size();) {
    const size_t end = collapsed[at] == '&' ? collapsed.find(';', at) : std::string::npos;
    std::string character;
    if (end != std::string::npos) character = ResolveEntity(std::string_view(collapsed).substr(at + 1, end - at - 1));
    if (character.empty()) {
      out.push_back(collapsed[at++]);
    } else {
      out += character;
      at = end + 1;
    }
  }
  return out;
}

}  // namespace etd::text
