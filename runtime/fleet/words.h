// Lines of words, written and read: the inside of blob.h.
//
// Reading goes on after a mistake with zeros and empty names; whole() says in the end whether there was one.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fleet/pool.h"

namespace sluice::fleet {

class Writer {
 public:
  Writer& line(std::string_view kind);  // begins one
  Writer& name(std::string_view name);  // "~" when empty
  Writer& natural(std::uint64_t value);
  Writer& integer(std::int64_t value);
  Writer& number(double value);
  Writer& optional(const std::optional<double>& value);  // "-" when absent
  Writer& time(Ms value) { return integer(value.count()); }
  Writer& flag(bool value) { return natural(value ? 1 : 0); }
  std::string text() { return std::move(text_) + "\n"; }

 private:
  std::string text_;
};

class Words {
 public:
  // At the first line.
  explicit Words(std::string_view text);

  // On to the next line; false at the end. Words that were left over are a mistake.
  bool next_line();
  bool more() const { return !line_.empty(); }
  std::string_view word();
  std::string name();
  std::uint64_t natural();
  std::int64_t integer();
  std::int64_t amount();  // ≥ 0
  double number();        // finite and ≥ 0
  std::optional<double> optional();
  Ms time();  // within a few thousand years
  bool flag();
  void fail() { failed_ = true; }
  bool whole() const { return !failed_ && line_.empty() && rest_.empty(); }

 private:
  template <class T>
  T read(std::string_view word);

  std::string_view rest_;
  std::string_view line_;
  bool failed_ = false;
};

}  // namespace sluice::fleet
