#include "backends/xnnpack/weight_form.h"

#include <cstring>

#include "runtime/tensor/scalar_type.h"

namespace etd::xnnpack {
namespace {

// The file gives no alignment that element types could rely on, so elements are copied in and out.
template <typename Half>
void WidenHalves(std::span<const std::byte> stored, std::byte* target) {
  for (size_t i = 0; i < stored.size() / 2; ++i) {
    Half half;
    std::memcpy(&half.bits, stored.data() + i * 2, 2);
    const float wide = half;
    std::memcpy(target + i * 4, &wide, 4);
  }
}

void UnpackNibbles(std::span<const std::byte> stored, size_t row_elements, std::byte* target) {
  const size_t row_bytes = (row_elements + 1) / 2;
  for (size_t row = 0; row < stored.size() / row_bytes; ++row) {
    const std::byte* in = stored.data() + row * row_bytes;
    std::byte* out = target + row * row_elements;
    for (size_t i = 0; i < row_elements; ++i) {
      const int pair = std::to_integer<int>(in[i / 2]);
      out[i] = static_cast<std::byte>(((i % 2 == 0 ? pair : pair >> 4) & 15) - 8);
    }
  }
}

}  // namespace

size_t ConvertedBytes(WeightForm form, size_t stored, size_t row_elements) {
  switch (form) {
    case WeightForm::kAsStored: return stored;
    case WeightForm::kFloat16ToFloat32:
    case WeightForm::kBFloat16ToFloat32: return stored * 2;
    case WeightForm::kInt4ToInt8: return row_elements == 0 ? 0 : stored / ((row_elements + 1) / 2) * row_elements;
  }
  return stored;
}

void ConvertWeights(WeightForm form, std::span<const std::byte> stored, size_t row_elements, std::byte* target) {
  if (stored.empty()) return;
  switch (form) {
    case WeightForm::kAsStored: std::memcpy(target, stored.data(), stored.size()); return;
    case WeightForm::kFloat16ToFloat32: WidenHalves<tensor::Float16>(stored, target); return;
    case WeightForm::kBFloat16ToFloat32: WidenHalves<tensor::BFloat16>(stored, target); return;
    case WeightForm::kInt4ToInt8: UnpackNibbles(stored, row_elements, target); return;
  }
}

}  // namespace etd::xnnpack
