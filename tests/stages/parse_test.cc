#include "stages/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "stages/pack.h"
#include "tests/stages/support.h"

namespace sluice::stages {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A pipeline's parser, and requests for it.
class ParserTest : public testing::Test {
 protected:
  void start(int rows, int retries = 2, ParseFunction parse = {}) {
    spec_ = simple_spec(rows);
    spec_.parse.retries = retries;
    spec_.parse.parse = std::move(parse);
    question_ = make_question(spec_);
    lines_.emplace(spec_, std::vector<std::string>{"a"});
    parser_.emplace(spec_, question_, *lines_, std::vector<std::string>{"m"});
  }
  RequestPtr request(int rows) {
    auto made = std::make_shared<Request>();
    for (int i = 0; i < rows; ++i)
      made->items.push_back(item_of(question_, "k" + std::to_string(i), "p" + std::to_string(i)));
    build(*made, question_.packed);
    return made;
  }
  Parser::Out reply(RequestPtr request, std::string text,
                    provider::Finish finish = provider::Finish::stop) {
    Completion completion;
    completion.request = std::move(request);
    completion.reply.text = std::move(text);
    completion.reply.finish = finish;
    completion.reply.outcome.usage.input = 7;
    completion.settlement.attempt = 42;
    completion.settlement.usage = {.input = 7};
    Completions all;
    all.push_back(std::move(completion));
    return parser_->run(std::move(all));
  }
  // {"answers":[…]} with an answer "A0", "A1", … for each of the given rows of the request.
  static std::string answers(const Request& request, const std::vector<std::size_t>& rows) {
    std::string text;
    for (const std::size_t row : rows) {
      text += text.empty() ? "" : ",";
      text += R"({"id":")" + request.ids[row] + R"(","a":"A)" + std::to_string(row) + "\"}";
    }
    return "{\"answers\":[" + text + "]}";
  }
  static std::vector<std::string> lines(const Parser::Out& out) {
    std::vector<std::string> lines;
    for (const store::Entry& entry : out.results.entries) lines.push_back(entry.line);
    return lines;
  }
  static std::vector<std::string> keys(const Items& items) {
    std::vector<std::string> keys;
    for (const Item& item : items) keys.push_back(item.row.key_json);
    return keys;
  }

  PipelineSpec spec_;
  Question question_;
  std::optional<LineWriter> lines_;
  std::optional<Parser> parser_;
};

TEST_F(ParserTest, TakesASingleRowsAnswer) {
  start(1);
  const auto out = reply(request(1), R"({"a": "yes"})");
  EXPECT_THAT(lines(out), ElementsAre(R"({"id":"k0","a":"yes"})"));
  EXPECT_EQ(out.results.entries[0].model, "m");
  EXPECT_EQ(out.results.entries[0].line.substr(out.results.entries[0].answer_at), R"("a":"yes"})");
  EXPECT_EQ(out.ended.rows, 1u);
  ASSERT_EQ(out.results.settlements.size(), 1u);
  EXPECT_EQ(out.results.settlements[0].attempt, 42u);
  EXPECT_EQ(out.results.settlements[0].usage.input, 7u);
}

TEST_F(ParserTest, MatchesByIdWhateverTheOrder) {
  start(3);
  const RequestPtr pack = request(3);
  const auto out = reply(pack, answers(*pack, {2, 0, 1}));
  EXPECT_THAT(lines(out), ElementsAre(R"({"id":"k0","a":"A0"})", R"({"id":"k1","a":"A1"})",
                                      R"({"id":"k2","a":"A2"})"));
  EXPECT_TRUE(out.again.empty());
}

// DocETL matches packed answers by position: one skipped row shifts all later ones.
TEST_F(ParserTest, ASkippedRowShiftsNoOther) {
  start(3);
  const RequestPtr pack = request(3);
  const auto out = reply(pack, answers(*pack, {0, 2}));
  EXPECT_THAT(lines(out), ElementsAre(R"({"id":"k0","a":"A0"})", R"({"id":"k2","a":"A2"})"));
  EXPECT_THAT(keys(out.again), ElementsAre("\"k1\""));
  EXPECT_EQ(out.again[0].asked_again, 1);
}

// 4cat PR #515: models return fewer rows than they were given.
TEST_F(ParserTest, RowsThatTheModelLeavesOutAreAskedAgainAndNoneIsLost) {
  start(8);
  const RequestPtr pack = request(8);
  const auto out = reply(pack, answers(*pack, {1, 3, 4, 6, 7}));
  EXPECT_EQ(out.results.entries.size(), 5u);
  EXPECT_THAT(keys(out.again), ElementsAre("\"k0\"", "\"k2\"", "\"k5\""));
  EXPECT_TRUE(out.halves.empty());
}

