#include "runtime/text/tokenizer/unigram_model.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "runtime/base/status.h"
#include "runtime/text/tokenizer/utf8.h"
#include "runtime/text/tokenizer/vocabulary.h"

namespace etd::text {
namespace {

constexpr double kUnknownPenalty = 10.0;

// Tokens by their bytes. Children of a node are found by hashing (node, byte).
class TokenTrie {
 public:
  void Add(std::string_view token, int32_t id) {
    uint32_t node = 0;
    for (const char c : token) {
      const auto [entry, added] = children_.emplace(Edge(node, c), static_cast<uint32_t>(ids_.size()));
      if (added) ids_.push_back(-1);
      node = entry->second;
    }
    ids_[node] = id;
  }

  // Calls `found(length, id)` for each token that `text` starts with, shortest first.
  template <typename Found>
  void ForEachPrefix(std::string_view text, const Found& found) const {
    uint32_t node = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      const auto child = children_.find(Edge(node, text[i]));
      if (child == children_.end()) return;
      node = child->second;
      if (ids_[node] >= 0) found(i + 1, ids_[node]);
    }
  }

 private:
  static uint64_t Edge(uint32_t node, char byte) {
    return static_cast<uint64_t>(node) << 8 | static_cast<unsigned char>(byte);
  }

  absl::flat_hash_map<uint64_t, uint32_t> children_;
  std::vector<int32_t> ids_{-1};
};

class UnigramModel : public Model {
 public:
  UnigramModel(std::vector<std::pair<std::string, double>> vocabulary, int32_t unknown, bool byte_fallback)
      : tokens_(std::move(vocabulary)), unknown_(unknown), byte_fallback_(byte_fallback) {
    double lowest = std::numeric_limits<double>::infinity();
    for (size_t id = 0; id < tokens_.size(); ++id) {
      const auto& [token, score] = tokens_[id];
      ids_[ToAbsl(token)] = static_cast<int32_t>(id);
      trie_.Add(token, static_cast<int32_t>(id));
      lowest = std::min(lowest, score);
    }
    unknown_score_ = lowest - kUnknownPenalty;
    for (size_t byte = 0; byte < fallback_.size(); ++byte) {
      fallback_[byte] = TokenToId(fmt::format("<0x{:02X}>", byte)).value_or(-1);
    }
  }

  absl::Status Encode(std::string_view word, std::vector<int32_t>& ids) const override;
  std::optional<int32_t> TokenToId(std::string_view token) const override {
    const auto entry = ids_.find(ToAbsl(token));
    if (entry == ids_.end()) return std::nullopt;
    return entry->second;
  }
  std::optional<std::string_view> IdToToken(int32_t id) const override {
    if (id < 0 || id >= id_end()) return std::nullopt;
    return tokens_[static_cast<size_t>(id)].first;
  }
  size_t size() const override { return tokens_.size(); }
  int32_t id_end() const override { return static_cast<int32_t>(tokens_.size()); }

 private:
  // The best path to a position.
  struct Best {
    double score = 0;
    int64_t begin = -1;  // where the path's last token starts; -1: no path yet
    int32_t id = 0;
  };

  absl::Status FindBest(std::string_view word, std::vector<Best>& best) const;
  void AppendToken(std::string_view piece, std::vector<int32_t>& ids) const;

  std::vector<std::pair<std::string, double>> tokens_;
  ViewMap ids_;
  TokenTrie trie_;
  int32_t unknown_;  // -1: none
  bool byte_fallback_;
  double unknown_score_;
  std::array<int32_t, 256> fallback_;
};

absl::Status UnigramModel::FindBest(std::string_view word, std::vector<Best>& best) const {
  best.assign(word.size() + 1, Best());
  for (size_t begin = 0; begin < word.size();) {
    const double here = best[begin].score;
    const size_t character = Utf8Length(word[begin]);
    const auto offer = [&](size_t length, int32_t id, double score) {
      Best& target = best[begin + length];
      if (target.begin < 0 || here + score > target.score) target = {here + score, static_cast<int64_t>(begin), id};
    };
    bool covered = false;
    trie_.ForEachPrefix(word.substr(begin), [&](size_t length, int32_t id) {
      offer(length, id, tokens_[static_cast<size_t>(id)].second);
      covered = covered || length == character;
    });
    if (!covered) {
      if (unknown_ < 0) {
        return InvalidArgument("the text has a character that the tokenizer's vocabulary lacks, and it has no unk_id");
      }
      offer(character, unknown_, unknown_score_);
    }
    begin += character;
  }
  return absl::OkStatus();
}

void UnigramModel::AppendToken(std::string_view piece, std::vector<int32_t>& ids) const {
  if (const auto id = TokenToId(piece); id.has_value()) {
    ids.push_back(*id);
    return;
  }
  const auto has_byte = [&](char byte) { return fallback_[static_cast<unsigned char>(byte)] >= 0; };
  if (byte_fallback_ && std::all_of(piece.begin(), piece.end(), has_byte)) {
    for (const char byte : piece) ids.push_back(fallback_[static_cast<unsigned char>(byte)]);
  } else {
    ids.push_back(unknown_);
  }
}

absl::Status UnigramModel::Encode(std::string_view word, std::vector<int32_t>& ids) const {
  thread_local std::vector<Best> best;
  ETD_RETURN_IF_ERROR(FindBest(word, best));
  // Backwards along the best path; neighbouring unknown pieces are one.
  std::vector<std::pair<size_t, size_t>> pieces;
  bool fusing = false;
  for (size_t end = word.size(); end > 0;) {
    const auto begin = static_cast<size_t>(best[end].begin);
    const bool unknown = best[end].id == unknown_;
    if (unknown && fusing) {
      pieces.back().first = begin;
    } else {
      pieces.emplace_back(begin, end);
    }
    fusing = unknown;
    end = begin;
  }
  for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece) {
    AppendToken(word.substr(piece->first, piece->second - piece->first), ids);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::pair<std::string, double>>> ReadScores(JsonObject& object) {
  ETD_ASSIGN_OR_RETURN(const Json* vocab, object.Get("vocab"));
  if (!vocab->is_array()) return InvalidArgument("{} must be an array", object.PlaceOf("vocab"));
  std::vector<std::pair<std::string, double>> tokens;
  for (const Json& entry : *vocab) {
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_number()) {
      return InvalidArgument("{}[{}] must be a token and its score", object.PlaceOf("vocab"), tokens.size());
    }
    tokens.emplace_back(entry[0].get<std::string>(), entry[1].get<double>());
  }
  return tokens;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Model>> ReadUnigramModel(JsonObject& object) {
  ETD_ASSIGN_OR_RETURN(auto tokens, ReadScores(object));
  ETD_ASSIGN_OR_RETURN(const bool byte_fallback, object.Bool("byte_fallback", false));
  int32_t unknown = -1;
  if (object.Find("unk_id") != nullptr) {
    if (tokens.empty()) return InvalidArgument("{} is empty", object.PlaceOf("vocab"));
    ETD_ASSIGN_OR_RETURN(const int64_t id, object.Integer("unk_id", static_cast<int64_t>(tokens.size()) - 1));
    unknown = static_cast<int32_t>(id);
  }
  return std::make_unique<UnigramModel>(std::move(tokens), unknown, byte_fallback);
}

}  // namespace etd::text
