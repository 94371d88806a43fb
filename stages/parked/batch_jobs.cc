#include "parked/batch_jobs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "codec/prices.h"
#include "codec/registry.h"
#include "core/hash.h"
#include "core/thread_name.h"
#include "parked/batch_caller.h"
#include "parked/collect.h"
#include "place/places.h"
#include "schedule/parking.h"

namespace sluice::parked {
namespace {

using store::BatchPhase;
using store::BatchRecord;

// Of one batch, unless the pipeline file says otherwise: several come back sooner than one, and
// less is lost with one.
constexpr std::uint32_t kUsualLines = 10'000;
// What stands around a line, beside it.
constexpr std::uint64_t kBytesBeside = 4096;
constexpr std::chrono::seconds kFillingLongest{60};
constexpr std::chrono::seconds kLookAtDeadline{5};
constexpr std::chrono::seconds kLeastBetweenPasses{1};
constexpr std::size_t kCopiedAtOnce = std::size_t{1} << 20;
constexpr int kGraceShare = 8;  // of its window, after which it is given up
constexpr int kPassShare = 10;  // a pass at most each so many times what it takes
constexpr std::chrono::milliseconds kLookForOrders{100};

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

class ThreadBatchJobs final : public BatchJobs {
 public:
  explicit ThreadBatchJobs(BatchSetup setup)
      : setup_(std::move(setup)), rows_(setup_.directory), services_(setup_.endpoints.size()) {}
  ~ThreadBatchJobs() override { close(); }

  core::Status open(const std::vector<BatchRecord>& batches);
  core::Result<std::optional<Found>> find(const core::Hash128& question) override {
    return rows_.find(question);
  }
  core::Result<std::vector<core::Hash128>> questions(std::uint64_t line) override {
    return rows_.questions(line);
  }
  core::Result<Reply> reply(std::uint64_t line) override;
  void start() override {
    thread_ = std::thread([this] { run(); });
  }
  void park(const schedule::Park& park, const stages::Request& request,
            std::string_view body) override;
  void seal_old() override;
  void seal_all() override;
  bool wait(core::Duration passed, const std::function<bool()>& stop) override;
  bool hand_over(const std::function<bool()>& stop) override;
  bool brought() const override { return brought_; }
  void forget() override { rows_.forget(); }
  BatchesState state() const override;
  void abandon() override { failed_ = true; }
  void close() override;

 private:
  // An endpoint that has batches.
  struct Service {
    std::unique_ptr<provider::BatchApi> api;
    std::unique_ptr<provider::Codec> codec;
    core::Price price;
    core::Duration window{};
    batch::Patience patience;
    std::shared_ptr<place::Places> places;  // of files that lie in a bucket
    std::atomic<std::uint32_t> most_lines = 0;
    std::uint64_t most_bytes = 0;
    // The I/O thread's: the batch that is being filled.
    std::optional<BatchWriter> writer;
    BatchRecord filling;
    core::Time filling_since;
    // The batches' thread's: tokens that the provider's queue has taken, where it was full once.
    std::optional<std::uint64_t> queue_tokens;
  };
  struct Sealed {
    BatchWriter writer;
    BatchRecord record;
  };
  struct Driven {
    batch::Machine machine;
    Service* service;
  };

  void seal(std::uint32_t endpoint);
  // All below: the batches' thread.
  void run() noexcept;
  bool take_sealed();
  // Does what is due. When to look again.
  core::WallTime drive();
  bool may_create(const Driven& driven) const;
  void step(Driven& driven, batch::Step step);
  core::Status bring_home(Driven& driven);
  core::Status put_file(Driven& driven, const std::string& place);
  core::Status fetch(Driven& driven, const std::string& part);
  core::Status fetch_places(Driven& driven, OutFile& out);
  core::Status fetch_pages(Driven& driven, OutFile& out);
  void clean_up(Driven& driven);
  // The record, and what is settled with it, are in the checkpoint when it returns. False: nothing
  // is committed any more.
  bool commit(Driven& driven, std::vector<store::Settlement> settlements = {});
  void over(Driven& driven);
  void handle_no_room(Driven& driven);
  void take_cancel_requests();
  void look_at_deadline(core::WallTime now);
  void publish();
  void fail(core::Error error);

