// Rows from objects at a server, and answers into one, whatever becomes of the program and the server meanwhile.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <algorithm>
#include <optional>
#include <random>

#include "tests/cli/world.h"
#include "tests/place/object_server.h"

namespace sluice::cli {
namespace {

using place::ObjectServer;
using testing::HasSubstr;
using testing::Not;
using Fault = ObjectServer::Fault;

class Places : public testing::Test {
 protected:
  Places() { ::setenv("PLACES_TEST_KEYS", ObjectServer::kKeys, 1); }
  ~Places() override { ::unsetenv("PLACES_TEST_KEYS"); }

  void put_rows(int objects, int rows, std::size_t text_bytes = 20) {
    for (int k = 0; k < objects; ++k) {
      std::string text;
      for (int i = 0; i < rows; ++i)
        text += fmt::format("{{\"id\":\"T-{}-{}\",\"text\":\"{:x>{}}\"}}\n", k, i, i, text_bytes);
      server_.put(fmt::format("rows/in/part {}.jsonl", k), text);
    }
  }
  // `pattern` is what the job reads; its prompts are short.
  void make_job(const std::string& pattern = "s3://rows/in/*.jsonl",
                const char* keep = "{ \"id\" }", const std::string& sink = "out.jsonl") {
    world_.write("job.lua", fmt::format(R"lua(
local s = require "sluice"
local store = {{ endpoint = "{}", region = "eu-central-1", credentials = s.secret "PLACES_TEST_KEYS" }}
return s.pipeline {{
  name = "job",
  s.read {{ "{}", key = "id", s3 = store }},
  s.pack {{ rows = 10, user = "Row {{{{id}}}}", answer = {{ size = s.int {{ min = 1, max = 9 }} }} }},
  s.dispatch {{ s.openai {{ model = "mock", base_url = s.param "base_url", price = 0 }} }},
  s.sink {{ "{}", keep = {}, s3 = store }},
}}
)lua",
                                        server_.url(), pattern, sink, keep));
    world_.start_mock();
  }
  World::Ended export_to(const std::string& to) const {
    return world_.sluice({"export", "job.lua", "--set", "base_url=http://none", "--to", to});
  }
  void expect_proven() const {
    const auto audit = world_.sluice({"audit", "job.lua", "--set", "base_url=http://none"});
    EXPECT_EQ(audit.status, 0) << audit.output << audit.errors;
  }

  ObjectServer server_;
  World world_;
};

TEST_F(Places, AJobReadsObjectsAndItsAnswersBecomeOne) {
  put_rows(3, 50);
  make_job();
  const auto run = world_.sluice(world_.run_job());
  ASSERT_EQ(run.status, 0) << run.errors;
  EXPECT_EQ(world_.lines("out.jsonl").size(), 150U);
  EXPECT_EQ(world_.mock_stats().requests, 15U) << "packs are full, whatever the server takes";
  expect_proven();
  const auto exported = export_to("s3://rows/out/answers.jsonl");
  ASSERT_EQ(exported.status, 0) << exported.errors;
  EXPECT_EQ(exported.output, "job: 150 answers written to s3://rows/out/answers.jsonl\n");
  EXPECT_EQ(server_.get("rows/out/answers.jsonl"), world_.read("out.jsonl"));
  const auto refused = export_to("s3://rows/in/answers.jsonl");
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.errors, HasSubstr("would read the export as input"));
  for (const std::string& text :
       {run.output, run.errors, exported.errors, world_.read("out.jsonl")})
    EXPECT_THAT(text, Not(HasSubstr("test-secret")));
}

TEST_F(Places, KilledAndCutOffAtRandomItAnswersEachRowOnce) {
  put_rows(6, 100, 2000);
  make_job();
  std::mt19937 random(7);
  server_.set_faults([&](const http::ServerRequest&, int) -> std::optional<Fault> {
    const auto dice = random() % 10;
    if (dice == 0) return Fault{.status = 503, .code = "SlowDown"};
    if (dice == 1) return Fault{.reset = true};
    if (dice == 2) return Fault{.cut_after = 1000};
    return std::nullopt;
  });
  for (std::uint64_t kill = 1; kill <= 4; ++kill) {
    const auto process = world_.start(world_.run_job());
    process->runs_until([&] { return world_.mock_stats().requests >= 8 * kill; });
    process->signal(SIGKILL);
    process->wait();
  }
  const auto run = world_.sluice(world_.run_job());
  ASSERT_EQ(run.status, 0) << run.errors;
  EXPECT_EQ(world_.lines("out.jsonl").size(), 600U);
  server_.set_faults({});
  expect_proven();
}

