#include "table/piece.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/printable.h"
#include "format/json_value.h"

namespace sluice::table {
namespace {

constexpr std::size_t kShownBytes = 200;  // of a row, where it has no key

}  // namespace

core::Result<Piece> piece_of(std::string_view lines, const Target& target) {
  Piece piece;
  format::ColumnFinder finder(target.columns);
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end == lines.npos ? lines.size() : end + 1);
    if (!finder.add(line))
      return core::fail(core::ErrorCode::corrupt, "a line of the answers is not a JSON object");
    piece.lines.push_back(line);
  }
  piece.columns = finder.columns();
  if (target.only.empty()) return piece;
  std::erase_if(piece.columns, [&](const format::Column& column) {
    return std::ranges::find(target.only, column.name) == target.only.end();
  });
  return piece;
}

std::string row_named(std::string_view line, const std::string& key) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  simdjson::dom::element value;
  if (!key.empty() && format::parse_json(parser, line, object) == simdjson::SUCCESS &&
      object[key].get(value) == simdjson::SUCCESS) {
    std::string name;
    format::append_member(name, object, line, key);
    return core::printable(fmt::format("the row with {} {}", key, name));
  }
  return "the row " + core::printable(line.substr(0, kShownBytes));
}

std::string_view first_with(const Piece& piece, const std::string& column) {
  simdjson::dom::parser parser;
  for (const std::string_view line : piece.lines) {
    simdjson::dom::object object;
    simdjson::dom::element value;
    if (format::parse_json(parser, line, object) == simdjson::SUCCESS &&
        object[column].get(value) == simdjson::SUCCESS)
      return line;
  }
  return {};
}

std::string progress_key(const Target& target) {
  return target.job + "/" + target.spec.table;
}

std::optional<core::Hash128> hash_of_hex(std::string_view hex) {
  core::Hash128 hash;
  if (hex.size() != 32) return std::nullopt;
  const auto read = [](std::string_view digits, std::uint64_t& value) {
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    return end.ec == std::errc() && end.ptr == digits.data() + digits.size();
  };
  if (!read(hex.substr(0, 16), hash.high) || !read(hex.substr(16), hash.low)) return std::nullopt;
  return hash;
}

core::Error column_missing(const Piece& piece, const std::string& column, const Target& target,
                           std::string_view type, const std::string& where) {
  return {core::ErrorCode::pipeline,
          fmt::format("table '{0}' has no column '{1}', which {2} has: add it (ALTER TABLE {0} ADD "
                      "COLUMN {1} {3}), or name the columns to keep in s.sink",
                      target.spec.table, column, row_named(first_with(piece, column), target.key),
                      type),
          where};
}

core::Error rows_of_others(const Target& target, const std::string& where) {
  return {core::ErrorCode::pipeline,
          fmt::format("table '{}' has rows that are not this job's, and mode = \"replace\" would "
                      "delete them: empty it, name another table, or use mode = \"upsert\" or "
                      "\"append\"",
                      target.spec.table),
          where};
}

core::Error cannot_take_back(const Target& target, const std::string& where) {
  return {core::ErrorCode::pipeline,
          fmt::format("answers that were put into table '{0}' have changed since, and mode = "
                      "\"append\" cannot take rows back: use mode = \"upsert\" or \"replace\". To "
                      "append all of them once more: DELETE FROM sluice_progress WHERE job = '{1}'",
                      target.spec.table, progress_key(target)),
          where};
}

core::Error another_run(const Target& target, const std::string& where) {
  return {core::ErrorCode::busy,
          fmt::format("another run has put rows of this job into table '{}' meanwhile: end one of "
                      "the two, or give one job another name",
                      target.spec.table),
          where};
}

core::Error key_not_unique(const Target& target, const std::string& where) {
  return {core::ErrorCode::pipeline,
          fmt::format("mode = \"upsert\" needs the key of table '{0}' to be unique: CREATE UNIQUE "
                      "INDEX ON {0} ({1})",
                      target.spec.table, target.key),
          where};
}

}  // namespace sluice::table
