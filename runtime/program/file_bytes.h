// The bytes of one file, wherever they came from.
#ifndef ETD_RUNTIME_PROGRAM_FILE_BYTES_H_
#define ETD_RUNTIME_PROGRAM_FILE_BYTES_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "runtime/base/mapped_file.h"

namespace etd::program {

// Heap bytes that start at a multiple of program::kByteAlignment.
class AlignedBytes {
 public:
  static AlignedBytes CopyOf(std::span<const std::byte> source);
  std::span<const std::byte> bytes() const { return {data_.get(), size_}; }

 private:
  struct Free {
    void operator()(std::byte* data) const;
  };
  std::unique_ptr<std::byte, Free> data_;
  size_t size_ = 0;
};

// Either a file's mapping or bytes in memory; they keep their address when the object moves. Reading is thread-safe.
class FileBytes {
 public:
  FileBytes(std::string name, MappedFile file) : name_(std::move(name)), file_(std::move(file)) {}
  FileBytes(std::string name, AlignedBytes memory)
      : name_(std::move(name)), memory_(std::move(memory)), in_memory_(true) {}

  // For messages.
  const std::string& name() const { return name_; }
  std::span<const std::byte> bytes() const { return in_memory_ ? memory_.bytes() : file_.bytes(); }
  // See MappedFile::ReleasePages. False, without effect, when `part` is not a part of this file.
  bool ReleasePages(std::span<const std::byte> part) const;

 private:
  std::string name_;
  MappedFile file_;
  AlignedBytes memory_;
  bool in_memory_ = false;
};

}  // namespace etd::program

#endif  // ETD_RUNTIME_PROGRAM_FILE_BYTES_H_
