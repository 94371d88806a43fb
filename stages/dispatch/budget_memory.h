// What a checkpoint remembers of the shared budget that its runs have spent from: under which names, and what each of these has
// spent, counted by the checkpoint's own ledger. So a process that was killed settles what it held when it is started again, and a
// store that has lost the budget is found out by one that knows it.
//
// In a file of some hundred bytes beside the checkpoint, as durable when write() returns.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/money.h"

namespace sluice::dispatch {

// Under one name. `from`, `to`: what the checkpoint had paid and reserved when it began and ended.
struct BudgetLife {
  std::string member{};
  core::Money before{};  // what it said that it had spent when it joined
  core::Money from{};
  core::Money to{};
};

class BudgetMemory {
 public:
  static constexpr std::size_t kMostLives = 64;  // later ones push out the first

  // Of another budget's nothing is remembered. An error where the file is there and cannot be read.
  static core::Result<BudgetMemory> read(const std::string& directory, const std::string& budget);

  // From now on it spends under this name, and what came before has ended with `paid`.
  void begin(std::string member, core::Money before, core::Money paid);
  // What an earlier name has spent, at its worst; nullopt where it was not one.
  std::optional<core::Money> spent_by(const std::string& member) const;
  std::uint64_t epoch() const { return epoch_; }
  void set_epoch(std::uint64_t epoch) { epoch_ = epoch; }
  core::Status write() const;

 private:
  std::string path_;
  std::string budget_;
  std::uint64_t epoch_ = 0;
  std::vector<BudgetLife> lives_;  // the last one is the present
};

}  // namespace sluice::dispatch
