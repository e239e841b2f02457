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

// Letters and numbers by PCRE2's own (fast) property, widened by those younger than its tables.
const std::string& PropertyMembers(uint16_t flag) {
  static const auto* const members = new std::map<uint16_t, std::string>{
      {kLetter, "\\p{L}" + Ranges({{0x1C89, 0x1C8A},   {0xA7CB, 0xA7CD},   {0xA7DA, 0xA7DC},   {0x105C0, 0x105F3},
                                   {0x10D4A, 0x10D65}, {0x10D6F, 0x10D85}, {0x10EC2, 0x10EC4}, {0x1123F, 0x11240},
                                   {0x11380, 0x11389}, {0x1138B, 0x1138B}, {0x1138E, 0x1138E}, {0x11390, 0x113B5},
                                   {0x113B7, 0x113B7}, {0x113D1, 0x113D1}, {0x113D3, 0x113D3}, {0x11BC0, 0x11BE0},
                                   {0x11F02, 0x11F02}, {0x11F04, 0x11F10}, {0x11F12, 0x11F33}, {0x1342F, 0x1342F},
                                   {0x13441, 0x13446}, {0x13460, 0x143FA}, {0x16100, 0x1611D}, {0x16D40, 0x16D6C},
                                   {0x18CFF, 0x18CFF}, {0x1B132, 0x1B132}, {0x1B155, 0x1B155}, {0x1DF25, 0x1DF2A},
                                   {0x1E030, 0x1E06D}, {0x1E4D0, 0x1E4EB}, {0x1E5D0, 0x1E5ED}, {0x1E5F0, 0x1E5F0},
                                   {0x2B739, 0x2B739}, {0x2EBF0, 0x2EE5D}, {0x31350, 0x323AF}})},
      {kNumber, "\\p{N}" + Ranges({{0x10D40, 0x10D49},
                                   {0x116D0, 0x116E3},
                                   {0x11BF0, 0x11BF9},
                                   {0x11F50, 0x11F59},
                                   {0x16130, 0x16139},
                                   {0x16D70, 0x16D79},
                                   {0x1CCF0, 0x1CCF9},
                                   {0x1D2C0, 0x1D2D3},
                                   {0x1E4F0, 0x1E4F9},
                                   {0x1E5F1, 0x1E5FA}})}};
  return members->at(flag);
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
        set.members += c == 'd' ? "\\p{Nd}" : "\\P{Nd}";
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
    if (name == "l" || name == "letter" || name == "n" || name == "number") {
      const uint16_t flag = name[0] == 'l' ? kLetter : kNumber;
      set.members += negated ? FlagMembers(flag, true) : PropertyMembers(flag);
      return absl::OkStatus();
    }
    if (name == "space" || name == "whitespace" || name == "word") {
      set.members += FlagMembers(name == "word" ? kPatternWord : kSpace, negated);
      return absl::OkStatus();
    }
    static const auto* const names = new std::map<std::string, std::string>{
        {"uppercaseletter", "Lu"}, {"lowercaseletter", "Ll"}, {"titlecaseletter", "Lt"}, {"modifierletter", "Lm"},
        {"otherletter", "Lo"},     {"mark", "M"},             {"combiningmark", "M"},    {"nonspacingmark", "Mn"},
        {"punctuation", "P"},      {"symbol", "S"},           {"separator", "Z"},        {"decimalnumber", "Nd"},
        {"control", "Cc"}, {"any", "Any"},         {"other", "C"},            {"digit", "Nd"},           {"punct", "P"}};
    const auto known = names->find(name);
    // A script's name alone means the Script property here, where PCRE2 would take Script_Extensions.
    const bool script = known == names->end() && name.size() > 2;
    set.members += fmt::format("\\{}{{{}{}}}", negated ? 'P' : 'p', script ? "sc:" : "",
                               known != names->end() ? known->second : name);
    return absl::OkStatus();
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
