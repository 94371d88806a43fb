#include "listen/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support.h"
#include "tests/scratch.h"

namespace sluice::listen {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

class RoutesTest : public testing::Test {
 protected:
  explicit RoutesTest(std::string_view token = kToken)
      : routes_(source_, *Gate::make({"127.0.0.1", 1}, core::Secret(std::string(token))),
                [] { return ProcessFigures{.cpu_seconds = 1.5, .resident_bytes = 4096}; }) {}

  http::ServerResponse ask(std::string method, std::string target, std::string body = {},
                           std::string_view token = {}) {
    http::ServerRequest request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.body = std::move(body);
    request.headers.add("host", host_);
    if (!token.empty()) request.headers.add("authorization", "Bearer " + std::string(token));
    if (!accept_.empty()) request.headers.add("accept", accept_);
    return routes_.answer(request);
  }
  http::ServerResponse get(std::string target) { return ask("GET", std::move(target)); }

  FakeSource source_;
  Routes routes_;
  std::string host_ = "localhost:1";
  std::string accept_;
};

TEST_F(RoutesTest, ThePageRunsNoScriptButItsOwnAndAsksNobodyElse) {
  const auto page = get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.headers, testing::Contains(Pair("Content-Security-Policy",
                                                   testing::AllOf(HasSubstr("default-src 'none'"),
                                                                  HasSubstr("script-src 'self';"),
                                                                  Not(HasSubstr("unsafe"))))));
  EXPECT_THAT(page.headers, testing::Contains(Pair("X-Content-Type-Options", "nosniff")));
  EXPECT_THAT(page.body, Not(HasSubstr("tickets"))) << "nothing of the job stands in it";
  EXPECT_EQ(get("/dashboard.js").content_type, "text/javascript; charset=utf-8");
  EXPECT_EQ(get("/dashboard.css").status, 200);
}

TEST_F(RoutesTest, TellsStateMetricsAndTimeline) {
  EXPECT_EQ(get("/healthz").body, "ok\n");
  EXPECT_THAT(get("/api/state").body, HasSubstr(R"("state":"running")"));
  EXPECT_EQ(get("/api/timeline").body, "{\"at\":[]}\n");
  const auto metrics = get("/metrics");
  EXPECT_EQ(metrics.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(
      metrics.body,
      HasSubstr(
          "sluice_cost_dollars_total{job_name=\"tickets\",endpoint=\"eu\"} 1.234567890123\n"));
  accept_ = "application/openmetrics-text; version=1.0.0,text/plain;q=0.5";
  EXPECT_THAT(get("/metrics").body, testing::EndsWith("# EOF\n"));
}

TEST_F(RoutesTest, RefusesAnotherHostAndWhatItDoesNotKnow) {
  EXPECT_EQ(get("/none").status, 404);
  EXPECT_EQ(ask("DELETE", "/api/state").status, 405);
  host_ = "rebound.example.org";
  for (const char* path : {"/", "/api/state", "/metrics", "/healthz"})
    EXPECT_EQ(get(path).status, 421) << path;
  EXPECT_EQ(ask("POST", "/api/stop", "", kToken).status, 421);
  EXPECT_THAT(source_.orders, IsEmpty());
}

TEST_F(RoutesTest, OrdersNeedThePostAndTheToken) {
  EXPECT_EQ(get("/api/stop").status, 404);
  EXPECT_EQ(ask("POST", "/api/stop").status, 401);
  EXPECT_EQ(ask("POST", "/api/stop", "", "wrongwrongwrongwrong").status, 401);
  EXPECT_THAT(source_.orders, IsEmpty());
  EXPECT_EQ(ask("POST", "/api/pause", "", kToken).body, "{\"ok\":true,\"state\":\"paused\"}\n");
  EXPECT_EQ(ask("POST", "/api/budget", R"({"usd":"25.50"})", kToken).status, 200);
  EXPECT_EQ(ask("POST", "/api/budget", R"({"usd":30})", kToken).status, 200);
  EXPECT_THAT(source_.orders, ElementsAre(Pair(Source::Order::pause, core::Money()),
                                          Pair(Source::Order::budget, *core::Money::parse("25.50")),
                                          Pair(Source::Order::budget, *core::Money::parse("30"))));
  for (const char* wrong : {"", "{}", R"({"usd":"-1"})", R"({"usd":"x"})", R"({"usd":null})", "[]"})
    EXPECT_EQ(ask("POST", "/api/budget", wrong, kToken).status, 400) << wrong;
  source_.refuses = true;
  const auto no = ask("POST", "/api/stop", "", kToken);
  EXPECT_EQ(no.status, 409);
  EXPECT_EQ(no.body, "{\"error\":\"the run is stopping\"}\n");
}

class WithoutToken : public RoutesTest {
 protected:
  WithoutToken() : RoutesTest("") {}
};
TEST_F(WithoutToken, NothingCanBeChanged) {
  const auto no = ask("POST", "/api/stop", "", kToken);
  EXPECT_EQ(no.status, 403);
  EXPECT_THAT(no.body, HasSubstr("SLUICE_LISTEN_TOKEN"));
  EXPECT_THAT(get("/api/state").body, HasSubstr(R"("control":false)"));
}

TEST_F(RoutesTest, RowsStandInJsonWhateverTheyHold) {
  const Scratch scratch;
  source_.found = {
      .answers = scratch.write("out.jsonl", "{\"t\":\"</script><script>alert(1)</script>\"}\n"),
      .rejects = scratch.path("none.jsonl")};
  const auto answers = get("/api/answers?q=%3Cscript%3E+&limit=10");
  EXPECT_EQ(answers.status, 200);
  EXPECT_EQ(answers.content_type, "application/json");
  EXPECT_THAT(answers.body, HasSubstr(R"("rows":[])")) << "the blank behind it is not in the row";
  EXPECT_THAT(get("/api/answers?q=%3CSCRIPT%3E").body, HasSubstr("<script>alert(1)"));
  EXPECT_THAT(get("/api/rejects?limit=x&before=y").body, HasSubstr(R"("rows":[],"next":null)"));
}

TEST_F(RoutesTest, WhatCannotBeReadIsSaid) {
  source_.given = core::fail(core::ErrorCode::io, "the checkpoint cannot be read");
  for (const char* path : {"/api/state", "/metrics"}) {
    const auto response = get(path);
    EXPECT_EQ(response.status, 503) << path;
    EXPECT_EQ(response.body, "{\"error\":\"the checkpoint cannot be read\"}\n");
  }
}

TEST_F(RoutesTest, NeverTellsTheToken) {
  for (const char* path :
       {"/", "/dashboard.js", "/metrics", "/api/state", "/api/timeline", "/none"})
    EXPECT_THAT(get(path).body, Not(HasSubstr(std::string(kToken)))) << path;
  EXPECT_THAT(ask("POST", "/api/stop", "", "x").body, Not(HasSubstr(std::string(kToken))));
}

}  // namespace
}  // namespace sluice::listen
