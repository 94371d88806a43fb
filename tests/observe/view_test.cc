#include "observe/view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

namespace sluice::observe {
namespace {

using testing::ElementsAre;

View tickets() {
  View view;
  view.job = "tickets";
  view.phase = "running";
  view.elapsed = std::chrono::seconds(42);
  view.rows_done = 12'480;
  view.rows_rejected = 3;
  view.rows_total = 200'000;
  view.total_is_estimate = true;
  view.rows_per_second = 1204;
  view.input_tokens = 1'200'000;
  view.output_tokens = 310'000;
  view.tokens_per_second = 36'000;
  view.spent = *core::Money::parse("1.24");
  view.budget = core::Money::parse("1500");
  view.left = std::chrono::seconds(156);
  EndpointView endpoint;
  endpoint.name = "openai/gpt-5.4-mini";
  endpoint.in_flight = 64;
  endpoint.cap = 256;
  endpoint.quota_used = 0.83;
  endpoint.rate_limited = 12;
  view.endpoints.push_back(endpoint);
  return view;
}

TEST(View, IsOneLineElsewhere) {
  EXPECT_EQ(as_line(tickets()),
            "tickets: running after 42 s: rows 12,480 of about 200,000  6 %  1.20 k/s  3 rejected; "
            "spent $1.24 of $1,500.00; about 2 min 36 s left");
}

TEST(View, IsJsonForPrograms) {
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  const std::string text = as_json(tickets());
  ASSERT_EQ(parser.parse(text).get(json), simdjson::SUCCESS);
  EXPECT_EQ(json["rows_done"].get_uint64().value(), 12'480u);
  EXPECT_EQ(json["endpoints"].at(0)["rate_limited"].get_uint64().value(), 12u);
  EXPECT_DOUBLE_EQ(json["budget_usd"].get_double().value(), 1500);
}

TEST(View, SaysInEveryFormWhatIsWrongWithAnEndpoint) {
  View view = tickets();
  view.endpoints[0].problem = ProblemView{.kind = "502",
                                          .failures = 57,
                                          .lasting = std::chrono::seconds(12),
                                          .answered = false,
                                          .stopped = false,
                                          .message = "HTTP 502: an HTML page (502 Bad Gateway)"};
  const char* said = "no answer yet (57 failed in 12 s): HTTP 502: an HTML page (502 Bad Gateway)";
  EXPECT_THAT(as_line(view), testing::EndsWith("; openai/gpt-5.4-mini: " + std::string(said)));
  EXPECT_THAT(as_json(view), testing::HasSubstr(R"("problem":{"failures":57,"seconds":12,)"
                                                R"("stopped":false,"message":"HTTP 502: an)"));
  view.endpoints[0].problem->answered = true;
  EXPECT_THAT(as_line(view), testing::HasSubstr("no answer any more (57 failed in 12 s): HTTP"));
  view.endpoints[0].problem->stopped = true;
  view.endpoints[0].problem->message = "wrong key";
  EXPECT_THAT(as_line(view), testing::EndsWith("; openai/gpt-5.4-mini: stopped: wrong key"));
}

}  // namespace
}  // namespace sluice::observe
