// Chat templates: Jinja as Hugging Face models use it, from messages to the text of a prompt.
#ifndef ETD_RUNTIME_TEXT_CHAT_CHAT_TEMPLATE_H_
#define ETD_RUNTIME_TEXT_CHAT_CHAT_TEMPLATE_H_

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "runtime/base/clock.h"
#include "runtime/base/status.h"

namespace etd::text {

// A template as transformers would render it: Jinja 3.1's language, its filters and tests, sandboxed and immutable, with
// trim_blocks, lstrip_blocks, loop controls, the `generation` tag, raise_exception, strftime_now and a tojson that escapes
// neither HTML nor letters outside ASCII. Integers have 64 bits: what does not fit is an error, not a big number.
//
// What stands alone has nothing to load (include, import, extends), and the same messages give the same prompt (random,
// lipsum): those fail when they are reached. A template cannot hang, crash or exhaust the process: steps, memory, text
// length, nesting and range() are bounded (budget.h), and what goes beyond is an error.
//
// Immutable after Parse: any number of threads may render at once.
class ChatTemplate {
 public:
  // InvalidArgument with the line for a syntax error, an unknown filter or test.
  static absl::StatusOr<std::unique_ptr<ChatTemplate>> Parse(std::string_view source);
  ~ChatTemplate();
  ChatTemplate(const ChatTemplate&) = delete;
  ChatTemplate& operator=(const ChatTemplate&) = delete;

  // `arguments`: a JSON object whose members are the template's variables (messages, tools, add_generation_prompt …);
  // the order of keys is kept. `now` is what strftime_now shows, in UTC, so that one instant gives one prompt anywhere.
  // InvalidArgument: the template refuses the messages (raise_exception) or uses them wrongly, as Jinja would.
  // ResourceExhausted: a bound was reached.
  absl::StatusOr<std::string> Render(const nlohmann::ordered_json& arguments, WallTime now) const;

 private:
  struct Program;
  explicit ChatTemplate(std::unique_ptr<const Program> program);
  const std::unique_ptr<const Program> program_;
};

}  // namespace etd::text

#endif  // ETD_RUNTIME_TEXT_CHAT_CHAT_TEMPLATE_H_
