// `.npy` files: whatever parses survives being written and parsed again.
#include <cstdint>
#include <cstdlib>

#include "runtime/etrun/npy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace etd::etrun;
  const auto array = ParseNpy(std::as_bytes(std::span(data, size)));
  if (!array.ok()) return 0;
  const auto file = FormatNpy(array->dtype, array->shape, array->data);
  if (!file.ok()) std::abort();
  const auto again = ParseNpy(*file);
  if (!again.ok() || again->shape != array->shape || again->data != array->data) std::abort();
  return 0;
}
