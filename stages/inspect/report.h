// `sluice report`: how a job went, as a page: how it stands, the plan beside what came of it, how its
// runs went over time and what bound them, endpoints, batches, rejects, what was saved, runs,
// versions.
//
// Threads: any; a pure function of what it is given.
//
// Invariants:
//   1. Texts of rows stand in it as examples of rejects and nowhere else; without examples, nor does
//      anything that servers or runs said, since that may quote a row.
//   2. No secret stands in it: it is made of what `status`, `rejects` and `batches` show.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "inspect/page.h"
#include "inspect/plan_record.h"
#include "inspect/reject_reasons.h"
#include "inspect/timeline.h"
#include "stages/spec.h"
#include "store/records.h"

namespace sluice::inspect {

struct ReportQuestion {
  std::string title;  // "level 1 of 2"; empty for the only one
  bool begun = false;
  bool running = false;
  store::Account account;
  Timeline timeline;
  std::optional<PlanRecord> plan;
  RejectReasons reasons;
  std::vector<std::string> cost_notes;  // beside the cost, in the words of `status`
};

struct ReportInput {
  const stages::JobSpec& job;
  std::vector<ReportQuestion> questions;  // as job.questions
  store::Account total;                   // the last question's rows, the ledgers of all
  std::vector<std::string> notes;         // at the foot: what could not be read
  std::string version;                    // of this program
  core::WallTime now;
  bool examples = true;
};

Page report_page(const ReportInput& input);

}  // namespace sluice::inspect
