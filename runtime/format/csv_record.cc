#include "format/csv_record.h"

#include "format/json_value.h"

namespace sluice::format {

void append_csv_text(std::string& out, std::string_view text, char delimiter) {
  const char special[] = {delimiter, '"', '\r', '\n'};
  if (!text.empty() && text.find_first_of({special, sizeof special}) == text.npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

void append_csv_cell(std::string& out, const simdjson::dom::element& value, std::string_view json,
                     char delimiter) {
  if (value.is_null()) return;
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) {
    append_csv_text(out, text, delimiter);
  } else {
    std::string written;
    append_as_written(written, value, json);
    append_csv_text(out, written, delimiter);
  }
}

std::string csv_header(const std::vector<std::string>& columns, char delimiter) {
  std::string header;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) header += delimiter;
    append_csv_text(header, columns[i], delimiter);
  }
  return header;
}

std::vector<std::string> csv_cells(std::string_view record, char delimiter) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (std::size_t i = 0; i < record.size(); ++i) {
    const char c = record[i];
    if (c == '"') {
      const bool doubled = quoted && i + 1 < record.size() && record[i + 1] == '"';
      if (doubled) {
        cells.back() += record[++i];
      } else {
        quoted = !quoted;
      }
    } else if (c == delimiter && !quoted) {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  return cells;
}

}  // namespace sluice::format
