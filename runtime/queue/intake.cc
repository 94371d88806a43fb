#include "queue/intake.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <functional>
#include <iterator>
#include <mutex>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "store/sqlite.h"

namespace sluice::queue {
namespace {

constexpr std::chrono::seconds kAcknowledgeEvery{1};
constexpr char kSchema[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE IF NOT EXISTS intake("
    "number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, deliveries INTEGER NOT "
    "NULL, row BLOB NOT NULL) STRICT";
// A kept row's receipt is its number behind this.
constexpr char kKept = '#';

std::string path_in(const std::string& folder) {
  return folder + "/intake.db";
}

std::string receipt_of(std::int64_t number) {
  return fmt::format("{}{}", kKept, number);
}
std::int64_t number_of(std::string_view receipt) {
  std::int64_t number = 0;
  std::from_chars(receipt.data() + 1, receipt.data() + receipt.size(), number);
  return number;
}
bool is_kept(const Held& held) {
  return held.receipt.starts_with(kKept);
}
std::vector<Held> not_kept(std::span<const Held> held) {
  std::vector<Held> theirs;
  std::ranges::copy_if(held, std::back_inserter(theirs), std::not_fn(is_kept));
  return theirs;
}

std::unexpected<QueueFailure> final_failure(const core::Error& error) {
  return std::unexpected(QueueFailure{error, false});
}

class Intake final : public Queue {
 public:
  Intake(std::unique_ptr<Queue> service, const std::string& folder, bool keeps)
      : service_(std::move(service)), path_(path_in(folder)), keeps_(keeps) {}

  QueueResult<void> open() override;
  QueueResult<std::vector<Message>> take(std::size_t most, core::Duration longest) override;
  bool has(const Held& held) const override { return is_kept(held) || service_->has(held); }
  std::size_t most_at_once() const override { return service_->most_at_once(); }
  std::size_t takers() const override { return service_->takers(); }
  QueueResult<void> hold(std::span<const Held> held) override;
  core::Duration hold_every() const override {
    return std::min<core::Duration>(service_->hold_every(), kAcknowledgeEvery);
  }
  QueueResult<std::vector<std::string>> acknowledge(std::span<const Held> held) override;
  QueueResult<void> give_back(std::span<const Held> held) override;
  void close() override { service_->close(); }

 private:
  core::Status prepare();
  core::Result<std::vector<Message>> take_kept(std::size_t most);
  // Keeps those that are rows. What is to be handed over.
  core::Result<std::vector<Message>> keep(std::vector<Message> messages);
  core::Status transact(const std::function<core::Status()>& work);
  core::Status each_kept(std::span<const Held> held, store::Statement& statement);
  QueueResult<void> acknowledge_kept();

  const std::unique_ptr<Queue> service_;
  const std::string path_;
  const bool keeps_;

  std::mutex mutex_;  // guards what follows
  std::unique_ptr<store::Connection> db_;
  store::Statement insert_, select_, deliver_, remove_, undeliver_;
  std::int64_t next_ = 0;  // of earlier runs' rows, handed over before …
  std::int64_t last_ = 0;  // … this one, the last
  std::unordered_map<std::string, Held> unacknowledged_;  // at the service, by id
  core::Time held_at_{};
};

QueueResult<void> Intake::open() {
  if (auto ready = prepare(); !ready) return final_failure(ready.error());
  return service_->open();
}

core::Status Intake::prepare() {
  const std::lock_guard lock(mutex_);
  auto db = store::Connection::open(path_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  if (!db) return std::unexpected(db.error());
  db_ = std::make_unique<store::Connection>(std::move(*db));
  if (auto made = db_->execute(kSchema); !made) return made;
  for (const auto& [statement, sql] :
       std::initializer_list<std::pair<store::Statement*, const char*>>{
           {&insert_,
            "INSERT INTO intake(id, deliveries, row) VALUES(?1, ?2, ?3) ON CONFLICT(id) DO NOTHING "
            "RETURNING number"},
           {&select_,
            "SELECT number, id, deliveries + 1, row FROM intake WHERE number > ?1 AND number <= ?2 "
            "ORDER BY number LIMIT ?3"},
           {&deliver_, "UPDATE intake SET deliveries = deliveries + 1 WHERE number = ?1"},
           {&remove_, "DELETE FROM intake WHERE number = ?1"},
           {&undeliver_, "UPDATE intake SET deliveries = deliveries - 1 WHERE number = ?1"}}) {
    auto prepared = db_->prepare(sql);
    if (!prepared) return std::unexpected(prepared.error());
    *statement = std::move(*prepared);
  }
  auto last = db_->prepare("SELECT ifnull(max(number), 0) FROM intake");
  if (!last) return std::unexpected(last.error());
  if (auto row = last->step(); !row) return std::unexpected(row.error());
  last_ = last->integer(0);
  return {};
}

core::Status Intake::transact(const std::function<core::Status()>& work) {
  if (auto begun = db_->execute("BEGIN IMMEDIATE"); !begun) return begun;
  if (auto done = work(); !done) {
    std::ignore = db_->execute("ROLLBACK");
    return done;
  }
  return db_->execute("COMMIT");
}

QueueResult<std::vector<Message>> Intake::take(std::size_t most, core::Duration longest) {
  {
    const std::lock_guard lock(mutex_);
    if (next_ < last_) {
      auto kept = take_kept(most);
      if (!kept) return final_failure(kept.error());
      if (!kept->empty()) return std::move(*kept);
    }
  }
  auto taken = service_->take(most, longest);
  if (!taken || !keeps_) return taken;
  const std::lock_guard lock(mutex_);
  auto kept = keep(std::move(*taken));
  if (!kept) return final_failure(kept.error());
  return std::move(*kept);
}

core::Result<std::vector<Message>> Intake::take_kept(std::size_t most) {
  std::vector<Message> messages;
  auto taken = transact([&]() -> core::Status {
    select_.bind(1, next_).bind(2, last_).bind(3, static_cast<std::int64_t>(most));
    while (true) {
      const auto row = select_.step();
      if (!row) return std::unexpected(row.error());
      if (!*row) break;
      messages.push_back({.id = std::string(select_.bytes(1)),
                          .receipt = receipt_of(select_.integer(0)),
                          .text = std::string(select_.bytes(3)),
                          .deliveries = select_.unsigned_integer(2)});
      next_ = select_.integer(0);
    }
    select_.reset();
    for (const Message& message : messages) {
      if (auto told = deliver_.bind(1, number_of(message.receipt)).run(); !told) return told;
    }
    return {};
  });
  if (!taken) return std::unexpected(taken.error());
  if (messages.empty()) next_ = last_;
  return messages;
}

core::Result<std::vector<Message>> Intake::keep(std::vector<Message> messages) {
  std::vector<Message> fresh;
  std::vector<Held> kept;
  if (messages.empty()) return fresh;
  auto done = transact([&]() -> core::Status {
    for (Message& message : messages) {
      if (message.reject) {
        fresh.push_back(std::move(message));
        continue;
      }
      kept.push_back({message.id, message.receipt, message.deliveries});
      insert_.bind_text(1, message.id).bind(2, message.deliveries).bind_blob(3, message.text);
      const auto row = insert_.step();
      if (!row) return std::unexpected(row.error());
      if (*row) {
        message.receipt = receipt_of(insert_.integer(0));
        fresh.push_back(std::move(message));
      }
      insert_.reset();
    }
    return {};
  });
  if (!done) return std::unexpected(done.error());
  for (Held& one : kept) unacknowledged_[one.id] = std::move(one);
  return fresh;
}

// Some hold and tell on one thread, as queue.h has it: here.
QueueResult<void> Intake::acknowledge_kept() {
  std::vector<Held> held;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, one] : unacknowledged_) held.push_back(one);
  }
  if (held.empty()) return {};
  const auto left = service_->acknowledge(held);
  if (!left) return std::unexpected(left.error());
  const std::lock_guard lock(mutex_);
  for (const Held& one : held) {
    const auto found = unacknowledged_.find(one.id);
    // A delivery that has come meanwhile counts by itself.
    if (std::ranges::find(*left, one.id) == left->end() && found->second.receipt == one.receipt)
      unacknowledged_.erase(found);
  }
  return {};
}

QueueResult<void> Intake::hold(std::span<const Held> held) {
  if (auto told = acknowledge_kept(); !told) return told;
  const core::Time now = std::chrono::steady_clock::now();
  if (now - held_at_ + kAcknowledgeEvery < service_->hold_every()) return {};
  held_at_ = now;
  return service_->hold(not_kept(held));
}

core::Status Intake::each_kept(std::span<const Held> held, store::Statement& statement) {
  const std::lock_guard lock(mutex_);
  return transact([&]() -> core::Status {
    for (const Held& one : held) {
      if (!is_kept(one)) continue;
      if (auto done = statement.bind(1, number_of(one.receipt)).run(); !done) return done;
    }
    return {};
  });
}

QueueResult<std::vector<std::string>> Intake::acknowledge(std::span<const Held> held) {
  if (auto told = acknowledge_kept(); !told) return std::unexpected(told.error());
  std::vector<Held> ours, theirs;
  std::vector<std::string> left;
  {
    const std::lock_guard lock(mutex_);
    for (const Held& one : held) {
      if (!is_kept(one))
        theirs.push_back(one);
      else if (unacknowledged_.contains(one.id))
        left.push_back(one.id);  // gone from here it would be new when it comes again
      else
        ours.push_back(one);
    }
  }
  if (auto gone = each_kept(ours, remove_); !gone) return final_failure(gone.error());
  if (theirs.empty()) return left;
  auto still = service_->acknowledge(theirs);
  if (still) still->insert(still->end(), left.begin(), left.end());
  return still;
}

QueueResult<void> Intake::give_back(std::span<const Held> held) {
  // Kept rows stay, for the next run: that this one has not asked them is nothing against them.
  if (auto stay = each_kept(held, undeliver_); !stay) return final_failure(stay.error());
  const auto told = acknowledge_kept();
  const auto given = service_->give_back(not_kept(held));
  return told ? given : told;
}

}  // namespace

std::unique_ptr<Queue> make_intake(std::unique_ptr<Queue> service, std::string folder, bool keeps) {
  return std::make_unique<Intake>(std::move(service), folder, keeps);
}

core::Result<std::uint64_t> rows_taken_in(const std::string& folder) {
  const std::string path = path_in(folder);
  if (!std::filesystem::exists(path)) return 0;
  auto db = store::Connection::open(path, SQLITE_OPEN_READONLY);
  if (!db) return std::unexpected(db.error());
  auto count = db->prepare("SELECT count(*) FROM intake");
  if (!count) return std::unexpected(count.error());
  if (auto row = count->step(); !row) return std::unexpected(row.error());
  return count->unsigned_integer(0);
}

}  // namespace sluice::queue
