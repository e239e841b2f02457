#include "daemon/service/framed_connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>

#include "daemon/service/convert.h"
#include "runtime/base/mutex.h"
#include "runtime/base/status.h"

namespace etd::service {
namespace {

constexpr size_t kMaxCalls = 256;           // of one connection at a time
constexpr size_t kReadBytes = size_t{256} << 10;
constexpr int kReadsPerTurn = 16;           // so that one client cannot keep the loop busy

uint32_t Code(absl::StatusCode code) { return static_cast<uint32_t>(code); }

}  // namespace

// A call of a framed connection. It lives until both its handler and its connection are done with it.
class FramedCall final : public Call, public std::enable_shared_from_this<FramedCall> {
 public:
  FramedCall(uint32_t id, std::weak_ptr<FramedConnection> connection, EventLoop* loop, const auth::Peer& peer,
             std::optional<TimePoint> deadline)
      : id_(id), connection_(std::move(connection)), loop_(loop), peer_(peer), deadline_(deadline) {}

  const auth::Peer& peer() const override { return peer_; }
  std::optional<TimePoint> deadline() const override { return deadline_; }

  // A worker's thread: parses the request and starts the handler.
  void Run(Service* service, const Method& method, std::string_view bytes) {
    request_.reset(method.request->New());
    if (bytes.size() > kMaxFrame || !request_->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return Finish(InvalidArgument("the request is no {} message", method.request->GetTypeName()));
    }
    streams_ = method.streams;
    const std::shared_ptr<Handler> handler = method.make(service, *request_, shared_from_this());
    bool cancelled = false;
    {
      MutexLock lock(mutex_);
      handler_ = handler;
      cancelled = cancelled_;
    }
    if (cancelled) handler->OnCancelled();
    handler->Start();
  }

  void Write(std::unique_ptr<google::protobuf::Message> message) override {
    std::string payload;
    const bool fits = message->ByteSizeLong() <= kMaxFrame - kFrameHeader && message->SerializeToString(&payload);
    message.reset();
    if (!fits) {
      too_large_ = true;
      if (streams_) Written(false);
      return;
    }
    const auto connection = connection_.lock();
    if (connection == nullptr) return Written(false);
    connection->PostFrame(shared_from_this(), MakeFrame(id_, FrameType::kMessage, payload), streams_, false);
  }

  void Finish(const absl::Status& given) override {
    const absl::Status status =
        given.ok() && too_large_ ? ResourceExhausted("the response is larger than 2 GiB; select fewer outputs") : given;
    {
      MutexLock lock(mutex_);
      handler_.reset();
    }
    if (const auto connection = connection_.lock()) {
      connection->PostFrame(shared_from_this(),
                            MakeStatusFrame(id_, Code(status.code()), ToStd(status.message()), ErrorDetails(status)),
                            false, true);
    }
  }

  // Loop's thread.
  void Cancel() {
    std::shared_ptr<Handler> handler;
    {
      MutexLock lock(mutex_);
      if (std::exchange(cancelled_, true)) return;
      handler = handler_;
    }
    if (handler != nullptr) handler->OnCancelled();
  }

  // From the loop, so that a handler is never called from inside its own Write.
  void Written(bool ok) {
    loop_->Post([self = shared_from_this(), ok] {
      std::shared_ptr<Handler> handler;
      {
        MutexLock lock(self->mutex_);
        handler = self->handler_;
      }
      if (handler != nullptr) handler->OnWritten(ok);
    });
  }

  uint32_t id() const { return id_; }

 private:
  const uint32_t id_;
  const std::weak_ptr<FramedConnection> connection_;
  EventLoop* const loop_;
  const auth::Peer peer_;
  const std::optional<TimePoint> deadline_;
  std::unique_ptr<google::protobuf::Message> request_;
  bool streams_ = false;
  bool too_large_ = false;
  Mutex mutex_;
  std::shared_ptr<Handler> handler_ ETD_GUARDED_BY(mutex_);  // until Finish
  bool cancelled_ ETD_GUARDED_BY(mutex_) = false;
};

FramedConnection::FramedConnection(EventLoop* loop, Service* service, UniqueFd socket, const auth::Peer& peer,
                                   std::function<void()> closed)
    : loop_(loop), service_(service), socket_(std::move(socket)), peer_(peer), closed_(std::move(closed)) {}

FramedConnection::~FramedConnection() = default;

void FramedConnection::Start() {
  outgoing_.push_back({.bytes = std::string(kFramePreface), .written = nullptr});
  loop_->Watch(socket_.get(), EPOLLIN | EPOLLRDHUP, [this](uint32_t events) {
    const auto self = shared_from_this();
    Ready(events);
  });
  if (!Flush()) Close();
}

void FramedConnection::Close() {
  if (!socket_.valid()) return;
  loop_->Unwatch(socket_.get());
  socket_.Reset();
  const auto calls = std::move(calls_);
  calls_.clear();
  for (const auto& [id, call] : calls) call->Cancel();
  for (const Outgoing& frame : outgoing_) {
    if (frame.written != nullptr) frame.written->Written(false);
  }
  outgoing_.clear();
  if (const auto closed = std::move(closed_)) closed();
}

void FramedConnection::Abort(uint32_t code, std::string_view text) {
  outgoing_.push_back({.bytes = MakeStatusFrame(0, code, text, ""), .written = nullptr});
  Flush();
  Close();
}

void FramedConnection::Ready(uint32_t events) {
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) return Close();
  if ((events & EPOLLOUT) != 0 && !Flush()) return Close();
  if ((events & (EPOLLIN | EPOLLRDHUP)) != 0 && !Read()) return Close();
}

