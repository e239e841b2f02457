#include "runtime/program/byte_pool.h"

#include <cstdint>

#include "runtime/base/status.h"
#include "runtime/program/program_view.h"

namespace etd::program {

absl::Status BytePool::Charge(size_t bytes) {
  if (bytes > left_) {
    return InvalidArgument("the file describes far more data than it holds (tables that share their content)");
  }
  left_ -= bytes;
  return absl::OkStatus();
}

absl::StatusOr<std::span<const std::byte>> BytePool::Align(std::span<const std::byte> bytes) {
  if (bytes.empty() || reinterpret_cast<uintptr_t>(bytes.data()) % kByteAlignment == 0) return bytes;
  const auto key = std::make_pair(bytes.data(), bytes.size());
  auto found = copies_.find(key);
  if (found == copies_.end()) {
    ETD_RETURN_IF_ERROR(Charge(bytes.size()));
    found = copies_.emplace(key, AlignedBytes::CopyOf(bytes)).first;
  }
  return found->second.bytes();
}

}  // namespace etd::program
