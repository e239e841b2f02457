#include "runtime/text/tokenizer/regex_translator.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/text/tokenizer/char_class.h"
#include "runtime/text/tokenizer/utf8.h"

namespace etd::text {
namespace {

constexpr int kMaxDepth = 32;

std::string Ranges(const std::vector<CharRange>& ranges) {
  std::string out;
  for (const CharRange& range : ranges) {
    out += fmt::format("\\x{{{:x}}}", static_cast<uint32_t>(range.first));
    if (range.last != range.first) out += fmt::format("-\\x{{{:x}}}", static_cast<uint32_t>(range.last));
  }
  return out;
}

std::vector<CharRange> Complement(const std::vector<CharRange>& ranges) {
  std::vector<CharRange> out;
  char32_t next = 0;
  const auto add = [&](char32_t first, char32_t last) {
    // PCRE2 refuses surrogates in a UTF pattern, and valid text has none.
    if (first < 0xD800 && last > 0xDFFF) {
      out.push_back({first, 0xD7FF});
      out.push_back({0xE000, last});
    } else if (first <= last && !(first >= 0xD800 && last <= 0xDFFF)) {
      out.push_back({first, last});
    }
  };
  for (const CharRange& range : ranges) {
    if (range.first > next) add(next, range.first - 1);
    next = range.last + 1;
  }
  if (next <= 0x10FFFF) add(next, 0x10FFFF);
  return out;
}

// Members of a bracket class (without the brackets) for the characters with `flag`, or for all others.
std::string FlagMembers(uint16_t flag, bool negated) {
  const std::vector<CharRange> ranges = RangesWith(flag);
  return Ranges(negated ? Complement(ranges) : ranges);
}

// The characters of a general category ("l", "lu", …) or of the script "han" that are younger than PCRE2's tables.
std::vector<CharRange> YoungMembers(std::string_view name) {
  if (name == "han") return {{0x2B739, 0x2B739}, {0x2EBF0, 0x2EE5D}, {0x31350, 0x323AF}};
  std::vector<CharRange> ranges;
  for (size_t i = 0; i < kYoungRangeCount; ++i) {
    const YoungRange& range = kYoungRanges[i];
    const char full[] = {static_cast<char>(std::tolower(range.category[0])), range.category[1], '\0'};
    if (name == full || name == std::string_view(full, 1)) ranges.push_back({range.first, range.last});
  }
  return ranges;
}

// To PCRE2 they are all unassigned: what its "cn" and "c" find too much.
std::vector<CharRange> YoungNonMembers(std::string_view name) {
  std::vector<CharRange> ranges;
  for (size_t i = 0; i < kYoungRangeCount; ++i) {
    const YoungRange& range = kYoungRanges[i];
    if (name == "cn" || range.category[0] != 'C') ranges.push_back({range.first, range.last});
  }
  return ranges;
}

// A set of characters: what stands between [ and ], or one \p{…} outside.
struct CharSet {
  std::string members;              // PCRE2 class members
  std::vector<std::string> others;  // alternatives that are no plain members: nested or intersected classes
  bool negated = false;

  // One PCRE2 atom.
  std::string Atom() const {
    if (others.empty()) {
      if (members.empty()) return negated ? "[\\s\\S]" : "(?!)";
      return fmt::format("[{}{}]", negated ? "^" : "", members);
    }
    const std::string own = members.empty() ? "" : fmt::format("[{}]|", members);
    return fmt::format("(?:{}{}{}{})", negated ? "(?!" : "", own, fmt::join(others, "|"), negated ? ")[\\s\\S]" : "");
  }
};

class Translator {
 public:
  explicit Translator(std::string_view pattern) : in_(pattern) {}

  absl::StatusOr<std::string> Run() {
    ETD_RETURN_IF_ERROR(Sequence(0));
    if (at_ < in_.size()) return InvalidArgument("unmatched ')'");
    return std::move(out_);
  }

 private:
  bool More() const { return at_ < in_.size(); }
  bool Looking(std::string_view text) const { return in_.substr(at_, text.size()) == text; }

  // Copies one character of the pattern.
  void Copy() {
    const size_t length = Utf8Length(in_[at_]);
    out_ += in_.substr(at_, length);
    at_ += length;
  }

  // Everything up to the group's ')' (not taken) or the end.
  absl::Status Sequence(int depth) {
    if (depth > kMaxDepth) return InvalidArgument("groups are nested deeper than {} levels", kMaxDepth);
    while (More() && in_[at_] != ')') {
      const size_t atom = out_.size();
      const char c = in_[at_];
      if (c == '(') {
        ETD_RETURN_IF_ERROR(Group(depth));
      } else if (c == '[') {
        ETD_ASSIGN_OR_RETURN(const CharSet set, Class(depth));
        out_ += set.Atom();
      } else if (c == '\\') {
        ETD_RETURN_IF_ERROR(Escape());
      } else {
        Copy();
      }
      Quantifiers(atom);
    }
    return absl::OkStatus();
  }

