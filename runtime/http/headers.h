// The header lines of one message, as they came but for the names, which are in lower case. All in
// one piece of memory: a response has a dozen of them, and there are very many responses.
//
// Threads: one at a time. Views last until the Headers change or go.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::http {

class Headers {
 public:
  using value_type = std::pair<std::string_view, std::string_view>;  // name, value

  class const_iterator {
   public:
    using value_type = Headers::value_type;
    using reference = value_type;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    value_type operator*() const { return (*of_)[at_]; }
    const_iterator& operator++() {
      ++at_;
      return *this;
    }
    const_iterator operator++(int) { return {of_, at_++}; }
    friend bool operator==(const const_iterator&, const const_iterator&) = default;

   private:
    friend class Headers;
    const_iterator(const Headers* of, std::size_t at) : of_(of), at_(at) {}
    const Headers* of_;
    std::size_t at_;
  };

  // Lines come in pieces: a name's, then its value's.
  void begin_line();
  void append_name(std::string_view piece);
  void append_value(std::string_view piece);
  void add(std::string_view name, std::string_view value) {
    begin_line();
    append_name(name);
    append_value(value);
  }

  bool empty() const { return lines_.empty(); }
  std::size_t size() const { return lines_.size(); }
  value_type operator[](std::size_t i) const {
    const std::string_view text = text_;
    const auto [name, value] = lines_[i];
    const std::size_t end = i + 1 < lines_.size() ? lines_[i + 1].name : text.size();
    return {text.substr(name, value - name), text.substr(value, end - value)};
  }
  const_iterator begin() const { return {this, 0}; }
  const_iterator end() const { return {this, size()}; }
  // The value of the first line of that name.
  std::optional<std::string_view> find(std::string_view name) const;

 private:
  struct Line {
    std::uint32_t name;   // where it begins in text_; it ends where its value begins
    std::uint32_t value;  // which ends where the next name begins
  };
  std::string text_;
  std::vector<Line> lines_;
};

}  // namespace sluice::http
