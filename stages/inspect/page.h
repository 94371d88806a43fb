// A page of figures, tables and charts as one HTML file, which opens without a network: what
// `sluice report` writes, and whatever else has something to show.
//
// Threads: any; pure functions.
//
// Invariants:
//   1. Every text may be a stranger's: in the page it is text, never markup and never a script.
//   2. The page asks for nothing: style, scripts and data are inside it, and its policy (CSP) names
//      the only scripts that run, by their hashes.
//   3. Its size is bounded by the number of its tables' cells and charts: a text is cut at
//      kMostPageText bytes, a chart has some kMostChartPoints points, spans and series within bounds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sluice::inspect {

constexpr std::size_t kMostPageText =
    4000;  // bytes of one text; the rest is left out, with an ellipsis
constexpr std::size_t kMostChartPoints = 1000;  // of a chart, about; fewer are left as they are
constexpr std::size_t kMostSpans = 500;         // of a chart
constexpr std::size_t kMostSeries = 12;         // of a chart; the first ones

// A figure with its name: "rows answered", "19,998", "of 20,000".
struct Fact {
  std::string label;
  std::string value;
  std::string note = {};
};
struct Facts {
  std::vector<Fact> facts;
};

struct Note {
  std::string text;  // a paragraph
};

struct Column {
  std::string title;
  bool number = false;  // to the right, with digits of equal width
};
struct Table {
  std::string title;  // may be empty
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;  // cells that are missing are empty
  std::string note = {};
};

enum class Unit : std::uint8_t { number, money, seconds, share };  // dollars; 0…1
struct Axis {
  std::string label;  // "rows/s"
  Unit unit = Unit::number;
};
enum class Look : std::uint8_t { line, area, steps };
struct Series {
  std::string name;
  std::vector<std::optional<double>> y;  // as long as Chart::x; nothing: not known there
  bool right = false;                    // on the axis to the right
  Look look = Look::line;
};
// Something held from one moment to another: "eu: requests per minute".
struct Span {
  double from = 0;
  double to = 0;
  std::string text;
};
struct Mark {
  double at = 0;
  std::string text;  // "run 2"
};
enum class TimeAxis : std::uint8_t {
  elapsed,  // x: seconds since a start
  wall,     // x: seconds since 1970, shown in UTC
};
struct Chart {
  std::string title;
  std::string note = {};
  TimeAxis time = TimeAxis::elapsed;
  Axis left;
  Axis right = {};
  std::vector<double> x;  // ascending; a point that steps back is left out
  std::vector<Series> series;
  std::vector<Span> spans = {};  // below the curves, each text in a colour of its own
  std::vector<Mark> marks = {};  // lines across
};

using Block = std::variant<Note, Facts, Table, Chart>;
struct Section {
  std::string title;
  std::vector<Block> blocks;
};

struct Page {
  std::string title;
  std::string subtitle = {};
  Facts facts = {};  // the figures on top
  std::vector<Section> sections;
  std::vector<std::string> notes = {};  // at the foot
};

// How each page begins, by which one is known.
constexpr std::string_view kPageStart =
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"generator\" content=\"sluice\">\n";

// The whole file. Without uPlot in the program (web/embedded.h) it has no charts, and says so.
std::string html(const Page& page);

}  // namespace sluice::inspect
