#include "daemon/models/model_files.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "daemon/models/available.h"
#include "daemon/models/digests.h"
#include "daemon/models/manifest.h"
#include "gtest/gtest.h"

namespace etd::models {
namespace {

namespace fs = std::filesystem;

class ModelFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "etd-models-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = fs::canonical(pattern).string();
  }
  void TearDown() override { fs::remove_all(root_); }
  void Write(const std::string& path, const std::string& text) {
    fs::create_directories((fs::path(root_) / path).parent_path());
    std::ofstream(fs::path(root_) / path, std::ios::trunc) << text;
  }
  absl::StatusOr<ModelFiles> Find(const std::string& path) {
    return FindModelFiles(root_ + "/" + path, auth::OpenForDaemon);
  }
  std::string Digest(const std::string& path) {
    DigestCache cache("");
    return *cache.Sha256(Find(path)->program, [](uint64_t) { return absl::OkStatus(); });
  }
  std::string root_;
};

TEST_F(ModelFilesTest, BareProgram) {
  Write("a.pte", "program");
  const auto files = Find("a.pte");
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_EQ(files->name, "a");
  EXPECT_EQ(files->total_bytes(), 7u);
  EXPECT_TRUE(files->texts.empty());
}

TEST_F(ModelFilesTest, FolderWithoutManifest) {
  Write("m/model.pte", "program");
  Write("m/other.pte", "x");
  Write("m/weights.ptd", "data");
  Write("m/tokenizer.json", "tokens");
  Write("m/chat_template.jinja", "template");
  Write("m/README", "text");
  const auto files = Find("m/");
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_EQ(files->name, "m");
  EXPECT_EQ(files->program.path, root_ + "/m/model.pte");
  ASSERT_EQ(files->data.size(), 1u);
  EXPECT_EQ(files->total_bytes(), 11u);
  EXPECT_EQ(files->texts.at("tokenizer"), "tokens");
  EXPECT_EQ(files->texts.at("chat_template"), "template");
}

TEST_F(ModelFilesTest, FoldersThatAreNoModel) {
  EXPECT_EQ(Find("none").status().code(), absl::StatusCode::kNotFound);
  Write("empty/README", "text");
  EXPECT_EQ(Find("empty").status().code(), absl::StatusCode::kInvalidArgument);
  Write("two/a.pte", "x");
  Write("two/b.pte", "x");
  EXPECT_NE(Find("two").status().message().find("2 .pte files"), absl::string_view::npos);
}

TEST_F(ModelFilesTest, Manifest) {
  Write("m/p.bin", "program");
  const std::string digest(64, 'a');
  const auto manifest = [&](const std::string& files, const std::string& rest = "") {
    Write("m/manifest.json", R"({"format": 1, "name": "nice", "files": [)" + files + "]" + rest + "}");
    return Find("m");
  };
  const std::string entry = R"({"path": "p.bin", "role": "program", "sha256": ")" + digest + R"(", "size": 7})";
  const std::string rest = R"(, "generation": {"temperature": 0.5, "max_tokens": 9}, "provenance": {})";
  ASSERT_FALSE(manifest(entry, rest + "}").ok()) << "one brace too many is no JSON";
  const auto good = manifest(entry, rest);
  ASSERT_TRUE(good.ok()) << good.status();
  EXPECT_EQ(good->name, "nice");
  EXPECT_EQ(good->program.sha256, digest);
  EXPECT_EQ(good->defaults.temperature, 0.5f);
  EXPECT_EQ(good->defaults.max_tokens, 9u);
  EXPECT_FALSE(good->defaults.top_k);
  for (const std::string& bad : {
           std::string(R"({"path": "../p.bin", "role": "program", "sha256": ")") + digest + R"("})",
           std::string(R"({"path": "/etc/passwd", "role": "program", "sha256": ")") + digest + R"("})",
           std::string(R"({"path": "p.bin", "role": "program", "sha256": "12"})"),
           std::string(R"({"path": "p.bin", "sha256": ")") + digest + R"("})",
           std::string(R"({"path": "p.bin", "role": "data", "sha256": ")") + digest + R"("})",
           entry + "," + entry,
           std::string("5"),
           std::string(R"({"path": "p.bin", "role": "program", "size": 8, "sha256": ")") + digest + R"("})",
       }) {
    EXPECT_EQ(manifest(bad).status().code(), absl::StatusCode::kInvalidArgument) << bad;
  }
  const std::string gone = R"({"path": "gone", "role": "program", "sha256": ")" + digest + R"("})";
  EXPECT_EQ(manifest(gone).status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(manifest(entry, R"(, "generation": {"temperature": "hot"})").ok());
  Write("m/manifest.json", R"({"format": 2, "files": []})");
  EXPECT_EQ(Find("m").status().code(), absl::StatusCode::kUnimplemented);
}

TEST_F(ModelFilesTest, FilesThatOthersCanWriteAreCopied) {
  Write("m/model.pte", "program");
  EXPECT_EQ(Find("m")->program.mode, MappedFile::Mode::kMap);
  fs::permissions(root_ + "/m/model.pte", fs::perms(0666));
  EXPECT_EQ(Find("m")->program.mode, MappedFile::Mode::kCopy);
}

TEST_F(ModelFilesTest, DigestIsRememberedAndFollowsTheFile) {
  Write("a.pte", "abc");
  EXPECT_EQ(Digest("a.pte"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const std::string cache_path = root_ + "/cache";
  {
    DigestCache cache(cache_path);
    EXPECT_EQ(cache.Known(Find("a.pte")->program), "");
    ASSERT_TRUE(cache.Sha256(Find("a.pte")->program, [](uint64_t) { return absl::OkStatus(); }).ok());
  }
  DigestCache cache(cache_path);
  EXPECT_EQ(cache.Known(Find("a.pte")->program), Digest("a.pte"));
  fs::remove(root_ + "/a.pte");
  Write("a.pte", "abd");
  EXPECT_EQ(cache.Known(Find("a.pte")->program), "");
}

TEST_F(ModelFilesTest, AvailableModels) {
  Write("one/b/model.pte", "x");
  Write("one/a.pte", "x");
  Write("one/c/manifest.json", "x");
  Write("one/notes/README", "x");
  Write("two/b.pte", "x");
  std::vector<std::string> names;
  for (const AvailableModel& model : ListAvailable({root_ + "/one", root_ + "/none", root_ + "/two"})) {
    names.push_back(model.name + " " + model.path.substr(root_.size()));
  }
  EXPECT_EQ(names, (std::vector<std::string>{"a /one/a.pte", "b /one/b", "c /one/c"}));
}

TEST(ModelName, OnlyPlainNames) {
  for (const char* good : {"a", "smollm2-135m_8da4w", "llama3.2:1b"}) EXPECT_TRUE(IsModelName(good)) << good;
  for (const char* bad : {"", ".hidden", "a/b", "a b", "ä"}) EXPECT_FALSE(IsModelName(bad)) << bad;
}

}  // namespace
}  // namespace etd::models
