// What a checkpoint is opened with, and what it gives back of earlier runs. Plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "core/hash.h"
#include "core/money.h"
#include "store/records.h"
#include "wal/shared_log.h"

namespace sluice::checkpoint {

constexpr std::chrono::milliseconds kGroupDelay{50};
constexpr std::chrono::milliseconds kIdleDelay{5};  // while nothing is in flight
constexpr std::size_t kGroupEntries = 4096;

// Names the time since the machine was started; empty where that is not known.
std::string this_boot();

struct Options {
  std::string directory;      // ".sluice/<name>"; made when missing
  std::string job;            // the pipeline's name
  core::Hash128 fingerprint;  // of all that shapes the question and the output line, rows apart
  std::vector<std::string> endpoints;  // names; index = endpoint in Intent and Settlement
  // Of `endpoints`, in their order: by what a later run tells that an endpoint's options have
  // changed; to the checkpoint opaque. Empty: not kept.
  std::vector<std::string> endpoint_options = {};
  std::vector<std::string> models;  // answers by these are valid; others are asked again
  store::Durability durability = store::Durability::power;
  std::size_t group_entries = kGroupEntries;  // so many results do not wait for more
  std::string share =
      {};  // folder of the checkpoints whose answers hold as well (shared_answers.h)
  // Where other machines find what this run commits; null: nowhere. It outlives the checkpoint.
  wal::SharedLog* shared_log = nullptr;
  std::string boot = this_boot();  // which the run that died last is told apart from
};

struct StoredAnswer {
  std::string members;  // the answer's members, as `"queue":"bug","urgency":2` (may be empty)
  std::string model;
};

struct Opened {
  bool resumed = false;            // an earlier run of this generation left rows behind
  std::uint64_t done_rows = 0;     // answered or rejected in this generation
  std::uint64_t maybe_billed = 0;  // intents that the last run left open
  core::Money maybe_billed_cost;   // at most
  std::uint64_t next_attempt = 1;
  core::Money spent;  // by all earlier runs, maybe-billed included
  // The worst cost of the batches that are open: beside `spent`.
  core::Money reserved = {};
  // All that the job ever had, the oldest first. `endpoint`: index into Options::endpoints, or beyond
  // them where the pipeline has that endpoint no more.
  std::vector<store::BatchRecord> batches = {};
  std::vector<store::DayUse> day_use = {};  // of Options::endpoints, in their order
};

}  // namespace sluice::checkpoint
