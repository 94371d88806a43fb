// sluice audit: what it proves, and that it names each kind of damage.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class AuditCommand : public testing::Test {
 protected:
  // A finished job of `rows` rows, with a key.
  void finish_job(std::size_t rows) {
    world_.make_rows(rows);
    world_.make_job(5);
    world_.start_mock();
    ASSERT_EQ(world_.sluice(world_.run_job()).status, 0);
  }
  World::Ended audit(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"audit", "job.lua", "--set", "base_url=http://none"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return world_.sluice(arguments);
  }
  // The job's files by name, with what stands in them.
  std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(world_.path(""))) {
      const std::string name = std::filesystem::relative(entry.path(), world_.path("")).string();
      if (entry.is_regular_file() && !name.ends_with(".out") && !name.ends_with(".err"))
        found[name] = world_.read(name);
    }
    return found;
  }
  void write_lines(const std::string& name, const std::vector<std::string>& lines) const {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    world_.write(name, text);
  }
  static std::string key_of(const std::string& line) { return line.substr(6, line.find(',') - 6); }

  World world_;
};

TEST_F(AuditCommand, ProvesAFinishedJobAndChangesNothing) {
  finish_job(300);
  const auto before = files();
  const auto ended = audit();
  EXPECT_EQ(ended.status, 0) << ended.output << ended.errors;
  EXPECT_THAT(ended.output, HasSubstr("job: proven"));
  EXPECT_THAT(ended.output,
              HasSubstr("300 in the input = 300 answered + 0 rejected + 0 pending\n"));
  EXPECT_EQ(files(), before);
}

TEST_F(AuditCommand, NamesEachKindOfDamage) {
  finish_job(300);
  std::vector<std::string> lines = world_.lines("out.jsonl");
  const std::string lost = key_of(lines[10]);
  const std::string doubled = key_of(lines[20]);
  const std::string different = key_of(lines[30]);
  const std::string torn = lines[40].substr(0, lines[40].size() / 2);
  const std::string torn_key = key_of(lines[40]);
  lines[30].replace(lines[30].find("\"size\":") + 7, 1, "0");
  lines[40] = torn;
  lines.push_back(lines[20]);
  lines.push_back(R"({"id":"X-1","colour":"red","size":1})");
  lines.erase(lines.begin() + 10);
  write_lines("out.jsonl", lines);

  const auto ended = audit();
  EXPECT_EQ(ended.status, 1) << ended.errors;
  EXPECT_THAT(ended.output, HasSubstr("job: NOT proven"));
  EXPECT_THAT(ended.output,
              HasSubstr("missing    2: ended, but no file has its line\n             " + lost +
                        "\n             " + torn_key + "\n"));
  EXPECT_THAT(ended.output, HasSubstr("duplicate  1: more often in the files than in the input\n"
                                      "             " +
                                      doubled + "  at out.jsonl:300\n"));
  EXPECT_THAT(ended.output, HasSubstr("unexpected 1: in a file, but not in the input\n"
                                      "             \"X-1\"  at out.jsonl:301\n"));
  EXPECT_THAT(ended.output, HasSubstr("truncated  1: no whole line\n             " + torn +
                                      "  at out.jsonl:40\n"));
  EXPECT_THAT(ended.output, HasSubstr("mismatched 1: not the line that the checkpoint has\n"
                                      "             " +
                                      different + "  at out.jsonl:30\n"));

  const auto json = audit({"--json"});
  EXPECT_EQ(json.status, 1);
  EXPECT_THAT(json.output, HasSubstr(R"("job":"job","proven":false,"rows":{"input":300,)"
                                     R"("answered":300,"rejected":0,"pending":0,"read":300})"));
  EXPECT_THAT(json.output, HasSubstr(R"("unexpected":{"count":1,"rows":[{"row":"\"X-1\"",)"
                                     R"("where":"out.jsonl:301"}]})"));
}

