// What kind of character a code point is, in the sense of each part of a tokenizer pipeline.
#ifndef ETD_RUNTIME_TEXT_TOKENIZER_CHAR_CLASS_H_
#define ETD_RUNTIME_TEXT_TOKENIZER_CHAR_CLASS_H_

#include <cstdint>
#include <vector>

#include "runtime/text/tokenizer/char_tables.h"

namespace etd::text {

enum CharFlag : uint16_t {
  kLetter = 1 << 0,         // \p{L} of patterns
  kNumber = 1 << 1,         // \p{N} of patterns
  kSpace = 1 << 2,          // White_Space
  kPatternWord = 1 << 3,    // \w of patterns
  kWord = 1 << 4,           // \w of the Whitespace pre-tokenizer and of single_word tokens
  kNumeric = 1 << 5,        // the Digits pre-tokenizer
  kPunctuation = 1 << 6,    // ASCII punctuation and P*
  kRemovedByBert = 1 << 7,  // control characters and U+FFFD, which BERT's clean_text drops
  kCombiningMark = 1 << 8,  // what StripAccents drops
  kNonspacing = 1 << 9,     // what BERT's strip_accents drops
  kNfcUnsafe = 1 << 10,     // NFC may change it or join it with what stands before it
};

// The CharFlag bits of `code_point`; 0 above U+10FFFF. Thread-safe.
uint16_t CharFlags(char32_t code_point);

inline bool HasFlag(char32_t code_point, uint16_t flags) { return (CharFlags(code_point) & flags) != 0; }

// All runs of code points that have any of `flags`, ascending.
std::vector<CharRange> RangesWith(uint16_t flags);

bool IsNormalizationInert(char32_t code_point);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_TOKENIZER_CHAR_CLASS_H_
