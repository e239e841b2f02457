// Every XNNPACK blob of the shared models and conformance cases is read, compiled and run with its declared shapes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "backends/xnnpack/compiler.h"
#include "backends/xnnpack/delegate_factory.h"
#include "runtime/base/status.h"
#include "runtime/memory/arena.h"
#include "runtime/program/program.h"

namespace etd::xnnpack {
namespace {

using graph::Fragment;
using graph::FragmentValue;

class ProgramData : public graph::NamedDataSource {
 public:
  explicit ProgramData(const program::NamedData& data) : data_(data) {}
  absl::StatusOr<std::span<const std::byte>> Find(std::string_view key) const override {
    const auto at = data_.find(key);
    if (at == data_.end()) return etd::NotFound("no data called {}", key);
    return at->second.bytes;
  }

 private:
  const program::NamedData& data_;
};

std::filesystem::path Shared() {
  const char* set = std::getenv("ETD_SHARED_DIR");
  return set != nullptr ? set : ETD_SOURCE_DIR "/../shared";
}

std::vector<std::filesystem::path> ProgramsBelow(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  if (!std::filesystem::is_directory(folder)) return found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().filename() == "model.pte") found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

// Tensors at the declared shapes, zero-filled.
struct Arguments {
  std::vector<tensor::Tensor> tensors;
  std::vector<tensor::Tensor*> pointers;
  std::vector<memory::Arena> memory;

  explicit Arguments(const Fragment& fragment) : tensors(fragment.external_count), pointers(fragment.external_count) {
    for (const FragmentValue& value : fragment.values) {
      if (value.role != FragmentValue::Role::kInput && value.role != FragmentValue::Role::kOutput) continue;
      tensor::Tensor& tensor = tensors[value.external];
      tensor = tensor::Tensor(TypeOf(value.type), value.dims, {}, true);
      memory.push_back(*memory::Arena::Create(tensor.nbytes() + 128));
      tensor.set_raw(memory.back().data());
      pointers[value.external] = &tensor;
    }
  }

  static tensor::ScalarType TypeOf(graph::DenseType type) {
    switch (type) {
      case graph::DenseType::kFloat16: return tensor::ScalarType::kFloat16;
      case graph::DenseType::kBFloat16: return tensor::ScalarType::kBFloat16;
      case graph::DenseType::kInt32: return tensor::ScalarType::kInt32;
      case graph::DenseType::kQInt8: return tensor::ScalarType::kInt8;
      case graph::DenseType::kQUInt8: return tensor::ScalarType::kUInt8;
      default: return tensor::ScalarType::kFloat32;
    }
  }
};

// Declared shapes are upper bounds: an attention mask of 2047 × 2048 only costs time.
constexpr int64_t kMaxElements = 40'000;

bool Small(const Fragment& fragment) {
  for (const FragmentValue& value : fragment.values) {
    int64_t count = 1;
    for (const int32_t dim : value.dims) count *= dim;
    if (value.role != FragmentValue::Role::kConstant && count > kMaxElements) return false;
  }
  return true;
}

void CompileAndRun(graph::RegionCompiler& compiler, const Fragment& fragment) {
  auto region = compiler.Compile(fragment);
  ASSERT_TRUE(region.ok()) << region.status();
  if (!Small(fragment)) return;
  Arguments arguments(fragment);
  ASSERT_TRUE((*region)->Prepare(arguments.pointers).ok()) << (*region)->Prepare(arguments.pointers);
  ASSERT_TRUE((*region)->Run(arguments.pointers).ok()) << (*region)->Run(arguments.pointers);
}

// Returns how many blobs there were.
int CheckProgram(const std::filesystem::path& path, XnnpackDelegateFactory& factory) {
  program::LoadOptions options;
  options.program.path = path.string();
  for (const auto& entry : std::filesystem::directory_iterator(path.parent_path())) {
    if (entry.path().extension() == ".ptd") options.data_files.push_back({.path = entry.path().string()});
  }
  auto program = program::Program::Load(options);
  if (!program.ok()) {
    ADD_FAILURE() << program.status();
    return 0;
  }
  const ProgramData named((*program)->named_data());
  auto compiler = factory.CreateCompiler();
  if (!compiler.ok()) {
    ADD_FAILURE() << compiler.status();
    return 0;
  }
  int blobs = 0;
  for (const program::MethodSpec& method : (*program)->methods()) {
    for (const program::DelegateSpec& delegate : method.delegates) {
      if (delegate.id != factory.delegate_id()) continue;
      ++blobs;
      auto fragment = (*compiler)->Read(delegate.blob, named);
      EXPECT_TRUE(fragment.ok()) << fragment.status();
      if (fragment.ok()) CompileAndRun(**compiler, *fragment);
    }
  }
  return blobs;
}

class Files : public testing::TestWithParam<const char*> {};

TEST_P(Files, AreReadAndRun) {
  const auto programs = ProgramsBelow(Shared() / GetParam());
  if (programs.empty()) GTEST_SKIP() << "no programs in " << Shared() / GetParam();
  auto pool = threads::ThreadPool::Create(0);
  ASSERT_TRUE(pool.ok());
  XnnpackDelegateFactory factory(pool->get());
  int blobs = 0;
  for (const auto& path : programs) {
    SCOPED_TRACE(path);
    blobs += CheckProgram(path, factory);
  }
  EXPECT_GT(blobs, 0);
  RecordProperty("blobs", blobs);
}

INSTANTIATE_TEST_SUITE_P(Shared, Files, testing::Values("models", "corpus/xnnpack"),
                         [](const auto& info) { return info.index == 0 ? "Models" : "Cases"; });

}  // namespace
}  // namespace etd::xnnpack
