#include "runtime/text/tokenizer/decode_stages.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/text/tokenizer/byte_alphabet.h"
#include "runtime/text/tokenizer/utf8.h"

namespace etd::text {
namespace {

// A token never grows further by one Replace: several in a row could fill the memory.
constexpr size_t kMaxReplaced = size_t{1} << 20;

std::string ReplaceAll(std::string_view text, std::string_view from, std::string_view to) {
  // An empty string stands between all characters.
  if (from.empty()) {
    std::string out(to);
    for (size_t at = 0; at < text.size();) {
      const size_t length = Utf8Length(text[at]);
      out += text.substr(at, length);
      out += to;
      at += length;
    }
    return out;
  }
  std::string out;
  size_t done = 0;
  for (size_t at = text.find(from); at != std::string_view::npos; at = text.find(from, done)) {
    out += text.substr(done, at - done);
    out += to;
    done = at + from.size();
  }
  out += text.substr(done);
  return out;
}

void CleanUp(std::string& text) {
  static constexpr std::pair<std::string_view, std::string_view> kRules[] = {
      {" .", "."},     {" ?", "?"},   {" !", "!"},           {" ,", ","},   {" ' ", "'"},  {" n't", "n't"},
      {" 'm", "'m"},   {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto& [from, to] : kRules) {
    if (text.find(from) != std::string::npos) text = ReplaceAll(text, from, to);
  }
}

// The byte of a token "<0x..>". Like the format's, the two digits may be "+" and one digit.
std::optional<char> FallbackByte(std::string_view token) {
  if (token.size() != 6 || token.substr(0, 3) != "<0x" || token[5] != '>') return std::nullopt;
  const auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  const int high = token[3] == '+' ? 0 : digit(token[3]), low = digit(token[4]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<char>(high * 16 + low);
}

}  // namespace

void ByteLevelStage::BeginOnce() {
  if (!begun_) next_.Begin();
  begun_ = true;
}

void ByteLevelStage::Take(std::string& token) {
  BeginOnce();
  std::optional<std::string> bytes = FromByteAlphabet(token);
  pending_ += bytes.has_value() ? *bytes : token;
  std::string text;
  size_t at = 0;
  while (at < pending_.size()) {
    const Utf8Prefix prefix = ClassifyUtf8(std::string_view(pending_).substr(at));
    if (prefix.kind == Utf8Prefix::kIncomplete) break;
    if (prefix.kind == Utf8Prefix::kCharacter) {
      text.append(pending_, at, prefix.length);
    } else {
      text += kReplacementCharacter;
    }
    at += prefix.length;
  }
  pending_.erase(0, at);
  if (!text.empty()) next_.Text(text);
}

void ByteLevelStage::Finish() {
  BeginOnce();
  if (!pending_.empty()) next_.Text(kReplacementCharacter);
  next_.End();
  next_.Finish();
}

void ByteFallbackStage::Take(std::string& token) {
  if (const std::optional<char> byte = FallbackByte(token); byte.has_value()) {
    AddByte(*byte);
    return;
  }
  EndRun();
  next_.Whole(token);
}

void ByteFallbackStage::AddByte(char byte) {
  run_ += byte;
  // One wrong byte spoils the whole run, so its text is only known at its end; spoilt, nothing can mend it.
  while (!hopeless_ && checked_ < run_.size()) {
    const Utf8Prefix prefix = ClassifyUtf8(std::string_view(run_).substr(checked_));
    if (prefix.kind == Utf8Prefix::kIncomplete) break;
    hopeless_ = prefix.kind == Utf8Prefix::kInvalid;
    checked_ += prefix.length;
  }
  if (!hopeless_) return;
  for (size_t i = 0; i < run_.size(); ++i) next_.Whole(kReplacementCharacter);
  run_.clear();
}

void ByteFallbackStage::EndRun() {
  if (!run_.empty() && FindInvalidUtf8(run_) == std::string_view::npos) {
    next_.Whole(run_);
  } else {
    for (size_t i = 0; i < run_.size(); ++i) next_.Whole(kReplacementCharacter);
  }
  run_.clear();
  checked_ = 0;
  hopeless_ = false;
}

void ByteFallbackStage::Finish() {
  EndRun();
  next_.Finish();
}

void StripStage::Begin() {
  at_start_ = true;
  cut_ = held_ = 0;
  next_.Begin();
}

void StripStage::Text(std::string_view text) {
  while (at_start_ && !text.empty()) {
    if (cut_ < start_ && text.substr(0, content_.size()) == content_) {
      text.remove_prefix(content_.size());
      ++cut_;
    } else {
      at_start_ = false;
    }
  }
  if (text.empty()) return;
  // Characters `content` at the end wait, up to `stop_` of them.
  size_t end = text.size(), tail = 0;
  while (tail < stop_ && end >= content_.size() && text.substr(end - content_.size(), content_.size()) == content_) {
    end -= content_.size();
    ++tail;
  }
  const size_t ready = end == 0 && held_ + tail > stop_ ? held_ + tail - stop_ : end == 0 ? 0 : held_;
  for (size_t i = 0; i < ready; ++i) next_.Text(content_);
  if (end > 0) next_.Text(text.substr(0, end));
  held_ = held_ - ready + tail;
}

void StripStage::End() { next_.End(); }

void ReplaceStage::Begin() {
  pending_.clear();
  next_.Begin();
}

void ReplaceStage::Text(std::string_view text) {
  pending_ += text;
  Advance(false);
}

void ReplaceStage::End() {
  Advance(true);
  next_.End();
}

void ReplaceStage::Advance(bool at_end) {
  // Only of a literal can one tell early where it may still match.
  const std::string& literal = pattern_.source();
  if (!at_end && (!pattern_.is_literal() || literal.empty())) return;
  std::vector<Match> matches;
  // A pattern that gives up (see Regex::FindAll) replaces nothing.
  if (!pattern_.FindAll(pending_, matches).ok()) matches.clear();
  if (matches.size() * content_.size() > kMaxReplaced) matches.clear();
  std::string out;
  size_t done = 0;
  for (const Match& match : matches) {
    out.append(pending_, done, match.begin - done);
    out += content_;
    done = match.end;
  }
  size_t keep = 0;  // a suffix that the literal may start with
  if (!at_end) {
    keep = std::min(literal.size() - 1, pending_.size() - done);
    while (keep > 0 && pending_.compare(pending_.size() - keep, keep, literal, 0, keep) != 0) --keep;
  }
  out.append(pending_, done, pending_.size() - done - keep);
  pending_.erase(0, pending_.size() - keep);
  if (!out.empty()) next_.Text(out);
}

void MetaspaceStage::Text(std::string_view text) {
  const std::string out = ReplaceAll(text, replacement_, drop_ ? "" : " ");
  if (!out.empty()) next_.Text(out);
}

void WordPieceStage::Take(std::string& token) {
  if (!first_) {
    if (token.compare(0, prefix_.size(), prefix_) == 0) {
      token.erase(0, prefix_.size());
    } else {
      token.insert(0, 1, ' ');
    }
  }
  first_ = false;
  if (cleanup_) CleanUp(token);
  next_.Whole(token);
}

void BpeSuffixStage::HandOn(std::string_view replacement) {
  if (has_last_) next_.Whole(ReplaceAll(last_, suffix_, replacement));
}

void BpeSuffixStage::Take(std::string& token) {
  HandOn(" ");
  last_ = token;
  has_last_ = true;
}

void BpeSuffixStage::Finish() {
  HandOn("");
  next_.Finish();
}

void CtcStage::Take(std::string& token) {
  if (has_previous_ && previous_ == token) return;
  previous_ = token;
  has_previous_ = true;
  std::string text = ReplaceAll(token, pad_, "");
  if (cleanup_) {
    CleanUp(text);
    text = ReplaceAll(text, delimiter_, " ");
  }
  if (!text.empty()) next_.Whole(text);
}

}  // namespace etd::text
