// A cascade: a small model is asked about every row, a large one where the small one is not sure. What
// it costs and how often it is right, beside each model alone; killed, changed, audited and shown.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <simdjson.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <semaphore>
#include <set>

#include "tests/cli/stub_server.h"
#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr int kCascadeRows = 2000;
constexpr int kAtOnce = 8;

std::string true_colour(int number) {
  constexpr const char* kColours[] = {"red", "green", "blue"};
  return kColours[number % 3];
}

// The row that a request is about: its prompt has "number N".
int number_of(const std::string& request) {
  const std::size_t at = request.find("number ");
  return at == request.npos ? -1 : std::atoi(request.c_str() + at + 7);
}

// 100 tokens in and 20 out, so that a row costs 18 µ$ at the small model and 360 µ$ at the large one.
std::string answer_of(const std::string& colour, int sure) {
  return http_reply(
      200, "Content-Type: application/json\r\n",
      fmt::format(
          R"({{"model":"m","choices":[{{"finish_reason":"stop","message":{{"role":"assistant",)"
          R"("content":"{{\"colour\":\"{}\",\"sure\":{}}}"}}}}],)"
          R"("usage":{{"prompt_tokens":100,"completion_tokens":20}}}})",
          colour, sure));
}

// Right on four rows of five. It knows that it may be wrong but for one wrong answer in ten, and
// doubts one right answer in twenty.
std::string small_answer(int number) {
  const bool right = number % 5 != 0;
  const bool sure = right ? number % 20 != 1 : number % 50 == 0;
  return answer_of(true_colour(right ? number : number + 1), sure ? 95 : 40);
}
constexpr int kDoubted = kCascadeRows / 5 * 9 / 10 + kCascadeRows / 20;
constexpr int kUnnoticed = kCascadeRows / 50;

std::string small_refusal() {
  return http_reply(200, "Content-Type: application/json\r\n",
                    R"({"model":"m","choices":[{"finish_reason":"content_filter","message":)"
                    R"({"role":"assistant","content":""}}],)"
                    R"("usage":{"prompt_tokens":100,"completion_tokens":0}})");
}

// What a job asks; `small` and `large` know their addresses.
struct Models {
  Models() = default;
  explicit Models(StubServer::Handler small_one) : small(std::move(small_one)) {}
  StubServer small{
      [](const std::string& request, int) { return small_answer(number_of(request)); }};
  StubServer large{[](const std::string& request, int) {
    return answer_of(true_colour(number_of(request)), 99);
  }};
};

void make_numbers(const World& world, int count) {
  std::string rows;
  for (int i = 0; i < count; ++i)
    rows += fmt::format("{{\"id\":{},\"colour\":\"number {}\",\"note\":1.10}}\n", i, i);
  world.write("in.jsonl", rows);
}

// `name`.lua, which asks by `dispatch`, in which small and large are the two models.
template <class TwoModels>
void make_cascade_job(const World& world, const TwoModels& models, const std::string& name,
                      const std::string& dispatch, const std::string& stages = "") {
  world.write(name + ".lua", fmt::format(R"lua(
local s = require "sluice"
local function model(name, url, input, output)
  return s.openai {{ model = name, base_url = url, max_concurrency = {}, max_output_tokens = 100,
                    price = {{ input = input, output = output }} }}
end
local small = model("small", "{}", 0.1, 0.4)
local large = model("large", "{}", 2, 8)
return s.pipeline {{
  name = "{}",
  s.read {{ "in.jsonl", key = "id" }},
  {}
  s.pack {{ user = "Which colour has {{{{colour}}}}?",
           answer = {{ colour = s.one_of {{ "red", "green", "blue" }}, sure = s.int {{ min = 0, max = 100 }} }} }},
  s.dispatch {{ {} }},
  s.sink {{ "{}.jsonl", keep = "row" }},
}}
)lua",
                                         kAtOnce, models.small.base_url(), models.large.base_url(),
                                         name, stages, dispatch, name));
}
std::string cascade(const std::string& condition) {
  return "s.cascade { small, large, escalate = function(answer, row) return " + condition +
         " end }, budget = \"$20\"";
}

