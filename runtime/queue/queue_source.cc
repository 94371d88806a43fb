#include "queue/queue_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "core/thread_name.h"
#include "queue/ended_messages.h"
#include "queue/message_row.h"

namespace sluice::queue {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kReadWait{20};
constexpr milliseconds kRetryAfter{200};
// What Ctrl-C may wait for.
constexpr seconds kLongestTake{2};
constexpr std::size_t kAcksAtOnce = 500;
constexpr std::size_t kFirstCount = 16;
constexpr std::size_t kMostCount = 128;

core::Time steady_now() {
  return std::chrono::steady_clock::now();
}

class QueueSource final : public format::RecordSource {
 public:
  QueueSource(std::unique_ptr<Queue> queue, SourceOptions options)
      : options_(std::move(options)), queue_(std::move(queue)) {}
  ~QueueSource() override;

  core::Status start();

  core::Result<State> read(const Take& take) override;
  format::RecordReader::Description description() const override {
    return {.format = options_.format, .columns = {}};
  }
  bool acknowledged() const override { return true; }
  void stop() override;
  void ended(std::span<const std::uint64_t> lines) override;
  core::Status close() override;

 private:
  using Lock = std::unique_lock<std::mutex>;
  // Since when calls of a kind have failed.
  struct Failing {
    std::optional<core::Time> since;
  };
  struct Known {
    std::string receipt = {};
    std::uint64_t deliveries = 1;
    core::Hash128 name = {};  // in ended_
  };

  void run_thread(void (QueueSource::*body)(Lock&), const char* name);
  void take_on(Lock& lock);
  void tend(Lock& lock);
  bool acknowledge(Lock& lock);  // false: again later
  bool hold(Lock& lock);         // false: again soon
  void add(std::vector<Message> messages, const std::vector<core::Hash128>& names);
  void drop_lost();
  std::size_t room() const;
  // False: the queue is of no more use.
  bool failed(const QueueFailure& failure, Failing& failing);
  core::Status give_back(Lock& lock);

  const SourceOptions options_;
  const std::unique_ptr<Queue> queue_;

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::deque<Message> waiting_;
  std::size_t bytes_ = 0;                        // of them
  std::unordered_map<std::string, Known> held_;  // by id: waiting, under way, to acknowledge
  std::unordered_map<std::uint64_t, std::string> under_way_;  // ids by the line of the record
  std::uint64_t next_line_ = 1;
  std::deque<std::string> to_acknowledge_;  // those that could not be come last
  EndedMessages ended_;                     // and acknowledged
  bool acknowledging_ = false;
  std::string refusal_;     // why the last acknowledgement failed; empty: it did not
  std::size_t taking_ = 0;  // asked for by takes that are under way
  std::size_t takers_running_ = 0;
  std::size_t count_ = kFirstCount;  // of one take, by the size of what came
  bool plenty_ = true;               // the last take brought something
  std::optional<core::Time> quiet_since_;
  core::Time came_at_;
  Failing take_failing_;
  Failing tend_failing_;
  std::optional<core::Error> error_;
  bool stopped_ = false;  // takes no more
  bool over_ = false;     // tends no more

  std::vector<std::thread> takers_;
  std::thread tender_;
};

core::Status QueueSource::start() {
  if (auto opened = queue_->open(); !opened) return std::unexpected(opened.error().error);
  came_at_ = steady_now();
  takers_running_ = queue_->takers();
  for (std::size_t i = 0; i < queue_->takers(); ++i)
    takers_.emplace_back([this] { run_thread(&QueueSource::take_on, "queue-take"); });
  tender_ = std::thread([this] { run_thread(&QueueSource::tend, "queue-tend"); });
  return {};
}

QueueSource::~QueueSource() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = over_ = true;
  }
  changed_.notify_all();
  queue_->close();
  for (std::thread& taker : takers_) taker.join();
  if (tender_.joinable()) tender_.join();
}

void QueueSource::run_thread(void (QueueSource::*body)(Lock&), const char* name) {
  core::name_thread(name);
  Lock lock(mutex_, std::defer_lock);
  try {
    lock.lock();
    (this->*body)(lock);
  } catch (...) {
    core::Error error = core::caught();
    if (!lock.owns_lock()) lock.lock();
    if (!error_) error_ = std::move(error);
  }
  if (body == &QueueSource::take_on) --takers_running_;
  changed_.notify_all();
}

// The reader's side

