// What the OTEL_* variables mean, and what is said of those that cannot be used.
#include "telemetry/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>

namespace sluice::telemetry {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

using Set = std::map<std::string, std::string>;

core::Result<Settings> read(const Set& set) {
  return read_settings([&](const std::string& name) -> std::optional<std::string> {
    const auto found = set.find(name);
    return found == set.end() ? std::nullopt : std::optional(found->second);
  });
}

// With an endpoint on loopback.
Settings settings(Set set) {
  set.emplace("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
  auto settings = read(set);
  EXPECT_TRUE(settings.has_value()) << settings.error().text();
  return settings.value_or(Settings());
}

TEST(Settings, ExportNothingUnlessAnEndpointIsNamed) {
  const auto nothing = read({{"OTEL_SERVICE_NAME", "x"}, {"OTEL_EXPORTER_OTLP_HEADERS", "a=b"}});
  ASSERT_TRUE(nothing.has_value());
  EXPECT_FALSE(nothing->on());
  EXPECT_THAT(nothing->notes, IsEmpty());
}

TEST(Settings, HaveTheDefaultsOfTheSpecification) {
  const Settings s = settings({});
  EXPECT_EQ(s.traces.base_url, "http://127.0.0.1:4318");
  EXPECT_EQ(s.traces.path, "/v1/traces");
  EXPECT_EQ(s.metrics.base_url, "http://127.0.0.1:4318");
  EXPECT_EQ(s.metrics.path, "/v1/metrics");
  for (const Target* target : {&s.traces, &s.metrics}) {
    EXPECT_EQ(target->timeout, std::chrono::seconds(10));
    EXPECT_FALSE(target->gzip);
    EXPECT_TRUE(target->headers.empty());
    EXPECT_EQ(target->ca_file, "");
  }
  EXPECT_EQ(s.sampled, 1);
  EXPECT_THAT(s.resource, ElementsAre(Pair("service.name", "sluice")));
  EXPECT_EQ(s.metric_interval, std::chrono::seconds(60));
  EXPECT_EQ(s.span_delay, std::chrono::seconds(5));
  EXPECT_EQ(s.span_queue, 2048u);
  EXPECT_EQ(s.span_batch, 512u);
  EXPECT_THAT(s.notes, IsEmpty());
}

TEST(Settings, AppendASignalsPathToTheCommonEndpointAlone) {
  const Settings s = settings({{"OTEL_EXPORTER_OTLP_ENDPOINT", "https://otlp.example.com/otlp/"},
                               {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://10.0.0.1:9/m/"}});
  EXPECT_EQ(s.traces.base_url, "https://otlp.example.com");
  EXPECT_EQ(s.traces.path, "/otlp/v1/traces");
  EXPECT_EQ(s.metrics.base_url, "http://10.0.0.1:9");
  EXPECT_EQ(s.metrics.path, "/m/");
  const auto own = read({{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://10.0.0.1:9"}});
  EXPECT_EQ(own->traces.path, "/");
  EXPECT_FALSE(own->metrics.on());
}

TEST(Settings, PutASignalsOwnVariableBeforeThatOfBoth) {
  const Settings s = settings({{"OTEL_EXPORTER_OTLP_TIMEOUT", "3000"},
                               {"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "0"},
                               {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"},
                               {"OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "none"},
                               {"OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca.pem"},
                               {"OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE", "/other.pem"},
                               {"OTEL_EXPORTER_OTLP_HEADERS", "a=1"},
                               {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "b=2"}});
  EXPECT_EQ(s.traces.timeout, std::chrono::hours(1)) << "0 is no limit";
  EXPECT_EQ(s.metrics.timeout, std::chrono::seconds(3));
  EXPECT_TRUE(s.traces.gzip);
  EXPECT_FALSE(s.metrics.gzip);
  EXPECT_EQ(s.traces.ca_file, "/ca.pem");
  EXPECT_EQ(s.metrics.ca_file, "/other.pem");
  EXPECT_EQ(s.metrics.ca_variable, "OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE");
  EXPECT_EQ(s.traces.headers.reveal(), "b: 2\r\n");
  EXPECT_EQ(s.metrics.headers.reveal(), "a: 1\r\n");
  EXPECT_THAT(s.notes, IsEmpty());
}

TEST(Settings, DecodeTheValuesOfHeaders) {
  const Settings s = settings(
      {{"OTEL_EXPORTER_OTLP_HEADERS", " authorization = Bearer%20a%2Cb , x-tenant=t=1,, empty="}});
  EXPECT_EQ(s.traces.headers.reveal(), "authorization: Bearer a,b\r\nx-tenant: t=1\r\nempty: \r\n");
  EXPECT_THAT(s.notes, IsEmpty());
}

TEST(Settings, LeaveOutAHeaderThatCannotBeSentAndDoNotShowItsValue) {
  const Settings s =
      settings({{"OTEL_EXPORTER_OTLP_HEADERS",
                 "good=1,bad name=s3cret,key=s3cret%0D%0Ainjected: 1,Content-Length=s3cret"}});
  EXPECT_EQ(s.traces.headers.reveal(), "good: 1\r\n");
  EXPECT_THAT(
      s.notes,
      ElementsAre(HasSubstr("one of its names is not a valid header name"),
                  "OTEL_EXPORTER_OTLP_HEADERS: the header key holds a line break: it is not sent",
                  "OTEL_EXPORTER_OTLP_HEADERS: the header Content-Length is written by sluice "
                  "itself: it is "
                  "not sent"));
  for (const std::string& note : s.notes) EXPECT_THAT(note, testing::Not(HasSubstr("s3cret")));
}

TEST(Settings, MergeResourceAttributes) {
  EXPECT_THAT(
      settings({{"OTEL_RESOURCE_ATTRIBUTES", "team=data%20x, service.name=other"}}).resource,
      ElementsAre(Pair("team", "data x"), Pair("service.name", "other")));
  EXPECT_THAT(
      settings({{"OTEL_RESOURCE_ATTRIBUTES", "service.name=other"}, {"OTEL_SERVICE_NAME", "mine"}})
          .resource,
      ElementsAre(Pair("service.name", "mine")));
  const Settings bad = settings({{"OTEL_RESOURCE_ATTRIBUTES", "team=data,nonsense"}});
  EXPECT_THAT(bad.resource, ElementsAre(Pair("service.name", "sluice")));
  EXPECT_THAT(bad.notes,
              ElementsAre("OTEL_RESOURCE_ATTRIBUTES is ignored: item 2 is not NAME=VALUE, "
                          "with any other % in the value written as %25"));
}

TEST(Settings, ReadTheSampler) {
  const auto sampled = [](const std::string& sampler, const std::string& argument) {
    return settings({{"OTEL_TRACES_SAMPLER", sampler}, {"OTEL_TRACES_SAMPLER_ARG", argument}});
  };
  EXPECT_EQ(sampled("always_on", "0.5").sampled, 1);
  EXPECT_EQ(sampled("traceidratio", "0.25").sampled, 0.25);
  EXPECT_EQ(sampled("parentbased_traceidratio", "0.25").sampled, 0.25);
  EXPECT_EQ(sampled("traceidratio", "").sampled, 1);
  EXPECT_FALSE(sampled("always_off", "").traces.on());
  EXPECT_TRUE(sampled("always_off", "").metrics.on());
  EXPECT_FALSE(sampled("parentbased_always_off", "").traces.on());
  EXPECT_EQ(sampled("traceidratio", "2").sampled, 1);
  EXPECT_THAT(sampled("traceidratio", "2").notes,
              ElementsAre("OTEL_TRACES_SAMPLER_ARG is not a number from 0 to 1: 1 is used"));
  EXPECT_THAT(sampled("xray", "").notes, ElementsAre(HasSubstr("OTEL_TRACES_SAMPLER is none of")));
}

TEST(Settings, TurnSignalsOff) {
  EXPECT_FALSE(settings({{"OTEL_SDK_DISABLED", "True"}}).on());
  EXPECT_FALSE(settings({{"OTEL_TRACES_EXPORTER", "none"}}).traces.on());
  EXPECT_FALSE(settings({{"OTEL_METRICS_EXPORTER", "none"}}).metrics.on());
  const Settings yes = settings({{"OTEL_SDK_DISABLED", "yes"}});
  EXPECT_TRUE(yes.on());
  EXPECT_THAT(yes.notes,
              ElementsAre("OTEL_SDK_DISABLED is neither true nor false: taken as false"));
  const Settings other = settings({{"OTEL_METRICS_EXPORTER", "prometheus"}});
  EXPECT_TRUE(other.metrics.on());
  EXPECT_THAT(other.notes, ElementsAre(HasSubstr("OTEL_METRICS_EXPORTER: sluice has no other")));
}

TEST(Settings, SayWhatToDoAboutOtherProtocols) {
  const Settings protobuf = settings({{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"}});
  EXPECT_TRUE(protobuf.traces.on());
  EXPECT_THAT(protobuf.notes, ElementsAre(HasSubstr("the traces are sent as http/json"),
                                          HasSubstr("the metrics are sent as http/json")));
  const auto grpc = read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317"},
                          {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}});
  ASSERT_FALSE(grpc.has_value());
  EXPECT_EQ(grpc.error().code, core::ErrorCode::usage);
  EXPECT_THAT(grpc.error().message,
              testing::AllOf(HasSubstr("OTEL_EXPORTER_OTLP_PROTOCOL is grpc"), HasSubstr("4318"),
                             HasSubstr("http/json"), HasSubstr("OTEL_TRACES_EXPORTER=none")));
  EXPECT_TRUE(read({{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}}).has_value()) << "nothing is exported";
  EXPECT_THAT(settings({{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "soap"}}).notes,
              ElementsAre(HasSubstr("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL is not a protocol that")));
}

TEST(Settings, SayThatAClientsCertificateIsNotShown) {
  EXPECT_THAT(settings({{"OTEL_EXPORTER_OTLP_CLIENT_KEY", "/key.pem"}}).notes,
              ElementsAre("OTEL_EXPORTER_OTLP_CLIENT_KEY is ignored: sluice shows collectors no "
                          "certificate of its own"));
}

TEST(Settings, UseTheDefaultInPlaceOfANumberThatIsNone) {
  for (const char* wrong : {"-1", "many", "1.5", "99999999999999999999", "0", "12 s"}) {
    const Settings s = settings({{"OTEL_METRIC_EXPORT_INTERVAL", wrong},
                                 {"OTEL_BSP_SCHEDULE_DELAY", wrong},
                                 {"OTEL_BSP_MAX_QUEUE_SIZE", wrong},
                                 {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", wrong}});
    EXPECT_EQ(s.metric_interval, std::chrono::seconds(60));
    EXPECT_EQ(s.span_delay, std::chrono::seconds(5));
    EXPECT_EQ(s.span_queue, 2048u);
    EXPECT_EQ(s.span_batch, 512u);
    EXPECT_THAT(
        s.notes,
        ElementsAre(
            "OTEL_METRIC_EXPORT_INTERVAL is not a whole number from 1 to 2147483647: the "
            "default is used",
            "OTEL_BSP_SCHEDULE_DELAY is not a whole number from 1 to 2147483647: the default "
            "is used",
            "OTEL_BSP_MAX_QUEUE_SIZE is not a whole number from 1 to 100000: the default is "
            "used",
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE is not a whole number from 1 to 100000: the "
            "default is used"))
        << wrong;
  }
  const Settings s = settings({{"OTEL_METRIC_EXPORT_INTERVAL", " 1500 "},
                               {"OTEL_BSP_SCHEDULE_DELAY", "20"},
                               {"OTEL_BSP_MAX_QUEUE_SIZE", "100"},
                               {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", ""}});
  EXPECT_EQ(s.metric_interval, std::chrono::milliseconds(1500));
  EXPECT_EQ(s.span_delay, std::chrono::milliseconds(20));
  EXPECT_EQ(s.span_queue, 100u);
  EXPECT_EQ(s.span_batch, 100u) << "no batch is larger than the queue";
  EXPECT_THAT(s.notes, IsEmpty());
}

TEST(Settings, ExportNothingToAnAddressThatIsNoneAndDoNotShowIt) {
  const auto s = read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318"}});
  ASSERT_TRUE(s.has_value());
  EXPECT_FALSE(s->on());
  EXPECT_THAT(
      s->notes,
      ElementsAre("OTEL_EXPORTER_OTLP_ENDPOINT must begin with http:// or https://: no traces "
                  "are exported",
                  "OTEL_EXPORTER_OTLP_ENDPOINT must begin with http:// or https://: no metrics "
                  "are exported"));
  const auto secret = read({{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://user:s3cret@host"}});
  EXPECT_THAT(
      secret->notes,
      ElementsAre("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT must not hold a user name or password: "
                  "no traces are exported"));
}

}  // namespace
}  // namespace sluice::telemetry
