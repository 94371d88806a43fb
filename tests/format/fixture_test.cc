// The cases of csv.md and its neighbours: options, a file, and what comes of it.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/format/support.h"

namespace sluice::format {
namespace {

struct Case {
  std::string title;
  std::vector<std::pair<std::string, std::string>> options;
  std::string file;
  std::string expected;
};

std::vector<Case> cases_of(const std::string& page) {
  std::ifstream in(std::string(SLUICE_SOURCE_DIR) + "/tests/format/" + page);
  std::vector<Case> cases;
  std::string line;
  int blocks = 0;  // of this case that have begun
  bool inside = false;
  while (std::getline(in, line)) {
    if (inside) {
      if (line == "```") {
        inside = false;
      } else {
        (blocks == 1 ? cases.back().file : cases.back().expected) += line + "\n";
      }
    } else if (line.starts_with("## ")) {
      cases.push_back({line.substr(3), {}, {}, {}});
      blocks = 0;
    } else if (line.starts_with("```")) {
      inside = true;
      ++blocks;
    } else if (const std::size_t equals = line.find(" = "); equals != line.npos && !cases.empty()) {
      cases.back().options.emplace_back(line.substr(0, equals), line.substr(equals + 3));
    }
  }
  return cases;
}

std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char c = text[++i];
    if (c == 'x' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else if (c != '\n') {
      out += c == 'r' ? '\r' : c == 't' ? '\t' : c == '0' ? '\0' : c;
    }
  }
  return out;
}

std::vector<std::string> list_of(const std::string& text) {
  std::vector<std::string> items;
  std::istringstream in(text);
  for (std::string item; std::getline(in >> std::ws, item, ',');) items.push_back(item);
  return items;
}

FormatOptions options_of(const Case& one) {
  FormatOptions options;
  for (const auto& [name, value] : one.options) {
    if (name == "format") options.name = value;
    if (name == "encoding") options.encoding = value;
    if (name == "delimiter") options.csv.delimiter = unescaped(value)[0];
    if (name == "header") options.csv.header = value == "true";
    if (name == "columns") options.csv.columns = list_of(value);
    if (name == "null") options.csv.null = value;
    if (name == "path") options.path = value;
    if (name != "types") continue;
    for (const std::string& item : list_of(value)) {
      const std::size_t space = item.find(' ');
      const std::string type = item.substr(space + 1);
      options.csv.types.emplace_back(item.substr(0, space), type == "int"      ? CellType::integer
                                                            : type == "number" ? CellType::number
                                                                               : CellType::boolean);
    }
  }
  return options;
}

std::string shown(const ReadAll& all, bool columns) {
  std::string out;
  for (const ReadAll::One& one : all.records) {
    out += std::to_string(one.line);
    if (columns) out += ":" + std::to_string(one.column);
    out += one.reject.empty() ? ": " + one.text : ": reject " + one.reject + "|" + one.text;
    out += "\n";
  }
  if (!all.status) out += "error: " + all.status.error().text() + "\n";
  return out;
}

void expect_all(const std::string& page, const std::string& name, bool columns) {
  const std::vector<Case> cases = cases_of(page);
  ASSERT_GT(cases.size(), 5u);
  for (const Case& one : cases) {
    for (const std::size_t piece : {1u, 2u, 3u, 7u, 1000u}) {
      const ReadAll all = read_all(options_of(one), name, unescaped(one.file), piece);
      EXPECT_EQ(shown(all, columns), one.expected) << page << ", " << one.title << ", " << piece;
    }
  }
}

TEST(FormatFixtures, CsvIsReadAsItsPageSays) {
  expect_all("csv.md", "in.csv", false);
}

TEST(FormatFixtures, JsonIsReadAsItsPageSays) {
  expect_all("json.md", "in.json", true);
}

}  // namespace
}  // namespace sluice::format