TEST_F(ParserTest, AnIdWithTwoAnswersIsNotAnswered) {
  start(2);
  const RequestPtr pack = request(2);
  std::string text = answers(*pack, {0, 1, 1});
  text.replace(text.rfind("A1"), 2, "A9");
  const auto out = reply(pack, text);
  EXPECT_THAT(lines(out), ElementsAre(R"({"id":"k0","a":"A0"})"));
  EXPECT_THAT(keys(out.again), ElementsAre("\"k1\""));
  EXPECT_THAT(out.again[0].validation_feedback, HasSubstr("two different answers"));
}

TEST_F(ParserTest, AForeignIdIsGivenToNobody) {
  start(2);
  const RequestPtr pack = request(2);
  const auto out = reply(
      pack, R"({"answers":[{"id":"zzzz","a":"X"},{"id":")" + pack->ids[1] + R"(","a":"A1"}]})");
  EXPECT_THAT(lines(out), ElementsAre(R"({"id":"k1","a":"A1"})"));
  EXPECT_THAT(keys(out.again), ElementsAre("\"k0\""));
}

TEST_F(ParserTest, AMisfitIsAskedAgainWithItsComplaintThenRejectedWithItsHistory) {
  start(1, 1);
  RequestPtr first = request(1);
  auto out = reply(first, R"({"a": 5})");
  ASSERT_EQ(out.again.size(), 1u);
  EXPECT_EQ(out.again[0].validation_feedback, "a must be text, got a number");

  auto second = std::make_shared<Request>();
  second->items = std::move(out.again);
  out = reply(second, R"({"b": 5})");
  EXPECT_TRUE(out.again.empty());
  ASSERT_EQ(out.results.entries.size(), 1u);
  EXPECT_EQ(out.results.entries[0].kind, store::Kind::reject);
  EXPECT_EQ(out.results.entries[0].line,
            R"({"key":"k0","stage":"parse","reason":"bad_answer","detail":"a is missing",)"
            R"("history":["a must be text, got a number"],"row":{"id":"k0","q":"p0"}})");
  ASSERT_EQ(out.rejected.size(), 1u);
  EXPECT_EQ(out.rejected[0].second.reason, "bad_answer");
}

// One row spoils whatever pack it stands in: bisection asks two packs a level, and its history is
// kept.
TEST_F(ParserTest, APoisonRowIsFoundByHalvesAtTwiceTheLogarithm) {
  for (const int rows : {2, 3, 8, 16, 20, 100}) {
    SCOPED_TRACE(rows);
    start(rows, 2);
    std::vector<RequestPtr> asked = {request(rows)};
    const std::string poison = "\"k" + std::to_string(rows / 3) + "\"";
    int requests = 0;
    std::vector<std::string> rejected;
    std::size_t answered = 0;
    for (; !asked.empty(); ++requests) {
      const RequestPtr pack = asked.back();
      asked.pop_back();
      std::vector<std::size_t> all(pack->items.size());
      std::iota(all.begin(), all.end(), 0);
      const auto own = keys(pack->items);
      const bool spoilt = std::ranges::find(own, poison) != own.end();
      auto out = reply(pack, spoilt ? "no json" : answers(*pack, all));
      out.halves.push_back(std::move(out.again));
      for (Items& half : out.halves) {
        if (half.empty()) continue;
        asked.push_back(std::make_shared<Request>());
        asked.back()->items = std::move(half);
        build(*asked.back(), true);
      }
      for (const auto& entry : out.results.entries) {
        if (entry.kind == store::Kind::reject) rejected.push_back(entry.line);
        if (entry.kind == store::Kind::answer) ++answered;
      }
    }
    const int levels = static_cast<int>(std::ceil(std::log2(rows)));
    const int alone = std::max(0, 2 - levels);  // askings that `retries` leaves to the lone row
    EXPECT_LE(requests, 1 + 2 * levels + alone);
    EXPECT_EQ(answered, static_cast<std::size_t>(rows) - 1);
    ASSERT_EQ(rejected.size(), 1u);
    EXPECT_THAT(rejected[0], HasSubstr("\"key\":" + poison));
    EXPECT_THAT(rejected[0], HasSubstr("in a pack of " + std::to_string(rows) + ": no answer"));
  }
}

TEST_F(ParserTest, ARefusalInAPackIsFoundByHalves) {
  start(4);
  const auto out = reply(request(4), "I cannot", provider::Finish::refusal);
  ASSERT_EQ(out.halves.size(), 2u);
  EXPECT_THAT(keys(out.halves[0]), ElementsAre("\"k0\"", "\"k1\""));
  EXPECT_THAT(keys(out.halves[1]), ElementsAre("\"k2\"", "\"k3\""));
  EXPECT_TRUE(out.again.empty());
}

