#include "runtime/text/tokenizer/post_processor.h"

#include <map>
#include <string>
#include <utility>

#include "runtime/base/status.h"
#include "runtime/text/tokenizer/vocabulary.h"

namespace etd::text {
namespace {

// More padding than any model's context.
constexpr int64_t kMaxPadding = 1 << 24;
// Each piece of a template may be a copy of the text.
constexpr size_t kMaxPieces = 64;

// A piece of a template: one of the texts, or fixed tokens.
struct TemplatePiece {
  size_t text = 0;
  bool is_text = false;
  Ids tokens;
};
using Template = std::vector<TemplatePiece>;

class TemplateProcessor : public PostProcessor {
 public:
  TemplateProcessor(Template single, Template pair) : single_(std::move(single)), pair_(std::move(pair)) {}

  absl::Status Apply(bool add_special_tokens, std::vector<Ids>& parts) const override {
    if (parts.empty() || parts.size() > 2) {
      return InvalidArgument("post_processor: a template cannot follow one with {} pieces", parts.size());
    }
    std::vector<Ids> out;
    for (const TemplatePiece& piece : parts.size() == 1 ? single_ : pair_) {
      if (piece.is_text) {
        out.push_back(parts[piece.text]);
      } else if (add_special_tokens) {
        out.push_back(piece.tokens);
      }
    }
    parts = std::move(out);
    return absl::OkStatus();
  }

  size_t added() const override {
    size_t count = 0;
    for (const TemplatePiece& piece : single_) count += piece.tokens.size();
    return count;
  }

 private:
  Template single_, pair_;
};

// BERT's [CLS] text [SEP], and RoBERTa's, which also puts a separator before a second text.
class ClsSepProcessor : public PostProcessor {
 public:
  ClsSepProcessor(int32_t cls, int32_t sep, bool roberta) : cls_(cls), sep_(sep), roberta_(roberta) {}

  absl::Status Apply(bool add_special_tokens, std::vector<Ids>& parts) const override {
    if (!add_special_tokens) return absl::OkStatus();
    for (size_t i = 0; i < parts.size(); ++i) {
      if (i == 0 || roberta_) parts[i].insert(parts[i].begin(), i == 0 ? cls_ : sep_);
      parts[i].push_back(sep_);
    }
    return absl::OkStatus();
  }
  size_t added() const override { return 2; }

 private:
  int32_t cls_, sep_;
  bool roberta_;
};

// ByteLevel only moves offsets, which nothing here has.
class NoProcessor : public PostProcessor {
 public:
  absl::Status Apply(bool, std::vector<Ids>&) const override { return absl::OkStatus(); }
  size_t added() const override { return 0; }
};

class ProcessorSequence : public PostProcessor {
 public:
  explicit ProcessorSequence(std::vector<std::unique_ptr<PostProcessor>> steps) : steps_(std::move(steps)) {}

  absl::Status Apply(bool add_special_tokens, std::vector<Ids>& parts) const override {
    for (const auto& step : steps_) ETD_RETURN_IF_ERROR(step->Apply(add_special_tokens, parts));
    return absl::OkStatus();
  }
  size_t added() const override {
    size_t count = 0;
    for (const auto& step : steps_) count += step->added();
    return count;
  }

