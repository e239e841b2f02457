// The composition root of etrun: registers kernels and delegates, makes the thread pool, loads programs.
#ifndef ETD_RUNTIME_ETRUN_WORKBENCH_H_
#define ETD_RUNTIME_ETRUN_WORKBENCH_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "backends/xnnpack/delegate_factory.h"
#include "runtime/exec/environment.h"
#include "runtime/exec/loaded_program.h"

namespace etd::etrun {

// Outlives everything loaded with it. Not thread-safe.
class Workbench {
 public:
  // `threads` 0: one per core. Errors: those of the thread pool.
  static absl::StatusOr<std::unique_ptr<Workbench>> Create(int threads);

  const exec::Environment& environment() const { return environment_; }
  // Opens, verifies and checks that everything the program needs is here.
  absl::StatusOr<std::shared_ptr<exec::LoadedProgram>> Load(const std::string& path,
                                                            const std::vector<std::string>& data_files) const;

 private:
  Workbench() = default;

  kernel::KernelRegistry kernels_;
  std::unique_ptr<threads::ThreadPool> threads_;
  std::unique_ptr<xnnpack::XnnpackDelegateFactory> xnnpack_;
  exec::Environment environment_;
};

}  // namespace etd::etrun

#endif  // ETD_RUNTIME_ETRUN_WORKBENCH_H_
