// The byte-level alphabet: each of the 256 bytes is written as one printable character.
#ifndef ETD_RUNTIME_TEXT_TOKENIZER_BYTE_ALPHABET_H_
#define ETD_RUNTIME_TEXT_TOKENIZER_BYTE_ALPHABET_H_

#include <optional>
#include <string>
#include <string_view>

namespace etd::text {

// The character that stands for `byte`, as UTF-8.
std::string_view ByteAsCharacter(unsigned char byte);

// `bytes` written in the alphabet.
std::string ToByteAlphabet(std::string_view bytes);

// The bytes that `text` (valid UTF-8) stands for; nothing where a character is not in the alphabet.
std::optional<std::string> FromByteAlphabet(std::string_view text);

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_TOKENIZER_BYTE_ALPHABET_H_
