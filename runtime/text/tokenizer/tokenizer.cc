#include "runtime/text/tokenizer/tokenizer.h"

#include <algorithm>
#include <utility>

#include "runtime/base/mapped_file.h"
#include "runtime/base/status.h"
#include "runtime/text/tokenizer/json_object.h"
#include "runtime/text/tokenizer/segments.h"
#include "runtime/text/tokenizer/tokenizer_pipeline.h"
#include "runtime/text/tokenizer/utf8.h"

namespace etd::text {
namespace {

constexpr size_t kMaxText = size_t{1} << 24;
constexpr size_t kMaxFile = size_t{1} << 29;
// All that the steps before the model may write; each step writes a small multiple of the text.
constexpr size_t kMaxPreTokenized = size_t{1} << 28;

// The object in the field `key`, if there is one.
absl::StatusOr<std::optional<JsonObject>> Part(JsonObject& file, std::string_view key) {
  const Json* field = file.Find(key);
  if (field == nullptr) return std::optional<JsonObject>();
  ETD_ASSIGN_OR_RETURN(JsonObject part, JsonObject::Of(*field, std::string(key)));
  return std::optional<JsonObject>(std::move(part));
}

// Gives `target` what `read` makes of the part `key`, if the file has it.
template <typename Read, typename Target>
absl::Status ReadPart(JsonObject& file, std::string_view key, const Read& read, Target& target) {
  ETD_ASSIGN_OR_RETURN(std::optional<JsonObject> part, Part(file, key));
  if (!part.has_value()) return absl::OkStatus();
  ETD_ASSIGN_OR_RETURN(target, read(*part));
  return absl::OkStatus();
}

}  // namespace

std::optional<std::string_view> Tokenizer::Pipeline::Token(int32_t id) const {
  const auto token = added.Token(id);
  return token.has_value() ? token : model->IdToToken(id);
}

std::optional<std::string_view> Tokenizer::Pipeline::TokenToDecode(int32_t id, bool skip_special_tokens) const {
  const auto token = Token(id);
  if (token.has_value() && skip_special_tokens && added.IsSpecial(*token)) return std::nullopt;
  return token;
}

absl::Status Tokenizer::Pipeline::Extract(std::string_view text, Segments& segments) const {
  Piece whole;
  whole.text = text;
  whole.at_start = true;
  whole.start_bytes = text.empty() ? 0 : Utf8Length(text[0]);
  std::vector<Piece> plain;
  added.SplitPlain(whole, plain);
  for (Piece& piece : plain) {
    if (piece.text.empty()) continue;
    if (piece.id >= 0) {
      segments.pieces.push_back(piece);
      continue;
    }
    if (normalizer != nullptr && !normalizer->KeepsText(piece.text)) {
      NormalizedText normalized{std::string(piece.text), piece.start_bytes};
      ETD_RETURN_IF_ERROR(normalizer->Apply(normalized));
      piece.text = segments.Keep(std::move(normalized.text));
      piece.start_bytes = normalized.start_bytes;
    }
    added.SplitNormalized(piece, segments.pieces);
  }
  return absl::OkStatus();
}

Tokenizer::Tokenizer(std::unique_ptr<const Pipeline> pipeline) : pipeline_(std::move(pipeline)) {}
Tokenizer::~Tokenizer() = default;

absl::StatusOr<std::unique_ptr<Tokenizer>> Tokenizer::FromJson(std::string_view json) {
  if (json.size() > kMaxFile) return InvalidArgument("the file is longer than {} bytes", kMaxFile);
  ETD_ASSIGN_OR_RETURN(const Json document, ParseJson(json));
  ETD_ASSIGN_OR_RETURN(JsonObject file, JsonObject::Of(document, "the file"));
  ETD_ASSIGN_OR_RETURN(const std::string version, file.String("version", "1.0"));
  if (version != "1.0") return InvalidArgument("version is \"{}\"; this build knows \"1.0\"", version);
  auto pipeline = std::make_unique<Pipeline>();
  ETD_RETURN_IF_ERROR(ReadPart(file, "normalizer", ReadNormalizer, pipeline->normalizer));
  ETD_RETURN_IF_ERROR(ReadPart(file, "pre_tokenizer", ReadPreTokenizers, pipeline->pre_tokenizers));
  ETD_RETURN_IF_ERROR(ReadPart(file, "model", ReadModel, pipeline->model));
  if (pipeline->model == nullptr) return InvalidArgument("the file has no field \"model\"");
  ETD_RETURN_IF_ERROR(ReadPart(file, "truncation", Truncation::Read, pipeline->truncation));
  ETD_RETURN_IF_ERROR(ReadPart(file, "padding", Padding::Read, pipeline->padding));
  ETD_RETURN_IF_ERROR(ReadPart(file, "post_processor", ReadPostProcessor, pipeline->post_processor));
  ETD_RETURN_IF_ERROR(ReadPart(file, "decoder", ReadDecoders, pipeline->decoders));
  if (file.Find("decoder") == nullptr) pipeline->decoders.push_back(MakeSpaceJoiner());
  ETD_RETURN_IF_ERROR(pipeline->added.Read(file, *pipeline->model, pipeline->normalizer.get()));
  ETD_RETURN_IF_ERROR(file.RejectUnknown());
  auto& steps = pipeline->pre_tokenizers;
  if (!steps.empty() && steps.back()->OnlyWritesByteAlphabet() && pipeline->model->ReadBytes()) steps.pop_back();
  return std::unique_ptr<Tokenizer>(new Tokenizer(std::move(pipeline)));
}

absl::StatusOr<std::unique_ptr<Tokenizer>> Tokenizer::FromFile(const std::string& path) {
  ETD_ASSIGN_OR_RETURN(const MappedFile file, MappedFile::Open(path, MappedFile::Mode::kCopy));
  const auto bytes = file.bytes();
  auto tokenizer = FromJson({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!tokenizer.ok()) return Annotate(tokenizer.status(), path);
  return tokenizer;
}

absl::StatusOr<std::vector<int32_t>> Tokenizer::Encode(std::string_view text, const EncodeOptions& options) const {
  if (text.size() > kMaxText) return InvalidArgument("the text is longer than {} bytes", kMaxText);
  if (const size_t at = FindInvalidUtf8(text); at != std::string_view::npos) {
    return InvalidArgument("the text is not valid UTF-8 at byte {}", at);
  }
  Segments segments;
  ETD_RETURN_IF_ERROR(pipeline_->Extract(text, segments));
  for (const auto& step : pipeline_->pre_tokenizers) {
    ETD_RETURN_IF_ERROR(step->Apply(segments));
    if (segments.kept_bytes() > kMaxPreTokenized) {
      return InvalidArgument("the tokenizer's pre-tokenizers make the text longer than {} bytes", kMaxPreTokenized);
    }
  }
  Ids ids;
  ids.reserve(text.size() / 3 + 8);
  for (const Piece& piece : segments.pieces) {
    if (piece.id >= 0) {
      ids.push_back(piece.id);
    } else {
      ETD_RETURN_IF_ERROR(pipeline_->model->Encode(piece.text, ids));
    }
  }
  const PostProcessor* post_processor = pipeline_->post_processor.get();
  if (pipeline_->truncation.has_value()) {
    const bool adds = options.add_special_tokens && post_processor != nullptr;
    ETD_RETURN_IF_ERROR(pipeline_->truncation->Apply(adds ? post_processor->added() : 0, ids));
  }
  if (post_processor != nullptr) {
    std::vector<Ids> parts;
    parts.push_back(std::move(ids));
    ETD_RETURN_IF_ERROR(post_processor->Apply(options.add_special_tokens, parts));
    ids = parts.empty() ? Ids() : std::move(parts[0]);
    for (size_t i = 1; i < parts.size(); ++i) ids.insert(ids.end(), parts[i].begin(), parts[i].end());
  }
  if (pipeline_->padding.has_value()) pipeline_->padding->Apply(ids);
  return ids;
}

std::string Tokenizer::Decode(std::span<const int32_t> ids, bool skip_special_tokens) const {
  DecodeChain chain(pipeline_->decoders);
  for (const int32_t id : ids) {
    if (const auto token = pipeline_->TokenToDecode(id, skip_special_tokens); token.has_value()) chain.Push(*token);
  }
  chain.Finish();
  return chain.Take();
}

std::optional<int32_t> Tokenizer::TokenToId(std::string_view token) const {
  const auto id = pipeline_->added.Find(token);
  return id.has_value() ? id : pipeline_->model->TokenToId(token);
}

std::optional<std::string_view> Tokenizer::IdToToken(int32_t id) const { return pipeline_->Token(id); }

bool Tokenizer::IsSpecial(int32_t id) const {
  const auto token = pipeline_->Token(id);
  return token.has_value() && pipeline_->added.IsSpecial(*token);
}

int32_t Tokenizer::vocab_size() const { return std::max(pipeline_->added.id_end(), pipeline_->model->id_end()); }

}  // namespace etd::text
