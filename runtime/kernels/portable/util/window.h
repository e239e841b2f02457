// Windows that slide over the two innermost dimensions of an image: convolutions and pools. One dimension counts as an
// image of height 1.
#ifndef ETD_RUNTIME_KERNELS_PORTABLE_UTIL_WINDOW_H_
#define ETD_RUNTIME_KERNELS_PORTABLE_UTIL_WINDOW_H_

#include <array>
#include <cstdint>

#include "absl/status/statusor.h"
#include "runtime/kernel/kernel.h"
#include "runtime/tensor/tensor.h"

namespace etd::kernels {

// A window along one dimension.
struct Window {
  int64_t kernel = 1;
  int64_t stride = 1;
  int64_t padding = 0;
  int64_t dilation = 1;
  int64_t output_padding = 0;  // of transposed convolutions

  // Positions of the window over `size` elements. Not positive: it fits nowhere.
  int64_t OutputSize(int64_t size, bool ceil_mode) const;
  int64_t TransposedSize(int64_t size) const;
};

// A 3-d or 4-d tensor (or, for a one-dimensional convolution, 2-d or 3-d) as [N, C, H, W] by strides.
struct Image {
  std::array<int64_t, 4> sizes;
  std::array<int64_t, 4> strides;
  int64_t Offset(int64_t n, int64_t c, int64_t y, int64_t x) const {
    return n * strides[0] + c * strides[1] + y * strides[2] + x * strides[3];
  }
};
// `spatial` is 1 or 2. Errors: INVALID_ARGUMENT for another rank than spatial + 1 or spatial + 2.
absl::StatusOr<Image> ImageOf(const tensor::Tensor& tensor, int spatial);

// The windows of both dimensions from lists of one number (for both) or of `spatial` numbers. An empty stride is the
// kernel, empty others their defaults. Errors: INVALID_ARGUMENT for numbers that no window has.
absl::StatusOr<std::array<Window, 2>> ReadWindows(const kernel::IntVector& kernel, const kernel::IntVector& stride,
                                                  const kernel::IntVector& padding, const kernel::IntVector& dilation,
                                                  const kernel::IntVector& output_padding, int spatial);

// Resizes `out` to `in`'s shape with `channels` and the spatial sizes height and width (width alone if `spatial` is 1).
absl::Status ResizeImage(const tensor::Tensor& in, int spatial, int64_t channels, int64_t height, int64_t width,
                         tensor::Tensor& out);

}  // namespace etd::kernels

#endif  // ETD_RUNTIME_KERNELS_PORTABLE_UTIL_WINDOW_H_
