// XNNPACK blobs: read, verified, compiled, and run where they are small.
#include <xnnpack.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "backends/xnnpack/compiler.h"
#include "backends/xnnpack/types.h"
#include "runtime/base/status.h"
#include "runtime/memory/arena.h"
#include "runtime/tensor/tensor.h"

namespace {

using etd::graph::FragmentValue;
using Role = FragmentValue::Role;

// More than this is not run: the point is not how fast XNNPACK is.
constexpr int64_t kMaxElements = 1 << 16;

// Whatever the key is, some bytes.
class AnyData : public etd::graph::NamedDataSource {
 public:
  AnyData() : bytes_(1 << 16, std::byte{0x3C}) {}
  absl::StatusOr<std::span<const std::byte>> Find(std::string_view key) const override {
    if (key.empty() || key.front() == '!') return etd::NotFound("no data called {}", key);
    return std::span<const std::byte>(bytes_);
  }

 private:
  std::vector<std::byte> bytes_;
};

bool Small(const etd::graph::Fragment& fragment) {
  int64_t total = 0;
  for (const FragmentValue& value : fragment.values) {
    int64_t count = 1;
    for (const int32_t dim : value.dims) count = std::min<int64_t>(count * dim, kMaxElements * 2);
    total += count;
    if (total > kMaxElements) return false;
  }
  return true;
}

void RunOnce(const etd::graph::Fragment& fragment, etd::graph::Region& region) {
  std::vector<etd::tensor::Tensor> tensors(fragment.external_count);
  std::vector<etd::tensor::Tensor*> pointers(fragment.external_count);
  std::vector<etd::memory::Arena> arenas;
  for (const FragmentValue& value : fragment.values) {
    if (value.role != Role::kInput && value.role != Role::kOutput) continue;
    std::vector<int32_t> sizes = value.dims;
    // Results may be larger than files say.
    if (value.role == Role::kOutput && !sizes.empty()) sizes.front() = std::max<int32_t>(sizes.front(), kMaxElements);
    const auto type = etd::xnnpack::TensorType(value.type);
    int64_t count = 1;
    for (const int32_t size : sizes) count = std::min<int64_t>(count * size, kMaxElements * kMaxElements);
    if (!type.has_value() || count > kMaxElements * 64) return;
    tensors[value.external] = etd::tensor::Tensor(*type, sizes, {}, true);
    auto arena = etd::memory::Arena::Create(tensors[value.external].nbytes() + 128);
    if (!arena.ok()) return;
    arenas.push_back(*std::move(arena));
    tensors[value.external].set_raw(arenas.back().data());
    pointers[value.external] = &tensors[value.external];
  }
  if (region.Prepare(pointers).ok()) (void)region.Run(pointers);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const bool ready = xnn_initialize(nullptr) == xnn_status_success;
  if (!ready) return 0;
  // Blobs lie at aligned addresses.
  struct alignas(16) Word {
    std::byte bytes[16];
  };
  std::vector<Word> words(size / 16 + 1);
  if (size != 0) std::memcpy(words.data(), data, size);
  const AnyData named;
  auto compiler = etd::xnnpack::XnnpackCompiler::Create(nullptr);
  if (!compiler.ok()) return 0;
  auto fragment = (*compiler)->Read({reinterpret_cast<const std::byte*>(words.data()), size}, named);
  if (!fragment.ok() || !Small(*fragment)) return 0;
  auto region = (*compiler)->Compile(*fragment);
  if (region.ok()) RunOnce(*fragment, **region);
  return 0;
}
