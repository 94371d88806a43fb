#include "telemetry/exporter.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <list>
#include <optional>
#include <thread>
#include <utility>

#include "core/clock.h"
#include "core/random.h"
#include "core/thread_name.h"
#include "http/client.h"
#include "net/loop.h"
#include "telemetry/delivery.h"
#include "telemetry/genai_metrics.h"
#include "telemetry/otlp_metrics.h"
#include "telemetry/otlp_traces.h"
#include "telemetry/span_queue.h"
#include "telemetry/tracer.h"

namespace sluice::telemetry {
namespace {

constexpr std::size_t kMostReplyBytes = std::size_t{1} << 20;
constexpr std::string_view kDroppedName = "sluice_telemetry_dropped_total";

RunId random_run() {
  return {core::random_bits(), core::random_bits()};
}

std::string counted(std::uint64_t count, std::string_view one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

class OtlpExporter final : public Exporter {
 public:
  explicit OtlpExporter(ExporterSetup setup)
      : setup_(std::move(setup)),
        resource_(resource_of(setup_.settings.resource, setup_.source)),
        started_(clock_.wall_now()),
        anchor_{.time = clock_.now(), .wall = started_},
        queue_(settings().traces.on() ? settings().span_queue : 1),
        tracer_(settings().sampled, queue_, settings().span_batch,
                [this] { loop_.post([this] { send_spans(); }); }),
        client_(std::make_unique<http::Client>(loop_)) {
    if (settings().traces.on()) observers_.add(&tracer_);
    if (settings().metrics.on()) observers_.add(&genai_);
  }
  ~OtlpExporter() override { finish(); }

  core::Status start();
  observe::Observer* begin(std::vector<EndpointInfo> endpoints) override;
  void finish() override;
  std::uint64_t dropped(Signal signal) const override {
    const auto& delivery = signal == Signal::traces ? traces_ : metrics_;
    return (delivery ? delivery->dropped() : 0) + (signal == Signal::traces ? queue_.dropped() : 0);
  }

 private:
  const Settings& settings() const { return setup_.settings; }
  core::Result<std::unique_ptr<Delivery>> make_delivery(Signal signal, const Target& target);

  // All below: on the loop's thread.
  void run() noexcept;
  void every(net::Loop::Timer& timer, core::Duration interval, std::function<void()> work);
  void send_spans();
  void send_metrics();
  void on_ended(Signal signal);
  void on_failing(const Target& target, const std::string& why);
  void on_delivered(const Target& target);
  void begin_finish();
  void finish_more();
  void end();

  const ExporterSetup setup_;
  const Pairs resource_;
  const core::SystemClock clock_;
  const core::WallTime started_;
  const ClockAnchor anchor_;
  std::list<std::vector<EndpointInfo>> endpoints_;  // of each run; spans point at them
  SpanQueue queue_;
  net::Loop loop_;
  Tracer tracer_;
  GenAiMetrics genai_;
  observe::Observers observers_;
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<Delivery> traces_;   // null: not exported
  std::unique_ptr<Delivery> metrics_;  // the same
  std::unique_ptr<net::Loop::Timer> span_timer_;
  std::unique_ptr<net::Loop::Timer> metric_timer_;
  std::unique_ptr<net::Loop::Timer> finish_timer_;
  bool said_failing_ = false;
  bool said_working_ = false;
  bool said_rejected_ = false;
  bool finishing_ = false;
  bool last_metrics_ = false;  // are still to be sent
  bool ended_ = false;
  std::thread thread_;
};

core::Result<std::unique_ptr<Delivery>> OtlpExporter::make_delivery(Signal signal,
                                                                    const Target& target) {
  auto proxy = http::proxy_for(target.base_url, "", setup_.environment);
  if (!proxy) return std::unexpected(proxy.error());
  http::OriginOptions options;
  options.base_url = target.base_url;
  options.ca_file = target.ca_file;
  options.proxy = std::move(*proxy);
  options.connect_timeout = std::min(options.connect_timeout, target.timeout);
  options.idle_timeout = target.timeout;
  options.total_timeout = target.timeout;
  options.max_connections = 1;
  options.max_response_bytes = kMostReplyBytes;
  const auto origin = client_->add_origin(options);
  if (!origin) {
    core::Error error = origin.error();
    if (!target.ca_variable.empty()) error.message = target.ca_variable + ": " + error.message;
    return std::unexpected(std::move(error));
  }
  return std::make_unique<Delivery>(Delivery::Setup{
      .loop = loop_,
      .client = *client_,
      .origin = *origin,
      .target = target,
      .user_agent = fmt::format("sluice/{}", setup_.source.version),
      .patience = setup_.patience,
      .clock = clock_,
      .ended = [this, signal] { on_ended(signal); },
      .failing = [this, &target](const std::string& why) { on_failing(target, why); },
      .delivered = [this, &target] { on_delivered(target); },
      .rejected =
          [this, &target](std::uint64_t items) {
            if (std::exchange(said_rejected_, true)) return;
            setup_.note(fmt::format(
                "telemetry: {} has rejected {} of a batch that it took; more are only counted",
                target.base_url, counted(items, "item")));
          }});
}

core::Status OtlpExporter::start() {
  for (const Signal signal : {Signal::traces, Signal::metrics}) {
    const Target& target = signal == Signal::traces ? settings().traces : settings().metrics;
    if (!target.on()) continue;
    auto delivery = make_delivery(signal, target);
    if (!delivery) return std::unexpected(delivery.error());
    (signal == Signal::traces ? traces_ : metrics_) = std::move(*delivery);
  }
  span_timer_ = loop_.make_timer();
  metric_timer_ = loop_.make_timer();
  finish_timer_ = loop_.make_timer();
  if (traces_) every(*span_timer_, settings().span_delay, [this] { send_spans(); });
  if (metrics_) every(*metric_timer_, settings().metric_interval, [this] { send_metrics(); });
  thread_ = std::thread([this] { run(); });
  return {};
}

void OtlpExporter::run() noexcept {
  core::name_thread("sluice-otlp");
  try {
    loop_.run();
  } catch (...) {
    const core::Error error = core::caught();
    try {
      setup_.note(fmt::format("telemetry has ended: {}; the job is not affected", error.text()));
    } catch (...) {  // there is no memory for a note; the job sees that itself
      return;
    }
  }
}

void OtlpExporter::every(net::Loop::Timer& timer, core::Duration interval,
                         std::function<void()> work) {
  timer.start(interval, [this, &timer, interval, work = std::move(work)] {
    if (finishing_) return;
    every(timer, interval, work);
    work();
  });
}

void OtlpExporter::send_spans() {
  if (ended_ || traces_->busy()) return;
  const std::vector<SpanRecord> records = queue_.take(settings().span_batch);
  if (records.empty()) return;
  traces_->send(traces_body(records, anchor_, resource_, setup_.source.version), records.size());
}

void OtlpExporter::send_metrics() {
  if (metrics_->busy()) return;  // these are sums: the next ones hold what these would have
  observe::MetricFamilies families = setup_.metrics();
  for (observe::MetricFamily& family : genai_.families()) families.push_back(std::move(family));
  if (std::ranges::none_of(
          families, [](const auto& f) { return f.name == kDroppedName && !f.samples.empty(); }))
    families.push_back(dropped_family(*this));
  MetricsBody body =
      metrics_body(families, resource_, setup_.source.version, started_, clock_.wall_now());
  metrics_->send(std::move(body.json), body.points);
}

void OtlpExporter::on_ended(Signal signal) {
  if (finishing_) return finish_more();
  if (signal == Signal::traces && queue_.waiting() >= settings().span_batch) send_spans();
}

void OtlpExporter::on_failing(const Target& target, const std::string& why) {
  if (std::exchange(said_failing_, true)) return;
  setup_.note(fmt::format("telemetry cannot be delivered to {}: {}; the job is not affected",
                          target.base_url, why));
}

void OtlpExporter::on_delivered(const Target& target) {
  if (!said_failing_ || std::exchange(said_working_, true)) return;
  setup_.note(fmt::format("telemetry is delivered to {} again", target.base_url));
}

void OtlpExporter::begin_finish() {
  finishing_ = true;
  last_metrics_ = metrics_ != nullptr;
  finish_timer_->start(setup_.patience.finish, [this] { end(); });
  if (traces_) traces_->hurry();
  if (metrics_) metrics_->hurry();
  finish_more();
}

void OtlpExporter::finish_more() {
  if (traces_) send_spans();
  if (last_metrics_ && !metrics_->busy()) {
    last_metrics_ = false;
    send_metrics();
  }
  if ((!traces_ || !traces_->busy()) && (!metrics_ || !metrics_->busy())) end();
}

void OtlpExporter::end() {
  if (std::exchange(ended_, true)) return;
  if (traces_) {
    traces_->abandon();
    traces_->drop(queue_.waiting());
  }
  if (metrics_) metrics_->abandon();
  const std::uint64_t spans = dropped(Signal::traces);
  const std::uint64_t points = dropped(Signal::metrics);
  if (spans + points > 0)
    setup_.note(
        fmt::format("telemetry: {} and {} of metrics were not delivered; the job is not affected",
                    counted(spans, "span"), counted(points, "point")));
  // Not inside a callback of what is destroyed.
  loop_.post([this] {
    client_.reset();
    span_timer_.reset();
    metric_timer_.reset();
    finish_timer_.reset();
    loop_.stop();
  });
}

observe::Observer* OtlpExporter::begin(std::vector<EndpointInfo> endpoints) {
  endpoints_.push_back(std::move(endpoints));
  tracer_.begin(random_run(), endpoints_.back());
  genai_.begin(endpoints_.back());
  return observers_.get();
}

void OtlpExporter::finish() {
  if (!thread_.joinable()) return;
  loop_.post([this] { begin_finish(); });
  thread_.join();
}

}  // namespace

core::Result<std::unique_ptr<Exporter>> Exporter::make(ExporterSetup setup) {
  if (!setup.settings.on()) return nullptr;
  if (!setup.metrics) setup.metrics = [] { return observe::MetricFamilies(); };
  if (!setup.note) setup.note = [](const std::string&) {};
  auto exporter = std::make_unique<OtlpExporter>(std::move(setup));
  if (auto started = exporter->start(); !started) return std::unexpected(started.error());
  return exporter;
}

observe::MetricFamily dropped_family(const Exporter& exporter) {
  observe::MetricFamily family{.name = std::string(kDroppedName),
                               .help = "Spans and points of metrics that were not delivered.",
                               .unit = {},
                               .type = observe::MetricType::counter,
                               .samples = {}};
  for (const Signal signal : {Signal::traces, Signal::metrics})
    family.samples.push_back(
        {{{"signal", std::string(signal_name(signal))}}, exporter.dropped(signal)});
  return family;
}

}  // namespace sluice::telemetry
