// Reads the blobs that ExecuTorch's exporter writes for the delegate "XnnpackBackend".
#ifndef ETD_BACKENDS_XNNPACK_BLOB_READER_H_
#define ETD_BACKENDS_XNNPACK_BLOB_READER_H_

#include <cstddef>
#include <span>

#include "absl/status/statusor.h"
#include "runtime/graph/fragment.h"
#include "runtime/graph/region.h"

namespace etd::xnnpack {

// A blob is a flatbuffer, in newer files behind a header that also says where inline constants lie. Blobs may be hostile:
// every offset and index is checked, but whether the nodes make sense is left to VerifyFragment. `blob` and the named
// data must outlive the fragment. Errors: INVALID_ARGUMENT (damaged; NOT_FOUND where a named constant is missing),
// UNIMPLEMENTED (a node or type that can't be run, named).
absl::StatusOr<graph::Fragment> ReadBlob(std::span<const std::byte> blob, const graph::NamedDataSource& named_data);

}  // namespace etd::xnnpack

#endif  // ETD_BACKENDS_XNNPACK_BLOB_READER_H_
