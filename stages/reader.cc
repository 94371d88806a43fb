#include "stages/reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "format/formats.h"
#include "place/uri.h"
#include "stages/item.h"

namespace sluice::stages {
namespace {

// How long credits are waited for before it is asked whether the run is to stop.
constexpr std::chrono::milliseconds kCreditWait{20};
// How often that is in a row before the flow is told that no row comes, so that a pack goes
// incomplete: several times what a commit takes, which gives credits back (kGroupDelay).
constexpr int kStalledAfter = 10;
// Reads in a row that bring nothing, of some 20 ms each, before people are told: a second.
constexpr std::uint32_t kQuietReads = 50;

}  // namespace

Reader::Reader(Input input, std::optional<std::uint64_t> limit, flow::Credits& credits,
               const flow::Shutdown& shutdown, Callbacks callbacks, Steps steps)
    : input_(std::move(input)),
      total_bytes_(limit ? std::nullopt : source::total_bytes(input_.from, input_.names)),
      limit_(limit),
      credits_(credits),
      shutdown_(shutdown),
      callbacks_(std::move(callbacks)),
      steps_(steps) {}

core::Status Reader::run() {
  core::Status read = read_all();
  if (acknowledged_) acknowledged_->stop();
  if (read) flush();
  quiet_reads_ = 0;
  callbacks_.done(batches_, read && !shutdown_.stopping());
  return read;
}

core::Status Reader::read_all() {
  Next next = limit_ == 0u ? Next::stop : Next::go_on;
  for (std::uint32_t i = 0; i < input_.names.size() && next == Next::go_on; ++i) {
    auto read = read_source(i);
    if (!read) return std::unexpected(read.error());
    next = *read;
  }
  if (shards_error_) return std::unexpected(*shards_error_);
  if (input_.shards == nullptr || no_more_ || next == Next::stop) return {};
  return input_.shards->ended(records_.load(std::memory_order_relaxed));
}

std::optional<std::string> Reader::waiting_for() const {
  if (quiet_reads_ < kQuietReads) return std::nullopt;
  const std::string& path = input_.names[source_];
  if (input_.from.paths.empty()) return path;
  return path == "-"              ? "standard input"
         : place::is_remote(path) ? "the server of " + path
                                  : "a writer of " + path;
}

std::optional<double> Reader::share_read() const {
  if (!total_bytes_ || *total_bytes_ == 0) return std::nullopt;
  return std::min(1.0,
                  passed_.load(std::memory_order_relaxed) / static_cast<double>(*total_bytes_));
}

std::optional<double> Reader::rows_to_come() const {
  const auto read = static_cast<double>(rows_.load(std::memory_order_relaxed));
  if (limit_) return std::max(0.0, static_cast<double>(*limit_) - read);
  const auto share = share_read();
  if (!share || *share <= 0 || read == 0) return std::nullopt;
  return std::max(0.0, read / *share - read);
}

void Reader::ended(std::span<const core::RowPlace> places) {
  if (!acknowledged_) return;
  std::vector<std::uint64_t> lines;
  for (const core::RowPlace& place : places)
    if (receipts_.ended(place.line)) lines.push_back(place.line);
  if (!lines.empty()) acknowledged_->ended(lines);
}

core::Status Reader::close() {
  return acknowledged_ ? acknowledged_->close() : core::Status();
}

core::Result<Reader::Next> Reader::read_source(std::uint32_t index) {
  using State = format::RecordSource::State;
  source_ = index;
  auto opened = source::open(input_.from, input_.names[index], input_.written);
  if (!opened) return std::unexpected(opened.error());
  source::expect(input_.from, input_.names, index + 1);
  format::RecordSource& records = **opened;
  if (records.acknowledged()) acknowledged_ = std::move(*opened);
  const double before = passed_;
  const format::RecordSource::Take take = [this, index, before,
                                           &records](const format::Record& record) {
    passed_.store(before + records.passed(), std::memory_order_relaxed);  // add() may wait long
    return add(record, index) == Next::go_on;
  };
  while (true) {
    if (shutdown_.stopping()) return Next::stop;
    const auto read = records.read(take);
    if (!read) return std::unexpected(read.error());
    passed_ = before + records.passed();
    if (*read == State::stopped) return Next::stop;
    if (*read == State::end) return Next::go_on;
    if (*read == State::more) {
      quiet_reads_ = 0;
      continue;
    }
    ++quiet_reads_;
    // A server takes its time: packs are not to go incomplete for that.
    if (place::is_remote(input_.names[index]) && quiet_reads_ < kQuietReads) continue;
    if (flush() == Next::stop) return Next::stop;
    callbacks_.stalled();
  }
}

Shards::Wanted Reader::wanted(std::uint64_t record) {
  const auto here = input_.shards->wants(record);
  if (!here) shards_error_ = here.error();
  no_more_ = here && *here == Shards::Wanted::no_more;
  return here ? *here : Shards::Wanted::no_more;
}

Reader::Next Reader::add(const format::Record& record, std::uint32_t index) {
  const std::uint64_t number = records_.fetch_add(1, std::memory_order_relaxed);
  if (input_.shards != nullptr) {
    const Shards::Wanted here = wanted(number);
    if (here == Shards::Wanted::no_more) return Next::stop;
    if (here == Shards::Wanted::no) return shutdown_.stopping() ? Next::stop : Next::go_on;
  }
  core::Row row;
  row.raw = record.text;
  row.line = record.line;
  row.source = index;
  if (record.reject != nullptr) {
    core::Reject why = *record.reject;
    why.detail = fmt::format("{}: {}", format::place(input_.names[index], record.line), why.detail);
    row.reject = std::make_shared<const core::Reject>(std::move(why));
    return add_row(std::move(row));
  }
  if (steps_.empty()) return add_row(std::move(row));
  const std::uint64_t line = row.line;
  // Steps may take long for a line and make nothing of many: a stop is not to wait for them.
  if (shutdown_.stopping()) return Next::stop;
  if (acknowledged_) receipts_.begin(line);
  const bool all = steps_.run(
      std::move(row), [this](core::Row&& made) { return add_row(std::move(made)) == Next::go_on; });
  if (all && acknowledged_ && receipts_.made(line)) acknowledged_->ended({&line, 1});
  return all ? Next::go_on : Next::stop;
}

Reader::Next Reader::add_row(core::Row&& row) {
  if (acknowledged_) receipts_.row(row.line);
  batch_weight_ += {1, cost_.expected(row)};
  if (batch_.empty()) batch_.reserve(core::kBatchRows);
  batch_.push_back(std::move(row));
  const bool last = limit_ && rows_.load(std::memory_order_relaxed) + batch_.size() >= *limit_;
  if (batch_.size() >= core::kBatchRows || batch_weight_.bytes >= 3 * core::kBatchBytes || last) {
    if (flush() == Next::stop || last) return Next::stop;
  }
  return Next::go_on;
}

Reader::Next Reader::flush() {
  if (batch_.empty()) return Next::go_on;
  for (int waited = 1;; ++waited) {
    const flow::Credits::Taken taken = credits_.take(batch_weight_, kCreditWait);
    if (taken == flow::Credits::Taken::closed || shutdown_.stopping()) {
      if (taken == flow::Credits::Taken::yes) {
        credits_.settle(batch_weight_, batch_weight_.bytes);
        credits_.give(batch_weight_);
      }
      batch_.clear();
      return Next::stop;
    }
    if (taken == flow::Credits::Taken::yes) break;
    if (waited % kStalledAfter == 0) callbacks_.stalled();
  }
  rows_.fetch_add(batch_.size(), std::memory_order_relaxed);
  ++batches_;
  callbacks_.batch(std::move(batch_), batch_weight_);
  batch_ = {};
  batch_weight_ = {};
  return Next::go_on;
}

}  // namespace sluice::stages
