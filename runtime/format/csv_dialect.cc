#include "format/csv_dialect.h"

#include <algorithm>
#include <array>
#include <vector>

namespace sluice::format {
namespace {

constexpr std::string_view kDelimiters = ",;\t|";
constexpr std::size_t kEnough = 64 * 1024;
constexpr std::size_t kFirstRecords = 20;

using Counts = std::array<std::size_t, kDelimiters.size()>;

// How often each delimiter stands outside of quotes in each of the first records. A last one that has
// no end is left out, unless `at_end`.
std::vector<Counts> count(std::string_view text, char line_end, bool at_end) {
  std::vector<Counts> records;
  Counts counts{};
  bool quoted = false;
  bool any = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == line_end) {
      if (any) records.push_back(counts);
      if (records.size() == kFirstRecords) return records;
      counts = {};
      any = false;
      continue;
    }
    any = any || (c != '\r' && c != '\n');
    if (const std::size_t which = kDelimiters.find(c); which != kDelimiters.npos) ++counts[which];
  }
  if (any && at_end) records.push_back(counts);
  return records;
}

char best_of(const std::vector<Counts>& records) {
  std::size_t best = 0;
  std::size_t best_alike = 0;
  for (std::size_t i = 0; i < kDelimiters.size(); ++i) {
    const std::size_t first = records.front()[i];
    if (first == 0) continue;
    const auto alike = static_cast<std::size_t>(
        std::ranges::count_if(records, [&](const Counts& counts) { return counts[i] == first; }));
    const bool better =
        alike > best_alike || (alike == best_alike && first > records.front()[best]);
    if (!better) continue;
    best = i;
    best_alike = alike;
  }
  return kDelimiters[best];
}

}  // namespace

std::optional<CsvDialect> find_dialect(std::string_view start, bool at_end, char delimiter) {
  const bool enough = at_end || start.size() >= kEnough;
  CsvDialect dialect;
  const std::size_t line = start.find('\n');
  if (line == start.npos) {
    if (!enough) return std::nullopt;
    if (start.contains('\r')) dialect.line_end = '\r';
  }
  if (start.size() >= 6 && (start.starts_with("sep=") || start.starts_with("SEP=")) &&
      (start[5] == '\r' || start[5] == '\n')) {
    dialect.delimiter = start[4];
    dialect.skipped = line == start.npos ? 6 : line + 1;
    return dialect;
  }
  if (delimiter != '\0') {
    dialect.delimiter = delimiter;
    return dialect;
  }
  const std::vector<Counts> records = count(start.substr(0, kEnough), dialect.line_end, enough);
  if (records.empty()) return enough ? std::optional(dialect) : std::nullopt;
  const auto seen = std::ranges::count_if(records.front(), [](std::size_t n) { return n > 0; });
  // One that stands there alone is taken at once: a pipe may send the next line much later.
  if (seen > 1 && records.size() < kFirstRecords && !enough) return std::nullopt;
  dialect.delimiter = best_of(records);
  return dialect;
}

}  // namespace sluice::format
