#include "runtime/program/program_view.h"

namespace etd::program {

int64_t TensorLayout::numel() const {
  int64_t count = 1;
  for (const int32_t size : sizes) count *= size;
  return count;
}

size_t TensorLayout::nbytes() const { return static_cast<size_t>(numel()) * tensor::ElementSize(dtype); }

}  // namespace etd::program
