// One batch on its way: what is to be asked of the provider next, and what its replies mean. Pure: it
// does no I/O and reads no clock, so production, tests and the simulator drive the same code.
//
//   INTENDED ── upload() calls ──▶ UPLOADED ── create ──▶ CREATED ── poll ──▶ ENDED ── collect ──▶ COLLECTED
//       │                           │  ▲  └─ outcome unknown, or a new process: DOUBT              (clean up)
//       │                           │  └──── searched for and not there: sure
//       └─ refused ─────────────────┴──────────────── refused ─────────────────────────────────▶ DROPPED
//
// Where the provider's queue has no room it is UPLOADED again, and waits for other batches to end.
//
// Threads: one at a time.
//
// Invariants:
//   1. create() is sent only when no batch of this nonce can be at the provider: never before, or after
//      a search that has looked for it over Patience::search, or where the nonce makes it one batch.
//   2. Whenever changed() is true the record must be durable before next() is asked again.
//   3. Of batches without uploads only those are UPLOADED whose create() was sent and has not failed for
//      certain. So, where the driver has one of them in doubt at a time, one that carries no nonce is
//      not taken for another.
//   4. A batch is CREATED until the provider says that it has ended, or its time is up: then it is
//      cancelled, and what is not answered after Patience::grace is given up.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "provider/batch_api.h"
#include "store/batch_record.h"

namespace sluice::batch {

struct Patience {
  core::Duration first_poll = std::chrono::seconds(1);  // then a tenth of the batch's age,
  core::Duration most_poll = std::chrono::seconds(60);  // up to this
  // Where a batch that may be there is looked for: so long in all, so often.
  core::Duration search = std::chrono::seconds(90);
  int searches = 5;
  core::Duration first_retry = std::chrono::seconds(1);  // doubled from try to try,
  core::Duration most_retry = std::chrono::minutes(5);   // up to this
  core::Duration grace = std::chrono::minutes(30);       // beyond the window, and after a cancel
};

enum class Step : std::uint8_t {
  none,    // it is collected or dropped, and nothing is left to do
  upload,  // the call, or where BatchApi::place_of_file() names a place: put it there, then placed()
  create,
  search,  // a page of the provider's list
  poll,
  cancel,
  collect,   // fetch the results, settle the lines, then collected()
  clean_up,  // each of clean_up() once, whatever comes of it; then cleaned()
};

// What has come of a call.
struct Answer {
  int status = 0;    // 0: none came
  bool sent = true;  // with no answer: a part of the request may have gone out
  std::vector<provider::HeaderView> headers = {};
  std::string_view body = {};
  std::string_view message = {};  // of a failure or a refusal, for people
  std::optional<core::Duration> retry_after = {};
};

class Machine {
 public:
  // `fresh`: it was intended by this process, so that nobody else can have gone on with it.
  Machine(const provider::BatchApi& api, store::BatchRecord record, bool fresh,
          const Patience& patience, core::Duration window);

  struct Next {
    Step step = Step::none;
    core::WallTime at;  // not before
  };
  Next next(core::WallTime now) const;
  // The call of the step: upload, create, search, poll, cancel.
  provider::BatchCall call(Step step) const;
  // create() is sent next: what has to be durable before it is so when changed() says no.
  void creating();
  void took(Step step, const Answer& answer, core::WallTime now);

  // Its lines were settled: `answered` of them, for `cost`.
  void collected(std::uint32_t answered, core::Money cost, core::WallTime now);
  // The file is where BatchApi::place_of_file() wants it.
  void placed(core::WallTime now);
  // The results are of another batch: it was taken for ours (BatchRecord::inferred), and is not.
  void not_ours(core::WallTime now);
  void cleaned() { cleaned_ = true; }
  // The results could not be fetched: they are tried again later.
  void put_off(std::string_view why, core::WallTime now);
  void cancel() { wanted_ = false; }
  // Of other batches of this job at this endpoint: none of them can be this one.
  void set_known(std::vector<std::string> ids) { known_ = std::move(ids); }

  bool changed() const { return changed_; }
  void durable() { changed_ = false; }

  const store::BatchRecord& record() const { return record_; }
  provider::BatchJob job() const;
  // The provider's queue has no room for it: nothing is asked before room_again() or too_large().
  bool no_room() const { return no_room_; }
  void room_again() { no_room_ = false; }
  // The queue is empty of ours, and has no room all the same: dropped.
  void too_large();
  void give_up(std::string_view why) { drop(std::string(why)); }
  // What is wrong with its endpoint or its form: others there will not do better. Empty: nothing.
  const std::string& refused() const { return refused_; }
  // Whether create() may be on its way, or may have come about.
  bool in_doubt() const { return doubt_since_.has_value(); }
  core::WallTime ends_by() const;
  // Of one that has ended: the provider never said so, or has it no more. A line without a result may
  // have been billed.
  bool never_ended() const { return !end_note_.empty(); }

 private:
  void fail(const Answer& answer, core::WallTime now);
  void drop(std::string note);
  void take_upload(const Answer& answer, core::WallTime now);
  void take_create(const Answer& answer, core::WallTime now);
  void take_page(const Answer& answer, core::WallTime now);
  void take_poll(const Answer& answer, core::WallTime now);
  void adopt(const provider::BatchStatus& status, core::WallTime now);
  bool is_ours(const provider::BatchStatus& status) const;
  void look_again(core::WallTime now);
  void not_created();

  const provider::BatchApi& api_;
  store::BatchRecord record_;
  const Patience patience_;
  const core::Duration window_;
  bool changed_ = false;
  bool wanted_ = true;
  bool cleaned_ = false;
  bool no_room_ = false;
  std::optional<core::WallTime> cancelled_at_;  // when this process has sent a cancel
  std::string refused_;
  int uploads() const;
  int upload_ = 0;        // the next one's number
  int failures_ = 0;      // of calls, in a row
  int lost_ = 0;          // polls that found no such batch, in a row
  int refusals_ = 0;      // of create(), that may pass
  std::string end_note_;  // BatchRecord::note, as it was when it ended
  core::WallTime due_{};
  std::optional<core::WallTime> doubt_since_;
  int searched_ = 0;  // whole searches
  std::string page_;  // the next of a search
  std::vector<std::string> known_;
  std::vector<std::string> foreign_;  // that were taken for it and are not
};

}  // namespace sluice::batch
