// What the checkpoint keeps. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/hash.h"
#include "core/money.h"
#include "core/row.h"
#include "provider/outcome.h"
#include "store/batch_record.h"

namespace sluice::store {

enum class Durability : std::uint8_t {
  power,    // a commit is synced to the disk: survives power loss
  process,  // a commit is with the operating system: survives kill -9
};

// Where a projection (projection.h) stands.
struct Position {
  std::uint64_t answers = 0;  // bytes
  std::uint64_t rejects = 0;  // bytes
  friend bool operator==(const Position&, const Position&) = default;
};

// By what a projection knows its own again at a position. For itself alone to read: the checkpoint
// only keeps it. Empty: nothing is known (a checkpoint of an older format, or rejects that were
// taken back).
struct Proof {
  std::string answers;
  std::string rejects;
  friend bool operator==(const Proof&, const Proof&) = default;
};

struct Mark {
  Position position;
  Proof proof;
  friend bool operator==(const Mark&, const Mark&) = default;
};

// Written before an attempt is sent (invariant 3).
struct Intent {
  std::uint64_t attempt = 0;   // ascending, unique in the job
  std::uint32_t endpoint = 0;  // index into Options::endpoints
  core::Money worst_cost;
  provider::Usage worst_usage = {};  // input and output tokens at most
};

// Written when an attempt's fate is known; closes its intent. A settlement of a successful attempt
// travels with the answers it paid for, in one transaction. That of a batch's line, which has no
// intent of its own, travels with the batch's record.
struct Settlement {
  std::uint64_t attempt = 0;  // 0: of a batch's line
  std::uint32_t endpoint = 0;
  bool answered = false;  // a usable reply came (Action::none)
  provider::Billing billing = provider::Billing::none;
  // Known: what it used and what that cost; possible: what it may have used and cost at most.
  provider::Usage usage;
  core::Money cost;
  // With a known billing: the usage at list prices, and what a gateway says that it charged, which
  // is then the cost.
  core::Money estimate = {};
  std::optional<core::Money> charged = {};
  // Of an attempt that failed as those before it: what is wrong with the endpoint, for people. Not
  // kept in the write-ahead log.
  std::string problem = {};
  // How the endpoint is asked for the answer's shape, for people, where that was not said in this
  // run yet; empty: as the pipeline file says. Not kept in the write-ahead log.
  std::optional<std::string> form = {};

  bool intended() const { return attempt != 0; }
};

enum class Kind : std::uint8_t { answer, reject };

// What a row and its question are called: by core::name128 of the key and the question, and of the
// question's parts (stages/names.h). Formats 1 to 4 had other names, by XXH3: old_names.h.
struct RowNames {
  core::Hash128 row;
  core::Hash128 question;  // all zero = never asked
};

// How one row ended.
struct Entry {
  core::Hash128 row;       // as RowNames
  core::Hash128 question;  // as RowNames
  Kind kind = Kind::answer;
  std::string model;  // whose answer it is; empty for rejects
  std::string line;   // the output (or rejects) line, without line end
  std::uint32_t answer_at =
      0;  // offset in `line` where the answer's members begin, up to the final '}'
  // It was asked because find_answer() had no answer, and nobody asked the same meanwhile: so it is
  // not there yet, which saves a look.
  bool fresh = false;
  bool old_names = false;     // from a log that was written by format 4
  core::RowPlace place = {};  // of its row, in this run: not kept
};

// A record of an older format gets its present name (old_names.h): its row, its question, or both.
struct Renaming {
  std::int64_t block = 0;
  std::uint32_t record = 0;
  std::optional<core::Hash128> row;
  std::optional<core::Hash128> question;
};

// One commit's worth, from one burst of parsed replies.
struct Results {
  std::vector<Settlement> settlements;
  std::vector<Entry> entries;
  std::vector<Renaming> renamings =
      {};  // not in the write-ahead log: what is lost there is done again
  // As they stand now; each takes the place of what was kept under its nonce.
  std::vector<BatchRecord> batches = {};
};

// What was used of an endpoint's daily quotas at one moment (schedule::DayUsed).
struct DayUse {
  std::uint64_t requests = 0;
  std::uint64_t tokens = 0;
  std::int64_t at = 0;  // seconds since 1970; 0: not known when
  friend bool operator==(const DayUse&, const DayUse&) = default;
};

struct EndpointLedger {
  std::string name;
  std::uint64_t attempts = 0;  // settled ones: answered + failed
  std::uint64_t answered = 0;
  std::uint64_t failed = 0;
  provider::Usage usage;           // of all settled attempts
  core::Money cost;                // of the same: charges where they came, else estimates
  std::uint64_t in_flight = 0;     // sent, or about to be, by a run that has the job now
  std::uint64_t maybe_billed = 0;  // attempts that the provider may have billed without an answer
  core::Money maybe_billed_cost;   // at most
  provider::Usage maybe_billed_usage = {};  // at most; input and output alone
  // The part of `maybe_billed` that was answered, without token counts that could be used.
  std::uint64_t uncounted = 0;
  core::Money uncounted_cost = {};
  provider::Usage failed_usage = {};  // the part of `usage` that failed attempts used
  core::Money failed_cost = {};       // and of `cost`
  std::uint64_t charged = 0;          // attempts whose charge a gateway told
  core::Money charged_cost = {};      // these charges: part of `cost`
  core::Money estimated_cost = {};    // of all known usage, at list prices
  // As set_day_use() last said, and after a crash the requests beyond that at their worst.
  DayUse day = {};
  std::string problem = {};  // Settlement::problem, until an attempt is answered
  std::string form = {};     // Settlement::form, as it was last said
  // Lines of batches that are open, and their worst cost: part of neither of the above.
  std::uint64_t parked = 0;
  core::Money parked_cost = {};
  // checkpoint::Options::endpoint_options of the last run that had the endpoint; empty: not known.
  std::string options = {};
};

// The ledger and the rows' count, at one moment.
struct Account {
  std::uint64_t rows_read = 0;
  std::uint64_t rows_answered = 0;
  std::uint64_t rows_rejected = 0;
  std::uint64_t rows_pending() const {
    const std::uint64_t ended = rows_answered + rows_rejected;
    return rows_read > ended ? rows_read - ended : 0;
  }
  bool input_complete = false;  // the last run read the input to its end
  std::vector<EndpointLedger> endpoints;
  std::vector<BatchRecord> batches = {};  // the oldest first; `endpoint`: index into `endpoints`
  EndpointLedger total() const;
};

// Of a job's questions, at least one: the rows of one of them, and what all have cost together, by endpoint.
Account joined(const std::vector<Account>& accounts, std::size_t rows_of);
inline Account joined(const std::vector<Account>& accounts) {  // the rows of the last
  return joined(accounts, accounts.size() - 1);
}

}  // namespace sluice::store
