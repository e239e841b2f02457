// Every recorded call of every model folder, on both paths, against what ExecuTorch's runtime computed.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
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

std::vector<std::string> ModelFolders() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(SharedFolder() / "models", error)) {
    if (fs::exists(entry.path() / "meta.json")) names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  if (names.empty()) names.emplace_back("absent");
  return names;
}

// Delegates that no CPU build runs: their folders must be refused by name.
bool NeedsOtherDevice(const std::vector<std::string>& missing) {
  return std::ranges::any_of(missing, [](const std::string& feature) { return feature.starts_with("delegate "); });
}

class ModelFolder : public testing::TestWithParam<std::string> {
 protected:
  void Run(bool reference) {
    const fs::path folder = SharedFolder() / "models" / GetParam();
    if (!fs::exists(folder)) GTEST_SKIP() << "skipped: the model folders are not on this machine";
    std::ifstream file(folder / "meta.json");
    const json meta = json::parse(file);
    auto workbench = etrun::Workbench::Create(0);
    ASSERT_TRUE(workbench.ok()) << workbench.status();
    program::LoadOptions options;
    options.program.path = folder / "model.pte";
    for (const auto& entry : meta["files"]) {
      const auto name = entry["name"].get<std::string>();
      if (name.ends_with(".ptd")) options.data_files.push_back({folder / name, -1});
    }
    auto program = program::Program::Load(options);
    ASSERT_TRUE(program.ok()) << program.status();
    const std::vector<std::string> missing = exec::MissingFeatures(**program, (*workbench)->environment());
    auto loaded = exec::LoadedProgram::Create(*program, (*workbench)->environment());
    if (NeedsOtherDevice(missing)) {
      EXPECT_EQ(loaded.status().code(), absl::StatusCode::kUnimplemented);
      return;
    }
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    auto module = llm::ProgramModule::Create(*loaded, {reference});
    ASSERT_TRUE(module.ok()) << module.status();
    auto instance = (*module)->CreateInstance();
    ASSERT_TRUE(instance.ok()) << instance.status();
    const double atol = meta["tolerance"]["atol"].get<double>();
    const double rtol = meta["tolerance"]["rtol"].get<double>();
    // ExecuTorch's Python binding gives each method its own memory, so only eager has the state that methods share.
    const bool shared_state = GetParam() == "multimethod_shared";
    for (const auto& call : meta["calls"]) {
      SCOPED_TRACE(call.dump());
      RunCall(folder, call, **instance, shared_state ? "eager" : "outputs", atol, rtol);
    }
  }

  void RunCall(const fs::path& folder, const json& call, engine::Instance& instance, const char* expected,
                      double atol, double rtol) {
    std::vector<NpyArray> arrays;
    std::vector<engine::InputValue> inputs;
    arrays.reserve(call["inputs"].size());
    for (size_t i = 0; i < call["inputs"].size(); ++i) {
      auto array = etrun::ReadNpy(folder / call["inputs"][i].get<std::string>());
      ASSERT_TRUE(array.ok()) << array.status();
      arrays.push_back(*std::move(array));
      ScalarType type = arrays.back().dtype;
      if (call.contains("input_dtypes") && call["input_dtypes"][i] == "bfloat16") type = ScalarType::kBFloat16;
      inputs.push_back(engine::HostTensor{static_cast<int8_t>(type), arrays.back().shape, arrays.back().data});
    }
    auto outputs = instance.Call(call["method"].get<std::string>(), inputs, {});
    ASSERT_TRUE(outputs.ok()) << outputs.status();
    for (size_t k = 0; k < call[expected].size(); ++k) {
      auto want = etrun::ReadNpy(folder / call[expected][k].get<std::string>());
      ASSERT_TRUE(want.ok()) << want.status();
      ASSERT_LT(k, outputs->size());
      const auto* tensor = std::get_if<engine::OwnedTensor>(&(*outputs)[k]);
      ASSERT_NE(tensor, nullptr);
      const std::string difference = Compare(*tensor, *want, atol, rtol);
      EXPECT_EQ(difference, "") << "output " << k;
    }
  }
};

TEST_P(ModelFolder, ReferencePathEqualsExecuTorch) { Run(true); }
TEST_P(ModelFolder, PlannedPathEqualsExecuTorch) { Run(false); }

std::string NameOf(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::ranges::replace_if(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Shared, ModelFolder, testing::ValuesIn(ModelFolders()), NameOf);

}  // namespace
}  // namespace etd