core::Result<format::RecordSource::State> QueueSource::read(const Take& take) {
  std::deque<Message> messages;
  std::uint64_t line = 0;
  {
    Lock lock(mutex_);
    changed_.wait_for(lock, kReadWait, [this] { return !waiting_.empty() || error_; });
    if (error_) return std::unexpected(*error_);
    if (waiting_.empty()) {
      const bool idle =
          options_.idle_exit && quiet_since_ && steady_now() - *quiet_since_ >= *options_.idle_exit;
      return idle ? State::end : State::waiting;
    }
    drop_lost();
    messages.swap(waiting_);
    bytes_ = 0;
    line = next_line_;
    for (const Message& message : messages) under_way_[next_line_++] = message.id;
  }
  changed_.notify_all();
  for (const Message& message : messages) {
    const MessageRow row = row_of(message, options_.max_deliveries);
    if (!take({.text = row.text, .line = line++, .reject = row.reject ? &*row.reject : nullptr}))
      return State::stopped;
  }
  return State::more;
}

// What another consumer has by now. It may come again, as new.
void QueueSource::drop_lost() {
  std::erase_if(waiting_, [this](const Message& message) {
    const auto known = held_.find(message.id);
    if (queue_->has({message.id, known->second.receipt, known->second.deliveries})) return false;
    held_.erase(known);
    return true;
  });
}

void QueueSource::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
}

void QueueSource::ended(std::span<const std::uint64_t> lines) {
  {
    const std::lock_guard lock(mutex_);
    for (const std::uint64_t line : lines) {
      const auto found = under_way_.find(line);
      if (found == under_way_.end()) continue;
      to_acknowledge_.push_back(std::move(found->second));
      under_way_.erase(found);
    }
  }
  changed_.notify_all();
}

core::Status QueueSource::close() {
  stop();
  Lock lock(mutex_);
  const auto through = [this] {
    return to_acknowledge_.empty() && !acknowledging_ && takers_running_ == 0;
  };
  changed_.wait_for(lock, options_.close_within, [&] { return through() || error_; });
  if (error_) return std::unexpected(*error_);
  const bool in_time = through();
  over_ = true;
  lock.unlock();
  changed_.notify_all();
  if (!in_time) queue_->close();
  for (std::thread& taker : takers_) taker.join();
  takers_.clear();
  tender_.join();
  lock.lock();
  if (to_acknowledge_.empty()) return give_back(lock);
  return core::fail(
      core::ErrorCode::io,
      fmt::format("{} rows have ended and could not be acknowledged{}: they are kept, "
                  "and are acknowledged when the job is run again, without being "
                  "asked",
                  to_acknowledge_.size(), refusal_.empty() ? "" : " (" + refusal_ + ")"),
      options_.name);
}

// What has not been asked. Where that fails it comes again all the same, later.
core::Status QueueSource::give_back(Lock& lock) {
  std::vector<Held> held;
  for (const auto& [id, known] : held_) held.push_back({id, known.receipt, known.deliveries});
  held_.clear();
  lock.unlock();
  static_cast<void>(queue_->give_back(held));
  return {};
}

// Taking

std::size_t QueueSource::room() const {
  const std::size_t ahead = waiting_.size() + taking_;
  if (bytes_ >= kAheadBytes || ahead >= kAhead) return 0;
  return std::min({kAhead - ahead, count_, queue_->most_at_once()});
}

void QueueSource::take_on(Lock& lock) {
  core::Duration longest = kLongestTake;
  if (options_.idle_exit)
    longest = std::clamp<core::Duration>(*options_.idle_exit / 2, milliseconds(1), longest);
  while (true) {
    // One waits for what may come; further ones help where there is plenty.
    changed_.wait(
        lock, [this] { return stopped_ || error_ || (room() > 0 && (taking_ == 0 || plenty_)); });
    if (stopped_ || error_) return;
    const std::size_t most = room();
    taking_ += most;
    const core::Time began = steady_now();
    lock.unlock();
    auto taken = queue_->take(most, longest);
    std::vector<core::Hash128> names;
    if (taken)
      for (const Message& message : *taken) names.push_back(EndedMessages::name_of(message));
    lock.lock();
    taking_ -= most;
    if (!taken) {
      quiet_since_.reset();
      if (!failed(taken.error(), take_failing_)) return;
      changed_.wait_for(lock, kRetryAfter, [this] { return stopped_ || error_; });
      came_at_ = steady_now();
      continue;
    }
    take_failing_.since.reset();
    plenty_ = !taken->empty();
    if (taken->empty()) {
      // It may have waited for a connection: an empty take vouches for its own time alone.
      if (!quiet_since_) quiet_since_ = std::max({began, came_at_, steady_now() - longest});
    } else {
      add(std::move(*taken), names);
    }
    changed_.notify_all();
  }
}

