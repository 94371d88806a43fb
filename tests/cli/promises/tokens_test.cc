// Access tokens that expire while a job runs: no row is lost to it, one token is fetched at a time, and none of it is
// kept anywhere.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/json.h"
#include "tests/auth/rfc7515_key.h"
#include "tests/cli/stub_server.h"
#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using std::chrono::steady_clock;
using testing::HasSubstr;

constexpr double kLife = 1;               // seconds, of a token
constexpr double kSoonest = 0.7 * kLife;  // three quarters of it are used

// Google's token server and Vertex in one. A token is good for kLife after it was given out; the second one is
// withdrawn after fifty requests.
class GoogleStub {
 public:
  GoogleStub() : server_([this](const std::string& request, int) { return answer(request); }) {}
  std::string base_url() const { return server_.base_url(); }
  std::string origin() const { return base_url().substr(0, base_url().rfind('/')); }

  int exchanges = 0;
  int unneeded = 0;  // exchanges while the last token was good and none had been refused
  int refused = 0;
  int answered = 0;
  std::string unexpected;

 private:
  std::string answer(const std::string& request) {
    if (request.starts_with("POST /token ")) return exchange(request);
    if (!request.starts_with("POST /v1/projects/my-project/locations/us-east1/publishers/google/"
                             "models/gemini-2.5-flash:generateContent "))
      unexpected = request.substr(0, request.find("\r\n"));
    const double age = seconds_since(given_);
    const bool latest = request.contains(fmt::format("authorization: Bearer {}\r\n", token()));
    const bool good = latest && age < kLife && !(exchanges == 2 && used_ >= 50);
    if (!good) {
      ++refused;
      refused_since_ = refused_since_ || latest;
      return http_reply(401, "",
                        R"({"error":{"code":401,"status":"UNAUTHENTICATED","message":")" +
                            std::string("Request had invalid authentication credentials: ") +
                            token() + R"("}})");
    }
    ++used_;
    ++answered;
    return http_reply(
        200, "",
        R"({"candidates":[{"finishReason":"STOP","content":{"parts":[{"text":"{\"colour\":\"red\"}"}]}}],)"
        R"("usageMetadata":{"promptTokenCount":20,"candidatesTokenCount":3}})");
  }

  std::string exchange(const std::string& request) {
    if (!request.contains("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&"
                          "assertion=eyJ"))
      unexpected = request;
    if (exchanges > 0 && !refused_since_ && seconds_since(given_) < kSoonest) ++unneeded;
    ++exchanges;
    used_ = 0;
    refused_since_ = false;
    given_ = steady_clock::now();
    return http_reply(200, "",
                      fmt::format(R"({{"access_token":"{}","expires_in":"{}"}})", token(),
                                  static_cast<int>(kLife)));
  }

  std::string token() const { return fmt::format("ya29.stub-token-{}", exchanges); }
  static double seconds_since(steady_clock::time_point then) {
    return std::chrono::duration<double>(steady_clock::now() - then).count();
  }

  steady_clock::time_point given_;
  int used_ = 0;
  bool refused_since_ = false;
  StubServer server_;  // last: its threads call answer()
};

std::string key_file(const std::string& token_uri) {
  std::string json;
  core::JsonWriter w(json);
  w.open('{');
  w.field("type", "service_account");
  w.field("project_id", "my-project");
  w.field("private_key_id", "kid-1");
  w.field("private_key", auth::kRfc7515PrivateKey);
  w.field("client_email", "robot@my-project.iam.gserviceaccount.com");
  w.field("token_uri", token_uri);
  w.close('}');
  return json;
}

void write_token_job(const World& world, const std::string& endpoint) {
  world.write("job.lua", fmt::format(R"(local s = require "sluice"
return s.pipeline {{
  name = "job",
  s.read {{ "in.jsonl", key = "id" }},
  s.pack {{ rows = 1, user = "{{{{text}}}}", answer = {{ colour = s.one_of {{ "red", "green" }} }} }},
  s.dispatch {{ {} }},
  s.sink {{ "out.jsonl", rejects = "rejects.jsonl" }},
}})",
                                     endpoint));
}

// The files of the world that hold this text.
std::vector<std::string> files_with(const World& world, std::string_view text) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(world.path(""))) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    if (bytes.contains(text)) found.push_back(entry.path().filename());
  }
  return found;
}

TEST(Tokens, ThatExpireWhileAJobRunsLoseNoRow) {
  const World world;
  GoogleStub google;
  world.make_rows(2000);
  world.write("key.json", key_file(google.origin() + "/token"));
  // Five seconds at this rate.
  write_token_job(world,
                  fmt::format(R"(s.vertex {{ model = "gemini-2.5-flash", project = "my-project",
    region = "us-east1", credentials = "key.json", base_url = "{}", rpm = 24000 }})",
                              google.base_url()));
  const auto ended = world.sluice({"run", "job.lua"});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(google.unexpected, "");
  EXPECT_EQ(wrong_with_output(world, 2000), "");
  EXPECT_EQ(world.lines("out.jsonl").size(), 2000u) << "none is rejected";
  EXPECT_EQ(google.answered, 2000) << "each row is asked once";
  EXPECT_GE(google.exchanges, 4);
  EXPECT_GE(google.refused, 1) << "the second token was withdrawn";
  EXPECT_EQ(google.unneeded, 0);
  EXPECT_THAT(files_with(world, "ya29.stub"), testing::IsEmpty());
  EXPECT_THAT(files_with(world, auth::kRfc7515PrivateKey.substr(100, 40)),
              testing::ElementsAre("key.json"));
  EXPECT_THAT(ended.errors + ended.output, testing::Not(HasSubstr("ya29.stub")));
}

TEST(Tokens, OfACredentialFileThatCannotBeUsedEndTheRunBeforeItBegins) {
  const World world;
  world.make_rows(3);
  world.write("key.json", key_file("https://tokens.evil.example/token"));
  write_token_job(world, R"(s.vertex { model = "m", project = "p", credentials = "key.json" })");
  const auto ended = world.sluice({"run", "job.lua"});
  EXPECT_EQ(ended.status, 3);
  EXPECT_THAT(ended.errors, HasSubstr("token_uri of the Google credential file"));
  const auto checked = world.sluice({"check", "job.lua"});
  EXPECT_EQ(checked.status, 0) << checked.errors;
  EXPECT_THAT(checked.output, HasSubstr("key.json"));
}

TEST(Tokens, AreNotFetchedForAnAddressThatIsNotTheServices) {
  const World world;
  world.make_rows(1);
  GoogleStub google;
  write_token_job(world,
                  fmt::format(R"(s.vertex {{ model = "gemini-2.5-flash", project = "my-project",
    region = "us-east1", base_url = "{}" }})",
                              google.base_url()));
  world.write("adc.json", key_file(google.origin() + "/token"));
  Process process(world.path(""), "ambient",
                  {"/usr/bin/env", "GOOGLE_APPLICATION_CREDENTIALS=" + world.path("adc.json"),
                   SLUICE_PROGRAM, "run", "job.lua"});
  EXPECT_NE(process.wait(), 0);
  EXPECT_EQ(google.exchanges, 0);
  EXPECT_THAT(process.errors(), HasSubstr("401"));
}

}  // namespace
}  // namespace sluice::cli
