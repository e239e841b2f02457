// What a composition root registers to run programs with XNNPACK delegates.
#ifndef ETD_BACKENDS_XNNPACK_DELEGATE_FACTORY_H_
#define ETD_BACKENDS_XNNPACK_DELEGATE_FACTORY_H_

#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "runtime/graph/region.h"
#include "runtime/threads/thread_pool.h"

namespace etd::xnnpack {

// Thread-safe. Initialises XNNPACK with its first compiler, once per process.
class XnnpackDelegateFactory : public graph::DelegateFactory {
 public:
  // `pool` outlives all compilers; null: regions run on the calling thread alone.
  explicit XnnpackDelegateFactory(threads::ThreadPool* pool) : pool_(pool) {}

  std::string_view delegate_id() const override { return "XnnpackBackend"; }
  // Errors: UNIMPLEMENTED on a processor that XNNPACK has no kernels for, RESOURCE_EXHAUSTED.
  absl::StatusOr<std::unique_ptr<graph::RegionCompiler>> CreateCompiler() override;

 private:
  threads::ThreadPool* pool_;
};

}  // namespace etd::xnnpack

#endif  // ETD_BACKENDS_XNNPACK_DELEGATE_FACTORY_H_
