#include "batch/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sluice::batch {

using store::BatchPhase;

namespace {

// A batch that was just made may not be found for a moment.
constexpr int kMostLost = 5;
// Nor may a file that was just handed over: create() is refused when it was refused so often.
constexpr int kMostRefusals = 3;
// The clocks of two machines.
constexpr std::chrono::seconds kClocksApart{120};

std::int64_t seconds_of(core::WallTime at) {
  return std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
}
core::WallTime time_of(std::int64_t seconds) {
  return core::WallTime(std::chrono::seconds(seconds));
}

bool passes(int status) {
  return status == 0 || status == 408 || status == 409 || status == 425 || status == 429 ||
         status >= 500;
}

std::string text_of(const Answer& answer) {
  if (!answer.message.empty()) return std::string(answer.message);
  return fmt::format("status {}", answer.status);
}

}  // namespace

Machine::Machine(const provider::BatchApi& api, store::BatchRecord record, bool fresh,
                 const Patience& patience, core::Duration window)
    : api_(api),
      record_(std::move(record)),
      patience_(patience),
      window_(window),
      changed_(fresh),
      cleaned_(!record_.open()) {
  if (!fresh && record_.phase == BatchPhase::uploaded) doubt_since_ = core::WallTime();
  if (record_.phase == BatchPhase::uploaded) upload_ = uploads();
  if (record_.phase == BatchPhase::ended) end_note_ = record_.note;
}

int Machine::uploads() const {
  return api_.place_of_file(job()) ? 1 : api_.uploads();
}

void Machine::placed(core::WallTime now) {
  failures_ = 0;
  upload_ = uploads();
  record_.phase = BatchPhase::uploaded;
  record_.note.clear();
  due_ = now;
  changed_ = true;
}

provider::BatchJob Machine::job() const {
  return {.nonce = record_.nonce,
          .lines = record_.lines,
          .bytes = record_.bytes,
          .input = record_.input,
          .id = record_.id,
          .results = record_.results};
}

core::WallTime Machine::ends_by() const {
  const std::int64_t from = record_.created_at != 0 ? record_.created_at : record_.intended_at;
  return time_of(from) + window_;
}

Machine::Next Machine::next(core::WallTime now) const {
  switch (record_.phase) {
    case BatchPhase::intended:
      return {upload_ < uploads() ? Step::upload : Step::create, due_};
    case BatchPhase::uploaded:
      if (doubt_since_ && !api_.creates_once()) return {Step::search, due_};
      return {Step::create, due_};
    case BatchPhase::created: {
      const bool late = now >= ends_by() + patience_.grace;
      const bool cancel = (!wanted_ || late) && !cancelled_at_;
      return {cancel ? Step::cancel : Step::poll, cancel && failures_ == 0 ? now : due_};
    }
    case BatchPhase::ended:
      return {Step::collect, due_};
    case BatchPhase::collected:
    case BatchPhase::dropped:
      return {cleaned_ ? Step::none : Step::clean_up, due_};
  }
  return {};
}

provider::BatchCall Machine::call(Step step) const {
  switch (step) {
    case Step::upload:
      return api_.upload(job(), upload_);
    case Step::create:
      return api_.create(job());
    case Step::search:
      return api_.list(job(), page_);
    case Step::poll:
      return api_.poll(job());
    case Step::cancel:
      return api_.cancel(job());
    case Step::collect:
    case Step::clean_up:
    case Step::none:
      break;
  }
  return {};
}

void Machine::creating() {
  if (record_.phase != BatchPhase::intended) return;
  record_.phase = BatchPhase::uploaded;
  changed_ = true;
}

// For certain.
void Machine::not_created() {
  if (uploads() > 0) return;
  record_.phase = BatchPhase::intended;
  changed_ = true;
}

void Machine::took(Step step, const Answer& answer, core::WallTime now) {
  switch (step) {
    case Step::upload:
      return take_upload(answer, now);
    case Step::create:
      return take_create(answer, now);
    case Step::search:
      return take_page(answer, now);
    case Step::poll:
      return take_poll(answer, now);
    case Step::cancel:
      if (passes(answer.status) && answer.status != 409) return fail(answer, now);
      failures_ = 0;
      cancelled_at_ = now;  // refused: it has ended, or there is no such call here
      record_.cancelled = true;
      changed_ = true;
      due_ = now + patience_.first_poll;
      return;
    case Step::collect:
    case Step::clean_up:
    case Step::none:
      return;
  }
}

