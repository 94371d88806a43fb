// What happens in a run, as typed events, for those who watch it: metrics, traces, the log, the display. The parts of
// a run give events and know nothing of who takes them; what is so at a moment (rows, quotas, money) is not an event
// but asked for, by job::Run::progress().
//
// Threads: each event says on which thread it comes; a run has several, so an Observer that takes events of more than
// one guards itself. A call must not block, must not throw and must be quick: the I/O thread carries all requests.
//
// Cost: a part of a run holds an Observer* that is null where nobody listens, and looks at nothing but that.
//
// What an event borrows is valid during the call.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/money.h"
#include "observe/health.h"
#include "provider/outcome.h"

namespace sluice::observe {

// An attempt was sent, and has come to this. I/O thread.
struct AttemptEnded {
  std::uint32_t endpoint = 0;  // index into the pipeline's
  std::uint64_t request = 0;   // unique in a run
  std::uint64_t attempt = 0;   // unique in a job, across runs
  std::uint32_t number = 1;    // of the request's attempts, from 1
  std::uint32_t rows =
      0;  // in the request; 0 of one whose request has ended otherwise (a hedge's loser)
  core::Time sent;
  core::Time ended;
  const provider::Outcome& outcome;  // Action::none: answered
  core::Money cost = {};  // what the ledger counts; with Billing::possible its worst case
};

// A request has ended, however. I/O thread, behind the last attempt's event.
struct RequestEnded {
  enum class How : std::uint8_t {
    answered,
    rejected,  // its rows are
    split,     // its rows come again, in smaller ones
    released,  // its rows stay pending
    parked,    // it waits in a batch
  };
  std::uint64_t request = 0;
  std::uint32_t attempts = 0;
  std::uint32_t rows = 0;
  core::Time submitted;
  core::Time ended;
  How how = How::answered;
  std::string_view why;  // for people, of a reject or a release; may be empty
};
std::string_view how_name(RequestEnded::How how);  // "answered", …

// An endpoint's health is another than it was. I/O thread.
struct EndpointChanged {
  std::uint32_t endpoint = 0;
  Health before = Health::fine;
  Health now = Health::fine;
  std::string_view why;  // for people; may be empty
};

// A batch has come to another state, as it stands in the checkpoint by now. The batches' thread.
struct BatchChanged {
  std::uint32_t endpoint = 0;
  std::string_view name;   // ours, at the provider too
  std::string_view phase;  // store::phase_name()
  std::uint64_t requests = 0;
  std::uint64_t rows = 0;
  std::uint64_t done = 0;
  std::uint64_t failed = 0;
  core::Money cost = {};  // of a collected one
  std::string_view note;  // what is wrong with it, for people; may be empty
};

// Results that were handed to the checkpoint are durable. A thread of the checkpoint's.
struct Committed {
  std::uint64_t answered = 0;  // rows
  std::uint64_t rejected = 0;
  core::Duration took{};  // since they were handed over
};

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on(const AttemptEnded& /*event*/) {}
  virtual void on(const RequestEnded& /*event*/) {}
  virtual void on(const EndpointChanged& /*event*/) {}
  virtual void on(const BatchChanged& /*event*/) {}
  virtual void on(const Committed& /*event*/) {}
};

// Hands each event on to several, in order. Filled before the run begins; they outlive it.
class Observers final : public Observer {
 public:
  void add(Observer* observer) {
    if (observer != nullptr) observers_.push_back(observer);
  }
  // Null where nobody listens; without a step in between where one does.
  Observer* get() {
    if (observers_.empty()) return nullptr;
    return observers_.size() == 1 ? observers_.front() : this;
  }

  void on(const AttemptEnded& event) override { each(event); }
  void on(const RequestEnded& event) override { each(event); }
  void on(const EndpointChanged& event) override { each(event); }
  void on(const BatchChanged& event) override { each(event); }
  void on(const Committed& event) override { each(event); }

 private:
  template <class Event>
  void each(const Event& event) {
    for (Observer* observer : observers_) observer->on(event);
  }
  std::vector<Observer*> observers_;
};

}  // namespace sluice::observe
