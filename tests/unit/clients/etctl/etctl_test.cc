// Whole commands against a daemon that is not one.
#include "clients/etctl/etctl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "clients/cpp/client.h"
#include "clients/cpp/error.h"
#include "clients/cpp/socket.h"
#include "clients/etctl/npy.h"
#include "tests/unit/clients/etctl/fake_daemon.h"

namespace etd::etctl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using Json = nlohmann::json;

// An empty folder of this process.
std::filesystem::path TestFolder(const std::string& name) {
  const std::filesystem::path parent(::testing::TempDir());
  const std::filesystem::path folder = parent / (name + "_" + std::to_string(getpid()));
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

class EtctlTest : public ::testing::Test {
 protected:
  int Run(std::vector<std::string> arguments, const std::string& input = "") {
    arguments.insert(arguments.begin(), {"--socket", daemon_.socket()});
    in_.clear();
    in_.str(input);
    out_.str("");
    err_.str("");
    return static_cast<int>(RunEtctl(arguments, "1.2.3", console_, interrupts_));
  }
  std::string out() const { return out_.str(); }
  std::string err() const { return err_.str(); }

  FakeDaemon daemon_;
  std::istringstream in_;
  std::ostringstream out_;
  std::ostringstream err_;
  Console console_{.in = in_, .out = out_, .err = err_};
  Interrupts interrupts_;
};

TEST_F(EtctlTest, SaysWhatToDoWithoutADaemon) {
  EXPECT_EQ(Run({"--socket", "/no/such/etd.sock", "status"}), 2);  // given twice
  Console console{.in = in_, .out = out_, .err = err_};
  EXPECT_EQ(RunEtctl({"--socket", "/no/such/etd.sock", "status"}, "1", console, interrupts_), ExitCode::kNoConnection);
  EXPECT_THAT(err(), HasSubstr("etctl: no etd is listening at /no/such/etd.sock; start it with"));
  const std::string too_long(200, 'x');
  EXPECT_EQ(RunEtctl({"--socket", too_long, "status"}, "1", console, interrupts_), ExitCode::kNoConnection);
}

TEST_F(EtctlTest, GenerateUsesTheChatTemplateAndShowsUsage) {
  EXPECT_EQ(Run({"generate", "tales", "a fox", "--system", "be brief", "--seed", "3"}), 0) << err();
  EXPECT_EQ(out(), "You said: a fox\n");
  EXPECT_EQ(err(), "4 tokens; prompt of 3 tokens\n");
  ASSERT_EQ(daemon_.generated().size(), 1u);
  const v1::GenerateRequest request = daemon_.generated()[0];
  ASSERT_EQ(request.chat().messages_size(), 2);
  EXPECT_EQ(request.chat().messages(0).role(), "system");
  EXPECT_EQ(request.chat().messages(1).content(), "a fox");
  EXPECT_EQ(request.sampling().seed(), 3u);
}

TEST_F(EtctlTest, GenerateReadsStandardInput) {
  EXPECT_EQ(Run({"generate", "tales", "-q"}, "from a\npipe\n"), 0) << err();
  EXPECT_EQ(daemon_.generated()[0].chat().messages(0).content(), "from a\npipe");
  EXPECT_EQ(err(), "");
  EXPECT_EQ(Run({"generate", "tales"}, ""), 2);
  EXPECT_THAT(err(), HasSubstr("the prompt is empty"));
}

TEST_F(EtctlTest, GenerateSendsThePromptAsItStandsWhereItMust) {
  EXPECT_EQ(Run({"generate", "tales", "raw", "--raw"}), 0);
  EXPECT_EQ(daemon_.generated().back().prompt(), "raw");
  EXPECT_EQ(Run({"generate", "tales", "more", "--session", "s", "--continue"}), 0);
  EXPECT_EQ(daemon_.generated().back().prompt(), "more");
  EXPECT_TRUE(daemon_.generated().back().continue_session());
  EXPECT_EQ(daemon_.generated().back().session(), "s");
  // A model without a template.
  EXPECT_EQ(Run({"generate", "base", "once"}), 0) << err();
  EXPECT_EQ(daemon_.generated().back().prompt(), "once");
  EXPECT_EQ(Run({"generate", "base", "once", "--system", "s"}), 1);
}

TEST_F(EtctlTest, GenerateAsJsonIsALineForEachMessage) {
  EXPECT_EQ(Run({"generate", "tales", "hi", "--json"}), 0);
  EXPECT_EQ(err(), "");
  std::istringstream lines(out());
  std::string text;
  Json last;
  for (std::string line; std::getline(lines, line);) {
    last = Json::parse(line);
    text += last["text"].get<std::string>();
  }
  EXPECT_EQ(text, "You said: hi");
  EXPECT_EQ(last["end"]["finish_reason"], "end_token");
}

TEST_F(EtctlTest, ErrorsHaveTheirExitCodes) {
  EXPECT_EQ(Run({"generate", "nobody", "x"}), 3);
  EXPECT_EQ(err(), "etctl: there is no model 'nobody'; there are: base, tales\n");
  EXPECT_EQ(Run({"generate", "full", "x"}), 4);
  EXPECT_EQ(err(), "etctl: the queue is full (limits.max_waiting: 2 of 2); try again in 3.00 s\n");
  EXPECT_EQ(Run({"show", "nobody"}), 3);
  EXPECT_EQ(Run({"cancel", "40"}), 3);
  EXPECT_EQ(Run({"unload", "nobody"}), 3);
}

// Presses Ctrl-C as soon as output comes.
class PressesCtrlC : public std::stringbuf {
 public:
  explicit PressesCtrlC(Interrupts& interrupts) : interrupts_(interrupts) {}
  ~PressesCtrlC() override {
    if (thread_.joinable()) thread_.join();
  }

 protected:
  std::streamsize xsputn(const char* text, std::streamsize size) override {
    if (size > 0 && !thread_.joinable()) thread_ = std::thread([this] { interrupts_.Interrupt(); });
    return std::stringbuf::xsputn(text, size);
  }

 private:
  Interrupts& interrupts_;
  std::thread thread_;
};

TEST_F(EtctlTest, CtrlCCancelsTheRequest) {
  PressesCtrlC buffer(interrupts_);
  std::ostream out(&buffer);
  Console console{.in = in_, .out = out, .err = err_};
  EXPECT_EQ(RunEtctl({"--socket", daemon_.socket(), "generate", "tales", "forever"}, "1", console, interrupts_),
            ExitCode::kInterrupted);
  EXPECT_THAT(buffer.str(), StartsWith("on "));
  EXPECT_EQ(err(), "etctl: interrupted\n");
  EXPECT_TRUE(daemon_.WaitForCancel());
}

TEST_F(EtctlTest, OutputThatCannotBeWrittenCancelsTheRequest) {
  std::ofstream full("/dev/full");
  ASSERT_TRUE(full);
  Console console{.in = in_, .out = full, .err = err_};
  EXPECT_EQ(RunEtctl({"--socket", daemon_.socket(), "generate", "tales", "forever"}, "1", console, interrupts_),
            ExitCode::kError);
  EXPECT_EQ(err(), "etctl: the output cannot be written\n");
  EXPECT_TRUE(daemon_.WaitForCancel());
}

TEST_F(EtctlTest, ChatKeepsItsHistoryAndDropsItsSession) {
  EXPECT_EQ(Run({"chat", "tales", "--system", "s"}, "one\n\ntwo\n/clear\nthree\n/exit\nfour\n"), 0) << err();
  EXPECT_EQ(out(), "You said: one\nYou said: two\nYou said: three\n");
  const auto requests = daemon_.generated();
  ASSERT_EQ(requests.size(), 3u);
  ASSERT_EQ(requests[1].chat().messages_size(), 4);
  EXPECT_EQ(requests[1].chat().messages(2).role(), "assistant");
  EXPECT_EQ(requests[1].chat().messages(2).content(), "You said: one");
  EXPECT_EQ(requests[2].chat().messages_size(), 2);  // the system's message stays
  EXPECT_EQ(requests[0].session(), requests[1].session());
  EXPECT_THAT(daemon_.deleted_sessions(), ElementsAre(requests[0].session()));
}

TEST_F(EtctlTest, ChatKeepsSessionsThatHaveANameAndRefusesModelsThatCannot) {
  EXPECT_EQ(Run({"chat", "tales", "--session", "mine"}, "one\n"), 0);
  EXPECT_EQ(daemon_.generated()[0].session(), "mine");
  EXPECT_THAT(daemon_.deleted_sessions(), IsEmpty());
  EXPECT_EQ(Run({"chat", "base"}, "one\n"), 1);
  EXPECT_THAT(err(), HasSubstr("use `etctl generate base PROMPT`"));
  EXPECT_EQ(Run({"chat", "nobody"}, "one\n"), 3);
  EXPECT_EQ(Run({"chat", "full"}, "one\ntwo\n"), 4);
}

TEST_F(EtctlTest, CtrlCStopsAnAnswerOfTheChatOnly) {
  in_.str("forever\nnext\n");
  console_.in_is_terminal = true;
  PressesCtrlC buffer(interrupts_);
  std::ostream out(&buffer);
  Console console{.in = in_, .out = out, .err = err_, .in_is_terminal = true};
  EXPECT_EQ(RunEtctl({"--socket", daemon_.socket(), "chat", "tales"}, "1", console, interrupts_), ExitCode::kOk);
  EXPECT_TRUE(buffer.str().ends_with("\nYou said: next\n"));
  EXPECT_THAT(err(), HasSubstr("(stopped)"));
  EXPECT_EQ(daemon_.generated().size(), 2u);
}

TEST_F(EtctlTest, LoadSendsAnAbsolutePath) {
  EXPECT_EQ(Run({"load", "some/../folder", "--name", "tales", "--keep-alive", "2m"}), 0) << err();
  EXPECT_EQ(daemon_.loaded()->path(), (std::filesystem::current_path() / "folder").string());
  EXPECT_EQ(daemon_.loaded()->name(), "tales");
  EXPECT_EQ(daemon_.loaded()->keep_alive().seconds(), 120);
  EXPECT_THAT(out(), StartsWith("tales is ready after "));
  EXPECT_THAT(out(), HasSubstr("2.00 KiB of memory, a context of 512 tokens"));
  EXPECT_EQ(err(), "");  // no bar where there is no terminal
  EXPECT_EQ(Run({"load", "x", "--keep-alive", "soon"}), 2);
  EXPECT_EQ(Run({"load", "/x", "--json"}), 0);
  EXPECT_FALSE(daemon_.loaded()->has_keep_alive());
  EXPECT_EQ(Json::parse(out())["state"], "ready");
}

TEST_F(EtctlTest, LoadDrawsABarOnATerminal) {
  console_.err_is_terminal = true;
  EXPECT_EQ(Run({"load", "/x"}), 0);
  EXPECT_THAT(err(), HasSubstr("\rread     [###############...............]  50 %"));
  EXPECT_TRUE(err().ends_with("\r\x1b[K"));
}

TEST_F(EtctlTest, ListsAreTables) {
  EXPECT_EQ(Run({"list"}), 0);
  EXPECT_EQ(out(),
            "NAME   STATE      FILE    MEMORY  CONTEXT  USES  RUNNING  LAST USED\n"
            "base   ready  12.3 MiB  2.00 KiB      512     1        0          -\n"
            "tales  ready  12.3 MiB  2.00 KiB      512     1        0          -\n");
  EXPECT_EQ(Run({"ps"}), 0);
  EXPECT_THAT(out(), HasSubstr("queued as 3"));
  EXPECT_EQ(Run({"sessions"}), 0);
  EXPECT_THAT(out(), HasSubstr("talk"));
  EXPECT_EQ(Run({"show", "tales"}), 0);
  EXPECT_THAT(out(), HasSubstr("forward(int64[1, ≤128]) ->"));
  EXPECT_EQ(Run({"status"}), 0);
  EXPECT_THAT(out(), HasSubstr("9.8.7"));
  EXPECT_THAT(out(), Not(HasSubstr("\x1b")));
}

TEST_F(EtctlTest, EveryCommandSpeaksJson) {
  for (const std::vector<std::string>& command : {std::vector<std::string>{"list"},
                                                  {"ps"},
                                                  {"sessions"},
                                                  {"sessions", "delete", "talk"},
                                                  {"show", "tales"},
                                                  {"status"},
                                                  {"cancel", "41"},
                                                  {"unload", "tales"},
                                                  {"tokenize", "tales", "abc"},
                                                  {"tokenize", "tales", "abc", "--count"},
                                                  {"infer", "tales", "--input", "int:3"}}) {
    auto arguments = command;
    arguments.push_back("--json");
    EXPECT_EQ(Run(arguments), 0) << command[0] << err();
    EXPECT_TRUE(Json::parse(out(), nullptr, false).is_object()) << command[0] << out();
    EXPECT_EQ(err(), "") << command[0];
  }
}

TEST_F(EtctlTest, UnloadSaysWhatRemains) {
  EXPECT_EQ(Run({"unload", "tales"}), 0);
  EXPECT_EQ(out(), "tales stays loaded for 1 other uses (--force takes them away)\n");
  EXPECT_EQ(Run({"unload", "tales", "--force"}), 0);
  EXPECT_EQ(out(), "tales is unloaded\n");
}

TEST_F(EtctlTest, TokenizeGoesBothWays) {
  EXPECT_EQ(Run({"tokenize", "tales", "ab c"}), 0);
  EXPECT_EQ(out(), "ID  TEXT\n97  \"a\"\n98  \"b\"\n32  \" \"\n99  \"c\"\n");
  EXPECT_EQ(Run({"tokenize", "tales", "ab", "--ids"}), 0);
  EXPECT_EQ(out(), "97 98\n");
  EXPECT_EQ(Run({"tokenize", "tales", "--count"}, "abc\n"), 0);
  EXPECT_EQ(out(), "3\n");
  EXPECT_EQ(Run({"tokenize", "tales", "[97, 98]", "--decode"}), 0);
  EXPECT_EQ(out(), "ab\n");
  EXPECT_EQ(Run({"tokenize", "tales", "97 x9", "--decode"}), 2);
  EXPECT_EQ(err(), "etctl: 'x9' is no token id\n");
}

TEST_F(EtctlTest, InferCarriesValuesBothWays) {
  const std::filesystem::path folder = TestFolder("etctl_infer");
  v1::Tensor tensor;
  tensor.set_dtype(v1::DATA_TYPE_FLOAT32);
  tensor.add_shape(2);
  tensor.set_data("abcdefgh");
  const std::string file = (folder / "in.npy").string();
  ASSERT_TRUE(WriteNpy(file, tensor).ok());
  const std::string outputs = (folder / "new" / "outputs").string();
  EXPECT_EQ(Run({"infer", "tales", "--input", file, "int:-3", "double:0.5", "bool:true", "string:a:b", "none",
                 "--output-dir", outputs}),
            0)
      << err();
  for (const char* text : {"float32  [2]", "-3", "0.5", "true", "a:b", "none"}) EXPECT_THAT(out(), HasSubstr(text));
  const auto written = ReadNpy(outputs + "/output_0.npy");
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_EQ(written->data(), "abcdefgh");
  EXPECT_EQ(Run({"infer", "tales", "--input", file, "--json"}), 0);
  EXPECT_EQ(Json::parse(out())["outputs"][0]["tensor"]["data"], "YWJjZGVmZ2g=");
  EXPECT_EQ(Run({"infer", "tales", "--input", file, "--json", "--output-dir", outputs}), 0);
  EXPECT_EQ(Json::parse(out())["outputs"][0]["tensor"]["file"], outputs + "/output_0.npy");
  EXPECT_EQ(Run({"infer", "tales", "--input", "no.npy"}), 3);
  for (const char* wrong : {"int:x", "int:99999999999999999999", "double:", "bool:yes"}) {
    EXPECT_EQ(Run({"infer", "tales", "--input", wrong}), 1) << wrong;
    EXPECT_THAT(err(), HasSubstr(wrong));
  }
  std::filesystem::remove_all(folder);
}

TEST_F(EtctlTest, InferCarriesMoreThanGrpcAllowsByDefault) {
  const std::filesystem::path folder = TestFolder("etctl_large");
  v1::Tensor tensor;
  tensor.set_dtype(v1::DATA_TYPE_UINT8);
  tensor.add_shape(6 << 20);
  tensor.set_data(std::string(6 << 20, 'x'));
  const std::string file = (folder / "in.npy").string();
  ASSERT_TRUE(WriteNpy(file, tensor).ok());
  EXPECT_EQ(Run({"infer", "tales", "--input", file, "--output-dir", folder.string()}), 0) << err();
  const auto written = ReadNpy((folder / "output_0.npy").string());
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_TRUE(written->data() == tensor.data());
  std::filesystem::remove_all(folder);
}

TEST_F(EtctlTest, ALostConnectionIsToldFromARefusal) {
  const auto client = client::Client::Connect(daemon_.socket());
  ASSERT_TRUE(client.ok()) << client.status();
  ASSERT_TRUE((*client)->GetStatus().ok());
  daemon_.Stop();
  const absl::Status status = (*client)->GetStatus().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_TRUE(client::IsConnectionError(status)) << status;
}

TEST_F(EtctlTest, ADroppedStreamCancelsItsCall) {
  auto client = client::Client::Connect(daemon_.socket());
  ASSERT_TRUE(client.ok()) << client.status();
  v1::GenerateRequest request;
  request.set_model("tales");
  request.set_prompt("forever");
  auto stream = (*client)->Generate(request);
  v1::GenerateResponse message;
  ASSERT_TRUE(stream->Next(&message));
  client->reset();  // streams may outlive their client
  ASSERT_TRUE(stream->Next(&message));
  stream.reset();
  EXPECT_TRUE(daemon_.WaitForCancel());
}

TEST(SocketTest, ChoosesTheSocket) {
  using client::DefaultSocket;
  EXPECT_EQ(DefaultSocket({.chosen = "/a", .runtime_directory = "/run/user/1", .root = true}), "/a");
  EXPECT_EQ(DefaultSocket({.chosen = "", .runtime_directory = "/no/such", .root = true}), "/run/etd/etd.sock");
  EXPECT_EQ(DefaultSocket({.chosen = "", .runtime_directory = "", .root = false}), "/run/etd/etd.sock");
  const std::filesystem::path folder = TestFolder("etd_run");
  std::filesystem::create_directories(folder / "etd");
  std::ofstream(folder / "etd" / "etd.sock") << "";
  const std::string own = (folder / "etd" / "etd.sock").string();
  EXPECT_EQ(DefaultSocket({.chosen = "", .runtime_directory = folder.string(), .root = false}), own);
  // A file there that nobody listens on.
  const auto socket = client::ConnectSocket(own);
  EXPECT_TRUE(client::IsConnectionError(socket.status())) << socket.status();
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace etd::etctl