bool FramedConnection::Read() {
  static thread_local std::array<char, kReadBytes> buffer;
  for (int turn = 0; turn < kReadsPerTurn && socket_.valid(); ++turn) {
    const ssize_t got = recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (got == 0) return false;
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    std::string_view bytes(buffer.data(), static_cast<size_t>(got));
    if (!greeted_) {
      // The listener saw the whole preface before it handed the socket over.
      bytes.remove_prefix(std::min(bytes.size(), kFramePreface.size()));
      greeted_ = true;
    }
    reader_.Push(bytes);
    for (;;) {
      absl::StatusOr<std::optional<Frame>> frame = reader_.Next();
      if (!frame.ok()) {
        Abort(Code(frame.status().code()), ToStd(frame.status().message()));
        return true;
      }
      if (!*frame) break;
      Take(std::move(**frame));
      if (!socket_.valid()) return true;
    }
  }
  return true;
}

void FramedConnection::Take(Frame frame) {
  if (frame.call == 0) return Abort(Code(absl::StatusCode::kInvalidArgument), "the call id 0 is the connection's own");
  switch (static_cast<FrameType>(frame.type)) {
    case FrameType::kCall:
      return TakeCall(std::move(frame));
    case FrameType::kCancel:
      // A call that ended meanwhile is no error: its status is on the way.
      if (const auto found = calls_.find(frame.call); found != calls_.end()) found->second->Cancel();
      return;
    case FrameType::kMessage:
    case FrameType::kStatus:
      break;
  }
  Abort(Code(absl::StatusCode::kInvalidArgument), "a frame has a type that clients do not send");
}

void FramedConnection::TakeCall(Frame frame) {
  const absl::StatusOr<CallFrame> parsed = ParseCall(frame.payload);
  if (!parsed.ok()) return Abort(Code(parsed.status().code()), ToStd(parsed.status().message()));
  if (calls_.contains(frame.call)) {
    return Abort(Code(absl::StatusCode::kInvalidArgument), "a call id is used again before its call has ended");
  }
  std::optional<TimePoint> deadline;
  if (parsed->timeout_ms > 0) deadline = loop_->clock().Now() + std::chrono::milliseconds(parsed->timeout_ms);
  auto call = std::make_shared<FramedCall>(frame.call, weak_from_this(), loop_, peer_, deadline);
  calls_.emplace(frame.call, call);
  const Method* method = FindMethod(parsed->method);
  if (method == nullptr) {
    return call->Finish(Unimplemented("there is no method '{}'", parsed->method));
  }
  if (calls_.size() > kMaxCalls) {
    return call->Finish(ResourceExhausted("a connection may have {} calls at once; wait for one to end", kMaxCalls));
  }
  const auto offset = static_cast<size_t>(parsed->request.data() - frame.payload.data());
  auto payload = std::make_shared<std::string>(std::move(frame.payload));
  service_->parts().workers->Post([service = service_, call, method, payload, offset] {
    call->Run(service, *method, std::string_view(*payload).substr(offset));
  });
}

void FramedConnection::PostFrame(std::shared_ptr<FramedCall> call, std::string frame, bool message, bool last) {
  loop_->Post([self = shared_from_this(), call = std::move(call), frame = std::move(frame), message, last]() mutable {
    if (!self->socket_.valid()) {
      if (message) call->Written(false);
      return;
    }
    if (last) self->calls_.erase(call->id());
    self->outgoing_.push_back({.bytes = std::move(frame), .written = message ? std::move(call) : nullptr});
    if (!self->Flush()) self->Close();
  });
}

bool FramedConnection::Flush() {
  while (!outgoing_.empty()) {
    Outgoing& frame = outgoing_.front();
    const ssize_t put =
        send(socket_.get(), frame.bytes.data() + sent_, frame.bytes.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno != EAGAIN) return false;
    if (put < 0) break;
    sent_ += static_cast<size_t>(put);
    if (sent_ < frame.bytes.size()) continue;
    if (frame.written != nullptr) frame.written->Written(true);
    outgoing_.pop_front();
    sent_ = 0;
  }
  UpdateWatch();
  return true;
}

void FramedConnection::UpdateWatch() {
  const bool wanted = !outgoing_.empty();
  if (wanted == watching_writes_) return;
  watching_writes_ = wanted;
  loop_->Rewatch(socket_.get(), EPOLLIN | EPOLLRDHUP | (wanted ? EPOLLOUT : 0u));
}

}  // namespace etd::service
