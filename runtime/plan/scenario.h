// "What if": a job with something changed, as a person writes it.
//
//   eu.rpm=x2            twice the quota of the endpoint "eu"; also =60000
//   rpm=x2               of all endpoints
//   eu.copies=3          two more like it
//   eu.down=10m..40m     it answers nothing in that time, from the start of the run on
//   price=x0.8, latency=x2, max_concurrency=500, failed=0.05, output=x1.5
//   deadline=2h, budget=10, rows=1000000
//
// Several with commas between.
//
// Threads: pure functions; any.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "plan/work.h"

namespace sluice::plan {

// The error says what is wrong with the text, and what could stand there.
std::expected<Job, std::string> changed(Job job, std::string_view text);

}  // namespace sluice::plan
