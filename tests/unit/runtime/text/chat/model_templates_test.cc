// The templates of real models against what Jinja makes of them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "runtime/etrun/template_command.h"
#include "tests/unit/runtime/text/chat/rendering.h"

namespace etd::text {
namespace {

namespace fs = std::filesystem;

fs::path Templates() {
  const char* shared = std::getenv("ETD_SHARED_DIR");
  return fs::path(shared != nullptr ? shared : ETD_SOURCE_DIR "/../shared") / "templates";
}

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

TEST(ModelTemplatesTest, EveryCaseIsEqual) {
  if (!fs::exists(Templates())) GTEST_SKIP() << "the shared templates are not here: " << Templates();
  int cases = 0;
  for (const auto& folder : fs::directory_iterator(Templates())) {
    if (!folder.is_directory()) continue;
    const fs::path source = folder.path() / "chat_template.jinja";
    for (const auto& entry : nlohmann::ordered_json::parse(ReadFile(folder.path() / "cases.json"))) {
      SCOPED_TRACE(folder.path().filename().string() + " " + entry["case"].get<std::string>());
      std::istringstream in(entry["args"].dump());
      std::ostringstream out;
      const absl::Status status = RunTemplate(source, "2026-11-21T09:30:00", in, out);
      if (entry.contains("error")) {
        EXPECT_FALSE(status.ok()) << "should fail like: " << entry["error"] << "\nbut gives " << out.str();
      } else {
        ASSERT_TRUE(status.ok()) << status;
        EXPECT_EQ(out.str(), entry["text"].get<std::string>());
      }
      ++cases;
    }
  }
  EXPECT_GT(cases, 100);
}

TEST(TemplateCommandTest, WrongInputsAreNamed) {
  std::ostringstream out;
  std::istringstream empty("{}");
  EXPECT_EQ(RunTemplate("/no/such/file", std::nullopt, empty, out).code(), absl::StatusCode::kNotFound);
  const fs::path path = fs::path(testing::TempDir()) / "template_command_test.jinja";
  std::ofstream(path) << "{{ strftime_now('%d %b %Y') }}|{{ a }}";
  std::istringstream no_json("{");
  EXPECT_EQ(RunTemplate(path, std::nullopt, no_json, out).code(), absl::StatusCode::kInvalidArgument);
  std::istringstream list("[]");
  EXPECT_EQ(RunTemplate(path, std::nullopt, list, out).code(), absl::StatusCode::kInvalidArgument);
  std::istringstream good("{\"a\": 1}");
  EXPECT_TRUE(RunTemplate(path, "2026-11-21T09:30:00", good, out).ok());
  EXPECT_EQ(out.str(), "21 Nov 2026|1");
  for (const char* time : {"", "2026-11-21", "2026-13-01T00:00:00", "2026-11-21T09:30:00Z", "2026-11-21T24:00:00"}) {
    EXPECT_FALSE(ParseTime(time).ok()) << time;
  }
}

}  // namespace
}  // namespace etd::text
