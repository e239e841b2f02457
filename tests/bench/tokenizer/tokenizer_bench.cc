// Our side of compare_tokenizers.py: encodes the same texts once for each line on standard input.
//
//     tokenizer_bench TOKENIZER.json TEXTS.json
//
// answers each line with "<seconds> <number of ids>". Loading is reported first, in the same form.
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "runtime/text/tokenizer/tokenizer.h"

namespace {

double Seconds(std::chrono::steady_clock::time_point since) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count();
}

int Run(const char* tokenizer_path, const char* texts_path) {
  std::ifstream file(texts_path);
  const auto json = nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
  if (!json.is_array()) {
    std::fprintf(stderr, "%s must hold an array of strings\n", texts_path);
    return 1;
  }
  const auto texts = json.get<std::vector<std::string>>();
  const auto load_start = std::chrono::steady_clock::now();
  const auto tokenizer = etd::text::Tokenizer::FromFile(tokenizer_path);
  if (!tokenizer.ok()) {
    std::fprintf(stderr, "%s\n", tokenizer.status().ToString().c_str());
    return 1;
  }
  std::printf("%.9f 0\n", Seconds(load_start));
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    size_t count = 0;
    const auto start = std::chrono::steady_clock::now();
    for (const std::string& text : texts) {
      const auto ids = (*tokenizer)->Encode(text);
      if (!ids.ok()) {
        std::fprintf(stderr, "%s\n", ids.status().ToString().c_str());
        return 1;
      }
      count += ids->size();
    }
    std::printf("%.9f %zu\n", Seconds(start), count);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: tokenizer_bench TOKENIZER.json TEXTS.json\n");
    return 2;
  }
  return Run(argv[1], argv[2]);
}
