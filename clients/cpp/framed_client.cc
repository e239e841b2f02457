#include "clients/cpp/framed_client.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace etd::client {
namespace {

constexpr std::string_view kPreface("ETDF\x01\0\0\0", 8);
constexpr size_t kHeader = 9;  // length, call, type
constexpr uint32_t kLargest = 0x7fffffff;
enum FrameType : uint8_t { kCall = 1, kCancel = 2, kMessage = 3, kStatus = 4 };

void PutU32(uint32_t value, std::string* out) {
  for (int i = 0; i < 4; ++i) out->push_back(static_cast<char>((value >> (8 * i)) & 0xff));
}

uint32_t GetU32(std::string_view bytes, size_t offset) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) {
    value |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[offset + i])) << (8 * i);
  }
  return value;
}

std::string Frame(uint32_t call, FrameType type, std::string_view payload) {
  std::string frame;
  PutU32(static_cast<uint32_t>(payload.size() + kHeader - 4), &frame);
  PutU32(call, &frame);
  frame.push_back(static_cast<char>(type));
  frame.append(payload);
  return frame;
}

absl::Status Gone() { return absl::UnavailableError("the connection to etd is gone"); }

}  // namespace

absl::StatusOr<std::unique_ptr<FramedClient>> FramedClient::Connect(const std::string& socket_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.size() >= sizeof(address.sun_path)) return absl::InvalidArgumentError("the socket's path is too long");
  std::memcpy(address.sun_path, socket_path.data(), socket_path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return absl::InternalError(std::strerror(errno));
  std::unique_ptr<FramedClient> client(new FramedClient(fd));
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return absl::UnavailableError("no etd listens on " + socket_path + ": " + std::strerror(errno));
  }
  // A daemon that refuses says so without waiting for us, and may be gone before we have sent anything.
  const absl::Status sent = client->Send(kPreface);
  if (absl::Status got = client->Receive(kPreface.size()); !got.ok()) return got;
  if (std::string_view(client->buffer_).substr(0, kPreface.size()) != kPreface) {
    return absl::FailedPreconditionError("whoever listens on " + socket_path + " speaks another protocol");
  }
  client->buffer_.clear();
  if (!sent.ok()) return client->WhyGone();
  return client;
}

FramedClient::~FramedClient() { close(fd_); }

absl::StatusOr<uint32_t> FramedClient::Start(std::string_view method, const google::protobuf::MessageLite& request,
                                             uint32_t timeout_ms) {
  std::string payload;
  PutU32(timeout_ms, &payload);
  payload.push_back(static_cast<char>(method.size()));
  payload.append(method);
  if (method.size() > 255 || request.ByteSizeLong() > kLargest - payload.size() - kHeader ||
      !request.AppendToString(&payload)) {
    return absl::InvalidArgumentError("the request is too large for a frame");
  }
  const uint32_t call = next_call_++;
  if (absl::Status sent = Send(Frame(call, kCall, payload)); !sent.ok()) return WhyGone();
  calls_[call];
  return call;
}

absl::Status FramedClient::Cancel(uint32_t call) { return Send(Frame(call, kCancel, "")); }

bool FramedClient::Next(uint32_t call, google::protobuf::MessageLite* message, absl::Status* status) {
  const auto found = calls_.find(call);
  if (found == calls_.end()) {
    *status = absl::NotFoundError("there is no such call");
    return false;
  }
  CallState& state = found->second;
  while (state.messages.empty() && !state.end) {
    if (absl::Status got = ReceiveFrame(); !got.ok()) {
      *status = got;
      calls_.erase(found);
      return false;
    }
  }
  if (!state.messages.empty()) {
    const bool parsed = message->ParseFromString(state.messages.front());
    state.messages.pop_front();
    *status = parsed ? absl::OkStatus() : absl::InternalError("etd sent a message that cannot be read");
    return parsed;
  }
  *status = ParseEnd(*state.end);
  calls_.erase(found);
  return false;
}

absl::Status FramedClient::Unary(std::string_view method, const google::protobuf::MessageLite& request,
                                 google::protobuf::MessageLite* response) {
  absl::StatusOr<uint32_t> call = Start(method, request);
  if (!call.ok()) return call.status();
  response->Clear();
  absl::Status status;
  const std::unique_ptr<google::protobuf::MessageLite> scratch(response->New());
  while (Next(*call, scratch.get(), &status)) response->CheckTypeAndMergeFrom(*scratch);
  return status;
}

// What the daemon said of the connection before it closed it.
absl::Status FramedClient::WhyGone() {
  for (;;) {
    if (absl::Status status = ReceiveFrame(); !status.ok()) return status;
  }
}

absl::Status FramedClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return Gone();
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return absl::OkStatus();
}

absl::Status FramedClient::Receive(size_t size) {
  char block[65536];
  while (buffer_.size() < size) {
    const ssize_t got = recv(fd_, block, std::min(sizeof(block), size - buffer_.size()), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Gone();
    buffer_.append(block, static_cast<size_t>(got));
  }
  return absl::OkStatus();
}

absl::Status FramedClient::ReceiveFrame() {
  buffer_.clear();
  if (absl::Status got = Receive(kHeader); !got.ok()) return got;
  const uint32_t length = GetU32(buffer_, 0);
  const uint32_t call = GetU32(buffer_, 4);
  const auto type = static_cast<uint8_t>(buffer_[8]);
  if (length < kHeader - 4 || length > kLargest) return absl::InternalError("etd sent a damaged frame");
  if (absl::Status got = Receive(length + 4); !got.ok()) return got;
  std::string payload = buffer_.substr(kHeader);
  if (call == 0) return ParseEnd(payload);
  const auto found = calls_.find(call);
  if (found == calls_.end()) return absl::OkStatus();
  if (type == kMessage) {
    found->second.messages.push_back(std::move(payload));
  } else if (type == kStatus) {
    found->second.end = std::move(payload);
  }
  return absl::OkStatus();
}

absl::Status FramedClient::ParseEnd(const std::string& payload) {
  if (payload.size() < 8 || payload.size() - 8 < GetU32(payload, 4)) {
    return absl::InternalError("etd sent a damaged status");
  }
  const uint32_t code = GetU32(payload, 0);
  const uint32_t size = GetU32(payload, 4);
  details_ = payload.substr(8 + size);
  return absl::Status(static_cast<absl::StatusCode>(code), payload.substr(8, size));
}

}  // namespace etd::client
