// The events of --log json.
#include "observe/events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::observe {
namespace {

using namespace std::chrono_literals;

const core::WallTime kNoon =
    std::chrono::sys_days(std::chrono::year(2026) / 11 / 29) + 12h + 5ms + 900us;

TEST(Events, HaveTheTimeInUtcWithMilliseconds) {
  EXPECT_EQ(timestamp(kNoon), "2026-11-29T12:00:00.005Z");
  EXPECT_EQ(notice_json("a \"note\"", kNoon),
            R"({"event":"notice","time":"2026-11-29T12:00:00.005Z","level":"warning",)"
            R"("message":"a \"note\""})");
}

TEST(Events, ErrorsHaveTheirPlaceAndExitStatus) {
  EXPECT_EQ(error_json({core::ErrorCode::pipeline, "error: unknown option 'nmae'\n  3 | nmae",
                        "jobs/a.lua:3:5"},
                       kNoon),
            R"({"event":"error","time":"2026-11-29T12:00:00.005Z","level":"error","exit":3,)"
            R"("message":"unknown option 'nmae'","file":"jobs/a.lua","line":3,"column":5,)"
            R"("text":"jobs/a.lua:3:5: error: unknown option 'nmae'\n  3 | nmae"})");
  EXPECT_EQ(error_json({core::ErrorCode::io, "no such file", "in.jsonl"}, kNoon),
            R"({"event":"error","time":"2026-11-29T12:00:00.005Z","level":"error","exit":5,)"
            R"("message":"no such file","file":"in.jsonl","text":"in.jsonl: no such file"})");
  EXPECT_THAT(error_json({core::ErrorCode::io, "refused", "http://127.0.0.1:80"}, kNoon),
              testing::HasSubstr(R"("file":"http://127.0.0.1:80","text")"));
}

EndpointView endpoint(Health health, std::optional<double> learned = {}) {
  EndpointView view;
  view.name = "eu";
  view.health = health;
  view.learned_per_minute = learned;
  if (health == Health::stopped || health == Health::broken) {
    view.problem = ProblemView();
    view.problem->message = "HTTP 502";
  }
  return view;
}

std::vector<std::string> told(EndpointWatch& watch, const EndpointView& view) {
  std::vector<std::string> texts;
  for (const EndpointChange& change : watch.changes({view})) {
    texts.push_back(change.change);
    if (!change.message.empty()) texts.back() += ": " + change.message;
  }
  return texts;
}

TEST(Events, TellEachChangeOfAnEndpointOnce) {
  using testing::ElementsAre;
  using testing::IsEmpty;
  EndpointWatch watch;
  EXPECT_THAT(told(watch, endpoint(Health::fine)), IsEmpty());
  EXPECT_THAT(told(watch, endpoint(Health::broken)), ElementsAre("breaker_open: HTTP 502"));
  EXPECT_THAT(told(watch, endpoint(Health::broken)), IsEmpty());
  EXPECT_THAT(told(watch, endpoint(Health::probing)), IsEmpty());
  EXPECT_THAT(told(watch, endpoint(Health::broken)), IsEmpty());
  EXPECT_THAT(told(watch, endpoint(Health::fine)), ElementsAre("recovered"));
  EXPECT_THAT(told(watch, endpoint(Health::fine, 600)), ElementsAre("learned_rate"));
  EXPECT_THAT(told(watch, endpoint(Health::fine, 660)), IsEmpty());
  EXPECT_THAT(told(watch, endpoint(Health::fine, 400)), ElementsAre("learned_rate"));
  EXPECT_THAT(told(watch, endpoint(Health::stopped, 400)), ElementsAre("stopped: HTTP 502"));
  EXPECT_THAT(told(watch, endpoint(Health::stopped, 400)), IsEmpty());
}

}  // namespace
}  // namespace sluice::observe
