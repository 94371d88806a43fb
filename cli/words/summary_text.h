// The look of a summary: labels on the left, what they say on the right, wrapped between words.
//
// Threads: one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::words {

class SummaryText {
 public:
  // Lines have at most `width` columns; 0: they are as long as they are.
  explicit SummaryText(std::size_t width) : width_(width) {}

  void heading(std::string_view text);
  // An empty name goes on with the line before.
  void line(std::string_view name, std::string_view value);
  struct Column {
    std::string title;
    int rank = 0;  // above zero: may be left out where there is no room, the highest first
    std::vector<std::string> cells;
  };
  using Table = std::vector<Column>;
  // The first column to the left, the others to the right. One without a cell that says anything is
  // left out.
  void table(Table columns);
  const std::string& text() const { return text_; }

 private:
  std::size_t width_;
  std::string text_;
};

}  // namespace sluice::words
