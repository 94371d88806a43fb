// How a job stands, as the listener shows it: on the page, in /api/state, in /metrics, each from this one value, so
// that they cannot differ.
//
// Threads: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/money.h"
#include "observe/meter.h"
#include "observe/view.h"
#include "store/records.h"

namespace sluice::listen {

enum class State : std::uint8_t {
  running,
  paused,
  stopping,  // what is in flight is waited for
  finished,  // every row has ended
  stopped,   // on request, by budget or deadline, or rows wait for batches
  failed,
  interrupted,        // no run has the job, and not every row has ended
  running_elsewhere,  // another process has it
  not_begun,
};
std::string_view state_name(State state);  // "running-elsewhere"

// An endpoint of the pipeline.
struct EndpointInfo {
  std::string name;
  std::string model;
  std::string tier;
  int max_in_flight = 0;
};

// What only a run of this process knows.
struct Live {
  observe::View view;
  observe::Meter::Counts counts;
  std::uint64_t in_flight = 0;  // requests
  std::uint64_t waiting = 0;
  std::uint64_t committing = 0;             // rows that have ended and are not durable yet
  std::vector<std::string> quotas;          // by endpoint: which is used most; may be empty
  std::string limit;                        // what binds now; may be empty
  std::vector<EndpointInfo> endpoints;      // as view.endpoints
  std::vector<store::BatchRecord> batches;  // of the run; `endpoint`: index into `endpoints`
};

struct Status {
  std::string job;
  std::string file;
  std::string version;
  std::string run;  // differs from run to run; empty where no run of this process has the job
  State state = State::not_begun;
  std::string why;  // of a run that stopped or failed, for people
  core::WallTime now{};
  core::WallTime started{};  // of the run
  core::Duration elapsed{};
  std::size_t question = 0;  // from 0
  std::size_t questions = 1;
  std::string title;  // "level 1 of 2"; empty for the only one
  // The rows of this question (of the last, when all have run), the ledgers of all.
  store::Account account;
  std::vector<EndpointInfo>
      endpoints;  // of the pipeline; of others that were in it once nothing is known
  std::vector<observe::RejectView> rejects;
  std::optional<core::Money> budget;
  std::optional<Live> live;
};

}  // namespace sluice::listen
