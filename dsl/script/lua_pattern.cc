#include "script/lua_pattern.h"

#include <optional>

namespace sluice::script {
namespace {

using Set = std::bitset<256>;

unsigned char byte(char c) {
  return static_cast<unsigned char>(c);
}

bool is_upper(unsigned char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_lower(unsigned char c) {
  return c >= 'a' && c <= 'z';
}
bool is_digit(unsigned char c) {
  return c >= '0' && c <= '9';
}
bool is_graph(unsigned char c) {
  return c > ' ' && c < 0x7F;
}
bool is_letter(unsigned char c) {
  return is_upper(c) || is_lower(c);
}

// Whether `c` is of the class that the lower-case letter `letter` names; nullopt for no class.
std::optional<bool> of_class(char letter, unsigned char c) {
  switch (letter) {
    case 'a':
      return is_letter(c);
    case 'c':
      return c < ' ' || c == 0x7F;
    case 'd':
      return is_digit(c);
    case 'g':
      return is_graph(c);
    case 'l':
      return is_lower(c);
    case 'p':
      return is_graph(c) && !is_letter(c) && !is_digit(c);
    case 's':
      return c == ' ' || (c >= '\t' && c <= '\r');
    case 'u':
      return is_upper(c);
    case 'w':
      return is_letter(c) || is_digit(c);
    case 'x':
      return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    default:
      return std::nullopt;
  }
}

// What "%c" stands for: a class, its complement, or the character itself.
Set escaped(char c) {
  Set set;
  const bool upper = is_upper(byte(c));
  const char letter = upper ? static_cast<char>(c | 0x20) : c;
  for (unsigned i = 0; i < 256; ++i) {
    const auto in = of_class(letter, static_cast<unsigned char>(i));
    set[i] = in ? *in != upper : i == byte(c);
  }
  return set;
}

}  // namespace

class PatternParser {
 public:
  PatternParser(std::string_view text, bool anchors) : text_(text) {
    if (anchors && text_.starts_with('^')) {
      pattern_.anchored_ = true;
      at_ = 1;
    }
  }

  std::expected<Pattern, std::string> run() {
    while (at_ < text_.size()) {
      if (auto wrong = item(); !wrong.empty()) return std::unexpected(std::move(wrong));
    }
    if (!open_.empty()) return std::unexpected("unfinished capture");
    if (branches_ > kMaxBranches) return std::unexpected("pattern too complex");
    return std::move(pattern_);
  }

 private:
  using Item = Pattern::Item;
  using Kind = Pattern::Kind;

  // Each of these gives what is wrong, or nothing.
  std::string item() {
    const char c = text_[at_];
    if (c == '(') return open();
    if (c == ')') return close();
    if (c == '$' && at_ + 1 == text_.size()) {
      ++at_;
      pattern_.items_.push_back({.kind = Kind::subject_end});
      return {};
    }
    if (c == '%' && at_ + 1 < text_.size()) {
      const char next = text_[at_ + 1];
      if (next == 'b') return balanced();
      if (next == 'f') return frontier();
      if (is_digit(byte(next))) return same(next);
    }
    Set set;
    if (auto wrong = single(set); !wrong.empty()) return wrong;
    quantified(set);
    return {};
  }

  std::string open() {
    if (pattern_.captures_ == kMaxCaptures) return "too many captures";
    const auto index = static_cast<std::uint8_t>(pattern_.captures_++);
    ++at_;
    closed_.push_back(false);
    if (at_ < text_.size() && text_[at_] == ')') {
      ++at_;
      closed_[index] = true;
      pattern_.items_.push_back({.kind = Kind::place, .capture = index});
      return {};
    }
    open_.push_back(index);
    pattern_.items_.push_back({.kind = Kind::open, .capture = index});
    return {};
  }

  std::string close() {
    if (open_.empty()) return "invalid pattern capture";
    ++at_;
    closed_[open_.back()] = true;
    pattern_.items_.push_back({.kind = Kind::close, .capture = open_.back()});
    open_.pop_back();
    return {};
  }

  std::string balanced() {
    if (at_ + 3 >= text_.size()) return "malformed pattern (missing arguments to '%b')";
    pattern_.items_.push_back(
        {.kind = Kind::balanced, .first = text_[at_ + 2], .last = text_[at_ + 3]});
    at_ += 4;
    return {};
  }

