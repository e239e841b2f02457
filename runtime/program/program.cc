#include "runtime/program/program.h"

#include <utility>

#include "runtime/base/status.h"
#include "runtime/program/bundle.h"
#include "runtime/program/data_file.h"
#include "runtime/program/file_layout.h"
#include "runtime/program/program_reader.h"

namespace etd::program {
namespace {

// Copies are a fraction of a file's size where tables share nothing; this leaves room for exporters' sharing.
constexpr size_t kPoolBytesPerFileByte = 4;
constexpr size_t kPoolBytes = 64 * 1024;

absl::StatusOr<FileBytes> OpenFile(const FileRef& file, MappedFile::Mode mode) {
  const std::string name = file.path.empty() ? fmt::format("descriptor {}", file.fd) : file.path;
  absl::StatusOr<MappedFile> mapped =
      file.fd >= 0 ? MappedFile::FromFd(file.fd, name, mode) : MappedFile::Open(file.path, mode);
  if (!mapped.ok()) return mapped.status();
  return FileBytes(name, *std::move(mapped));
}

size_t TotalSize(const std::vector<FileBytes>& files) {
  size_t total = 0;
  for (const FileBytes& file : files) total += file.bytes().size();
  return total;
}

}  // namespace

Program::Program(std::vector<FileBytes> files, size_t pool_limit) : files_(std::move(files)), pool_(pool_limit) {}

absl::StatusOr<std::shared_ptr<const Program>> Program::Load(const LoadOptions& options) {
  std::vector<FileBytes> files;
  ETD_ASSIGN_OR_RETURN(FileBytes program, OpenFile(options.program, options.mode));
  files.push_back(std::move(program));
  for (const FileRef& data_file : options.data_files) {
    ETD_ASSIGN_OR_RETURN(FileBytes data, OpenFile(data_file, options.mode));
    files.push_back(std::move(data));
  }
  return Create(std::move(files));
}

absl::StatusOr<std::shared_ptr<const Program>> Program::FromBytes(
    std::span<const std::byte> program, std::span<const std::span<const std::byte>> data_files) {
  std::vector<FileBytes> files;
  files.emplace_back("program in memory", AlignedBytes::CopyOf(program));
  for (const auto& data_file : data_files) {
    files.emplace_back(fmt::format("data file {} in memory", files.size()), AlignedBytes::CopyOf(data_file));
  }
  return Create(std::move(files));
}

absl::StatusOr<std::shared_ptr<const Program>> Program::Create(std::vector<FileBytes> files) {
  const size_t limit = kPoolBytes + kPoolBytesPerFileByte * TotalSize(files);
  std::shared_ptr<Program> program(new Program(std::move(files), limit));
  ETD_RETURN_IF_ERROR(program->Read());
  return program;
}

absl::Status Program::Read() {
  for (size_t i = 1; i < files_.size(); ++i) {
    const absl::Status status = ReadDataFile(files_[i].bytes(), pool_, named_data_);
    if (!status.ok()) return Annotate(status, files_[i].name());
  }
  std::span<const std::byte> bytes = files_.front().bytes();
  if (FileIdentifier(bytes) == kBundleIdentifier) {
    absl::StatusOr<Bundle> bundle = ReadBundle(bytes, pool_);
    if (!bundle.ok()) return Annotate(bundle.status(), files_.front().name());
    bytes = bundle->program;
    bundled_cases_ = std::move(bundle->cases);
  }
  absl::StatusOr<std::vector<MethodSpec>> methods = ReadProgramFile(bytes, pool_, named_data_);
  if (!methods.ok()) return Annotate(methods.status(), files_.front().name());
  methods_ = *std::move(methods);
  return absl::OkStatus();
}

const MethodSpec* Program::FindMethod(std::string_view name) const {
  for (const MethodSpec& method : methods_) {
    if (method.name == name) return &method;
  }
  return nullptr;
}

size_t Program::file_bytes() const { return TotalSize(files_); }

void Program::ReleasePages(std::span<const std::byte> bytes) const {
  for (const FileBytes& file : files_) {
    if (file.ReleasePages(bytes)) return;
  }
}

}  // namespace etd::program
