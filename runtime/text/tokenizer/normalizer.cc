#include "runtime/text/tokenizer/normalizer.h"

#include <functional>
#include <utility>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/text/tokenizer/byte_alphabet.h"
#include "runtime/text/tokenizer/char_class.h"
#include "runtime/text/tokenizer/charsmap.h"
#include "runtime/text/tokenizer/pattern.h"
#include "runtime/text/tokenizer/unicode_forms.h"
#include "runtime/text/tokenizer/utf8.h"

namespace etd::text {
namespace {

absl::Status TooLong() {
  return InvalidArgument("the tokenizer's normalizer makes the text longer than {} bytes", kMaxNormalizedText);
}

// Takes a text made character by character from the old one; its first character stands for the old first one.
void Replace(NormalizedText& text, std::string changed) {
  text.text = std::move(changed);
  if (text.start_bytes > 0) text.start_bytes = text.text.empty() ? 0 : Utf8Length(text.text[0]);
}

// `map(code point, out)` appends what the character becomes. A first character that goes takes the start with it.
template <typename Map>
void MapCharacters(NormalizedText& text, const Map& map) {
  std::string out;
  out.reserve(text.text.size());
  bool first_kept = false;
  for (size_t at = 0; at < text.text.size();) {
    const bool first = at == 0;
    map(NextCodePoint(text.text, at), out);
    if (first) first_kept = !out.empty();
  }
  if (!first_kept) text.start_bytes = 0;
  Replace(text, std::move(out));
}

class FormNormalizer : public Normalizer {
 public:
  explicit FormNormalizer(UnicodeForm form) : form_(form) {}
  absl::Status Apply(NormalizedText& text) const override {
    Replace(text, ToUnicodeForm(text.text, form_));
    return absl::OkStatus();
  }
  bool KeepsText(std::string_view text) const override {
    return form_ == UnicodeForm::kNfc ? IsSurelyNfc(text) : IsAscii(text);
  }

 private:
  UnicodeForm form_;
};

class LowercaseNormalizer : public Normalizer {
 public:
  absl::Status Apply(NormalizedText& text) const override {
    Replace(text, ToLowercase(text.text));
    return absl::OkStatus();
  }
  bool KeepsText(std::string_view text) const override { return text.empty(); }
};

class StripNormalizer : public Normalizer {
 public:
  StripNormalizer(bool left, bool right) : left_(left), right_(right) {}
  absl::Status Apply(NormalizedText& text) const override {
    size_t begin = 0, end = text.text.size();
    while (left_ && begin < end) {
      size_t next = begin;
      if (!HasFlag(NextCodePoint(text.text, next), kSpace)) break;
      begin = next;
    }
    while (right_ && end > begin) {
      const size_t last = PreviousStart(text.text, end);
      size_t at = last;
      if (!HasFlag(NextCodePoint(text.text, at), kSpace)) break;
      end = last;
    }
    text.start_bytes = text.start_bytes > begin ? text.start_bytes - begin : 0;
    text.text = text.text.substr(begin, end - begin);
    return absl::OkStatus();
  }
  bool KeepsText(std::string_view text) const override { return text.empty(); }

 private:
  bool left_, right_;
};

class StripAccentsNormalizer : public Normalizer {
 public:
  absl::Status Apply(NormalizedText& text) const override {
    MapCharacters(text, [](char32_t c, std::string& out) {
      if (!HasFlag(c, kCombiningMark)) AppendUtf8(c, out);
    });
    return absl::OkStatus();
  }
  bool KeepsText(std::string_view text) const override { return IsAscii(text); }
};

class ReplaceNormalizer : public Normalizer {
 public:
  ReplaceNormalizer(Pattern pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}

  absl::Status Apply(NormalizedText& text) const override {
    std::vector<Match> matches;
    ETD_RETURN_IF_ERROR(pattern_.FindAll(text.text, matches));
    if (matches.empty()) return absl::OkStatus();
    // Neither factor is large enough to overflow: both come from texts in memory.
    if (matches.size() * content_.size() > kMaxNormalizedText) return TooLong();
    std::string out;
    out.reserve(text.text.size() + matches.size() * content_.size());
    size_t start = 0;  // how much of `out` still comes from the start
    bool at_start = true;
    for (const Stretch& stretch : Stretches(matches, text.text.size())) {
      if (stretch.matched) {
        out += content_;
        // The new text stands where the match's last byte stood.
        at_start = at_start && (stretch.end == 0 || stretch.end <= text.start_bytes);
      } else {
        out += std::string_view(text.text).substr(stretch.begin, stretch.end - stretch.begin);
        if (at_start && stretch.end > text.start_bytes) {
          start += text.start_bytes > stretch.begin ? text.start_bytes - stretch.begin : 0;
          at_start = false;
        }
      }
      if (at_start) start = out.size();
    }
    text.text = std::move(out);
    text.start_bytes = start;
    return absl::OkStatus();
  }
  bool KeepsText(std::string_view text) const override {
    return text.empty() ||
           (pattern_.is_literal() && !pattern_.source().empty() && text.find(pattern_.source()) == text.npos);
  }

