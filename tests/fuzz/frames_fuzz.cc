// Frames of the plain socket transport. However the bytes are cut into pieces, the reader must give the same frames and
// the same end, and a frame that was read must be the bytes that make it.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/service/frame.h"

namespace {

using etd::service::Frame;
using etd::service::FrameReader;
using etd::service::FrameType;

void Require(bool truth) {
  if (!truth) std::abort();
}

struct Reading {
  std::vector<Frame> frames;
  bool failed = false;
};

// Reads `stream` in pieces of `piece` bytes, until an error or its end.
Reading ReadInPieces(std::string_view stream, size_t piece) {
  Reading reading;
  FrameReader reader;
  for (size_t at = 0; at < stream.size(); at += piece) {
    reader.Push(stream.substr(at, piece));
    for (;;) {
      absl::StatusOr<std::optional<Frame>> frame = reader.Next();
      if (!frame.ok()) {
        reading.failed = true;
        return reading;
      }
      if (!*frame) break;
      reading.frames.push_back(std::move(**frame));
    }
  }
  return reading;
}

void CheckCall(std::string_view payload) {
  const auto call = etd::service::ParseCall(payload);
  if (!call.ok()) return;
  // The parts are views of the payload: its header of five bytes, the name, and the request to the end.
  Require(call->method.data() == payload.data() + 5);
  Require(call->request.data() == call->method.data() + call->method.size());
  Require(call->request.data() + call->request.size() == payload.data() + payload.size());
}

}  // namespace

// The first byte is the size of the pieces, the others are the stream.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Reading whole = ReadInPieces(stream, stream.size() + 1);
  const Reading pieces = ReadInPieces(stream, size_t{1} + data[0]);
  Require(whole.failed == pieces.failed && whole.frames.size() == pieces.frames.size());
  std::string written;
  for (size_t i = 0; i < whole.frames.size(); ++i) {
    const Frame& frame = whole.frames[i];
    Require(frame.call == pieces.frames[i].call && frame.type == pieces.frames[i].type);
    Require(frame.payload == pieces.frames[i].payload);
    written += etd::service::MakeFrame(frame.call, static_cast<FrameType>(frame.type), frame.payload);
    CheckCall(frame.payload);
  }
  Require(stream.starts_with(written));
  return 0;
}
