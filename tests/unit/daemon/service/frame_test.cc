#include "daemon/service/frame.h"

#include "gtest/gtest.h"

namespace etd::service {
namespace {

using namespace std::string_literals;

TEST(Frame, BytesAreAsDocumented) {
  // The example of proto/README.md.
  const std::string payload = "\0\0\0\0\x09"s + "GetStatus";
  EXPECT_EQ(MakeFrame(7, FrameType::kCall, payload), "\x13\0\0\0\x07\0\0\0\x01\0\0\0\0\x09"s + "GetStatus");
  EXPECT_EQ(MakeStatusFrame(0x01020304, 8, "no", "d"), "\x10\0\0\0\x04\x03\x02\x01\x04\x08\0\0\0\x02\0\0\0nod"s);
  EXPECT_EQ(kFramePreface, "ETDF\x01\0\0\0"s);
}

TEST(Frame, AnySplitGivesTheSameFrames) {
  const std::string stream = MakeFrame(1, FrameType::kCall, "hello") + MakeFrame(2, FrameType::kCancel, "") +
                             MakeFrame(3, FrameType::kMessage, std::string(1000, 'x'));
  for (const size_t step : {size_t{1}, size_t{3}, size_t{7}, size_t{100}, stream.size()}) {
    FrameReader reader;
    std::vector<Frame> frames;
    for (size_t at = 0; at < stream.size(); at += step) {
      reader.Push(std::string_view(stream).substr(at, step));
      for (;;) {
        auto frame = reader.Next();
        ASSERT_TRUE(frame.ok());
        if (!*frame) break;
        frames.push_back(**frame);
      }
    }
    ASSERT_EQ(frames.size(), 3u) << step;
    EXPECT_EQ(frames[0].payload, "hello");
    EXPECT_EQ(frames[1].call, 2u);
    EXPECT_EQ(frames[2].payload.size(), 1000u);
  }
}

TEST(Frame, ImpossibleLengthsAreErrors) {
  for (const std::string& bytes : {"\x04\0\0\0"s, "\0\0\0\0"s, "\xff\xff\xff\xff"s}) {
    FrameReader reader;
    reader.Push(bytes);
    EXPECT_EQ(reader.Next().status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(Frame, ParseCall) {
  const std::string payload = "\x10\x27\0\0\x05"s + "Inferrequest";  // the parts are views into it
  const auto call = ParseCall(payload);
  ASSERT_TRUE(call.ok());
  EXPECT_EQ(call->timeout_ms, 10000u);
  EXPECT_EQ(call->method, "Infer");
  EXPECT_EQ(call->request, "request");
  EXPECT_FALSE(ParseCall("abc").ok());
  EXPECT_FALSE(ParseCall("\0\0\0\0\x05"s + "Infe").ok());
}

}  // namespace
}  // namespace etd::service
