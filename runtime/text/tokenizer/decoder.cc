#include "runtime/text/tokenizer/decoder.h"

#include <functional>
#include <iterator>

#include "runtime/base/status.h"
#include "runtime/text/tokenizer/decode_stages.h"
#include "runtime/text/tokenizer/pattern.h"
#include "runtime/text/tokenizer/utf8.h"

namespace etd::text {
namespace {

// A decoder that is fully described by how its stage is made.
class StageDecoder : public Decoder {
 public:
  using Make = std::function<std::unique_ptr<TokenSink>(TokenSink& next)>;
  explicit StageDecoder(Make make) : make_(std::move(make)) {}
  std::unique_ptr<TokenSink> Start(TokenSink& next) const override { return make_(next); }

 private:
  Make make_;
};

template <typename Stage>
std::unique_ptr<Decoder> MakePlain() {
  return std::make_unique<StageDecoder>([](TokenSink& next) { return std::make_unique<Stage>(next); });
}

class ReplaceDecoder : public Decoder {
 public:
  ReplaceDecoder(Pattern pattern, std::string content) : pattern_(std::move(pattern)), content_(std::move(content)) {}
  std::unique_ptr<TokenSink> Start(TokenSink& next) const override {
    return std::make_unique<ReplaceStage>(next, pattern_, content_);
  }

 private:
  Pattern pattern_;
  std::string content_;
};

class StripDecoder : public Decoder {
 public:
  StripDecoder(char32_t content, size_t start, size_t stop) : start_(start), stop_(stop) {
    AppendUtf8(content, content_);
  }
  std::unique_ptr<TokenSink> Start(TokenSink& next) const override {
    return std::make_unique<StripStage>(next, content_, start_, stop_);
  }

 private:
  std::string content_;
  size_t start_, stop_;
};

class MetaspaceDecoder : public Decoder {
 public:
  MetaspaceDecoder(char32_t replacement, bool drop_in_first) : drop_in_first_(drop_in_first) {
    AppendUtf8(replacement, replacement_);
  }
  std::unique_ptr<TokenSink> Start(TokenSink& next) const override {
    return std::make_unique<MetaspaceStage>(next, replacement_, drop_in_first_);
  }

 private:
  std::string replacement_;
  bool drop_in_first_;
};

class WordPieceDecoder : public Decoder {
 public:
  WordPieceDecoder(std::string prefix, bool cleanup) : prefix_(std::move(prefix)), cleanup_(cleanup) {}
  std::unique_ptr<TokenSink> Start(TokenSink& next) const override {
    return std::make_unique<WordPieceStage>(next, prefix_, cleanup_);
  }

 private:
  std::string prefix_;
  bool cleanup_;
};

class BpeSuffixDecoder : public Decoder {
 public:
  explicit BpeSuffixDecoder(std::string suffix) : suffix_(std::move(suffix)) {}
  std::unique_ptr<TokenSink> Start(TokenSink& next) const override {
    return std::make_unique<BpeSuffixStage>(next, suffix_);
  }

 private:
  std::string suffix_;
};

class CtcDecoder : public Decoder {
 public:
  CtcDecoder(std::string pad, std::string delimiter, bool cleanup)
      : pad_(std::move(pad)), delimiter_(std::move(delimiter)), cleanup_(cleanup) {}
  std::unique_ptr<TokenSink> Start(TokenSink& next) const override {
    return std::make_unique<CtcStage>(next, pad_, delimiter_, cleanup_);
  }

