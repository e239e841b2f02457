// Whether a fragment makes sense on its own terms, before anything trusts it.
#ifndef ETD_BACKENDS_XNNPACK_FRAGMENT_VERIFIER_H_
#define ETD_BACKENDS_XNNPACK_FRAGMENT_VERIFIER_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "backends/xnnpack/shape.h"
#include "runtime/graph/fragment.h"

namespace etd::xnnpack {

// Checks roles and numbers of externals, that every value is written once and before it is read, ranks and sizes, that
// constants have the bytes and scales which their type and shape need, attributes and shapes of nodes. Returns the shape
// of every value at the upper bound, inferred from the inputs and constants (what internal values declare is ignored).
// Errors: INVALID_ARGUMENT, with the number of the value or node.
absl::StatusOr<std::vector<Shape>> VerifyFragment(const graph::Fragment& fragment);

}  // namespace etd::xnnpack

#endif  // ETD_BACKENDS_XNNPACK_FRAGMENT_VERIFIER_H_