struct Judged {
  int rows = 0;
  int right = 0;
};
// Each row once, as it was read, with its answer behind.
Judged outcome_of(const World& world, const std::string& name) {
  Judged outcome;
  std::set<int> seen;
  for (const std::string& line : world.lines(name + ".jsonl")) {
    const int id = std::atoi(line.c_str() + std::string("{\"id\":").size());
    EXPECT_TRUE(seen.insert(id).second) << line;
    const std::string start = fmt::format("{{\"id\":{},\"note\":1.10,\"colour\":\"", id);
    EXPECT_TRUE(line.starts_with(start)) << line;
    ++outcome.rows;
    if (line.starts_with(start + true_colour(id) + "\"")) ++outcome.right;
  }
  return outcome;
}

double cost_of(const World& world, const std::string& name) {
  const auto ended = world.sluice({"status", "--json", name + ".lua"});
  EXPECT_EQ(ended.errors, "");
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  double cost = -1;
  if (parser.parse(ended.output).get(json) ||
      json.at_pointer("/ledger/cost_usd").get(cost) != simdjson::SUCCESS)
    ADD_FAILURE() << ended.output;
  return cost;
}

void expect_both_levels_proven(const World& world, const std::string& name) {
  const auto audited = world.sluice({"audit", name + ".lua"});
  EXPECT_EQ(audited.status, 0) << audited.output << audited.errors;
  EXPECT_THAT(audited.output, HasSubstr("level 1 of 2\n" + name + ": proven"));
  EXPECT_THAT(audited.output, HasSubstr("level 2 of 2\n" + name + ": proven"));
}

TEST(Cascade, CostsLittleMoreThanTheSmallModelAndIsNearlyAsRightAsTheLargeOne) {
  const World world;
  const Models models;
  make_numbers(world, kCascadeRows);
  make_cascade_job(world, models, "small", "small");
  make_cascade_job(world, models, "large", "large");
  make_cascade_job(world, models, "both", cascade("answer.sure < 80"));

  ASSERT_EQ(world.sluice({"run", "small.lua"}).status, 0);
  EXPECT_EQ(outcome_of(world, "small").right, kCascadeRows / 5 * 4);
  EXPECT_NEAR(cost_of(world, "small"), 0.036, 1e-9);
  ASSERT_EQ(world.sluice({"run", "large.lua"}).status, 0);
  EXPECT_EQ(outcome_of(world, "large").right, kCascadeRows);
  EXPECT_NEAR(cost_of(world, "large"), 0.72, 1e-9);
  const int small_before = models.small.requests();
  const int large_before = models.large.requests();

  const auto ended = world.sluice({"run", "both.lua"});
  ASSERT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(models.small.requests() - small_before, kCascadeRows);
  EXPECT_EQ(models.large.requests() - large_before, kDoubted);
  const Judged outcome = outcome_of(world, "both");
  EXPECT_EQ(outcome.rows, kCascadeRows);
  EXPECT_EQ(outcome.right, kCascadeRows - kUnnoticed);
  EXPECT_NEAR(cost_of(world, "both"), 0.036 + kDoubted * 360e-6, 1e-9);
  EXPECT_THAT(ended.output, HasSubstr("small answered 1,540 rows, large 460; $0.20 instead of "
                                      "about $0.72 had large answered all"));
  EXPECT_EQ(world.lines("both.rejects.jsonl").size(), 0u);
  expect_both_levels_proven(world, "both");

  const auto again = world.sluice({"run", "--log", "json", "both.lua"});
  EXPECT_EQ(again.status, 0);
  EXPECT_THAT(again.output,
              HasSubstr(R"("cascades":[{"levels":[{"name":"small","rows_answered":1540},)"
                        R"({"name":"large","rows_answered":460}],"cost_usd":0.2016,)"
                        R"("last_level_alone_usd":0.72}])"));
  EXPECT_EQ(models.small.requests() + models.large.requests(),
            small_before + large_before + kCascadeRows + kDoubted);
}

// Stops at its `at`th request, until the test has killed the program.
struct HeldServer {
  HeldServer(int at, std::function<std::string(int)> answer)
      : server([this, at, answer = std::move(answer)](const std::string& request, int number) {
          ++asked[number_of(request)];
          if (number == at) {
            reached.release();
            go_on.acquire();
          }
          return answer(number_of(request));
        }) {}
  std::string base_url() const { return server.base_url(); }
  std::map<int, int> asked;  // by row; read it when the program has ended
  std::binary_semaphore reached{0};
  std::binary_semaphore go_on{0};
  StubServer server;
};

