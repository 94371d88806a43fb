// One value, three ways to write it: they must say the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <map>

#include "listen/status_json.h"
#include "listen/status_metrics.h"
#include "observe/metric_text.h"
#include "support.h"

namespace sluice::listen {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string metrics(const Status& status) {
  return observe::as_text(metrics_of(status, {}), observe::MetricForm::prometheus);
}

TEST(Status, MoneyIsExactToThePicodollarWhereverItStands) {
  const Status status = a_live_status();
  const std::string json = state_json(status, {});
  EXPECT_THAT(json, HasSubstr(R"("spent_text":"1.234567890133")"));
  EXPECT_THAT(json, HasSubstr(R"("cost_text":"1.234567890123")"));
  EXPECT_THAT(json, HasSubstr(R"("cost_text":"0.00000000001")"));
  const std::string text = metrics(status);
  EXPECT_THAT(text, HasSubstr("endpoint=\"eu\"} 1.234567890123\n"));
  EXPECT_THAT(text, HasSubstr("endpoint=\"us\"} 0.00000000001\n"));
}

TEST(Status, TheStateOfARunIsJsonWithAllThatThePageShows) {
  simdjson::dom::parser parser;
  const std::string json = state_json(a_live_status(), {.control = true, .token_needed = false});
  simdjson::dom::element doc;
  ASSERT_EQ(parser.parse(json).get(doc), simdjson::SUCCESS) << json;
  EXPECT_EQ(doc["live"].get_bool().value(), true);
  EXPECT_EQ(doc["control"].get_bool().value(), true);
  EXPECT_EQ(doc["rows"]["total"].get_uint64().value(), 1000U);
  EXPECT_EQ(doc["rows"]["pending"].get_uint64().value(), 37U);
  EXPECT_EQ(doc["left_s"].get_double().value(), 75);
  EXPECT_TRUE(doc["until_deadline_s"].is_null());
  EXPECT_EQ(doc["requests"]["waiting"].get_uint64().value(), 7U);
  const auto eu = doc["endpoints"].at(0);
  EXPECT_EQ(eu["tier"].get_string().value(), "flex");
  EXPECT_EQ(eu["max"].get_int64().value(), 64);
  EXPECT_EQ(eu["quota"].get_string().value(), "requests per minute");
  EXPECT_EQ(eu["errors"].at(0)["cause"].get_string().value(), "rate_limit");
  EXPECT_EQ(eu["median_s"].get_double().value(), 0.8);
  EXPECT_EQ(doc["endpoints"].at(1)["health"].get_string().value(), "broken");
  EXPECT_EQ(doc["rejects"].at(0)["example"].get_string().value(), "<b>no</b>");
}

TEST(Status, WithoutARunTheLedgerIsShownAndTheRestIsNull) {
  Status status = a_status();
  status.state = State::interrupted;
  const std::string json = state_json(status, {});
  EXPECT_THAT(json, HasSubstr(R"("live":false,"state":"interrupted")"));
  EXPECT_THAT(json, HasSubstr(R"("health":null)"));
  EXPECT_THAT(json, HasSubstr(R"("rows_per_second":null)"));
  const std::string text = metrics(status);
  EXPECT_THAT(text, HasSubstr("sluice_rows{job_name=\"tickets\",state=\"answered\"} 60\n"));
  EXPECT_THAT(text, HasSubstr("sluice_job_state{job_name=\"tickets\",state=\"interrupted\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("sluice_requests_in_flight")));
}

TEST(Status, EachStateIsOneOfTheListAndNamedOnce) {
  for (int i = 0; i <= static_cast<int>(State::not_begun); ++i) {
    Status status = a_status();
    status.state = static_cast<State>(i);
    const std::string text = metrics(status);
    const std::string line = "sluice_job_state{job_name=\"tickets\",state=\"" +
                             std::string(state_name(status.state)) + "\"} 1\n";
    EXPECT_THAT(text, HasSubstr(line));
    std::size_t set = 0;
    for (std::size_t at = text.find("sluice_job_state{"); at != text.npos;
         at = text.find("sluice_job_state{", at + 1))
      set += text.substr(at, text.find('\n', at) - at).ends_with(" 1");
    EXPECT_EQ(set, 1U);
  }
}

TEST(Status, MetricsHaveTheirNamesByTheConventions) {
  std::map<std::string, int> seen;
  for (const observe::MetricFamily& family :
       metrics_of(a_live_status(), {.dropped = {{"traces", 1}}})) {
    EXPECT_EQ(++seen[family.name], 1) << family.name;
    EXPECT_EQ(family.name.ends_with("_total"), family.type == observe::MetricType::counter)
        << family.name;
    EXPECT_FALSE(family.help.empty()) << family.name;
    if (!family.unit.empty()) {
      EXPECT_TRUE(family.name.ends_with("_" + family.unit) ||
                  family.name.ends_with("_" + family.unit + "_total"))
          << family.name;
    }
    for (const observe::MetricSample& sample : family.samples)
      for (const auto& [name, value] : sample.labels)
        EXPECT_NE(name, "job") << "which Prometheus sets itself";
  }
}

TEST(Status, ABatchIsShownUntilItIsCollected) {
  Status status = a_live_status();
  store::BatchRecord batch;
  batch.nonce = "s1";
  batch.endpoint = 1;
  batch.phase = store::BatchPhase::created;
  batch.word = "in_progress";
  batch.lines = 100;
  batch.done = 30;
  status.live->batches = {batch, batch};
  status.live->batches[1].phase = store::BatchPhase::collected;
  const std::string json = state_json(status, {});
  EXPECT_THAT(
      json,
      HasSubstr(
          R"("batches":[{"name":"s1","endpoint":"us","phase":"created","word":"in_progress","requests":100)"));
  const std::string text = metrics(status);
  EXPECT_THAT(
      text,
      HasSubstr("sluice_batches{job_name=\"tickets\",endpoint=\"us\",phase=\"created\"} 1\n"));
  EXPECT_THAT(
      text,
      HasSubstr("sluice_batch_requests{job_name=\"tickets\",endpoint=\"us\",state=\"done\"} 30\n"));
}

}  // namespace
}  // namespace sluice::listen
