// Every program of the test material loads, and every damaged one is refused or loads, without touching a byte outside.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "runtime/program/program.h"

namespace etd::program {
namespace {

namespace fs = std::filesystem;

fs::path SharedDir() {
  if (const char* dir = std::getenv("ETD_SHARED_DIR")) return dir;
  return fs::path(ETD_SOURCE_DIR) / ".." / "shared";
}

std::vector<fs::path> FilesIn(const fs::path& folder, std::string_view extension) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == extension) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<fs::path> Cases(const fs::path& folder) {
  std::vector<fs::path> cases;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory()) cases.push_back(entry.path());
  }
  std::sort(cases.begin(), cases.end());
  return cases;
}

absl::StatusOr<std::shared_ptr<const Program>> LoadWithData(const fs::path& file) {
  LoadOptions options;
  options.program.path = file.string();
  for (const fs::path& data : FilesIn(file.parent_path(), ".ptd")) {
    options.data_files.push_back({.path = data.string()});
  }
  return Program::Load(options);
}

// Reads the first and the last byte of everything that the view promises.
unsigned Touch(const Program& program) {
  unsigned sum = 0;
  const auto touch = [&](std::span<const std::byte> bytes) {
    if (!bytes.empty()) sum += std::to_integer<unsigned>(bytes.front()) + std::to_integer<unsigned>(bytes.back());
  };
  for (const auto& [key, named] : program.named_data()) touch(named.bytes);
  for (const MethodSpec& method : program.methods()) {
    for (const ValueSpec& value : method.values) {
      if (const auto* tensor = std::get_if<TensorSpec>(&value)) touch(tensor->data);
    }
    for (const DelegateSpec& delegate : method.delegates) touch(delegate.blob);
  }
  return sum;
}

class CorpusTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!fs::is_directory(SharedDir() / GetParam())) GTEST_SKIP() << "no test material at " << SharedDir() / GetParam();
  }
};

TEST_P(CorpusTest, EveryProgramLoads) {
  size_t loaded = 0;
  for (const fs::path& folder : Cases(SharedDir() / GetParam())) {
    std::vector<fs::path> files = FilesIn(folder, ".pte");
    for (const fs::path& bundle : FilesIn(folder, ".bpte")) files.push_back(bundle);
    for (const fs::path& file : files) {
      const auto program = LoadWithData(file);
      if (folder.filename().string().ends_with("_c64")) {
        EXPECT_THAT(program.status().ToString(), ::testing::HasSubstr("element type COMPLEX64 are not supported"));
        continue;
      }
      ASSERT_TRUE(program.ok()) << program.status();
      EXPECT_FALSE((*program)->methods().empty());
      Touch(**program);
      ++loaded;
    }
  }
  EXPECT_GT(loaded, 0u);
}

INSTANTIATE_TEST_SUITE_P(All, CorpusTest,
                         ::testing::Values("models", "corpus/portable", "corpus/xnnpack", "corpus/vulkan"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '/', '_');
                           return name;
                         });

// Damage that only an operator or a delegate can see, so that the program itself is whole.
const std::set<std::string>& DamageInsideArguments() {
  static const auto* const names = new std::set<std::string>{
      "delegate_blob_header", "delegate_blob_offsets", "delegate_unknown_backend", "dims_out_of_range",
      "kernel_arg_wrong_type", "kernel_args_empty", "named_data_key"};
  return *names;
}

TEST(MalformedCorpusTest, DamageIsAnError) {
  const fs::path root = SharedDir() / "corpus" / "malformed";
  if (!fs::is_directory(root)) GTEST_SKIP() << "no test material at " << root;
  for (const fs::path& folder : Cases(root)) {
    const std::string name = folder.filename().string();
    const bool must_error = nlohmann::json::parse(std::ifstream(folder / "case.json")).at("must_error").get<bool>();
    const auto program = LoadWithData(folder / "model.pte");
    if (program.ok()) {
      Touch(**program);
      EXPECT_TRUE(!must_error || DamageInsideArguments().contains(name)) << name << " was loaded";
    } else {
      EXPECT_FALSE(program.status().message().empty()) << name;
      EXPECT_FALSE(DamageInsideArguments().contains(name)) << name << ": " << program.status();
    }
  }
}

}  // namespace
}  // namespace etd::program
