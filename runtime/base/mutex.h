// std::mutex with clang's thread-safety annotations. The project locks with these only: ThreadSanitizer
// understands std::mutex, while absl::Mutex of an uninstrumented library looks like a race to it.
#ifndef ETD_RUNTIME_BASE_MUTEX_H_
#define ETD_RUNTIME_BASE_MUTEX_H_

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define ETD_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define ETD_THREAD_ANNOTATION(x)
#endif

#define ETD_CAPABILITY(x) ETD_THREAD_ANNOTATION(capability(x))
#define ETD_SCOPED_CAPABILITY ETD_THREAD_ANNOTATION(scoped_lockable)
#define ETD_GUARDED_BY(x) ETD_THREAD_ANNOTATION(guarded_by(x))
#define ETD_REQUIRES(...) ETD_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define ETD_ACQUIRE(...) ETD_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define ETD_RELEASE(...) ETD_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
#define ETD_EXCLUDES(...) ETD_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
#define ETD_NO_THREAD_SAFETY_ANALYSIS ETD_THREAD_ANNOTATION(no_thread_safety_analysis)

namespace etd {

class ETD_CAPABILITY("mutex") Mutex {
 public:
  void Lock() ETD_ACQUIRE() { mutex_.lock(); }
  void Unlock() ETD_RELEASE() { mutex_.unlock(); }

 private:
  friend class MutexLock;
  std::mutex mutex_;
};

// Holds a mutex from its construction to its end, but for what lies between Unlock and Lock.
class ETD_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ETD_ACQUIRE(mutex) : lock_(mutex.mutex_) {}
  ~MutexLock() ETD_RELEASE() {}
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  // Must be held.
  void Unlock() ETD_RELEASE() { lock_.unlock(); }
  // After Unlock.
  void Lock() ETD_ACQUIRE() { lock_.lock(); }

 private:
  friend class CondVar;
  std::unique_lock<std::mutex> lock_;
};

class CondVar {
 public:
  // `lock` is held by the caller; it is released while waiting and held again on return.
  void Wait(MutexLock& lock) { cond_.wait(lock.lock_); }
  // False when `timeout` passed first.
  bool WaitFor(MutexLock& lock, std::chrono::nanoseconds timeout) {
    return cond_.wait_for(lock.lock_, timeout) == std::cv_status::no_timeout;
  }
  void NotifyOne() { cond_.notify_one(); }
  void NotifyAll() { cond_.notify_all(); }

 private:
  std::condition_variable cond_;
};

}  // namespace etd

#endif  // ETD_RUNTIME_BASE_MUTEX_H_
