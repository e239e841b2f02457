#include "clients/etctl/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "etd/v1/etd.pb.h"

namespace etd::etctl {
namespace {

TEST(JsonTest, ValuesHaveTheFormThatProgramsExpect) {
  v1::Model model;
  model.set_name("tales");
  model.set_state(v1::MODEL_STATE_READY);
  model.set_file_bytes(uint64_t{1} << 60);
  model.mutable_loaded_at()->set_seconds(1'700'000'000);
  model.mutable_keep_alive()->set_seconds(1);
  model.mutable_keep_alive()->set_nanos(500'000'000);
  model.mutable_defaults()->set_temperature(0.7f);
  (*model.mutable_defaults()->mutable_logit_bias())[7] = -1;
  model.add_end_token_ids(2);
  const nlohmann::ordered_json json = ToJson(model);
  EXPECT_EQ(json["name"], "tales");
  EXPECT_EQ(json["state"], "ready");
  EXPECT_EQ(json["file_bytes"], uint64_t{1} << 60);
  EXPECT_EQ(json["loaded_at"], "2023-11-14T22:13:20Z");
  EXPECT_EQ(json["keep_alive"], 1.5);
  EXPECT_EQ(json["defaults"].dump(), R"({"temperature":0.7,"logit_bias":{"7":-1.0}})");
  EXPECT_EQ(json["end_token_ids"].dump(), "[2]");
  // Fields without presence are always there, others only when they are set.
  EXPECT_EQ(json["uses"], 0);
  EXPECT_EQ(json["methods"].dump(), "[]");
  EXPECT_FALSE(json.contains("last_used_at"));
  EXPECT_FALSE(json["defaults"].contains("seed"));
}

TEST(JsonTest, BytesAreBase64) {
  v1::Tensor tensor;
  const std::pair<const char*, const char*> rows[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"\xff\xfe\xfd\xfc", "//79/A=="}};
  for (const auto& [bytes, text] : rows) {
    tensor.set_data(bytes);
    EXPECT_EQ(ToJson(tensor)["data"], text);
  }
}

TEST(JsonTest, TextIsOneLineOrMany) {
  v1::TokenIds ids;
  ids.add_ids(1);
  EXPECT_EQ(JsonText(ids, false), R"({"ids":[1]})");
  EXPECT_EQ(JsonText(ids, true), "{\n  \"ids\": [\n    1\n  ]\n}");
  EXPECT_EQ(JsonText(nlohmann::ordered_json("a\xff"), false), "\"a\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace etd::etctl
