// The file that `sluice ask` writes: whole, and as dsl reads it.
#include "ask/pipeline_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ask/lua_text.h"
#include "dsl/load.h"

namespace sluice::ask {
namespace {

AskOptions tickets() {
  AskOptions options;
  options.file = "job.lua";
  options.inputs = {"tickets.jsonl"};
  options.user = "{{subject}}: {{body}}";
  options.model = {"openai", "gpt-5.4-mini", "", "OPENAI_API_KEY"};
  options.out = "out/tickets.jsonl";
  return options;
}

stages::JobSpec loaded(const AskOptions& options) {
  dsl::LoadOptions load;
  load.text = pipeline_text(options).value();
  load.environment = [](const std::string&) { return std::optional<std::string>("secret"); };
  auto job = dsl::load("job.lua", load);
  EXPECT_TRUE(job) << job.error().text() << "\n" << *load.text;
  return job.value_or(stages::JobSpec());
}

TEST(PipelineText, ShowsImagesWithTheQuestion) {
  AskOptions options = tickets();
  options.images = {"photos/{{photo}}", "{{scan}}"};
  EXPECT_THAT(pipeline_text(options).value(),
              testing::HasSubstr(R"(    images = { "photos/{{photo}}", "{{scan}}" },)"));
  EXPECT_EQ(loaded(options).questions.at(0).pack.images.templates, options.images);
}

TEST(PipelineText, ReadsAsAPersonWouldWriteIt) {
  AskOptions options = tickets();
  options.key = "id";
  options.system = "You sort support tickets.";
  options.answer = *read_answer("queue=billing|bug|access, urgency=int 1..5, note?=text");
  options.rows_a_request = 20;
  options.max_output_tokens = 2000;
  options.price = "0.25/2";
  options.budget = "$5";
  options.deadline = "1h";
  EXPECT_EQ(pipeline_text(options), R"(-- job.lua: a question about each row of tickets.jsonl.
--   sluice check job.lua   what it reads, writes and reaches; sends nothing
--   sluice run job.lua     run it, or resume it
local s = require "sluice"

return s.pipeline {
  name = "out-tickets",

  s.read { "tickets.jsonl", key = "id" },

  s.pack {
    rows   = 20,
    system = "You sort support tickets.",
    user   = "{{subject}}: {{body}}",
    answer = {
      queue   = s.one_of { "billing", "bug", "access" },
      urgency = s.int { min = 1, max = 5 },
      note    = s.text { optional = true },
    },
  },

  s.dispatch {
    s.openai { model = "gpt-5.4-mini", key = s.secret "OPENAI_API_KEY", max_output_tokens = 2000, price = { input = 0.25, output = 2 } },
    budget = "$5",
    deadline = "1h",
  },

  -- keep: all of the row's fields, then the answer's
  s.sink { "out/tickets.jsonl", keep = "row" },
}
)");
  const stages::JobSpec job = loaded(options);
  EXPECT_EQ(job.name, "out-tickets");
  EXPECT_EQ(job.questions.front().pack.answer.size(), 3u);
  EXPECT_EQ(job.questions.front().pack.answer[0].name, "queue");
}

TEST(PipelineText, WithTheLeastThatACommandSays) {
  const stages::JobSpec job = loaded(tickets());
  EXPECT_TRUE(job.questions.front().pack.answer.empty());
  EXPECT_TRUE(job.questions.front().read.key.empty());
  EXPECT_TRUE(job.questions.front().sink.keep_row);
}

TEST(PipelineText, EveryTextComesThroughAsItIs) {
  const std::string texts[] = {
      "quotes \" and \\ and '",   "two\nlines with \"quotes\" and ]] and ]=]",
      "ends with a bracket\n]",   "a return\r\nand a bell \a and a zero \0 and more",
      "\nbegins with a line end", "tab\tübung — 日本",
      "{{a}} %d %s ]]",           "--[[ no comment",
  };
  for (const std::string& text : texts) {
    AskOptions options = tickets();
    options.system = text;
    EXPECT_EQ(loaded(options).questions.front().pack.system, text);
  }
}

TEST(PipelineText, NamesThatLuaDoesNotTakeStandInBrackets) {
  AskOptions options = tickets();
  options.answer = *read_answer("end=text, two words=int, 3rd=bool, grün=text");
  const auto answer = loaded(options).questions.front().pack.answer;
  ASSERT_EQ(answer.size(), 4u);
  EXPECT_EQ(answer[0].name, "end");
  EXPECT_EQ(answer[1].name, "two words");
  EXPECT_EQ(answer[2].name, "3rd");
  EXPECT_EQ(answer[3].name, "grün");
}

TEST(PipelineText, AFileNameCannotLeaveItsComment) {
  AskOptions options = tickets();
  options.inputs = {"a\nos.exit()"};
  EXPECT_THAT(*pipeline_text(options), testing::HasSubstr("each row of a os.exit().\n"));
  EXPECT_EQ(loaded(options).questions.front().read.paths.front(), "a\nos.exit()");
}

TEST(PipelineText, AJobIsCalledAfterItsOutput) {
  EXPECT_EQ(job_name("out.csv"), "out");
  EXPECT_EQ(job_name("./out/answers.csv.gz"), "out-answers");
  EXPECT_EQ(job_name("/data/a b/ü.jsonl"), "data-a-b---");
  EXPECT_EQ(job_name("../out.jsonl"), "out");
  EXPECT_EQ(job_name(".out.jsonl"), "out");
  EXPECT_EQ(job_name("…"), "ask");
  EXPECT_EQ(job_name(std::string(300, 'x') + ".csv").size(), 100u);
}

TEST(PipelineText, APriceHasTwoParts) {
  for (const std::string price : {"1", "1/", "/2", "a/b", "1/-2", "1/2/3", "nan/1", "1e999/1"}) {
    AskOptions options = tickets();
    options.price = price;
    const auto text = pipeline_text(options);
    ASSERT_FALSE(text) << price;
    EXPECT_THAT(text.error().message, testing::HasSubstr("for example 0.25/2"));
  }
}

}  // namespace
}  // namespace sluice::ask