TEST_F(AuditCommand, NamesTheFirstTwentyAndCountsTheRest) {
  finish_job(100);
  std::vector<std::string> lines = world_.lines("out.jsonl");
  const std::string first = key_of(lines[0]);
  const std::string twentieth = key_of(lines[19]);
  const std::string next = key_of(lines[20]);
  lines.erase(lines.begin(), lines.begin() + 50);
  write_lines("out.jsonl", lines);
  const auto ended = audit();
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.output, HasSubstr("missing    50: "));
  EXPECT_THAT(ended.output, HasSubstr("             " + first + "\n"));
  EXPECT_THAT(ended.output,
              HasSubstr("             " + twentieth + "\n             and 30 more\n"));
  EXPECT_THAT(ended.output, Not(HasSubstr(next)));
}

TEST_F(AuditCommand, AMissingLineEndIsATornLine) {
  finish_job(20);
  std::string text = world_.read("out.jsonl");
  text.pop_back();
  world_.write("out.jsonl", text);
  const auto ended = audit();
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.output, HasSubstr("truncated  1: "));
  EXPECT_THAT(ended.output, HasSubstr("at out.jsonl:20\n"));
}

TEST_F(AuditCommand, ALineThatACrashCutOffIsToldAndIsNoFinding) {
  finish_job(20);
  world_.write("out.jsonl", world_.read("out.jsonl") + "{\"id\":\"T-");
  const auto ended = audit();
  EXPECT_EQ(ended.status, 0) << ended.output;
  EXPECT_THAT(ended.output, HasSubstr("cut off    a last line was being written"));
}

TEST_F(AuditCommand, ARemovedOutputIsLostAndTheNextRunMendsIt) {
  finish_job(30);
  const std::string whole = world_.read("out.jsonl");
  const auto asked = world_.mock_stats().requests;
  std::filesystem::remove(world_.path("out.jsonl"));
  EXPECT_THAT(audit().output, HasSubstr("missing    30: "));
  EXPECT_EQ(world_.sluice(world_.run_job()).status, 0);
  EXPECT_EQ(world_.read("out.jsonl"), whole);
  EXPECT_EQ(world_.mock_stats().requests, asked);
  EXPECT_EQ(audit().status, 0);
}

TEST_F(AuditCommand, RowsThatLeftTheInputAreForeignAndNewOnesPending) {
  finish_job(30);
  std::vector<std::string> rows = world_.lines("in.jsonl");
  rows.erase(rows.begin() + 7);
  rows.push_back(R"({"id":"new","text":"a new row"})");
  rows.push_back(rows[3]);
  write_lines("in.jsonl", rows);
  const auto ended = audit();
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.output, HasSubstr("31 in the input = 29 answered + 0 rejected + 2 pending\n"));
  EXPECT_THAT(ended.output, HasSubstr("unexpected 1: in a file, but not in the input\n"
                                      "             \"T-7\"  at out.jsonl\n"));
}

TEST_F(AuditCommand, ARowThatIsInTheInputLessOftenIsDoubled) {
  world_.write("in.jsonl",
               "{\"id\":\"T-0\",\"text\":\"a\"}\n{\"id\":\"T-0\",\"text\":\"a\"}\n"
               "{\"id\":\"T-1\",\"text\":\"b\"}\n");
  world_.make_job(1);
  world_.start_mock();
  ASSERT_EQ(world_.sluice(world_.run_job()).status, 0);
  EXPECT_EQ(audit().status, 0) << "equal rows are told apart by count";
  world_.write("in.jsonl", "{\"id\":\"T-0\",\"text\":\"a\"}\n{\"id\":\"T-1\",\"text\":\"b\"}\n");
  const auto ended = audit();
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.output, HasSubstr("duplicate  1: more often in the files than in the input\n"
                                      "             \"T-0\"  at out.jsonl\n"));
}

TEST_F(AuditCommand, RejectsAreHeldAgainstTheirFile) {
  world_.make_rows(20);
  world_.write("in.jsonl", world_.read("in.jsonl") + "no json\n{\"id\":\"T-99\"}\n");
  world_.make_job(5);
  world_.start_mock();
  ASSERT_EQ(world_.sluice(world_.run_job()).status, 1);
  const auto whole = audit();
  EXPECT_EQ(whole.status, 0) << whole.output;
  EXPECT_THAT(whole.output, HasSubstr("22 in the input = 20 answered + 2 rejected + 0 pending\n"));
  EXPECT_THAT(whole.output, HasSubstr("out.rejects.jsonl: 2 lines\n"));

  std::vector<std::string> rejects = world_.lines("out.rejects.jsonl");
  std::erase_if(rejects, [](const std::string& line) { return line.find("T-99") == line.npos; });
  ASSERT_EQ(rejects.size(), 1u);
  rejects[0].replace(rejects[0].find("missing_field"), 13, "another");
  write_lines("out.rejects.jsonl", rejects);
  const auto ended = audit();
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.output, HasSubstr("missing    1: "));
  EXPECT_THAT(ended.output, HasSubstr("no json"));
  EXPECT_THAT(ended.output, HasSubstr("\"T-99\"  at out.rejects.jsonl:1\n"));
}

