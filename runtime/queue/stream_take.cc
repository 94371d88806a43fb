// How entries come to a feed: those that it held before, those that are new, those that dead consumers held.
#include <algorithm>
#include <utility>

#include "queue/stream_feed.h"
#include "queue/stream_scripts.h"

namespace sluice::queue {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kBlock{2};
// A reply that is not here by then will not come: longer than an XREADGROUP may take.
constexpr seconds kUnknownFor{15};
constexpr milliseconds kRetryAfter{200};
constexpr std::size_t kMostCount = 128;
constexpr std::size_t kOwnAtOnce = 100;

std::string in_ms(core::Duration duration) {
  return std::to_string(std::chrono::duration_cast<milliseconds>(duration).count());
}

}  // namespace

// The beginning: the group, the sign of life, what this consumer held before

void StreamFeed::begin() {
  talking_->command({.words = {"XGROUP", "CREATE", spec_.stream, spec_.group, "0", "MKSTREAM"},
                     .idempotent = true},
                    [this](const redis::Outcome& made) {
                      if (!made && made.error().code != "BUSYGROUP")
                        return fail(stream_error(spec_, made.error()));
                      resume_from_ = "-";
                      tend();
                    });
}

void StreamFeed::resume() {
  if (resuming_) return;
  const std::size_t most = std::min(room(), kOwnAtOnce);
  if (most == 0) return;  // next() makes room, and comes here again
  resuming_ = true;
  auto command =
      redis::call(own_script(), {spec_.stream},
                  {spec_.group, spec_.consumer, resume_from_, std::to_string(most)}, true);
  resume_from_.clear();
  talking_->command(std::move(command), [this, most](redis::Outcome outcome) {
    resuming_ = false;
    if (!usable(outcome)) {
      resume_from_ = "-";
      return retry_timer_->start(kRetryAfter, [this] { fetch(); });
    }
    if (outcome->items.size() == most && !outcome->items.back().items.empty())
      resume_from_ = "(" + outcome->items.back().items.front().text;
    on_own(std::move(outcome));
  });
}

void StreamFeed::on_own(redis::Outcome outcome) {
  std::vector<std::pair<std::string, std::uint64_t>> lost;
  {
    const std::lock_guard lock(mutex_);
    for (redis::Reply& own : outcome->items) {
      if (own.items.size() != 2 || held_.contains(own.items[0].text)) continue;
      lost.emplace_back(std::move(own.items[0].text),
                        static_cast<std::uint64_t>(own.items[1].integer));
    }
  }
  if (lost.empty()) return fetch();
  claim(std::move(lost));
}

// Those that are held by this consumer and not known here: of an earlier process, or of a reply that was lost.
void StreamFeed::claim(std::vector<std::pair<std::string, std::uint64_t>> lost) {
  redis::Command command{.words = {"XCLAIM", spec_.stream, spec_.group, spec_.consumer, "0"},
                         .idempotent = true};
  std::unordered_map<std::string, std::uint64_t> deliveries;
  for (auto& [id, count] : lost) {
    command.words.push_back(id);
    deliveries[std::move(id)] = count + 1;
  }
  resuming_ = true;
  talking_->command(std::move(command),
                    [this, deliveries = std::move(deliveries)](redis::Outcome outcome) {
                      resuming_ = false;
                      if (!usable(outcome)) {
                        resume_from_ = "-";
                        return retry_timer_->start(kRetryAfter, [this] { fetch(); });
                      }
                      std::vector<Entry> entries;
                      for (redis::Reply& item : outcome->items) {
                        auto entry = read_entry(std::move(item));
                        if (!entry) continue;  // it was deleted: there is no row any more
                        const auto count = deliveries.find(entry->id);
                        entry->deliveries = count == deliveries.end() ? 1 : count->second;
                        entries.push_back(std::move(*entry));
                      }
                      add(std::move(entries));
                      fetch();
                    });
}

// Taking entries