void QueueSource::add(std::vector<Message> messages, const std::vector<core::Hash128>& names) {
  std::size_t bytes = 0;
  const std::size_t count = messages.size();
  for (std::size_t i = 0; i < count; ++i) {
    Message& message = messages[i];
    const std::size_t size = sizeof message + message.text.size();
    bytes += size;
    const auto [known, first] = held_.try_emplace(message.id);
    known->second = {message.receipt, message.deliveries, names[i]};
    if (!first) continue;
    if (ended_.has(names[i])) {
      to_acknowledge_.push_back(std::move(message.id));
      continue;
    }
    bytes_ += size;
    waiting_.push_back(std::move(message));
  }
  count_ = std::clamp(kAheadBytes / 2 * count / bytes, std::size_t{1}, kMostCount);
  came_at_ = steady_now();
  quiet_since_.reset();
}

bool QueueSource::failed(const QueueFailure& failure, Failing& failing) {
  if (!failing.since) failing.since = steady_now();
  if (failure.passing && steady_now() - *failing.since <= kReconnectFor) return true;
  if (!stopped_ && !error_) error_ = failure.error;
  changed_.notify_all();
  return false;
}

// Holding and acknowledging

void QueueSource::tend(Lock& lock) {
  core::Time hold_at = steady_now() + queue_->hold_every();
  core::Time acknowledge_at = steady_now();
  while (!over_ && !error_) {
    const auto due = [&] { return !to_acknowledge_.empty() && steady_now() >= acknowledge_at; };
    const core::Time wake = to_acknowledge_.empty() ? hold_at : std::min(hold_at, acknowledge_at);
    changed_.wait_until(lock, wake, [&] { return over_ || error_ || due(); });
    if (due()) {
      if (!acknowledge(lock)) acknowledge_at = steady_now() + kRetryAfter;
    }
    if (!over_ && steady_now() >= hold_at) {
      const bool held = hold(lock);
      hold_at = steady_now() + (held ? queue_->hold_every()
                                     : std::min<core::Duration>(queue_->hold_every(), kRetryAfter));
    }
  }
}

bool QueueSource::acknowledge(Lock& lock) {
  const std::size_t count = std::min(to_acknowledge_.size(), kAcksAtOnce);
  std::vector<Held> held;
  for (std::size_t i = 0; i < count; ++i) {
    std::string& id = to_acknowledge_.front();
    const Known& known = held_.at(id);
    held.push_back({std::move(id), known.receipt, known.deliveries});
    to_acknowledge_.pop_front();
  }
  acknowledging_ = true;
  lock.unlock();
  const auto left = queue_->acknowledge(held);
  lock.lock();
  acknowledging_ = false;
  if (left)
    tend_failing_.since.reset();
  else
    failed(left.error(), tend_failing_);
  refusal_ = left ? "" : left.error().error.message;
  for (Held& one : held) {
    const auto known = held_.find(one.id);
    // A delivery that has come meanwhile counts by itself.
    const bool again = !left || std::ranges::find(*left, one.id) != left->end() ||
                       known->second.receipt != one.receipt;
    if (again) {
      to_acknowledge_.push_back(std::move(one.id));
    } else {
      ended_.add(known->second.name);
      held_.erase(known);
    }
  }
  changed_.notify_all();
  return left && left->empty();
}

bool QueueSource::hold(Lock& lock) {
  std::vector<Held> held;
  for (const auto& [id, known] : held_) held.push_back({id, known.receipt, known.deliveries});
  lock.unlock();
  const auto done = queue_->hold(held);
  lock.lock();
  if (done)
    tend_failing_.since.reset();
  else
    failed(done.error(), tend_failing_);
  return done.has_value();
}

}  // namespace

core::Result<std::unique_ptr<format::RecordSource>> open_queue_source(std::unique_ptr<Queue> queue,
                                                                      SourceOptions options) {
  auto source = std::make_unique<QueueSource>(std::move(queue), std::move(options));
  if (auto started = source->start(); !started) return std::unexpected(started.error());
  return source;
}

}  // namespace sluice::queue
