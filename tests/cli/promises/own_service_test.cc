// A service that no version of sluice knows, described in the pipeline file: its key's header, what
// its errors mean, which headers tell its quotas.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/stub_server.h"
#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kProfile = R"(profile = {
      title = "the archive", auth = "x-api-key", output_limit = "most_tokens",
      errors = {
        { status = 430, words = "come back tomorrow", action = "stop", cause = "daily_quota" },
        { status = 400, to = 499, name = "not_for_us", action = "reject", cause = "content_filter" },
        { status = 503, action = "move" },
      },
      rate_headers = {
        { name = "X-Calls-Allowed", quota = "rpm", part = "limit", per = "second" },
      },
    })";

std::string job(const StubServer& server, std::string_view profile) {
  return fmt::format(R"(local s = require "sluice"
return s.pipeline {{
  name = "job",
  s.read {{ "in.jsonl", key = "id" }},
  s.pack {{ user = "{{{{text}}}}", answer = {{ colour = s.one_of {{ "red", "green", "blue" }}, size = s.int }} }},
  s.dispatch {{ s.openai {{ model = "m", base_url = s.param("base_url", "{}"), key = "key-of-the-archive",
    max_output_tokens = 9, max_concurrency = 1, {} }} }},
  s.sink {{ "out.jsonl" }},
}})",
                     server.base_url(), profile);
}

TEST(OwnService, IsAskedAsTheFileSays) {
  World world;
  world.make_rows(3);
  std::string last;
  const StubServer server([&](const std::string& request, int) {
    last = request;
    return good_answer();
  });
  world.write("job.lua", job(server, kProfile));
  const auto ended = world.sluice({"run", "job.lua"});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(world.status().answered, 3u);
  EXPECT_THAT(last, HasSubstr("x-api-key: key-of-the-archive"));
  EXPECT_THAT(last, Not(HasSubstr("Bearer")));
  EXPECT_THAT(last, HasSubstr("\"most_tokens\":9"));
}

TEST(OwnService, ItsErrorsMeanWhatTheFileSays) {
  World world;
  world.make_rows(3);
  const StubServer server([&](const std::string&, int number) {
    if (number == 0) return good_answer();
    if (number == 1)
      return http_reply(451, "", R"({"error":{"type":"not_for_us","message":"no"}})");
    return http_reply(430, "", R"({"error":{"message":"Enough; come back tomorrow."}})");
  });
  world.write("job.lua", job(server, kProfile));
  const auto ended = world.sluice({"run", "job.lua"});
  EXPECT_EQ(server.requests(), 3) << ended.errors;
  const JobStatus status = world.status();
  EXPECT_EQ(status.answered, 1u);
  EXPECT_EQ(status.rejected, 1u);
  EXPECT_EQ(status.pending, 1u);
  EXPECT_THAT(ended.output + ended.errors, HasSubstr("come back tomorrow"));
  EXPECT_THAT(world.read("out.rejects.jsonl"), HasSubstr("content_filter"));
}

TEST(OwnService, AMistakeInItsProfileIsShownWhereItStands) {
  World world;
  world.make_rows(1);
  const StubServer server([](const std::string&, int) { return std::string(); });
  const auto mistake = [&](std::string_view profile) {
    world.write("job.lua", job(server, profile));
    const auto ended = world.sluice({"check", "job.lua"});
    EXPECT_EQ(ended.status, 3) << ended.output;
    return ended.errors;
  };
  EXPECT_THAT(mistake("profile = { errors = { { status = 430, action = \"halt\" } } }"),
              HasSubstr("action must be one of \"retry\""));
  EXPECT_THAT(mistake("profile = { errors = { { status = 430 } } }"),
              HasSubstr("missing option 'action' for error"));
  EXPECT_THAT(mistake("profile = { errors = { { status = 430, to = 400, action = \"stop\" } } }"),
              HasSubstr("to must not be less than status"));
  EXPECT_THAT(mistake("profile = { rate_headers = { { name = \"x\", quota = \"rpm\" } } }"),
              HasSubstr("missing option 'part' for rate_header"));
  EXPECT_THAT(mistake("profile = { autho = \"bearer\" }"), HasSubstr("did you mean 'auth'?"));
}

}  // namespace
}  // namespace sluice::cli