  const BatchSetup setup_;
  ParkedRows rows_;
  std::vector<Service> services_;  // by endpoint
  std::unique_ptr<BatchCaller> caller_;
  std::vector<std::unique_ptr<Driven>> driven_;
  std::vector<BatchRecord> former_;  // that had ended before
  core::WallTime looked_{};
  std::atomic<bool> brought_ = false;
  std::atomic<bool> urgent_ = false;
  std::atomic<bool> failed_ = false;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::vector<Sealed> sealed_;
  bool closing_ = false;
  std::vector<BatchRecord> published_;
  std::size_t undecided_ = 0;    // sealed or open, as wait() sees it
  std::size_t not_created_ = 0;  // of these
  std::atomic<std::uint64_t> filling_lines_ = 0;
  std::thread thread_;
};

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

void ThreadBatchJobs::run() noexcept {
  core::name_thread("sluice-batches");
  try {
    for (;;) {
      {
        const std::lock_guard lock(mutex_);
        if (closing_) return;
      }
      if (failed_ || !take_sealed()) return;
      const core::WallTime at = drive();
      publish();
      std::unique_lock lock(mutex_);
      if (closing_ || !sealed_.empty()) continue;
      const core::Duration rest =
          std::min<core::Duration>(at - setup_.clock.wall_now(), kLookAtDeadline);
      if (rest > core::Duration::zero()) changed_.wait_for(lock, rest);
    }
  } catch (...) {
    fail(core::caught());
  }
}

bool ThreadBatchJobs::take_sealed() {
  std::vector<Sealed> sealed;
  {
    const std::lock_guard lock(mutex_);
    sealed = std::exchange(sealed_, {});
  }
  for (Sealed& one : sealed) {
    if (auto done = one.writer.finish(); !done) return fail(done.error()), false;
    one.record.bytes = one.writer.bytes();
    one.record.intended_at = std::chrono::floor<std::chrono::seconds>(setup_.clock.wall_now())
                                 .time_since_epoch()
                                 .count();
    if (auto opened = rows_.seal(one.record.nonce); !opened) return fail(opened.error()), false;
    Service& service = services_[one.record.endpoint];
    driven_.push_back(std::make_unique<Driven>(
        batch::Machine(*service.api, std::move(one.record), true, service.patience, service.window),
        &service));
    Driven& driven = *driven_.back();
    const std::uint32_t least = service.api->limits().least;
    if (driven.machine.record().lines < least) {
      driven.machine.give_up(fmt::format("the provider takes no batch of fewer than {}", least));
      setup_.stopped(driven.machine.record().endpoint, driven.machine.record().note);
    }
    if (!commit(driven)) return false;
    if (!driven.machine.record().open()) over(driven);
  }
  return true;
}

bool ThreadBatchJobs::may_create(const Driven& driven) const {
  const std::uint32_t endpoint = driven.machine.record().endpoint;
  std::uint64_t tokens = 0;
  for (const auto& other : driven_) {
    const BatchRecord& record = other->machine.record();
    if (other.get() == &driven || record.endpoint != endpoint) continue;
    // One in doubt at a time, so that what is found can be told apart.
    if (other->machine.in_doubt() && !driven.machine.in_doubt()) return false;
    if (record.phase == BatchPhase::created) tokens += record.worst_usage.input;
  }
  const auto& limit = driven.service->queue_tokens;
  return !limit || tokens == 0 || tokens + driven.machine.record().worst_usage.input <= *limit;
}

core::WallTime ThreadBatchJobs::drive() {
  core::WallTime again = core::WallTime::max();
  if (const core::WallTime now = setup_.clock.wall_now(); now - looked_ >= kLookAtDeadline) {
    looked_ = now;
    take_cancel_requests();
    look_at_deadline(now);
  }
  for (std::size_t i = 0; i < driven_.size() && !failed_; ++i) {
    Driven& driven = *driven_[i];
    {
      const std::lock_guard lock(mutex_);
      if (closing_) break;
    }
    const core::WallTime now = setup_.clock.wall_now();
    const auto next = driven.machine.next(now);
    if (next.step == batch::Step::none) continue;
    const bool makes = next.step == batch::Step::create || next.step == batch::Step::upload;
    if (driven.machine.no_room() || (makes && !may_create(driven))) continue;
    if (next.at <= now) {
      step(driven, next.step);
      again = setup_.clock.wall_now();
    } else {
      again = std::min(again, next.at);
    }
  }
  std::erase_if(driven_, [&](const auto& driven) {
    const bool done = driven->machine.next(core::WallTime::max()).step == batch::Step::none;
    if (done) former_.push_back(driven->machine.record());
    return done;
  });
  return again;
}

void ThreadBatchJobs::step(Driven& driven, batch::Step step) {
  batch::Machine& machine = driven.machine;
  if (step == batch::Step::clean_up) return clean_up(driven);
  if (step == batch::Step::collect) {
    if (auto done = bring_home(driven); !done)
      machine.put_off(done.error().text(), setup_.clock.wall_now());
    return;
  }
  if (step == batch::Step::upload) {
    if (const auto place = driven.service->api->place_of_file(machine.job())) {
      const core::Status put = put_file(driven, *place);
      const core::WallTime now = setup_.clock.wall_now();
      if (put) {
        machine.placed(now);
        commit(driven);
      } else {
        machine.put_off(put.error().text(), now);
      }
      return;
    }
  }
  if (step == batch::Step::search) {
    std::vector<std::string> known;
    for (const auto& other : driven_)
      if (other.get() != &driven && !other->machine.record().id.empty())
        known.push_back(other->machine.record().id);
    for (const BatchRecord& record : former_) known.push_back(record.id);
    machine.set_known(std::move(known));
  }
  if (step == batch::Step::create) {
    machine.creating();
    if (machine.changed() && !commit(driven)) return;
  }
  const Called called =
      caller_->call(machine.record().endpoint, machine.call(step),
                    file_of(setup_.directory, machine.record().nonce, FileKind::upload), {},
                    step != batch::Step::create);
  if (called.stopped) return;
  machine.took(step, called.answer(), setup_.clock.wall_now());
  if (machine.no_room()) handle_no_room(driven);
  if (machine.changed() && !commit(driven)) return;
  if (machine.record().phase == BatchPhase::dropped) over(driven);
}

void ThreadBatchJobs::handle_no_room(Driven& driven) {
  std::uint64_t tokens = 0;
  for (const auto& other : driven_) {
    const BatchRecord& record = other->machine.record();
    if (other.get() != &driven && record.endpoint == driven.machine.record().endpoint &&
        record.phase == BatchPhase::created)
      tokens += record.worst_usage.input;
  }
  if (tokens > 0) {  // its turn comes when others have ended: over() says so
    driven.service->queue_tokens = tokens;
    return;
  }
  const std::uint32_t lines = driven.machine.record().lines;
  driven.service->most_lines = std::max<std::uint32_t>(1, lines / 2);
  if (lines > 1)
    return driven.machine.give_up("the provider's queue has no room for so many requests at once");
  driven.machine.room_again();  // there is no smaller one: it waits as any call that failed does
}

core::Status ThreadBatchJobs::put_file(Driven& driven, const std::string& place) {
  const auto file =
      InFile::open(file_of(setup_.directory, driven.machine.record().nonce, FileKind::upload));
  if (!file) return std::unexpected(file.error());
  auto target = driven.service->places->create(place);
  if (!target) return std::unexpected(target.error());
  for (std::uint64_t at = 0; at < file->size();) {
    const auto piece = file->piece(at, kCopiedAtOnce);
    if (!piece) return std::unexpected(piece.error());
    if (auto written = (*target)->write(*piece); !written) return written;
    at += piece->size();
  }
  return (*target)->finish();
}

core::Status ThreadBatchJobs::fetch_places(Driven& driven, OutFile& out) {
  std::vector<char> buffer(kCopiedAtOnce);
  for (const std::string& pattern : driven.service->api->places_of_results(driven.machine.job())) {
    // None: it has ended without any.
    const auto names = driven.service->places->objects(pattern);
    if (!names) return std::unexpected(names.error());
    for (const std::string& name : *names) {
      std::atomic<std::uint64_t> consumed = 0;
      auto file = driven.service->places->open(name, consumed);
      if (!file) return std::unexpected(file.error());
      char last = '\n';
      for (;;) {
        const auto read = (*file)->read(buffer);
        if (!read) return std::unexpected(read.error());
        if (read->state == storage::InputFile::State::end) break;
        if (read->state == storage::InputFile::State::waiting) continue;
        last = buffer[read->count - 1];
        if (auto written = out.write({buffer.data(), read->count}); !written) return written;
      }
      if (last == '\n') continue;
      if (auto written = out.write("\n"); !written) return written;
    }
  }
  return {};
}

core::Status ThreadBatchJobs::fetch_pages(Driven& driven, OutFile& out) {
  const provider::BatchApi& api = *driven.service->api;
  const provider::BatchJob job = driven.machine.job();
  for (provider::BatchCall call : api.downloads(job)) {
    for (bool more = true; more;) {
      const Called called = caller_->call(driven.machine.record().endpoint, call, {}, {}, true);
      if (called.stopped) return core::fail(core::ErrorCode::io, "stopped");
      if (called.status < 200 || called.status >= 300)
        return core::fail(core::ErrorCode::io, called.message);
      auto page = api.result_page(job, {called.headers, called.response.body});
      if (!page) return std::unexpected(page.error());
      for (const std::string& line : page->lines)
        if (auto written = out.write(line + "\n"); !written) return written;
      more = page->next.has_value();
      if (more) call = std::move(*page->next);
    }
  }
  return {};
}

core::Status ThreadBatchJobs::fetch(Driven& driven, const std::string& part) {
  auto out = OutFile::create(part);
  if (!out) return std::unexpected(out.error());
  const bool pages = driven.service->api->results_in_pages();
  core::Status written = pages ? fetch_pages(driven, *out) : fetch_places(driven, *out);
  if (!written) return written;
  if (pages) return out->finish(part);
  for (const provider::BatchCall& call : driven.service->api->downloads(driven.machine.job())) {
    char last = '\n';
    const Called called = caller_->call(
        driven.machine.record().endpoint, call, {},
        [&](std::string_view bytes) {
          if (!bytes.empty()) last = bytes.back();
          written = out->write(bytes);
          return written.has_value();
        },
        true);
    if (!written) return written;
    if (called.stopped) return core::fail(core::ErrorCode::io, "stopped");
    const bool gone = called.status == 404 || called.status == 410;
    if ((called.status < 200 || called.status >= 300) && !gone)
      return core::fail(core::ErrorCode::io, called.message);
    if (last != '\n') written = out->write("\n");
    if (!written) return written;
  }
  return out->finish(part);
}

core::Status ThreadBatchJobs::bring_home(Driven& driven) {
  batch::Machine& machine = driven.machine;
  const std::string& nonce = machine.record().nonce;
  const std::string part = file_of(setup_.directory, nonce, FileKind::replies, true);
  if (auto fetched = fetch(driven, part); !fetched) return fetched;
  auto collected = collect({.api = *driven.service->api,
                            .codec = *driven.service->codec,
                            .price = driven.service->price,
                            .batch = machine.record(),
                            .now = setup_.clock.wall_now(),
                            .never_ended = machine.never_ended()},
                           part);
  if (!collected) return std::unexpected(collected.error());
  const bool none_ours =
      std::ranges::all_of(collected->places, [](const Place& place) { return place.length == 0; });
  if (none_ours && collected->foreign > 0) {
    machine.not_ours(setup_.clock.wall_now());
    commit(driven);
    return {};
  }
  const std::string replies = file_of(setup_.directory, nonce, FileKind::replies);
  if (std::rename(part.c_str(), replies.c_str()) != 0)
    return core::fail_errno("cannot name a batch's file", errno, replies);
  if (auto indexed = RepliesFile::write_index(setup_.directory, nonce, collected->places); !indexed)
    return indexed;
  machine.collected(collected->answered, collected->cost, setup_.clock.wall_now());
  if (commit(driven, std::move(collected->settlements))) over(driven);
  return {};
}

void ThreadBatchJobs::clean_up(Driven& driven) {
  for (const provider::BatchCall& call : driven.service->api->clean_up(driven.machine.job()))
    caller_->call(driven.machine.record().endpoint, call, {}, {}, true);
  remove_file(setup_.directory, driven.machine.record().nonce, FileKind::upload);
  driven.machine.cleaned();
}

bool ThreadBatchJobs::commit(Driven& driven, std::vector<store::Settlement> settlements) {
  const auto durable = std::make_shared<std::promise<void>>();
  store::Results results{std::move(settlements), {}};
  results.batches = {driven.machine.record()};
  setup_.checkpoint.commit(std::move(results), [durable] { durable->set_value(); });
  auto done = durable->get_future();
  while (done.wait_for(kLookForOrders) != std::future_status::ready) {
    if (failed_) return false;
  }
  driven.machine.durable();
  return true;
}

// It was collected or dropped.
void ThreadBatchJobs::over(Driven& driven) {
  const BatchRecord& record = driven.machine.record();
  if (auto ended = rows_.ended(record.nonce, record.phase); !ended) return fail(ended.error());
  if (!driven.machine.refused().empty()) setup_.stopped(record.endpoint, driven.machine.refused());
  setup_.collected(record.endpoint, record.lines, record.worst_cost, record.cost);
  for (const auto& other : driven_)
    if (other->machine.record().endpoint == record.endpoint) other->machine.room_again();
  brought_ = true;
  if (record.cancelled) urgent_ = true;
  publish();
}

void ThreadBatchJobs::take_cancel_requests() {
  const auto which = take_cancels(setup_.directory);
  if (!which) return;
  for (const auto& driven : driven_) {
    const BatchRecord& record = driven->machine.record();
    const bool named = which->empty() || std::ranges::find(*which, record.nonce) != which->end() ||
                       std::ranges::find(*which, record.id) != which->end();
    if (named && record.open()) driven->machine.cancel();
  }
}

void ThreadBatchJobs::look_at_deadline(core::WallTime now) {
  if (!setup_.deadline || !setup_.online) return;
  const BatchSetup::Online online = setup_.online();
  std::vector<schedule::OpenBatch> open;
  std::vector<Driven*> which;
  for (const auto& driven : driven_) {
    const BatchRecord& record = driven->machine.record();
    if (!record.open() || record.phase == BatchPhase::ended) continue;
    const std::uint32_t done = std::min(record.lines, record.done + record.failed);
    open.push_back(
        {.lines = static_cast<double>(record.lines - done), .given_up = record.cancelled});
    which.push_back(driven.get());
  }
  const double seconds = core::in_seconds(*setup_.deadline - now);
  for (const std::size_t i : schedule::late_batches(open, online.left, online.per_second, seconds))
    which[i]->machine.cancel();
}

void ThreadBatchJobs::publish() {
  std::vector<BatchRecord> all;
  std::size_t open = 0;
  std::size_t not_created = 0;
  for (const auto& driven : driven_) {
    all.push_back(driven->machine.record());
    if (all.back().open()) ++open;
    if (all.back().phase < BatchPhase::created) ++not_created;
  }
  all.insert(all.end(), former_.begin(), former_.end());
  const std::lock_guard lock(mutex_);
  published_ = std::move(all);
  undecided_ = open + sealed_.size();
  not_created_ = not_created + sealed_.size();
  changed_.notify_all();
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

}  // namespace

core::Result<std::unique_ptr<BatchJobs>> BatchJobs::open(BatchSetup setup) {
  const std::vector<BatchRecord> batches = setup.checkpoint.opened().batches;
  const bool wanted = std::ranges::any_of(setup.endpoints, &provider::EndpointSpec::batch);
  if (!wanted && batches.empty()) return nullptr;
  auto jobs = std::make_unique<ThreadBatchJobs>(std::move(setup));
  if (auto opened = jobs->open(batches); !opened) return std::unexpected(opened.error());
  return jobs;
}

}  // namespace sluice::parked
