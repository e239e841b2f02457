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
        [this](const ModelFiles& files, const Checkpoint& checkpoint) -> absl::StatusOr<LoadedModel> {
          ++loads_;
          ETD_RETURN_IF_ERROR(checkpoint("read", 1, 2));
          if (while_loading_) ETD_RETURN_IF_ERROR(while_loading_(checkpoint));
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
  using Loading = std::future<absl::StatusOr<ModelUse>>;
  Loading StartLoad(const std::string& path, const std::string& name = "", StillWanted wanted = nullptr) {
    LoadRequest request;
    request.path = path;
    request.name = name;
    request.open = auth::OpenForDaemon;
    request.wanted = std::move(wanted);
    auto promise = std::make_shared<std::promise<absl::StatusOr<ModelUse>>>();
    store_->Load(request, nullptr, [promise](auto use) { promise->set_value(std::move(use)); });
    return promise->get_future();
  }
  absl::StatusOr<ModelUse> Load(const std::string& path, const std::string& name = "") {
    return StartLoad(path, name).get();
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
  std::function<absl::Status(const Checkpoint& checkpoint)> while_loading_;  // on the store's thread
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

// The first load stands still between two checkpoints until the test lets it go.
class GivenUpLoadTest : public ModelStoreTest {
 protected:
  void SetUp() override {
    ModelStoreTest::SetUp();
    while_loading_ = [this](const Checkpoint& checkpoint) {
      if (!first_.exchange(false)) return absl::OkStatus();
      reached_.set_value();
      go_.get_future().wait();
      const absl::Status status = checkpoint("prepare", 1, 2);
      if (after_checkpoint_) after_checkpoint_();
      return status;
    };
  }
  StillWanted Wanted() {
    return [this] { return wanted_.load(); };
  }
  // The caller goes away, which its waiting calls are told.
  void GiveUp() {
    wanted_ = false;
    store_->DropUnwanted();
  }
  void LetGo() { go_.set_value(); }
  std::atomic<bool> first_{true};
  std::atomic<bool> wanted_{true};
  std::function<void()> after_checkpoint_;
  std::promise<void> reached_;
  std::promise<void> go_;
};

TEST_F(GivenUpLoadTest, EndsAtTheNextCheckpoint) {
  Loading loading = StartLoad(Program("a"), "", Wanted());
  reached_.get_future().wait();
  GiveUp();
  // The caller has its answer while the load still stands.
  EXPECT_EQ(loading.get().status().code(), absl::StatusCode::kCancelled);
  LetGo();
  // One load follows the other.
  ASSERT_TRUE(Load(Program("b")).ok());
  EXPECT_EQ(store_->loads(), 1u);
  EXPECT_EQ(store_->Get("a").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(budget_->used(), 1000u);
  EXPECT_EQ(added_.size(), 1u);
}

TEST_F(GivenUpLoadTest, GoesOnForOthers) {
  const std::string path = Program("a");
  Loading first = StartLoad(path, "", Wanted());
  reached_.get_future().wait();
  Loading second = StartLoad(path);
  GiveUp();
  EXPECT_EQ(first.get().status().code(), absl::StatusCode::kCancelled);
  LetGo();
  EXPECT_TRUE(second.get().ok());
  EXPECT_EQ(store_->Get("a")->uses, 1u);
  EXPECT_EQ(loads_, 1);
}

TEST_F(GivenUpLoadTest, StartsAgainForWhoComesTooLateToKeepIt) {
  const std::string path = Program("a");
  std::promise<void> given_up;
  std::promise<void> joined;
  after_checkpoint_ = [&] {
    given_up.set_value();
    joined.get_future().wait();
  };
  Loading first = StartLoad(path, "", Wanted());
  reached_.get_future().wait();
  GiveUp();
  LetGo();
  given_up.get_future().wait();
  Loading second = StartLoad(path);
  joined.set_value();
  EXPECT_TRUE(second.get().ok());
  EXPECT_EQ(loads_, 2);
  EXPECT_EQ(store_->Get("a")->uses, 1u);
}

TEST_F(GivenUpLoadTest, CancelledBeforeItBegan) {
  wanted_ = false;
  EXPECT_EQ(StartLoad(Program("a"), "", Wanted()).get().status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(loads_, 0);
}

TEST_F(ModelStoreTest, StopFailsWhatWaits) {
  store_->Stop();
  EXPECT_EQ(Load(Program("a")).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Acquire("a").status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace etd::models
