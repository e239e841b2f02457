#define PCRE2_CODE_UNIT_WIDTH 8
#include "runtime/text/tokenizer/regex.h"

#include <pcre2.h>

#include <utility>

#include "runtime/base/status.h"
#include "runtime/text/tokenizer/regex_translator.h"
#include "runtime/text/tokenizer/utf8.h"

namespace etd::text {
namespace {

constexpr size_t kMaxPattern = 16 << 10;
constexpr uint32_t kMatchLimit = 2'000'000;
constexpr uint32_t kHeapLimitKiB = 64 << 10;
constexpr size_t kJitStackStart = 32 << 10;
constexpr size_t kJitStackMax = 1 << 20;

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using MatchContext = std::unique_ptr<pcre2_match_context, Freer<pcre2_match_context_free>>;
using MatchData = std::unique_ptr<pcre2_match_data, Freer<pcre2_match_data_free>>;
using JitStack = std::unique_ptr<pcre2_jit_stack, Freer<pcre2_jit_stack_free>>;

std::string ErrorText(int code) {
  PCRE2_UCHAR buffer[256];
  if (pcre2_get_error_message(code, buffer, sizeof(buffer)) < 0) return fmt::format("error {}", code);
  return reinterpret_cast<const char*>(buffer);
}

// What a thread needs to match; made once for each thread.
struct Scratch {
  MatchContext context{pcre2_match_context_create(nullptr)};
  MatchData data{pcre2_match_data_create(1, nullptr)};
  JitStack stack{pcre2_jit_stack_create(kJitStackStart, kJitStackMax, nullptr)};

  Scratch() {
    if (context == nullptr) return;
    pcre2_set_match_limit(context.get(), kMatchLimit);
    pcre2_set_heap_limit(context.get(), kHeapLimitKiB);
    if (stack != nullptr) pcre2_jit_stack_assign(context.get(), nullptr, stack.get());
  }
};

}  // namespace

struct Regex::Code {
  explicit Code(pcre2_code* compiled) : code(compiled) {}
  ~Code() { pcre2_code_free(code); }
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;

  pcre2_code* code;
};

absl::StatusOr<Regex> Regex::Compile(const std::string& pattern) {
  if (pattern.size() > kMaxPattern) return InvalidArgument("pattern is longer than {} bytes", kMaxPattern);
  auto translated = TranslateRegex(pattern);
  if (!translated.ok()) return Annotate(translated.status(), fmt::format("pattern \"{}\"", pattern));
  std::unique_ptr<pcre2_compile_context, Freer<pcre2_compile_context_free>> context(
      pcre2_compile_context_create(nullptr));
  if (context == nullptr) return ResourceExhausted("no memory to compile a pattern");
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  int error = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* code =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated->data()), translated->size(),
                    PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &error, &offset, context.get());
  if (code == nullptr) return InvalidArgument("pattern \"{}\": {}", pattern, ErrorText(error));
  Regex regex;
  regex.code_ = std::make_shared<const Code>(code);
  // Without JIT (where the system has none) the interpreter does the same, slower.
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
  return regex;
}

absl::Status Regex::FindAll(std::string_view text, std::vector<Match>& matches) const {
  thread_local Scratch scratch;
  if (scratch.context == nullptr || scratch.data == nullptr) return ResourceExhausted("no memory to match a pattern");
  const auto subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  size_t at = 0;
  size_t last_end = std::string_view::npos;
  while (at <= text.size()) {
    int result = pcre2_match(code_->code, subject, text.size(), at, PCRE2_NO_UTF_CHECK, scratch.data.get(),
                             scratch.context.get());
    if (result == PCRE2_ERROR_JIT_STACKLIMIT) {
      result = pcre2_match(code_->code, subject, text.size(), at, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT,
                           scratch.data.get(), scratch.context.get());
    }
    if (result == PCRE2_ERROR_NOMATCH) break;
    if (result < 0) {
      return InvalidArgument("a pattern of the tokenizer cannot be matched against this text: {}", ErrorText(result));
    }
    const PCRE2_SIZE* span = pcre2_get_ovector_pointer(scratch.data.get());
    const Match match{span[0], span[1]};
    // \K may put the start behind the end; such patterns have no meaning for splitting.
    if (match.begin > match.end || match.begin < at) return InvalidArgument("a pattern matches backwards");
    if (match.begin == match.end && match.end == last_end) {
      at += at < text.size() ? Utf8Length(text[at]) : 1;
      continue;
    }
    matches.push_back(match);
    at = last_end = match.end;
  }
  return absl::OkStatus();
}

}  // namespace etd::text
