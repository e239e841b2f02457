#include "runtime/exec/loaded_program.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>

#include "runtime/base/status.h"

namespace etd::exec {
namespace {

graph::DelegateFactory* FactoryOf(const Environment& environment, std::string_view id) {
  const auto found = std::ranges::find(environment.delegates, id, &graph::DelegateFactory::delegate_id);
  return found == environment.delegates.end() ? nullptr : *found;
}

}  // namespace

class LoadedProgram::NamedData final : public graph::NamedDataSource {
 public:
  explicit NamedData(const program::Program& program) : program_(program) {}
  absl::StatusOr<std::span<const std::byte>> Find(std::string_view key) const override {
    const auto found = program_.named_data().find(key);
    if (found == program_.named_data().end()) {
      return NotFound("the program has no data named {}; give the .ptd file that belongs to it", key);
    }
    return found->second.bytes;
  }

 private:
  const program::Program& program_;
};

std::vector<std::string> MissingFeatures(const program::Program& program, const Environment& environment) {
  std::set<std::string> missing;
  for (const program::MethodSpec& method : program.methods()) {
    for (const std::string& name : method.operators) {
      // Operators of our own are what passes put in, with arguments that passes made; no program calls them.
      const bool ours = name.starts_with("etd::");
      if (ours || environment.kernels->Find(name) == nullptr) missing.insert("operator " + name);
    }
    for (const program::DelegateSpec& delegate : method.delegates) {
      if (FactoryOf(environment, delegate.id) == nullptr) missing.insert("delegate " + delegate.id);
    }
  }
  return {missing.begin(), missing.end()};
}

LoadedProgram::LoadedProgram(std::shared_ptr<const program::Program> program, const Environment& environment)
    : program_(std::move(program)),
      environment_(environment),
      named_data_(std::make_unique<NamedData>(*program_)) {}

LoadedProgram::~LoadedProgram() = default;

absl::StatusOr<std::shared_ptr<LoadedProgram>> LoadedProgram::Create(std::shared_ptr<const program::Program> program,
                                                                     const Environment& environment) {
  const std::vector<std::string> missing = MissingFeatures(*program, environment);
  if (!missing.empty()) {
    return Unimplemented("this program needs what this build does not have: {}; export it for the CPU (XNNPACK or no delegate)",
                         fmt::join(missing, ", "));
  }
  std::shared_ptr<LoadedProgram> loaded(new LoadedProgram(std::move(program), environment));
  for (const program::MethodSpec& method : loaded->program_->methods()) {
    for (const program::DelegateSpec& delegate : method.delegates) {
      std::unique_ptr<graph::RegionCompiler>& compiler = loaded->compilers_[delegate.id];
      if (compiler == nullptr) {
        ETD_ASSIGN_OR_RETURN(compiler, FactoryOf(environment, delegate.id)->CreateCompiler());
      }
    }
  }
  return loaded;
}

absl::StatusOr<const graph::Fragment*> LoadedProgram::FragmentOf(const program::MethodSpec& method, uint32_t delegate) {
  const program::DelegateSpec& spec = method.delegates[delegate];
  std::unique_ptr<graph::Fragment>& fragment = fragments_[&spec];
  if (fragment == nullptr) {
    absl::StatusOr<graph::Fragment> read = CompilerOf(spec.id).Read(spec.blob, *named_data_);
    if (!read.ok()) {
      return Annotate(read.status(), fmt::format("method {}, delegate {} ({})", method.name, delegate, spec.id));
    }
    fragment = std::make_unique<graph::Fragment>(*std::move(read));
  }
  return fragment.get();
}

graph::RegionCompiler& LoadedProgram::CompilerOf(const std::string& delegate_id) {
  return *compilers_.find(delegate_id)->second;
}

absl::StatusOr<std::byte*> LoadedProgram::PackedWeights(std::span<const std::byte> source, size_t bytes, bool* fresh) {
  Packed& packed = packed_[{source.data(), bytes}];
  *fresh = packed.memory.data() == nullptr;
  if (*fresh) {
    ETD_ASSIGN_OR_RETURN(packed.memory, memory::Arena::Create(bytes + kBufferPadding));
    packed.source = source;
  }
  return packed.memory.data();
}

absl::Status LoadedProgram::FinishCompiling() {
  for (auto& [id, compiler] : compilers_) {
    ETD_RETURN_IF_ERROR(compiler->Finish());
    for (const std::span<const std::byte> source : compiler->packed_sources()) program_->ReleasePages(source);
  }
  for (const auto& [key, packed] : packed_) program_->ReleasePages(packed.source);
  return absl::OkStatus();
}

uint64_t LoadedProgram::weight_bytes() const {
  uint64_t bytes = 0;
  for (const auto& [id, compiler] : compilers_) bytes += compiler->weight_bytes();
  for (const auto& [key, packed] : packed_) bytes += packed.memory.size();
  std::set<const std::byte*> seen;
  for (const program::MethodSpec& method : program_->methods()) {
    for (const program::ValueSpec& value : method.values) {
      const auto* spec = std::get_if<program::TensorSpec>(&value);
      if (spec != nullptr && spec->constant() && seen.insert(spec->data.data()).second) bytes += spec->data.size();
    }
  }
  return bytes;
}

}  // namespace etd::exec
