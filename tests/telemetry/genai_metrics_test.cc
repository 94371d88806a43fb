// The conventions' histograms, fed by attempts.
#include "telemetry/genai_metrics.h"

#include <gtest/gtest.h>

#include "support.h"

namespace sluice::telemetry {
namespace {

TEST(GenAiMetrics, CountEveryAttemptByItsErrorAndTheTokensOfThoseThatAreKnown) {
  GenAiMetrics metrics;
  metrics.begin({{endpoint()}});
  const provider::Outcome good = answered(4, 5);
  const provider::Outcome bad = failed(provider::Cause::timeout, 0);
  metrics.on(attempt(1, 1, good));
  metrics.on(attempt(2, 2, good));
  metrics.on(attempt(3, 3, bad));
  metrics.on(attempt(4, 4, failed(provider::Cause::cancelled, 0)));
  const observe::MetricFamilies families = metrics.families();
  ASSERT_EQ(families.size(), 2u);

  const observe::MetricFamily& durations = families[0];
  EXPECT_EQ(durations.name, "gen_ai.client.operation.duration");
  EXPECT_EQ(durations.unit, "seconds");
  ASSERT_EQ(durations.samples.size(), 2u);
  const observe::Labels common = {{"gen_ai.operation.name", "chat"},
                                  {"gen_ai.provider.name", "openai"},
                                  {"gen_ai.request.model", "gpt-5.4-mini"},
                                  {"sluice.endpoint", "openai/gpt-5.4-mini"}};
  const auto with = [&](std::string name, std::string value) {
    observe::Labels labels = common;
    labels.emplace_back(std::move(name), std::move(value));
    return labels;
  };
  EXPECT_EQ(durations.samples[0].labels, common);
  EXPECT_EQ(durations.samples[1].labels, with("error.type", "timeout"));
  const auto& seconds = std::get<observe::HistogramValue>(durations.samples[0].value);
  EXPECT_EQ(seconds.bounds, (std::vector<double>{0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28,
                                                 2.56, 5.12, 10.24, 20.48, 40.96, 81.92}));
  EXPECT_EQ(seconds.counts[8], 2u) << "two seconds are at most 2.56";
  EXPECT_EQ(seconds.count(), 2u);
  EXPECT_EQ(seconds.sum, 4);

  const observe::MetricFamily& tokens = families[1];
  EXPECT_EQ(tokens.name, "gen_ai.client.token.usage");
  ASSERT_EQ(tokens.samples.size(), 2u);
  EXPECT_EQ(tokens.samples[0].labels, with("gen_ai.token.type", "input"));
  EXPECT_EQ(tokens.samples[1].labels, with("gen_ai.token.type", "output"));
  const auto& input = std::get<observe::HistogramValue>(tokens.samples[0].value);
  const auto& output = std::get<observe::HistogramValue>(tokens.samples[1].value);
  EXPECT_EQ(input.bounds.size(), 14u);
  EXPECT_EQ(input.bounds.back(), 67108864);
  EXPECT_EQ(input.counts[1], 2u) << "a bound is inclusive";
  EXPECT_EQ(output.counts[2], 2u);
  EXPECT_EQ(input.sum, 8);
  EXPECT_EQ(output.sum, 10);
}

TEST(GenAiMetrics, GoOnWithAnEndpointThatAnEarlierRunHad) {
  EndpointInfo other = endpoint();
  other.name = "other";
  GenAiMetrics metrics;
  const provider::Outcome good = answered(4, 5);
  metrics.begin({{endpoint()}});
  metrics.on(attempt(1, 1, good));
  metrics.begin({{other, endpoint()}});
  observe::AttemptEnded second = attempt(1, 2, good);
  second.endpoint = 1;
  metrics.on(second);
  const observe::MetricFamilies families = metrics.families();
  ASSERT_EQ(families[0].samples.size(), 1u) << "nothing was sent to the other";
  EXPECT_EQ(std::get<observe::HistogramValue>(families[0].samples[0].value).count(), 2u);
}

TEST(GenAiMetrics, CountNoOutputOfEmbeddings) {
  EndpointInfo info = endpoint();
  info.operation = "embeddings";
  GenAiMetrics metrics;
  metrics.begin({{info}});
  const provider::Outcome good = answered(4, 0);
  metrics.on(attempt(1, 1, good));
  const observe::MetricFamilies families = metrics.families();
  ASSERT_EQ(families[1].samples.size(), 1u);
  EXPECT_EQ(families[1].samples[0].labels.back(),
            (std::pair<std::string, std::string>("gen_ai.token.type", "input")));
}

}  // namespace
}  // namespace sluice::telemetry
