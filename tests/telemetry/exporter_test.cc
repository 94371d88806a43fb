// The exporter against a collector on loopback: what comes there, what is tried again, and what never happens to the job.
#include "telemetry/exporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>

#include "support.h"

namespace sluice::telemetry {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr core::Duration kNever = std::chrono::hours(1);

// An exporter with what it says. Nothing is sent by time, unless a test says so.
struct Exported {
  explicit Exported(std::map<std::string, std::string> variables, Patience patience = {}) {
    auto settings = read_settings([&](const std::string& name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    });
    EXPECT_TRUE(settings.has_value());
    if (!variables.contains("OTEL_BSP_SCHEDULE_DELAY")) settings->span_delay = kNever;
    if (!variables.contains("OTEL_METRIC_EXPORT_INTERVAL")) settings->metric_interval = kNever;
    auto made = Exporter::make({.settings = std::move(*settings),
                                .source = {.job = "tickets", .version = "0.1.0", .instance = "one"},
                                .metrics =
                                    [this] {
                                      return observe::MetricFamilies{
                                          {.name = "sluice_calls_total",
                                           .help = "",
                                           .unit = "",
                                           .type = observe::MetricType::counter,
                                           .samples = {{{}, std::uint64_t{++calls}}}}};
                                    },
                                .note =
                                    [this](const std::string& text) {
                                      const std::lock_guard lock(mutex);
                                      notes.push_back(text);
                                    },
                                .environment = [](const std::string&) { return std::nullopt; },
                                .patience = patience});
    EXPECT_TRUE(made.has_value()) << made.error().text();
    exporter = std::move(*made);
    observer = exporter->begin({endpoint()});
  }

  // A request with one attempt: two spans.
  void trace(std::uint64_t number) {
    const provider::Outcome outcome = answered(120, 30);
    observer->on(attempt(number, number, outcome));
    observer->on(request(number));
  }

  std::atomic<std::uint64_t> calls = 0;
  std::mutex mutex;  // guards notes
  std::vector<std::string> notes;
  std::unique_ptr<Exporter> exporter;
  observe::Observer* observer = nullptr;
};

const json& spans_of(const json& body) {
  return body["resourceSpans"][0]["scopeSpans"][0]["spans"];
}

const json* metric(const json& body, const std::string& name) {
  for (const json& metric : body["resourceMetrics"][0]["scopeMetrics"][0]["metrics"])
    if (metric["name"] == name) return &metric;
  return nullptr;
}

http::ServerResponse taken() {
  return {.status = 200, .headers = {}, .body = R"({"partialSuccess":{}})"};
}

TEST(Exporter, SendsBothSignalsAtTheEndWithTheHeadersOfTheEnvironment) {
  Collector collector;
  Exported exported({{"OTEL_EXPORTER_OTLP_ENDPOINT", collector.url() + "/otlp"},
                     {"OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20abc"}});
  exported.trace(1);
  exported.trace(2);
  exported.exporter->finish();
  const auto requests = collector.requests();
  ASSERT_EQ(requests.size(), 2u);
  for (const auto& request : requests) {
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.headers.find("authorization"), "Bearer abc");
    EXPECT_EQ(request.headers.find("content-type"), "application/json");
    EXPECT_EQ(request.headers.find("user-agent"), "sluice/0.1.0");
  }
  const bool traces_first = requests[0].target == "/otlp/v1/traces";
  const auto& traces = requests[traces_first ? 0 : 1];
  const auto& metrics = requests[traces_first ? 1 : 0];
  EXPECT_EQ(traces.target, "/otlp/v1/traces");
  EXPECT_EQ(metrics.target, "/otlp/v1/metrics");
  const json spans = spans_of(json::parse(traces.body));
  ASSERT_EQ(spans.size(), 4u);
  EXPECT_EQ(spans[0]["parentSpanId"], spans[1]["spanId"]);
  EXPECT_EQ(spans[0]["traceId"], spans[1]["traceId"]);
  EXPECT_NE(spans[0]["traceId"], spans[2]["traceId"]);
  EXPECT_THAT(traces.body, testing::Not(HasSubstr("because"))) << "no reason is sent";
  const json body = json::parse(metrics.body);
  EXPECT_EQ(body["resourceMetrics"][0]["resource"]["attributes"][0]["value"]["stringValue"],
            "sluice");
  ASSERT_NE(metric(body, "sluice_calls_total"), nullptr);
  ASSERT_NE(metric(body, "gen_ai.client.token.usage"), nullptr);
  ASSERT_NE(metric(body, "sluice_telemetry_dropped_total"), nullptr);
  EXPECT_THAT(exported.notes, IsEmpty());
  EXPECT_EQ(exported.exporter->dropped(Signal::traces), 0u);
  EXPECT_EQ(exported.exporter->dropped(Signal::metrics), 0u);
}

