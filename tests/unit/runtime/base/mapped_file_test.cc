#include "runtime/base/mapped_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

namespace etd {
namespace {

class MappedFileTest : public testing::Test {
 protected:
  MappedFileTest() : path_(testing::TempDir() + "/mapped_file_" + std::to_string(getpid())) {}
  ~MappedFileTest() override { std::remove(path_.c_str()); }
  void Write(const std::string& text) { std::ofstream(path_, std::ios::binary) << text; }

  std::string path_;
};

TEST_F(MappedFileTest, BothModesShowTheFile) {
  Write("hello");
  for (const MappedFile::Mode mode : {MappedFile::Mode::kMap, MappedFile::Mode::kCopy}) {
    auto file = MappedFile::Open(path_, mode);
    ASSERT_TRUE(file.ok()) << file.status();
    MappedFile moved = std::move(*file);
    ASSERT_EQ(moved.bytes().size(), 5u);
    EXPECT_EQ(static_cast<char>(moved.bytes()[4]), 'o');
    moved.ReleasePages(0, 100);
    EXPECT_EQ(static_cast<char>(moved.bytes()[0]), 'h');
  }
}

TEST_F(MappedFileTest, ACopySurvivesTruncation) {
  Write(std::string(100000, 'x'));
  auto file = MappedFile::Open(path_, MappedFile::Mode::kCopy);
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_EQ(truncate(path_.c_str(), 0), 0);
  EXPECT_EQ(static_cast<char>(file->bytes()[99999]), 'x');
}

TEST_F(MappedFileTest, ErrorsSayWhatIsWrong) {
  EXPECT_EQ(MappedFile::Open(path_ + "_missing", MappedFile::Mode::kMap).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(MappedFile::Open("/", MappedFile::Mode::kMap).status().code(), absl::StatusCode::kInvalidArgument);
  Write("");
  EXPECT_EQ(MappedFile::Open(path_, MappedFile::Mode::kMap).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace etd