struct HeldModels {
  HeldServer small{700, small_answer};
  HeldServer large{200, [](int number) { return answer_of(true_colour(number), 99); }};
};

TEST(Cascade, ThatIsKilledInEachLevelNeverAsksTheSmallModelTwice) {
  const World world;
  HeldModels models;
  HeldServer& small = models.small;
  HeldServer& large = models.large;
  make_numbers(world, kCascadeRows);
  make_cascade_job(world, models, "both", cascade("answer.sure < 80"));

  for (HeldServer* held : {&small, &large}) {
    const auto killed = world.start({"run", "both.lua"});
    held->reached.acquire();
    killed->signal(SIGKILL);
    EXPECT_EQ(killed->wait(), 128 + SIGKILL);
    held->go_on.release();
  }
  // What was in flight when it was killed may be asked again, and nothing else.
  const int small_before = small.server.requests();
  EXPECT_LE(small_before, kCascadeRows + kAtOnce);
  const auto ended = world.sluice({"run", "both.lua"});
  ASSERT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(small.server.requests(), small_before) << "its level had ended";
  EXPECT_EQ(small.asked.size(), static_cast<std::size_t>(kCascadeRows));
  EXPECT_EQ(large.asked.size(), static_cast<std::size_t>(kDoubted));
  EXPECT_LE(large.server.requests(), kDoubted + kAtOnce);
  const Judged outcome = outcome_of(world, "both");
  EXPECT_EQ(outcome.rows, kCascadeRows);
  EXPECT_EQ(outcome.right, kCascadeRows - kUnnoticed);
  expect_both_levels_proven(world, "both");
}

TEST(Cascade, DecidesAgainWhenItsFunctionChangesAndAsksNothingThatWasAnswered) {
  const World world;
  const Models models;
  make_numbers(world, 200);
  make_cascade_job(world, models, "both", cascade("answer.sure < 80"));
  ASSERT_EQ(world.sluice({"run", "both.lua"}).status, 0);
  EXPECT_EQ(models.small.requests(), 200);
  EXPECT_EQ(models.large.requests(), 46);

  make_cascade_job(world, models, "both", cascade("answer.sure < 80 or row.id % 2 == 0"));
  const auto wider = world.sluice({"run", "both.lua"});
  ASSERT_EQ(wider.status, 0) << wider.errors;
  EXPECT_THAT(wider.errors, HasSubstr("of 200 rows are asked at this level, for about $"));
  EXPECT_EQ(models.small.requests(), 200) << "asked once, whatever the function says";
  EXPECT_EQ(models.large.requests(), 100 + 30);
  EXPECT_EQ(outcome_of(world, "both").rows, 200);

  make_cascade_job(world, models, "both", cascade("answer.sure < 10"));
  const auto none = world.sluice({"run", "both.lua"});
  ASSERT_EQ(none.status, 0) << none.errors;
  EXPECT_EQ(models.large.requests(), 100 + 30) << "nothing is asked";
  EXPECT_EQ(outcome_of(world, "both").right, 160) << "the small model's answers alone";
  EXPECT_THAT(none.output, HasSubstr("small answered 200 rows, large 0"));
  expect_both_levels_proven(world, "both");
}