TEST(Exporter, SendsAFullBatchAtOnceAndTheRestAfterItsDelay) {
  Collector collector;
  Exported exported({{"OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()},
                     {"OTEL_METRICS_EXPORTER", "none"},
                     {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4"}});
  exported.trace(1);
  exported.trace(2);
  const auto requests = collector.wait_for(1);
  EXPECT_EQ(spans_of(json::parse(requests[0].body)).size(), 4u);

  Exported slow({{"OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()},
                 {"OTEL_METRICS_EXPORTER", "none"},
                 {"OTEL_BSP_SCHEDULE_DELAY", "5"}});
  slow.trace(1);
  EXPECT_EQ(collector.wait_for(2).size(), 2u);
}

TEST(Exporter, SendsMetricsAtTheirInterval) {
  Collector collector;
  Exported exported({{"OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()},
                     {"OTEL_TRACES_SAMPLER", "always_off"},
                     {"OTEL_METRIC_EXPORT_INTERVAL", "5"}});
  const auto requests = collector.wait_for(3);
  for (std::size_t i = 0; i < 3; ++i) {
    const json body = json::parse(requests[i].body);
    const json* calls = metric(body, "sluice_calls_total");
    ASSERT_NE(calls, nullptr);
    EXPECT_EQ((*calls)["sum"]["dataPoints"][0]["asInt"], std::to_string(i + 1));
  }
}

TEST(Exporter, TellsTheRunsOfAJobApart) {
  Collector collector;
  Exported exported(
      {{"OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()}, {"OTEL_METRICS_EXPORTER", "none"}});
  exported.trace(1);
  EndpointInfo other = endpoint();
  other.model = "other";
  exported.observer = exported.exporter->begin({other});
  exported.trace(1);
  exported.exporter->finish();
  const json spans = spans_of(json::parse(collector.wait_for(1)[0].body));
  ASSERT_EQ(spans.size(), 4u);
  EXPECT_NE(spans[0]["traceId"], spans[2]["traceId"]);
  EXPECT_EQ(spans[0]["name"], "chat gpt-5.4-mini");
  EXPECT_EQ(spans[2]["name"], "chat other");
}

TEST(Exporter, CompressesWhereItIsAskedTo) {
  Collector collector;
  Exported exported({{"OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()},
                     {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"},
                     {"OTEL_METRICS_EXPORTER", "none"}});
  exported.trace(1);
  exported.exporter->finish();
  const auto requests = collector.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].headers.find("content-encoding"), "gzip");
  EXPECT_EQ(spans_of(json::parse(inflated(requests[0].body))).size(), 2u);
}

TEST(Exporter, TriesAgainWhatACollectorIsTooBusyForAndSaysNothingOfIt) {
  for (const int status : {503, 0}) {  // 0: it closes a connection that was idle
    Collector collector([&](const auto&, std::size_t number) {
      return number == 1 ? http::ServerResponse{.status = status, .headers = {}, .body = ""}
                         : taken();
    });
    Exported exported({{"OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()},
                       {"OTEL_METRICS_EXPORTER", "none"},
                       {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "2"}},
                      {.first_delay = 5ms});
    exported.trace(1);
    const auto requests = collector.wait_for(2);
    EXPECT_EQ(requests[0].body, requests[1].body);
    exported.exporter->finish();
    EXPECT_EQ(collector.requests().size(), 2u);
    EXPECT_EQ(exported.exporter->dropped(Signal::traces), 0u);
    EXPECT_THAT(exported.notes, IsEmpty()) << status;
  }
}

TEST(Exporter, SaysOnceThatNothingCanBeDeliveredAndOnceThatItCanAgain) {
  Collector collector([](const auto&, std::size_t number) {
    return number <= 2 ? http::ServerResponse{.status = 404, .headers = {}, .body = "s3cret"}
                       : taken();
  });
  Exported exported({{"OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()},
                     {"OTEL_METRICS_EXPORTER", "none"},
                     {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "2"}});
  for (std::size_t number = 1; number <= 4; ++number) {
    exported.trace(number);
    collector.wait_for(number);
  }
  exported.exporter->finish();
  EXPECT_EQ(exported.exporter->dropped(Signal::traces), 4u);
  EXPECT_THAT(
      exported.notes,
      ElementsAre(
          "telemetry cannot be delivered to " + collector.url() +
              ": it answers 404: check the endpoint's path; OTEL_EXPORTER_OTLP_ENDPOINT gets "
              "/v1/traces and /v1/metrics appended; the job is not affected",
          "telemetry is delivered to " + collector.url() + " again",
          "telemetry: 4 spans and 0 points of metrics were not delivered; the job is not "
          "affected"));
}

TEST(Exporter, CountsWhatACollectorRejectsOfABatch) {
  Collector collector([](const auto&, std::size_t) {
    return http::ServerResponse{
        .status = 200,
        .headers = {},
        .body = R"({"partialSuccess":{"rejectedSpans":"1","errorMessage":"s3cret"}})"};
  });
  Exported exported(
      {{"OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()}, {"OTEL_METRICS_EXPORTER", "none"}});
  exported.trace(1);
  exported.exporter->finish();
  EXPECT_EQ(exported.exporter->dropped(Signal::traces), 1u);
  EXPECT_THAT(exported.notes,
              ElementsAre(HasSubstr("has rejected 1 item of a batch"), HasSubstr("1 span and 0")));
}

TEST(Exporter, FinishesWithinItsBoundWhenACollectorNeverAnswers) {
  Collector collector(nullptr);
  Exported exported({{"OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()}}, {.finish = 100ms});
  for (std::uint64_t number = 0; number < 2000; ++number) exported.trace(number);
  const auto began = std::chrono::steady_clock::now();
  exported.exporter->finish();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
  EXPECT_EQ(exported.exporter->dropped(Signal::traces), 4000u)
      << "what did not fit, what waited, and what was under way";
  EXPECT_GE(exported.exporter->dropped(Signal::metrics), 3u);
  EXPECT_THAT(exported.notes, ElementsAre(HasSubstr("telemetry: 4000 spans and")));
  EXPECT_LE(collector.requests().size(), 2u) << "one of each signal under way";
}

TEST(Exporter, DoesNotWaitAtTheEndForACollectorThatIsNotThere) {
  std::string nobody;
  {
    const Collector gone;
    nobody = gone.url();
  }
  Exported exported({{"OTEL_EXPORTER_OTLP_ENDPOINT", nobody}}, {.finish = 240s});
  for (std::uint64_t number = 0; number < 600; ++number) exported.trace(number);
  exported.exporter->finish();  // else this test takes four minutes
  EXPECT_EQ(exported.exporter->dropped(Signal::traces), 1200u);
  EXPECT_THAT(exported.notes, ElementsAre(HasSubstr("telemetry cannot be delivered to " + nobody),
                                          HasSubstr("1200 spans")));
}

TEST(Exporter, IsNotMadeWhereNothingIsExported) {
  auto none = Exporter::make({});
  ASSERT_TRUE(none.has_value());
  EXPECT_EQ(*none, nullptr);
}

TEST(Exporter, NamesTheVariableOfAFileOfCertificatesThatIsNotThere) {
  Settings settings;
  settings.traces.base_url = "https://127.0.0.1:1";
  settings.traces.path = "/";
  settings.traces.ca_file = "/no/such.pem";
  settings.traces.ca_variable = "OTEL_EXPORTER_OTLP_CERTIFICATE";
  const auto made = Exporter::make({.settings = settings});
  ASSERT_FALSE(made.has_value());
  EXPECT_THAT(made.error().message, HasSubstr("OTEL_EXPORTER_OTLP_CERTIFICATE: "));
}

}  // namespace
}  // namespace sluice::telemetry
