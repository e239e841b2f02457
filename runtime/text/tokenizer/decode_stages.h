// The stages behind the decoders of tokenizer files that only need their parameters.
#ifndef ETD_RUNTIME_TEXT_TOKENIZER_DECODE_STAGES_H_
#define ETD_RUNTIME_TEXT_TOKENIZER_DECODE_STAGES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/text/tokenizer/decoder.h"
#include "runtime/text/tokenizer/pattern.h"

namespace etd::text {

// A stage that needs each token whole.
class WholeTokenStage : public TokenSink {
 public:
  explicit WholeTokenStage(TokenSink& next) : next_(next) {}
  void Begin() final { token_.clear(); }
  void Text(std::string_view text) final { token_ += text; }
  void End() final { Take(token_); }
  void Finish() override { next_.Finish(); }

 protected:
  // `token` may be changed.
  virtual void Take(std::string& token) = 0;

  TokenSink& next_;

 private:
  std::string token_;
};

// All tokens become one.
class FuseStage : public TokenSink {
 public:
  explicit FuseStage(TokenSink& next) : next_(next) {}
  void Begin() override { BeginOnce(); }
  void Text(std::string_view text) override { next_.Text(text); }
  void End() override {}
  void Finish() override {
    BeginOnce();
    next_.End();
    next_.Finish();
  }

 private:
  void BeginOnce() {
    if (!begun_) next_.Begin();
    begun_ = true;
  }

  TokenSink& next_;
  bool begun_ = false;
};

// Tokens in the byte-level alphabet (others as they stand) become one token of the bytes they stand for; what is not
// UTF-8 becomes replacement characters.
class ByteLevelStage : public WholeTokenStage {
 public:
  using WholeTokenStage::WholeTokenStage;
  void Finish() override;

 private:
  void Take(std::string& token) override;
  void BeginOnce();

  bool begun_ = false;
  std::string pending_;  // an unfinished character
};

// Runs of tokens "<0x..>" become the text of those bytes, or a replacement character for each when it is not UTF-8.
class ByteFallbackStage : public WholeTokenStage {
 public:
  using WholeTokenStage::WholeTokenStage;
  void Finish() override;

 private:
  void Take(std::string& token) override;
  void AddByte(char byte);
  void EndRun();

  std::string run_;        // bytes that are not handed on yet
  size_t checked_ = 0;     // bytes of the run known to be whole characters
  bool hopeless_ = false;  // the run is not UTF-8, whatever follows
};

// Cuts up to `start` and `stop` characters `content` from the ends of each token.
class StripStage : public TokenSink {
 public:
  StripStage(TokenSink& next, std::string_view content, size_t start, size_t stop)
      : next_(next), content_(content), start_(start), stop_(stop) {}
  void Begin() override;
  void Text(std::string_view text) override;
  void End() override;
  void Finish() override { next_.Finish(); }

 private:
  TokenSink& next_;
  std::string_view content_;
  size_t start_, stop_;
  bool at_start_ = true;
  size_t cut_ = 0;
  size_t held_ = 0;  // characters `content` that may turn out to be the end
};

// Replaces a pattern in each token. Where that would write more than 1 MiB at once, nothing is replaced.
class ReplaceStage : public TokenSink {
 public:
  ReplaceStage(TokenSink& next, const Pattern& pattern, std::string_view content)
      : next_(next), pattern_(pattern), content_(content) {}
  void Begin() override;
  void Text(std::string_view text) override;
  void End() override;
  void Finish() override { next_.Finish(); }

 private:
  // Replaces in `pending_` and hands on all that a longer token cannot change.
  void Advance(bool at_end);

  TokenSink& next_;
  const Pattern& pattern_;
  std::string_view content_;
  std::string pending_;
};

// Metaspace: the replacement is a space, or nothing in the first token.
class MetaspaceStage : public TokenSink {
 public:
  MetaspaceStage(TokenSink& next, std::string_view replacement, bool drop_in_first)
      : next_(next), replacement_(replacement), drop_(drop_in_first) {}
  void Begin() override { next_.Begin(); }
  void Text(std::string_view text) override;
  void End() override {
    drop_ = false;
    next_.End();
  }
  void Finish() override { next_.Finish(); }

 private:
  TokenSink& next_;
  std::string_view replacement_;
  bool drop_;  // true for the first token, where prepending is on
};

// WordPiece: tokens without the prefix begin a word; cleanup takes tokenisation's spaces out.
class WordPieceStage : public WholeTokenStage {
 public:
  WordPieceStage(TokenSink& next, std::string_view prefix, bool cleanup)
      : WholeTokenStage(next), prefix_(prefix), cleanup_(cleanup) {}

 private:
  void Take(std::string& token) override;

  std::string_view prefix_;
  bool cleanup_;
  bool first_ = true;
};

// A suffix that ends words is a space, or nothing in the last token.
class BpeSuffixStage : public WholeTokenStage {
 public:
  BpeSuffixStage(TokenSink& next, std::string_view suffix) : WholeTokenStage(next), suffix_(suffix) {}
  void Finish() override;

 private:
  void Take(std::string& token) override;
  void HandOn(std::string_view replacement);

  std::string_view suffix_;
  std::string last_;
  bool has_last_ = false;
};

// CTC: repeated tokens count once, padding is nothing, a delimiter is a space.
class CtcStage : public WholeTokenStage {
 public:
  CtcStage(TokenSink& next, std::string_view pad, std::string_view delimiter, bool cleanup)
      : WholeTokenStage(next), pad_(pad), delimiter_(delimiter), cleanup_(cleanup) {}

 private:
  void Take(std::string& token) override;

  std::string_view pad_, delimiter_;
  bool cleanup_;
  bool has_previous_ = false;
  std::string previous_;
};

// Tokens joined by spaces.
class SpaceJoinStage : public TokenSink {
 public:
  explicit SpaceJoinStage(TokenSink& next) : next_(next) {}
  void Begin() override {
    next_.Begin();
    if (!first_) next_.Text(" ");
    first_ = false;
  }
  void Text(std::string_view text) override { next_.Text(text); }
  void End() override { next_.End(); }
  void Finish() override { next_.Finish(); }

 private:
  TokenSink& next_;
  bool first_ = true;
};

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_TOKENIZER_DECODE_STAGES_H_
