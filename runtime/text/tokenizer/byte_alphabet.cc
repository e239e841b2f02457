#include "runtime/text/tokenizer/byte_alphabet.h"

#include <array>
#include <cstdint>

#include "runtime/text/tokenizer/utf8.h"

namespace etd::text {
namespace {

struct Alphabet {
  std::array<std::string, 256> character;
  std::array<int16_t, 512> byte;  // by code point; -1 where there is none

  Alphabet() {
    byte.fill(-1);
    char32_t next = 256;
    for (int value = 0; value < 256; ++value) {
      // Printable Latin-1 characters stand for themselves, all others for the next one from U+0100 on.
      const bool printable = (value >= '!' && value <= '~') || (value >= 0xA1 && value != 0xAD);
      const char32_t code_point = printable ? static_cast<char32_t>(value) : next++;
      AppendUtf8(code_point, character[static_cast<size_t>(value)]);
      byte[code_point] = static_cast<int16_t>(value);
    }
  }
};

const Alphabet& Get() {
  static const Alphabet* const alphabet = new Alphabet();
  return *alphabet;
}

}  // namespace

std::string_view ByteAsCharacter(unsigned char byte) { return Get().character[byte]; }

std::string ToByteAlphabet(std::string_view bytes) {
  const Alphabet& alphabet = Get();
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char byte : bytes) out += alphabet.character[static_cast<unsigned char>(byte)];
  return out;
}

std::optional<std::string> FromByteAlphabet(std::string_view text) {
  const Alphabet& alphabet = Get();
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const char32_t code_point = NextCodePoint(text, at);
    if (code_point >= alphabet.byte.size() || alphabet.byte[code_point] < 0) return std::nullopt;
    out.push_back(static_cast<char>(alphabet.byte[code_point]));
  }
  return out;
}

}  // namespace etd::text
