// load, unload, list, show.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>

#include "clients/etctl/commands.h"
#include "clients/etctl/format.h"
#include "clients/etctl/npy.h"

namespace etd::etctl {
namespace {

constexpr size_t kBarWidth = 30;

std::string_view StateName(v1::ModelState state) {
  switch (state) {
    case v1::MODEL_STATE_AVAILABLE: return "available";
    case v1::MODEL_STATE_LOADING: return "loading";
    case v1::MODEL_STATE_READY: return "ready";
    case v1::MODEL_STATE_UNLOADING: return "unloading";
    default: return "?";
  }
}

// "3 min 20 s ago", or "-" for a time that is not given.
std::string Ago(bool given, const google::protobuf::Timestamp& time) {
  if (!given) return "-";
  const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  return HumanSeconds(now - static_cast<double>(time.seconds()) - 1e-9 * time.nanos()) + " ago";
}

std::string OrDash(bool given, std::string text) { return given ? std::move(text) : "-"; }

// "float32[1, ≤128]", "int".
std::string TypeText(const v1::ValueType& type) {
  if (type.kind() != "tensor") return type.kind();
  std::string sizes;
  for (const int64_t size : type.shape()) {
    if (!sizes.empty()) sizes += ", ";
    sizes += fmt::format("{}{}", type.dynamic() && size != 1 ? "≤" : "", size);
  }
  return fmt::format("{}[{}]", DataTypeName(type.dtype()), sizes);
}

std::string TypesText(const google::protobuf::RepeatedPtrField<v1::ValueType>& types) {
  std::string text;
  for (const v1::ValueType& type : types) text += (text.empty() ? "" : ", ") + TypeText(type);
  return text;
}

std::string DefaultsText(const v1::Sampling& defaults) {
  std::string text;
  const auto add = [&](bool given, std::string_view name, auto value) {
    if (given) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, value);
  };
  add(defaults.has_temperature(), "temperature", defaults.temperature());
  add(defaults.has_top_k(), "top-k", defaults.top_k());
  add(defaults.has_top_p(), "top-p", defaults.top_p());
  add(defaults.has_min_p(), "min-p", defaults.min_p());
  add(defaults.has_repetition_penalty(), "repetition penalty", defaults.repetition_penalty());
  return text.empty() ? "none" : text;
}

void AddGeneration(const v1::Model& model, Table* table) {
  if (!model.can_generate()) {
    table->Add({"generates", "no; use `etctl infer`"});
    return;
  }
  table->Add({"context", HumanCount(static_cast<uint64_t>(std::max<int64_t>(model.max_context(), 0))) + " tokens"});
  table->Add({"vocabulary", HumanCount(static_cast<uint64_t>(std::max(model.vocab_size(), 0))) + " tokens"});
  table->Add({"tokenizer", model.has_tokenizer() ? "yes" : "no"});
  table->Add({"chat template", model.has_chat_template() ? "yes" : "no"});
  table->Add({"defaults", DefaultsText(model.defaults())});
  table->Add({"per session", fmt::format("{} and {} a token", HumanBytes(model.state_bytes_fixed()),
                                         HumanBytes(model.state_bytes_per_token()))});
}

void PrintModel(Console& console, const v1::Model& model) {
  Table table({{""}, {""}});
  table.Add({"name", model.name()});
  table.Add({"path", model.path()});
  table.Add({"state", std::string(StateName(model.state()))});
  table.Add({"file", HumanBytes(model.file_bytes())});
  if (!model.sha256().empty()) table.Add({"sha256", model.sha256()});
  if (model.state() == v1::MODEL_STATE_READY || model.state() == v1::MODEL_STATE_UNLOADING) {
    table.Add({"memory", HumanBytes(model.memory_bytes())});
    table.Add({"uses", fmt::format("{}, {} requests run", model.uses(), model.active_requests())});
    table.Add({"loaded", Ago(model.has_loaded_at(), model.loaded_at())});
    table.Add({"last used", Ago(model.has_last_used_at(), model.last_used_at())});
    table.Add({"kept", model.has_keep_alive() ? HumanSeconds(Seconds(model.keep_alive())) + " after its last use"
                                              : "until it is unloaded"});
    AddGeneration(model, &table);
  }
  for (const v1::Method& method : model.methods()) {
    table.Add({"method", fmt::format("{}({}) -> {}", method.name(), TypesText(method.inputs()),
                                     TypesText(method.outputs()))});
  }
  console.out << table.Render(console.colours);
}

// The progress of a load on a terminal: one line that is written again and again.
class ProgressBar {
 public:
  explicit ProgressBar(Console& console) : console_(console) {}
  ~ProgressBar() {
    if (shown_) console_.err << "\r\x1b[K" << std::flush;
  }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void Show(const v1::LoadProgress& progress) {
    if (!console_.err_is_terminal) return;
    shown_ = true;
    console_.err << '\r' << ProgressLine(progress) << "\x1b[K" << std::flush;
  }

 private:
  Console& console_;
  bool shown_ = false;
};

}  // namespace

