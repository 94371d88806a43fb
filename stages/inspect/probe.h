// Whether the endpoints of a job answer: each is asked one small request, once, through the flow of a
// run (try_rows.h). Nothing is kept; requests are real and are paid for.
//
// What is asked is the question's own request (system text, examples, schema, options of the endpoint) for one
// row: the first of the input that a run would ask. Its prompt stands in for the rows of later questions and
// levels as well, since theirs are answers that are not there yet.
//
// Threads: one at a time; probe() as job::Run::make() and run().
//
// Invariants:
//   1. An endpoint is sent one request. Only where its server refuses the form of the answer, and the
//      file names none, is it sent again in the next form (dispatch/answer_form.h).
//   2. No text here holds a key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/money.h"
#include "dispatch/online_sender.h"
#include "inspect/recording.h"
#include "provider/codec.h"
#include "provider/endpoint.h"
#include "stages/spec.h"

namespace sluice::inspect {

// Where an endpoint stands in the job.
struct ProbePlace {
  std::size_t question = 0;  // from 0: the first that has it
  std::size_t endpoint = 0;  // among that question's
};
// Each endpoint of the job once, in the order of the file.
std::vector<ProbePlace> probe_places(const stages::JobSpec& job);

struct ProbeRow {
  std::string prompt;    // what is asked; a word of ours where there is no row
  std::string name;      // row_name_of(); empty: no row
  std::string path;      // its file
  std::string why_none;  // why there is no row
};
// The first row, of the first kRowsLookedAt of the input's first file, that a run would ask. Safe on any
// input (first_rows.h).
constexpr std::size_t kRowsLookedAt = 64;
ProbeRow probe_row(const stages::PipelineSpec& first);

// What the request costs at most, without one more in another form; nullopt: no price is known.
std::optional<core::Money> probe_cost(const stages::JobSpec& job, const ProbePlace& place,
                                      const ProbeRow& row);

struct Probe {
  std::string endpoint;  // name
  std::string url;       // that was asked; empty: nothing was sent
  bool ok = false;       // it has answered, in whatever words
  std::uint64_t requests = 0;
  std::string why_not_asked;  // where nothing was sent
  // Of the last request.
  core::Duration took{};  // with the time to connect
  provider::Outcome outcome;
  std::string model;           // that the reply names
  std::size_t dimensions = 0;  // of a vector
  bool cut_off = false;        // at max_output_tokens

  core::Money cost;     // of all requests, or at most
  bool priced = false;  // else `cost` is not known
  bool shaped = false;  // columns are asked for
  provider::StructuredOutput form =
      provider::StructuredOutput::json_schema;  // in which it was asked last
  std::string form_note;                        // where that is not the file's
  std::string misfit;                           // why its answer is of no use to the row
};

// `spent`: by the job, and by the probes so far: counts against the budget.
Probe probe(const stages::JobSpec& job, const ProbePlace& place, const ProbeRow& row,
            core::Money spent,
            const dispatch::MakeSender& make_sender = dispatch::make_online_sender);

}  // namespace sluice::inspect
