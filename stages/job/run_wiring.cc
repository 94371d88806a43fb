// Joins a run's parts: opens them in their order, and says which calls which.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "job/file_sink.h"
#include "job/job_files.h"
#include "job/run_flow.h"
#include "queue/worker.h"
#include "stages/endpoint_options.h"
#include "stages/read_files.h"
#include "stages/vector_text.h"

namespace sluice::job {
namespace {

// Standard input, or a named pipe.
bool cannot_be_read_again(const std::string& name) {
  std::error_code error;
  return name == "-" || std::filesystem::is_fifo(name, error);
}

}  // namespace

core::Status FlowRun::open() {
  auto prepare = stages::Prepare::make(spec_, question_);
  if (!prepare) return std::unexpected(prepare.error());
  prepare_.emplace(std::move(*prepare));
  auto names = source::names_of(spec_.read);
  if (!names) return std::unexpected(names.error());
  prepare_->name_files(*names);

  checkpoint::Options options;
  options.directory = spec_.checkpoint.directory;
  options.job = spec_.name;
  options.fingerprint = stages::fingerprint(spec_, question_);
  for (const auto& endpoint : spec_.dispatch.endpoints) {
    options.endpoints.push_back(endpoint.name);
    options.endpoint_options.push_back(stages::options_of(endpoint));
  }
  options.models = stages::models_of(spec_.dispatch);
  options.durability = spec_.checkpoint.durability;
  options.share = spec_.checkpoint.share;
  options.shared_log = options_.shared_log;
  options.group_entries = stages::group_entries(spec_);
  sink_ = make_file_sink(spec_.sink.path, spec_.sink.rejects, options_.notice,
                         question_.answer_names());
  auto opened = options_.open_checkpoint(options, *sink_);
  if (!opened) return std::unexpected(opened.error());
  checkpoint_ = std::move(*opened);
  prepare_->name_as_before(checkpoint_->has_old_names());

  const bool begins = checkpoint_->opened().done_rows == 0;
  first_rejects_ = stages::FirstRejects(!options_.keep_going && (begins || question_.files),
                                        begins ? std::string_view() : stages::kImageMissing);
  if (spec_.pack.embed)
    texts_.emplace(static_cast<std::size_t>(spec_.pack.tokens),
                   static_cast<std::size_t>(spec_.pack.embed->input_tokens));
  if (auto batches = open_batches(*names); !batches) return batches;
  // Rows that wait for others of their line hold credits, which others need to come.
  constexpr std::size_t kShareThatWaits = 4;
  packer_.emplace(spec_, *checkpoint_, in_flight_, lines_, pack_size_, texts_ ? &*texts_ : nullptr,
                  batches_.get(), stages::credit_limit(spec_).rows / kShareThatWaits);
  if (vectors()) packer_->wait_for_first();
  savings_.emplace(stages::frame_bytes(spec_, question_),
                   stages::frame_bytes(spec_, stages::single_question(spec_)));
  parser_.emplace(spec_, question_, lines_, stages::models_of(spec_.dispatch));
  std::function<std::optional<double>(std::uint64_t)> rows_left;
  if (spec_.dispatch.route == schedule::Route::deadline || batches_)
    rows_left = [this](std::uint64_t submitted) { return rows_to_come(submitted); };
  auto dispatcher = dispatch::Dispatcher::make({.spec = spec_,
                                                .question = question_,
                                                .checkpoint = *checkpoint_,
                                                .used_by_others = options_.day_use_of_others,
                                                .make_sender = options_.make_sender,
                                                .clock = *options_.clock,
                                                .rows_to_come = std::move(rows_left),
                                                .batches = batches_.get(),
                                                .observer = options_.observer,
                                                .ledger = options_.ledger,
                                                .spends_as = options_.spends_as},
                                               handlers());
  if (!dispatcher) return std::unexpected(dispatcher.error());
  dispatcher_ = std::move(*dispatcher);
  batch_refusals_ = options_.batch_refusals;
  for (const auto& [endpoint, why] : batch_refusals_) dispatcher_->stop_parking(endpoint, why);
  graph_.emplace(bodies(), shutdown_);
  stages::Reader::Input input{spec_.read, std::move(*names), written_files(spec_), options_.shards};
  if (input.from.queue && !options_.look) {
    input.from.queue->take = true;
    input.from.queue->folder = spec_.checkpoint.directory;
    input.from.queue->worker = queue::worker_name(spec_.checkpoint.directory);
  }
  reader_.emplace(std::move(input), options_.limit, credits_, shutdown_, callbacks(),
                  stages::Steps(spec_.read.steps));
  reader_->cost().at_least(spec_.pack.user ? 0 : spec_.pack.user_template.size(),
                           stages::expected_answer_bytes(spec_.pack));
  if (question_.files) reader_->cost().with_files(stages::most_file_bytes(spec_.pack.images));

  shutdown_.on_stop([this] { dispatcher_->drain(); });
  shutdown_.on_failure([this] {
    if (batches_) batches_->abandon();
    dispatcher_->abort();
    credits_.abandon();
  });
  checkpoint_->on_failure([this](core::Error error) { shutdown_.fail(std::move(error)); });
  return {};
}

core::Status FlowRun::open_batches(const std::vector<std::string>& names) {
  const bool batches_wanted =
      std::ranges::any_of(spec_.dispatch.endpoints, &provider::EndpointSpec::batch);
  for (const std::string& name : names)
    if (batches_wanted && (spec_.read.queue || cannot_be_read_again(name)))
      return core::fail(
          core::ErrorCode::pipeline,
          fmt::format("the tier \"batch\" needs an input that can be read again when "
                      "batches have ended, and {} cannot: write it to a file first, or "
                      "take the tier out",
                      name == "-" ? "standard input" : name));
  std::optional<core::WallTime> deadline;
  if (spec_.dispatch.deadline) deadline = options_.clock->wall_now() + *spec_.dispatch.deadline;
  auto batches = parked::BatchJobs::open(
      {.directory = spec_.checkpoint.directory,
       .endpoints = spec_.dispatch.endpoints,
       .checkpoint = *checkpoint_,
       .clock = *options_.clock,
       .deadline = deadline,
       .online = [this]() -> parked::BatchSetup::Online {
         const schedule::Snapshot now = dispatcher_->state().schedule;
         return {.per_second = now.online_per_second,
                 .left = static_cast<double>(now.waiting + now.in_flight)};
       },
       .collected = [this](
                        std::uint32_t endpoint, std::uint64_t lines, core::Money worst,
                        core::Money cost) { dispatcher_->collected(endpoint, lines, worst, cost); },
       .stopped =
           [this](std::uint32_t endpoint, const std::string& why) {
             batch_refusals_.emplace_back(endpoint, why);
             dispatcher_->stop_parking(endpoint, why);
           },
       .failed = [this](core::Error error) { shutdown_.fail(std::move(error)); },
       .observer = options_.observer,
       .shared = options_.shared_files});
  if (!batches) return std::unexpected(batches.error());
  batches_ = std::move(*batches);
  return {};
}

std::optional<double> FlowRun::rows_to_come(std::uint64_t submitted) const {
  if (input_complete_) return 0;
  const auto unread = reader_->rows_to_come();
  if (!unread) return std::nullopt;
  // Those that had ended before this run are not asked again. Read and not submitted: met already.
  const auto read = static_cast<double>(reader_->rows_read());
  const double met = std::max(0.0, read - static_cast<double>(submitted));
  const auto ended = static_cast<double>(checkpoint_->opened().done_rows);
  return std::max(0.0, *unread - std::max(0.0, ended - met));
}

FlowGraph::Bodies FlowRun::bodies() {
  return {
      .prepare = [this](core::RowBatch&& rows,
                        flow::Cost taken) { return prepare(std::move(rows), taken); },
      .pack =
          [this](PackInput& input) {
            auto requests = pack(input);
            if (requests.empty()) activity_.end();
            return requests;
          },
      .build =
          [this](stages::Request& request) {
            stages::build(request, question_);
            credits_.change(0, request.extra_bytes);
          },
      .dispatch =
          [this](std::vector<stages::RequestPtr>&& requests) {
            reject_unsendable(requests);
            if (!requests.empty()) dispatcher_->submit(std::move(requests));
            activity_.end();
          },
      .parse =
          [this](stages::Completions& completions) {
            parse(completions);
            activity_.end();
          },
  };
}

stages::Reader::Callbacks FlowRun::callbacks() {
  return {
      .batch =
          [this](core::RowBatch&& rows, flow::Cost taken) {
            checkpoint_->set_rows_read(reader_->rows_read(), false);
            activity_.begin();
            graph_->rows(std::move(rows), taken);
          },
      .stalled = [this] { to_pack(PackInput::Kind::stalled, {}); },
      .done =
          [this](std::uint64_t batches, bool complete) {
            input_complete_ = complete;
            checkpoint_->set_rows_read(reader_->rows_read(), complete && !options_.limit);
            to_pack(PackInput::Kind::done, {}, batches);
          },
  };
}

dispatch::Handlers FlowRun::handlers() {
  return {
      .completed =
          [this](stages::Completions&& completions) {
            credits_.change(0, stages::reply_bytes(completions));
            if (read_where_they_are(completions)) return parse(completions);
            activity_.begin();
            graph_->completed(std::move(completions));
          },
      .rejected =
          [this](const stages::RequestPtr& request, const core::Reject& why) {
            credits_.change(request->extra_bytes, 0);
            reject(std::move(request->items), why);
            requests_ended(1, request->first);
          },
      .split =
          [this](const stages::RequestPtr& request, provider::Cause cause) {
            credits_.change(request->extra_bytes, 0);
            for (stages::Item& item : request->items)
              item.history.emplace_back(provider::cause_name(cause));
            if (vectors() && !request->too_large_item)
              texts_->refused(stages::prompt_bytes(*request));
            std::array<stages::Items, 2> parts = stages::smaller_parts_of(*request);
            to_pack(request->first ? PackInput::Kind::first_half : PackInput::Kind::half,
                    std::move(parts[0]));
            to_pack(PackInput::Kind::half, std::move(parts[1]));
            requests_ended(1, false);
          },
      .released =
          [this](const stages::RequestPtr& request, const std::string& why) {
            if (!why.empty()) left_ = core::Error{core::ErrorCode::io, why, {}};
            if (why.empty()) rows_wait_ = true;
            credits_.change(request->extra_bytes, 0);
            release(std::move(request->items));
            requests_ended(1, request->first);
          },
      .halted =
          [this](schedule::HaltCause cause, const std::string& why) {
            const bool limit =
                cause == schedule::HaltCause::budget || cause == schedule::HaltCause::deadline;
            halt_cause_ = cause;
            if (!limit) halt_error_ = core::Error{core::ErrorCode::io, why, {}};
            shutdown_.stop(why);
          },
      .failed = [this](core::Error error) { shutdown_.fail(std::move(error)); },
  };
}

// What could not be built ends here.
void FlowRun::reject_unsendable(std::vector<stages::RequestPtr>& requests) {
  for (stages::RequestPtr& request : requests) {
    if (!request->reject) continue;
    reject(std::move(request->items), *request->reject);
    requests_ended(1, request->first);
    request.reset();
  }
  std::erase(requests, nullptr);
}

core::Result<std::unique_ptr<Run>> Run::make(const stages::PipelineSpec& spec,
                                             const RunOptions& options) {
  auto run = std::make_unique<FlowRun>(spec, options);
  if (auto opened = run->open(); !opened) return std::unexpected(opened.error());
  return run;
}

}  // namespace sluice::job