TEST(Cascade, AsksTheLargeModelWhereTheSmallOneHasNoAnswerAndHasOneFileOfRejects) {
  const World world;
  const Models models([](const std::string& request, int) {
    const int number = number_of(request);
    return number == 7 ? small_refusal() : small_answer(number);
  });
  make_numbers(world, 20);
  make_cascade_job(world, models, "both", cascade("answer.sure < 80"),
                   "s.validate { id = s.int { max = 17 } },");
  const auto ended = world.sluice({"run", "both.lua"});
  EXPECT_EQ(ended.status, 1) << "two rows are not valid";
  EXPECT_EQ(models.small.requests(), 18);
  EXPECT_EQ(outcome_of(world, "both").rows, 18);
  const auto rejects = world.lines("both.rejects.jsonl");
  EXPECT_THAT(rejects, testing::UnorderedElementsAre(
                           AllOf(HasSubstr(R"("stage":"validate","reason":"invalid_field")"),
                                 HasSubstr(R"("row":{"id":18,"colour":"number 18","note":1.10})")),
                           HasSubstr(R"({"key":19,)")));
  expect_both_levels_proven(world, "both");
  EXPECT_THAT(world.sluice({"rejects", "both.lua"}).output,
              AllOf(Not(HasSubstr("level 1")), HasSubstr("2 rows rejected")));

  const auto shown = world.sluice({"show", "both.lua", "7"}).output;
  EXPECT_THAT(shown, AllOf(HasSubstr("level 1 of 2\n7\n"), HasSubstr("content_filter in parse"),
                           HasSubstr("level 2 of 2\n7\n"), HasSubstr("answered by large")));
  EXPECT_THAT(world.sluice({"show", "both.lua", "6"}).output,
              AllOf(HasSubstr("level 2 of 2\n6\n"), HasSubstr("answered by small")));
  const int large_before = models.large.requests();
  EXPECT_THAT(world.sluice({"redo", "both.lua"}).output, HasSubstr("2 rejects taken back"));
  EXPECT_EQ(world.sluice({"run", "both.lua"}).status, 1);
  EXPECT_EQ(models.small.requests(), 18);
  EXPECT_EQ(models.large.requests(), large_before);
}

TEST(Cascade, WhoseFunctionFailsAsksAndRejectsNothing) {
  const World world;
  const Models models;
  make_numbers(world, 20);
  for (const std::string wrong : {"error 'a slip'", "nil", "answer.sure"}) {
    make_cascade_job(world, models, "both", cascade(wrong));
    const auto slip = world.sluice({"run", "both.lua"});
    EXPECT_EQ(slip.status, 3) << slip.output << slip.errors;
    EXPECT_THAT(slip.errors, HasSubstr(wrong == "nil"           ? "it returned nothing"
                                       : wrong == "answer.sure" ? "it returned "
                                                                : "a slip"));
  }
  EXPECT_EQ(models.small.requests(), 20);
  EXPECT_EQ(models.large.requests(), 0);
  EXPECT_EQ(world.lines("both.rejects.jsonl").size(), 0u);
  make_cascade_job(world, models, "both", cascade("answer.sure < 80"));
  EXPECT_EQ(world.sluice({"run", "both.lua"}).status, 0);
  EXPECT_EQ(models.small.requests(), 20);
}

TEST(Cascade, IsShownLevelByLevel) {
  const World world;
  const Models models;
  make_numbers(world, 20);
  make_cascade_job(world, models, "both", cascade("answer.sure < 80"));
  const auto checked = world.sluice({"check", "both.lua"});
  EXPECT_EQ(checked.status, 0) << checked.output << checked.errors;
  EXPECT_THAT(checked.output,
              AllOf(HasSubstr("job 'both', level 1 of 2, 1 row a request, to "),
                    HasSubstr("/large"), Not(HasSubstr("question-1/rejects.jsonl"))));
  EXPECT_THAT(world.sluice({"run", "both.lua", "--dry-run"}).errors,
              HasSubstr("of level 1 of 2: the next asks the rows that are escalated"));
  EXPECT_THAT(world.sluice({"graph", "both.lua"}).output,
              AllOf(HasSubstr("\"level 2 of 2\""), HasSubstr("\"escalate<br>both.lua:"),
                    HasSubstr("-->|\"escalated\"|"), HasSubstr("-->|\"not escalated\"|")));
  EXPECT_EQ(models.small.requests() + models.large.requests(), 0);

  const auto tried = world.sluice({"try", "both.lua", "--rows", "2"});
  EXPECT_EQ(tried.status, 0) << tried.errors;
  EXPECT_THAT(tried.output,
              AllOf(HasSubstr("level 2 of 2\n"), HasSubstr("0  answered (by an earlier level)"),
                    Not(HasSubstr("was not asked"))));
  EXPECT_EQ(models.small.requests(), 2);
  EXPECT_EQ(models.large.requests(), 1) << "row 1: it is right, and doubted";
}

}  // namespace
}  // namespace sluice::cli
