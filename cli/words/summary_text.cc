#include "words/summary_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "observe/wrap.h"

namespace sluice::words {
namespace {

constexpr std::size_t kIndent = 12;
constexpr std::size_t kNarrowest = kIndent + 12;

}  // namespace

void SummaryText::heading(std::string_view text) {
  const std::size_t width = width_ == 0 ? text.size() + 3 : std::max(width_, kNarrowest);
  bool first = true;
  for (const std::string& part : observe::wrapped(text, width - 2)) {
    text_ += fmt::format("{}{}\n", first ? "" : "  ", part);
    first = false;
  }
}

void SummaryText::line(std::string_view name, std::string_view value) {
  const std::size_t width = width_ == 0 ? value.size() + kIndent + 1 : std::max(width_, kNarrowest);
  for (const std::string& part : observe::wrapped(value, width - kIndent)) {
    text_ += fmt::format("  {:<10}{}\n", name, part);
    name = "";
  }
}

void SummaryText::table(Table columns) {
  std::erase_if(columns, [](const Column& column) {
    return std::ranges::all_of(column.cells, &std::string::empty);
  });
  if (columns.empty()) return;
  const auto width_of = [](const Column& column) {
    std::size_t width = observe::columns(column.title);
    for (const std::string& cell : column.cells) width = std::max(width, observe::columns(cell));
    return width;
  };
  while (width_ > 0) {
    std::size_t taken = 0;
    for (const Column& column : columns) taken += 2 + width_of(column);
    const auto least = std::ranges::max_element(columns, {}, &Column::rank);
    if (taken <= width_ || least->rank == 0) break;
    columns.erase(least);
  }
  const auto cell = [](const Column& column, std::size_t row) -> const std::string& {
    return row == 0 ? column.title : column.cells[row - 1];
  };
  for (std::size_t row = 0; row <= columns.front().cells.size(); ++row) {
    std::string line;
    for (const Column& column : columns) {
      const std::string& text = cell(column, row);
      const std::string blanks(width_of(column) - observe::columns(text), ' ');
      line += "  " + (&column == &columns.front() ? text + blanks : blanks + text);
    }
    text_ += width_ == 0 ? line : observe::shortened(line, width_);
    text_ += '\n';
  }
}

}  // namespace sluice::words
