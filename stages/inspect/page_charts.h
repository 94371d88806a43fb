// The charts of a page: which of their points it has, and how they stand in it.
//
// Threads: any; pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "inspect/page.h"

namespace sluice::inspect {

// Indices of the points that a chart keeps, ascending: all, where they are few; else, of each of
// equal parts, the first and what is least and greatest of each series, so that no peak is lost.
// Never more than kMostChartPoints, and the last one is kept.
std::vector<std::size_t> kept_points(const Chart& chart);

// The spans as they are drawn: neighbours of one text are one, of too many the shortest are left
// out. In the order of their beginnings.
std::vector<Span> kept_spans(const Chart& chart);

// The different texts of spans, the longest in total first, each with its share of all time that
// `x` covers.
struct SpanText {
  std::string text;
  double share = 0;  // 0…1
};
std::vector<SpanText> span_texts(const Chart& chart, const std::vector<Span>& spans);

// A chart as JSON for page.js. It has no '<', so that no text of it can end the element that it
// stands in.
std::string chart_json(const Chart& chart, std::size_t group);

// The text of a page as it may stand in HTML, between tags and in quotes: invariants 1 and 3 of
// page.h.
std::string escaped(std::string_view text);

}  // namespace sluice::inspect
