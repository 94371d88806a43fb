// How a question's runs went, from their timeline: the charts of a report, and what bound the speed.
//
// Time is the time in which the job ran: what lies between two runs is no work, and is not drawn. A
// line stands where a run begins.
//
// Threads: any; pure functions.
#pragma once

#include <vector>

#include "inspect/page.h"
#include "inspect/timeline.h"

namespace sluice::inspect {

// Rows a second and money; in flight and refused; latencies; batches: those of which anything is
// known. None where runs have left fewer than three points.
std::vector<Block> charts_of(const Timeline& timeline);

// What bound the speed, for how long: from one point to the next what held at the second.
std::vector<Span> limit_spans(const Timeline& timeline);
// A table of them, the longest first.
std::optional<Table> limits_table(const Timeline& timeline);

}  // namespace sluice::inspect
