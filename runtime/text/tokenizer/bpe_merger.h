// The merge loop of byte-pair encoding.
#ifndef ETD_RUNTIME_TEXT_TOKENIZER_BPE_MERGER_H_
#define ETD_RUNTIME_TEXT_TOKENIZER_BPE_MERGER_H_

#include <cstdint>
#include <vector>

#include "runtime/text/tokenizer/merge_table.h"

namespace etd::text {

// Merges neighbours in `symbols`, lowest rank first and leftmost among equals, until none is left to merge.
// O(n log n) in the number of symbols.
void MergeSymbols(const MergeTable& merges, std::vector<int32_t>& symbols);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_TOKENIZER_BPE_MERGER_H_