TEST_F(AuditCommand, WorksWithoutAKeyField) {
  world_.make_rows(50);
  world_.make_job(5);
  std::string job = world_.read("job.lua");
  job.erase(job.find(", key = \"id\""), 12);
  world_.write("job.lua", job);
  world_.start_mock();
  ASSERT_EQ(world_.sluice(world_.run_job()).status, 0);
  EXPECT_EQ(audit().status, 0);

  std::vector<std::string> lines = world_.lines("out.jsonl");
  const std::string lost = lines[5].substr(0, 40);
  lines[9].replace(lines[9].find("\"size\":") + 7, 1, "0");
  lines.erase(lines.begin() + 5);
  lines.push_back(lines[0]);
  write_lines("out.jsonl", lines);
  const auto ended = audit();
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.output,
              HasSubstr("missing    1: ended, but no file has its line\n             " + lost));
  EXPECT_THAT(ended.output, HasSubstr("duplicate  1: "));
  EXPECT_THAT(ended.output, HasSubstr("at out.jsonl:50\n"));
  EXPECT_THAT(ended.output, HasSubstr("mismatched 1: "));
  EXPECT_THAT(ended.output, HasSubstr("at out.jsonl:9\n"));
}

TEST_F(AuditCommand, AJobThatRunsIsLeftAlone) {
  world_.make_rows(10);
  world_.make_job(1);
  world_.start_mock({"--hang", "1"});
  const auto run = world_.start(world_.run_job());
  world_.wait_for_requests(1);
  Process audit(world_.path(""), "audit",
                {SLUICE_PROGRAM, "audit", "job.lua", "--set", "base_url=http://none"});
  EXPECT_EQ(audit.wait(), 5);
  EXPECT_THAT(audit.errors(), HasSubstr("is being run by process"));
}

TEST_F(AuditCommand, AfterAKillWhatIsCommittedIsAccountedFor) {
  world_.make_rows(400);
  world_.make_job(1, "max_concurrency = 8");
  world_.start_mock({"--latency-ms", "5"});
  const auto run = world_.start(world_.run_job());
  world_.wait_for_requests(150);
  run->signal(SIGKILL);
  run->wait();
  const auto ended = audit({"--json"});
  EXPECT_THAT(ended.output, HasSubstr(R"("rows":{"input":400,)"));
  EXPECT_THAT(ended.output, HasSubstr(R"("proven":true)")) << "whatever the kill cut off";
  ASSERT_EQ(world_.sluice(world_.run_job()).status, 0);
  EXPECT_THAT(audit().output,
              HasSubstr("400 in the input = 400 answered + 0 rejected + 0 pending"));
}

TEST_F(AuditCommand, AnotherQuestionIsNotAudited) {
  finish_job(5);
  std::string job = world_.read("job.lua");
  job.replace(job.find("Say the colour"), 14, "Name a colour!");
  world_.write("job.lua", job);
  const auto ended = audit();
  EXPECT_EQ(ended.status, 3);
  EXPECT_THAT(ended.errors, HasSubstr("asks another question"));
}

TEST_F(AuditCommand, AJobThatNeverRanOrCannotBeReadIsAnIoError) {
  world_.make_rows(5);
  world_.make_job(1);
  const auto never = audit();
  EXPECT_EQ(never.status, 5);
  EXPECT_THAT(never.errors, HasSubstr("the job was never run here"));
  EXPECT_FALSE(std::filesystem::exists(world_.path(".sluice")));
  world_.start_mock();
  ASSERT_EQ(world_.sluice(world_.run_job()).status, 0);
  std::filesystem::remove(world_.path("in.jsonl"));
  EXPECT_EQ(audit().status, 5);
}

}  // namespace
}  // namespace sluice::cli
