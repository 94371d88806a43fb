// The bodies of both signals, whole, against otlp.md.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "support.h"
#include "telemetry/gzip.h"
#include "telemetry/otlp_metrics.h"
#include "telemetry/otlp_traces.h"
#include "telemetry/partial_success.h"
#include "telemetry/resource.h"

namespace sluice::telemetry {
namespace {

using nlohmann::json;
using observe::MetricType;

constexpr core::WallTime kStart{1'767'225'600s};
const Pairs kResource = {{"service.name", "sluice"}};

std::string block(const std::string& name) {
  std::ifstream file(SLUICE_SOURCE_DIR "/tests/telemetry/otlp.md");
  const std::string page{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const std::string fence = "```json " + name + "\n";
  const std::size_t at = page.find(fence);
  if (at == page.npos) return "";
  return page.substr(at + fence.size(), page.find("\n```", at) - at - fence.size());
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

constexpr ClockAnchor kAnchor{.time = core::Time(), .wall = kStart};
const TraceId kTrace = trace_of({1, 2}, 7);

SpanRecord record_of_attempt(std::uint64_t number) {
  static const EndpointInfo kEndpoint = endpoint();
  return {.kind = SpanRecord::Kind::attempt,
          .attempts = static_cast<std::uint32_t>(number),
          .rows = 4,
          .trace = kTrace,
          .attempt = 40 + number,
          .endpoint = &kEndpoint,
          .began = core::Time(10s),
          .ended = core::Time(12s)};
}

TEST(TracesBody, IsAsThePageShowsIt) {
  SpanRecord refused = record_of_attempt(1);
  refused.cause = provider::Cause::rate_limit;
  refused.status = 429;
  SpanRecord good = record_of_attempt(2);
  good.status = 200;
  good.billing = provider::Billing::known;
  good.usage = {.input = 120, .cached_input = 100, .output = 30, .reasoning = 20};
  good.tier = provider::Tier::standard;
  good.cost = core::Money::picodollars(250'000'000);
  SpanRecord root{.kind = SpanRecord::Kind::request,
                  .attempts = 2,
                  .rows = 4,
                  .trace = kTrace,
                  .began = core::Time(9s),
                  .ended = core::Time(13s)};
  std::string page = block("traces");
  page = replaced(page, "TRACE", kTrace.hex());
  page = replaced(page, "ROOT", span_hex(request_span(kTrace)));
  page = replaced(page, "FIRST", span_hex(attempt_span(kTrace, 41)));
  page = replaced(page, "SECOND", span_hex(attempt_span(kTrace, 42)));
  const std::vector<SpanRecord> spans = {refused, good, root};
  EXPECT_EQ(json::parse(traces_body(spans, kAnchor, kResource, "0.1.0")), json::parse(page));
}

json only_span(const SpanRecord& record) {
  const auto body = json::parse(traces_body({&record, 1}, kAnchor, kResource, ""));
  return body["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
}

json attribute(const json& span, const std::string& name) {
  for (const json& attribute : span["attributes"])
    if (attribute["key"] == name) return attribute["value"];
  return nullptr;
}

TEST(TracesBody, SaysWhichCostsAreAWorstCase) {
  SpanRecord record = record_of_attempt(1);
  record.cause = provider::Cause::timeout;
  record.billing = provider::Billing::possible;
  const json span = only_span(record);
  EXPECT_EQ(attribute(span, "sluice.maybe_billed"), json::parse(R"({"boolValue":true})"));
  EXPECT_EQ(attribute(span, "gen_ai.usage.input_tokens"), nullptr);
  EXPECT_EQ(attribute(span, "http.response.status_code"), nullptr) << "there was no response";
  EXPECT_EQ(span["status"], json::parse(R"({"code":2,"message":"timeout"})"));
}

TEST(TracesBody, DoesNotCallACancelledAttemptAFailure) {
  SpanRecord record = record_of_attempt(1);
  record.cause = provider::Cause::cancelled;
  const json span = only_span(record);
  EXPECT_FALSE(span.contains("status"));
  EXPECT_EQ(attribute(span, "error.type"), nullptr);
  EXPECT_EQ(attribute(span, "sluice.cancelled"), json::parse(R"({"boolValue":true})"));
}

TEST(TracesBody, MarksTheRequestWhoseRowsAreRejected) {
  const SpanRecord record{.how = observe::RequestEnded::How::rejected, .trace = kTrace};
  const json span = only_span(record);
  EXPECT_EQ(span["status"], json::parse(R"({"code":2,"message":"rejected"})"));
  EXPECT_EQ(attribute(span, "sluice.result")["stringValue"], "rejected");
}

TEST(MetricsBody, IsAsThePageShowsIt) {
  const observe::MetricFamilies families = {
      {.name = "sluice_rows_total",
       .help = "Rows that have ended.",
       .unit = "",
       .type = MetricType::counter,
       .samples = {{{{"result", "answered"}}, std::uint64_t{12345}},
                   {{{"result", "rejected"}}, std::uint64_t{18446744073709551615u}}}},
      {.name = "sluice_quota_used_ratio",
       .help = "",
       .unit = "ratio",
       .type = MetricType::gauge,
       .samples = {{{}, 0.5}, {{}, std::nan("")}}},
      {.name = "sluice_cost_dollars_total",
       .help = "",
       .unit = "dollars",
       .type = MetricType::counter,
       .samples = {{{}, core::Money::picodollars(1'250'000'000'000)}}},
      {.name = "sluice_attempt_seconds",
       .help = "",
       .unit = "seconds",
       .type = MetricType::histogram,
       .samples = {{{}, observe::HistogramValue{{0.5, 1.0}, {1, 2, 3}, 7.5}}}},
      {.name = "sluice_empty", .help = "", .unit = "", .type = MetricType::gauge, .samples = {}}};
  const MetricsBody body = metrics_body(families, kResource, "0.1.0", kStart, kStart + 60s);
  EXPECT_EQ(json::parse(body.json), json::parse(block("metrics")));
  EXPECT_EQ(body.points, 5u);
}

TEST(Resource, PutsTheEnvironmentFirst) {
  const Pairs out = resource_of({{"service.name", "a"}, {"service.version", "theirs"}},
                                {.job = "tickets", .version = "0.1.0", .instance = "host:1"});
  EXPECT_EQ(out, (Pairs{{"service.name", "a"},
                        {"service.version", "theirs"},
                        {"service.instance.id", "host:1"},
                        {"sluice.job", "tickets"},
                        {"telemetry.sdk.language", "cpp"},
                        {"telemetry.sdk.name", "sluice"},
                        {"telemetry.sdk.version", "0.1.0"}}));
}

TEST(Gzip, IsReadByOthers) {
  const std::string text(100'000, 'x');
  EXPECT_EQ(inflated(gzip(text)), text);
  EXPECT_EQ(inflated(gzip("")), "");
}

TEST(RejectedItems, AreReadAsStringsAndAsNumbers) {
  EXPECT_EQ(rejected_items(R"({"partialSuccess":{"rejectedSpans":"5","errorMessage":"no"}})"), 5u);
  EXPECT_EQ(rejected_items(R"({"partialSuccess":{"rejectedDataPoints":7}})"), 7u);
  for (const char* none : {"", "{}", R"({"partialSuccess":{}})", "<html>", "[]", "null",
                           R"({"partialSuccess":{"rejectedSpans":"many"}})"})
    EXPECT_EQ(rejected_items(none), 0u) << none;
}

TEST(ProviderName, IsTheConventions) {
  EXPECT_EQ(provider_name("openai"), "openai");
  EXPECT_EQ(provider_name("xai"), "x_ai");
  EXPECT_EQ(provider_name("bedrock"), "aws.bedrock");
  EXPECT_EQ(provider_name("compatible"), "compatible");
}

TEST(EndpointInfo, HoldsTheServersAddressAndNoKey) {
  provider::EndpointSpec spec;
  spec.name = "mine";
  spec.base_url = "https://[::1]:8443/v1";
  spec.model = "m";
  spec.api = "embeddings";
  spec.key = core::Secret("s3cret");
  const EndpointInfo info = endpoint_info(spec, "vllm");
  EXPECT_EQ(info.name, "mine");
  EXPECT_EQ(info.provider, "vllm");
  EXPECT_EQ(info.operation, "embeddings");
  EXPECT_EQ(info.address, "::1");
  EXPECT_EQ(info.port, 8443);
}

}  // namespace
}  // namespace sluice::telemetry
