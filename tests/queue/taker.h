// A source of a queue's rows, as a run has it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "queue/queues.h"

namespace sluice::queue {

// A source as a run has it.
class Taker {
 public:
  explicit Taker(const Spec& spec) : Taker(open_source(spec)) {}
  explicit Taker(core::Result<std::unique_ptr<format::RecordSource>> opened) {
    if (opened)
      source_ = std::move(*opened);
    else
      error = opened.error().text();
  }
  using State = format::RecordSource::State;

  // Until it ends, or has `most` rows or more. Each is acknowledged at once when `ends`.
  State take(std::size_t most = 1'000'000, bool ends = true) {
    State last = State::more;
    while ((last == State::more || last == State::waiting) && rows.size() < most) {
      std::vector<std::uint64_t> lines;
      auto state = source_->read([&](const format::Record& record) {
        rows.emplace_back(record.text);
        if (record.reject != nullptr) rejects.push_back(*record.reject);
        lines.push_back(record.line);
        return true;
      });
      if (ends)
        source_->ended(lines);
      else
        open.insert(open.end(), lines.begin(), lines.end());
      if (!state) {
        error = state.error().text();
        return State::stopped;
      }
      last = *state;
    }
    return last;
  }
  void end_open() { source_->ended(open); }
  core::Status close() { return source_->close(); }
  // As a process that is killed.
  void go() { source_.reset(); }
  void stop() { source_->stop(); }

  std::vector<std::string> rows;
  std::vector<core::Reject> rejects;
  std::vector<std::uint64_t> open;
  std::string error;

 private:
  std::unique_ptr<format::RecordSource> source_;
};

}  // namespace sluice::queue
