// sluice run --dry-run: the requests of a run, without the run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/cli/stub_server.h"
#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class DryRun : public testing::Test {
 protected:
  DryRun() { world_.make_rows(10); }
  World::Ended dry_run(std::vector<std::string> more = {},
                       const std::string& url = "http://127.0.0.1:1/v1") const {
    std::vector<std::string> arguments = {"run", "job.lua", "--dry-run", "--set",
                                          "base_url=" + url};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return world_.sluice(arguments);
  }
  static std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0, end; (end = text.find('\n', at)) != text.npos; at = end + 1)
      lines.push_back(text.substr(at, end - at));
    return lines;
  }
  World world_;
};

TEST_F(DryRun, BodiesAreTheBytesThatARunSends) {
  std::vector<std::string> sent;
  StubServer server([&](const std::string& request, int) {
    sent.push_back(request.substr(request.find("\r\n\r\n") + 4));
    return http_reply(500, "", "{}");
  });
  world_.make_job(4);
  const auto ended = dry_run({}, server.base_url());
  ASSERT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(server.requests(), 0);
  std::vector<std::string> planned;
  for (const std::string& line : lines_of(ended.output)) {
    const std::size_t body = line.find("\"body\":") + 7;
    planned.push_back(line.substr(body, line.size() - body - 1));
    EXPECT_THAT(line, HasSubstr("\"method\":\"POST\",\"url\":\"" + server.base_url() +
                                "/chat/completions\""));
  }
  ASSERT_EQ(planned.size(), 3u);
  EXPECT_THAT(ended.output, HasSubstr("\"rows\":[\"T-0\",\"T-1\",\"T-2\",\"T-3\"]"));

  {
    const auto run = world_.start({"run", "job.lua", "--set", "base_url=" + server.base_url()});
    ASSERT_TRUE(run->runs_until([&] { return server.requests() >= 3; }));
  }
  for (const std::string& body : planned)
    EXPECT_NE(std::ranges::find(sent, body), sent.end()) << body;
}

TEST_F(DryRun, NeedsNoKeyAndLeavesNothingBehind) {
  world_.make_job(4, "key = s.secret \"SLUICE_TEST_NOT_SET\",");
  const auto ended = dry_run();
  ASSERT_EQ(ended.status, 0) << ended.errors;
  EXPECT_THAT(ended.output, HasSubstr("\"authorization\":\"Bearer ***\""));
  EXPECT_FALSE(world_.has_checkpoint());
  EXPECT_EQ(world_.read("out.jsonl"), "");
}

TEST_F(DryRun, AKeyInTheFileIsMasked) {
  world_.make_job(4, "key = \"sk-very-secret-key\",");
  const auto ended = dry_run();
  ASSERT_EQ(ended.status, 0) << ended.errors;
  EXPECT_THAT(ended.output, Not(HasSubstr("very-secret")));
}

TEST_F(DryRun, SaysWhatItWouldTake) {
  world_.make_job(4);
  const auto ended = dry_run({"--rows", "6"});
  EXPECT_EQ(lines_of(ended.output).size(), 2u);
  EXPECT_THAT(ended.errors, HasSubstr("6 read, 6 to be asked (of the first 6)"));
  EXPECT_THAT(ended.errors, HasSubstr("requests  2\n"));
  EXPECT_THAT(ended.errors, HasSubstr("at 4 bytes a token"));
  EXPECT_THAT(ended.errors, HasSubstr("cost      about $"));
}

TEST_F(DryRun, LeavesOutWhatEndedBefore) {
  world_.make_job(1);
  world_.start_mock();
  auto run = world_.run_job();
  run.insert(run.end(), {"--limit", "4"});
  ASSERT_EQ(world_.sluice(run).status, 0);
  const auto ended = dry_run({}, world_.base_url());
  EXPECT_EQ(lines_of(ended.output).size(), 6u);
  EXPECT_THAT(ended.errors,
              HasSubstr("10 read, 6 to be asked\n            4 ended in earlier runs"));
  EXPECT_EQ(world_.status().answered, 4u);
  // A new generation: answers count by their question.
  world_.write("job.lua", [&] {
    std::string text = world_.read("job.lua");
    return text.replace(text.find("\"out.jsonl\""), 11, "\"other.jsonl\"");
  }());
  const auto changed = dry_run({}, world_.base_url());
  EXPECT_EQ(lines_of(changed.output).size(), 6u) << changed.errors;
  EXPECT_THAT(changed.errors, HasSubstr("4 answered by the answer to an equal question"));
}

TEST_F(DryRun, NamesWhatWouldBeRejectedUnasked) {
  world_.write("in.jsonl",
               "{\"id\":\"a\",\"text\":\"fine\"}\nno json\n{\"id\":\"b\"}\n{\"id\":\"c\"}\n");
  world_.make_job(4);
  const auto ended = dry_run();
  EXPECT_EQ(ended.status, 1);
  EXPECT_EQ(lines_of(ended.output).size(), 1u);
  EXPECT_THAT(ended.errors,
              HasSubstr("2 rejected unasked: missing_field: the template needs the field 'text'"));
  EXPECT_THAT(ended.errors, HasSubstr("1 rejected unasked: not_json: "));
}

TEST_F(DryRun, ReadsWhatARunReads) {
  world_.make_job(4);
  world_.write("in.csv", "id,text\nT-0,\"one, two\"\nT-1,three\n");
  world_.write("job.lua", [&] {
    std::string text = world_.read("job.lua");
    return text.replace(text.find("in.jsonl"), 8, "in.csv");
  }());
  const auto ended = dry_run();
  ASSERT_EQ(ended.status, 0) << ended.errors;
  EXPECT_THAT(ended.output, HasSubstr("one, two"));
  EXPECT_THAT(ended.errors, HasSubstr("2 read, 2 to be asked"));
}

TEST_F(DryRun, AsksEqualQuestionsOnce) {
  world_.write("in.jsonl",
               "{\"id\":\"a\",\"text\":\"same\"}\n{\"id\":\"b\",\"text\":\"same\"}\n"
               "{\"id\":\"c\",\"text\":\"other\"}\n");
  world_.make_job(1);
  const auto ended = dry_run();
  EXPECT_EQ(lines_of(ended.output).size(), 2u);
  EXPECT_THAT(ended.errors, HasSubstr("1 answered by the answer to an equal question"));
}

TEST_F(DryRun, WritesToAFileThatIsNotTheJobs) {
  world_.make_job(4);
  const auto ended = dry_run({"--to", "requests.jsonl"});
  ASSERT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(ended.output, "");
  EXPECT_EQ(world_.lines("requests.jsonl").size(), 3u);
  EXPECT_EQ(dry_run({"--to", "in.jsonl"}).status, 2);
  EXPECT_EQ(dry_run({"--to", "out.jsonl"}).status, 2);
  EXPECT_EQ(world_.sluice({"run", "job.lua", "--to", "requests.jsonl"}).status, 2);
}

}  // namespace
}  // namespace sluice::cli
