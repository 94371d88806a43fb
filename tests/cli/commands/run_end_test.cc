// How the end of a run is told: the webhook of on_end, --notify and --summary.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <csignal>
#include <mutex>

#include "notify/webhook.h"
#include "tests/cli/stub_server.h"
#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

// Takes messages, and refuses the first `refused` of them with a 503.
class Hook {
 public:
  explicit Hook(int refused = 0, int status = 503)
      : server_([this, refused, status](const std::string& request, int number) {
          const std::lock_guard lock(mutex_);
          requests_.push_back(request);
          return number < refused ? http_reply(status, "", "later") : http_reply(204, "", "");
        }) {}
  std::string option() const {
    return fmt::format("on_end = {{ webhook = \"{}/SECRETPATH?t=1\", secret = \"{}\" }}",
                       server_.base_url(), kSecret);
  }
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  StubServer server_;
};

std::string header(const std::string& request, const std::string& name) {
  const std::size_t at = request.find("\r\n" + name + ": ");
  if (at == request.npos) return {};
  const std::size_t from = at + name.size() + 4;
  return request.substr(from, request.find("\r\n", from) - from);
}

std::string body(const std::string& request) {
  return request.substr(request.find("\r\n\r\n") + 4);
}

// Of a message: its type, after its signature was checked.
std::string type_of(const std::string& request) {
  const auto key = notify::signing_key(core::Secret(kSecret));
  EXPECT_EQ(header(request, "webhook-signature"),
            notify::signature_of(*key, {header(request, "webhook-id"), body(request)},
                                 std::stoll(header(request, "webhook-timestamp"))));
  EXPECT_THAT(request, testing::StartsWith("POST /v1/SECRETPATH?t=1 HTTP/1.1\r\n"));
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  std::string_view type;
  EXPECT_EQ(parser.parse(body(request)).get(json), simdjson::SUCCESS);
  EXPECT_EQ(json["type"].get(type), simdjson::SUCCESS);
  return std::string(type);
}

std::vector<std::string> types_of(const Hook& hook) {
  std::vector<std::string> types;
  for (const std::string& request : hook.requests()) types.push_back(type_of(request));
  return types;
}

class RunEnd : public testing::Test {
 protected:
  RunEnd() {
    world_.make_rows(20);
    world_.start_mock();
  }
  World::Ended run(std::vector<std::string> more = {}) {
    auto arguments = world_.run_job();
    arguments.insert(arguments.end(), more.begin(), more.end());
    return world_.sluice(arguments);
  }
  World world_;
};

