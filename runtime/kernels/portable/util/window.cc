#include "runtime/kernels/portable/util/window.h"

#include <limits>

#include "runtime/base/status.h"
#include "runtime/kernels/portable/util/shape.h"

namespace etd::kernels {

using kernel::IntVector;
using tensor::Tensor;

int64_t Window::OutputSize(int64_t size, bool ceil_mode) const {
  const int64_t room = size + 2 * padding - dilation * (kernel - 1) - 1;
  if (room < 0) return 0;
  int64_t count = (room + (ceil_mode ? stride - 1 : 0)) / stride + 1;
  // The last window must begin inside the image or its left padding.
  if (ceil_mode && (count - 1) * stride >= size + padding) --count;
  return count;
}

int64_t Window::TransposedSize(int64_t size) const {
  return (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1;
}

absl::StatusOr<Image> ImageOf(const Tensor& tensor, int spatial) {
  const int without_batch = spatial + 1;
  if (tensor.rank() != without_batch && tensor.rank() != without_batch + 1) {
    return InvalidArgument("an image of {} or {} dimensions is needed, not one of shape {}", without_batch,
                           without_batch + 1, tensor::ShapeText(tensor.sizes()));
  }
  Image image{{1, 1, 1, 1}, {0, 0, 0, 0}};
  const int first = tensor.rank() == without_batch ? 1 : 0;
  for (int dim = 0; dim < tensor.rank(); ++dim) {
    // Without a height, the last dimension is the width.
    const int place = first + dim;
    const size_t target = static_cast<size_t>(spatial == 1 && place == 2 ? 3 : place);
    image.sizes[target] = tensor.size(dim);
    image.strides[target] = tensor.stride(dim);
  }
  return image;
}

namespace {

// Number `i` of `spatial`, aligned to the last dimension; `otherwise` where the list is empty.
int64_t NumberAt(const IntVector& list, int i, int64_t otherwise) {
  if (list.empty()) return otherwise;
  return list.size() == 1 ? list[0] : list[static_cast<size_t>(i)];
}

}  // namespace

absl::StatusOr<std::array<Window, 2>> ReadWindows(const IntVector& kernel, const IntVector& stride,
                                                  const IntVector& padding, const IntVector& dilation,
                                                  const IntVector& output_padding, int spatial) {
  for (const IntVector* list : {&kernel, &stride, &padding, &dilation, &output_padding}) {
    if (list->size() > 1 && list->size() != static_cast<size_t>(spatial)) {
      return InvalidArgument("{} numbers are given for a window of {} dimensions", list->size(), spatial);
    }
  }
  if (kernel.empty()) return InvalidArgument("a window has no kernel size");
  std::array<Window, 2> windows;
  for (int i = 0; i < spatial; ++i) {
    Window& window = windows[static_cast<size_t>(2 - spatial + i)];
    window.kernel = NumberAt(kernel, i, 1);
    window.stride = NumberAt(stride, i, window.kernel);
    window.padding = NumberAt(padding, i, 0);
    window.dilation = NumberAt(dilation, i, 1);
    window.output_padding = NumberAt(output_padding, i, 0);
    // Within these bounds no product below overflows.
    constexpr int64_t kLimit = std::numeric_limits<int32_t>::max() / 2;
    for (const int64_t positive : {window.kernel, window.stride, window.dilation}) {
      if (positive < 1 || positive > kLimit) return InvalidArgument("{} is no size, stride or dilation", positive);
    }
    for (const int64_t number : {window.padding, window.output_padding}) {
      if (number < 0 || number > kLimit) return InvalidArgument("{} is no padding", number);
    }
  }
  return windows;
}

absl::Status ResizeImage(const Tensor& in, int spatial, int64_t channels, int64_t height, int64_t width, Tensor& out) {
  if (height < 1 || width < 1) {
    return InvalidArgument("a window fits nowhere into an image of shape {}", tensor::ShapeText(in.sizes()));
  }
  IntVector sizes;
  if (in.rank() == spatial + 2) sizes.push_back(in.size(0));
  sizes.push_back(channels);
  if (spatial == 2) sizes.push_back(height);
  sizes.push_back(width);
  ETD_ASSIGN_OR_RETURN(const Shape shape, ShapeFromInts(sizes));
  return ResizeOut(out, shape);
}

}  // namespace etd::kernels
