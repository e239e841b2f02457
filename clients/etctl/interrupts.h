// Ctrl-C.
#ifndef ETD_CLIENTS_ETCTL_INTERRUPTS_H_
#define ETD_CLIENTS_ETCTL_INTERRUPTS_H_

#include <functional>
#include <mutex>
#include <thread>

namespace etd::etctl {

// What Ctrl-C does: the action of the innermost Scope, or the end of the process with status 130 where there is none,
// and when the action did not end the scope before the next Ctrl-C.
class Interrupts {
 public:
  // While it lives, Ctrl-C calls `action`, on another thread, once, with Interrupts' lock held; it must not wait for
  // the thread that owns the scope. Scopes may be nested, and are left in the order opposite to that of their making.
  class Scope {
   public:
    Scope(Interrupts& interrupts, std::function<void()> action);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

    bool interrupted() const;

   private:
    friend class Interrupts;
    Interrupts& interrupts_;
    const std::function<void()> action_;
    Scope* const outer_;
    bool interrupted_ = false;
  };

  Interrupts() = default;
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  // Has SIGINT come here. To be called before the process has other threads, which would take the signal instead.
  void TakeSignal();

  // What a Ctrl-C does.
  void Interrupt();

 private:
  void Watch(int signals, int stop);

  mutable std::mutex mutex_;
  Scope* innermost_ = nullptr;
  int stop_ = -1;  // an eventfd that ends the thread
  std::thread thread_;
};

}  // namespace etd::etctl

#endif  // ETD_CLIENTS_ETCTL_INTERRUPTS_H_
