// The service etd.v1.Etd, independent of the transport: from a method and a request message to a handler.
#ifndef ETD_DAEMON_SERVICE_SERVICE_H_
#define ETD_DAEMON_SERVICE_SERVICE_H_

#include <google/protobuf/message.h>

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "daemon/auth/identity.h"
#include "daemon/models/model_store.h"
#include "daemon/service/call.h"
#include "daemon/service/worker_pool.h"
#include "runtime/base/clock.h"
#include "runtime/base/mutex.h"
#include "scheduler/loop.h"

namespace etd::service {

// What the handlers work with. Borrowed; all outlive the service.
struct ServiceParts {
  scheduler::Scheduler* scheduler = nullptr;
  scheduler::MemoryBudget* budget = nullptr;
  models::ModelStore* models = nullptr;
  WorkerPool* workers = nullptr;
  const Clock* clock = nullptr;
};

// Counted by whoever accepts connections. Thread-safe.
struct ConnectionStats {
  std::atomic<uint64_t> accepted{0};
  std::atomic<uint64_t> refused{0};
  std::atomic<uint32_t> open{0};
  // Open connections of a tenant, and how many it may have.
  std::function<uint32_t(const std::string& tenant)> of_tenant;
  std::atomic<uint32_t> max_per_tenant{0};
};

struct ServiceOptions {
  std::string version;
  std::string socket;
  std::string framed_socket;
  size_t stream_buffer = 64;   // tokens that wait for a slow reader
  Duration stream_interval{};  // between two messages of a stream, at least
};

class Service;

// One row for each method of the contract.
struct Method {
  std::string_view name;                         // "Generate"
  const google::protobuf::Message* request;      // prototype; lives for ever
  const google::protobuf::Message* response;
  bool streams = false;                          // any number of responses
  std::shared_ptr<Handler> (*make)(Service* service, const google::protobuf::Message& request,
                                   std::shared_ptr<Call> call) = nullptr;
};
std::span<const Method> Methods();
// Null when there is none with the name.
const Method* FindMethod(std::string_view name);

// Thread-safe.
class Service {
 public:
  Service(const ServiceParts& parts, ServiceOptions options, ConnectionStats* connections);

  const ServiceParts& parts() const { return parts_; }
  const ServiceOptions& options() const { return options_; }
  ConnectionStats& connections() const { return *connections_; }
  TimePoint started() const { return started_; }

  auth::Policy policy() const;
  void SetPolicy(const auth::Policy& policy);
  bool IsAdministrator(const auth::Identity& identity) const { return policy().IsAdministrator(identity); }

  scheduler::Caller CallerOf(const auth::Peer& peer) const;

 private:
  const ServiceParts parts_;
  const ServiceOptions options_;
  ConnectionStats* const connections_;
  const TimePoint started_;
  mutable Mutex mutex_;
  auth::Policy policy_ ETD_GUARDED_BY(mutex_);
};

}  // namespace etd::service

#endif  // ETD_DAEMON_SERVICE_SERVICE_H_