  std::string frontier() {
    at_ += 2;
    if (at_ >= text_.size() || text_[at_] != '[') return "missing '[' after '%f' in pattern";
    Set set;
    if (auto wrong = single(set); !wrong.empty()) return wrong;
    pattern_.items_.push_back({.kind = Kind::frontier, .set = add(set)});
    return {};
  }

  std::string same(char digit) {
    const int index = digit - '1';
    if (index < 0 || static_cast<std::size_t>(index) >= closed_.size() ||
        !closed_[static_cast<std::size_t>(index)]) {
      return std::string("invalid capture index %") + digit;
    }
    at_ += 2;
    pattern_.items_.push_back({.kind = Kind::same, .capture = static_cast<std::uint8_t>(index)});
    return {};
  }

  // One single-character class, at at_.
  std::string single(Set& set) {
    const char c = text_[at_++];
    if (c == '.') {
      set.set();
    } else if (c == '%') {
      if (at_ == text_.size()) return "malformed pattern (ends with '%')";
      set = escaped(text_[at_++]);
    } else if (c == '[') {
      return bracketed(set);
    } else {
      set[byte(c)] = true;
    }
    return {};
  }

  std::string bracketed(Set& set) {
    constexpr const char* kMissing = "malformed pattern (missing ']')";
    const bool complement = at_ < text_.size() && text_[at_] == '^';
    if (complement) ++at_;
    for (bool first = true;; first = false) {
      if (at_ >= text_.size()) return kMissing;
      const char c = text_[at_++];
      if (c == ']' && !first) break;
      if (c == '%') {
        if (at_ >= text_.size()) return kMissing;
        set |= escaped(text_[at_++]);
      } else if (at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']') {
        for (unsigned i = byte(c); i <= byte(text_[at_ + 1]); ++i) set[i] = true;
        at_ += 2;
      } else {
        set[byte(c)] = true;
      }
    }
    if (complement) set.flip();
    return {};
  }

  void quantified(const Set& set) {
    const std::uint16_t index = add(set);
    const char c = at_ < text_.size() ? text_[at_] : '\0';
    const bool repeated = c == '*' || c == '+' || c == '-' || c == '?';
    if (repeated) {
      ++at_;
      ++branches_;
    }
    if (c == '+' || !repeated) pattern_.items_.push_back({.kind = Kind::once, .set = index});
    if (c == '+' || c == '*') pattern_.items_.push_back({.kind = Kind::longest, .set = index});
    if (c == '-') pattern_.items_.push_back({.kind = Kind::shortest, .set = index});
    if (c == '?') pattern_.items_.push_back({.kind = Kind::optional, .set = index});
  }

  std::uint16_t add(const Set& set) {
    for (std::size_t i = 0; i < pattern_.sets_.size(); ++i) {
      if (pattern_.sets_[i] == set) return static_cast<std::uint16_t>(i);
    }
    pattern_.sets_.push_back(set);
    return static_cast<std::uint16_t>(pattern_.sets_.size() - 1);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Pattern pattern_;
  std::vector<std::uint8_t> open_;  // captures begun, innermost last
  std::vector<bool> closed_;        // by capture
  std::size_t branches_ = 0;
};

std::expected<Pattern, std::string> Pattern::compile(std::string_view text, bool anchors) {
  return PatternParser(text, anchors).run();
}

class Matcher {
 public:
  Matcher(const Pattern& pattern, std::string_view subject, std::uint64_t& budget, Match& match)
      : pattern_(pattern), subject_(subject), budget_(budget), match_(match) {}

  Found at(std::size_t start) {
    match_.start = start;
    match_.captures.assign(pattern_.captures_, {});
    const auto end = run(0, start);
    if (exhausted_) return Found::exhausted;
    if (!end) return Found::no;
    match_.end = *end;
    return Found::yes;
  }

 private:
  using Kind = Pattern::Kind;

  bool spend() {
    if (budget_ == 0) {
      exhausted_ = true;
      return false;
    }
    --budget_;
    return true;
  }
  bool in(std::uint16_t set, std::size_t i) const {
    return i < subject_.size() && pattern_.sets_[set][byte(subject_[i])];
  }

