#include "runtime/program/file_bytes.h"

#include <cstdint>
#include <cstring>
#include <new>

#include "runtime/program/program_view.h"

namespace etd::program {

void AlignedBytes::Free::operator()(std::byte* data) const {
  ::operator delete(data, std::align_val_t(kByteAlignment));
}

AlignedBytes AlignedBytes::CopyOf(std::span<const std::byte> source) {
  AlignedBytes copy;
  copy.data_.reset(static_cast<std::byte*>(::operator new(source.size(), std::align_val_t(kByteAlignment))));
  copy.size_ = source.size();
  if (!source.empty()) std::memcpy(copy.data_.get(), source.data(), source.size());
  return copy;
}

bool FileBytes::ReleasePages(std::span<const std::byte> part) const {
  const std::span<const std::byte> all = bytes();
  const auto begin = reinterpret_cast<uintptr_t>(all.data());
  const auto part_begin = reinterpret_cast<uintptr_t>(part.data());
  if (part_begin < begin || part_begin - begin > all.size()) return false;
  const size_t offset = part_begin - begin;
  if (part.size() > all.size() - offset) return false;
  if (!in_memory_) file_.ReleasePages(offset, part.size());
  return true;
}

}  // namespace etd::program
