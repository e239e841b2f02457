#include "tests/soak/storm.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/base/unique_fd.h"
#include "tests/soak/client.h"
#include "tests/soak/daemon.h"
#include "tests/soak/ledger.h"
#include "tests/soak/outcome.h"
#include "tests/soak/transport.h"

namespace etd::soak {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

// Fewer turns than clients and short prefill steps, so that requests really wait and prompts take several steps; a server
// for each user that goes soon, so that its descriptors are gone at the end.
constexpr char kSettings[] = R"(
limits.max_running = 3
limits.idle_server = "1s"
schedule.prefill_chunk = 16
log.level = "info"
)";
// A daemon that answers nobody for so long hangs. Not a measurement: sanitizers and busy machines are far below.
constexpr seconds kHang(180);
constexpr seconds kSettle(60);
constexpr seconds kServerGone(3);  // more than limits.idle_server
constexpr auto kSampleEvery = std::chrono::milliseconds(200);
constexpr uint64_t kMiB = 1 << 20;
// Memory is judged by its peaks: the first third of the run is warm-up (arenas of threads, buffers of the largest
// prompt, caches), and the peak of the last third may be above that of the second by this much. Peaks depend on which
// requests happen to meet, by a few conversations' caches; what each of some thousand requests leaks is more than that.
constexpr uint64_t kMemorySlack = 4 * kMiB;
// The thirds of a short run are seconds: which requests meet decides more.
constexpr uint64_t kShortMemorySlack = 16 * kMiB;
constexpr double kShortMinutes = 5;

struct Process {
  pid_t pid = -1;
  UniqueFd out;
  std::string unread;
  std::optional<Outcome> last;
};

struct Sample {
  Clock::time_point time;
  uint64_t resident = 0;
};

class Storm {
 public:
  Storm(const Options& options, std::string self) : options_(options), self_(std::move(self)) {}
  ~Storm() {
    for (const Process& process : processes_) {
      if (process.pid > 0) kill(process.pid, SIGKILL);
    }
  }

  absl::Status Run() {
    ETD_ASSIGN_OR_RETURN(daemon_, Daemon::Start(options_.daemon, kSettings));
    ETD_RETURN_IF_ERROR(Load());
    ETD_RETURN_IF_ERROR(WarmUp());
    begin_ = Clock::now();
    ETD_RETURN_IF_ERROR(LetLoose(options_.clients, options_.actions,
                                 begin_ + std::chrono::duration_cast<Clock::duration>(
                                              std::chrono::duration<double, std::ratio<60>>(options_.minutes))));
    end_ = Clock::now();
    ETD_RETURN_IF_ERROR(CheckNothingIsLeft());
    ledger_.CompareAlone([this](const std::string& request) { return AskAlone(request); });
    CheckMemory();
    CheckEnd();
    return absl::OkStatus();
  }

  Ledger& ledger() { return ledger_; }
  void PrintSummary() const;

 private:
  absl::Status Load() {
    std::unique_ptr<Transport> transport;
    if (!Until(kHang, [&] {
          absl::StatusOr<std::unique_ptr<Transport>> connected = ConnectFramed(daemon_->framed_socket());
          if (connected.ok()) transport = *std::move(connected);
          return transport != nullptr || !daemon_->Running();
        }) ||
        transport == nullptr) {
      return Internal("the daemon does not come up: {}", fmt::join(daemon_->LogErrors(), " | "));
    }
    transport_ = std::move(transport);
    v1::LoadModelRequest load;
    load.set_path(options_.model);
    load.set_name(kModelName);
    return transport_->Load(load);
  }

  // One client over each transport, so that whatever a first connection makes for good is there before the count.
  absl::Status WarmUp() {
    ETD_RETURN_IF_ERROR(LetLoose(std::min(options_.clients, 2), 3, std::nullopt));
    ETD_RETURN_IF_ERROR(CheckNothingIsLeft());
    // The server of the user that has gone goes a little later.
    Clock::time_point since = Clock::now();
    descriptors_ = daemon_->Descriptors();
    Until(kSettle, [&] {
      if (const size_t now = daemon_->Descriptors(); now != descriptors_) {
        descriptors_ = now;
        since = Clock::now();
      }
      return Clock::now() - since > kServerGone;
    });
    samples_.clear();
    return absl::OkStatus();
  }

  // ---- The clients

