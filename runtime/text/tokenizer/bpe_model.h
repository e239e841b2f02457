// Byte-pair encoding.
#ifndef ETD_RUNTIME_TEXT_TOKENIZER_BPE_MODEL_H_
#define ETD_RUNTIME_TEXT_TOKENIZER_BPE_MODEL_H_

#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/text/tokenizer/json_object.h"
#include "runtime/text/tokenizer/merge_table.h"
#include "runtime/text/tokenizer/model.h"
#include "runtime/text/tokenizer/vocabulary.h"

namespace etd::text {

absl::StatusOr<std::unique_ptr<Model>> ReadBpeModel(JsonObject& object);

class BpeModel : public Model {
 public:
  struct Options {
    std::optional<std::string> unknown;
    std::string continuing_prefix;  // of every character but the first, when looking for its token
    std::string end_suffix;         // of the last character
    bool fuse_unknown = false;      // neighbouring unknown characters are one token
    bool byte_fallback = false;     // unknown characters become one token a byte
    bool ignore_merges = false;     // a word that is a token is that token, however merges would build it
  };
  BpeModel(Vocabulary vocabulary, MergeTable merges, Options options);

  absl::Status Encode(std::string_view word, std::vector<int32_t>& ids) const override;
  std::optional<int32_t> TokenToId(std::string_view token) const override { return vocabulary_.Find(token); }
  std::optional<std::string_view> IdToToken(int32_t id) const override { return vocabulary_.Token(id); }
  size_t size() const override { return vocabulary_.size(); }
  int32_t id_end() const override { return vocabulary_.id_end(); }
  bool ReadBytes() override;

 private:
  // Whether merging a token's bytes gives the token back; found out when first asked.
  enum class Whole : uint8_t { kUnknown, kYes, kNo };

  absl::Status EncodeBytes(std::string_view word, std::vector<int32_t>& ids) const;
  absl::Status EncodeCharacters(std::string_view word, std::vector<int32_t>& ids) const;
  // The token of one character, affixes included, if there is one.
  std::optional<int32_t> CharacterToken(std::string_view character, bool first, bool last) const;
  // The ids of "<0x..>" for each byte, if all exist.
  bool AppendFallback(std::string_view character, bool first, bool last, std::vector<int32_t>& symbols) const;
  void MergeBytes(std::string_view word, std::vector<int32_t>& symbols) const;

  Vocabulary vocabulary_;
  MergeTable merges_;
  Options options_;
  std::array<int32_t, 256> fallback_;  // id of "<0x..>", or -1

  // Only when reading bytes:
  bool reads_bytes_ = false;
  std::array<int32_t, 256> byte_symbol_{};
  std::deque<std::string> byte_tokens_;
  ViewMap byte_ids_;  // tokens as the bytes they stand for
  mutable std::vector<std::atomic<Whole>> whole_;  // by id
};

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_TOKENIZER_BPE_MODEL_H_