  // Where items from `item` on end when they match from `i` on. Captures that a failed attempt has
  // set are set again by the next one, before they are read.
  std::optional<std::size_t> run(std::size_t item, std::size_t i) {
    for (; item < pattern_.items_.size(); ++item) {
      if (!spend()) return std::nullopt;
      const Pattern::Item& now = pattern_.items_[item];
      switch (now.kind) {
        case Kind::once:
          if (!in(now.set, i)) return std::nullopt;
          ++i;
          break;
        case Kind::longest:
          return longest(item, now.set, i);
        case Kind::shortest:
          return shortest(item, now.set, i);
        case Kind::optional:
          if (in(now.set, i)) {
            if (const auto end = run(item + 1, i + 1); end || exhausted_) return end;
          }
          break;
        case Kind::open:
          match_.captures[now.capture] = {.start = i};
          break;
        case Kind::close:
          match_.captures[now.capture].length = i - match_.captures[now.capture].start;
          break;
        case Kind::place:
          match_.captures[now.capture] = {.start = i, .place = true};
          break;
        case Kind::balanced:
          if (!balanced(now, i)) return std::nullopt;
          break;
        case Kind::frontier:
          if (!frontier(now.set, i)) return std::nullopt;
          break;
        case Kind::same:
          if (!same(now.capture, i)) return std::nullopt;
          break;
        case Kind::subject_end:
          if (i != subject_.size()) return std::nullopt;
          break;
      }
    }
    return i;
  }

  std::optional<std::size_t> longest(std::size_t item, std::uint16_t set, std::size_t i) {
    std::size_t end = i;
    while (in(set, end)) {
      if (!spend()) return std::nullopt;
      ++end;
    }
    if (item + 1 == pattern_.items_.size()) return end;
    for (;; --end) {
      if (const auto rest = run(item + 1, end); rest || exhausted_) return rest;
      if (end == i) return std::nullopt;
    }
  }

  std::optional<std::size_t> shortest(std::size_t item, std::uint16_t set, std::size_t i) {
    for (;; ++i) {
      if (const auto rest = run(item + 1, i); rest || exhausted_) return rest;
      if (!in(set, i) || !spend()) return std::nullopt;
    }
  }

  bool balanced(const Pattern::Item& item, std::size_t& i) {
    if (i >= subject_.size() || subject_[i] != item.first) return false;
    int depth = 1;
    for (std::size_t at = i + 1; at < subject_.size(); ++at) {
      if (!spend()) return false;
      if (subject_[at] == item.last) {
        if (--depth == 0) {
          i = at + 1;
          return true;
        }
      } else if (subject_[at] == item.first) {
        ++depth;
      }
    }
    return false;
  }

  bool frontier(std::uint16_t set, std::size_t i) const {
    const unsigned char before = i == 0 ? 0 : byte(subject_[i - 1]);
    const unsigned char after = i == subject_.size() ? 0 : byte(subject_[i]);
    return !pattern_.sets_[set][before] && pattern_.sets_[set][after];
  }

  bool same(std::uint8_t capture, std::size_t& i) {
    const Match::Capture& held = match_.captures[capture];
    const std::string_view text = subject_.substr(held.start, held.place ? 0 : held.length);
    for (std::size_t n = 0; n < text.size(); n += 16) {
      if (!spend()) return false;
    }
    if (!subject_.substr(i).starts_with(text)) return false;
    i += text.size();
    return true;
  }

  const Pattern& pattern_;
  std::string_view subject_;
  std::uint64_t& budget_;
  Match& match_;
  bool exhausted_ = false;
};

Found match_at(const Pattern& pattern, std::string_view subject, std::size_t at,
               std::uint64_t& budget, Match& match) {
  return Matcher(pattern, subject, budget, match).at(at);
}

Found search(const Pattern& pattern, std::string_view subject, std::size_t from,
             std::uint64_t& budget, Match& match) {
  Matcher matcher(pattern, subject, budget, match);
  for (std::size_t at = from; at <= subject.size(); ++at) {
    const Found found = matcher.at(at);
    if (found != Found::no || pattern.anchored()) return found;
    if (budget == 0) return Found::exhausted;
    --budget;
  }
  return Found::no;
}

}  // namespace sluice::script