 private:
  Pattern pattern_;
  std::string content_;
};

class PrependNormalizer : public Normalizer {
 public:
  explicit PrependNormalizer(std::string text) : prepend_(std::move(text)) {}
  absl::Status Apply(NormalizedText& text) const override {
    if (text.text.empty()) return absl::OkStatus();
    text.text.insert(0, prepend_);
    if (text.start_bytes > 0) text.start_bytes += prepend_.size();
    return absl::OkStatus();
  }
  bool KeepsText(std::string_view text) const override { return text.empty() || prepend_.empty(); }

 private:
  std::string prepend_;
};

class CharsmapNormalizer : public Normalizer {
 public:
  explicit CharsmapNormalizer(Charsmap map) : map_(std::move(map)) {}
  absl::Status Apply(NormalizedText& text) const override {
    Replace(text, map_.Apply(text.text));
    return absl::OkStatus();
  }
  bool KeepsText(std::string_view text) const override { return text.empty(); }

 private:
  Charsmap map_;
};

bool IsChinese(char32_t c) {
  static constexpr CharRange kRanges[] = {{0x4E00, 0x9FFF},   {0x3400, 0x4DBF},   {0x20000, 0x2A6DF},
                                          {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F}, {0x2B920, 0x2CEAF},
                                          {0xF900, 0xFAFF},   {0x2F800, 0x2FA1F}};
  for (const CharRange& range : kRanges) {
    if (c >= range.first && c <= range.last) return true;
  }
  return false;
}

class BertNormalizer : public Normalizer {
 public:
  struct Options {
    bool clean_text, handle_chinese_chars, strip_accents, lowercase;
  };
  explicit BertNormalizer(Options options) : options_(options) {}

  absl::Status Apply(NormalizedText& text) const override {
    if (options_.clean_text) {
      MapCharacters(text, [](char32_t c, std::string& out) {
        const uint16_t flags = CharFlags(c);
        if ((flags & kRemovedByBert) != 0) return;
        AppendUtf8((flags & kSpace) != 0 ? U' ' : c, out);
      });
    }
    if (options_.handle_chinese_chars) {
      MapCharacters(text, [](char32_t c, std::string& out) {
        const bool chinese = c >= 0x3400 && IsChinese(c);
        if (chinese) out += ' ';
        AppendUtf8(c, out);
        if (chinese) out += ' ';
      });
    }
    if (options_.strip_accents && !IsAscii(text.text)) {
      Replace(text, ToUnicodeForm(text.text, UnicodeForm::kNfd));
      MapCharacters(text, [](char32_t c, std::string& out) {
        if (!HasFlag(c, kNonspacing)) AppendUtf8(c, out);
      });
    }
    if (options_.lowercase) Replace(text, ToLowercase(text.text));
    return absl::OkStatus();
  }
  bool KeepsText(std::string_view text) const override { return text.empty(); }

 private:
  Options options_;
};

class NmtNormalizer : public Normalizer {
 public:
  absl::Status Apply(NormalizedText& text) const override {
    MapCharacters(text, [](char32_t c, std::string& out) {
      const bool dropped = (c >= 0x1 && c <= 0x8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F || c == 0x8F ||
                           c == 0x9F;
      if (dropped) return;
      const bool space = c == 0x9 || c == 0xA || c == 0xC || c == 0xD || c == 0x1680 || (c >= 0x200B && c <= 0x200F) ||
                         c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
      AppendUtf8(space ? U' ' : c, out);
    });
    return absl::OkStatus();
  }
  bool KeepsText(std::string_view text) const override { return text.empty(); }
};

class ByteLevelNormalizer : public Normalizer {
 public:
  absl::Status Apply(NormalizedText& text) const override {
    const size_t start_bytes = text.start_bytes;
    // The bytes of the first character all come from the start.
    const std::string start = ToByteAlphabet(std::string_view(text.text).substr(0, start_bytes));
    text.text = ToByteAlphabet(text.text);
    text.start_bytes = start.size();
    return absl::OkStatus();
  }
  bool KeepsText(std::string_view text) const override { return text.empty(); }
};

class NormalizerSequence : public Normalizer {
 public:
  explicit NormalizerSequence(std::vector<std::unique_ptr<Normalizer>> steps) : steps_(std::move(steps)) {}
  absl::Status Apply(NormalizedText& text) const override {
    for (const auto& step : steps_) {
      ETD_RETURN_IF_ERROR(step->Apply(text));
      if (text.text.size() > kMaxNormalizedText) return TooLong();
    }
    return absl::OkStatus();
  }
  bool KeepsText(std::string_view text) const override {
    for (const auto& step : steps_) {
      if (!step->KeepsText(text)) return false;
    }
    return true;
  }

