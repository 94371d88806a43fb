// What was spent where: one EndpointLedger per endpoint that the job ever had, by name. The file
// keeps them under a small number, which is stable when the pipeline's endpoints change.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/records.h"
#include "store/sqlite_store.h"

namespace sluice::checkpoint {

class Ledger {
 public:
  // `names`: Options::endpoints. Those that are not stored yet are given a number and count as
  // changed.
  Ledger(std::vector<store::StoredEndpoint> stored, const std::vector<std::string>& names);

  bool knows(std::uint32_t endpoint) const { return endpoint < by_option_.size(); }
  // Of an endpoint given as its index into Options::endpoints.
  std::uint32_t number(std::uint32_t endpoint) const;
  std::vector<std::uint32_t> numbers() const;  // of all, by index
  bool has(std::uint32_t number) const;
  // Of an endpoint by its number, which it has().
  void settle(std::uint32_t number, const store::Settlement& settlement);
  // Of an endpoint given as its index into Options::endpoints.
  void set_day_use(std::uint32_t endpoint, const store::DayUse& use);
  void set_options(std::uint32_t endpoint, const std::string& options);
  std::vector<store::DayUse> day_use() const;  // of all, by index
  // An intent that may be missing from the day's use; at its worst. `number` as above.
  void count_day_use(std::uint32_t number, const provider::Usage& worst);
  // An intent that is open: of a run that goes on. False: no such number.
  bool in_flight(std::uint32_t number);
  // One that a crash left open: billed without an answer, perhaps. False as above.
  bool maybe_billed(std::uint32_t number, core::Money worst_cost, const provider::Usage& worst);

  // Takes one of these back: its settlement has come after all. False as above.
  bool not_maybe_billed(std::uint32_t number, core::Money worst_cost, const provider::Usage& worst);

  // Writes what changed since the last write.
  core::Status write(store::SqliteStore& store);

  // Those of Options::endpoints in that order, then the former ones.
  std::vector<store::EndpointLedger> endpoints() const;
  // Index into endpoints() of an endpoint by its number, which it has().
  std::uint32_t place(std::uint32_t number) const;
  core::Money spent() const;  // what may have been billed included

 private:
  struct Line {
    store::StoredEndpoint stored;
    bool changed = false;
    bool state_changed = false;  // SqliteStore::put_endpoint_state()
  };
  Line* find(std::uint32_t number);
  std::vector<std::size_t> listed() const;  // indices into lines_, in the order of endpoints()

  std::vector<Line> lines_;
  std::vector<std::size_t> by_option_;  // index into lines_
};

}  // namespace sluice::checkpoint
