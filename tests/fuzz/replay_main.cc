// Runs a fuzz target over files without libFuzzer: usage: x_fuzz [--damages=N] file-or-folder...
//
// Each file is run as it is, and N times with a few bytes damaged. The damages depend on the file's bytes and the count
// alone, so a failure repeats.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

namespace fs = std::filesystem;

// Exactly as large as the input, so that AddressSanitizer sees a read behind its end.
void RunOnce(const std::vector<uint8_t>& input) {
  const std::vector<uint8_t> exact(input.begin(), input.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

void Damage(std::mt19937& random, std::vector<uint8_t>& input) {
  static constexpr uint8_t kLikely[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
  if (random() % 8 == 0) input.resize(random() % (input.size() + 1));
  if (input.empty()) return;
  for (size_t count = 1 + random() % 4; count > 0; --count) {
    uint8_t& byte = input[random() % input.size()];
    byte = random() % 2 == 0 ? kLikely[random() % std::size(kLikely)] : static_cast<uint8_t>(random());
  }
}

bool RunFile(const fs::path& path, unsigned damages) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "can't read %s\n", path.c_str());
    return false;
  }
  const std::vector<uint8_t> input((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  RunOnce(input);
  std::seed_seq seed(input.begin(), input.end());
  std::mt19937 random(seed);
  for (unsigned i = 0; i < damages; ++i) {
    std::vector<uint8_t> damaged = input;
    Damage(random, damaged);
    RunOnce(damaged);
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  constexpr std::string_view kDamages = "--damages=";
  unsigned damages = 0;
  size_t files = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.starts_with(kDamages)) {
      damages = static_cast<unsigned>(std::strtoul(argv[i] + kDamages.size(), nullptr, 10));
      continue;
    }
    std::vector<fs::path> paths;
    if (fs::is_directory(argv[i])) {
      for (const auto& entry : fs::recursive_directory_iterator(argv[i])) {
        if (entry.is_regular_file()) paths.push_back(entry.path());
      }
    } else {
      paths.emplace_back(argv[i]);
    }
    for (const fs::path& path : paths) {
      if (!RunFile(path, damages)) return 1;
      ++files;
    }
  }
  if (files == 0) {
    std::fprintf(stderr, "no input: name files or folders of them\n");
    return 1;
  }
  std::printf("%zu files, each as it is and with %u damages\n", files, damages);
  return 0;
}
