#include "backends/xnnpack/weight_store.h"

#include <algorithm>
#include <limits>

#include "runtime/base/status.h"

namespace etd::xnnpack {
namespace {

// Kernels read at most this far past the end of what they are given (XNNPACK promises 16, vectors are 64).
constexpr size_t kReadPast = 64;
constexpr size_t kAlignment = 64;
constexpr size_t kPage = 4096;
// Address space, not memory: pages come as they are written.
constexpr size_t kChunk = size_t{64} << 20;

// Whether packing may read the file's own bytes: aligned as any element type wants, and reading a little past the end
// stays in a page that the bytes themselves are in.
bool ReadableInPlace(std::span<const std::byte> bytes) {
  const auto begin = reinterpret_cast<uintptr_t>(bytes.data());
  const uintptr_t last = begin + bytes.size() - 1;
  return begin % 16 == 0 && last / kPage == (last + kReadPast) / kPage;
}

}  // namespace

WeightStore::WeightStore() {
  provider_.context = this;
  provider_.look_up = LookUp;
  provider_.reserve_space = Reserve;
  provider_.look_up_or_insert = LookUpOrInsert;
  // Operators insist that nothing moves before they take addresses; here nothing ever does.
  provider_.is_finalized = [](void*) { return true; };
  // Packed weights never move, so an offset is an address.
  provider_.offset_to_addr = [](void*, size_t offset) { return reinterpret_cast<void*>(offset); };
  provider_.delete_cache = [](void*) { return xnn_status_success; };
}

size_t WeightStore::LookUp(void* context, const xnn_weights_cache_look_up_key* key) {
  auto& store = *static_cast<WeightStore*>(context);
  MutexLock lock(store.mutex_);
  const auto at = store.packed_.find({key->seed, key->kernel, key->bias});
  return at == store.packed_.end() ? std::numeric_limits<size_t>::max() : at->second;
}

void* WeightStore::Reserve(void* context, size_t bytes) {
  auto& store = *static_cast<WeightStore*>(context);
  MutexLock lock(store.mutex_);
  absl::StatusOr<std::byte*> data = store.Allocate(bytes);
  return data.ok() ? *data : nullptr;
}

size_t WeightStore::LookUpOrInsert(void* context, const xnn_weights_cache_look_up_key* key, void* data, size_t bytes) {
  auto& store = *static_cast<WeightStore*>(context);
  MutexLock lock(store.mutex_);
  const auto [at, inserted] =
      store.packed_.try_emplace({key->seed, key->kernel, key->bias}, reinterpret_cast<size_t>(data));
  if (inserted) store.bytes_ += bytes;
  return at->second;
}

absl::StatusOr<std::byte*> WeightStore::Allocate(size_t bytes) {
  const size_t padded = (bytes + kReadPast + kAlignment - 1) / kAlignment * kAlignment;
  if (padded < bytes) return ResourceExhausted("no memory for {} bytes of weights", bytes);
  if (chunks_.empty() || chunks_.back().size() - chunk_used_ < padded) {
    ETD_ASSIGN_OR_RETURN(memory::Arena chunk, memory::Arena::Create(std::max(padded, kChunk)));
    chunks_.push_back(std::move(chunk));
    chunk_used_ = 0;
  }
  std::byte* data = chunks_.back().data() + chunk_used_;
  chunk_used_ += padded;
  return data;
}

absl::StatusOr<const void*> WeightStore::Stage(std::string_view identity, std::span<const std::byte> stored,
                                               WeightForm form, size_t row_elements) {
  auto& variants = staged_[{stored.data(), form}];
  auto at = std::ranges::find_if(variants, [&](const auto& staged) { return staged->identity == identity; });
  if (at == variants.end()) {
    auto staged = std::make_unique<Staged>();
    staged->identity = identity;
    if (!variants.empty() || form != WeightForm::kAsStored || !ReadableInPlace(stored)) {
      const size_t bytes = ConvertedBytes(form, stored.size(), row_elements);
      ETD_ASSIGN_OR_RETURN(staged->arena, memory::Arena::Create(bytes + kReadPast));
    }
    at = variants.insert(variants.end(), std::move(staged));
  }
  Staged& staged = **at;
  if (staged.arena.data() == nullptr) return stored.data();
  if (!staged.filled) {
    ConvertWeights(form, stored, row_elements, staged.arena.data());
    staged.filled = true;
  }
  return staged.arena.data();
}

absl::StatusOr<const void*> WeightStore::Keep(std::span<const std::byte> stored, WeightForm form, size_t row_elements) {
  const auto [at, made] = kept_.try_emplace({{stored.data(), form}, stored.size()}, nullptr);
  if (!made) return at->second;
  const size_t bytes = ConvertedBytes(form, stored.size(), row_elements);
  MutexLock lock(mutex_);
  absl::StatusOr<std::byte*> copy = Allocate(bytes);
  if (!copy.ok()) {
    kept_.erase(at);
    return copy.status();
  }
  ConvertWeights(form, stored, row_elements, *copy);
  bytes_ += bytes;
  at->second = *copy;
  return *copy;
}

void WeightStore::ReleaseStaged() {
  for (auto& [origin, variants] : staged_) {
    for (const auto& staged : variants) {
      if (staged->filled) staged->arena.Release(0, staged->arena.size());
      staged->filled = false;
    }
  }
}

void WeightStore::Hold(std::shared_ptr<const void> owner) {
  if (owner != nullptr && std::ranges::find(held_, owner) == held_.end()) held_.push_back(std::move(owner));
}

void WeightStore::AddSource(std::span<const std::byte> source) {
  if (source.empty()) return;
  const auto [at, made] = source_ends_.try_emplace(source.data(), source.size());
  if (made) {
    sources_.push_back(source);
  } else if (source.size() > at->second) {
    at->second = source.size();
    *std::ranges::find(sources_, source.data(), [](auto span) { return span.data(); }) = source;
  }
}

uint64_t WeightStore::bytes() const {
  MutexLock lock(mutex_);
  return bytes_;
}

}  // namespace etd::xnnpack