 private:
  std::vector<std::unique_ptr<Normalizer>> steps_;
};

using Made = absl::StatusOr<std::unique_ptr<Normalizer>>;

Made ReadSequence(JsonObject& object) {
  ETD_ASSIGN_OR_RETURN(std::vector<JsonObject> steps, object.Objects("normalizers"));
  std::vector<std::unique_ptr<Normalizer>> made;
  for (JsonObject& step : steps) {
    ETD_ASSIGN_OR_RETURN(made.emplace_back(), ReadNormalizer(step));
  }
  return std::make_unique<NormalizerSequence>(std::move(made));
}

Made ReadBert(JsonObject& object) {
  BertNormalizer::Options options{};
  ETD_ASSIGN_OR_RETURN(options.clean_text, object.Bool("clean_text"));
  ETD_ASSIGN_OR_RETURN(options.handle_chinese_chars, object.Bool("handle_chinese_chars"));
  ETD_ASSIGN_OR_RETURN(options.lowercase, object.Bool("lowercase"));
  ETD_ASSIGN_OR_RETURN(options.strip_accents, object.Bool("strip_accents", options.lowercase));
  return std::make_unique<BertNormalizer>(options);
}

Made ReadStrip(JsonObject& object) {
  ETD_ASSIGN_OR_RETURN(const bool left, object.Bool("strip_left"));
  ETD_ASSIGN_OR_RETURN(const bool right, object.Bool("strip_right"));
  return std::make_unique<StripNormalizer>(left, right);
}

Made ReadReplace(JsonObject& object) {
  ETD_ASSIGN_OR_RETURN(Pattern pattern, Pattern::Read(object));
  ETD_ASSIGN_OR_RETURN(std::string content, object.String("content"));
  return std::make_unique<ReplaceNormalizer>(std::move(pattern), std::move(content));
}

Made ReadPrepend(JsonObject& object) {
  ETD_ASSIGN_OR_RETURN(std::string prepend, object.String("prepend"));
  return std::make_unique<PrependNormalizer>(std::move(prepend));
}

Made ReadCharsmap(JsonObject& object) {
  ETD_ASSIGN_OR_RETURN(const std::string base64, object.String("precompiled_charsmap"));
  auto map = Charsmap::FromBase64(base64);
  if (!map.ok()) return Annotate(map.status(), object.place());
  return std::make_unique<CharsmapNormalizer>(*std::move(map));
}

Made ReadByType(JsonObject& object) {
  ETD_ASSIGN_OR_RETURN(const std::string type, object.String("type"));
  if (type == "NFC") return std::make_unique<FormNormalizer>(UnicodeForm::kNfc);
  if (type == "NFD") return std::make_unique<FormNormalizer>(UnicodeForm::kNfd);
  if (type == "NFKC") return std::make_unique<FormNormalizer>(UnicodeForm::kNfkc);
  if (type == "NFKD") return std::make_unique<FormNormalizer>(UnicodeForm::kNfkd);
  if (type == "Lowercase") return std::make_unique<LowercaseNormalizer>();
  if (type == "StripAccents") return std::make_unique<StripAccentsNormalizer>();
  if (type == "Nmt") return std::make_unique<NmtNormalizer>();
  if (type == "ByteLevel") return std::make_unique<ByteLevelNormalizer>();
  if (type == "Sequence") return ReadSequence(object);
  if (type == "BertNormalizer" || type == "Bert") return ReadBert(object);
  if (type == "Strip") return ReadStrip(object);
  if (type == "Replace") return ReadReplace(object);
  if (type == "Prepend") return ReadPrepend(object);
  if (type == "Precompiled") return ReadCharsmap(object);
  return InvalidArgument("{} is \"{}\", a normalizer this version does not know", object.PlaceOf("type"), type);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Normalizer>> ReadNormalizer(JsonObject& object) {
  ETD_ASSIGN_OR_RETURN(std::unique_ptr<Normalizer> normalizer, ReadByType(object));
  ETD_RETURN_IF_ERROR(object.RejectUnknown());
  return normalizer;
}

}  // namespace etd::text
