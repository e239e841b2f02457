// How a constant's bytes in the file become the elements that XNNPACK is given.
#ifndef ETD_BACKENDS_XNNPACK_WEIGHT_FORM_H_
#define ETD_BACKENDS_XNNPACK_WEIGHT_FORM_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace etd::xnnpack {

enum class WeightForm : uint8_t {
  kAsStored,
  kFloat16ToFloat32,
  kBFloat16ToFloat32,
  kInt4ToInt8,  // Two to a byte, low nibble first, zero point 8; rows start at whole bytes.
};

// Bytes that `stored` bytes become.
size_t ConvertedBytes(WeightForm form, size_t stored, size_t row_elements);
// `target` has ConvertedBytes. `row_elements` is the innermost dimension (only read for kInt4ToInt8).
void ConvertWeights(WeightForm form, std::span<const std::byte> stored, size_t row_elements, std::byte* target);

}  // namespace etd::xnnpack

#endif  // ETD_BACKENDS_XNNPACK_WEIGHT_FORM_H_