void StreamFeed::fetch() {
  if (!begun_ || fetching_) return;
  if (!resume_from_.empty() || resuming_) return resume();
  const std::size_t most = std::min(room(), count_);
  if (most == 0) return;
  fetching_ = true;
  fetched_at_ = now();
  core::Duration block = kBlock;
  if (spec_.idle_exit) block = std::min<core::Duration>(block, *spec_.idle_exit / 2);
  block = std::max<core::Duration>(block, milliseconds(1));
  reading_->command(
      {.words = {"XREADGROUP", "GROUP", spec_.group, spec_.consumer, "COUNT", std::to_string(most),
                 "BLOCK", in_ms(block), "STREAMS", spec_.stream, ">"},
       .timeout = block + seconds(5)},
      [this](redis::Outcome outcome) { on_fetched(std::move(outcome)); });
}

void StreamFeed::on_fetched(redis::Outcome outcome) {
  fetching_ = false;
  if (!usable(outcome)) {
    // What the reply would have brought is this consumer's, and only the server knows it.
    if (outcome.error().maybe_done) resume_from_ = "-";
    return retry_timer_->start(kRetryAfter, [this] { fetch(); });
  }
  std::vector<Entry> entries;
  if (outcome->items.size() == 1 && outcome->items[0].items.size() == 2) {
    for (redis::Reply& item : outcome->items[0].items[1].items)
      if (auto entry = read_entry(std::move(item))) entries.push_back(std::move(*entry));
  }
  if (entries.empty()) {
    const std::lock_guard lock(mutex_);
    if (!quiet_since_) quiet_since_ = fetched_at_;
  } else {
    std::size_t bytes = 0;
    for (const Entry& entry : entries) bytes += size_of(entry);
    count_ = std::clamp(kAheadBytes / 2 * entries.size() / bytes, std::size_t{1}, kMostCount);
    add(std::move(entries));
  }
  fetch();
}

// Signs of life

void StreamFeed::tend() {
  tend_timer_->start(spec_.take_over / 6, [this] { tend(); });
  if (std::exchange(tending_, true)) return;
  auto command = redis::call(
      tend_script(), {spec_.stream, sign_prefix_ + spec_.consumer},
      {spec_.group, spec_.consumer, nonce_, in_ms(spec_.take_over), in_ms(spec_.take_over / 3),
       in_ms(spec_.take_over), std::to_string(begun_ ? std::min(room(), kOwnAtOnce) : 0),
       begun_ ? "0" : "1", sign_prefix_});
  talking_->command(std::move(command),
                    [this](redis::Outcome outcome) { on_tended(std::move(outcome)); });
}

void StreamFeed::on_tended(redis::Outcome outcome) {
  tending_ = false;
  const bool first = !begun_;
  if (!usable(outcome)) {
    if (first) fail(stream_error(spec_, outcome.error()));
    return;
  }
  begun_ = true;
  std::vector<Entry> taken;
  if (outcome->items.size() == 2) {
    std::unordered_map<std::string, core::Time> unknown;
    {
      const std::lock_guard lock(mutex_);
      for (redis::Reply& own : outcome->items[0].items) {
        if (first || held_.contains(own.text)) continue;
        const auto before = unknown_.find(own.text);
        unknown[own.text] = before == unknown_.end() ? now() : before->second;
      }
    }
    unknown_ = std::move(unknown);
    const bool lost = std::ranges::any_of(
        unknown_, [](const auto& one) { return now() - one.second > kUnknownFor; });
    if (lost) resume_from_ = "-";
    for (redis::Reply& item : outcome->items[1].items) {
      if (item.items.size() != 4) continue;
      Entry entry{.id = std::move(item.items[0].text), .fields = std::move(item.items[1])};
      entry.deliveries = static_cast<std::uint64_t>(item.items[2].integer);
      entry.taken_from = std::move(item.items[3].text);
      taken.push_back(std::move(entry));
    }
  }
  // There may be more of them.
  if (taken.size() == kOwnAtOnce) tend_timer_->start(kRetryAfter, [this] { tend(); });
  add(std::move(taken));
  if (first) {
    const std::lock_guard lock(mutex_);
    started_ = true;
    changed_.notify_all();
  }
  fetch();
}

}  // namespace sluice::queue
