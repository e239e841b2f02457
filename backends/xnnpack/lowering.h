// Turns a fragment into one that this XNNPACK can run: combinations of types that it lacks are expressed by others.
//
//   * a node that touches bfloat16 computes in float32 between conversions (XNNPACK 4ea82e5 has no such kernels);
//     so do softmax, average pooling and matrix products of quantised values;
//   * float16 weights beside float32 activations, and in convolutions, are widened to float32 when they are packed;
//   * weights of 4 bits beside statically quantised activations are unpacked to 8 bits;
//   * the bias beside float32 rows and integer weights is added in a node of its own (XNNPACK would scale it);
//   * a float16 product with weights computed at run time becomes a matrix product;
//   * pooling over windows of one element becomes a clamp;
//   * int32 values that are only moved around are moved as float32 bits.
#ifndef ETD_BACKENDS_XNNPACK_LOWERING_H_
#define ETD_BACKENDS_XNNPACK_LOWERING_H_

#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "backends/xnnpack/shape.h"
#include "backends/xnnpack/weight_form.h"
#include "runtime/graph/fragment.h"

namespace etd::xnnpack {

struct Lowered {
  graph::Fragment fragment;
  std::vector<Shape> shapes;      // Of every value, at the upper bound.
  std::vector<WeightForm> forms;  // Of every value: how a constant's bytes become elements of its type.
};

// `fragment` is verified and `shapes` are what VerifyFragment said. Errors: UNIMPLEMENTED, naming the node and the types
// that have no way to run on this machine.
absl::StatusOr<Lowered> Lower(const graph::Fragment& fragment, std::span<const Shape> shapes);

}  // namespace etd::xnnpack

#endif  // ETD_BACKENDS_XNNPACK_LOWERING_H_