  // Oniguruma reads {,n} as {0,n}, and {n,m}+ as a repeated group where PCRE2 reads a possessive one.
  void Quantifiers(size_t atom) {
    while (More() && in_[at_] == '{') {
      size_t end = at_ + 1;
      while (end < in_.size() && (std::isdigit(static_cast<unsigned char>(in_[end])) != 0 || in_[end] == ',')) ++end;
      if (end >= in_.size() || in_[end] != '}' || end == at_ + 1) return;
      std::string_view bounds = in_.substr(at_ + 1, end - at_ - 1);
      if (bounds == "," || std::count(bounds.begin(), bounds.end(), ',') > 1) return;
      out_ += bounds.front() == ',' ? "{0" : "{";
      out_ += bounds;
      out_ += '}';
      at_ = end + 1;
      if (More() && in_[at_] == '+') {
        out_.insert(atom, "(?:");
        out_ += ")+";
        ++at_;
      } else if (More() && in_[at_] == '?') {
        // {n}? is "{n}, or nothing" to Oniguruma; with two bounds it is the lazy form in both.
        if (bounds.find(',') == std::string_view::npos) {
          out_.insert(atom, "(?:");
          out_ += ")?";
        } else {
          out_ += '?';
        }
        ++at_;
      }
    }
  }

  absl::Status Group(int depth) {
    out_ += '(';
    ++at_;
    if (Looking("?~")) return InvalidArgument("absent operator (?~…) is not supported");
    if (Looking("?#")) {
      out_.pop_back();
      while (More() && in_[at_] != ')') at_ += in_[at_] == '\\' ? 2 : 1;
      if (!More()) return InvalidArgument("unfinished comment");
      ++at_;
      return absl::OkStatus();
    }
    if (Looking("*")) return InvalidArgument("callouts are not supported");
    if (Looking("?")) {
      out_ += '?';
      ++at_;
      // Options: Oniguruma's m lets . match a newline, which PCRE2 calls s.
      while (More() && (std::isalpha(static_cast<unsigned char>(in_[at_])) != 0 || in_[at_] == '-')) {
        if (std::string_view("imx-").find(in_[at_]) == std::string_view::npos) {
          return InvalidArgument("group option '{}' is not supported", in_[at_]);
        }
        out_ += in_[at_] == 'm' ? 's' : in_[at_];
        ++at_;
      }
      // Lookarounds, atomic and named groups begin the same in both.
      while (More() && std::string_view(":=!><'").find(in_[at_]) != std::string_view::npos) {
        out_ += in_[at_++];
        if (out_.back() == ':') break;
      }
      if (More() && in_[at_] == ')') {
        out_ += ')';
        ++at_;
        return absl::OkStatus();
      }
    }
    ETD_RETURN_IF_ERROR(Sequence(depth + 1));
    if (!More()) return InvalidArgument("missing ')'");
    out_ += ')';
    ++at_;
    return absl::OkStatus();
  }

  absl::Status Escape() {
    if (at_ + 1 >= in_.size()) return InvalidArgument("ends in a lone backslash");
    const char c = in_[at_ + 1];
    if (c == 'b' || c == 'B') {
      // A word character on one side only, or on both or neither.
      const std::string word = FlagMembers(kPatternWord, false);
      const char inside = c == 'b' ? '!' : '=', outside = c == 'b' ? '=' : '!';
      out_ += fmt::format("(?:(?<=[{0}])(?{1}[{0}])|(?<![{0}])(?{2}[{0}]))", word, inside, outside);
      at_ += 2;
      return absl::OkStatus();
    }
    CharSet set;
    ETD_ASSIGN_OR_RETURN(const bool is_set, SetEscape(set));
    if (is_set) {
      out_ += set.Atom();
      return absl::OkStatus();
    }
    if (std::string_view("XRNOKyYGgk").find(c) != std::string_view::npos) {
      return InvalidArgument("\\{} is not supported", c);
    }
    out_ += '\\';
    ++at_;
    Copy();
    return absl::OkStatus();
  }

  // Reads \s \w \d \h \p and their opposites into `set`; false (and nothing read) for any other escape.
  absl::StatusOr<bool> SetEscape(CharSet& set) {
    if (at_ + 1 >= in_.size()) return InvalidArgument("ends in a lone backslash");
    const char c = in_[at_ + 1];
    switch (c) {
      case 's':
      case 'S':
        set.members += FlagMembers(kSpace, c == 'S');
        break;
      case 'w':
      case 'W':
        set.members += FlagMembers(kPatternWord, c == 'W');
        break;
      case 'd':
      case 'D':
        AddProperty("nd", c == 'D', set);
        break;
      case 'h':
        set.members += "0-9A-Fa-f";
        break;
      case 'H':
        set.members += Ranges(Complement({{'0', '9'}, {'A', 'F'}, {'a', 'f'}}));
        break;
      case 'p':
      case 'P':
        ETD_RETURN_IF_ERROR(Property(set));
        return true;
      default:
        return false;
    }
    at_ += 2;
    return true;
  }

