// What the workers of a shared job have spent of a budget, by their logs: so that what a killed process held is free again
// (dispatch/budget_shares.h).
//
// Threads: ask() on any; a thread of its own reads.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/error.h"
#include "core/money.h"
#include "core/secret.h"
#include "dispatch/budget_shares.h"
#include "shared_job/board.h"

namespace sluice::passes {

// Of each name: what was paid, and what is open at its worst. `members`: these alone, of those that a worker is known by
// (Board::add_payer), and none of a process that is alive; empty: all.
core::Result<std::map<std::string, core::Money>> spent_by(shared_job::Board& board,
                                                          const shared_job::Job& job,
                                                          const std::vector<std::string>& members);

class Spent {
 public:
  // `whole`: the budget is this job's alone, so that its logs tell all that was ever spent of it.
  Spent(core::Secret url, shared_job::Job job, bool whole);
  ~Spent();  // forgets what is asked
  Spent(const Spent&) = delete;
  Spent& operator=(const Spent&) = delete;

  // Has `worker` known by this name, so that it can be told of one that is killed before it has spent anything.
  void add_payer(shared_job::WorkerId worker, std::string payer);
  void ask(std::vector<std::string> members, std::function<void(dispatch::LedgerLines)> tell);
  // When it returns, no earlier question is answered any more.
  void forget();

 private:
  struct Question {
    std::vector<std::string> members = {};
    std::function<void(dispatch::LedgerLines)> tell = {};
    shared_job::WorkerId worker = 0;  // then `payer` is to be its name
    std::string payer = {};
  };
  void run();
  void answer(const Question& question);

  const core::Secret url_;
  const shared_job::Job job_;
  const bool whole_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<Question> questions_;
  bool answering_ = false;
  bool ending_ = false;
  std::thread thread_;  // last
};

}  // namespace sluice::passes
