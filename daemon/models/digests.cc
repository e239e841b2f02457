#include "daemon/models/digests.h"

#include <openssl/evp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <system_error>
#include <utility>
#include <vector>

#include "runtime/base/status.h"

namespace etd::models {
namespace {

constexpr size_t kBlockBytes = size_t{1} << 20;
constexpr size_t kMaxRemembered = 4096;

std::string KeyOf(const struct stat& s) {
  return fmt::format("{}:{}:{}:{}.{:09}:{}.{:09}", s.st_dev, s.st_ino, s.st_size, s.st_mtim.tv_sec, s.st_mtim.tv_nsec,
                     s.st_ctim.tv_sec, s.st_ctim.tv_nsec);
}

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

absl::StatusOr<std::string> Compute(const ModelFile& file, const std::function<absl::Status(uint64_t)>& progress) {
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  if (context == nullptr || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1) {
    return Internal("libcrypto gives no SHA-256");
  }
  std::vector<char> block(kBlockBytes);
  uint64_t done = 0;
  for (;;) {
    const ssize_t got = pread(file.fd.get(), block.data(), block.size(), static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return InvalidArgument("cannot read '{}': {}", file.path, std::strerror(errno));
    if (got == 0) break;
    EVP_DigestUpdate(context.get(), block.data(), static_cast<size_t>(got));
    done += static_cast<uint64_t>(got);
    ETD_RETURN_IF_ERROR(progress(done));
  }
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_DigestFinal_ex(context.get(), digest, &size);
  std::string text;
  for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

}  // namespace

DigestCache::DigestCache(std::string directory) : directory_(std::move(directory)) { Load(); }

void DigestCache::Load() {
  if (directory_.empty()) return;
  std::ifstream file(directory_ + "/digests");
  std::string line;
  MutexLock lock(mutex_);
  while (std::getline(file, line) && digests_.size() < kMaxRemembered) {
    std::istringstream fields(line);
    std::string digest;
    std::string key;
    if (fields >> digest >> key && digest.size() == 64) digests_.emplace(std::move(key), std::move(digest));
  }
}

// Losing the cache costs time only, so failures are not reported.
void DigestCache::Save() {
  if (directory_.empty()) return;
  std::error_code error;
  std::filesystem::create_directories(directory_, error);
  const std::string temporary = fmt::format("{}/digests.{}", directory_, getpid());
  {
    std::ofstream file(temporary, std::ios::trunc);
    for (const auto& [key, digest] : digests_) file << digest << ' ' << key << '\n';
    if (!file.flush()) return;
  }
  std::filesystem::rename(temporary, directory_ + "/digests", error);
}

std::string DigestCache::Known(const ModelFile& file) const {
  MutexLock lock(mutex_);
  const auto found = digests_.find(KeyOf(file.stat));
  return found == digests_.end() ? std::string() : found->second;
}

absl::StatusOr<std::string> DigestCache::Sha256(const ModelFile& file,
                                                const std::function<absl::Status(uint64_t)>& progress) {
  if (std::string known = Known(file); !known.empty()) return known;
  ETD_ASSIGN_OR_RETURN(std::string digest, Compute(file, progress));
  struct stat after {};
  if (fstat(file.fd.get(), &after) != 0 || KeyOf(after) != KeyOf(file.stat)) {
    return InvalidArgument("'{}' changed while it was read; load it again when it is complete", file.path);
  }
  MutexLock lock(mutex_);
  if (digests_.size() >= kMaxRemembered) digests_.clear();
  digests_.insert_or_assign(KeyOf(file.stat), digest);
  Save();
  return digest;
}

}  // namespace etd::models