  void StartClient(size_t number, uint64_t first_action, uint64_t actions, int64_t until_ns) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return ledger_.AddError("no pipe");
    const std::vector<std::string> arguments = {
        self_, "--client", std::to_string(number), "--first-action", std::to_string(first_action),
        "--until-ns", std::to_string(until_ns), "--actions", std::to_string(actions),
        "--socket", daemon_->socket(), "--framed-socket", daemon_->framed_socket(),
        "--seed", std::to_string(options_.seed), "--model", options_.model,
        "--prompt-tokens", std::to_string(options_.lengths.prompt),
        "--answer-tokens", std::to_string(options_.lengths.answer)};
    Process& process = processes_[number];
    process = Process();
    process.pid = Spawn(arguments, ends[1]);
    close(ends[1]);
    process.out = UniqueFd(ends[0]);
  }

  absl::Status LetLoose(int clients, uint64_t actions, std::optional<Clock::time_point> until) {
    const int64_t until_ns = until && actions == 0 ? until->time_since_epoch().count() : 0;
    processes_.resize(static_cast<size_t>(clients));
    for (size_t i = 0; i < processes_.size(); ++i) StartClient(i, 0, actions, until_ns);
    Clock::time_point heard = Clock::now();
    while (std::any_of(processes_.begin(), processes_.end(), [](const Process& p) { return p.pid > 0; })) {
      std::vector<pollfd> polls;
      for (const Process& process : processes_) polls.push_back({process.out.get(), POLLIN, 0});
      poll(polls.data(), polls.size(), static_cast<int>(kSampleEvery.count()));
      TakeSample();
      for (size_t i = 0; i < polls.size(); ++i) {
        if (polls[i].revents == 0 || processes_[i].pid <= 0) continue;
        heard = Clock::now();
        if (!ReadFrom(&processes_[i])) Ended(i, actions, until_ns);
      }
      if (!daemon_->Running()) return Internal("the daemon has ended: {}", fmt::join(daemon_->LogErrors(), " | "));
      if (Clock::now() - heard > kHang) return Internal("no client has got anywhere for {} s", kHang.count());
    }
    return absl::OkStatus();
  }

  void TakeSample() {
    const Clock::time_point now = Clock::now();
    if (samples_.empty() || now - samples_.back().time >= kSampleEvery) {
      samples_.push_back({now, daemon_->ResidentBytes()});
    }
  }

  // False at the end of the pipe.
  bool ReadFrom(Process* process) {
    char block[65536];
    const ssize_t got = read(process->out.get(), block, sizeof(block));
    if (got <= 0) return false;
    process->unread.append(block, static_cast<size_t>(got));
    for (size_t end; (end = process->unread.find('\n')) != std::string::npos;) {
      process->last = FromLine(process->unread.substr(0, end));
      process->unread.erase(0, end + 1);
      if (process->last) ledger_.Add(*process->last);
    }
    return true;
  }

  // A client that has killed itself is followed by another that goes on behind it.
  void Ended(size_t number, uint64_t actions, int64_t until_ns) {
    Process& process = processes_[number];
    int status = 0;
    waitpid(process.pid, &status, 0);
    process.pid = -1;
    process.out.Reset();
    const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (process.last && process.last->kind == Kind::kKilling && killed) {
      StartClient(number, process.last->action + 1, actions, until_ns);
    } else if (!process.last || process.last->kind != Kind::kDone || status != 0) {
      ledger_.AddError(fmt::format("client {} ended with status {:#x}", number, status));
    }
  }

  // ---- What must hold afterwards

  absl::Status CheckNothingIsLeft() {
    // The daemon may still be learning that the last client has gone.
    const bool idle = Until(kSettle, [&] {
      const v1::GetStatusResponse status = Status();
      return status.queue().running() == 0 && status.queue().waiting() == 0 && status.connections() == 1;
    });
    if (!idle) ledger_.AddError("requests or connections of clients that are gone: " + Status().ShortDebugString());
    v1::ListSessionsResponse sessions;
    ETD_RETURN_IF_ERROR(transport_->Call(v1::ListSessionsRequest(), &sessions));
    for (const v1::Session& session : sessions.sessions()) {
      if (session.busy()) ledger_.AddError(fmt::format("session {} is busy although nothing runs", session.name()));
      v1::DeleteSessionRequest request;
      request.set_session(session.name());
      v1::DeleteSessionResponse response;
      ETD_RETURN_IF_ERROR(transport_->Call(request, &response));
    }
    const v1::GetStatusResponse status = Status();
    if (status.sessions() != 0 || status.memory().session_bytes() != 0) {
      ledger_.AddError("sessions are left: " + status.ShortDebugString());
    }
    return absl::OkStatus();
  }

  v1::GetStatusResponse Status() {
    v1::GetStatusResponse response;
    if (const absl::Status status = transport_->Call(v1::GetStatusRequest(), &response); !status.ok()) {
      ledger_.AddError("GetStatus: " + status.ToString());
    }
    return response;
  }

  Outcome AskAlone(const std::string& bytes) {
    Outcome outcome;
    v1::GenerateRequest request;
    request.ParseFromString(bytes);
    absl::Status status = transport_->StartGenerate(request);
    v1::GenerateResponse message;
    while (status.ok() && transport_->Next(&message, &status)) {
      outcome.text += message.text();
      outcome.tokens.insert(outcome.tokens.end(), message.token_ids().begin(), message.token_ids().end());
      if (!message.has_end()) continue;
      outcome.kind = Kind::kFinished;
      outcome.reason = message.end().finish_reason();
      outcome.prompt_tokens = message.end().usage().prompt_tokens();
      outcome.completion_tokens = message.end().usage().completion_tokens();
    }
    if (!status.ok()) {
      outcome.kind = Kind::kError;
      outcome.error = status.ToString();
    }
    return outcome;
  }

  uint64_t Peak(double from, double to) const {
    uint64_t peak = 0;
    for (const Sample& sample : samples_) {
      const double part = std::chrono::duration<double>(sample.time - begin_) / std::chrono::duration<double>(end_ - begin_);
      if (part >= from && part <= to) peak = std::max(peak, sample.resident);
    }
    return peak;
  }

  double Minutes() const { return std::chrono::duration<double, std::ratio<60>>(end_ - begin_).count(); }

  void CheckMemory() {
    second_third_ = Peak(1.0 / 3, 2.0 / 3);
    last_third_ = Peak(2.0 / 3, 1);
    const uint64_t slack = Minutes() < kShortMinutes ? kShortMemorySlack : kMemorySlack;
    if (last_third_ > second_third_ + slack) {
      ledger_.AddError(fmt::format("memory grows: {} MiB at most in the second third, {} MiB in the last",
                                   second_third_ / kMiB, last_third_ / kMiB));
    }
  }

  void CheckEnd() {
    if (ledger_.counts().cancelled < options_.least_cancels) {
      ledger_.AddError(fmt::format("only {} requests were cancelled; {} are wanted", ledger_.counts().cancelled,
                                   options_.least_cancels));
    }
    counters_ = Status().counters();
    if (!Until(kSettle, [&] { return daemon_->Descriptors() == descriptors_; })) {
      ledger_.AddError(fmt::format("{} descriptors are open; {} were at the beginning", daemon_->Descriptors(),
                                   descriptors_));
    }
    threads_ = daemon_->Threads();
    transport_.reset();
    if (const int status = daemon_->Stop(kSettle); status != 0) {
      ledger_.AddError(fmt::format("the daemon ended with status {}", status));
    }
    for (const std::string& line : daemon_->LogErrors()) ledger_.AddError("log: " + line);
  }

  const Options& options_;
  const std::string self_;
  std::unique_ptr<Daemon> daemon_;
  std::unique_ptr<Transport> transport_;
  std::vector<Process> processes_;
  Ledger ledger_;
  Clock::time_point begin_{};
  Clock::time_point end_{};
  std::vector<Sample> samples_;
  size_t descriptors_ = 0;
  size_t threads_ = 0;
  uint64_t second_third_ = 0;
  uint64_t last_third_ = 0;
  v1::Counters counters_;
};

