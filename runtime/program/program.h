// A loaded program: the files that it consists of and the verified view of them.
#ifndef ETD_RUNTIME_PROGRAM_PROGRAM_H_
#define ETD_RUNTIME_PROGRAM_PROGRAM_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/base/mapped_file.h"
#include "runtime/program/byte_pool.h"
#include "runtime/program/file_bytes.h"
#include "runtime/program/program_view.h"

namespace etd::program {

// A file by path, or by an open descriptor that stays the caller's; then `path` is only used in messages.
struct FileRef {
  std::string path;
  int fd = -1;
};

struct LoadOptions {
  FileRef program;                  // `.pte`, or `.bpte`, told apart by their content.
  std::vector<FileRef> data_files;  // `.ptd` files with the tensors that the program keeps outside.
  MappedFile::Mode mode = MappedFile::Mode::kMap;  // kCopy for files that anyone else could change.
};

// Immutable: any thread may call any method. Everything that is handed out by reference, pointer or span lives as long
// as the Program.
class Program {
 public:
  // Reads and verifies everything but the content of constants and of delegate blobs. Files may be hostile.
  // Errors: those of MappedFile; INVALID_ARGUMENT for damaged files, with the place and the reason; UNIMPLEMENTED for
  // formats and features that the runtime does not have, by name; NOT_FOUND when a tensor is in no data file given.
  static absl::StatusOr<std::shared_ptr<const Program>> Load(const LoadOptions& options);
  // As Load, from bytes, which are copied.
  static absl::StatusOr<std::shared_ptr<const Program>> FromBytes(
      std::span<const std::byte> program, std::span<const std::span<const std::byte>> data_files = {});

  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  std::span<const MethodSpec> methods() const { return methods_; }
  // Null where the program has no such method.
  const MethodSpec* FindMethod(std::string_view name) const;
  // Of the program and the data files together.
  const NamedData& named_data() const { return named_data_; }
  // The recorded calls of a `.bpte`; empty for other files.
  std::span<const BundledCase> bundled_cases() const { return bundled_cases_; }
  // Bytes of all files.
  size_t file_bytes() const;

  // Says that `bytes`, a part of this program's data, are not needed for now (weights that were packed elsewhere). They
  // can still be read: their pages come from the file again. No effect where the files were copied.
  void ReleasePages(std::span<const std::byte> bytes) const;

 private:
  Program(std::vector<FileBytes> files, size_t pool_limit);
  static absl::StatusOr<std::shared_ptr<const Program>> Create(std::vector<FileBytes> files);
  absl::Status Read();

  std::vector<FileBytes> files_;  // The program first.
  BytePool pool_;
  std::vector<MethodSpec> methods_;
  NamedData named_data_;
  std::vector<BundledCase> bundled_cases_;
};

}  // namespace etd::program

#endif  // ETD_RUNTIME_PROGRAM_PROGRAM_H_
