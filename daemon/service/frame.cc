#include "daemon/service/frame.h"

#include <utility>

#include "runtime/base/status.h"

namespace etd::service {
namespace {

constexpr size_t kLengthBytes = 4;
constexpr size_t kCallHeader = 5;  // timeout and name's length

uint32_t GetU32(std::string_view bytes, size_t offset) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) {
    value |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[offset + i])) << (8 * i);
  }
  return value;
}

void PutU32(uint32_t value, std::string* out) {
  for (size_t i = 0; i < 4; ++i) out->push_back(static_cast<char>((value >> (8 * i)) & 0xff));
}

}  // namespace

void FrameReader::Push(std::string_view bytes) {
  if (begin_ > 0 && begin_ >= buffer_.size() / 2) {
    buffer_.erase(0, begin_);
    begin_ = 0;
  }
  buffer_.append(bytes);
}

absl::StatusOr<std::optional<Frame>> FrameReader::Next() {
  const std::string_view rest = std::string_view(buffer_).substr(begin_);
  if (rest.size() < kLengthBytes) return std::nullopt;
  const uint32_t length = GetU32(rest, 0);
  if (length < kFrameHeader - kLengthBytes || length > kMaxFrame) {
    return InvalidArgument("a frame has the length {}; 5 to {} are allowed", length, kMaxFrame);
  }
  if (rest.size() - kLengthBytes < length) return std::nullopt;
  Frame frame;
  frame.call = GetU32(rest, 4);
  frame.type = static_cast<uint8_t>(rest[8]);
  frame.payload = std::string(rest.substr(kFrameHeader, length - (kFrameHeader - kLengthBytes)));
  begin_ += kLengthBytes + length;
  return frame;
}

absl::StatusOr<CallFrame> ParseCall(std::string_view payload) {
  if (payload.size() < kCallHeader) return InvalidArgument("a CALL frame is too short");
  CallFrame call;
  call.timeout_ms = GetU32(payload, 0);
  const size_t name = static_cast<unsigned char>(payload[4]);
  if (payload.size() - kCallHeader < name) return InvalidArgument("a CALL frame is shorter than its method's name");
  call.method = payload.substr(kCallHeader, name);
  call.request = payload.substr(kCallHeader + name);
  return call;
}

std::string MakeFrame(uint32_t call, FrameType type, std::string_view payload) {
  std::string frame;
  frame.reserve(kFrameHeader + payload.size());
  PutU32(static_cast<uint32_t>(payload.size() + kFrameHeader - kLengthBytes), &frame);
  PutU32(call, &frame);
  frame.push_back(static_cast<char>(type));
  frame.append(payload);
  return frame;
}

std::string MakeStatusFrame(uint32_t call, uint32_t code, std::string_view text, std::string_view details) {
  std::string payload;
  PutU32(code, &payload);
  PutU32(static_cast<uint32_t>(text.size()), &payload);
  payload.append(text);
  payload.append(details);
  return MakeFrame(call, FrameType::kStatus, payload);
}

}  // namespace etd::service
