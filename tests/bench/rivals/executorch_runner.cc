// The rival's side of the comparison: loads a program with ExecuTorch's own C++ Module, reads a prompt and generates
// greedily, and prints what `etrun bench --json` prints. Built by run.py against the libraries of the PyPI wheel.
#include <executorch/extension/module/module.h>
#include <executorch/extension/tensor/tensor.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

// The wheel ships the library without this header.
namespace executorch::extension::threadpool {
class ThreadPool {
 public:
  bool _unsafe_reset_threadpool(uint32_t num_threads);
};
ThreadPool* get_threadpool();
}  // namespace executorch::extension::threadpool

namespace {

using executorch::extension::Module;
using executorch::extension::from_blob;
using executorch::runtime::EValue;

double Seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

uint64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t size = 0;
  uint64_t resident = 0;
  statm >> size >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

uint64_t PeakBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

// Greedy choice after `tokens` at `start`.
int64_t Step(Module& module, std::vector<int64_t>& tokens, int64_t start) {
  std::vector<int64_t> positions(tokens.size());
  std::iota(positions.begin(), positions.end(), start);
  const auto count = static_cast<executorch::aten::SizesType>(tokens.size());
  auto token_tensor = from_blob(tokens.data(), {1, count}, executorch::aten::ScalarType::Long);
  auto position_tensor = from_blob(positions.data(), {count}, executorch::aten::ScalarType::Long);
  const auto result = module.forward(std::vector<EValue>{EValue(*token_tensor), EValue(*position_tensor)});
  if (!result.ok()) {
    std::fprintf(stderr, "forward failed: %d\n", static_cast<int>(result.error()));
    std::exit(1);
  }
  const auto& logits = result->at(0).toTensor();
  const auto vocabulary = logits.size(logits.dim() - 1);
  const float* last = logits.const_data_ptr<float>() + logits.numel() - vocabulary;
  return std::max_element(last, last + vocabulary) - last;
}

std::string List(const std::vector<double>& samples) {
  std::string text;
  for (const double sample : samples) text += (text.empty() ? "" : ", ") + std::to_string(sample);
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: executorch_runner MODEL.pte PROMPT GENERATE THREADS REPEAT\n");
    return 2;
  }
  const int prompt = std::atoi(argv[2]);
  const int generate = std::atoi(argv[3]);
  const int repeat = std::atoi(argv[5]);
  executorch::extension::threadpool::get_threadpool()->_unsafe_reset_threadpool(static_cast<uint32_t>(std::atoi(argv[4])));
  const uint64_t empty = ResidentBytes();
  const double start = Seconds();
  Module module(argv[1], Module::LoadMode::Mmap);
  if (module.load_method("forward") != executorch::runtime::Error::Ok) {
    std::fprintf(stderr, "loading failed\n");
    return 1;
  }
  const double load_ms = (Seconds() - start) * 1e3;
  std::vector<double> prefill;
  std::vector<double> decode;
  for (int round = 0; round < repeat; ++round) {
    std::vector<int64_t> tokens(static_cast<size_t>(prompt));
    for (size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<int64_t>((i * 7919 + 13) % 49152);
    const double begin = Seconds();
    int64_t token = Step(module, tokens, 0);
    const double middle = Seconds();
    for (int i = 0; i < generate; ++i) {
      std::vector<int64_t> one = {token};
      token = Step(module, one, prompt + i);
    }
    prefill.push_back(prompt / (middle - begin));
    decode.push_back(generate / (Seconds() - middle));
  }
  std::printf(
      "{\"prefill\": {\"tokens\": %d, \"tokens_per_s\": %f, \"samples\": [%s]}, "
      "\"decode\": {\"tokens\": %d, \"tokens_per_s\": %f, \"samples\": [%s]}, "
      "\"load_ms\": %f, \"empty_bytes\": %llu, \"peak_rss_bytes\": %llu}\n",
      prompt, *std::max_element(prefill.begin(), prefill.end()), List(prefill).c_str(), generate,
      *std::max_element(decode.begin(), decode.end()), List(decode).c_str(), load_ms,
      static_cast<unsigned long long>(empty), static_cast<unsigned long long>(PeakBytes()));
  return 0;
}