std::string Phases(const std::map<std::string, uint64_t>& counts) {
  std::vector<std::string> parts;
  for (const auto& [phase, count] : counts) parts.push_back(fmt::format("{} {}", phase, count));
  return fmt::format("{}", fmt::join(parts, ", "));
}

void Storm::PrintSummary() const {
  const Ledger::Counts& c = ledger_.counts();
  const auto mib = [](uint64_t bytes) { return static_cast<double>(bytes) / static_cast<double>(kMiB); };
  const auto by_resident = [](const Sample& a, const Sample& b) { return a.resident < b.resident; };
  fmt::print("seed        {}\n", options_.seed);
  fmt::print("time        {:.1f} min, {} clients\n", Minutes(), options_.clients);
  fmt::print("requests    {} streams ({} different), {} other calls\n", c.streams, c.different_requests, c.calls);
  fmt::print("finished    {} ({} in sessions)\n", c.finished, c.in_session);
  fmt::print("cancelled   {} ({})\n", c.cancelled, Phases(c.cancelled_in));
  fmt::print("killed      {} ({})\n", c.killed, Phases(c.killed_in));
  fmt::print("deadlines   {}\n", c.deadlines);
  fmt::print("compared    {} greedy, {} sampled streams, {} beginnings of streams that were cut off\n", c.greedy_compared,
             c.sampled_compared, c.beginnings_compared);
  fmt::print("tokens      {} received; by the daemon's count {} generated, {} of {} of prompts kept in sessions\n", c.tokens,
             counters_.completion_tokens(), counters_.cached_prompt_tokens(), counters_.prompt_tokens());
  if (!samples_.empty()) {
    fmt::print("memory      {:.1f} to {:.1f} MiB; peak of the second third {:.1f}, of the last {:.1f}\n",
               mib(std::min_element(samples_.begin(), samples_.end(), by_resident)->resident),
               mib(std::max_element(samples_.begin(), samples_.end(), by_resident)->resident), mib(second_third_),
               mib(last_third_));
  }
  fmt::print("descriptors {} at the beginning and at the end; {} threads\n", descriptors_, threads_);
}

}  // namespace

int RunStorm(const Options& options, const std::string& self) {
  fmt::print("soak: seed {}, {} clients, {}\n", options.seed, options.clients, options.model);
  std::fflush(stdout);
  Storm storm(options, self);
  if (const absl::Status status = storm.Run(); !status.ok()) storm.ledger().AddError(status.ToString());
  storm.PrintSummary();
  for (const std::string& error : storm.ledger().errors()) fmt::print("error       {}\n", error);
  const uint64_t errors = storm.ledger().error_count();
  fmt::print("{}\n", errors == 0 ? "passed" : fmt::format("FAILED: {} errors", errors));
  return errors == 0 ? 0 : 1;
}

}  // namespace etd::soak
