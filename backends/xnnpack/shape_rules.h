// Which shape a node's outputs have, given those of its inputs.
//
// XNNPACK computes shapes too, but trusts what it is given: these rules stand before it, for the shapes that a file
// declares and for those that a call brings.
#ifndef ETD_BACKENDS_XNNPACK_SHAPE_RULES_H_
#define ETD_BACKENDS_XNNPACK_SHAPE_RULES_H_

#include <span>

#include "absl/status/status.h"
#include "backends/xnnpack/shape.h"
#include "runtime/graph/fragment.h"

namespace etd::xnnpack {

// `shapes` are those of all values of the fragment, by index: inputs of the node are read, outputs are written.
// Attributes are checked as well. Zero-sized dimensions are carried through. Errors: INVALID_ARGUMENT, with the shapes.
absl::Status InferShapes(const graph::FragmentNode& node, std::span<Shape> shapes);

}  // namespace etd::xnnpack

#endif  // ETD_BACKENDS_XNNPACK_SHAPE_RULES_H_