TEST_F(ParserTest, APackThatIsCutOffKeepsItsWholeRows) {
  start(3);
  const RequestPtr pack = request(3);
  std::string text = answers(*pack, {0, 1, 2});
  text.resize(text.find("A2"));
  const auto out = reply(pack, text, provider::Finish::length);
  EXPECT_THAT(lines(out), ElementsAre(R"({"id":"k0","a":"A0"})", R"({"id":"k1","a":"A1"})"));
  EXPECT_THAT(keys(out.again), ElementsAre("\"k2\""));
  ASSERT_EQ(out.packs.size(), 0u) << "this one was not made by the packer";
}

TEST_F(ParserTest, TellsOfEachPackWhatSingleRequestsWouldHaveTaken) {
  start(4);
  const RequestPtr pack = request(4);
  const auto good = reply(pack, answers(*pack, {0, 1, 2}));
  ASSERT_EQ(good.packed.size(), 1U);
  EXPECT_EQ(good.packed[0].rows_answered, 3U);
  EXPECT_EQ(good.packed[0].single_bytes, 3 * std::string(R"("p0")").size());
  EXPECT_EQ(good.packed[0].content_bytes, pack->user_content->size());
  EXPECT_EQ(good.packed[0].input_tokens, 7U);
  const auto bad = reply(request(4), "no json");
  ASSERT_EQ(bad.packed.size(), 1U);
  EXPECT_EQ(bad.packed[0].rows_answered, 0U) << "asked in vain";
  EXPECT_EQ(bad.packed[0].single_bytes, 0U);
  start(1);
  EXPECT_EQ(reply(request(1), R"({"a":"x"})").packed.size(), 0U) << "no pack";
}

TEST_F(ParserTest, TheSettlementTravelsWithTheAnswer) {
  start(1);
  Completion completion;
  completion.request = request(1);
  completion.reply.text = R"({"a":"x"})";
  completion.settlement.attempt = 42;
  completion.settlement.answered = true;
  completion.settlement.usage = {.input = 500, .output = 100};
  Completions all;
  all.push_back(std::move(completion));
  const auto out = parser_->run(std::move(all));
  ASSERT_EQ(out.results.settlements.size(), 1U);
  EXPECT_EQ(out.results.settlements[0].attempt, 42U);
  EXPECT_TRUE(out.results.settlements[0].answered);
  EXPECT_EQ(out.results.settlements[0].usage, (provider::Usage{.input = 500, .output = 100}));
}

TEST_F(ParserTest, TellsWhatAPackOfUntriedRowsBrought) {
  start(3);
  const RequestPtr pack = request(3);
  pack->size_epoch = 5;
  const auto out = reply(pack, answers(*pack, {0, 2}));
  ASSERT_EQ(out.packs.size(), 1u);
  EXPECT_EQ(out.packs[0].asked, 3u);
  EXPECT_EQ(out.packs[0].answered, 2u);
  EXPECT_EQ(out.packs[0].epoch, 5u);
}

// LOTUS #255: a reasoning model spends its whole output budget, and the empty answer becomes the
// default label.
TEST_F(ParserTest, ALimitSpentOnThinkingIsToldAsSuch) {
  start(1, 0);
  Completion completion;
  completion.request = request(1);
  completion.reply.finish = provider::Finish::length;
  completion.reply.outcome.usage = {.input = 7, .output = 500, .reasoning = 500};
  Completions all;
  all.push_back(std::move(completion));
  EXPECT_THAT(lines(parser_->run(std::move(all))),
              ElementsAre(testing::AllOf(
                  HasSubstr(R"("reason":"truncated")"),
                  HasSubstr("spent its output limit on thinking (500 of 500 output tokens)"))));
}

TEST_F(ParserTest, ARefusalOfOneRowIsARejectOfItsOwnKind) {
  start(1);
  EXPECT_THAT(lines(reply(request(1), "I cannot", provider::Finish::refusal)),
              ElementsAre(HasSubstr(R"("reason":"refused")")));
  EXPECT_THAT(lines(reply(request(1), "", provider::Finish::content_filter)),
              ElementsAre(HasSubstr(R"("reason":"content_filter")")));
}

TEST_F(ParserTest, ATruncatedAnswerNeverBecomesAValue) {
  start(1, 0);
  EXPECT_THAT(lines(reply(request(1), R"({"a":"x"})", provider::Finish::length)),
              ElementsAre(HasSubstr(R"("reason":"truncated")")));
}

