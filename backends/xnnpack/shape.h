// Dimensions as XNNPACK knows them: at most six, in memory order, outermost first.
#ifndef ETD_BACKENDS_XNNPACK_SHAPE_H_
#define ETD_BACKENDS_XNNPACK_SHAPE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/graph/fragment.h"

namespace etd::xnnpack {

inline constexpr size_t kMaxDims = 6;
// No tensor has more elements; keeps every byte count far from overflow.
inline constexpr size_t kMaxElements = size_t{1} << 40;

// A plain value. Dimensions beyond the rank are 0, so that shapes compare as bytes.
struct Shape {
  size_t rank = 0;
  std::array<size_t, kMaxDims> dims{};

  static Shape Of(std::span<const size_t> dims);
  std::span<const size_t> span() const { return {dims.data(), rank}; }
  size_t& operator[](size_t index) { return dims[index]; }
  size_t operator[](size_t index) const { return dims[index]; }
  // Counted from the innermost dimension, which is 0.
  size_t inner(size_t index) const { return dims[rank - 1 - index]; }
  // Verified shapes only (CheckShape).
  size_t numel() const;
  friend bool operator==(const Shape&, const Shape&) = default;
};

// "[1, 2047, 64]".
std::string ShapeText(const Shape& shape);
// Errors: INVALID_ARGUMENT when the number of elements exceeds kMaxElements.
absl::Status CheckShape(const Shape& shape);
// The dimensions that a value of a fragment declares. Errors: INVALID_ARGUMENT (rank, negative or huge dimensions).
absl::StatusOr<Shape> DeclaredShape(const graph::FragmentValue& value);

}  // namespace etd::xnnpack

#endif  // ETD_BACKENDS_XNNPACK_SHAPE_H_