TEST_F(Places, AnExportThatIsKilledLeavesNothingToSee) {
  put_rows(4, 100, 100'000);  // more than two parts of an upload
  make_job("s3://rows/in/*.jsonl", "\"row\"");
  ASSERT_EQ(world_.sluice(world_.run_job()).status, 0);
  server_.put("rows/out.jsonl", "what was there");
  const auto process = world_.start(
      {"export", "job.lua", "--set", "base_url=http://none", "--to", "s3://rows/out.jsonl"});
  ASSERT_TRUE(process->runs_until([&] { return server_.uploads_under_way() > 0; }));
  process->signal(SIGKILL);
  process->wait();
  EXPECT_EQ(server_.get("rows/out.jsonl"), "what was there");
  ASSERT_EQ(export_to("s3://rows/out.jsonl").status, 0);
  EXPECT_EQ(server_.get("rows/out.jsonl"), world_.read("out.jsonl"));
}

TEST_F(Places, ASinkThatIsAnObjectIsWholeAndItsOwn) {
  put_rows(3, 50);
  make_job("s3://rows/in/*.jsonl", "{ \"id\" }", "s3://rows/out/answers.csv");
  for (std::uint64_t kill = 1; kill <= 3; ++kill) {
    const auto process = world_.start(world_.run_job());
    process->runs_until([&] { return world_.mock_stats().requests >= 4 * kill; });
    process->signal(SIGKILL);
    process->wait();
    EXPECT_EQ(server_.get("rows/out/answers.csv"), std::nullopt);
  }
  const auto run = world_.sluice(world_.run_job());
  ASSERT_EQ(run.status, 0) << run.errors;
  EXPECT_THAT(run.output, HasSubstr("s3://rows/out/answers.csv: 150 rows"));
  const std::string csv = server_.get("rows/out/answers.csv").value_or("");
  EXPECT_TRUE(csv.starts_with("id,size\r\n")) << csv.substr(0, 40);
  EXPECT_EQ(std::ranges::count(csv, '\n'), 151);
  expect_proven();
  EXPECT_THAT(world_.sluice(world_.run_job()).output, HasSubstr("150 rows, as before"));

  server_.put("rows/out/answers.csv", "somebody's");
  const auto refused = world_.sluice(world_.run_job());
  EXPECT_EQ(refused.status, 3);
  EXPECT_THAT(refused.errors, HasSubstr("was changed since this job wrote it"));
  EXPECT_EQ(server_.get("rows/out/answers.csv"), "somebody's");
}

TEST_F(Places, ASinkThatMayNotBeWrittenEndsTheRunBeforeAnythingIsAsked) {
  put_rows(1, 5);
  make_job("s3://rows/in/*.jsonl", "{ \"id\" }", "s3://missing/answers.csv");
  EXPECT_EQ(world_.sluice(world_.run_job()).status, 5);
  make_job("s3://rows/*.jsonl", "{ \"id\" }", "s3://rows/answers.jsonl");
  const auto itself = world_.sluice(world_.run_job());
  EXPECT_EQ(itself.status, 3);
  EXPECT_THAT(itself.errors, HasSubstr("would read the answers as input"));
  EXPECT_EQ(world_.mock_stats().requests, 0U);
}

TEST_F(Places, CheckSendsNothingAndTryLooks) {
  put_rows(1, 5);
  make_job();
  const auto check = world_.sluice({"check", "job.lua", "--set", "base_url=" + world_.base_url()});
  EXPECT_EQ(check.status, 0) << check.errors;
  EXPECT_THAT(check.output,
              HasSubstr("reads      s3://rows/in/*.jsonl at " + server_.url() + "/rows\n"));
  EXPECT_THAT(check.output, HasSubstr("was not looked at: check sends nothing"));
  EXPECT_THAT(server_.log(), testing::IsEmpty());
  const auto tried = world_.sluice({"try", "job.lua", "--set", "base_url=" + world_.base_url()});
  EXPECT_EQ(tried.status, 0) << tried.errors;
  EXPECT_THAT(server_.log(), Not(testing::IsEmpty()));
}

TEST_F(Places, ABucketThatIsNotThereEndsTheRunBeforeAnythingIsAsked) {
  make_job("s3://missing/*.jsonl");
  const auto run = world_.sluice(world_.run_job());
  EXPECT_EQ(run.status, 5);
  EXPECT_THAT(run.errors, HasSubstr("s3://missing/*.jsonl: cannot be listed (404 NoSuchBucket)"));
  EXPECT_EQ(world_.mock_stats().requests, 0U);
}

TEST_F(Places, AnAddressWithASignatureIsReadAndNotKept) {
  server_.allow_anybody();
  put_rows(1, 20);
  make_job(server_.url() + "/rows/in/part%200.jsonl?sig=hush-hush");
  const auto run = world_.sluice(world_.run_job());
  ASSERT_EQ(run.status, 0) << run.errors;
  EXPECT_EQ(world_.lines("out.jsonl").size(), 20U);
  EXPECT_THAT(server_.log().back(), HasSubstr("sig=hush-hush"));
  for (const std::string& text :
       {run.output, run.errors, world_.read("out.jsonl"), world_.read(".sluice/job/checkpoint.db")})
    EXPECT_THAT(text, Not(HasSubstr("hush-hush")));
}

}  // namespace
}  // namespace sluice::cli
