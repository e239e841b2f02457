// Character facts as runs of code points. The several parts of a tokenizer pipeline follow different Unicode
// versions in the library that defines them, so no system library's tables can stand in for these.
#ifndef ETD_RUNTIME_TEXT_TOKENIZER_CHAR_TABLES_H_
#define ETD_RUNTIME_TEXT_TOKENIZER_CHAR_TABLES_H_

#include <cstddef>
#include <cstdint>

namespace etd::text {

struct CharRange {
  char32_t first;
  char32_t last;  // inclusive
};

// Ascending; each is first code point << 11 | CharFlag bits, valid until the next run's first code point.
extern const uint32_t kCharRuns[];
extern const size_t kCharRunCount;

// Code points younger than the normalisation tables of the format: they neither decompose, compose nor reorder.
extern const CharRange kNormalizationInert[];
extern const size_t kNormalizationInertCount;

// Code points that patterns know and Unicode 14 (that of PCRE2 10.42) does not, with their general category.
struct YoungRange {
  char32_t first;
  char32_t last;  // inclusive
  char category[3];
};
extern const YoungRange kYoungRanges[];
extern const size_t kYoungRangeCount;

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_TOKENIZER_CHAR_TABLES_H_
