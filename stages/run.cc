#include "stages/run.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <semaphore>
#include <thread>

#include "core/memory_reserve.h"
#include "core/thread_name.h"
#include "flow/credits.h"
#include "flow/shutdown.h"
#include "stages/flow_graph.h"
#include "stages/flow_limits.h"
#include "stages/job_files.h"
#include "stages/jsonl_sink.h"
#include "stages/output_line.h"
#include "stages/pack.h"
#include "stages/parse.h"
#include "stages/prepare.h"
#include "stages/question.h"
#include "stages/reader.h"
#include "stages/single_flight.h"
#include "storage/input_file.h"

namespace sluice::stages {
namespace {

// So little text is read sooner than another thread wakes up: some 10 us.
constexpr std::size_t kLittleText = 2 * 1024;
// How often it is asked whether the run can still go on.
constexpr std::chrono::milliseconds kLookAgain{100};

class FlowRun final : public Run {
 public:
  FlowRun(const PipelineSpec& spec, const RunOptions& options)
      : spec_(spec),
        options_(options),
        question_(make_question(spec)),
        lines_(spec, question_.answer_names()),
        pack_size_(spec.pack.rows, output_bound(spec)),
        credits_(credit_limit(spec), [this] { all_back_.release(); }) {}

  core::Status open();
  const checkpoint::Checkpoint::Opened& opened() const override { return checkpoint_->opened(); }
  core::Result<RunResult> run() override;
  void stop(std::string why) override { ending_.stop(std::move(why)); }
  Progress progress() const override;

 private:
  FlowGraph::Bodies bodies();
  Reader::Outlet outlet();
  void wait_for_the_last_credit();
  void read();
  Items prepare(core::RowBatch&& rows, flow::Weight taken);
  std::vector<RequestPtr> pack(PackInput& input);
  core::Result<Packer::Out> packed(PackInput& input);
  bool read_where_they_are(const Completions& completions) const;
  void parse(Completions& completions);
  void commit(store::Results&& results, flow::Weight ended,
              std::vector<std::pair<core::Hash128, core::Reject>> rejected);
  void reject(Items&& items, const core::Reject& why);
  void release(Items&& items);
  void to_pack(PackInput::Kind kind, Items&& items);
  DispatchHandlers handlers();

  const PipelineSpec& spec_;
  const RunOptions options_;
  const Question question_;
  const LineWriter lines_;
  std::optional<Prepare> prepare_;
  std::optional<Parser> parser_;
  std::unique_ptr<checkpoint::Projection> sink_;
  std::unique_ptr<checkpoint::Checkpoint> checkpoint_;
  InFlight in_flight_;
  PackSize pack_size_;
  std::optional<PackSavings> savings_;
  std::optional<Packer> packer_;
  flow::Ending ending_;
  flow::Credits credits_;
  std::optional<Reader> reader_;
  std::optional<core::Error> reader_error_;        // the reader's thread, then run()
  std::optional<core::Error> halt_error_;          // the I/O thread, then run()
  std::optional<schedule::HaltCause> halt_cause_;  // the same
  std::optional<core::Error> left_;  // why rows stay pending; the I/O thread, then run()
  std::atomic<bool> input_complete_ = false;
  std::uint64_t batches_packed_ = 0;           // the pack node's
  std::optional<std::uint64_t> batches_read_;  // the pack node's: known at the end of the input
  std::atomic<std::uint64_t> rows_ended_ = 0;
  std::atomic<std::uint64_t> rows_shared_ = 0;
  std::atomic<std::uint64_t> rows_asked_again_ = 0;

