// sluice redo: rejects go back to pending, and the next run asks exactly these.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/stub_server.h"
#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class RedoCommand : public testing::Test {
 protected:
  // 20 good rows, two that the template cannot render, one that is no JSON.
  RedoCommand() {
    world_.make_rows(20);
    world_.write("in.jsonl",
                 world_.read("in.jsonl") + "{\"id\":\"T-20\"}\n{\"id\":\"T-21\"}\nno json\n");
    world_.make_job(1);
  }
  World::Ended command(const std::string& name, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {name, "job.lua", "--set", "base_url=http://none"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return world_.sluice(arguments);
  }
  World world_;
};

TEST_F(RedoCommand, TheNextRunAsksExactlyTheRowsThatWereTakenBack) {
  world_.start_mock({"--garble", "1"});
  EXPECT_EQ(world_.sluice(world_.run_job()).status, 1);
  EXPECT_EQ(world_.status().rejected, 23u);
  const auto redo = command("redo", {"--reason", "bad_answer"});
  EXPECT_EQ(redo.status, 0) << redo.errors;
  EXPECT_EQ(redo.output,
            "job: 20 rejects for the reason 'bad_answer' taken back: `sluice run job.lua` asks "
            "them again\n");
  const JobStatus between = world_.status();
  EXPECT_EQ(between.read, 23u);
  EXPECT_EQ(between.rejected, 3u);
  EXPECT_EQ(between.pending, 20u);
  const auto audited = command("audit");
  EXPECT_EQ(audited.status, 0) << audited.output;
  EXPECT_THAT(audited.output, HasSubstr("23 in the input = 0 answered + 3 rejected + 20 pending"));
  EXPECT_THAT(audited.output, HasSubstr("20 lines are of rows taken back"));

  world_.start_mock();
  EXPECT_EQ(world_.sluice(world_.run_job()).status, 1) << "three rows cannot be asked";
  EXPECT_EQ(world_.mock_stats().requests, 20u);
  const JobStatus after = world_.status();
  EXPECT_EQ(after.answered, 20u);
  EXPECT_EQ(after.rejected, 3u);
  EXPECT_EQ(after.pending, 0u);
  EXPECT_EQ(world_.lines("out.jsonl").size(), 20u);
  EXPECT_EQ(world_.lines("out.rejects.jsonl").size(), 3u);
  EXPECT_EQ(command("rejects", {"--json"}).output, world_.read("out.rejects.jsonl"));
  EXPECT_EQ(command("audit").status, 0);
}

TEST_F(RedoCommand, WithoutAReasonAllAreTakenBackAndTheOutputStays) {
  world_.start_mock();
  ASSERT_EQ(world_.sluice(world_.run_job()).status, 1);
  const std::string answers = world_.read("out.jsonl");
  const std::string rejects = world_.read("out.rejects.jsonl");
  EXPECT_THAT(command("redo").output, HasSubstr("job: 3 rejects taken back"));
  EXPECT_EQ(world_.status().pending, 3u);
  EXPECT_THAT(command("redo").output, HasSubstr("job: no rejects to take back"));
  EXPECT_EQ(world_.read("out.rejects.jsonl"), rejects) << "until the next run";

  const std::uint64_t asked = world_.mock_stats().requests;
  world_.write(
      "in.jsonl",
      world_.read("in.jsonl").substr(0, world_.read("in.jsonl").find("{\"id\":\"T-20\"}")) +
          "{\"id\":\"T-20\",\"text\":\"mended\"}\n");
  EXPECT_EQ(world_.sluice(world_.run_job()).status, 0) << "the bad rows are mended or gone";
  EXPECT_EQ(world_.mock_stats().requests, asked + 1);
  EXPECT_TRUE(world_.read("out.jsonl").starts_with(answers));
  EXPECT_EQ(world_.read("out.rejects.jsonl"), "");
  EXPECT_EQ(command("audit").status, 0);
}

