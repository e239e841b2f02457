// What packed weights depend on, as a text that is equal only where they are.
#ifndef ETD_BACKENDS_XNNPACK_PACKING_IDENTITY_H_
#define ETD_BACKENDS_XNNPACK_PACKING_IDENTITY_H_

#include <string>

#include "backends/xnnpack/lowering.h"
#include "runtime/graph/fragment.h"

namespace etd::xnnpack {

// Of a product's weights: the node's attributes, types, shapes, scales and zero points of all operands, the bias.
// Large tables of scales and the bias count by their address in the file, which stores equal bytes once.
std::string PackingIdentity(const graph::FragmentNode& node, const Lowered& lowered);

}  // namespace etd::xnnpack

#endif  // ETD_BACKENDS_XNNPACK_PACKING_IDENTITY_H_
