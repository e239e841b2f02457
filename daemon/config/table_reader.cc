#include "daemon/config/table_reader.h"

#include <toml++/toml.h>

#include <set>
#include <utility>

#include "daemon/config/units.h"
#include "runtime/base/status.h"

namespace etd::config {

struct Document::State {
  std::string name;
  toml::table root;
  std::set<std::string, std::less<>> known;
  absl::Status error;

  void Fail(const toml::node* node, std::string_view key, std::string_view what) {
    if (!error.ok()) return;
    const uint32_t line = node == nullptr ? 0 : node->source().begin.line;
    error = InvalidArgument("{}:{}: {}: {}", name, line, key, what);
  }
};

namespace {

template <typename State>
class Reader final : public TableReader {
 public:
  Reader(State* state, std::string_view name, const toml::table* table) : state_(state), name_(name), table_(table) {}

  void String(std::string_view key, std::string* value) override {
    const toml::node* node = Get(key);
    if (node == nullptr) return;
    if (!node->is_string()) return FailAt(node, key, "must be a string");
    *value = node->as_string()->get();
  }

  void Strings(std::string_view key, std::vector<std::string>* values) override {
    const toml::node* node = Get(key);
    if (node == nullptr) return;
    if (!node->is_array()) return FailAt(node, key, "must be an array of strings");
    values->clear();
    for (const toml::node& item : *node->as_array()) {
      if (!item.is_string()) return FailAt(&item, key, "must be an array of strings");
      values->push_back(item.as_string()->get());
    }
  }

  void Integer(std::string_view key, int64_t least, int64_t most, uint32_t* value) override {
    const toml::node* node = Get(key);
    if (node == nullptr) return;
    const int64_t number = node->is_integer() ? node->as_integer()->get() : least - 1;
    if (number < least || number > most) {
      return FailAt(node, key, fmt::format("must be a whole number from {} to {}", least, most));
    }
    *value = static_cast<uint32_t>(number);
  }

  void Time(std::string_view key, Duration* value) override {
    const toml::node* node = Get(key);
    if (node == nullptr) return;
    if (!node->is_string()) return FailAt(node, key, "must be a time as a string, such as \"30s\"");
    const absl::StatusOr<Duration> parsed = ParseDuration(node->as_string()->get());
    if (!parsed.ok()) return FailAt(node, key, ToStd(parsed.status().message()));
    *value = *parsed;
  }

  void Fail(std::string_view key, std::string_view what) override { FailAt(Get(key), key, what); }

  // Records the first key that was not asked for.
  void CheckUnknown() {
    if (table_ == nullptr) return;
    for (const auto& [key, node] : *table_) {
      if (!asked_.contains(key.str())) FailAt(&node, key.str(), "is no setting that this version knows");
    }
  }

 private:
  const toml::node* Get(std::string_view key) {
    asked_.emplace(key);
    return table_ == nullptr ? nullptr : table_->get(key);
  }
  void FailAt(const toml::node* node, std::string_view key, std::string_view what) {
    state_->Fail(node, fmt::format("{}.{}", name_, key), what);
  }

  State* const state_;
  const std::string name_;
  const toml::table* const table_;
  std::set<std::string, std::less<>> asked_;
};

}  // namespace

Document::Document(std::unique_ptr<State> state) : state_(std::move(state)) {}
Document::Document(Document&&) noexcept = default;
Document::~Document() = default;

absl::StatusOr<Document> Document::Parse(std::string_view toml, std::string_view name) {
  auto state = std::make_unique<State>();
  state->name = std::string(name);
  try {
    state->root = toml::parse(toml, name);
  } catch (const toml::parse_error& error) {
    return InvalidArgument("{}:{}: {}", name, error.source().begin.line, error.description());
  }
  return Document(std::move(state));
}

void Document::Table(std::string_view name, const std::function<void(TableReader*)>& read) {
  state_->known.emplace(name);
  const toml::node* node = state_->root.get(name);
  if (node != nullptr && !node->is_table()) {
    state_->Fail(node, name, "must be a table");
    return;
  }
  Reader<State> reader(state_.get(), name, node == nullptr ? nullptr : node->as_table());
  read(&reader);
  reader.CheckUnknown();
}

absl::Status Document::Done() {
  for (const auto& [key, node] : state_->root) {
    if (!state_->known.contains(key.str())) state_->Fail(&node, key.str(), "is no table that this version knows");
  }
  return state_->error;
}

}  // namespace etd::config
