// Frames of the plain socket transport; proto/README.md describes every byte.
//
//   preface: "ETDF" 1 0 0 0, in both directions
//   frame:   length:u32 call:u32 type:u8 payload[length - 5]       integers little-endian
//   CALL     timeout_ms:u32 name_length:u8 name request
//   CANCEL   nothing
//   MESSAGE  response
//   STATUS   code:u32 text_length:u32 text details
#ifndef ETD_DAEMON_SERVICE_FRAME_H_
#define ETD_DAEMON_SERVICE_FRAME_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace etd::service {

inline constexpr std::string_view kFramePreface("ETDF\x01\0\0\0", 8);
inline constexpr size_t kFrameHeader = 9;          // length, call, type
inline constexpr uint32_t kMaxFrame = 0x7fffffff;  // what `length` may be

enum class FrameType : uint8_t { kCall = 1, kCancel = 2, kMessage = 3, kStatus = 4 };

struct Frame {
  uint32_t call = 0;
  uint8_t type = 0;
  std::string payload;
};

struct CallFrame {
  uint32_t timeout_ms = 0;
  std::string_view method;
  std::string_view request;
};

// Cuts a stream of bytes into frames, however it is split. One thread.
class FrameReader {
 public:
  // Bytes that came.
  void Push(std::string_view bytes);
  // The next whole frame, nothing when more bytes are needed. Errors: INVALID_ARGUMENT; the stream is unusable then.
  absl::StatusOr<std::optional<Frame>> Next();

 private:
  std::string buffer_;
  size_t begin_ = 0;  // of what was not given out yet
};

// The parts of a CALL's payload; views into it. INVALID_ARGUMENT where it is too short.
absl::StatusOr<CallFrame> ParseCall(std::string_view payload);

// A whole frame with this payload. The payload must fit.
std::string MakeFrame(uint32_t call, FrameType type, std::string_view payload);
std::string MakeStatusFrame(uint32_t call, uint32_t code, std::string_view text, std::string_view details);

}  // namespace etd::service

#endif  // ETD_DAEMON_SERVICE_FRAME_H_
