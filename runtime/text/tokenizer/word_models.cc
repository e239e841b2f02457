#include "runtime/text/tokenizer/word_models.h"

#include <string>
#include <utility>

#include "runtime/base/status.h"
#include "runtime/text/tokenizer/utf8.h"
#include "runtime/text/tokenizer/vocabulary.h"

namespace etd::text {
namespace {

class VocabularyModel : public Model {
 public:
  VocabularyModel(Vocabulary vocabulary, std::string unknown)
      : vocabulary_(std::move(vocabulary)), unknown_(std::move(unknown)) {}

  std::optional<int32_t> TokenToId(std::string_view token) const override { return vocabulary_.Find(token); }
  std::optional<std::string_view> IdToToken(int32_t id) const override { return vocabulary_.Token(id); }
  size_t size() const override { return vocabulary_.size(); }
  int32_t id_end() const override { return vocabulary_.id_end(); }

 protected:
  absl::Status AppendUnknown(std::vector<int32_t>& ids) const {
    const std::optional<int32_t> id = vocabulary_.Find(unknown_);
    if (!id.has_value()) {
      return InvalidArgument("the text needs the unknown token \"{}\", which the tokenizer's vocabulary lacks",
                             unknown_);
    }
    ids.push_back(*id);
    return absl::OkStatus();
  }

  Vocabulary vocabulary_;
  std::string unknown_;
};

class WordLevelModel : public VocabularyModel {
 public:
  using VocabularyModel::VocabularyModel;

  absl::Status Encode(std::string_view word, std::vector<int32_t>& ids) const override {
    const std::optional<int32_t> id = vocabulary_.Find(word);
    if (!id.has_value()) return AppendUnknown(ids);
    ids.push_back(*id);
    return absl::OkStatus();
  }
};

class WordPieceModel : public VocabularyModel {
 public:
  WordPieceModel(Vocabulary vocabulary, std::string unknown, std::string prefix, int64_t max_chars)
      : VocabularyModel(std::move(vocabulary), std::move(unknown)), prefix_(std::move(prefix)), max_chars_(max_chars) {
    for (const auto& [token, id] : vocabulary_.ids()) longest_ = std::max(longest_, token.size());
  }

  absl::Status Encode(std::string_view word, std::vector<int32_t>& ids) const override {
    int64_t chars = 0;
    for (size_t at = 0; at < word.size(); at += Utf8Length(word[at])) ++chars;
    if (chars > max_chars_) return AppendUnknown(ids);
    const size_t before = ids.size();
    std::string piece;
    for (size_t begin = 0; begin < word.size();) {
      // Longest match first.
      piece.assign(begin > 0 ? prefix_ : std::string());
      const size_t prefix = piece.size();
      piece += word.substr(begin, longest_);
      size_t end = std::min(word.size(), begin + longest_);
      while (end < word.size() && end > begin && (static_cast<unsigned char>(word[end]) & 0xC0) == 0x80) --end;
      std::optional<int32_t> id;
      for (; end > begin; end = PreviousStart(word, end)) {
        id = vocabulary_.Find(std::string_view(piece).substr(0, prefix + end - begin));
        if (id.has_value()) break;
      }
      if (!id.has_value()) {
        ids.resize(before);
        return AppendUnknown(ids);
      }
      ids.push_back(*id);
      begin = end;
    }
    return absl::OkStatus();
  }

 private:
  std::string prefix_;
  int64_t max_chars_;
  size_t longest_ = 1;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Model>> ReadWordPieceModel(JsonObject& object) {
  ETD_ASSIGN_OR_RETURN(Vocabulary vocabulary, Vocabulary::Read(object));
  ETD_ASSIGN_OR_RETURN(std::string unknown, object.String("unk_token"));
  ETD_ASSIGN_OR_RETURN(std::string prefix, object.String("continuing_subword_prefix"));
  ETD_ASSIGN_OR_RETURN(const int64_t max_chars, object.Integer("max_input_chars_per_word", kMaxTokenId));
  return std::make_unique<WordPieceModel>(std::move(vocabulary), std::move(unknown), std::move(prefix), max_chars);
}

absl::StatusOr<std::unique_ptr<Model>> ReadWordLevelModel(JsonObject& object) {
  ETD_ASSIGN_OR_RETURN(Vocabulary vocabulary, Vocabulary::Read(object));
  ETD_ASSIGN_OR_RETURN(std::string unknown, object.String("unk_token"));
  return std::make_unique<WordLevelModel>(std::move(vocabulary), std::move(unknown));
}

}  // namespace etd::text