TEST_F(RedoCommand, NothingOfAReasonIsSaidAndChangesNothing) {
  world_.start_mock();
  ASSERT_EQ(world_.sluice(world_.run_job()).status, 1);
  const auto none = command("redo", {"--reason", "no_kee"});
  EXPECT_EQ(none.status, 0);
  EXPECT_EQ(none.output,
            "job: no rejects for the reason 'no_kee' to take back; `sluice rejects` shows what "
            "there are\n");
  EXPECT_EQ(world_.status().rejected, 3u);
}

TEST_F(RedoCommand, IsRefusedWhileTheJobRunsAndWhereItNeverDid) {
  const auto never = command("redo");
  EXPECT_EQ(never.status, 5);
  EXPECT_THAT(never.errors, HasSubstr("the job was never run here"));
  world_.start_mock({"--hang", "1"});
  const auto run = world_.start(world_.run_job());
  world_.wait_for_requests(1);
  Process redo(world_.path(""), "redo",
               {SLUICE_PROGRAM, "redo", "job.lua", "--set", "base_url=http://none"});
  EXPECT_EQ(redo.wait(), 5);
  EXPECT_THAT(redo.errors(), HasSubstr("is being run by process"));
}

TEST_F(RedoCommand, AChangedQuestionHasNothingToTakeBack) {
  world_.start_mock();
  ASSERT_EQ(world_.sluice(world_.run_job()).status, 1);
  std::string job = world_.read("job.lua");
  job.replace(job.find("Say the colour"), 14, "Name a colour!");
  world_.write("job.lua", job);
  const auto redo = command("redo");
  EXPECT_EQ(redo.status, 3);
  EXPECT_THAT(redo.errors, HasSubstr("asks another question"));
}

// Two of ten rows are refused by the endpoint at /v1.
class ChangedEndpoint : public testing::Test {
 protected:
  ChangedEndpoint() { world_.make_rows(10); }
  World::Ended run(const std::string& endpoint) const {
    world_.make_job(1, "name = \"e\", " + endpoint);
    return world_.sluice({"run", "job.lua", "--set", "base_url=" + server_.base_url()});
  }
  World world_;
  bool refuses_ = true;
  StubServer server_{[this](const std::string& request, int) {
    const bool one =
        request.find("number 3 ") != request.npos || request.find("number 7 ") != request.npos;
    return one && refuses_ ? http_reply(403, "", "no") : good_answer();
  }};
};

TEST_F(ChangedEndpoint, RowsThatItHadRefusedAreAskedAgainByThemselves) {
  EXPECT_EQ(run("timeout = \"20s\"").status, 1);
  EXPECT_EQ(world_.status().rejected, 2u);
  refuses_ = false;
  const auto same = run("timeout = \"20s\"");
  EXPECT_EQ(same.status, 1) << "nothing has changed";
  EXPECT_THAT(same.errors, Not(HasSubstr("asked again")));
  EXPECT_EQ(server_.requests(), 10);

  const auto changed = run("timeout = \"30s\"");
  EXPECT_EQ(changed.status, 0) << changed.output;
  EXPECT_THAT(changed.errors, HasSubstr("note: 2 rejected rows are asked again: the options of the "
                                        "endpoints that had refused or failed them have changed "
                                        "since\n"));
  EXPECT_EQ(server_.requests(), 12);
  EXPECT_EQ(world_.status().rejected, 0u);
  EXPECT_EQ(world_.lines("out.jsonl").size(), 10u);
  EXPECT_EQ(world_.lines("out.rejects.jsonl").size(), 0u);
}

TEST_F(ChangedEndpoint, OnesThatTheCheckOfTheirAnswersRejectedStay) {
  world_.start_mock({"--garble", "1"});
  const auto at_mock = [&](const std::string& timeout) {
    world_.make_job(1, "name = \"e\", timeout = \"" + timeout + "\"");
    return world_.sluice(world_.run_job());
  };
  EXPECT_EQ(at_mock("20s").status, 1);
  EXPECT_EQ(world_.status().rejected, 10u);
  const auto changed = at_mock("30s");
  EXPECT_THAT(changed.errors, Not(HasSubstr("asked again")));
  EXPECT_EQ(world_.status().rejected, 10u);
}

}  // namespace
}  // namespace sluice::cli
