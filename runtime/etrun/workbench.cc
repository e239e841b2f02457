#include "runtime/etrun/workbench.h"

#include <utility>

#include "runtime/base/status.h"
#include "runtime/kernels/fast/register.h"
#include "runtime/kernels/fused/register.h"
#include "runtime/kernels/llm/register.h"
#include "runtime/kernels/portable/register.h"
#include "runtime/kernels/prim/register.h"
#include "runtime/program/program.h"

namespace etd::etrun {

absl::StatusOr<std::unique_ptr<Workbench>> Workbench::Create(int threads) {
  std::unique_ptr<Workbench> workbench(new Workbench());
  kernels::RegisterPrimKernels(workbench->kernels_);
  kernels::RegisterPortableKernels(workbench->kernels_);
  kernels::RegisterLlmKernels(workbench->kernels_);
  kernels::RegisterFastKernels(workbench->kernels_);
  kernels::RegisterFusedKernels(workbench->kernels_);
  ETD_ASSIGN_OR_RETURN(workbench->threads_, threads::ThreadPool::Create(threads));
  workbench->xnnpack_ = std::make_unique<xnnpack::XnnpackDelegateFactory>(workbench->threads_.get());
  workbench->environment_ = {&workbench->kernels_, workbench->threads_.get(), {workbench->xnnpack_.get()}};
  return workbench;
}

absl::StatusOr<std::shared_ptr<exec::LoadedProgram>> Workbench::Load(const std::string& path,
                                                                     const std::vector<std::string>& data_files) const {
  program::LoadOptions options;
  options.program.path = path;
  for (const std::string& file : data_files) options.data_files.push_back({file, -1});
  ETD_ASSIGN_OR_RETURN(std::shared_ptr<const program::Program> program, program::Program::Load(options));
  return exec::LoadedProgram::Create(std::move(program), environment_);
}

}  // namespace etd::etrun
