#include "passes/spent.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "core/thread_name.h"
#include "wal/record.h"

namespace sluice::passes {
namespace {

using shared_job::WorkerRow;

// An attempt that is open, and who pays for it.
struct OpenAttempt {
  std::string payer;
  core::Money worst;
};

class Sum {
 public:
  core::Status add(std::string_view bytes, std::string_view payer) {
    while (!bytes.empty()) {
      const auto record = wal::take_record(bytes);
      if (!record)
        return core::fail(core::ErrorCode::corrupt, "the shared checkpoint is damaged: a log");
      for (const store::Intent& sent : record->intents)
        open_[sent.attempt] = {std::string(payer), sent.worst_cost};
      for (const store::Settlement& settlement : record->results.settlements) {
        paid_[std::string(payer)] += settlement.cost;
        open_.erase(settlement.attempt);
      }
    }
    return {};
  }
  void end(std::map<std::string, core::Money>& all) const {
    for (const auto& [payer, money] : paid_) all[payer] += money;
    for (const auto& [attempt, open] : open_) all[open.payer] += open.worst;
  }

 private:
  std::map<std::string, core::Money> paid_;
  std::map<std::uint64_t, OpenAttempt> open_;
};

}  // namespace

core::Result<std::map<std::string, core::Money>> spent_by(shared_job::Board& board,
                                                          const shared_job::Job& job,
                                                          const std::vector<std::string>& members) {
  const auto workers = board.workers(job);
  if (!workers) return std::unexpected(workers.error());
  std::map<std::string, core::Money> all;
  std::set<std::string, std::less<>> at_work;
  std::map<shared_job::WorkerId, Sum> logs;  // by the last worker of each
  for (const WorkerRow& worker : *workers) {
    for (const std::string& payer : worker.payers) {
      all[payer];
      if (worker.alive()) at_work.insert(payer);
    }
    Sum sum;
    if (const auto before = logs.find(worker.origin); before != logs.end()) {
      sum = std::move(before->second);
      logs.erase(before);
    }
    auto read = board.read_log_with_payers(worker.id,
                                           [&](std::string_view records, std::string_view payer) {
                                             if (worker.alive()) at_work.emplace(payer);
                                             return sum.add(records, payer);
                                           });
    if (!read) return std::unexpected(read.error());
    logs[worker.id] = std::move(sum);
  }
  for (const auto& [worker, sum] : logs) sum.end(all);
  all.erase("");
  if (members.empty()) return all;
  std::erase_if(all, [&](const auto& line) {
    return std::ranges::find(members, line.first) == members.end() || at_work.contains(line.first);
  });
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
