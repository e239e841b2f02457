#include "runtime/text/tokenizer/added_vocabulary.h"

#include <algorithm>
#include <utility>

#include "runtime/base/status.h"
#include "runtime/text/tokenizer/char_class.h"
#include "runtime/text/tokenizer/utf8.h"
#include "runtime/text/tokenizer/vocabulary.h"

namespace etd::text {
namespace {

bool EndsWithWord(std::string_view text) {
  if (text.empty()) return false;
  size_t at = PreviousStart(text, text.size());
  return HasFlag(NextCodePoint(text, at), kWord);
}

bool StartsWithWord(std::string_view text) {
  size_t at = 0;
  return !text.empty() && HasFlag(NextCodePoint(text, at), kWord);
}

// Start of the spaces that end at `end`.
size_t SpacesBefore(std::string_view text, size_t end) {
  while (end > 0) {
    const size_t begin = PreviousStart(text, end);
    size_t at = begin;
    if (!HasFlag(NextCodePoint(text, at), kSpace)) break;
    end = begin;
  }
  return end;
}

size_t SpacesBehind(std::string_view text, size_t begin) {
  while (begin < text.size()) {
    size_t at = begin;
    if (!HasFlag(NextCodePoint(text, at), kSpace)) break;
    begin = at;
  }
  return begin;
}

absl::StatusOr<std::vector<AddedToken>> ReadTokens(JsonObject& file) {
  std::vector<AddedToken> tokens;
  if (file.Find("added_tokens") == nullptr) return tokens;
  ETD_ASSIGN_OR_RETURN(std::vector<JsonObject> objects, file.Objects("added_tokens"));
  for (JsonObject& object : objects) {
    AddedToken& token = tokens.emplace_back();
    ETD_RETURN_IF_ERROR(object.Integer("id", kMaxTokenId).status());
    ETD_ASSIGN_OR_RETURN(token.content, object.String("content"));
    ETD_ASSIGN_OR_RETURN(token.single_word, object.Bool("single_word"));
    ETD_ASSIGN_OR_RETURN(token.lstrip, object.Bool("lstrip"));
    ETD_ASSIGN_OR_RETURN(token.rstrip, object.Bool("rstrip"));
    ETD_ASSIGN_OR_RETURN(token.normalized, object.Bool("normalized"));
    ETD_ASSIGN_OR_RETURN(token.special, object.Bool("special"));
    ETD_RETURN_IF_ERROR(object.RejectUnknown());
  }
  return tokens;
}

}  // namespace

void TokenFinder::Add(std::string_view text, int32_t id) {
  uint32_t node = 0;
  starts_[static_cast<unsigned char>(text[0])] = true;
  for (const char c : text) {
    const auto [entry, added] = children_.emplace(Edge(node, c), static_cast<uint32_t>(nodes_.size()));
    if (added) nodes_.emplace_back();
    node = entry->second;
  }
  if (nodes_[node].id < 0) nodes_[node].id = id;
}

std::optional<TokenFinder::Found> TokenFinder::FindFrom(std::string_view text, size_t at) const {
  for (; at < text.size(); ++at) {
    if (!starts_[static_cast<unsigned char>(text[at])]) continue;
    std::optional<Found> longest;
    uint32_t node = 0;
    for (size_t i = at; i < text.size(); ++i) {
      const auto child = children_.find(Edge(node, text[i]));
      if (child == children_.end()) break;
      node = child->second;
      if (nodes_[node].id >= 0) longest = Found{at, i + 1, nodes_[node].id};
    }
    if (longest.has_value()) return longest;
  }
  return std::nullopt;
}

absl::Status AddedVocabulary::Read(JsonObject& file, const Model& model, const Normalizer* normalizer) {
  ETD_ASSIGN_OR_RETURN(const std::vector<AddedToken> tokens, ReadTokens(file));
  return Add(tokens, model, normalizer);
}

absl::Status AddedVocabulary::Add(const std::vector<AddedToken>& tokens, const Model& model,
                                  const Normalizer* normalizer) {
  std::vector<const AddedToken*> order;  // special ones first
  for (const AddedToken& token : tokens) {
    if (token.special && !token.content.empty() && special_.insert(token.content).second) order.push_back(&token);
  }
  auto next_id = static_cast<int64_t>(model.size());
  for (const AddedToken& token : tokens) {
    if (token.content.empty()) continue;
    std::optional<int32_t> id = Find(token.content);
    if (id.has_value() && by_id_[*id] == token) continue;
    if (!id.has_value()) id = model.TokenToId(token.content);
    if (!id.has_value()) id = static_cast<int32_t>(next_id++);
    if (next_id > kMaxTokenId) return InvalidArgument("added_tokens: there are no ids left");
    ids_[token.content] = *id;
    by_id_[*id] = token;
    id_end_ = std::max(id_end_, *id + 1);
    if (special_.count(token.content) == 0) order.push_back(&token);
  }
  for (const AddedToken* token : order) {
    const int32_t id = ids_[token->content];
    if (!token->normalized) {
      plain_.Add(token->content, id);
      continue;
    }
    NormalizedText text{token->content, 0};
    if (normalizer != nullptr) ETD_RETURN_IF_ERROR(normalizer->Apply(text));
    if (text.text.empty()) {
      return InvalidArgument("added_tokens: nothing is left of \"{}\" after normalisation", token->content);
    }
    normalized_.Add(text.text, id);
  }
  return absl::OkStatus();
}

void AddedVocabulary::Split(const TokenFinder& finder, const Piece& piece, std::vector<Piece>& out) const {
  if (finder.empty()) {
    // Cut like the others: a piece that was cut knows where it begins.
    if (!piece.text.empty()) out.push_back(piece.Slice(0, piece.text.size()));
    return;
  }
  const std::string_view text = piece.text;
  size_t done = 0;
  const auto add_text = [&](size_t begin, size_t end) {
    if (begin < end) out.push_back(piece.Slice(begin, end));
  };
  for (auto found = finder.FindFrom(text, 0); found.has_value(); found = finder.FindFrom(text, found->end)) {
    const AddedToken& token = by_id_.at(found->id);
    size_t begin = found->begin, end = found->end;
    if (token.single_word && (EndsWithWord(text.substr(0, begin)) || StartsWithWord(text.substr(end)))) continue;
    if (token.lstrip) begin = std::max(SpacesBefore(text, begin), done);
    if (token.rstrip) end = SpacesBehind(text, end);
    if (begin >= end) continue;  // spaces that the token before has taken
    add_text(done, begin);
    Piece part = piece.Slice(begin, end);
    part.id = found->id;
    out.push_back(part);
    done = end;
  }
  add_text(done, text.size());
}

std::optional<int32_t> AddedVocabulary::Find(std::string_view token) const {
  const auto entry = ids_.find(ToAbsl(token));
  if (entry == ids_.end()) return std::nullopt;
  return entry->second;
}

std::optional<std::string_view> AddedVocabulary::Token(int32_t id) const {
  const auto entry = by_id_.find(id);
  if (entry == by_id_.end()) return std::nullopt;
  return entry->second.content;
}

bool AddedVocabulary::IsSpecial(std::string_view token) const { return special_.count(ToAbsl(token)) != 0; }

}  // namespace etd::text