  absl::Status Property(CharSet& set) {
    const size_t end = in_.find('}', at_);
    if (at_ + 2 >= in_.size() || in_[at_ + 2] != '{' || end == std::string_view::npos) {
      return InvalidArgument("\\p must be followed by {{property}}");
    }
    bool negated = in_[at_ + 1] == 'P';
    std::string name;
    for (const char c : in_.substr(at_ + 3, end - at_ - 3)) {
      if (c == '^' && name.empty()) {
        negated = !negated;
      } else if (c != ' ' && c != '_' && c != '-') {
        name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      }
    }
    at_ = end + 1;
    if (name == "space" || name == "whitespace" || name == "word") {
      set.members += FlagMembers(name == "word" ? kPatternWord : kSpace, negated);
      return absl::OkStatus();
    }
    static const auto* const long_names = new std::map<std::string, std::string>{
        {"letter", "l"},           {"uppercaseletter", "lu"}, {"lowercaseletter", "ll"}, {"titlecaseletter", "lt"},
        {"modifierletter", "lm"},  {"otherletter", "lo"},     {"mark", "m"},             {"combiningmark", "m"},
        {"nonspacingmark", "mn"},  {"spacingmark", "mc"},     {"enclosingmark", "me"},   {"number", "n"},
        {"decimalnumber", "nd"},   {"digit", "nd"},           {"letternumber", "nl"},    {"othernumber", "no"},
        {"punctuation", "p"},      {"punct", "p"},            {"symbol", "s"},           {"mathsymbol", "sm"},
        {"currencysymbol", "sc"},  {"modifiersymbol", "sk"},  {"othersymbol", "so"},     {"separator", "z"},
        {"spaceseparator", "zs"},  {"other", "c"},            {"control", "cc"},         {"cntrl", "cc"},
        {"format", "cf"},          {"unassigned", "cn"},      {"privateuse", "co"}};
    if (const auto known = long_names->find(name); known != long_names->end()) name = known->second;
    AddProperty(name, negated, set);
    return absl::OkStatus();
  }

  // `name` in lower case: a general category, "any", or a script.
  void AddProperty(const std::string& name, bool negated, CharSet& set) {
    // A script's name alone means the Script property here, where PCRE2 would take Script_Extensions.
    const std::string_view kind = name.size() > 2 && name != "any" ? "sc:" : "";
    const bool unassigned = name == "c" || name == "cn";
    const std::string young = Ranges(unassigned ? YoungNonMembers(name) : YoungMembers(name));
    const std::string property = fmt::format("\\{}{{{}{}}}", negated ? 'P' : 'p', kind, name);
    // Young characters join the set, or must be kept out of what PCRE2 finds.
    if (young.empty() || negated == unassigned) {
      set.members += property + young;
    } else {
      set.others.push_back(fmt::format("(?:(?![{}]){})", young, property));
    }
  }

  // One [class], with its nested classes and && operations.
  absl::StatusOr<CharSet> Class(int depth) {
    if (depth > kMaxDepth) return InvalidArgument("classes are nested deeper than {} levels", kMaxDepth);
    ++at_;
    CharSet set;
    bool negated = false;
    if (More() && in_[at_] == '^') {
      negated = true;
      ++at_;
    }
    std::vector<std::string> operands;  // what stood left of each &&
    for (bool first = true; More(); first = false) {
      const char c = in_[at_];
      if (c == ']' && !first) {
        ++at_;
        if (!operands.empty()) {
          std::string both;
          for (const std::string& operand : operands) both += fmt::format("(?={})", operand);
          CharSet result;
          result.others.push_back(fmt::format("(?:{}{})", both, set.Atom()));
          set = std::move(result);
        }
        set.negated = negated;
        return set;
      }
      if (Looking("[:")) {
        const size_t end = in_.find(":]", at_);
        if (end == std::string_view::npos) return InvalidArgument("unfinished [: in a class");
        set.members += in_.substr(at_, end + 2 - at_);
        at_ = end + 2;
      } else if (c == '[') {
        ETD_ASSIGN_OR_RETURN(const CharSet inner, Class(depth + 1));
        set.others.push_back(inner.Atom());
      } else if (Looking("&&")) {
        operands.push_back(set.Atom());
        set = CharSet();
        at_ += 2;
      } else {
        ETD_RETURN_IF_ERROR(ClassMember(set));
      }
    }
    return InvalidArgument("missing ']'");
  }

  absl::Status ClassMember(CharSet& set) {
    if (in_[at_] != '\\') {
      const size_t length = Utf8Length(in_[at_]);
      // A '-' at the edge is itself to both; a ']' that comes first is a member to both.
      set.members += in_.substr(at_, length);
      at_ += length;
      return absl::OkStatus();
    }
    ETD_ASSIGN_OR_RETURN(const bool is_set, SetEscape(set));
    if (is_set) return absl::OkStatus();
    set.members += '\\';
    ++at_;
    const size_t length = Utf8Length(in_[at_]);
    set.members += in_.substr(at_, length);
    at_ += length;
    return absl::OkStatus();
  }

  std::string_view in_;
  size_t at_ = 0;
  std::string out_;
};

}  // namespace

absl::StatusOr<std::string> TranslateRegex(std::string_view pattern) { return Translator(pattern).Run(); }

}  // namespace etd::text
