// The parts of a tokenizer, in the order in which a text passes them.
#ifndef ETD_RUNTIME_TEXT_TOKENIZER_TOKENIZER_PIPELINE_H_
#define ETD_RUNTIME_TEXT_TOKENIZER_TOKENIZER_PIPELINE_H_

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "runtime/text/tokenizer/added_vocabulary.h"
#include "runtime/text/tokenizer/decoder.h"
#include "runtime/text/tokenizer/model.h"
#include "runtime/text/tokenizer/normalizer.h"
#include "runtime/text/tokenizer/post_processor.h"
#include "runtime/text/tokenizer/pre_tokenizer.h"
#include "runtime/text/tokenizer/tokenizer.h"

namespace etd::text {

struct Tokenizer::Pipeline {
  AddedVocabulary added;
  std::unique_ptr<Normalizer> normalizer;  // may be null
  std::vector<std::unique_ptr<PreTokenizer>> pre_tokenizers;
  std::unique_ptr<Model> model;
  std::optional<Truncation> truncation;
  std::unique_ptr<PostProcessor> post_processor;  // may be null
  std::optional<Padding> padding;
  std::vector<std::unique_ptr<Decoder>> decoders;

  std::optional<std::string_view> Token(int32_t id) const;
  // The token that `id` decodes from: nothing where there is none or it is left out.
  std::optional<std::string_view> TokenToDecode(int32_t id, bool skip_special_tokens) const;
  // Cuts `text` into pieces that are added tokens, and normalised text between them.
  absl::Status Extract(std::string_view text, Segments& segments) const;
};

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_TOKENIZER_TOKENIZER_PIPELINE_H_
