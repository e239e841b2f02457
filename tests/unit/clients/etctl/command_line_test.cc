#include "clients/etctl/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace etd::etctl {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

CommandLine Parse(const std::vector<std::string>& arguments) { return ParseCommandLine(arguments, "1.2.3"); }

template <typename Options>
Options Get(const std::vector<std::string>& arguments) {
  const CommandLine line = Parse(arguments);
  if (line.command && std::holds_alternative<Options>(*line.command)) return std::get<Options>(*line.command);
  ADD_FAILURE() << line.err;
  return {};
}

TEST(CommandLineTest, HelpAndVersionAreNoErrors) {
  const CommandLine help = Parse({"--help"});
  EXPECT_FALSE(help.command);
  EXPECT_EQ(help.exit_code, ExitCode::kOk);
  EXPECT_THAT(help.out, HasSubstr("Usage: etctl"));
  EXPECT_THAT(help.out, HasSubstr("130  interrupted by Ctrl-C"));
  EXPECT_THAT(help.out, HasSubstr("generate"));
  EXPECT_EQ(Parse({"--version"}).out, "etctl 1.2.3\n");
  EXPECT_THAT(Parse({"generate", "--help"}).out, HasSubstr("--max-tokens"));
}

TEST(CommandLineTest, WrongOnesAreUsageErrors) {
  const std::vector<std::string> wrong[] = {
      {},
      {"nonsense"},
      {"load"},
      {"list", "extra"},
      {"list", "status"},
      {"generate"},
      {"generate", "m", "p", "q"},
      {"generate", "m", "p", "--top-k", "many"},
      {"generate", "m", "p", "--top-k", "-1"},
      {"generate", "m", "p", "--temperature"},
      {"generate", "m", "p", "--continue"},
      {"generate", "m", "p", "--raw", "--system", "s"},
      {"tokenize", "m", "t", "--ids", "--count"},
      {"cancel", "x"},
      {"sessions", "delete"},
      {"status", "--nonsense"},
  };
  for (const auto& arguments : wrong) {
    const CommandLine line = Parse(arguments);
    EXPECT_FALSE(line.command) << ::testing::PrintToString(arguments);
    EXPECT_EQ(line.exit_code, ExitCode::kUsage) << ::testing::PrintToString(arguments);
    EXPECT_THAT(line.err, AllOf(StartsWith("etctl: "), EndsWith("--help`\n"))) << ::testing::PrintToString(arguments);
    EXPECT_EQ(std::count(line.err.begin(), line.err.end(), '\n'), 1) << line.err;
  }
  EXPECT_EQ(Parse({"nonsense"}).err, "etctl: there is no command 'nonsense'; see `etctl --help`\n");
  EXPECT_EQ(Parse({"show"}).err, "etctl: MODEL is required; see `etctl show --help`\n");
}

TEST(CommandLineTest, CommonOptionsStandAnywhere) {
  for (const auto& arguments : {std::vector<std::string>{"--json", "--socket", "/s", "list"},
                                {"list", "--json", "--socket", "/s"},
                                {"--json", "list", "--socket=/s"}}) {
    const CommandLine line = Parse(arguments);
    EXPECT_TRUE(line.command);
    EXPECT_TRUE(line.json);
    EXPECT_EQ(line.socket, "/s");
  }
  EXPECT_FALSE(Parse({"list"}).json);
}

TEST(CommandLineTest, Models) {
  const auto load = Get<LoadOptions>({"load", "a/b", "--name", "n", "--keep-alive", "5m"});
  EXPECT_EQ(load.path, "a/b");
  EXPECT_EQ(load.name, "n");
  EXPECT_EQ(load.keep_alive, "5m");
  EXPECT_TRUE(Get<UnloadOptions>({"unload", "m", "--force"}).force);
  EXPECT_EQ(Get<ShowOptions>({"show", "m"}).model, "m");
  Get<ListOptions>({"list"});
}

TEST(CommandLineTest, GenerateTakesItsPromptWhateverItSays) {
  EXPECT_EQ(Get<GenerateOptions>({"generate", "m", "list"}).prompt, "list");
  EXPECT_EQ(Get<GenerateOptions>({"generate", "m", "-"}).prompt, "-");
  EXPECT_EQ(Get<GenerateOptions>({"generate", "m", "--", "--help"}).prompt, "--help");
  EXPECT_EQ(Get<GenerateOptions>({"generate", "m"}).prompt, std::nullopt);
}

TEST(CommandLineTest, GenerateTakesSamplingAndSessions) {
  const auto options = Get<GenerateOptions>({"generate", "--stop", "a", "--stop", "b c", "m", "p", "--temperature", "0",
                                             "--top-k", "40", "--top-p", "0.9", "--min-p=0.1", "--seed",
                                             "18446744073709551615", "--max-tokens", "7", "--session", "s",
                                             "--continue", "-q"});
  EXPECT_EQ(options.model, "m");
  EXPECT_EQ(options.prompt, "p");
  EXPECT_EQ(options.sampling.temperature, 0.0f);
  EXPECT_EQ(options.sampling.top_k, 40u);
  EXPECT_EQ(options.sampling.top_p, 0.9f);
  EXPECT_EQ(options.sampling.min_p, 0.1f);
  EXPECT_EQ(options.sampling.seed, UINT64_MAX);
  EXPECT_EQ(options.sampling.max_tokens, 7u);
  EXPECT_THAT(options.sampling.stop, ElementsAre("a", "b c"));
  EXPECT_FALSE(options.sampling.repetition_penalty);
  EXPECT_EQ(options.session, "s");
  EXPECT_TRUE(options.continue_session);
  EXPECT_TRUE(options.quiet);
}

TEST(CommandLineTest, InferTakesListsOfInputs) {
  const auto options = Get<InferOptions>({"infer", "m", "--method", "encode", "--input", "a.npy", "int:-3", "--input",
                                          "none", "--output", "1", "0", "--output-dir", "d"});
  EXPECT_EQ(options.method, "encode");
  EXPECT_THAT(options.inputs, ElementsAre("a.npy", "int:-3", "none"));
  EXPECT_THAT(options.outputs, ElementsAre(1u, 0u));
  EXPECT_EQ(options.output_directory, "d");
}

TEST(CommandLineTest, SessionsAreListedOrDeleted) {
  EXPECT_EQ(Get<SessionsOptions>({"sessions", "--model", "m"}).model, "m");
  const auto remove = Get<DeleteSessionOptions>({"sessions", "delete", "talk", "--user", "uid:7"});
  EXPECT_EQ(remove.session, "talk");
  EXPECT_EQ(remove.tenant, "uid:7");
  EXPECT_EQ(Get<CancelOptions>({"cancel", "41"}).request, 41u);
}

}  // namespace
}  // namespace etd::etctl