void Machine::fail(const Answer& answer, core::WallTime now) {
  const int doubled = std::min(failures_++, 20);
  core::Duration wait = std::min(patience_.most_retry, patience_.first_retry * (1 << doubled));
  if (answer.retry_after)
    wait = std::max(wait, std::min(*answer.retry_after, patience_.most_retry));
  due_ = now + wait;
  record_.note = text_of(answer);
}

void Machine::put_off(std::string_view why, core::WallTime now) {
  fail({.status = 0, .message = why}, now);
}

void Machine::drop(std::string note) {
  record_.phase = BatchPhase::dropped;
  record_.note = std::move(note);
  no_room_ = false;
  doubt_since_.reset();
  changed_ = true;
}

void Machine::too_large() {
  record_.no_room = true;
  drop("the provider's queue has no room for so many requests at once");
}

void Machine::take_upload(const Answer& answer, core::WallTime now) {
  if (passes(answer.status)) return fail(answer, now);
  if (answer.status >= 300) {
    // An earlier try may have come through, and its part cannot be sent twice: from the beginning.
    const bool again = upload_ > 0 && failures_ > 0;
    if (upload_ > 0) record_.input.clear();  // where it was to go, not the file
    upload_ = 0;
    if (again) return fail(answer, now);
    refused_ = text_of(answer);
    return drop(fmt::format("its file was refused: {}", refused_));
  }
  auto input = api_.uploaded(job(), upload_, {answer.headers, answer.body});
  if (!input) return fail({.status = 0, .message = input.error().message}, now);
  failures_ = 0;
  record_.note.clear();
  record_.input = std::move(*input);
  if (++upload_ < uploads()) return;
  record_.phase = BatchPhase::uploaded;
  changed_ = true;
}

void Machine::take_create(const Answer& answer, core::WallTime now) {
  if (record_.phase == BatchPhase::intended) record_.phase = BatchPhase::uploaded;
  if (answer.status == 429 || (answer.status == 0 && !answer.sent)) {
    no_room_ = answer.status == 429;
    not_created();
    return fail(answer, now);
  }
  if (passes(answer.status)) {
    fail(answer, now);
    doubt_since_ = now;
    return;
  }
  if (answer.status >= 300) {
    const bool may_pass = uploads() > 0 && (answer.status == 400 || answer.status == 404);
    if (may_pass && ++refusals_ < kMostRefusals) return fail(answer, now);
    refused_ = text_of(answer);
    return drop(fmt::format("it was refused: {}", refused_));
  }
  const auto status = api_.status({answer.headers, answer.body});
  if (!status) {
    fail({.status = 0, .message = status.error().message}, now);
    doubt_since_ = now;
    return;
  }
  adopt(*status, now);
}

void Machine::adopt(const provider::BatchStatus& status, core::WallTime now) {
  failures_ = 0;
  doubt_since_.reset();
  page_.clear();
  record_.id = status.id;
  record_.phase = BatchPhase::created;
  record_.note.clear();
  record_.created_at = status.created && record_.created_at == 0 &&
                               std::chrono::abs(*status.created - now) < kClocksApart
                           ? seconds_of(*status.created)
                           : seconds_of(now);
  record_.word = status.word;
  changed_ = true;
  due_ = now + patience_.first_poll;
}

bool Machine::is_ours(const provider::BatchStatus& status) const {
  if (status.refused) return false;
  if (!status.nonce.empty()) return status.nonce == record_.nonce;
  if (!status.input.empty()) return status.input == record_.input;
  // It carries nothing of ours: by its time and its size (docs/providers.md, Batch APIs).
  const auto has = [&](const std::vector<std::string>& ids) {
    return std::ranges::find(ids, status.id) != ids.end();
  };
  return status.total == record_.lines && status.created &&
         *status.created >= time_of(record_.intended_at) - kClocksApart && !has(known_) &&
         !has(foreign_);
}

