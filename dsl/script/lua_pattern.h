// Lua patterns (reference manual 5.4, §6.4.1) with a budget of steps. Lua's own matcher can
// backtrack for years inside one call, where no instruction hook fires; this one counts each step
// and gives up when the budget is spent.
//
// A pattern is compiled once into items; matching walks items and subject, and goes back where an
// item may match in several lengths. Worst case: exponential in the number of repeated items, hence
// the budget.
//
// Differences from Lua: character classes are those of ASCII whatever the locale; a malformed
// pattern is always an error, even where Lua would not have come to the malformed part.
//
// Threads: a Pattern is immutable; a Match belongs to one thread.
#pragma once

#include <bitset>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::script {

constexpr std::size_t kMaxCaptures = 32;
constexpr std::size_t kMaxBranches =
    200;  // items that may match in several lengths: bounds the stack

class Pattern {
 public:
  // `anchors` = whether a leading '^' is an anchor (it is not in gmatch). The error is for the
  // script's author.
  static std::expected<Pattern, std::string> compile(std::string_view text, bool anchors);

  bool anchored() const { return anchored_; }
  std::size_t captures() const { return captures_; }

 private:
  friend class Matcher;
  friend class PatternParser;
  using Set = std::bitset<256>;

  enum class Kind : std::uint8_t {
    once,         // one character of the set
    longest,      // '*' ('+' is `once` and then this one)
    shortest,     // '-'
    optional,     // '?'
    open,         // '('
    close,        // ')'
    place,        // '()'
    balanced,     // %bxy
    frontier,     // %f[set]
    same,         // %1: what that capture holds
    subject_end,  // '$' at the end
  };
  struct Item {
    Kind kind = Kind::once;
    std::uint16_t set = 0;     // index into sets_
    std::uint8_t capture = 0;  // open, close, place, same
    char first = 0;            // balanced
    char last = 0;
  };

  std::vector<Item> items_;
  std::vector<Set> sets_;
  std::size_t captures_ = 0;
  bool anchored_ = false;
};

struct Match {
  struct Capture {
    std::size_t start = 0;
    std::size_t length = 0;
    bool place = false;  // '()': the capture is the position, start + 1
  };
  std::size_t start = 0;
  std::size_t end = 0;
  std::vector<Capture> captures;
};

enum class Found : std::uint8_t { yes, no, exhausted };

// Looks for `pattern` in `subject` from `from` on; at `from` only when the pattern is anchored.
// `budget` is what may be spent, and afterwards what is left.
Found search(const Pattern& pattern, std::string_view subject, std::size_t from,
             std::uint64_t& budget, Match& match);

// As search(), but at `at` only.
Found match_at(const Pattern& pattern, std::string_view subject, std::size_t at,
               std::uint64_t& budget, Match& match);

}  // namespace sluice::script
