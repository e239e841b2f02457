#include "clients/etctl/answer.h"

#include <gtest/gtest.h>

#include <sstream>

namespace etd::etctl {
namespace {

TEST(AnswerTest, UsageIsOneLine) {
  v1::GenerateEnd end;
  end.set_finish_reason(v1::FINISH_REASON_END_TOKEN);
  end.mutable_usage()->set_completion_tokens(1);
  end.mutable_usage()->set_prompt_tokens(12);
  EXPECT_EQ(UsageLine(end), "1 token; prompt of 12 tokens");
  end.mutable_usage()->set_completion_tokens(85);
  end.mutable_usage()->set_cached_prompt_tokens(8);
  end.mutable_timing()->set_decode_tokens_per_second(71.26);
  end.mutable_timing()->mutable_time_to_first_token()->set_nanos(120'000'000);
  end.set_finish_reason(v1::FINISH_REASON_MAX_TOKENS);
  EXPECT_EQ(UsageLine(end),
            "85 tokens, 71.3 tokens/s, first after 120 ms; prompt of 12 tokens (8 kept); "
            "stopped at the limit of tokens");
  end.set_finish_reason(v1::FINISH_REASON_STOP_STRING);
  end.set_stop("END");
  EXPECT_TRUE(UsageLine(end).ends_with("; stopped at 'END'"));
}

TEST(AnswerTest, OnlyWhatIsGivenIsSent) {
  v1::GenerateRequest request;
  SetSampling({}, &request);
  EXPECT_FALSE(request.sampling().has_temperature());
  EXPECT_FALSE(request.sampling().has_seed());
  EXPECT_FALSE(request.has_max_tokens());
  SamplingOptions options;
  options.temperature = 0;
  options.seed = 0;
  options.max_tokens = 0;
  options.stop = {"a", "b"};
  SetSampling(options, &request);
  EXPECT_TRUE(request.sampling().has_temperature());
  EXPECT_TRUE(request.sampling().has_seed());
  EXPECT_TRUE(request.has_max_tokens());
  EXPECT_EQ(request.stop_size(), 2);
}

TEST(AnswerTest, TextComesFromTheArgumentOrStandardInput) {
  std::istringstream in("from input\n\n");
  std::ostringstream out;
  Console console{.in = in, .out = out, .err = out};
  EXPECT_EQ(*ReadText(console, "given", "prompt"), "given");
  EXPECT_EQ(*ReadText(console, "-", "prompt"), "from input\n");
  EXPECT_FALSE(ReadText(console, std::nullopt, "prompt").ok());  // nothing is left
  EXPECT_FALSE(ReadText(console, "", "prompt").ok());
  EXPECT_EQ(out.str(), "");
}

TEST(ProgressLineTest, ShowsStageBarAndBytes) {
  v1::LoadProgress progress;
  progress.set_stage("prepare");
  EXPECT_EQ(ProgressLine(progress), "prepare ");
  progress.set_total(3);
  progress.set_completed(3);
  EXPECT_EQ(ProgressLine(progress), "prepare  [##############################] 100 %");
  progress.set_stage("read");
  progress.set_completed(1024);
  progress.set_total(2048);
  EXPECT_EQ(ProgressLine(progress), "read     [###############...............]  50 %  1.00 KiB of 2.00 KiB");
  // 100 % is for what is complete; more than all is all.
  progress.set_completed(2047);
  EXPECT_EQ(ProgressLine(progress).substr(40, 6), "]  99 ");
  progress.set_completed(4096);
  EXPECT_EQ(ProgressLine(progress).substr(40, 6), "] 100 ");
  progress.set_stage("\x1b[2Jevil name of a stage");
  EXPECT_EQ(ProgressLine(progress).find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace etd::etctl
