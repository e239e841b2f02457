#include "runtime/text/chat/word_wrap.h"

#include <algorithm>

#include "runtime/text/chat/unicode.h"

namespace etd::text {
namespace {

bool IsBlank(char32_t c) { return c == ' ' || (c >= 9 && c <= 13); }

// Words, runs of blanks, and parts of words that end in a hyphen between letters.
std::vector<std::u32string> Chunks(const std::u32string& text, bool break_hyphens) {
  std::vector<std::u32string> chunks;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool starts = i == 0 || IsBlank(text[i]) != IsBlank(text[i - 1]);
    const bool after_hyphen = break_hyphens && i >= 3 && text[i - 1] == '-' && IsAlpha(text[i - 2]) &&
                              IsAlpha(text[i - 3]) && i + 1 < text.size() && IsAlpha(text[i]) && IsAlpha(text[i + 1]);
    if (starts || after_hyphen) chunks.emplace_back();
    chunks.back().push_back(text[i]);
  }
  return chunks;
}

}  // namespace

std::vector<std::string> WrapParagraph(std::string_view text, int64_t width, bool break_long, bool break_hyphens) {
  std::vector<std::string> lines;
  std::vector<std::u32string> chunks = Chunks(ToCodePoints(text), break_hyphens);
  std::reverse(chunks.begin(), chunks.end());
  const auto limit = static_cast<size_t>(width);
  while (!chunks.empty()) {
    std::vector<std::u32string> line;
    size_t length = 0;
    if (!lines.empty() && IsBlank(chunks.back()[0])) chunks.pop_back();
    while (!chunks.empty() && length + chunks.back().size() <= limit) {
      length += chunks.back().size();
      line.push_back(std::move(chunks.back()));
      chunks.pop_back();
    }
    if (!chunks.empty() && chunks.back().size() > limit) {
      if (break_long) {
        const size_t space = std::max<size_t>(limit - length, 1);
        line.push_back(chunks.back().substr(0, space));
        chunks.back().erase(0, space);
      } else if (line.empty()) {
        line.push_back(std::move(chunks.back()));
        chunks.pop_back();
      }
    }
    if (!line.empty() && IsBlank(line.back()[0])) line.pop_back();
    std::string out;
    for (const std::u32string& chunk : line) out += FromCodePoints(chunk);
    if (!line.empty()) lines.push_back(std::move(out));
  }
  return lines;
}

}  // namespace etd::text
