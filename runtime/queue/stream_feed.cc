#include "queue/stream_feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

#include "core/thread_name.h"
#include "queue/stream_scripts.h"

namespace sluice::queue {
namespace {

using std::chrono::seconds;

constexpr std::size_t kAcksAtOnce = 512;

std::string random_nonce() {
  std::random_device device;
  return fmt::format("{:08x}{:08x}", device(), device());
}

}  // namespace

std::size_t size_of(const Entry& entry) {
  std::size_t size = sizeof(Entry);
  for (const redis::Reply& word : entry.fields.items) size += sizeof word + word.text.size();
  return size;
}

core::Time StreamFeed::now() {
  return std::chrono::steady_clock::now();
}

core::Result<redis::Settings> connection_settings(const Spec& spec) {
  auto url = redis::parse_url(spec.url.reveal());
  if (!url) return core::fail(url.error().code, url.error().message, name_of(spec));
  redis::Settings settings;
  settings.url = std::move(*url);
  settings.name = "sluice";
  settings.ca_file = spec.ca_file;
  return settings;
}

core::Error stream_error(const Spec& spec, const redis::Failure& failure) {
  std::string hint;
  if (failure.code == "WRONGTYPE") hint = ": what has this name there is not a stream";
  if (failure.code == "NOGROUP" || failure.code == "UNBLOCKED")
    hint = fmt::format(
        ": the stream or its group '{}' is gone from the server; the next run makes the group "
        "again, from the "
        "stream's beginning, and asks nothing that is answered",
        spec.group);
  if (failure.code == "OTHER")
    hint =
        ": entries of one consumer are one process's; give each worker a consumer of its own, or "
        "none at all";
  return {core::ErrorCode::io, failure.message + hint, name_of(spec)};
}

StreamFeed::StreamFeed(Spec spec)
    : spec_(std::move(spec)),
      sign_prefix_(fmt::format("sluice:alive:{}:{}:", spec_.stream, spec_.group)),
      nonce_(random_nonce()),
      tend_timer_(loop_.make_timer()),
      retry_timer_(loop_.make_timer()) {}

core::Result<std::unique_ptr<StreamFeed>> StreamFeed::open(const Spec& spec) {
  std::unique_ptr<StreamFeed> feed(new StreamFeed(spec));
  if (auto started = feed->start(); !started) return std::unexpected(started.error());
  return feed;
}

core::Status StreamFeed::start() {
  auto settings = connection_settings(spec_);
  if (!settings) return std::unexpected(settings.error());
  for (auto* connection : {&reading_, &talking_}) {
    auto made = redis::Connection::make(loop_, *settings);
    if (!made) return std::unexpected(made.error());
    *connection = std::move(*made);
  }
  loop_.post([this] { begin(); });
  thread_ = std::thread([this] {
    core::name_thread("redis-stream");
    try {
      loop_.run();
    } catch (...) {
      fail(core::caught());
    }
  });
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return started_ || error_; });
  if (error_) return std::unexpected(*error_);
  return {};
}

StreamFeed::~StreamFeed() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  loop_.post([this] {
    gone_ = true;
    tend_timer_->cancel();
    retry_timer_->cancel();
    reading_->close();
    talking_->close();
    loop_.stop();
  });
  thread_.join();
}

// The reader's side

core::Result<StreamFeed::Next> StreamFeed::next(core::Duration longest) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, longest, [this] { return !entries_.empty() || error_; });
  if (error_) return std::unexpected(*error_);
  Next next;
  next.first_ticket = next_ticket_;
  for (Entry& entry : entries_) {
    ids_[next_ticket_++] = entry.id;
    next.entries.push_back(std::move(entry));
  }
  entries_.clear();
  bytes_ = 0;
  next.idle = next.entries.empty() && spec_.idle_exit && quiet_since_ &&
              now() - *quiet_since_ >= *spec_.idle_exit;
  lock.unlock();
  if (!next.entries.empty()) loop_.post([this] { fetch(); });
  return next;
}

void StreamFeed::ended(std::span<const std::uint64_t> tickets) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = to_acknowledge_.empty();
    for (const std::uint64_t ticket : tickets) {
      const auto found = ids_.find(ticket);
      if (found == ids_.end()) continue;
      to_acknowledge_.push_back(std::move(found->second));
      ids_.erase(found);
    }
    first = first && !to_acknowledge_.empty();
  }
  if (first) loop_.post([this] { acknowledge(); });
}