 private:
  std::string pad_, delimiter_;
  bool cleanup_;
};

using Made = absl::StatusOr<std::unique_ptr<Decoder>>;

Made ReadReplace(JsonObject& object) {
  ETD_ASSIGN_OR_RETURN(Pattern pattern, Pattern::Read(object));
  ETD_ASSIGN_OR_RETURN(std::string content, object.String("content"));
  return std::make_unique<ReplaceDecoder>(std::move(pattern), std::move(content));
}

Made ReadStrip(JsonObject& object) {
  ETD_ASSIGN_OR_RETURN(const char32_t content, object.Character("content"));
  ETD_ASSIGN_OR_RETURN(const int64_t start, object.Integer("start", 1 << 20));
  ETD_ASSIGN_OR_RETURN(const int64_t stop, object.Integer("stop", 1 << 20));
  return std::make_unique<StripDecoder>(content, static_cast<size_t>(start), static_cast<size_t>(stop));
}

Made ReadMetaspace(JsonObject& object) {
  ETD_ASSIGN_OR_RETURN(const char32_t replacement, object.Character("replacement"));
  ETD_ASSIGN_OR_RETURN(const std::string scheme, object.String("prepend_scheme", "always"));
  if (scheme != "always" && scheme != "first" && scheme != "never") {
    return InvalidArgument("{} is \"{}\", not \"always\", \"first\" or \"never\"", object.PlaceOf("prepend_scheme"),
                           scheme);
  }
  for (const char* field : {"split", "str_rep", "add_prefix_space"}) object.Ignore(field);
  return std::make_unique<MetaspaceDecoder>(replacement, scheme != "never");
}

Made ReadWordPiece(JsonObject& object) {
  ETD_ASSIGN_OR_RETURN(std::string prefix, object.String("prefix"));
  ETD_ASSIGN_OR_RETURN(const bool cleanup, object.Bool("cleanup"));
  return std::make_unique<WordPieceDecoder>(std::move(prefix), cleanup);
}

Made ReadCtc(JsonObject& object) {
  ETD_ASSIGN_OR_RETURN(std::string pad, object.String("pad_token"));
  ETD_ASSIGN_OR_RETURN(std::string delimiter, object.String("word_delimiter_token"));
  ETD_ASSIGN_OR_RETURN(const bool cleanup, object.Bool("cleanup"));
  return std::make_unique<CtcDecoder>(std::move(pad), std::move(delimiter), cleanup);
}

Made ReadOne(JsonObject& object, const std::string& type) {
  if (type == "ByteLevel") {
    for (const char* field : {"add_prefix_space", "trim_offsets", "use_regex"}) object.Ignore(field);
    return MakePlain<ByteLevelStage>();
  }
  if (type == "ByteFallback") return MakePlain<ByteFallbackStage>();
  if (type == "Fuse") return MakePlain<FuseStage>();
  if (type == "Strip") return ReadStrip(object);
  if (type == "Replace") return ReadReplace(object);
  if (type == "Metaspace") return ReadMetaspace(object);
  if (type == "WordPiece") return ReadWordPiece(object);
  if (type == "CTC") return ReadCtc(object);
  if (type == "BPEDecoder") {
    ETD_ASSIGN_OR_RETURN(std::string suffix, object.String("suffix"));
    return std::make_unique<BpeSuffixDecoder>(std::move(suffix));
  }
  return InvalidArgument("{} is \"{}\", a decoder this version does not know", object.PlaceOf("type"), type);
}

}  // namespace

// Some decoders double a token; real files have up to six.
constexpr size_t kMaxDecoders = 16;

absl::StatusOr<std::vector<std::unique_ptr<Decoder>>> ReadDecoders(JsonObject& object) {
  std::vector<std::unique_ptr<Decoder>> decoders;
  ETD_ASSIGN_OR_RETURN(const std::string type, object.String("type"));
  if (type == "Sequence") {
    ETD_ASSIGN_OR_RETURN(std::vector<JsonObject> parts, object.Objects("decoders"));
    for (JsonObject& part : parts) {
      ETD_ASSIGN_OR_RETURN(auto made, ReadDecoders(part));
      std::move(made.begin(), made.end(), std::back_inserter(decoders));
      if (decoders.size() > kMaxDecoders) return InvalidArgument("{} has too many decoders", object.place());
    }
  } else {
    ETD_ASSIGN_OR_RETURN(decoders.emplace_back(), ReadOne(object, type));
  }
  ETD_RETURN_IF_ERROR(object.RejectUnknown());
  return decoders;
}

std::unique_ptr<Decoder> MakeSpaceJoiner() { return MakePlain<SpaceJoinStage>(); }

DecodeChain::DecodeChain(const std::vector<std::unique_ptr<Decoder>>& decoders) : first_(&output_) {
  for (auto decoder = decoders.rbegin(); decoder != decoders.rend(); ++decoder) {
    stages_.push_back((*decoder)->Start(*first_));
    first_ = stages_.back().get();
  }
}

}  // namespace etd::text
