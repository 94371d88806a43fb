#include "stages/steps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "inspect/input_rows.h"
#include "stages/output_line.h"
#include "stages/prepare.h"
#include "stages/reader.h"
#include "tests/stages/support.h"

namespace sluice::stages {
namespace {

using testing::ElementsAre;

// Steps over rows of text: what the functions of a pipeline file do to their JSON.
MapStep map_text(std::string from, std::string to) {
  return {[=](const core::Row& row) -> std::expected<std::string, ScriptFailure> {
            if (row.raw.contains("unmappable"))
              return std::unexpected(ScriptFailure{false, "not this one"});
            if (row.raw.contains("broken"))
              return std::unexpected(ScriptFailure{true, "p:1: oops"});
            std::string made = row.raw;
            if (const auto at = made.find(from); at != made.npos) made.replace(at, from.size(), to);
            return made;
          },
          {}};
}
KeepStep keep_without(std::string word) {
  return {[=](const core::Row& row) -> std::expected<bool, ScriptFailure> {
            if (row.raw.contains("undecided"))
              return std::unexpected(ScriptFailure{true, "p:2: eh"});
            return !row.raw.contains(word);
          },
          {}};
}
// {"id":"x","q":"…"} as often as `times`, its q numbered.
ExplodeStep explode_into(int times) {
  return {[=](const core::Row& row) -> std::expected<std::vector<std::string>, ScriptFailure> {
            if (row.raw.contains("whole"))
              return std::unexpected(ScriptFailure{false, "stays whole"});
            std::vector<std::string> made;
            for (int i = 0; i < times; ++i)
              made.push_back(R"({"id":"x","q":")" + std::to_string(i) + "\"}");
            return made;
          },
          {}};
}

std::vector<std::string> through(const std::vector<Step>& steps, const std::string& raw) {
  std::vector<std::string> out;
  core::Row row;
  row.raw = raw;
  row.line = 7;
  Steps(steps).run(std::move(row), [&](core::Row&& made) {
    EXPECT_EQ(made.line, 7u);
    out.push_back(made.raw);
    if (made.reject) {
      out.back() += " ";
      out.back() += core::stage_name(made.reject->stage);
      out.back() += " " + made.reject->reason + ": " + made.reject->detail;
    }
    return true;
  });
  return out;
}

TEST(Steps, RunInTheirOrder) {
  const std::vector<Step> steps = {map_text("a", "b"), keep_without("a"), map_text("b", "c")};
  EXPECT_THAT(through(steps, R"({"x":"a"})"), ElementsAre(R"({"x":"c"})"));
  EXPECT_THAT(through(steps, R"({"x":"aa"})"), ElementsAre()) << "it is not part of the job";
}

TEST(Steps, GoOnWithEachRowThatExplodeMakes) {
  const std::vector<Step> steps = {explode_into(3), keep_without("\"1\""), map_text("x", "y")};
  EXPECT_THAT(through(steps, "{}"), ElementsAre(R"({"id":"y","q":"0"})", R"({"id":"y","q":"2"})"));
  EXPECT_THAT(through({explode_into(0), map_text("x", "y")}, "{}"), ElementsAre());
}

TEST(Steps, LoseNoRowThatFails) {
  ValidateSpec validate;
  validate.fields = {field("n", answer::FieldType::integer)};
  const std::vector<Step> steps = {keep_without("-"), map_text("a", "b"), validate,
                                   explode_into(1)};
  EXPECT_THAT(through(steps, R"({"n":1,"w":"undecided"})"),
              ElementsAre(R"({"n":1,"w":"undecided"} keep script_error: p:2: eh)"));
  EXPECT_THAT(through(steps, R"({"w":"unmappable"})"),
              ElementsAre(R"({"w":"unmappable"} map map_failed: not this one)"));
  EXPECT_THAT(through(steps, R"({"w":"broken"})"),
              ElementsAre(R"({"w":"broken"} map script_error: p:1: oops)"));
  EXPECT_THAT(through(steps, R"({"n":"a"})"),
              ElementsAre(testing::StartsWith(R"({"n":"b"} validate invalid_field: )")));
  EXPECT_THAT(through(steps, R"({"n":1,"w":"whole"})"),
              ElementsAre(R"({"n":1,"w":"whole"} explode explode_failed: stays whole)"));
}

TEST(Steps, LeaveWhatIsNoRowAlone) {
  const std::vector<Step> steps = {map_text("", "never")};
  EXPECT_THAT(through(steps, "{not json"), ElementsAre("{not json"));
  EXPECT_THAT(through(steps, "[1]"), ElementsAre("[1]"));
}

TEST(Steps, RefuseARowThatIsTooLongForALine) {
  const Step grow = MapStep{[](const core::Row&) -> std::expected<std::string, ScriptFailure> {
                              return std::string(kMaxRowBytes + 1, 'x');
                            },
                            {}};
  EXPECT_THAT(through({grow}, "{}"),
              ElementsAre("{} map too_large: the function made a row longer than 16 MiB, the most "
                          "that one may have"));
}

TEST(Steps, StopWhenNoMoreRowsAreTaken) {
  int taken = 0;
  const std::vector<Step> steps = {explode_into(10), explode_into(10)};
  core::Row row;
  row.raw = "{}";
  EXPECT_FALSE(Steps(steps).run(std::move(row), [&](core::Row&&) { return ++taken < 15; }));
  EXPECT_EQ(taken, 15);
}

// What a run and an audit of this input see.
std::vector<std::string> input_rows(const PipelineSpec& spec) {
  const Question question = make_question(spec);
  std::vector<std::string> seen;
  const auto status =
      inspect::each_input_row(spec, question, [&](const Item& item) -> core::Status {
        seen.push_back(item.row.key_json + " " + (item.reject ? item.reject->reason : item.prompt));
        return {};
      });
  EXPECT_TRUE(status.has_value());
  return seen;
}

TEST(Steps, DecideWhatTheRowsOfTheInputAre) {
  const Scratch scratch;
  PipelineSpec spec = simple_spec(1);
  spec.read.paths = {scratch.write("in.jsonl",
                                   "{\"id\":\"a\"}\n{\"drop\":1}\nno json\n{\"id\":\"b\",\"w\":"
                                   "\"whole\"}\n{\"w\":\"whole\"}\n")};
  spec.read.steps = {keep_without("drop"), explode_into(2)};
  EXPECT_THAT(input_rows(spec), ElementsAre("\"x\" 0", "\"x\" 1", " not_json",
                                            "\"b\" explode_failed", " explode_failed"))
      << "a reject has its key where it has one";
}

TEST(Steps, AreCountedAsRowsByTheReader) {
  const Scratch scratch;
  const std::vector<Step> steps = {explode_into(300)};
  const std::string path = scratch.write("in.jsonl", "{}\n{}\n{}\n");
  const auto rows_of = [&](std::optional<std::uint64_t> limit) {
    flow::Shutdown shutdown;
    flow::Credits credits({1024, 1 << 20}, [] {});
    std::size_t largest = 0;
    Reader reader({{{path}, {}}, {path}}, limit, credits, shutdown,
                  {[&](core::RowBatch&& batch, flow::Cost weight) {
                     credits.settle(weight, weight.bytes);
                     largest = std::max(largest, batch.size());
                     credits.give(weight);
                   },
                   [] {}, [](std::uint64_t, bool) {}},
                  Steps(steps));
    EXPECT_TRUE(reader.run().has_value());
    EXPECT_LE(largest, core::kBatchRows);
    return reader.rows_read();
  };
  EXPECT_EQ(rows_of(std::nullopt), 900u);
  EXPECT_EQ(rows_of(450), 450u);
}

TEST(Steps, RejectsStandInTheRejectsFileAsTheyWentIntoTheStep) {
  const PipelineSpec spec = simple_spec(1);
  const Question question = make_question(spec);
  core::RowBatch batch(1);
  batch[0].raw = R"({"id":"k","w":1})";
  batch[0].reject =
      std::make_shared<core::Reject>(core::Reject{core::Stage::map, "map_failed", "why", {}});
  const Items items = Prepare::make(spec, question)->run(std::move(batch));
  ASSERT_NE(items[0].reject, nullptr);
  EXPECT_EQ(
      LineWriter(spec, {"a"}).reject(items[0], *items[0].reject).line,
      R"({"key":"k","stage":"map","reason":"map_failed","detail":"why","row":{"id":"k","w":1}})");
}

}  // namespace
}  // namespace sluice::stages
