// Added tokens: found in the text before anything else looks at it.
#ifndef ETD_RUNTIME_TEXT_TOKENIZER_ADDED_VOCABULARY_H_
#define ETD_RUNTIME_TEXT_TOKENIZER_ADDED_VOCABULARY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/text/tokenizer/json_object.h"
#include "runtime/text/tokenizer/model.h"
#include "runtime/text/tokenizer/normalizer.h"
#include "runtime/text/tokenizer/segments.h"

namespace etd::text {

struct AddedToken {
  std::string content;
  bool single_word = false;  // no match inside a word
  bool lstrip = false;       // takes the spaces before it
  bool rstrip = false;       // takes the spaces behind it
  bool normalized = true;    // looked for in the normalised text
  bool special = false;      // left out of decoded text on request

  friend bool operator==(const AddedToken&, const AddedToken&) = default;
};

// Finds the leftmost of some strings, the longest where several start there.
class TokenFinder {
 public:
  // The first id of a string counts.
  void Add(std::string_view text, int32_t id);
  bool empty() const { return nodes_.size() <= 1; }

  struct Found {
    size_t begin;
    size_t end;
    int32_t id;
  };
  std::optional<Found> FindFrom(std::string_view text, size_t at) const;

 private:
  struct Node {
    int32_t id = -1;
  };
  static uint64_t Edge(uint32_t node, char byte) {
    return static_cast<uint64_t>(node) << 8 | static_cast<unsigned char>(byte);
  }

  std::vector<Node> nodes_{1};
  absl::flat_hash_map<uint64_t, uint32_t> children_;
  bool starts_[256] = {};  // bytes that some string starts with
};

// Filled once, then immutable and thread-safe.
class AddedVocabulary {
 public:
  // Reads "added_tokens". A token that the model or an earlier entry knows keeps that id; others get the next free
  // one, whatever the file says. `normalizer` may be null.
  absl::Status Read(JsonObject& file, const Model& model, const Normalizer* normalizer);

  // Cuts `piece`, in which nothing is normalised yet, at tokens that are not normalised.
  void SplitPlain(const Piece& piece, std::vector<Piece>& out) const { Split(plain_, piece, out); }
  // Cuts a normalised `piece` at the other tokens.
  void SplitNormalized(const Piece& piece, std::vector<Piece>& out) const { Split(normalized_, piece, out); }

  std::optional<int32_t> Find(std::string_view token) const;
  std::optional<std::string_view> Token(int32_t id) const;
  bool IsSpecial(std::string_view token) const;
  int32_t id_end() const { return id_end_; }
  const absl::flat_hash_map<int32_t, AddedToken>& tokens() const { return by_id_; }

 private:
  absl::Status Add(const std::vector<AddedToken>& tokens, const Model& model, const Normalizer* normalizer);
  void Split(const TokenFinder& finder, const Piece& piece, std::vector<Piece>& out) const;

  absl::flat_hash_map<std::string, int32_t> ids_;
  absl::flat_hash_map<int32_t, AddedToken> by_id_;
  absl::flat_hash_set<std::string> special_;
  TokenFinder plain_;
  TokenFinder normalized_;
  int32_t id_end_ = 0;
};

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_TOKENIZER_ADDED_VOCABULARY_H_
