#include "mock/batches.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "mock/draws.h"
#include "simulate/random.h"

namespace sluice::mock {
namespace {

using simulate::mix;
using simulate::unit;
using wire::BatchAct;
using wire::BatchJob;
using wire::Refusal;
using wire::Why;

// So that what is drawn for these calls has nothing to do with what is drawn for others.
constexpr std::uint64_t kCallStream = 0xCA11;

bool is_of_files(BatchAct act) {
  return act >= BatchAct::upload;
}

std::string_view end_name(BatchState state) {
  switch (state) {
    case BatchState::failed:
      return "failed";
    case BatchState::expired:
      return "expired";
    case BatchState::cancelled:
      return "cancelled";
    default:
      return "completed";
  }
}

}  // namespace

Batches::Batches(const Options& options, Books& books, BatchFiles& files, core::Time started)
    : options_(options),
      books_(books),
      clock_(options.batch.speed, started),
      files_(files),
      run_(options, books) {}

Decision Batches::handle(const wire::BatchCall& call, const http::ServerRequest& request,
                         Moment at) {
  ++books_.stats().batch.calls;
  ++calls_;
  advance(at);
  const std::uint64_t call_draws = mix(mix(options_.seed, kCallStream), calls_);
  if (auto fault = call_fault(*call.api, call_draws)) return std::move(*fault);
  lose_reply_ = false;
  Served served =
      is_of_files(call.act) ? serve_file(call, request, at) : serve_job(call, request, at);
  Decision decision;
  if (!served) {
    served.error().id = call_draws;
    decision.response = call.api->service.refuse(served.error());
    return decision;
  }
  decision.response = std::move(*served);
  if (lose_reply_) decision.kind = Decision::Kind::reset;
  const bool bytes = call.act == BatchAct::results || call.act == BatchAct::file_content;
  if (bytes && unit(mix(call_draws, kBatchCutDraw)) < options_.batch.faults.cut_results)
    decision.kind = Decision::Kind::respond_half;
  return decision;
}

std::optional<Decision> Batches::call_fault(const wire::BatchApi& api, std::uint64_t draws) {
  const std::uint64_t draw = mix(draws, kBatchCallDraw);
  if (unit(draw) >= options_.batch.faults.call_error) return std::nullopt;
  Refusal refusal;
  refusal.id = draw;
  const std::uint64_t kind = mix(draw) % 3;
  refusal.why = kind == 0 ? Why::rate_limit : Why::server_error;
  refusal.kind = "requests";
  refusal.wait = options_.error_wait;
  Decision decision;
  decision.response = api.service.refuse(refusal);
  if (kind == 1) decision.response.status = 503;
  return decision;
}

Batches::Served Batches::serve_job(const wire::BatchCall& call, const http::ServerRequest& request,
                                   Moment at) {
  if (call.act == BatchAct::create) return create(call, request, at);
  if (call.act == BatchAct::list) return list_jobs(*call.api, request, at);
  // An ARN holds it at its end.
  const std::string id = call.in_path.back().substr(call.in_path.back().rfind('/') + 1);
  Job* job = find(*call.api, id);
  if (job && call.act != BatchAct::cancel && job->hidden_left > 0) {
    --job->hidden_left;
    job = nullptr;
  }
  if (!job) return wire::refuse(Why::not_found, fmt::format("No batch found with id '{}'.", id));
  const BatchState state = job->life.at(clock_.at(at.now)).state;
  http::ServerResponse response;
  std::string results;
  switch (call.act) {
    case BatchAct::cancel:
      if (is_over(state)) {
        return wire::refuse(
            Why::conflict, fmt::format("Cannot cancel a batch with status '{}'.", end_name(state)));
      }
      job->life.cancel(clock_.at(at.now));
      break;
    case BatchAct::results: {
      const BatchFiles::File* file = files_.find(job->output);
      if (!file)
        return wire::refuse(Why::not_found, fmt::format("Batch '{}' has no results yet.", id));
      auto bytes = file->blob->all();
      if (!bytes) return wire::refuse(Why::server_error, bytes.error().text());
      response.content_type = "application/x-jsonl";
      response.body = std::move(*bytes);
      return response;
    }
    case BatchAct::remove:
      if (!is_over(state)) {
        return wire::refuse(Why::bad_request,
                            fmt::format("Batch '{}' is not over: cancel it first.", id));
      }
      call.api->reply(call.act, view(*job, request, at), response);
      files_.remove(job->output);
      files_.remove(job->errors);
      by_id_.erase(job->id);
      std::erase_if(by_token_, [&](const auto& entry) { return entry.second == job; });
      std::erase_if(jobs_, [&](const auto& one) { return one.get() == job; });
      return response;
    default:
      if (!job->output.empty() && call.api->shows_results &&
          call.api->shows_results(view(*job, request, at), request)) {
        auto bytes = files_.find(job->output)->blob->all();
        if (!bytes) return wire::refuse(Why::server_error, bytes.error().text());
        results = std::move(*bytes);
      }
      break;
  }
  BatchJob shown = view(*job, request, at);
  shown.results = std::move(results);
  call.api->reply(call.act, shown, response);
  return response;
}

void Batches::advance(Moment at) {
  for (const auto& job : jobs_) settle(*job, at);
}

void Batches::settle(Job& job, Moment at) {
  if (job.settled) return;
  const BatchLife::Moment moment = job.life.at(clock_.at(at.now));
  if (is_over(moment.state)) end(job, moment, at);
}

void Batches::end(Job& job, BatchLife::Moment moment, Moment at) {
  job.settled = true;
  BatchStats& stats = books_.stats().batch;
  --stats.running;
  ++stats.by_end[std::string(end_name(moment.state))];
  if (moment.state == BatchState::failed) return;
  stats.enqueued_tokens -= job.scan.tokens;
  enqueued_[job.scan.model] -= job.scan.tokens;

  BatchJob shown;
  shown.id = job.id;
  shown.order = &job.order;
  shown.number = job.number;
  shown.created = job.created.wall;
  const wire::BatchPlaces places = job.api->places(shown, mix(job.draws, kIdDraw));
  const bool lost = (moment.state != BatchState::completed && !job.api->keeps_unfinished) ||
                    (moment.state == BatchState::cancelled && job.life.plan().cancel_empty);
  const core::WallTime ended = wall_of(job, *job.life.ended());
  auto results = run_.run({.api = *job.api,
                           .order = job.order,
                           .input = *job.input,
                           .plan = job.life.plan(),
                           .draws = job.draws,
                           .done = lost ? 0 : moment.done,
                           .end = moment.state,
                           .wall = std::min(ended, at.wall)},
                          !places.errors.empty());
  job.input.reset();
  job.scan.refused = {};
  const auto keep = [&](Blob& blob, const std::string& id, std::string_view kind) -> std::string {
    if (blob.size() == 0 || id.empty()) return {};
    const auto kept = files_.add({.id = id,
                                  .name = fmt::format("{}_{}.jsonl", job.id, kind),
                                  .purpose = "batch_output",
                                  .media = "application/jsonl",
                                  .created = std::min(ended, at.wall),
                                  .owner = job.order.in_buckets ? nullptr : job.api->files},
                                 std::move(blob));
    if (kept) return id;
    job.scan.mistakes.push_back({"server_error", kept.error().text(), 0, {}});
    return {};
  };
  if (!results) {
    job.scan.mistakes.push_back({"server_error", results.error().text(), 0, {}});
    return;
  }
  job.counts = results->counts;
  job.usage = results->usage;
  if (lost) return;
  job.output = keep(results->output, places.output, "output");
  job.errors = keep(results->errors, places.errors, "error");
  if (places.summary.empty()) return;
  shown.counts = job.counts;
  shown.usage = job.usage;
  Blob summary;
  if (summary.append(job.api->summary(shown))) keep(summary, places.summary, "summary");
}

Batches::Job* Batches::find(const wire::BatchApi& api, std::string_view id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end() || found->second->api != &api) return nullptr;
  return found->second;
}