 private:
  std::vector<std::unique_ptr<PostProcessor>> steps_;
};

absl::StatusOr<int32_t> ReadId(const Json& id, const std::string& place) {
  if (!id.is_number_unsigned() || id.get<uint64_t>() > static_cast<uint64_t>(kMaxTokenId)) {
    return InvalidArgument("{} must be a token id from 0 to {}", place, kMaxTokenId);
  }
  return id.get<int32_t>();
}

// "special_tokens": {"name": {"id": "name", "ids": […], "tokens": […]}, …}
absl::StatusOr<std::map<std::string, Ids>> ReadSpecialTokens(JsonObject& object) {
  ETD_ASSIGN_OR_RETURN(const Json* field, object.Get("special_tokens"));
  const std::string place = object.PlaceOf("special_tokens");
  if (!field->is_object()) return InvalidArgument("{} must be an object", place);
  std::map<std::string, Ids> tokens;
  for (const auto& [name, value] : field->items()) {
    ETD_ASSIGN_OR_RETURN(JsonObject token, JsonObject::Of(value, fmt::format("{}[\"{}\"]", place, name)));
    token.Ignore("id");
    token.Ignore("tokens");
    ETD_ASSIGN_OR_RETURN(const Json* ids, token.Get("ids"));
    if (!ids->is_array()) return InvalidArgument("{} must be an array", token.PlaceOf("ids"));
    for (const Json& id : *ids) {
      ETD_ASSIGN_OR_RETURN(tokens[name].emplace_back(), ReadId(id, token.PlaceOf("ids")));
    }
    ETD_RETURN_IF_ERROR(token.RejectUnknown());
    tokens[name];
  }
  return tokens;
}

absl::StatusOr<TemplatePiece> ReadPiece(JsonObject& object, const std::map<std::string, Ids>& special) {
  TemplatePiece piece;
  piece.is_text = object.Find("Sequence") != nullptr;
  const std::string_view kind = piece.is_text ? "Sequence" : "SpecialToken";
  ETD_ASSIGN_OR_RETURN(const Json* field, object.Get(kind));
  ETD_ASSIGN_OR_RETURN(JsonObject inner, JsonObject::Of(*field, object.PlaceOf(kind)));
  ETD_ASSIGN_OR_RETURN(const std::string id, inner.String("id"));
  inner.Ignore("type_id");
  ETD_RETURN_IF_ERROR(inner.RejectUnknown());
  ETD_RETURN_IF_ERROR(object.RejectUnknown());
  if (piece.is_text) {
    if (id != "A" && id != "B") return InvalidArgument("{} is \"{}\", not \"A\" or \"B\"", inner.PlaceOf("id"), id);
    piece.text = id == "A" ? 0 : 1;
    return piece;
  }
  const auto tokens = special.find(id);
  if (tokens == special.end()) return InvalidArgument("{}: \"{}\" is not in special_tokens", inner.place(), id);
  piece.tokens = tokens->second;
  return piece;
}

absl::StatusOr<Template> ReadTemplate(JsonObject& object, std::string_view key,
                                      const std::map<std::string, Ids>& special) {
  ETD_ASSIGN_OR_RETURN(std::vector<JsonObject> pieces, object.Objects(key));
  if (pieces.size() > kMaxPieces) {
    return InvalidArgument("{} has more than {} pieces", object.PlaceOf(key), kMaxPieces);
  }
  Template result;
  for (JsonObject& piece : pieces) {
    ETD_ASSIGN_OR_RETURN(result.emplace_back(), ReadPiece(piece, special));
  }
  return result;
}

using Made = absl::StatusOr<std::unique_ptr<PostProcessor>>;

Made ReadTemplateProcessor(JsonObject& object) {
  ETD_ASSIGN_OR_RETURN(const auto special, ReadSpecialTokens(object));
  ETD_ASSIGN_OR_RETURN(Template single, ReadTemplate(object, "single", special));
  ETD_ASSIGN_OR_RETURN(Template pair, ReadTemplate(object, "pair", special));
  for (const TemplatePiece& piece : single) {
    if (piece.text != 0) return InvalidArgument("{} uses a second text", object.PlaceOf("single"));
  }
  return std::make_unique<TemplateProcessor>(std::move(single), std::move(pair));
}

absl::StatusOr<int32_t> ReadNamedId(JsonObject& object, std::string_view key) {
  ETD_ASSIGN_OR_RETURN(const Json* field, object.Get(key));
  if (!field->is_array() || field->size() != 2) {
    return InvalidArgument("{} must be a token and its id", object.PlaceOf(key));
  }
  return ReadId((*field)[1], object.PlaceOf(key));
}

Made ReadClsSep(JsonObject& object, bool roberta) {
  ETD_ASSIGN_OR_RETURN(const int32_t sep, ReadNamedId(object, "sep"));
  ETD_ASSIGN_OR_RETURN(const int32_t cls, ReadNamedId(object, "cls"));
  if (roberta) {
    object.Ignore("trim_offsets");
    object.Ignore("add_prefix_space");
  }
  return std::make_unique<ClsSepProcessor>(cls, sep, roberta);
}

Made ReadByType(JsonObject& object) {
  ETD_ASSIGN_OR_RETURN(const std::string type, object.String("type"));
  if (type == "TemplateProcessing") return ReadTemplateProcessor(object);
  if (type == "BertProcessing") return ReadClsSep(object, false);
  if (type == "RobertaProcessing") return ReadClsSep(object, true);
  if (type == "ByteLevel") {
    for (const char* field : {"add_prefix_space", "trim_offsets", "use_regex"}) object.Ignore(field);
    return std::make_unique<NoProcessor>();
  }
  if (type == "Sequence") {
    ETD_ASSIGN_OR_RETURN(std::vector<JsonObject> steps, object.Objects("processors"));
    std::vector<std::unique_ptr<PostProcessor>> made;
    for (JsonObject& step : steps) {
      ETD_ASSIGN_OR_RETURN(made.emplace_back(), ReadPostProcessor(step));
    }
    return std::make_unique<ProcessorSequence>(std::move(made));
  }
  return InvalidArgument("{} is \"{}\", a post-processor this version does not know", object.PlaceOf("type"), type);
}

// The field "direction".
absl::StatusOr<bool> ReadIsLeft(JsonObject& object) {
  ETD_ASSIGN_OR_RETURN(const std::string direction, object.String("direction", "Right"));
  if (direction == "Left") return true;
  if (direction == "Right") return false;
  return InvalidArgument("{} is \"{}\", not \"Left\" or \"Right\"", object.PlaceOf("direction"), direction);
}

}  // namespace

absl::StatusOr<std::unique_ptr<PostProcessor>> ReadPostProcessor(JsonObject& object) {
  ETD_ASSIGN_OR_RETURN(std::unique_ptr<PostProcessor> processor, ReadByType(object));
  ETD_RETURN_IF_ERROR(object.RejectUnknown());
  return processor;
}

absl::StatusOr<Truncation> Truncation::Read(JsonObject& object) {
  Truncation truncation;
  ETD_ASSIGN_OR_RETURN(truncation.left_, ReadIsLeft(object));
  ETD_ASSIGN_OR_RETURN(const int64_t length, object.Integer("max_length", kMaxTokenId));
  truncation.max_length_ = static_cast<size_t>(length);
  ETD_ASSIGN_OR_RETURN(const std::string strategy, object.String("strategy"));
  if (strategy != "LongestFirst" && strategy != "OnlyFirst" && strategy != "OnlySecond") {
    return InvalidArgument("{} is \"{}\", which is no truncation strategy", object.PlaceOf("strategy"), strategy);
  }
  truncation.only_second_ = strategy == "OnlySecond";
  object.Ignore("stride");  // Only of what is cut off.
  ETD_RETURN_IF_ERROR(object.RejectUnknown());
  return truncation;
}

absl::Status Truncation::Apply(size_t added, Ids& ids) const {
  if (added > max_length_) {
    return InvalidArgument("truncation: max_length {} has no room for {} special tokens", max_length_, added);
  }
  const size_t length = max_length_ - added;
  if (ids.size() <= length) return absl::OkStatus();
  if (only_second_ && length > 0) return InvalidArgument("truncation: the strategy needs a second text");
  const auto cut = static_cast<std::ptrdiff_t>(ids.size() - length);
  if (left_) {
    ids.erase(ids.begin(), ids.begin() + cut);
  } else {
    ids.erase(ids.end() - cut, ids.end());
  }
  return absl::OkStatus();
}

absl::StatusOr<Padding> Padding::Read(JsonObject& object) {
  Padding padding;
  ETD_ASSIGN_OR_RETURN(padding.left_, ReadIsLeft(object));
  ETD_ASSIGN_OR_RETURN(const Json* strategy, object.Get("strategy"));
  if (strategy->is_object()) {
    ETD_ASSIGN_OR_RETURN(JsonObject fixed, JsonObject::Of(*strategy, object.PlaceOf("strategy")));
    ETD_ASSIGN_OR_RETURN(const int64_t length, fixed.Integer("Fixed", kMaxPadding));
    ETD_RETURN_IF_ERROR(fixed.RejectUnknown());
    padding.length_ = static_cast<size_t>(length);
  } else if (*strategy != "BatchLongest") {
    return InvalidArgument("{} is no padding strategy", object.PlaceOf("strategy"));
  }
  ETD_ASSIGN_OR_RETURN(const int64_t multiple, object.Integer("pad_to_multiple_of", kMaxPadding, 0));
  padding.multiple_ = multiple > 0 ? static_cast<size_t>(multiple) : 1;
  ETD_ASSIGN_OR_RETURN(const int64_t id, object.Integer("pad_id", kMaxTokenId));
  padding.id_ = static_cast<int32_t>(id);
  object.Ignore("pad_type_id");
  object.Ignore("pad_token");
  ETD_RETURN_IF_ERROR(object.RejectUnknown());
  return padding;
}

void Padding::Apply(Ids& ids) const {
  const size_t wanted = length_ > 0 ? length_ : ids.size();
  const size_t length = (wanted + multiple_ - 1) / multiple_ * multiple_;
  if (ids.size() >= length) return;
  ids.insert(left_ ? ids.begin() : ids.end(), length - ids.size(), id_);
}

}  // namespace etd::text
