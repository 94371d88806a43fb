#include "passes/spent.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "core/thread_name.h"
#include "passes/worker_logs.h"

namespace sluice::passes {
namespace {

using shared_job::WorkerRow;

// An attempt that is open, and who pays for it.
struct OpenAttempt {
  std::string payer;
  core::Money worst;
};

// Of one log.
class Sum {
 public:
  void add(const std::vector<wal::Record>& records, std::string_view payer) {
    for (const wal::Record& record : records) {
      for (const store::Intent& sent : record.intents)
        open_[sent.attempt] = {std::string(payer), sent.worst_cost};
      for (const store::Settlement& settlement : record.results.settlements) {
        paid_[std::string(payer)] += settlement.cost;
        open_.erase(settlement.attempt);
      }
    }
  }
  std::map<std::string, core::Money> by_payer() const {
    std::map<std::string, core::Money> sums = paid_;
    for (const auto& [attempt, open] : open_) sums[open.payer] += open.worst;
    return sums;
  }

 private:
  std::map<std::string, core::Money> paid_;
  std::map<std::uint64_t, OpenAttempt> open_;
};

// Names by which a process is known, of those that are asked for.
std::set<std::string> payers_of(const WorkerLog& log, const std::vector<std::string>& members) {
  std::set<std::string> payers;
  for (const WorkerRow* part : log.parts)
    for (const std::string& payer : part->payers)
      if (members.empty() || std::ranges::find(members, payer) != members.end())
        payers.insert(payer);
  return payers;
}

}  // namespace

core::Result<std::map<std::string, core::Money>> spent_by(shared_job::Board& board,
                                                          const shared_job::Job& job,
                                                          const std::vector<std::string>& members) {
  const auto workers = board.workers(job);
  if (!workers) return std::unexpected(workers.error());
  std::map<std::string, core::Money> all;
  for (const WorkerLog& log : logs_of(*workers)) {
    const std::set<std::string> payers = payers_of(log, members);
    if (!members.empty() && (payers.empty() || log.alive())) continue;
    Sum sum;
    auto read = read_records(
        board, log,
        [&](const std::vector<wal::Record>& records, std::string_view payer) -> core::Status {
          sum.add(records, payer);
          return {};
        });
    if (!read) return std::unexpected(read.error());
    for (const std::string& payer : payers) all[payer];  // also one that has spent nothing
    for (const auto& [payer, money] : sum.by_payer())
      if (!payer.empty() && (members.empty() || payers.contains(payer))) all[payer] += money;
  }
  return all;
}

Spent::Spent(core::Secret url, shared_job::Job job, bool whole)
    : url_(std::move(url)), job_(job), whole_(whole), thread_([this] { run(); }) {}

Spent::~Spent() {
  forget();
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Spent::ask(std::vector<std::string> members, std::function<void(dispatch::LedgerLines)> tell) {
  {
    const std::lock_guard lock(mutex_);
    questions_.push_back({.members = std::move(members), .tell = std::move(tell)});
  }
  changed_.notify_all();
}

void Spent::add_payer(shared_job::WorkerId worker, std::string payer) {
  {
    const std::lock_guard lock(mutex_);
    questions_.push_back({.worker = worker, .payer = std::move(payer)});
  }
  changed_.notify_all();
}

void Spent::forget() {
  std::unique_lock lock(mutex_);
  std::erase_if(questions_, [](const Question& question) { return question.worker == 0; });
  changed_.wait(lock, [this] { return !answering_; });
}

void Spent::run() {
  core::name_thread("sluice-ledger");
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ending_ || !questions_.empty(); });
    if (ending_) return;
    const Question question = std::move(questions_.front());
    questions_.pop_front();
    answering_ = true;
    lock.unlock();
    answer(question);
    lock.lock();
    answering_ = false;
    changed_.notify_all();
  }
}

// Who is not told asks again.
void Spent::answer(const Question& question) {
  if (question.worker == 0 && question.members.empty() && !whole_) return;
  const auto board = shared_job::Board::open(url_, [](const std::string&) {});
  if (!board) return;
  (*board)->hurry();
  if (question.worker != 0) {  // where it fails, what is held under that name stays withheld
    std::ignore = (*board)->add_payer(question.worker, question.payer);
    return;
  }
  const auto spent = spent_by(**board, job_, question.members);
  if (!spent) return;
  if (spent->empty() && !question.members.empty()) return;
  question.tell(dispatch::LedgerLines(spent->begin(), spent->end()));
}

}  // namespace sluice::passes