  std::binary_semaphore all_back_{0};  // the last credit is, or the run is abandoned
  std::optional<FlowGraph> graph_;
  std::unique_ptr<Dispatcher> dispatcher_;
};

core::Status FlowRun::open() {
  auto prepare = Prepare::make(spec_, question_);
  if (!prepare) return std::unexpected(prepare.error());
  prepare_.emplace(std::move(*prepare));
  auto paths = storage::expand_paths(spec_.read.paths);
  if (!paths) return std::unexpected(paths.error());

  checkpoint::Options options;
  options.directory = spec_.checkpoint.directory;
  options.job = spec_.name;
  options.fingerprint = fingerprint(spec_, question_);
  for (const auto& endpoint : spec_.dispatch.endpoints) options.endpoints.push_back(endpoint.name);
  options.models = models_of(spec_.dispatch);
  options.durability = spec_.checkpoint.durability;
  options.share = spec_.checkpoint.share;
  options.group_entries = group_entries(spec_);
  sink_ = make_jsonl_sink(spec_.sink.path, spec_.sink.rejects, options_.notice);
  auto opened = options_.open_checkpoint(options, *sink_);
  if (!opened) return std::unexpected(opened.error());
  checkpoint_ = std::move(*opened);
  prepare_->name_as_before(checkpoint_->has_old_names());

  packer_.emplace(spec_, *checkpoint_, in_flight_, lines_, pack_size_);
  savings_.emplace(frame_bytes(spec_, question_), frame_bytes(spec_, single_question(spec_)));
  parser_.emplace(spec_, question_, lines_, models_of(spec_.dispatch));
  auto dispatcher =
      Dispatcher::make(spec_, question_, *checkpoint_, handlers(), options_.day_use_elsewhere);
  if (!dispatcher) return std::unexpected(dispatcher.error());
  dispatcher_ = std::move(*dispatcher);
  graph_.emplace(bodies(), ending_);
  reader_.emplace(std::move(*paths), options_.limit, credits_, ending_, outlet(),
                  Steps(spec_.read.steps), written_files(spec_));
  if (!spec_.pack.user) reader_->cost().at_least(spec_.pack.user_template.size());

  ending_.on_stop([this] { dispatcher_->drain(); });
  ending_.on_failure([this] {
    dispatcher_->abort();
    credits_.abandon();
  });
  checkpoint_->on_failure([this](core::Error error) { ending_.fail(std::move(error)); });
  return {};
}

FlowGraph::Bodies FlowRun::bodies() {
  return {
      .prepare = [this](core::RowBatch&& rows,
                        flow::Weight taken) { return prepare(std::move(rows), taken); },
      .pack = [this](PackInput& input) { return pack(input); },
      .build =
          [this](Request& request) {
            build(request, question_.packed);
            credits_.change(0, request.extra_bytes);
          },
      .dispatch =
          [this](std::vector<RequestPtr>&& requests) { dispatcher_->submit(std::move(requests)); },
      .parse = [this](Completions& completions) { parse(completions); },
  };
}

Reader::Outlet FlowRun::outlet() {
  return {
      .batch =
          [this](core::RowBatch&& rows, flow::Weight taken) {
            checkpoint_->set_rows_read(reader_->rows_read(), false);
            graph_->rows(std::move(rows), taken);
          },
      .stalled = [this] { to_pack(PackInput::Kind::stalled, {}); },
      .done =
          [this](std::uint64_t batches, bool complete) {
            input_complete_ = complete;
            checkpoint_->set_rows_read(reader_->rows_read(), complete && !options_.limit);
            graph_->to_pack(PackInput::Kind::done, {}, batches);
          },
  };
}

DispatchHandlers FlowRun::handlers() {
  return {
      .completed =
          [this](Completions&& completions) {
            credits_.change(0, reply_bytes(completions));
            if (read_where_they_are(completions)) return parse(completions);
            graph_->completed(std::move(completions));
          },
      .rejected =
          [this](RequestPtr request, const core::Reject& why) {
            credits_.change(request->extra_bytes, 0);
            reject(std::move(request->items), why);
          },
      .split =
          [this](RequestPtr request, provider::Cause cause) {
            credits_.change(request->extra_bytes, 0);
            for (Item& item : request->items)
              item.history.emplace_back(provider::cause_name(cause));
            for (Items& half : halves_of(std::move(request->items)))
              to_pack(PackInput::Kind::half, std::move(half));
          },
      .released =
          [this](RequestPtr request, const std::string& why) {
            if (!why.empty()) left_ = core::Error{core::ErrorCode::io, why, {}};
            credits_.change(request->extra_bytes, 0);
            release(std::move(request->items));
          },
      .halted =
          [this](schedule::HaltCause cause, const std::string& why) {
            const bool limit =
                cause == schedule::HaltCause::budget || cause == schedule::HaltCause::deadline;
            halt_cause_ = cause;
            if (!limit) halt_error_ = core::Error{core::ErrorCode::io, why, {}};
            ending_.stop(why);
          },
      .failed = [this](core::Error error) { ending_.fail(std::move(error)); },
  };
}

core::Result<RunResult> FlowRun::run() {
  std::thread reader;
  flow::guarded(ending_, [&] {
    dispatcher_->start();
    reader = std::thread([this] { read(); });
  });
  wait_for_the_last_credit();
  if (reader.joinable()) reader.join();
  flow::guarded(ending_, [this] { dispatcher_->join(); });
  graph_->wait();

  core::Status closed;
  flow::guarded(ending_, [&] { closed = checkpoint_->close(); });
  if (auto error = ending_.error()) return std::unexpected(*error);
  if (!closed) return std::unexpected(closed.error());
  if (reader_error_) return std::unexpected(*reader_error_);

  RunResult result;
  result.progress = progress();
  result.end = ending_.stopping() ? RunEnd::stopped : RunEnd::finished;
  result.why = ending_.why();
  if (ending_.stopping()) result.cause = halt_cause_;
  if (left_ && result.end == RunEnd::finished) {
    result.end = RunEnd::stopped;
    result.why = left_->message;
    result.error = left_;
  }
  if (halt_error_) result.error = halt_error_;
  result.untaken = result.progress.input_complete && !options_.limit ? checkpoint_->untaken() : 0;
  return result;
}

void FlowRun::wait_for_the_last_credit() {
  while (!all_back_.try_acquire_for(kLookAgain)) {
    if (graph_->broken() || core::memory_is_short())
      ending_.fail({core::ErrorCode::memory, "out of memory", {}});
  }
}

void FlowRun::read() {
  core::name_thread("sluice-read");
  flow::guarded(ending_, [this] {
    if (auto read = reader_->run(); !read) {
      // What is in flight is paid for: let it end, then say what happened.
      reader_error_ = read.error();
      ending_.stop(read.error().text());
    }
  });
  credits_.close();
}

Items FlowRun::prepare(core::RowBatch&& rows, flow::Weight taken) {
  Items items = prepare_->run(std::move(rows));
  const std::size_t bytes = weight_of(items).bytes;
  reader_->cost().learn(items, bytes);
  credits_.settle(taken, bytes);
  return items;
}

std::vector<RequestPtr> FlowRun::pack(PackInput& input) {
  auto out = packed(input);
  if (!out) ending_.fail(out.error());
  if (!out) return {};
  if (out->done.rows > 0) credits_.give(out->done);
  rows_shared_ += out->shared;
  if (!out->entries.empty()) commit({{}, std::move(out->entries)}, out->ended, {});
  return std::move(out->requests);
}

core::Result<Packer::Out> FlowRun::packed(PackInput& input) {
  switch (input.kind) {
    case PackInput::Kind::again:
      return packer_->add_again(std::move(input.items));
    case PackInput::Kind::half:
      return packer_->add_half(std::move(input.items));
    case PackInput::Kind::stalled:
      return packer_->flush();
    case PackInput::Kind::done:
      batches_read_ = input.batches;
      break;
    case PackInput::Kind::rows:
      ++batches_packed_;
      break;
    case PackInput::Kind::followers:
      break;
  }
  auto out = input.kind == PackInput::Kind::followers
                 ? packer_->add_followers(std::move(input.items))
                 : packer_->add(std::move(input.items));
  // Batches overtake each other on their way here: the last one is known by its number, not its
  // place.
  if (out && batches_read_ == batches_packed_) {
    Packer::Out rest = packer_->flush();
    std::move(rest.requests.begin(), rest.requests.end(), std::back_inserter(out->requests));
  }
  return out;
}

// Whether the I/O thread should read them itself. Not with Lua, which may take long, and whose
// states are the workers'.
bool FlowRun::read_where_they_are(const Completions& completions) const {
  return !spec_.parse.parse && reply_bytes(completions) <= kLittleText;
}

void FlowRun::parse(Completions& completions) {
  std::vector<int> booked(spec_.dispatch.endpoints.size());
  for (const Completion& completion : completions) ++booked[completion.endpoint()];
  const std::size_t held = reply_bytes(completions) + extra_bytes(completions);
  Parser::Out out = parser_->run(std::move(completions));
  // Rows, prompts and replies are gone: what is left of those that ended is their lines.
  const std::size_t lines = bytes_of(out.results.entries);
  completions.clear();
  credits_.change(held + out.ended.bytes, lines);
  out.ended.bytes = lines;
  commit(std::move(out.results), out.ended, std::move(out.rejected));
  dispatcher_->booked(std::move(booked));
  for (const PackedReply& reply : out.packed) savings_->add(reply);
  for (const PackSize::Reply& pack : out.packs) pack_size_.answered(pack);
  if (!out.again.empty()) {
    rows_asked_again_ += out.again.size();
    to_pack(PackInput::Kind::again, std::move(out.again));
  }
  for (Items& half : out.halves) {
    rows_asked_again_ += half.size();
    to_pack(PackInput::Kind::half, std::move(half));
  }
}

void FlowRun::commit(store::Results&& results, flow::Weight ended,
                     std::vector<std::pair<core::Hash128, core::Reject>> rejected) {
  std::vector<core::Hash128> answered;
  answered.reserve(results.entries.size());
  for (const store::Entry& entry : results.entries) {
    if (entry.kind == store::Kind::answer) answered.push_back(entry.question);
  }
  checkpoint_->commit(std::move(results), [this, ended, answered = std::move(answered),
                                           rejected = std::move(rejected)] {
    rows_ended_ += ended.rows;
    Items followers = in_flight_.take(answered);
    if (!followers.empty()) to_pack(PackInput::Kind::followers, std::move(followers));
    for (const auto& [question, why] : rejected) {
      if (Items waiting = in_flight_.take(question); !waiting.empty())
        reject(std::move(waiting), why);
    }
    if (ended.rows > 0) credits_.give(ended);
  });
}

void FlowRun::reject(Items&& items, const core::Reject& why) {
  store::Results results;
  std::vector<std::pair<core::Hash128, core::Reject>> rejected;
  for (Item& item : items) {
    core::Reject whole = why;
    whole.history.insert(whole.history.begin(), item.history.begin(), item.history.end());
    results.entries.push_back(lines_.reject(item, whole));
    rejected.emplace_back(item.question, why);
  }
  commit(std::move(results), weight_of(items), std::move(rejected));
}

void FlowRun::release(Items&& items) {
  flow::Weight weight = weight_of(items);
  for (const Item& item : items) weight += weight_of(in_flight_.take(item.question));
  credits_.give(weight);
}

void FlowRun::to_pack(PackInput::Kind kind, Items&& items) {
  graph_->to_pack(kind, std::move(items));
}

Progress FlowRun::progress() const {
  Progress progress;
  progress.account = checkpoint_->account();
  progress.rows_at_start = checkpoint_->opened().done_rows;
  progress.rows_read = reader_->rows_read();
  progress.rows_ended = rows_ended_;
  progress.rows_shared = rows_shared_;
  progress.rows_asked_again = rows_asked_again_;
  progress.saved = savings_->saved();
  progress.input_complete = input_complete_;
  progress.share_read = reader_->share_read();
  progress.waiting_for = reader_->waiting_for();
  progress.dispatch = dispatcher_->state();
  return progress;
}

}  // namespace

core::Result<std::unique_ptr<Run>> Run::make(const PipelineSpec& spec, const RunOptions& options) {
  auto run = std::make_unique<FlowRun>(spec, options);
  if (auto opened = run->open(); !opened) return std::unexpected(opened.error());
  return run;
}

}  // namespace sluice::stages