TEST_F(RunEnd, OfAFinishedRunIsPostedOnceWithItsSummary) {
  const Hook hook;
  world_.make_job(5, "", hook.option());
  const auto ended = run();
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_THAT(types_of(hook), ElementsAre("sluice.run.finished"));
  EXPECT_THAT(body(hook.requests().front()), HasSubstr(R"("data":{"event":"finished","time":")"));
  EXPECT_THAT(body(hook.requests().front()), HasSubstr(R"("rows_answered":20,)"));
  EXPECT_THAT(body(hook.requests().front()), testing::EndsWith(R"("end":"finished","exit":0}})"));
}

TEST_F(RunEnd, OfAStoppedRunIsPostedAsStopped) {
  const Hook hook;
  world_.make_rows(500);
  world_.start_mock({"--latency-ms", "50"});
  world_.make_job(1, "max_concurrency = 1", hook.option());
  const auto process = world_.start(world_.run_job());
  world_.wait_for_requests(2);
  process->signal(SIGINT);
  EXPECT_EQ(process->wait(), 4) << process->errors();
  EXPECT_THAT(types_of(hook), ElementsAre("sluice.run.stopped"));
  EXPECT_THAT(body(hook.requests().front()), testing::EndsWith(R"("end":"stopped","exit":4}})"));
}

TEST_F(RunEnd, OfAFailedRunIsPostedWithItsError) {
  const Hook hook;
  world_.make_job(5, "", hook.option());
  ASSERT_EQ(::unlink(world_.path("in.jsonl").c_str()), 0);
  const auto ended = run();
  EXPECT_EQ(ended.status, 5) << ended.errors;
  EXPECT_THAT(types_of(hook), ElementsAre("sluice.run.failed"));
  EXPECT_THAT(body(hook.requests().front()),
              testing::ContainsRegex(R"("end":"failed","exit":5,"error":\{"message":"[^"]+",)"));
}

TEST_F(RunEnd, OfARunThatFailsInTheMiddleHasTheSummaryToo) {
  const Hook hook;
  world_.start_mock({"--key", "right"});
  world_.make_job(5, "key = \"wrong\"", hook.option());
  EXPECT_EQ(run().status, 5);
  EXPECT_THAT(types_of(hook), ElementsAre("sluice.run.failed"));
  const std::string message = body(hook.requests().front());
  EXPECT_THAT(message, HasSubstr(R"("rows_pending":20,)"));
  EXPECT_THAT(message, HasSubstr(R"("end":"failed","exit":5,"error":{"message":"no endpoint is)"));
}

TEST_F(RunEnd, IsPostedAgainUnderOneIdWhereTheServerCannotTakeIt) {
  const Hook hook(1);
  world_.make_job(5, "", hook.option());
  EXPECT_EQ(run().status, 0);
  EXPECT_THAT(types_of(hook), ElementsAre("sluice.run.finished", "sluice.run.finished"));
  EXPECT_EQ(header(hook.requests()[0], "webhook-id"), header(hook.requests()[1], "webhook-id"));
  EXPECT_EQ(body(hook.requests()[0]), body(hook.requests()[1]));
}

TEST_F(RunEnd, ThatNoServerTakesIsANoteWithoutTheAddressesPath) {
  const Hook hook(9, 404);
  world_.make_job(5, "", hook.option());
  const auto ended = run();
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(
      ended.errors,
      testing::ContainsRegex("note: the webhook of on_end was not told: http://127.0.0.1:[0-9]+: "
                             "HTTP 404 \\(sent 1 time\\)"));
  EXPECT_THAT(ended.errors + ended.output, Not(HasSubstr("SECRETPATH")));
  EXPECT_EQ(hook.requests().size(), 1u);
}

TEST_F(RunEnd, ACommandHasTheSummaryAndItsVariables) {
  world_.make_job(5);
  const auto ended =
      run({"--notify",
           "cat > told.json; echo \"$SLUICE_JOB $SLUICE_END $SLUICE_EXIT\" > told.txt; "
           "echo of the command",
           "--summary", "summary.json"});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(world_.read("told.txt"), "job finished 0\n");
  EXPECT_EQ(world_.read("told.json"), world_.read("summary.json"));
  EXPECT_THAT(world_.read("told.json"), testing::StartsWith(R"({"event":"finished","time":")"));
  EXPECT_THAT(world_.read("told.json"), testing::EndsWith("\"end\":\"finished\",\"exit\":0}\n"));
  EXPECT_THAT(ended.errors, HasSubstr("of the command\n"));
  EXPECT_THAT(ended.output, Not(HasSubstr("of the command")));
}

TEST_F(RunEnd, ACommandThatFailsIsANote) {
  world_.make_job(5);
  const auto ended = run({"--notify", "exit 7"});
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(ended.errors, HasSubstr("note: the command of --notify ended with status 7\n"));
}

TEST_F(RunEnd, ACommandIsEndedWithAllThatItHasStartedAtASignal) {
  const Hook hook;
  world_.make_job(5, "", hook.option());
  auto arguments = world_.run_job();
  arguments.insert(arguments.end(), {"--notify", "(echo $$ > pid; sleep 1000); exit 0"});
  const auto process = world_.start(arguments);
  ASSERT_TRUE(process->runs_until([&] { return world_.read("pid").ends_with('\n'); }))
      << process->errors();
  process->signal(SIGINT);
  EXPECT_EQ(process->wait(std::chrono::seconds(20)), 0);
  EXPECT_THAT(process->errors(),
              HasSubstr("note: the command of --notify was interrupted, and ended\n"));
  EXPECT_THAT(process->errors(), HasSubstr("was not told: http://127.0.0.1:"));
  EXPECT_TRUE(hook.requests().empty());
}

TEST_F(RunEnd, OfAFileThatDoesNotLoadIsToldToo) {
  world_.write("job.lua", "return 7\n");
  const auto ended =
      run({"--summary", "summary.json", "--notify", "echo $SLUICE_END $SLUICE_EXIT"});
  EXPECT_EQ(ended.status, 3);
  EXPECT_THAT(ended.errors, testing::EndsWith("failed 3\n"));
  EXPECT_THAT(world_.read("summary.json"),
              testing::MatchesRegex(
                  R"(\{"event":"failed","time":"[^"]+",.*"file":"job.lua","end":"failed","exit":3,)"
                  R"("error":\{"message":"the file returns 7, not a pipeline",.*\}\}.)"));
}

TEST_F(RunEnd, ASummaryTakesNoNameOfTheJobsFiles) {
  world_.make_job(5);
  for (const std::string name : {"job.lua", "in.jsonl", "out.jsonl"}) {
    const std::string before = name == "out.jsonl" ? "" : world_.read(name);
    const auto ended = run({"--summary", name});
    EXPECT_EQ(ended.status, 2) << name;
    EXPECT_THAT(ended.errors, HasSubstr("another name"));
    if (!before.empty()) {
      EXPECT_EQ(world_.read(name), before);
    }
  }
  EXPECT_EQ(run({"--summary", "-"}).status, 2);
  EXPECT_THAT(run({"--summary", "no/summary.json"}).errors, HasSubstr("there is no folder no"));
}

TEST_F(RunEnd, CheckShowsTheServerAndWhatIsWrong) {
  world_.make_job(5, "",
                  "on_end = { webhook = \"http://example.com/SECRETPATH\", secret = s.secret "
                  "\"SLUICE_TEST_HOOK\" }");
  const auto ended = world_.sluice({"check", "job.lua", "--set", "base_url=http://none/v1"});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_THAT(ended.output, HasSubstr("http://example.com (the run's end)"));
  EXPECT_THAT(ended.output, HasSubstr("SLUICE_TEST_HOOK (not set)"));
  EXPECT_THAT(ended.output, HasSubstr("the run's end is told to http://example.com in clear text"));
  EXPECT_THAT(ended.output + ended.errors, Not(HasSubstr("SECRETPATH")));
}

}  // namespace
}  // namespace sluice::cli