void Machine::look_again(core::WallTime now) {
  page_.clear();
  ++searched_;
  if (searched_ >= patience_.searches) {  // it never came about
    doubt_since_.reset();
    searched_ = 0;
    due_ = now;
    not_created();
    return;
  }
  // Twice as long after each: the last at the end of the search.
  const int rest = (1 << patience_.searches) - 2;
  due_ = now + patience_.search * (1 << searched_) / rest;
}

void Machine::take_page(const Answer& answer, core::WallTime now) {
  if (answer.status < 200 || answer.status >= 300) return fail(answer, now);
  const auto page = api_.page({answer.headers, answer.body, page_});
  if (!page) return fail({.status = 0, .message = page.error().message}, now);
  failures_ = 0;
  const auto found = std::ranges::find_if(
      page->batches, [&](const provider::BatchStatus& status) { return is_ours(status); });
  if (found != page->batches.end()) {
    adopt(*found, now);
    record_.inferred = found->nonce.empty() && found->input.empty();
    return;
  }
  // What was made before this one was intended lies behind: lists begin with the latest.
  const bool past = !page->batches.empty() && page->batches.back().created &&
                    *page->batches.back().created < time_of(record_.intended_at) - kClocksApart;
  if (!page->next.empty() && page->next != page_ && !past) {
    page_ = page->next;
    return;
  }
  look_again(now);
}

void Machine::take_poll(const Answer& answer, core::WallTime now) {
  const bool gone = answer.status == 404 || answer.status == 410;
  const bool over = now >= ends_by() + 2 * patience_.grace;
  if (answer.status < 200 || answer.status >= 300) {
    fail(answer, now);
    lost_ = gone ? lost_ + 1 : 0;
    const bool old = now >= time_of(record_.created_at) + patience_.search;
    if ((gone && lost_ >= kMostLost && old) || over) {
      record_.phase = BatchPhase::ended;
      record_.ended_at = seconds_of(now);
      record_.note = gone ? "the provider has it no more" : text_of(answer);
      end_note_ = record_.note;
      changed_ = true;
    }
    return;
  }
  lost_ = 0;
  const auto status = api_.status({answer.headers, answer.body});
  if (!status) return fail({.status = 0, .message = status.error().message}, now);
  failures_ = 0;
  record_.note.clear();
  record_.word = status->word;
  record_.done = static_cast<std::uint32_t>(status->done);
  record_.failed = static_cast<std::uint32_t>(status->failed);
  if (status->refused) {
    if (status->no_room) {
      no_room_ = true;
      record_.phase = BatchPhase::uploaded;
      record_.id.clear();
      record_.created_at = 0;
      due_ = now + patience_.most_poll;  // where it is asked again all the same
      record_.note = status->problem;
      changed_ = true;
      return;
    }
    refused_ = status->problem.empty() ? "it failed" : status->problem;
    return drop(refused_);
  }
  const bool given_up = cancelled_at_ && now >= *cancelled_at_ + patience_.grace;
  if (status->ended || over || given_up) {
    record_.phase = BatchPhase::ended;
    record_.ended_at = seconds_of(now);
    record_.results = status->results;
    if (!status->ended) record_.note = end_note_ = "it never ended";
    changed_ = true;
    due_ = now;
    return;
  }
  const core::Duration age = now - time_of(record_.created_at);
  due_ = now + std::clamp(age / 10, patience_.first_poll, patience_.most_poll);
}

void Machine::collected(std::uint32_t answered, core::Money cost, core::WallTime now) {
  record_.phase = BatchPhase::collected;
  record_.done = answered;
  record_.failed = record_.lines - std::min(record_.lines, answered);
  record_.cost = cost;
  record_.note = end_note_;  // not that of a try to fetch the results
  failures_ = 0;
  due_ = now;
  changed_ = true;
}

void Machine::not_ours(core::WallTime now) {
  foreign_.push_back(std::exchange(record_.id, {}));
  record_.results.clear();
  record_.inferred = false;
  record_.note.clear();
  end_note_.clear();
  record_.phase = BatchPhase::uploaded;
  record_.created_at = record_.ended_at = 0;
  doubt_since_ = now;
  searched_ = 0;
  due_ = now;
  changed_ = true;
}

}  // namespace sluice::batch
