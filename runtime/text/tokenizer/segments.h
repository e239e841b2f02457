// The text on its way through a pipeline: a list of pieces, each waiting for tokenisation or already one token.
#ifndef ETD_RUNTIME_TEXT_TOKENIZER_SEGMENTS_H_
#define ETD_RUNTIME_TEXT_TOKENIZER_SEGMENTS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace etd::text {

struct Piece {
  std::string_view text;
  int32_t id = -1;  // >= 0: an added token; nothing splits it any more
  // Whether the piece starts where the caller's text starts (Metaspace's "first" asks), and how many of its first
  // bytes still come from there: a part that begins behind them does not.
  bool at_start = false;
  size_t start_bytes = 0;

  // The part [begin, end) of this piece.
  Piece Slice(size_t begin, size_t end) const {
    Piece part;
    part.text = text.substr(begin, end - begin);
    part.at_start = at_start && begin < start_bytes;
    part.start_bytes = part.at_start ? start_bytes - begin : 0;
    return part;
  }
};

// Pieces, and the strings that were made on the way. Pieces point into those or into the caller's text.
class Segments {
 public:
  std::vector<Piece> pieces;

  // Keeps `text` alive as long as this object and returns a view of it.
  std::string_view Keep(std::string text) {
    kept_bytes_ += text.size();
    return kept_.emplace_back(std::move(text));
  }
  // Bytes of all strings kept.
  size_t kept_bytes() const { return kept_bytes_; }

 private:
  std::deque<std::string> kept_;
  size_t kept_bytes_ = 0;
};

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_TOKENIZER_SEGMENTS_H_