core::WallTime Batches::wall_of(const Job& job, core::Duration batch_time) const {
  return job.created.wall + clock_.real(batch_time - job.life.created());
}

BatchJob Batches::view(const Job& job, const http::ServerRequest& request, Moment at) const {
  const core::Duration now = clock_.at(at.now);
  const BatchLife::Moment moment = job.life.at(now);
  const auto passed = [&](std::optional<core::Duration> when) -> std::optional<core::WallTime> {
    if (!when || *when > now) return std::nullopt;
    return std::min(wall_of(job, *when), at.wall);
  };
  BatchJob shown;
  shown.id = job.id;
  shown.order = &job.order;
  shown.model = job.scan.model;
  shown.number = job.number;
  shown.state = moment.state;
  shown.now = at.wall;
  shown.created = job.created.wall;
  shown.started = passed(job.life.started());
  shown.finalizing = passed(job.life.finalizing());
  shown.cancelling = passed(job.life.cancelling());
  shown.ended = passed(job.life.ended());
  if (const auto expires = job.life.expires()) shown.expires = wall_of(job, *expires);
  shown.base = base_of(request);
  shown.output = job.output;
  shown.errors = job.errors;
  const bool validated = moment.state != BatchState::validating;
  if (validated) shown.mistakes = job.scan.mistakes;
  if (job.settled) {
    shown.counts = job.counts;
    if (moment.state != BatchState::failed) shown.usage = job.usage;
  } else {
    const BatchPlan& plan = job.life.plan();
    shown.counts.total = job.scan.lines;
    if (!plan.flat_counts) {
      shown.counts = lines_done(job.scan, plan, options_.batch.faults, job.draws, moment.done);
    }
  }
  return shown;
}

std::string Batches::base_of(const http::ServerRequest& request) const {
  return fmt::format("{}://{}", options_.certificate_file.empty() ? "http" : "https",
                     request.headers.find("host").value_or("localhost"));
}

}  // namespace sluice::mock
