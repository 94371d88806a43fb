#include "inspect/engine_points.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "core/json.h"
#include "core/printable.h"
#include "source/sources.h"

namespace sluice::inspect {
namespace {

using simulate::EnginePoint;

struct PointColumn {
  std::string_view name;
  double EnginePoint::* number;
  double least;
  bool more = false;  // than that
};
constexpr PointColumn kPointColumns[] = {
    {"input_tokens", &EnginePoint::input_tokens, 0},
    {"output_tokens", &EnginePoint::output_tokens, 1},
    {"concurrency", &EnginePoint::concurrency, 0, true},
    {"ttft_ms", &EnginePoint::ttft_ms, 0, true},
    {"tpot_ms", &EnginePoint::tpot_ms, 0, true},
};
constexpr std::size_t kPlaceColumns = 3;
constexpr double kMostNumber = 1e12;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) + 1 - begin);
}

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(trimmed(a), b, [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? static_cast<char>(x + ('a' - 'A')) : x) == y;
  });
}

std::string column_list(std::size_t count) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i)
    list += (i > 0 ? "," : "") + std::string(kPointColumns[i].name);
  return list;
}

// Takes records, and keeps the first thing that is wrong.
class PointReader {
 public:
  PointReader(std::string path, std::size_t columns) : path_(std::move(path)), columns_(columns) {}

  bool take(const format::Record& record) {
    const std::string where = format::place(path_ == "-" ? "standard input" : path_, record.line);
    if (record.reject != nullptr) return wrong(where, record.reject->detail);
    if (points_.size() == kMostPoints)
      return wrong(where, fmt::format("more than {} points are not read", kMostPoints));
    simdjson::dom::object members;
    const simdjson::padded_string text(record.text);
    if (core::not_starved(parser_.parse(text)).get(members) != simdjson::SUCCESS)
      return wrong(where, "is not a JSON object");
    EnginePoint point;
    for (std::size_t i = 0; i < columns_; ++i)
      if (!take_number(kPointColumns[i], members, where, point)) return false;
    points_.push_back(point);
    return true;
  }

  const std::optional<core::Error>& error() const { return error_; }
  std::vector<EnginePoint>& points() { return points_; }

 private:
  bool wrong(const std::string& where, std::string message) {
    error_ = core::Error{core::ErrorCode::usage, std::move(message), where};
    return false;
  }

  bool take_number(const PointColumn& column, simdjson::dom::object members,
                   const std::string& where, EnginePoint& point) {
    std::string names;
    std::optional<simdjson::dom::element> value;
    for (const auto member : members) {
      if (same_name(member.key, column.name)) value = member.value;
      names += (names.empty() ? "" : ", ") + std::string(member.key);
    }
    if (!value)
      return wrong(where,
                   fmt::format("there is no column '{}': {} are needed, and it has {}", column.name,
                               column_list(columns_), core::printable(names.substr(0, 200))));
    double number = 0;
    std::string_view cell;
    bool read = value->get_double().get(number) == simdjson::SUCCESS;
    if (!read && value->get_string().get(cell) == simdjson::SUCCESS) {
      cell = trimmed(cell);
      const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), number);
      read = error == std::errc() && end == cell.data() + cell.size();
    }
    const bool fits = column.more ? number > column.least : number >= column.least;
    if (read && fits && number <= kMostNumber) {
      point.*column.number = number;
      return true;
    }
    const std::string shown = cell.data() != nullptr ? std::string(cell) : simdjson::minify(*value);
    return wrong(where, fmt::format("column '{}': '{}' is not a number {} {:g}", column.name,
                                    core::printable(shown.substr(0, 80)),
                                    column.more ? "above" : "of at least", column.least));
  }

  const std::string path_;
  const std::size_t columns_;
  simdjson::dom::parser parser_;
  std::vector<EnginePoint> points_;
  std::optional<core::Error> error_;
};

}  // namespace

core::Result<std::vector<EnginePoint>> read_points(const std::string& path, PointColumns columns) {
  const bool all = columns == PointColumns::all;
  source::Spec spec{.paths = {path}, .format = {}};
  if (path == "-") spec.format.name = "csv";
  auto opened = source::open(spec, path);
  if (!opened) return std::unexpected(opened.error());
  PointReader reader(path, all ? std::size(kPointColumns) : kPlaceColumns);
  using State = format::RecordSource::State;
  for (State state = State::more; state != State::end && state != State::stopped;) {
    const auto read =
        (*opened)->read([&](const format::Record& record) { return reader.take(record); });
    if (!read) return std::unexpected(read.error());
    state = *read;
  }
  if (reader.error()) return std::unexpected(*reader.error());
  if (reader.points().empty())
    return core::fail(core::ErrorCode::usage,
                      fmt::format("holds no points: a header {} and a line each are wanted",
                                  column_list(all ? std::size(kPointColumns) : kPlaceColumns)),
                      path);
  return std::move(reader.points());
}

std::string points_csv(const std::vector<EnginePoint>& points) {
  std::string csv = column_list(std::size(kPointColumns)) + '\n';
  for (const EnginePoint& p : points)
    csv += fmt::format("{:g},{:g},{:g},{:.5g},{:.5g}\n", std::round(p.input_tokens),
                       std::round(p.output_tokens), p.concurrency, p.ttft_ms, p.tpot_ms);
  return csv;
}

}  // namespace sluice::inspect
