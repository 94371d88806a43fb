// sluice show: one row, from the input and the checkpoint.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class ShowCommand : public testing::Test {
 protected:
  ShowCommand() {
    world_.write("in.jsonl",
                 "{\"id\":\"T-0\",\"text\":\"first\"}\n{\"id\":\"T-1\",\"text\":\"second\"}\n"
                 "{\"id\":\"T-2\"}\n{\"id\":7,\"text\":\"a number\"}\n");
    world_.make_job(1);
    world_.start_mock();
  }
  void run(std::vector<std::string> more = {}) const {
    auto arguments = world_.run_job();
    arguments.insert(arguments.end(), more.begin(), more.end());
    (void)world_.sluice(arguments);
  }
  World::Ended show(std::vector<std::string> more) const {
    std::vector<std::string> arguments = {"show", "job.lua", "--set", "base_url=http://none"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return world_.sluice(arguments);
  }
  void change(const std::string& from, const std::string& to) const {
    std::string text = world_.read("job.lua");
    world_.write("job.lua", text.replace(text.find(from), from.size(), to));
  }
  World world_;
};

TEST_F(ShowCommand, HasTheAnswerItsModelAndThePrompt) {
  run();
  const auto ended = show({"T-1"});
  ASSERT_EQ(ended.status, 0) << ended.errors;
  EXPECT_THAT(ended.output,
              testing::StartsWith("T-1\n  in in.jsonl line 2: ended: a run does not ask it again\n"
                                  "    {\"id\":\"T-1\",\"text\":\"second\"}\n"
                                  "  its prompt, as it is asked now\n    second\n"
                                  "  answered by mock\n    colour  "));
  EXPECT_THAT(ended.errors, HasSubstr("keeps no requests and replies: sluice try --key asks"));
}

TEST_F(ShowCommand, HasTheRejectWithItsReason) {
  run();
  const auto ended = show({"T-2"});
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(ended.output, HasSubstr("  it cannot be asked: missing_field in pack\n"
                                      "    the template needs the field 'text'"));
  EXPECT_THAT(ended.output, HasSubstr("  rejected: missing_field in pack\n"));
}

TEST_F(ShowCommand, SaysWhatTheNextRunDoesWithIt) {
  EXPECT_THAT(show({"T-0"}).output, HasSubstr("line 1: pending: the next run asks it\n"));
  EXPECT_THAT(show({"T-0"}).output, HasSubstr("the job was never run here\n"));
  run({"--limit", "1"});
  EXPECT_THAT(show({"T-0"}).output, HasSubstr("line 1: ended: "));
  EXPECT_THAT(show({"T-1"}).output, HasSubstr("line 2: pending: "));
}

TEST_F(ShowCommand, ARejectThatWasTakenBackIsPending) {
  run();
  ASSERT_EQ(world_.sluice({"redo", "job.lua", "--set", "base_url=http://none"}).status, 0);
  const auto ended = show({"T-2"});
  EXPECT_THAT(ended.output, HasSubstr("line 3: a run rejects it, unasked\n"));
  EXPECT_THAT(ended.output, HasSubstr("  taken back by redo: missing_field in pack\n"));
}

TEST_F(ShowCommand, AChangedQuestionShowsWhatIsFromBeforeAndWhatIsFromNow) {
  run();
  change("Say the colour.", "Say the colour again.");
  const auto changed = show({"T-0"});
  EXPECT_THAT(changed.output, HasSubstr("line 1: pending: the next run asks it\n"));
  EXPECT_THAT(changed.output,
              HasSubstr("has changed since the last run: what is below is from before\n"
                        "  answered by mock\n"));
  run();
  const auto after = show({"T-0"});
  EXPECT_THAT(after.output, HasSubstr("line 1: ended: "));
  EXPECT_THAT(after.output, HasSubstr("  in generation 1, before the pipeline file was changed:\n"
                                      "  answered by mock\n"));
  // Back again: the answer is there.
  change("Say the colour again.", "Say the colour.");
  EXPECT_THAT(
      show({"T-0"}).output,
      HasSubstr("line 1: a run takes the answer to an equal question, and does not ask it\n"));
}

TEST_F(ShowCommand, AKeyMayBeANumberOrALine) {
  run();
  EXPECT_THAT(show({"7"}).output, HasSubstr("line 4: ended: "));
  EXPECT_THAT(show({"--line", "4"}).output, HasSubstr("line 4: ended: "));
  EXPECT_THAT(show({"\"T-1\""}).output, HasSubstr("line 2: ended: "));
}

TEST_F(ShowCommand, AnUnknownKeyIsToldWhatIsNear) {
  run();
  const auto near = show({"T-11"});
  EXPECT_EQ(near.status, 2);
  EXPECT_THAT(near.errors, HasSubstr("no row has the key 'T-11'"));
  EXPECT_THAT(near.errors, HasSubstr("did you mean 'T-1'?"));
  EXPECT_THAT(show({"something else"}).errors, HasSubstr("keys are such as T-0, T-1, T-2"));
  EXPECT_THAT(show({"--line", "99"}).errors, HasSubstr("no row is made of line 99"));
  EXPECT_THAT(show({}).errors, HasSubstr("give its key, or --line N"));
}

TEST_F(ShowCommand, ARowThatLeftTheInputIsFoundInTheCheckpoint) {
  run();
  world_.write("in.jsonl", "{\"id\":\"T-0\",\"text\":\"first\"}\n");
  const auto ended = show({"T-1"});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_THAT(ended.output, HasSubstr("it is not in the input any more\n  answered by mock\n"));
}

TEST_F(ShowCommand, AJobWithoutKeysIsShownByLine) {
  change(", key = \"id\"", "");
  run();
  EXPECT_EQ(show({"T-1"}).status, 2);
  EXPECT_THAT(show({"T-1"}).errors, HasSubstr("give --line N"));
  const auto ended = show({"--line", "2"});
  EXPECT_THAT(ended.output, HasSubstr("line 2: ended: "));
  EXPECT_THAT(ended.output, HasSubstr("  answered by mock\n"));
  EXPECT_THAT(ended.output, Not(HasSubstr("first")));
}

TEST_F(ShowCommand, JsonIsOneObject) {
  run();
  const auto ended = show({"T-1", "--json"});
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(ended.output,
              HasSubstr("{\"job\":\"job\",\"question\":1,\"changed\":false,"
                        "\"rows\":[{\"row\":\"T-1\",\"file\":\"in.jsonl\",\"line\":2,"));
  EXPECT_THAT(ended.output, HasSubstr("\"prompt\":\"second\""));
  EXPECT_THAT(ended.output, HasSubstr("\"records\":[{\"generation\":1,\"earlier\":false,"
                                      "\"model\":\"mock\",\"answer\":{\"colour\":"));
}

}  // namespace
}  // namespace sluice::cli
