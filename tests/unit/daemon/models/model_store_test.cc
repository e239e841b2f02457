#include "daemon/models/model_store.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>

#include "gtest/gtest.h"
#include "runtime/base/status.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_engine.h"

namespace etd::models {
namespace {

namespace fs = std::filesystem;

class ModelStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "etd-store-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = fs::canonical(pattern).string();
    Make(0);
  }
  void TearDown() override {
    store_->Stop();
    store_.reset();
    fs::remove_all(root_);
  }
  void Make(uint64_t budget) {
    if (store_ != nullptr) store_->Stop();
    store_.reset();
    budget_ = std::make_unique<scheduler::MemoryBudget>(budget);
    ModelHost host;
    host.add = [this](uint64_t id, const std::string&, std::shared_ptr<engine::Engine>) {
      std::lock_guard<std::mutex> lock(mutex_);
      added_.push_back(id);
    };
    host.remove = [this](uint64_t, bool force, std::function<void()> done) {
      ++removes_;
      forced_ += force ? 1 : 0;
      if (done) done();
    };
    host.memory_freed = [] {};
    store_ = std::make_unique<ModelStore>(
        StoreOptions{.directories = {root_ + "/shelf"}, .keep_alive = std::chrono::minutes(5), .load_keep_alive = {}},
        [this](const ModelFiles& files, const ProgressCallback& progress) -> absl::StatusOr<LoadedModel> {
          ++loads_;
          progress("read", 1, 2);
          if (files.name == "broken") return InvalidArgument("a broken program");
          LoadedModel model;
          model.engine = std::make_unique<testing::FakeEngine>();
          model.memory_bytes = 1000;
          return model;
        },
        [](const ModelFiles&) { return std::shared_ptr<const ModelText>(); }, root_ + "/cache", clock_, budget_.get(),
        std::move(host));
  }
  std::string Program(const std::string& name, const std::string& folder = "files") {
    const fs::path path = fs::path(root_) / folder / (name + ".pte");
    fs::create_directories(path.parent_path());
    std::ofstream(path) << name;
    return path.string();
  }
  absl::StatusOr<ModelUse> Load(const std::string& path, const std::string& name = "") {
    LoadRequest request;
    request.path = path;
    request.name = name;
    request.open = auth::OpenForDaemon;
    auto promise = std::make_shared<std::promise<absl::StatusOr<ModelUse>>>();
    store_->Load(request, nullptr, [promise](auto use) { promise->set_value(std::move(use)); });
    return promise->get_future().get();
  }
  absl::StatusOr<ModelUse> Acquire(const std::string& name) {
    auto promise = std::make_shared<std::promise<absl::StatusOr<ModelUse>>>();
    store_->Acquire(name, [promise](auto use) { promise->set_value(std::move(use)); });
    return promise->get_future().get();
  }
  absl::StatusOr<UnloadResult> Unload(const std::string& name, bool force = false) {
    auto promise = std::make_shared<std::promise<absl::StatusOr<UnloadResult>>>();
    store_->Unload(name, force, [promise](auto result) { promise->set_value(std::move(result)); });
    return promise->get_future().get();
  }

  std::string root_;
  testing::FakeClock clock_;
  std::unique_ptr<scheduler::MemoryBudget> budget_;
  std::unique_ptr<ModelStore> store_;
  std::mutex mutex_;
  std::vector<uint64_t> added_;
  std::atomic<int> loads_{0};
  std::atomic<int> removes_{0};
  std::atomic<int> forced_{0};
};

TEST_F(ModelStoreTest, LoadedTwiceIsOneCopyWithTwoUses) {
  const std::string path = Program("a");
  ASSERT_TRUE(Load(path).ok());
  ASSERT_TRUE(Load(path).ok());
  // Another name for the same file is the same model.
  ASSERT_TRUE(Load(path, "alias").ok());
  EXPECT_EQ(loads_, 1);
  EXPECT_EQ(store_->Get("a")->uses, 3u);
  EXPECT_EQ(store_->Get("alias")->uses, 3u);
  EXPECT_EQ(Unload("a")->uses, 2u);
  EXPECT_EQ(Unload("a")->uses, 1u);
  EXPECT_FALSE(Unload("nobody").ok());
  const auto last = Unload("alias");
  ASSERT_TRUE(last.ok());
  EXPECT_TRUE(last->unloaded);
  EXPECT_FALSE(store_->Get("a").ok());
}

TEST_F(ModelStoreTest, NameOfAnotherFileIsTaken) {
  ASSERT_TRUE(Load(Program("a")).ok());
  EXPECT_EQ(Load(Program("b"), "a").status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Load(Program("b"), "a/b").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ModelStoreTest, FailedLoadLeavesNothing) {
  EXPECT_EQ(Load(Program("broken")).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(store_->List().empty());
  EXPECT_EQ(budget_->used(), 0u);
}

TEST_F(ModelStoreTest, AcquireLoadsFromTheDirectories) {
  Program("shelved", "shelf");
  ASSERT_EQ(store_->List().size(), 1u);
  EXPECT_EQ(store_->List()[0].state, ModelState::kAvailable);
  auto use = Acquire("shelved");
  ASSERT_TRUE(use.ok()) << use.status();
  EXPECT_EQ((*use)->memory_bytes, 1000u);
  EXPECT_EQ(store_->Get("shelved")->active, 1u);
  EXPECT_EQ(store_->Get("shelved")->uses, 0u);
  const auto unknown = Acquire("nobody");
  EXPECT_EQ(unknown.status().code(), absl::StatusCode::kNotFound);
  EXPECT_NE(unknown.status().message().find("shelved"), absl::string_view::npos);
}

TEST_F(ModelStoreTest, BudgetEvictsWhatNobodyCountsOn) {
  Make(2500);
  Program("one", "shelf");
  Program("two", "shelf");
  Program("three", "shelf");
  { const auto use = Acquire("one"); }
  clock_.Advance(std::chrono::seconds(1));
  { const auto use = Acquire("two"); }
  clock_.Advance(std::chrono::seconds(1));
  ASSERT_TRUE(Acquire("three").ok());
  EXPECT_EQ(store_->Get("one")->state, ModelState::kAvailable);
  EXPECT_EQ(store_->Get("two")->state, ModelState::kReady);
  // Models that somebody loaded stay: the next one is refused.
  Make(2500);
  ASSERT_TRUE(Load(Program("a")).ok());
  ASSERT_TRUE(Load(Program("b")).ok());
  const auto refused = Load(Program("c"));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(budget_->used(), 2000u);
}

TEST_F(ModelStoreTest, ForcedUnloadTakesAllUses) {
  const std::string path = Program("a");
  ASSERT_TRUE(Load(path).ok());
  ASSERT_TRUE(Load(path).ok());
  EXPECT_TRUE(Unload("a", true)->unloaded);
  EXPECT_EQ(forced_, 1);
}

TEST_F(ModelStoreTest, ChangedFileIsNotTheSameModel) {
  const std::string path = Program("a");
  ASSERT_TRUE(Load(path).ok());
  fs::remove(path);
  std::ofstream(path) << "something else";
  EXPECT_EQ(Load(path).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(Unload("a")->unloaded);
  EXPECT_TRUE(Load(path).ok());
}

TEST_F(ModelStoreTest, StopFailsWhatWaits) {
  store_->Stop();
  EXPECT_EQ(Load(Program("a")).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Acquire("a").status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace etd::models
