#include "format/not_a_row.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <vector>

#include "format/json_mistake.h"

namespace sluice::format {
namespace {

constexpr std::string_view kWanted =
    "one JSON object a line is wanted, such as {\"id\": 1, \"text\": \"…\"}";

struct Magic {
  std::string_view bytes;  // a file of this kind begins with them
  std::string_view kind;
};
constexpr std::array<Magic, 7> kMagic = {{
    {"PAR1", "a Parquet file"},
    {"PK\x03\x04", "a zip archive, as spreadsheets are"},
    {"%PDF", "a PDF"},
    {"SQLite format 3", "an SQLite database"},
    {"BZh", "a bzip2 file, and gzip and zstd are read"},
    {"\xFD"
     "7zXZ",
     "an xz file, and gzip and zstd are read"},
    {"<", "XML or HTML"},
}};

// The columns of a header of separated values; none where it does not look like one.
std::vector<std::string_view> header(std::string_view line, char separator) {
  constexpr std::size_t kLongest = 40;
  std::vector<std::string_view> names;
  while (true) {
    const std::size_t end = line.find(separator);
    std::string_view name = line.substr(0, end);
    if (name.size() >= 2 && name.front() == '"' && name.back() == '"')
      name = name.substr(1, name.size() - 2);
    const bool odd = name.empty() || name.size() > kLongest || name.front() == ' ' ||
                     std::ranges::any_of(name, [](char c) {
                       return static_cast<unsigned char>(c) < 0x20 || c == '"';
                     });
    if (odd) return {};
    names.push_back(name);
    if (end == line.npos) break;
    line.remove_prefix(end + 1);
  }
  return names.size() >= 2 ? names : std::vector<std::string_view>();
}

std::string other_text(std::string_view line, std::uint64_t number) {
  constexpr std::size_t kMostColumns = 12;
  constexpr std::array<std::pair<char, std::string_view>, 4> kSeparated = {
      {{',', "CSV"}, {'\t', "tab-separated values"}, {';', "CSV with ';'"}, {'|', "CSV with '|'"}}};
  for (const auto& [separator, kind] : kSeparated) {
    if (number != 1) break;
    const auto names = header(line, separator);
    if (names.empty()) continue;
    const std::size_t shown = std::min(names.size(), kMostColumns);
    return fmt::format(
        "looks like {} with the columns {}{}; {}", kind,
        fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
        names.size() > shown ? ", …" : "", kWanted);
  }
  return fmt::format("this is not JSON; {}", kWanted);
}

}  // namespace

NotARow why_not_a_row(std::string_view line, std::uint64_t number) {
  if (line.find('\0') != line.npos || line.starts_with("\xFF\xFE") || line.starts_with("\xFE\xFF"))
    return {1, "looks like UTF-16, and UTF-8 is read: iconv -f UTF-16 -t UTF-8 converts it"};
  for (const Magic& magic : kMagic) {
    if (number == 1 && line.starts_with(magic.bytes))
      return {1, fmt::format("looks like {}; {}", magic.kind, kWanted)};
  }
  const std::size_t first = line.find_first_not_of(" \t");
  const std::string_view text = first == line.npos ? std::string_view() : line.substr(first);
  const auto mistake = find_json_mistake(line);
  if (text.starts_with('[') && (number == 1 || !mistake))
    return {first + 1,
            "this is a JSON array, and one row a line is wanted: jq -c '.[]' makes "
            "lines of it"};
  if (number == 1 && text == "{")
    return {first + 1,
            "this is an object over several lines, and one row a line is wanted: jq -c . "
            "makes lines of them"};
  if (!mistake) return {first + 1, std::string(kWanted)};
  if (!text.starts_with('{') && !text.starts_with('['))
    return {first + 1, other_text(line, number)};
  return {mistake->offset + 1, mistake->what};
}

}  // namespace sluice::format