// LOTUS #255: the empty answer becomes the default label.
TEST_F(ParserTest, AnEmptyAnswerNeverBecomesAValue) {
  start(1, 0);
  EXPECT_THAT(lines(reply(request(1), "")), ElementsAre(HasSubstr(R"("reason":"empty_answer")")));
  EXPECT_THAT(lines(reply(request(1), " \n ")),
              ElementsAre(HasSubstr(R"("reason":"empty_answer")")));
}

TEST_F(ParserTest, ReadsInsideACodeFence) {
  start(1);
  EXPECT_THAT(lines(reply(request(1), "```json\n{\"a\":\"x\"}\n```\n")),
              ElementsAre(R"({"id":"k0","a":"x"})"));
}

TEST_F(ParserTest, TheParseFunctionMayChangeTheAnswer) {
  start(1, 2,
        [](std::string_view answer,
           const core::Row& row) -> std::expected<std::string, ScriptFailure> {
          EXPECT_EQ(answer, R"({"a":"x"})");
          EXPECT_EQ(row.key_json, "\"k0\"");
          return R"({"a":"X","b":1})";
        });
  EXPECT_THAT(lines(reply(request(1), R"({"a":"x"})")),
              ElementsAre(R"({"id":"k0","a":"X","b":1})"));
}

TEST_F(ParserTest, TheParseFunctionMayRefuseAnAnswer) {
  start(1, 2, [](std::string_view, const core::Row&) -> std::expected<std::string, ScriptFailure> {
    return std::unexpected(ScriptFailure{false, "too vague"});
  });
  const auto out = reply(request(1), R"({"a":"x"})");
  ASSERT_EQ(out.again.size(), 1u);
  EXPECT_EQ(out.again[0].validation_feedback, "too vague");
}

TEST_F(ParserTest, AScriptErrorKeepsThePaidAnswer) {
  start(1, 2, [](std::string_view, const core::Row&) -> std::expected<std::string, ScriptFailure> {
    return std::unexpected(ScriptFailure{true, "p.lua:3: oops"});
  });
  const auto out = reply(request(1), R"({"a":"x"})");
  EXPECT_TRUE(out.again.empty());
  EXPECT_THAT(lines(out),
              ElementsAre(testing::AllOf(HasSubstr("script_error"), HasSubstr("p.lua:3: oops"),
                                         HasSubstr(R"(the answer was {\"a\":\"x\"})"))));
}

TEST_F(ParserTest, FreeTextIsTheAnswer) {
  start(1);
  spec_.pack.answer.clear();
  question_ = make_question(spec_);
  parser_.emplace(spec_, question_, *lines_, std::vector<std::string>{"m"});
  EXPECT_THAT(lines(reply(request(1), "Bonjour \"le\" monde")),
              ElementsAre(testing::StartsWith(R"({"id":"k0","answer":"Bonjour \"le\" monde"})")));
}

class FreeText : public ParserTest {
 protected:
  void start_text(ParseFunction parse) {
    start(1, 2, std::move(parse));
    spec_.pack.answer.clear();
    question_ = make_question(spec_);
    parser_.emplace(spec_, question_, *lines_, std::vector<std::string>{"m"});
  }
};

TEST_F(FreeText, GoesThroughTheParseFunction) {
  start_text([](std::string_view answer,
                const core::Row& row) -> std::expected<std::string, ScriptFailure> {
    EXPECT_EQ(answer, R"({"answer":"a \"fine\" day"})");
    EXPECT_EQ(row.key_json, "\"k0\"");
    return R"({"answer":"A FINE DAY","words":3})";
  });
  EXPECT_THAT(lines(reply(request(1), "a \"fine\" day")),
              ElementsAre(R"({"id":"k0","answer":"A FINE DAY","words":3})"));
}

TEST_F(FreeText, ThatTheParseFunctionRefusesIsAskedForAgain) {
  start_text([](std::string_view, const core::Row&) -> std::expected<std::string, ScriptFailure> {
    return std::unexpected(ScriptFailure{false, "too vague"});
  });
  const auto out = reply(request(1), "hm");
  EXPECT_TRUE(out.results.entries.empty());
  ASSERT_EQ(out.again.size(), 1u);
  EXPECT_EQ(out.again[0].validation_feedback, "too vague");
}

TEST_F(FreeText, IsKeptWhenTheParseFunctionFails) {
  start_text([](std::string_view, const core::Row&) -> std::expected<std::string, ScriptFailure> {
    return std::unexpected(ScriptFailure{true, "p.lua:3: oops"});
  });
  const auto out = reply(request(1), "hm");
  EXPECT_TRUE(out.again.empty());
  EXPECT_THAT(lines(out),
              ElementsAre(testing::AllOf(HasSubstr("script_error"), HasSubstr("p.lua:3: oops"),
                                         HasSubstr(R"(the answer was {\"answer\":\"hm\"})"))));
}

}  // namespace
}  // namespace sluice::stages
