#include "clients/etctl/interrupts.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "clients/etctl/exit_code.h"

namespace etd::etctl {

Interrupts::Scope::Scope(Interrupts& interrupts, std::function<void()> action)
    : interrupts_(interrupts), action_(std::move(action)), outer_([&] {
        std::lock_guard lock(interrupts.mutex_);
        return interrupts.innermost_;
      }()) {
  std::lock_guard lock(interrupts_.mutex_);
  interrupts_.innermost_ = this;
}

Interrupts::Scope::~Scope() {
  std::lock_guard lock(interrupts_.mutex_);
  interrupts_.innermost_ = outer_;
}

bool Interrupts::Scope::interrupted() const {
  std::lock_guard lock(interrupts_.mutex_);
  return interrupted_;
}

Interrupts::~Interrupts() {
  if (!thread_.joinable()) return;
  const uint64_t one = 1;
  // An eventfd takes its first number at once.
  while (write(stop_, &one, sizeof(one)) < 0 && errno == EINTR) {
  }
  thread_.join();
  close(stop_);
}

void Interrupts::TakeSignal() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  stop_ = eventfd(0, EFD_CLOEXEC);
  const int signals = signalfd(-1, &set, SFD_CLOEXEC);
  if (stop_ < 0 || signals < 0) return;  // no descriptors left: SIGINT keeps its default, which ends the process
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::thread([this, signals, stop = stop_] { Watch(signals, stop); });
}

void Interrupts::Interrupt() {
  std::lock_guard lock(mutex_);
  if (innermost_ == nullptr || innermost_->interrupted_) _exit(static_cast<int>(ExitCode::kInterrupted));
  innermost_->interrupted_ = true;
  innermost_->action_();
}

void Interrupts::Watch(int signals, int stop) {
  std::array<pollfd, 2> pollers = {{{.fd = signals, .events = POLLIN, .revents = 0},
                                    {.fd = stop, .events = POLLIN, .revents = 0}}};
  while (true) {
    if (poll(pollers.data(), pollers.size(), -1) < 0) {
      if (errno == EINTR) continue;
      break;
    }
    if (pollers[1].revents != 0) break;
    signalfd_siginfo info;
    if (read(signals, &info, sizeof(info)) == sizeof(info)) Interrupt();
  }
  close(signals);
}

}  // namespace etd::etctl