std::string ProgressLine(const v1::LoadProgress& progress) {
  const std::string stage = Visible(progress.stage().substr(0, 10), false);
  if (progress.total() == 0) return fmt::format("{:<8}", stage);
  const uint64_t done = std::min(progress.completed(), progress.total());
  const double part = static_cast<double>(done) / static_cast<double>(progress.total());
  const auto percent = static_cast<int>(part * 100);  // rounded down: 100 is for what is complete
  std::string bar(kBarWidth, '.');
  std::fill_n(bar.begin(), static_cast<size_t>(part * kBarWidth), '#');
  const bool bytes = stage == "check" || stage == "read";
  return fmt::format("{:<8} [{}] {:3} %{}", stage, bar, percent,
                     bytes ? fmt::format("  {} of {}", HumanBytes(done), HumanBytes(progress.total())) : "");
}

ExitCode Run(Context& context, const LoadOptions& options) {
  v1::LoadModelRequest request;
  // The daemon has another working directory.
  std::error_code error;
  const std::filesystem::path path = std::filesystem::absolute(options.path, error);
  request.set_path(error ? options.path : path.lexically_normal().string());
  request.set_name(options.name);
  if (!options.keep_alive.empty()) {
    const auto keep_alive = ParseDuration(options.keep_alive);
    if (!keep_alive) {
      PrintError(context.console, fmt::format("--keep-alive is a time such as 90s, 5m or 2h, or 0 for ever: '{}'",
                                              options.keep_alive));
      return ExitCode::kUsage;
    }
    *request.mutable_keep_alive() = *keep_alive;
  }
  const auto begin = std::chrono::steady_clock::now();
  v1::Model model;
  absl::Status status;
  {
    ProgressBar bar(context.console);
    const auto stream = context.client.LoadModel(request);
    for (v1::LoadModelResponse message; stream->Next(&message);) {
      if (message.has_progress()) bar.Show(message.progress());
      if (message.has_model()) model = message.model();
    }
    status = stream->Finish();
  }
  if (!status.ok()) return Fail(context, status);
  if (context.json) {
    PrintJson(context, model);
    return ExitCode::kOk;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::string line = fmt::format("{} is ready after {}: {} of memory", model.name(), HumanSeconds(took.count()),
                                 HumanBytes(model.memory_bytes()));
  if (model.can_generate()) line += fmt::format(", a context of {} tokens", model.max_context());
  if (model.uses() > 1) line += fmt::format(", {} uses", model.uses());
  context.console.out << Visible(line, false) << std::endl;
  return ExitCode::kOk;
}

ExitCode Run(Context& context, const UnloadOptions& options) {
  v1::UnloadModelRequest request;
  request.set_model(options.model);
  request.set_force(options.force);
  const auto response = context.client.UnloadModel(request);
  if (!response.ok()) return Fail(context, response.status());
  if (context.json) {
    PrintJson(context, *response);
  } else if (response->unloaded()) {
    context.console.out << Visible(options.model, false) << " is unloaded\n";
  } else if (response->uses() > 0) {
    context.console.out << Visible(options.model, false) << " stays loaded for " << response->uses()
                        << " other uses (--force takes them away)\n";
  } else {
    context.console.out << Visible(options.model, false) << " goes when its running requests have ended\n";
  }
  return ExitCode::kOk;
}

ExitCode Run(Context& context, const ListOptions&) {
  const auto response = context.client.ListModels();
  if (!response.ok()) return Fail(context, response.status());
  if (context.json) {
    PrintJson(context, *response);
    return ExitCode::kOk;
  }
  Table table({{"NAME"}, {"STATE"}, {"FILE", true}, {"MEMORY", true}, {"CONTEXT", true}, {"USES", true},
               {"RUNNING", true}, {"LAST USED", true}});
  for (const v1::Model& model : response->models()) {
    const bool loaded = model.state() == v1::MODEL_STATE_READY || model.state() == v1::MODEL_STATE_UNLOADING;
    table.Add({model.name(), std::string(StateName(model.state())), HumanBytes(model.file_bytes()),
               OrDash(loaded, HumanBytes(model.memory_bytes())),
               OrDash(loaded && model.can_generate(), fmt::format("{}", model.max_context())),
               OrDash(loaded, fmt::format("{}", model.uses())),
               OrDash(loaded, fmt::format("{}", model.active_requests())),
               Ago(model.has_last_used_at(), model.last_used_at())});
  }
  if (table.empty()) {
    PrintError(context.console, "there are no models; load one with `etctl load PATH`");
  } else {
    context.console.out << table.Render(context.console.colours);
  }
  return ExitCode::kOk;
}

ExitCode Run(Context& context, const ShowOptions& options) {
  v1::GetModelRequest request;
  request.set_model(options.model);
  const auto model = context.client.GetModel(request);
  if (!model.ok()) return Fail(context, model.status());
  if (context.json) {
    PrintJson(context, *model);
  } else {
    PrintModel(context.console, *model);
  }
  return ExitCode::kOk;
}

}  // namespace etd::etctl
