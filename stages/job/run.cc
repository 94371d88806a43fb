#include "job/run.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "core/memory_reserve.h"
#include "core/thread_name.h"
#include "job/run_flow.h"

namespace sluice::job {
namespace {

// So little text is read sooner than another thread wakes up: some 10 us.
constexpr std::size_t kLittleText = 2 * 1024;
// How often it is asked whether the run can still go on.
constexpr std::chrono::milliseconds kLookAgain{100};

}  // namespace

void add_earlier(Progress& progress, const Progress& earlier) {
  progress.rows_at_start = earlier.rows_at_start;
  progress.rows_ended += earlier.rows_ended;
  progress.rows_shared += earlier.rows_shared;
  progress.rows_accepted = std::max(progress.rows_accepted, earlier.rows_accepted);
  progress.rows_asked_again += earlier.rows_asked_again;
  progress.saved.requests += earlier.saved.requests;
  progress.saved.tokens += earlier.saved.tokens;
  progress.dispatch.usage += earlier.dispatch.usage;
  progress.dispatch.cost += earlier.dispatch.cost;
  progress.dispatch.attempts += earlier.dispatch.attempts;
  progress.dispatch.failures += earlier.dispatch.failures;
  for (const stages::RejectTally::Reason& reason : earlier.rejects) {
    const auto same =
        std::ranges::find_if(progress.rejects, [&](const stages::RejectTally::Reason& other) {
          return other.stage == reason.stage && other.reason == reason.reason;
        });
    if (same == progress.rejects.end()) {
      progress.rejects.push_back(reason);
    } else {
      same->rows += reason.rows;
    }
  }
}

core::Result<RunResult> FlowRun::run() {
  std::thread reader;
  const core::Time began = options_.clock->now();
  flow::guarded(shutdown_, [&] {
    if (batches_) batches_->start();
    dispatcher_->start();
    reader = std::thread([this] { read(); });
  });
  wait_for_the_last_credit();
  if (reader.joinable()) reader.join();
  flow::guarded(shutdown_, [this] { dispatcher_->join(); });
  graph_->wait();
  const bool again = batches_ && wait_for_batches(options_.clock->now() - began);

  // An answer stands for its row as it is: one that changed has a new one by now, and one that left
  // has none. Only a run that has seen all rows to their end can tell.
  const bool drop = input_complete_ && !options_.limit && !shutdown_.stopping() && !left_ &&
                    !rows_wait_ && !spec_.sink.keep_missing && !spec_.read.queue;
  if (drop) checkpoint_->drop_missing();
  core::Status closed;
  flow::guarded(shutdown_, [&] { closed = checkpoint_->close(); });
  if (auto error = shutdown_.error()) return std::unexpected(*error);
  if (!closed) return std::unexpected(closed.error());
  if (auto acknowledged = reader_->close(); !acknowledged && !reader_error_)
    reader_error_ = acknowledged.error();
  if (reader_error_) return std::unexpected(*reader_error_);

  RunResult result;
  result.progress = progress();
  result.end = shutdown_.stopping() ? RunEnd::stopped : RunEnd::finished;
  result.why = shutdown_.why();
  if (shutdown_.stopping()) result.cause = halt_cause_;
  if (left_ && result.end == RunEnd::finished) {
    result.end = RunEnd::stopped;
    result.why = left_->message;
    result.error = left_;
  }
  if (batches_) {
    result.batch_refusals = batch_refusals_;
    result.again = again && !shutdown_.stopping();
    const parked::BatchesState state = batches_->state();
    result.batches_out =
        static_cast<std::uint64_t>(std::ranges::count_if(state.batches, &store::BatchRecord::open));
    if (rows_wait_ && result.end == RunEnd::finished) {
      result.end = RunEnd::stopped;
      result.why = result.batches_out > 0 ? "rows wait for batches that are out"
                                          : "some rows are left that no batch has answered";
    }
  }
  if (halt_error_) result.error = halt_error_;
  if (alike_error_) result.error = alike_error_;
  result.unmatched = result.progress.input_complete && !options_.limit && !spec_.read.queue
                         ? checkpoint_->unmatched()
                         : 0;
  result.dropped = drop;
  result.dropped_rows = checkpoint_->take_dropped();
  return result;
}

bool FlowRun::wait_for_batches(core::Duration passed) {
  const auto stop = [this] { return shutdown_.stopping(); };
  if (!stop()) batches_->seal_all();
  const bool again = options_.detach ? batches_->hand_over(stop) : batches_->wait(passed, stop);
  batches_->close();
  // Only who has seen all rows knows that none of them has a reply left to be read.
  if (input_complete_ && !options_.limit && !rows_wait_ && !left_ && !stop()) batches_->forget();
  return again && rows_wait_;
}

void FlowRun::wait_for_the_last_credit() {
  while (!all_back_.try_acquire_for(kLookAgain)) {
    if (graph_->broken() || core::memory_is_short())
      shutdown_.fail({core::ErrorCode::memory, "out of memory", {}});
  }
}

void FlowRun::read() {
  core::name_thread("sluice-read");
  flow::guarded(shutdown_, [this] {
    if (auto read = reader_->run(); !read) {
      // What is in flight is paid for: let it end, then say what happened.
      reader_error_ = read.error();
      shutdown_.stop(read.error().text());
    }
  });
  credits_.close();
  reading_ = false;
}

stages::Items FlowRun::prepare(core::RowBatch&& rows, flow::Cost taken) {
  stages::Items items = prepare_->run(std::move(rows));
  const std::size_t bytes = stages::weight_of(items).bytes;
  reader_->cost().learn(items, bytes);
  credits_.settle(taken, bytes);
  return items;
}

std::vector<stages::RequestPtr> FlowRun::pack(PackInput& input) {
  auto out = packed(input);
  if (!out) shutdown_.fail(out.error());
  if (!out) return {};
  if (!out->done_at.empty()) reader_->ended(out->done_at);
  if (out->done.rows > 0) credits_.give(out->done);
  for (const auto& why : out->rejects) reject_tally_.add(*why);
  if (!out->waiting.empty()) {
    rows_wait_ = true;
    release(std::move(out->waiting));
  }
  if (!out->completions.empty()) take_replies(std::move(out->completions));
  rows_shared_ += out->shared;
  rows_accepted_ += out->accepted;
  if (!out->entries.empty())
    commit({{}, std::move(out->entries)}, out->ended, std::move(out->dead));
  requests_out_ += static_cast<std::int64_t>(out->requests.size());
  return std::move(out->requests);
}

void FlowRun::take_replies(stages::Completions&& completions) {
  credits_.change(0, stages::reply_bytes(completions));
  requests_out_ += static_cast<std::int64_t>(completions.size());
  activity_.begin();
  graph_->completed(std::move(completions));
}

core::Result<stages::Packer::Out> FlowRun::packed(PackInput& input) {
  switch (input.kind) {
    case PackInput::Kind::again:
      return packer_->add_again(std::move(input.items));
    case PackInput::Kind::half:
      return packer_->add_half(std::move(input.items));
    case PackInput::Kind::first_half:
      return packer_->add_half(std::move(input.items), true);
    case PackInput::Kind::resumed:
      return with_the_last(packer_->resumed());
    case PackInput::Kind::stalled:
      return stalled();
    case PackInput::Kind::followers:
      return with_the_last(packer_->add_followers(std::move(input.items)));
    case PackInput::Kind::rows:
      ++batches_packed_;
      key_tally_.add(input.items);
      return with_the_last(add(first_rejects_.add(input.batches, std::move(input.items))));
    case PackInput::Kind::done:
      batches_read_ = input.batches;
      return with_the_last(stages::Packer::Out());
  }
  return core::fail(core::ErrorCode::internal, "an input of no kind came to be packed");
}

core::Result<stages::Packer::Out> FlowRun::add(stages::Items&& items) {
  end_if_alike();
  if (!alike_error_) return packer_->add(std::move(items));
  credits_.give(stages::weight_of(items));
  return stages::Packer::Out();
}

// The rows that were held back, and those behind them, stay pending.
void FlowRun::end_if_alike() {
  if (!first_rejects_.alike() || alike_error_) return;
  const std::string why = "nothing was asked: " + *first_rejects_.alike();
  alike_error_ = core::Error{core::ErrorCode::pipeline,
                             why +
                                 "; correct the pipeline file or the input and run it again, or, "
                                 "where these rows are to be rejected, run it with --keep-going",
                             {}};
  shutdown_.stop(why);
  credits_.give(stages::weight_of(first_rejects_.held()));
}

core::Result<stages::Packer::Out> FlowRun::stalled() {
  auto out = add(first_rejects_.stalled());
  // Texts to embed wait for company as long as a request is out: its rows' credits bring more. A
  // pack of them is large, and would go half empty each time that the credits are spent.
  if (vectors() && requests_out_ > 0) return out;
  if (out) out->append(packer_->flush());
  return with_replies(std::move(out));
}

// And the lines of batches' replies of which not all rows have come.
core::Result<stages::Packer::Out> FlowRun::with_replies(core::Result<stages::Packer::Out> out) {
  if (!out) return out;
  auto replies = packer_->flush_replies();
  if (!replies) return replies;
  out->append(std::move(*replies));
  return out;
}

// Completes the open pack when the last batch is in: nothing comes any more that it could wait for.
// Batches overtake each other on their way here, so the last one is known by its number.
core::Result<stages::Packer::Out> FlowRun::with_the_last(core::Result<stages::Packer::Out> out) {
  if (!out || batches_read_ != batches_packed_) return out;
  auto held = add(first_rejects_.end(input_complete_));
  if (!held) return held;
  out->append(std::move(*held));
  out = with_replies(std::move(out));
  if (!out) return out;
  stages::Packer::Out rest = packer_->flush();
  std::move(rest.requests.begin(), rest.requests.end(), std::back_inserter(out->requests));
  return out;
}

// Whether the I/O thread should read them itself. Not with Lua, which may take long, and whose
// states are the workers'.
bool FlowRun::read_where_they_are(const stages::Completions& completions) const {
  return !spec_.parse.parse && stages::reply_bytes(completions) <= kLittleText;
}

void FlowRun::parse(stages::Completions& completions) {
  std::vector<int> settled(spec_.dispatch.endpoints.size());
  for (const stages::Completion& completion : completions)
    if (completion.settlement.intended()) ++settled[completion.endpoint()];
  const std::size_t held = stages::reply_bytes(completions) + stages::extra_bytes(completions);
  if (vectors()) learn_texts(completions);
  const auto requests = static_cast<std::int64_t>(completions.size());
  const bool first = std::ranges::any_of(
      completions, [](const stages::Completion& completion) { return completion.request->first; });
  stages::Parser::Out out = parser_->run(std::move(completions));
  // Rows, prompts and replies are gone: what is left of those that ended is their lines.
  const std::size_t lines = stages::bytes_of(out.results.entries);
  completions.clear();
  credits_.change(held + out.ended.bytes, lines);
  out.ended.bytes = lines;
  commit(std::move(out.results), out.ended, std::move(out.rejected));
  dispatcher_->settled(std::move(settled));
  for (const stages::PackedReply& reply : out.packed) savings_->add(reply);
  for (const stages::PackSize::Reply& pack : out.packs) pack_size_.answered(pack);
  if (!out.again.empty()) {
    rows_asked_again_ += out.again.size();
    to_pack(PackInput::Kind::again, std::move(out.again));
  }
  for (stages::Items& half : out.halves) {
    rows_asked_again_ += half.size();
    to_pack(PackInput::Kind::half, std::move(half));
  }
  requests_ended(requests, first);
}

void FlowRun::learn_texts(const stages::Completions& completions) {
  for (const stages::Completion& completion : completions)
    texts_->counted(completion.request->items.size(), stages::prompt_bytes(*completion.request),
                    completion.reply.outcome.usage.input);
}

// However they ended. What waited for the first goes on.
void FlowRun::requests_ended(std::int64_t count, bool first) {
  requests_out_ -= count;
  if (first) to_pack(PackInput::Kind::resumed, {});
}

void FlowRun::commit(store::Results&& results, flow::Cost ended,
                     std::vector<std::pair<core::Hash128, core::Reject>> rejected) {
  for (const auto& [question, why] : rejected) reject_tally_.add(why);
  std::vector<core::Hash128> answered;
  answered.reserve(results.entries.size());
  for (const store::Entry& entry : results.entries) {
    if (entry.kind == store::Kind::answer) answered.push_back(entry.question);
  }
  std::vector<core::RowPlace> ended_at;
  if (spec_.read.queue)
    for (const store::Entry& entry : results.entries) ended_at.push_back(entry.place);
  observe::Committed event{.answered = answered.size(),
                           .rejected = results.entries.size() - answered.size()};
  const core::Time handed_over = options_.observer ? options_.clock->now() : core::Time();
  activity_.begin();
  rows_committing_ += ended.rows;
  checkpoint_->commit(std::move(results),
                      [this, ended, event, handed_over, answered = std::move(answered),
                       rejected = std::move(rejected), ended_at = std::move(ended_at)]() mutable {
                        if (!ended_at.empty()) reader_->ended(ended_at);
                        rows_ended_ += ended.rows;
                        rows_committing_ -= ended.rows;
                        if (options_.observer != nullptr) {
                          event.took = options_.clock->now() - handed_over;
                          options_.observer->on(event);
                        }
                        stages::Items followers = in_flight_.take(answered);
                        if (!followers.empty())
                          to_pack(PackInput::Kind::followers, std::move(followers));
                        for (const auto& [question, why] : rejected) {
                          if (stages::Items waiting = in_flight_.take(question); !waiting.empty())
                            reject(std::move(waiting), why);
                        }
                        if (ended.rows > 0) credits_.give(ended);
                        activity_.end();
                      });
}

void FlowRun::reject(stages::Items&& items, const core::Reject& why) {
  store::Results results;
  std::vector<std::pair<core::Hash128, core::Reject>> rejected;
  for (stages::Item& item : items) {
    core::Reject whole = why;
    whole.history.insert(whole.history.begin(), item.history.begin(), item.history.end());
    results.entries.push_back(lines_.reject(item, whole));
    rejected.emplace_back(item.question, why);
  }
  commit(std::move(results), stages::weight_of(items), std::move(rejected));
}

void FlowRun::release(stages::Items&& items) {
  flow::Cost weight = stages::weight_of(items);
  for (const stages::Item& item : items)
    weight += stages::weight_of(in_flight_.take(item.question));
  credits_.give(weight);
}

void FlowRun::to_pack(PackInput::Kind kind, stages::Items&& items, std::uint64_t batches) {
  activity_.begin();
  graph_->to_pack(kind, std::move(items), batches);
}

Progress FlowRun::progress() const {
  Progress progress;
  progress.account = checkpoint_->account();
  progress.rows_at_start = checkpoint_->opened().done_rows;
  progress.rows_read = reader_->rows_read();
  progress.rows_ended = rows_ended_;
  progress.rows_committing = rows_committing_;
  progress.rows_shared = rows_shared_;
  progress.rows_accepted = rows_accepted_;
  progress.rows_asked_again = rows_asked_again_;
  progress.rejects = reject_tally_.reasons();
  progress.same_keys = key_tally_.found();
  progress.saved = savings_->saved();
  progress.input_complete = input_complete_;
  progress.share_read = reader_->share_read();
  progress.waiting_for = reader_->waiting_for();
  progress.dispatch = dispatcher_->state();
  if (batches_) progress.batches = batches_->state();
  return progress;
}

}  // namespace sluice::job
