// How Batches makes a batch: its input, its lines, whether there is room, what is drawn for it.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "mock/batches.h"
#include "mock/draws.h"
#include "simulate/random.h"

namespace sluice::mock {
namespace {

using simulate::mix;
using simulate::unit;
using wire::Refusal;
using wire::Why;

// So that what is drawn for batches has nothing to do with what is drawn for calls.
constexpr std::uint64_t kBatchStream = 0xBA7C;

}  // namespace

std::expected<std::shared_ptr<const Blob>, Refusal> Batches::input_of(const wire::BatchOrder& order,
                                                                      Moment at) {
  if (order.inline_lines) {
    Blob blob;
    if (auto put = blob.append(order.lines); !put)
      return wire::refuse(Why::server_error, put.error().text());
    return std::make_shared<const Blob>(std::move(blob));
  }
  const BatchFiles::File* file = files_.find(order.input);
  const bool late = file && at.wall - file->facts.created < options_.batch.file_delay;
  if (!file || late)
    return wire::refuse(
        Why::bad_request,
        fmt::format("No such {}: {}", order.in_buckets ? "object" : "File object", order.input));
  return file->blob;
}

Batches::Served Batches::create(const wire::BatchCall& call, const http::ServerRequest& request,
                                Moment at) {
  simdjson::dom::parser parser;
  wire::Element body;
  if (parser.parse(request.body.data(), request.body.size()).get(body) != simdjson::SUCCESS)
    return wire::refuse(Why::bad_request, "The body is not JSON.");
  auto order = call.api->order({request, body, call.in_path});
  if (!order) return std::unexpected(std::move(order.error()));
  http::ServerResponse response;
  if (const auto same = by_token_.find(order->token);
      !order->token.empty() && same != by_token_.end()) {
    call.api->reply(call.act, view(*same->second, request, at), response);
    return response;
  }
  if (jobs_.size() >= kMostJobs) {
    return wire::refuse(Why::bad_request,
                        fmt::format("The mock keeps {} batches at most.", kMostJobs));
  }
  if (auto refusal = bucket_refusal(*order)) return std::unexpected(std::move(*refusal));
  auto input = input_of(*order, at);
  if (!input) return std::unexpected(std::move(input.error()));
  auto scan = run_.scan(*call.api, *order, **input);
  if (!scan) return wire::refuse(Why::server_error, scan.error().text());
  if (call.api->mistakes_refuse && !scan->mistakes.empty())
    return wire::refuse(Why::bad_request, scan->mistakes.front().message);

  const std::uint64_t draws = mix(mix(options_.seed, kBatchStream), ++creates_);
  const core::Duration now = clock_.at(at.now);
  BatchPlan plan = draw_plan(options_.batch, options_.seed, draws, scan->model, scan->lines,
                             order->window.value_or(call.api->window), now);
  auto job = std::make_unique<Job>(Job{.number = creates_,
                                       .draws = draws,
                                       .api = call.api,
                                       .order = std::move(*order),
                                       .input = std::move(*input),
                                       .scan = std::move(*scan),
                                       .life = BatchLife({}, now),
                                       .created = at,
                                       .hidden_left = options_.batch.hidden_polls});
  job->order.lines.clear();
  job->id = call.api->id(draws, job->order);
  if (job->scan.mistakes.empty() && !finds_room(*job)) {
    if (!call.api->queue_full_fails) {
      Refusal refusal;
      refusal.why = Why::rate_limit;
      refusal.kind = "enqueued tokens";
      return std::unexpected(std::move(refusal));
    }
    job->scan.mistakes.push_back(
        {"token_limit_exceeded",
         fmt::format("Enqueued token limit reached for {}. Limit: {} enqueued tokens. Please try "
                     "again once some in_progress batches have been completed.",
                     job->scan.model, options_.batch.queue_tokens.value_or(0)),
         0,
         {}});
  }
  plan.fails = !job->scan.mistakes.empty();
  job->life = BatchLife(plan, now);
  if (!plan.fails) enqueued_[job->scan.model] += job->scan.tokens;
  count_created(*job);
  lose_reply_ = unit(mix(draws, kBatchLoseDraw)) < options_.batch.faults.lose_create;
  call.api->reply(call.act, view(*job, request, at), response);
  if (!job->order.token.empty()) by_token_.emplace(job->order.token, job.get());
  by_id_.emplace(job->id, job.get());
  jobs_.push_back(std::move(job));
  return response;
}

std::optional<Refusal> Batches::bucket_refusal(const wire::BatchOrder& order) const {
  if (!order.in_buckets) return std::nullopt;
  for (const std::string* name : {&order.input, &order.output}) {
    const std::string bucket = name->substr(0, name->find('/'));
    const auto& served = options_.batch.buckets;
    if (std::find(served.begin(), served.end(), bucket) != served.end()) continue;
    return wire::refuse(
               Why::bad_request,
               fmt::format("The mock has no bucket '{0}': start it with --bucket {0}.", bucket))
        .error();
  }
  return std::nullopt;
}

bool Batches::finds_room(const Job& job) {
  if (unit(mix(job.draws, kBatchQueueDraw)) < options_.batch.faults.queue_full) return false;
  if (!options_.batch.queue_tokens) return true;
  const auto before = enqueued_.find(job.scan.model);
  const std::uint64_t taken = before == enqueued_.end() ? 0 : before->second;
  return taken + job.scan.tokens <= *options_.batch.queue_tokens;
}

void Batches::count_created(const Job& job) {
  BatchStats& stats = books_.stats().batch;
  ++stats.created;
  ++stats.running;
  if (!job.life.plan().fails) stats.enqueued_tokens += job.scan.tokens;
  const std::string& label = job.order.label.empty() ? job.scan.label : job.order.label;
  const bool room =
      stats.by_label.size() < BatchStats::kMostLabels || stats.by_label.contains(label);
  ++stats.by_label[room ? label : "(others)"];
}

}  // namespace sluice::mock
