#include "daemon/app/runtime_factories.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "backends/xnnpack/delegate_factory.h"
#include "daemon/service/hf_text.h"
#include "daemon/service/sampling.h"
#include "runtime/base/status.h"
#include "runtime/exec/environment.h"
#include "runtime/exec/loaded_program.h"
#include "runtime/kernels/fast/register.h"
#include "runtime/kernels/fused/register.h"
#include "runtime/kernels/llm/register.h"
#include "runtime/kernels/portable/register.h"
#include "runtime/kernels/prim/register.h"
#include "runtime/llm/causal_lm.h"
#include "runtime/llm/program_module.h"
#include "runtime/program/program.h"
#include "runtime/threads/thread_pool.h"

namespace etd::app {
namespace {

struct Workshop {
  kernel::KernelRegistry kernels;
  std::unique_ptr<threads::ThreadPool> threads;
  std::unique_ptr<xnnpack::XnnpackDelegateFactory> xnnpack;
  exec::Environment environment;
};

absl::StatusOr<std::shared_ptr<Workshop>> MakeWorkshop(int threads) {
  auto workshop = std::make_shared<Workshop>();
  kernels::RegisterPrimKernels(workshop->kernels);
  kernels::RegisterPortableKernels(workshop->kernels);
  kernels::RegisterLlmKernels(workshop->kernels);
  kernels::RegisterFastKernels(workshop->kernels);
  kernels::RegisterFusedKernels(workshop->kernels);
  ETD_ASSIGN_OR_RETURN(workshop->threads, threads::ThreadPool::Create(threads));
  workshop->xnnpack = std::make_unique<xnnpack::XnnpackDelegateFactory>(workshop->threads.get());
  workshop->environment = {.kernels = &workshop->kernels,
                           .threads = workshop->threads.get(),
                           .delegates = {workshop->xnnpack.get()},
                           .random_seed = service::RandomSeed()};
  return workshop;
}

program::LoadOptions LoadOptionsOf(const models::ModelFiles& files) {
  program::LoadOptions options;
  options.program = {files.program.path, files.program.fd.get()};
  options.mode = files.program.mode;
  for (const models::ModelFile& file : files.data) {
    options.data_files.push_back({file.path, file.fd.get()});
    if (file.mode == MappedFile::Mode::kCopy) options.mode = MappedFile::Mode::kCopy;
  }
  return options;
}

absl::StatusOr<models::LoadedModel> LoadModel(const Workshop& workshop, const models::ModelFiles& files,
                                              const models::Checkpoint& checkpoint) {
  const uint64_t total = files.total_bytes();
  ETD_ASSIGN_OR_RETURN(std::shared_ptr<const program::Program> program, program::Program::Load(LoadOptionsOf(files)));
  const bool copied = LoadOptionsOf(files).mode == MappedFile::Mode::kCopy;
  ETD_RETURN_IF_ERROR(checkpoint("read", total, total));
  ETD_RETURN_IF_ERROR(checkpoint("prepare", 0, 0));
  ETD_ASSIGN_OR_RETURN(std::shared_ptr<exec::LoadedProgram> loaded,
                       exec::LoadedProgram::Create(std::move(program), workshop.environment));
  ETD_RETURN_IF_ERROR(checkpoint("prepare", 0, 0));
  models::LoadedModel model;
  absl::StatusOr<std::unique_ptr<llm::CausalLm>> engine = llm::CausalLm::Create(loaded, {});
  // Any other program is good for Infer.
  if (!engine.ok() && engine.status().code() != absl::StatusCode::kFailedPrecondition) return engine.status();
  ETD_RETURN_IF_ERROR(checkpoint("prepare", 0, 0));
  ETD_ASSIGN_OR_RETURN(std::unique_ptr<llm::ProgramModule> module, llm::ProgramModule::Create(loaded, {}));
  if (engine.ok()) {
    model.engine = *std::move(engine);
  } else {
    ETD_RETURN_IF_ERROR(module->CompileAll());
  }
  const uint64_t engine_bytes = model.engine == nullptr ? 0 : model.engine->info().weight_bytes;
  model.memory_bytes = std::max(loaded->weight_bytes(), engine_bytes);
  if (copied) model.memory_bytes += total;
  model.module = std::move(module);
  return model;
}

}  // namespace

absl::StatusOr<Factories> MakeRuntimeFactories(const config::Config& config) {
  ETD_ASSIGN_OR_RETURN(const std::shared_ptr<Workshop> workshop,
                       MakeWorkshop(static_cast<int>(config.compute.threads)));
  Factories factories;
  factories.load_model = [workshop](const models::ModelFiles& files, const models::Checkpoint& checkpoint) {
    return LoadModel(*workshop, files, checkpoint);
  };
  factories.load_text = service::LoadHfText;
  return factories;
}

}  // namespace etd::app
