// etd with a model that is not one: the real daemon, composed with fake loaders. A "program" is a JSON object:
// {"engine": true, "max_context": 4096, "token_micros": 0, "memory_bytes": 1000, "load_micros": 0, "can_rewind": true}
#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

#include <nlohmann/json.hpp>

#include "daemon/app/run.h"
#include "runtime/base/mapped_file.h"
#include "runtime/base/status.h"
#include "tests/support/fake_engine.h"
#include "tests/support/fake_text.h"

namespace etd {
namespace {

constexpr int64_t kStepMicros = 2000;

absl::StatusOr<models::LoadedModel> LoadFake(const models::ModelFiles& files, const models::Checkpoint& checkpoint) {
  ETD_ASSIGN_OR_RETURN(const MappedFile file,
                       MappedFile::FromFd(files.program.fd.get(), files.program.path, files.program.mode));
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return InvalidArgument("'{}' is no fake program", files.program.path);
  // A load takes so long, with checkpoints on the way as a real one has.
  const int64_t load_micros = json.value("load_micros", int64_t{0});
  for (int64_t done = 0; done < load_micros; done += kStepMicros) {
    std::this_thread::sleep_for(std::chrono::microseconds(std::min(kStepMicros, load_micros - done)));
    ETD_RETURN_IF_ERROR(checkpoint("wait", static_cast<uint64_t>(done), static_cast<uint64_t>(load_micros)));
  }
  ETD_RETURN_IF_ERROR(checkpoint("prepare", 1, 2));
  models::LoadedModel model;
  if (json.value("engine", true)) {
    testing::FakeEngineOptions options;
    options.max_context = json.value("max_context", options.max_context);
    options.token_micros = json.value("token_micros", options.token_micros);
    options.can_rewind = json.value("can_rewind", options.can_rewind);
    model.engine = std::make_unique<testing::FakeEngine>(options);
  }
  model.module = std::make_unique<testing::FakeModule>(json.value("call_micros", 0));
  model.memory_bytes = json.value("memory_bytes", 1000);
  return model;
}

absl::StatusOr<std::shared_ptr<const models::ModelText>> LoadFakeText(const models::ModelFiles& files) {
  if (!files.texts.contains("tokenizer")) return std::shared_ptr<const models::ModelText>();
  return std::make_shared<const testing::FakeText>();
}

}  // namespace
}  // namespace etd

int main(int argc, char** argv) {
  return etd::app::RunDaemon(argc, argv, "test", [](const etd::config::Config&) {
    return etd::app::Factories{.load_model = etd::LoadFake, .load_text = etd::LoadFakeText};
  });
}
