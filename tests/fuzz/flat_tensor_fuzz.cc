// `.ptd` files: whatever loads has tensors as long as their bytes.
#include <cstdint>
#include <cstdlib>

#include "runtime/program/data_file.h"
#include "runtime/program/file_bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace etd::program;
  const AlignedBytes file = AlignedBytes::CopyOf(std::as_bytes(std::span(data, size)));
  BytePool pool(size * 4 + 65536);
  NamedData named;
  if (!ReadDataFile(file.bytes(), pool, named).ok()) return 0;
  volatile unsigned sum = 0;
  for (const auto& [key, value] : named) {
    if (value.layout && value.layout->nbytes() > value.bytes.size()) std::abort();
    for (const std::byte b : value.bytes) sum = sum + std::to_integer<unsigned>(b);
  }
  return 0;
}
