// Every small program of the conformance corpus, one operator or a few, on both paths, against what ExecuTorch's runtime
// computed.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/etrun/npy.h"
#include "runtime/etrun/workbench.h"
#include "runtime/llm/program_module.h"
#include "tests/conformance/compare.h"
#include "tests/conformance/shared_folder.h"

namespace etd {
namespace {

namespace fs = std::filesystem;
using etrun::NpyArray;
using nlohmann::json;
using tensor::ScalarType;

// Cases that this build refuses: tensors of complex numbers.
bool NeedsComplexNumbers(const json& description) {
  const json& types = description["dtypes"];
  return std::ranges::any_of(types, [](const json& type) { return type.get<std::string>().starts_with("complex"); });
}

// A folder of the corpus.
class Case {
 public:
  Case(const etrun::Workbench& workbench, const fs::path& folder) : workbench_(workbench), folder_(folder) {
    std::ifstream file(folder / "case.json");
    description_ = json::parse(file);
  }

  // What differs, or the error; empty where all is as it should be.
  std::string Check(bool reference) {
    const absl::StatusOr<std::vector<engine::OutputValue>> outputs = Call(reference);
    if (NeedsComplexNumbers(description_)) return outputs.ok() ? "complex numbers were not refused" : "";
    if (!outputs.ok()) return std::string(outputs.status().message());
    const json& expected = description_["outputs"];
    if (outputs->size() != expected.size()) return fmt::format("{} outputs", outputs->size());
    for (size_t k = 0; k < expected.size(); ++k) {
      const auto* tensor = std::get_if<engine::OwnedTensor>(&(*outputs)[k]);
      if (tensor == nullptr) return fmt::format("output {} is no tensor", k);
      std::string difference = CompareWith(*tensor, expected[k]["file"].get<std::string>());
      if (!difference.empty() && AcceptsEager() && k < description_["eager"]["outputs"].size()) {
        difference = CompareWith(*tensor, description_["eager"]["outputs"][k]["file"].get<std::string>());
      }
      if (!difference.empty()) return fmt::format("output {}: {}", k, difference);
    }
    return {};
  }

 private:
  absl::StatusOr<std::vector<engine::OutputValue>> Call(bool reference) {
    std::vector<std::string> data_files;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      if (entry.path().extension() == ".ptd") data_files.push_back(entry.path());
    }
    ETD_ASSIGN_OR_RETURN(auto program, workbench_.Load(folder_ / "model.pte", data_files));
    ETD_ASSIGN_OR_RETURN(const auto module, llm::ProgramModule::Create(std::move(program), {reference}));
    ETD_ASSIGN_OR_RETURN(const auto instance, module->CreateInstance());
    std::vector<NpyArray> arrays;
    std::vector<engine::InputValue> inputs;
    const json& described = description_["inputs"];
    arrays.reserve(described.size());
    for (const json& input : described) {
      ETD_ASSIGN_OR_RETURN(NpyArray array, etrun::ReadNpy(folder_ / input["file"].get<std::string>()));
      inputs.push_back(InputOf(arrays.emplace_back(std::move(array)), input));
    }
    const auto method = description_.value("method", std::string("forward"));
    absl::StatusOr<std::vector<engine::OutputValue>> outputs;
    for (int i = 0; i < description_.value("calls", 1); ++i) {
      outputs = instance->Call(method, inputs, {});
      if (!outputs.ok()) break;
    }
    return outputs;
  }

  static engine::InputValue InputOf(const NpyArray& array, const json& described) {
    const auto kind = described["kind"].get<std::string>();
    if (kind == "int") return static_cast<int64_t>(ElementAt(array.dtype, array.data.data(), 0));
    if (kind == "double") return ElementAt(array.dtype, array.data.data(), 0);
    if (kind == "bool") return ElementAt(array.dtype, array.data.data(), 0) != 0;
    const bool bfloat16 = described["dtype"] == "bfloat16";
    return engine::HostTensor{static_cast<int8_t>(bfloat16 ? ScalarType::kBFloat16 : array.dtype), array.shape,
                              array.data};
  }

  bool AcceptsEager() const {
    const json accepted = description_.value("accept", json::array());
    return std::ranges::find(accepted, "eager") != accepted.end();
  }

  std::string CompareWith(const engine::OwnedTensor& got, const std::string& file) const {
    const auto want = etrun::ReadNpy(folder_ / file);
    if (!want.ok()) return std::string(want.status().message());
    // What a program draws at random differs from run to run.
    if (description_.value("compare", "") == "shape_dtype") return CompareLayout(got, *want);
    return Compare(got, *want, description_["atol"].get<double>(), description_["rtol"].get<double>());
  }

  const etrun::Workbench& workbench_;
  fs::path folder_;
  json description_;
};

class OperatorCorpus : public testing::TestWithParam<std::tuple<const char*, bool>> {};

TEST_P(OperatorCorpus, EqualsExecuTorch) {
  const auto [flow, reference] = GetParam();
  const fs::path corpus = SharedFolder() / "corpus" / flow;
  if (!fs::exists(corpus)) GTEST_SKIP() << "skipped: the conformance corpus is not on this machine";
  auto workbench = etrun::Workbench::Create(0);
  ASSERT_TRUE(workbench.ok()) << workbench.status();
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(corpus)) {
    if (fs::exists(entry.path() / "case.json")) folders.push_back(entry.path());
  }
  EXPECT_FALSE(folders.empty());
  std::ranges::sort(folders);
  for (const fs::path& folder : folders) {
    EXPECT_EQ(Case(**workbench, folder).Check(reference), "") << folder.filename();
  }
}

std::string NameOf(const testing::TestParamInfo<std::tuple<const char*, bool>>& info) {
  return std::string(std::get<0>(info.param)) + (std::get<1>(info.param) ? "ReferencePath" : "PlannedPath");
}

INSTANTIATE_TEST_SUITE_P(Shared, OperatorCorpus,
                         testing::Combine(testing::Values("portable", "xnnpack"), testing::Bool()), NameOf);

}  // namespace
}  // namespace etd
