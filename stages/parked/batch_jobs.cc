#include "parked/batch_jobs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "codec/prices.h"
#include "codec/registry.h"
#include "core/hash.h"
#include "parked/batch_jobs_impl.h"
#include "parked/collect.h"
#include "schedule/parking.h"

namespace sluice::parked {
namespace {

// Of one batch, unless the pipeline file says otherwise: several come back sooner than one, and
// less is lost with one.
constexpr std::uint32_t kUsualLines = 10'000;
// What stands around a line, beside it.
constexpr std::uint64_t kBytesBeside = 4096;
constexpr std::chrono::seconds kFillingLongest{60};
constexpr std::chrono::seconds kLeastBetweenPasses{1};
constexpr int kGraceShare = 8;  // of its window, after which it is given up
constexpr int kPassShare = 10;  // a pass at most each so many times what it takes

std::string new_nonce(const std::string& directory, core::WallTime now) {
  static std::atomic<std::uint64_t> number = 0;
  return core::hash128(fmt::format("{} {} {} {}", directory, ::getpid(),
                                   now.time_since_epoch().count(), ++number))
      .hex()
      .substr(0, 24);
}

std::shared_ptr<place::Places> places_of(const provider::EndpointSpec& spec) {
  place::Settings settings;
  settings.s3.region = spec.region;
  settings.s3.credentials = spec.credentials;
  settings.gcs.project = spec.project;
  settings.gcs.credentials = spec.credentials;
  return std::make_shared<place::Places>(std::move(settings));
}

}  // namespace

core::Status ThreadBatchJobs::open(const std::vector<BatchRecord>& batches) {
  for (std::size_t e = 0; e < setup_.endpoints.size(); ++e) {
    const provider::EndpointSpec& spec = setup_.endpoints[e];
    if (!spec.batch) continue;
    Service& service = services_[e];
    service.api = codec::make_batch_api(spec);
    if (service.api == nullptr)
      return core::fail(core::ErrorCode::pipeline,
                        fmt::format("{} has no batches for what it is asked here: take its tier "
                                    "\"batch\" out",
                                    spec.name));
    service.codec = codec::make_codec(spec);
    service.price = codec::price_of(spec).value_or(core::Price{});
    const provider::BatchLimits limits = service.api->limits();
    service.window = spec.batch_window.value_or(limits.window);
    service.places = places_of(spec);
    service.patience = setup_.patience;
    service.patience.search = spec.batch_search.value_or(service.patience.search);
    service.patience.grace = std::min(service.patience.grace, service.window / kGraceShare);
    service.most_lines = std::min(
        {limits.requests, kMostLines, spec.batch_requests > 0 ? spec.batch_requests : kUsualLines});
    service.most_bytes = limits.bytes - kBytesBeside;
  }
  if (auto loaded = rows_.load(batches); !loaded) return loaded;
  for (const BatchRecord& record : batches) {
    const bool known =
        record.endpoint < services_.size() && services_[record.endpoint].api != nullptr;
    if (!known && record.open())
      return core::fail(
          core::ErrorCode::pipeline,
          fmt::format(
              "batch {} is out, and the pipeline has its endpoint no more: put the endpoint "
              "back, with its tier \"batch\", until the batch was collected",
              record.id.empty() ? record.nonce : record.id));
    if (!record.open()) {
      if (known && record.no_room) halve_lines(record);
      former_.push_back(record);
      continue;
    }
    Service& service = services_[record.endpoint];
    driven_.push_back(std::make_unique<Driven>(
        batch::Machine(*service.api, record, false, service.patience, service.window), &service));
  }
  auto caller = BatchCaller::make(setup_.endpoints, setup_.clock);
  if (!caller) return std::unexpected(caller.error());
  caller_ = std::move(*caller);
  publish();
  return {};
}

void ThreadBatchJobs::halve_lines(const BatchRecord& too_large) {
  Service& service = services_[too_large.endpoint];
  service.most_lines =
      std::min(service.most_lines.load(), std::max<std::uint32_t>(1, too_large.lines / 2));
}

core::Result<stages::ParkedReplies::Reply> ThreadBatchJobs::reply(std::uint64_t line) {
  const auto result = rows_.result(line);
  if (!result) return std::unexpected(result.error());
  if (result->endpoint >= services_.size() || services_[result->endpoint].api == nullptr)
    return core::fail(
        core::ErrorCode::pipeline,
        fmt::format("batch {} has replies, and the pipeline has its endpoint no more: "
                    "put the endpoint back until they were read",
                    result->nonce));
  const Service& service = services_[result->endpoint];
  const auto read = service.api->line(result->text);
  if (!read)
    return core::fail(core::ErrorCode::corrupt, "the checkpoint is damaged: a batch's replies");
  Reply out{.reply = {}, .why = {}, .endpoint = result->endpoint};
  if (read->kind != provider::BatchLine::Kind::reply) {
    out.why = read->problem;
    return out;
  }
  out.reply = read_reply(*service.codec, *read, setup_.clock.wall_now());
  return out;
}

void ThreadBatchJobs::park(const schedule::Park& park, const stages::Request& request,
                           std::string_view body) {
  if (failed_) return;
  Service& service = services_[park.endpoint];
  const auto check = [this](core::Status status) {
    if (!status) fail(status.error());
    return status.has_value();
  };
  const std::optional<double> seconds =
      setup_.deadline ? std::optional(core::in_seconds(*setup_.deadline - setup_.clock.wall_now()))
                      : std::nullopt;
  const std::uint32_t most_lines = std::min<std::uint32_t>(
      service.most_lines, schedule::lines_of_a_batch(service.most_lines, seconds));
  if (service.writer && (service.writer->lines() >= most_lines ||
                         service.writer->bytes() + body.size() + kBytesBeside > service.most_bytes))
    seal(park.endpoint);
  if (!service.writer) {
    const core::WallTime now = setup_.clock.wall_now();
    service.filling = {.nonce = new_nonce(setup_.directory, now), .endpoint = park.endpoint};
    auto writer =
        BatchWriter::create(setup_.directory, service.filling.nonce, service.api->between_items());
    if (!writer) return fail(writer.error());
    service.writer = std::move(*writer);
    service.filling_since = setup_.clock.now();
    if (!check(rows_.begin(service.filling.nonce, park.endpoint))) return;
  }
  const std::uint32_t line = service.writer->lines();
  std::vector<core::Hash128> questions;
  questions.reserve(request.items.size());
  for (const stages::Item& item : request.items) questions.push_back(item.question);
  if (!check(service.writer->add(
          service.api->item(fmt::format("{}-{}", service.filling.nonce, line), body), questions)))
    return;
  if (!check(rows_.add(service.filling.nonce, line, questions))) return;
  service.filling.worst_cost += park.worst_cost;
  service.filling.worst_usage += park.worst_usage;
  ++filling_lines_;
}

void ThreadBatchJobs::seal(std::uint32_t endpoint) {
  Service& service = services_[endpoint];
  if (!service.writer) return;
  service.filling.lines = service.writer->lines();
  service.filling.rows = service.writer->rows();
  filling_lines_ -= service.filling.lines;
  const std::lock_guard lock(mutex_);
  sealed_.push_back({std::move(*service.writer), std::move(service.filling)});
  service.writer.reset();
  ++undecided_;
  ++not_created_;
  changed_.notify_all();
}

void ThreadBatchJobs::seal_old() {
  for (std::uint32_t e = 0; e < services_.size(); ++e)
    if (services_[e].writer && setup_.clock.now() - services_[e].filling_since >= kFillingLongest)
      seal(e);
}

void ThreadBatchJobs::seal_all() {
  for (std::uint32_t e = 0; e < services_.size(); ++e) seal(e);
}

BatchesState ThreadBatchJobs::state() const {
  const std::lock_guard lock(mutex_);
  return {.batches = published_, .filling = filling_lines_};
}

bool ThreadBatchJobs::wait(core::Duration passed, const std::function<bool()>& stop) {
  const core::Time began = setup_.clock.now();
  const core::Duration least = std::max<core::Duration>(kLeastBetweenPasses, kPassShare * passed);
  std::unique_lock lock(mutex_);
  for (;;) {
    if (stop() || failed_ || closing_) return false;
    if (undecided_ == 0) return brought_;
    if (brought_ && (urgent_ || setup_.clock.now() - began >= least)) return true;
    changed_.wait_for(lock, kLookForOrders);
  }
}

bool ThreadBatchJobs::hand_over(const std::function<bool()>& stop) {
  std::unique_lock lock(mutex_);
  while (not_created_ > 0 && !stop() && !failed_ && !closing_)
    changed_.wait_for(lock, kLookForOrders);
  return false;
}

void ThreadBatchJobs::fail(core::Error error) {
  if (failed_.exchange(true)) return;
  setup_.failed(std::move(error));
}

void ThreadBatchJobs::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    changed_.notify_all();
  }
  if (caller_) caller_->stop();
  if (thread_.joinable()) thread_.join();
}

core::Result<std::unique_ptr<BatchJobs>> BatchJobs::open(BatchSetup setup) {
  const std::vector<BatchRecord> batches = setup.checkpoint.opened().batches;
  const bool wanted = std::ranges::any_of(setup.endpoints, &provider::EndpointSpec::batch);
  if (!wanted && batches.empty()) return nullptr;
  auto jobs = std::make_unique<ThreadBatchJobs>(std::move(setup));
  if (auto opened = jobs->open(batches); !opened) return std::unexpected(opened.error());
  return jobs;
}

}  // namespace sluice::parked