core::Status StreamFeed::close(core::Duration longest) {
  std::unique_lock lock(mutex_);
  closing_ = true;
  const auto through = [this] { return to_acknowledge_.empty() && acknowledging_ == 0; };
  changed_.wait_for(lock, longest, [&] { return through() || error_; });
  const std::size_t left = to_acknowledge_.size() + acknowledging_;
  core::Status status;
  if (error_) status = std::unexpected(*error_);
  if (status && left > 0)
    status = core::fail(
        core::ErrorCode::io,
        fmt::format("{} entries have ended and could not be acknowledged: they are kept, and are "
                    "acknowledged when the job is run again, without being asked",
                    left),
        name_of(spec_));
  if (!error_) {
    started_ = false;
    lock.unlock();
    loop_.post([this] { leave(); });
    lock.lock();
    changed_.wait_for(lock, seconds(1), [this] { return started_; });
  }
  return status;
}

void StreamFeed::leave() {
  auto command = redis::call(leave_script(), {sign_prefix_ + spec_.consumer}, {nonce_}, true);
  talking_->command(std::move(command), [this](const redis::Outcome&) {
    const std::lock_guard lock(mutex_);
    started_ = true;
    changed_.notify_all();
  });
}

void StreamFeed::fail(core::Error error) {
  const std::lock_guard lock(mutex_);
  if (!error_) error_ = std::move(error);
  changed_.notify_all();
}

// What all replies go through

bool StreamFeed::usable(const redis::Outcome& outcome) {
  if (outcome) {
    failing_since_.reset();
    return true;
  }
  {
    const std::lock_guard lock(mutex_);
    quiet_since_.reset();
    if (closing_ || error_) return false;
  }
  if (!failing_since_) failing_since_ = now();
  const bool lasts = now() - *failing_since_ > kReconnectFor;
  if (outcome.error().kind == redis::Failure::Kind::refused || lasts)
    fail(stream_error(spec_, outcome.error()));
  return false;
}

std::size_t StreamFeed::room() {
  const std::lock_guard lock(mutex_);
  if (closing_ || error_ || bytes_ >= kAheadBytes || entries_.size() >= kAhead) return 0;
  return kAhead - entries_.size();
}

void StreamFeed::add(std::vector<Entry> entries) {
  if (entries.empty()) return;
  const std::lock_guard lock(mutex_);
  for (Entry& entry : entries) {
    unknown_.erase(entry.id);
    if (!held_.insert(entry.id).second) continue;
    bytes_ += size_of(entry);
    entries_.push_back(std::move(entry));
  }
  quiet_since_.reset();
  changed_.notify_all();
}

// Acknowledgements

void StreamFeed::acknowledge() {
  if (gone_) return;
  std::vector<std::string> ids;
  {
    const std::lock_guard lock(mutex_);
    const std::size_t count = std::min(to_acknowledge_.size(), kAcksAtOnce);
    ids.assign(std::make_move_iterator(to_acknowledge_.end() - static_cast<std::ptrdiff_t>(count)),
               std::make_move_iterator(to_acknowledge_.end()));
    to_acknowledge_.resize(to_acknowledge_.size() - count);
    acknowledging_ += count;
    if (!to_acknowledge_.empty()) loop_.post([this] { acknowledge(); });
  }
  if (ids.empty()) return;
  redis::Command command{.words = {"XACK", spec_.stream, spec_.group}, .idempotent = true};
  redis::Command remove{.words = {"XDEL", spec_.stream}, .idempotent = true};
  for (redis::Command* one : {&command, &remove})
    one->words.insert(one->words.end(), ids.begin(), ids.end());
  if (!spec_.remove)
    return talking_->command(std::move(command),
                             [this, ids = std::move(ids)](const redis::Outcome& outcome) mutable {
                               on_acknowledged(std::move(ids), outcome);
                             });
  talking_->command(std::move(command), [this, remove = std::move(remove), ids = std::move(ids)](
                                            const redis::Outcome& outcome) mutable {
    if (!outcome) return on_acknowledged(std::move(ids), outcome);
    talking_->command(std::move(remove),
                      [this, ids = std::move(ids)](const redis::Outcome& removed) mutable {
                        on_acknowledged(std::move(ids), removed);
                      });
  });
}

void StreamFeed::on_acknowledged(std::vector<std::string> ids, const redis::Outcome& outcome) {
  const bool good = usable(outcome);
  const std::lock_guard lock(mutex_);
  acknowledging_ -= ids.size();
  if (good) {
    for (const std::string& id : ids) held_.erase(id);
    changed_.notify_all();
    return;
  }
  const bool first = to_acknowledge_.empty();
  to_acknowledge_.insert(to_acknowledge_.end(), std::make_move_iterator(ids.begin()),
                         std::make_move_iterator(ids.end()));
  // The connection waits by itself before it tries again.
  if (first && !error_) loop_.post([this] { acknowledge(); });
}

}  // namespace sluice::queue
