// Amazon Bedrock from the pipeline file to the wire, before a server that checks each signature.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "auth/sigv4.h"
#include "tests/cli/stub_server.h"
#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

void write_bedrock_job(const World& world, const std::string& options) {
  world.write("job.lua", R"(local s = require "sluice"
return s.pipeline {
  name = "job",
  s.read { "in.jsonl", key = "id" },
  s.pack { user = "{{text}}", answer = { colour = s.one_of { "red", "green", "blue" } } },
  s.dispatch { s.bedrock { model = "us.vendor.m-v1:0", price = { input = 1, output = 2 }, )" +
                             options + R"( } },
  s.sink { "out.jsonl" },
})");
}

std::string key_file(int session) {
  return fmt::format(
      "[p]\naws_access_key_id = KEY{0}\naws_secret_access_key = zq-secret/{0}\n"
      "aws_session_token = zq-session/{0}==\n",
      session);
}

// The session that has signed `request`, 0 when none has: as AWS would find it out.
int session_of(const std::string& request) {
  const std::size_t end = request.find("\r\n\r\n");
  const std::string_view head = std::string_view(request).substr(0, end);
  std::vector<auth::SigningHeader> headers;
  std::string_view authorization;
  for (std::size_t at = head.find("\r\n"); at != head.npos;) {
    const std::size_t next = head.find("\r\n", at + 2);
    const std::string_view line = head.substr(at + 2, next - at - 2);
    const std::size_t colon = line.find(": ");
    headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
    if (line.starts_with("authorization")) authorization = headers.back().second;
    at = next;
  }
  const auto claim = auth::read_signature(authorization);
  if (!claim || claim->service != "bedrock" || claim->region != "eu-west-1") return 0;
  const std::size_t path = head.find(' ') + 1;
  const std::vector<std::shared_ptr<const std::string>> body = {
      std::make_shared<const std::string>(request.substr(end + 4))};
  for (const int session : {1, 2}) {
    if (claim->key_id != fmt::format("KEY{}", session)) continue;
    if (!head.contains(fmt::format("x-amz-security-token: zq-session/{}==", session))) return 0;
    const bool fits =
        auth::sigv4_fits(*claim, core::Secret(fmt::format("zq-secret/{}", session)), false,
                         {.method = "POST",
                          .authority = {},
                          .path = head.substr(path, head.find(' ', path) - path),
                          .body = body},
                         headers);
    return fits ? session : 0;
  }
  return 0;
}

std::string converse_reply() {
  return http_reply(
      200, "Content-Type: application/json\r\n",
      R"({"output":{"message":{"role":"assistant","content":[{"text":"{\"colour\":\"red\"}"}]}},)"
      R"("stopReason":"end_turn","usage":{"inputTokens":20,"outputTokens":5,"totalTokens":25}})");
}

std::string bedrock_error(int status, const std::string& name) {
  return http_reply(status, fmt::format("x-amzn-errortype: {}:http://x/\r\n", name),
                    R"({"message":"as the test wants it"})");
}

TEST(Bedrock, ASessionThatExpiresInMidJobIsRenewedOnceAndNoRowIsLost) {
  constexpr int kRows = 2000;
  World world;
  world.make_rows(kRows);
  world.write("keys", key_file(1));
  int answered = 0;
  int expired = 0;
  int wrong = 0;
  bool renewed = false;
  StubServer server([&](const std::string& request, int) {
    const int session = session_of(request);
    if (session == 0) return ++wrong, bedrock_error(403, "InvalidSignatureException");
    if (session == 1 && answered >= kRows / 2) {
      ++expired;
      // As a tool beside the job renews the file.
      if (!std::exchange(renewed, true)) world.write("keys", key_file(2));
      return bedrock_error(403, "ExpiredTokenException");
    }
    ++answered;
    return converse_reply();
  });
  write_bedrock_job(world,
                    fmt::format(R"(base_url = "{}", region = "eu-west-1", max_concurrency = 8,
                                          credentials = "{}#p")",
                                server.base_url(), world.path("keys")));
  const auto ended = world.sluice({"run", "job.lua"});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(wrong_with_output(world, kRows), "");
  EXPECT_EQ(world.lines("out.jsonl").size(), static_cast<std::size_t>(kRows));
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(answered, kRows);
  EXPECT_GE(expired, 1);
  EXPECT_LE(expired, 8);  // those that were in flight
  EXPECT_THAT(ended.output + ended.errors, Not(HasSubstr("zq-")));
}

TEST(Bedrock, KeysThatAreWrongEndTheRunAndSayWhy) {
  World world;
  world.make_rows(3);
  StubServer server([](const std::string&, int) {
    return http_reply(
        403,
        "x-amzn-errortype: InvalidSignatureException\r\n"
        "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n",
        R"({"message":"The canonical request was:\nx-amz-security-token:zq-session"})");
  });
  write_bedrock_job(world, fmt::format(R"(base_url = "{}", region = "eu-west-1",
                                          credentials = "KEY1:zq-secret:zq-session")",
                                       server.base_url()));
  const auto ended = world.sluice({"run", "job.lua"});
  EXPECT_NE(ended.status, 0);
  EXPECT_THAT(ended.errors, HasSubstr("this machine's clock is "));
  EXPECT_THAT(ended.errors, HasSubstr("InvalidSignatureException"));
  EXPECT_THAT(ended.output + ended.errors, Not(HasSubstr("zq-")));
}

TEST(Bedrock, TheMachinesKeysGoToNoOtherAddress) {
  World world;
  world.make_rows(3);
  ::setenv("AWS_BEARER_TOKEN_BEDROCK", "zq-token", 1);
  StubServer server([](const std::string&, int) { return converse_reply(); });
  write_bedrock_job(world,
                    fmt::format(R"(base_url = "{}", region = "eu-west-1")", server.base_url()));
  const auto ended = world.sluice({"run", "job.lua"});
  ::unsetenv("AWS_BEARER_TOKEN_BEDROCK");
  EXPECT_EQ(ended.status, 3);
  EXPECT_THAT(ended.errors, HasSubstr("go to Bedrock's own addresses alone"));
  EXPECT_THAT(ended.errors, Not(HasSubstr("zq-")));
  EXPECT_EQ(server.requests(), 0);
}

}  // namespace
}  // namespace sluice::cli
