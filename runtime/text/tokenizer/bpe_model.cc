#include "runtime/text/tokenizer/bpe_model.h"

#include <utility>

#include "runtime/base/status.h"
#include "runtime/text/tokenizer/bpe_merger.h"
#include "runtime/text/tokenizer/byte_alphabet.h"
#include "runtime/text/tokenizer/utf8.h"

namespace etd::text {
namespace {

// Ids far beyond the number of tokens would make a table by id waste memory.
constexpr int32_t kMaxTabledId = 1 << 24;

// One line of "merges": ["left", "right"], or "left right" in older files.
absl::StatusOr<std::pair<std::string, std::string>> ReadMerge(const Json& merge, const std::string& place) {
  if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
    return std::pair(merge[0].get<std::string>(), merge[1].get<std::string>());
  }
  if (merge.is_string()) {
    const auto& line = merge.get_ref<const std::string&>();
    const size_t space = line.find(' ');
    if (space != std::string::npos && line.find(' ', space + 1) == std::string::npos) {
      return std::pair(line.substr(0, space), line.substr(space + 1));
    }
  }
  return InvalidArgument("{} must be a pair of tokens", place);
}

absl::StatusOr<MergeTable> ReadMerges(JsonObject& object, const Vocabulary& vocabulary, const std::string& prefix) {
  ETD_ASSIGN_OR_RETURN(const Json* merges, object.Get("merges"));
  if (!merges->is_array()) return InvalidArgument("{} must be an array", object.PlaceOf("merges"));
  MergeTable table(merges->size());
  uint32_t rank = 0;
  size_t index = 0;
  for (const Json& merge : *merges) {
    const std::string place = fmt::format("{}[{}]", object.PlaceOf("merges"), index++);
    if (merge.is_string() && merge.get_ref<const std::string&>().rfind("#version", 0) == 0) continue;
    ETD_ASSIGN_OR_RETURN(const auto pair, ReadMerge(merge, place));
    const auto& [left, right] = pair;
    if (right.size() < prefix.size()) return InvalidArgument("{}: \"{}\" is shorter than the prefix", place, right);
    const std::string joined = left + right.substr(prefix.size());
    const auto left_id = vocabulary.Find(left), right_id = vocabulary.Find(right), id = vocabulary.Find(joined);
    if (!left_id.has_value() || !right_id.has_value() || !id.has_value()) {
      return InvalidArgument("{}: \"{}\" is not in the vocabulary", place,
                             !left_id.has_value()    ? left
                             : !right_id.has_value() ? right
                                                     : joined);
    }
    table.Set(*left_id, *right_id, {rank++, *id});
  }
  return table;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Model>> ReadBpeModel(JsonObject& object) {
  BpeModel::Options options;
  if (object.Find("unk_token") != nullptr) {
    ETD_ASSIGN_OR_RETURN(options.unknown, object.String("unk_token"));
  }
  ETD_ASSIGN_OR_RETURN(options.continuing_prefix, object.String("continuing_subword_prefix", ""));
  ETD_ASSIGN_OR_RETURN(options.end_suffix, object.String("end_of_word_suffix", ""));
  ETD_ASSIGN_OR_RETURN(options.fuse_unknown, object.Bool("fuse_unk", false));
  ETD_ASSIGN_OR_RETURN(options.byte_fallback, object.Bool("byte_fallback", false));
  ETD_ASSIGN_OR_RETURN(options.ignore_merges, object.Bool("ignore_merges", false));
  object.Ignore("dropout");  // A matter of training: serving wants the same ids each time.
  ETD_ASSIGN_OR_RETURN(Vocabulary vocabulary, Vocabulary::Read(object));
  ETD_ASSIGN_OR_RETURN(MergeTable merges, ReadMerges(object, vocabulary, options.continuing_prefix));
  return std::make_unique<BpeModel>(std::move(vocabulary), std::move(merges), std::move(options));
}

BpeModel::BpeModel(Vocabulary vocabulary, MergeTable merges, Options options)
    : vocabulary_(std::move(vocabulary)), merges_(std::move(merges)), options_(std::move(options)) {
  for (size_t byte = 0; byte < fallback_.size(); ++byte) {
    fallback_[byte] = vocabulary_.Find(fmt::format("<0x{:02X}>", byte)).value_or(-1);
  }
}

bool BpeModel::ReadBytes() {
  if (!options_.continuing_prefix.empty() || !options_.end_suffix.empty()) return false;
  for (size_t byte = 0; byte < byte_symbol_.size(); ++byte) {
    const auto symbol = vocabulary_.Find(ByteAsCharacter(static_cast<unsigned char>(byte)));
    // A byte without a token of its own needs the unknown-character rules.
    if (!symbol.has_value()) return false;
    byte_symbol_[byte] = *symbol;
  }
  byte_ids_.reserve(vocabulary_.size());
  for (const auto& [token, id] : vocabulary_.ids()) {
    std::optional<std::string> bytes = FromByteAlphabet(ToStd(token));
    if (bytes.has_value()) byte_ids_[ToAbsl(byte_tokens_.emplace_back(*std::move(bytes)))] = id;
  }
  if (vocabulary_.id_end() <= kMaxTabledId) {
    whole_ = std::vector<std::atomic<Whole>>(static_cast<size_t>(vocabulary_.id_end()));
  }
  reads_bytes_ = true;
  return true;
}

absl::Status BpeModel::Encode(std::string_view word, std::vector<int32_t>& ids) const {
  return reads_bytes_ ? EncodeBytes(word, ids) : EncodeCharacters(word, ids);
}

void BpeModel::MergeBytes(std::string_view word, std::vector<int32_t>& symbols) const {
  symbols.resize(word.size());
  for (size_t i = 0; i < word.size(); ++i) symbols[i] = byte_symbol_[static_cast<unsigned char>(word[i])];
  MergeSymbols(merges_, symbols);
}

absl::Status BpeModel::EncodeBytes(std::string_view word, std::vector<int32_t>& ids) const {
  const auto token = byte_ids_.find({word.data(), word.size()});
  std::atomic<Whole>* whole = nullptr;
  if (token != byte_ids_.end()) {
    if (options_.ignore_merges) {
      ids.push_back(token->second);
      return absl::OkStatus();
    }
    if (!whole_.empty()) {
      whole = &whole_[static_cast<size_t>(token->second)];
      if (whole->load(std::memory_order_relaxed) == Whole::kYes) {
        ids.push_back(token->second);
        return absl::OkStatus();
      }
    }
  }
  thread_local std::vector<int32_t> symbols;
  MergeBytes(word, symbols);
  if (whole != nullptr) {
    const bool same = symbols.size() == 1 && symbols[0] == token->second;
    whole->store(same ? Whole::kYes : Whole::kNo, std::memory_order_relaxed);
  }
  ids.insert(ids.end(), symbols.begin(), symbols.end());
  return absl::OkStatus();
}

std::optional<int32_t> BpeModel::CharacterToken(std::string_view character, bool first, bool last) const {
  const bool prefixed = !first && !options_.continuing_prefix.empty();
  const bool suffixed = last && !options_.end_suffix.empty();
  if (!prefixed && !suffixed) return vocabulary_.Find(character);
  std::string token = prefixed ? options_.continuing_prefix : "";
  token += character;
  if (suffixed) token += options_.end_suffix;
  return vocabulary_.Find(token);
}

bool BpeModel::AppendFallback(std::string_view character, bool first, bool last, std::vector<int32_t>& symbols) const {
  // The affixes fall back with the character.
  std::string bytes = first ? "" : options_.continuing_prefix;
  bytes += character;
  if (last) bytes += options_.end_suffix;
  for (const char byte : bytes) {
    if (fallback_[static_cast<unsigned char>(byte)] < 0) return false;
  }
  for (const char byte : bytes) symbols.push_back(fallback_[static_cast<unsigned char>(byte)]);
  return true;
}

absl::Status BpeModel::EncodeCharacters(std::string_view word, std::vector<int32_t>& ids) const {
  if (options_.ignore_merges) {
    if (const auto id = vocabulary_.Find(word); id.has_value()) {
      ids.push_back(*id);
      return absl::OkStatus();
    }
  }
  std::vector<int32_t> symbols;
  symbols.reserve(word.size());
  // An unknown token waits until a known character follows; bytes that fall back overtake it.
  std::optional<int32_t> unknown;
  for (size_t at = 0; at < word.size();) {
    const std::string_view character = word.substr(at, Utf8Length(word[at]));
    const bool first = at == 0;
    at += character.size();
    const bool last = at == word.size();
    if (const auto id = CharacterToken(character, first, last); id.has_value()) {
      if (unknown.has_value()) symbols.push_back(*unknown);
      unknown.reset();
      symbols.push_back(*id);
      continue;
    }
    if (options_.byte_fallback && AppendFallback(character, first, last, symbols)) continue;
    if (!options_.unknown.has_value()) continue;
    if (unknown.has_value() && options_.fuse_unknown) continue;
    if (unknown.has_value()) symbols.push_back(*unknown);
    unknown = vocabulary_.Find(*options_.unknown);
    if (!unknown.has_value()) {
      return InvalidArgument("the text needs the unknown token \"{}\", which the tokenizer's vocabulary lacks",
                             *options_.unknown);
    }
  }
  if (unknown.has_value()) symbols.push_back(*unknown);
  MergeSymbols(merges_, symbols);
  ids.insert(ids.end(), symbols.begin(), symbols.end());
  return absl::OkStatus();
}

}  // namespace etd::text
