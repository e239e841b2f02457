#include "runtime/kernels/portable/util/dim_reduction.h"

#include <utility>

#include "runtime/kernels/portable/util/row_rules.h"

namespace etd::kernels {

absl::StatusOr<DimMask> ReducedDims(const tensor::Tensor& in, std::span<const int64_t> dims) {
  DimMask mask{};
  if (dims.empty()) mask.fill(true);
  for (const int64_t number : dims) {
    ETD_ASSIGN_OR_RETURN(const int dim, NormalizeDim(number, in.rank()));
    if (std::exchange(mask[static_cast<size_t>(dim)], true)) {
      return InvalidArgument("dimension {} is reduced twice", number);
    }
  }
  return mask;
}

Shape ReducedShape(const tensor::Tensor& in, const DimMask& reduced, bool keep) {
  Shape shape;
  for (int dim = 0; dim < in.rank(); ++dim) {
    if (!reduced[static_cast<size_t>(dim)]) {
      shape.push_back(in.size(dim));
    } else if (keep) {
      shape.push_back(1);
    }
  }
  return shape;
}

DimReduction::DimReduction(const tensor::Tensor& in, const DimMask& reduced, bool keep, const tensor::Tensor& out) {
  int out_dim = 0;
  for (int dim = 0; dim < in.rank(); ++dim) {
    const bool goes = reduced[static_cast<size_t>(dim)];
    if (goes) {
      sizes_.push_back(in.size(dim));
      strides_.push_back(in.stride(dim));
      count_ *= in.size(dim);
    } else {
      kept_sizes_.push_back(in.size(dim));
      kept_in_.push_back(in.stride(dim));
      kept_out_.push_back(out.stride(out_dim));
      results_ *= in.size(dim);
    }
    if (!goes || keep) ++out_dim;
  }
  if (sizes_.empty()) {
    sizes_.push_back(1);
    strides_.push_back(0);
  }
}

std::optional<kernel::RowClass> ReducedRows(const kernel::RowQuery& query, const DimMask& reduced, bool keep) {
  const std::optional<int> row = RowDimOf(query, 0);
  if (!row.has_value() || reduced[static_cast<size_t>(*row)]) return std::nullopt;
  int gone = 0;
  for (int dim = 0; !keep && dim < *row; ++dim) gone += reduced[static_cast<size_t>(dim)] ? 1 : 0;
  return kernel::RowClass::Rows(*row - gone);
}

}  // namespace etd::kernels
