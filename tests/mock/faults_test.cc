// How answers are spoilt, by the shares and by the texts of Options.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "codec/registry.h"
#include "mock/answerer.h"
#include "mock/provider_model.h"
#include "tests/mock/support.h"

namespace sluice::mock {
namespace {

using nlohmann::json;

json message_of(const Decision& decision) {
  return json::parse(decision.response.body).at("choices").at(0).at("message");
}

std::string text_of(const Decision& decision) {
  return message_of(decision).at("content").get<std::string>();
}

std::string finish_of(const Decision& decision) {
  return json::parse(decision.response.body).at("choices").at(0).at("finish_reason");
}

// The answer to kRows as the mock's `n`th, with one fault in every one.
Decision spoilt(double Faults::* fault, std::uint64_t n) {
  ProviderModel model(with(1, fault, 1));
  for (std::uint64_t i = 0; i < n; ++i) static_cast<void>(model.handle(ask("x"), kNow, kWall));
  return model.handle(ask_pack(kRows), kNow, kWall);
}

json whole_answers() {
  ProviderModel model(Options{});
  return content_of(model.handle(ask_pack(kRows), kNow, kWall)).at("answers");
}

std::set<std::string> ids_of(const json& answers) {
  std::set<std::string> ids;
  for (const json& entry : answers) ids.insert(entry.at("id").get<std::string>());
  return ids;
}

TEST(Faults, DropsDoublesOrMisnamesOneRowOfAPackAndLeavesTheOthers) {
  ProviderModel whole(Options{});
  const json full = content_of(whole.handle(ask_pack(kRows), kNow, kWall)).at("answers");
  for (std::uint64_t n = 0; n < 20; ++n) {
    const auto spoilt = [&](double Faults::* fault) {
      Options options = with(1, fault, 1);
      ProviderModel model(options);
      for (std::uint64_t i = 0; i < n; ++i) {
        static_cast<void>(model.handle(ask("x"), kNow, kWall));
      }
      return content_of(model.handle(ask_pack(kRows), kNow, kWall)).at("answers");
    };
    const json dropped = spoilt(&Faults::drop_row);
    EXPECT_EQ(dropped.size(), 2u);
    for (const json& entry : dropped) {
      EXPECT_NE(std::find(full.begin(), full.end(), entry), full.end());
    }
    const json doubled = spoilt(&Faults::double_row);
    EXPECT_EQ(doubled.size(), 4u);
    std::map<std::string, int> counts;
    for (const json& entry : doubled) ++counts[entry.at("id").get<std::string>()];
    EXPECT_EQ(counts.size(), 3u);
    const json foreign = spoilt(&Faults::foreign_id);
    EXPECT_EQ(foreign.size(), 3u);
    EXPECT_EQ(std::count_if(foreign.begin(), foreign.end(),
                            [](const json& e) {
                              return e.at("id").get<std::string>().starts_with("foreign-");
                            }),
              1);
  }
}

TEST(Faults, CutsOffAndGarblesTexts) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    ProviderModel cut(with(seed, &Faults::truncate, 1));
    const json reply = json::parse(cut.handle(ask_pack(kRows), kNow, kWall).response.body);
    EXPECT_EQ(reply.at("choices").at(0).at("finish_reason"), "length");
    EXPECT_FALSE(
        json::accept(reply.at("choices").at(0).at("message").at("content").get<std::string>()));

    ProviderModel garbling(with(seed, &Faults::garble, 1));
    const json garbled = json::parse(garbling.handle(ask_pack(kRows), kNow, kWall).response.body);
    EXPECT_EQ(garbled.at("choices").at(0).at("finish_reason"), "stop");
    EXPECT_FALSE(
        json::accept(garbled.at("choices").at(0).at("message").at("content").get<std::string>()));
  }
}

TEST(Faults, CutsTextsInTheMiddle) {
  ProviderModel whole(Options{});
  const std::string text = text_of(whole.handle(ask_pack(kRows), kNow, kWall));
  std::set<std::size_t> lengths;
  for (std::uint64_t n = 0; n < 50; ++n) {
    const std::string cut = text_of(spoilt(&Faults::truncate, n));
    EXPECT_EQ(cut, text.substr(0, cut.size()));
    EXPECT_GT(cut.size(), 0u);
    EXPECT_LT(cut.size(), text.size());
    lengths.insert(cut.size());
  }
  EXPECT_GT(lengths.size(), 20u);
}

TEST(Faults, DoublesEveryOtherTimeWithTwoContents) {
  const json whole = whole_answers();
  int different = 0;
  for (std::uint64_t n = 0; n < 100; ++n) {
    std::map<std::string, std::set<json>> contents;
    const json answers = content_of(spoilt(&Faults::double_row, n)).at("answers");
    for (const json& entry : answers) contents[entry.at("id")].insert(entry);
    ASSERT_EQ(contents.size(), 3u);
    for (const json& entry : whole) EXPECT_TRUE(contents[entry.at("id")].contains(entry));
    for (const auto& [id, each] : contents) different += each.size() == 2 ? 1 : 0;
  }
  EXPECT_NEAR(different, 50, 20);
}

TEST(Faults, MisspellsOneId) {
  const json whole = whole_answers();
  for (std::uint64_t n = 0; n < 20; ++n) {
    const json answers = content_of(spoilt(&Faults::re_id, n)).at("answers");
    ASSERT_EQ(answers.size(), 3u);
    int strange = 0;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      EXPECT_EQ(answers[i].at("n"), whole[i].at("n"));
      const std::string id = answers[i].at("id");
      EXPECT_EQ(id.size(), 2u);
      EXPECT_EQ(id[0], 'a');
      if (ids_of(whole).contains(id)) {
        EXPECT_EQ(id, whole[i].at("id").get<std::string>());
      } else {
        ++strange;
      }
    }
    EXPECT_EQ(strange, 1);
  }
}

TEST(Faults, MisspellsIdsSoThatTheyAreNobodys) {
  std::vector<provider::FramedRow> rows = {{"a", "1"}, {"x", "2"}, {"q", "3"},
                                           {"7", "4"}, {"k", "5"}, {"z", "6"},
                                           {"3", "7"}, {"m", "8"}, {"w", "9"}};
  ProviderModel model(with(1, &Faults::re_id, 1));
  for (int n = 0; n < 20; ++n) {
    const auto ids = ids_of(content_of(model.handle(ask_pack(rows), kNow, kWall)).at("answers"));
    EXPECT_EQ(ids.size(), 9u);
    std::size_t asked = 0;
    for (const provider::FramedRow& row : rows) asked += ids.contains(std::string(row.id)) ? 1 : 0;
    EXPECT_EQ(asked, 8u);
  }
}

TEST(Faults, ReordersAnswers) {
  const json whole = whole_answers();
  std::set<std::string> orders;
  for (std::uint64_t n = 0; n < 50; ++n) {
    json answers = content_of(spoilt(&Faults::reorder, n)).at("answers");
    EXPECT_NE(answers, whole);
    orders.insert(answers.dump());
    std::sort(answers.begin(), answers.end(),
              [](const json& a, const json& b) { return a.at("id") < b.at("id"); });
    EXPECT_EQ(answers, whole);
  }
  EXPECT_EQ(orders.size(), 5u) << "all orders but the rows' own";
}

TEST(Faults, FencesJsonOnly) {
  const std::string text = text_of(spoilt(&Faults::fence, 0));
  const auto begin = text.find("\n```json\n");
  const auto end = text.rfind("\n```\n");
  ASSERT_NE(begin, text.npos);
  ASSERT_NE(end, text.npos);
  EXPECT_GT(begin, 0u);
  EXPECT_EQ(json::parse(text.substr(begin + 9, end - begin - 9)).at("answers"), whole_answers());

  ProviderModel model(with(1, &Faults::fence, 1));
  EXPECT_EQ(text_of(model.handle(ask("hello"), kNow, kWall)), free_text_for("hello", 1));
  EXPECT_NE(text_of(model.handle(ask("hello", kRowSchema), kNow, kWall)).find("```json\n{"),
            std::string::npos);
}

TEST(Faults, WritesCommasWhereJsonHasNone) {
  std::string text = text_of(spoilt(&Faults::trailing_comma, 0));
  EXPECT_FALSE(json::accept(text));
  ASSERT_TRUE(text.ends_with("},],}")) << text;
  text.replace(text.size() - 5, 5, "}]}");
  EXPECT_EQ(json::parse(text).at("answers"), whole_answers());

  ProviderModel model(with(1, &Faults::trailing_comma, 1));
  const std::string single = text_of(model.handle(ask("hello", kRowSchema), kNow, kWall));
  EXPECT_TRUE(single.ends_with(",}")) << single;
  EXPECT_EQ(text_of(model.handle(ask("hello"), kNow, kWall)), free_text_for("hello", 1));
}

TEST(Faults, OfPacksLeaveSingleAnswersAlone) {
  for (double Faults::* fault : {&Faults::drop_row, &Faults::double_row, &Faults::foreign_id,
                                 &Faults::re_id, &Faults::reorder}) {
    ProviderModel model(with(1, fault, 1));
    EXPECT_EQ(text_of(model.handle(ask("hello", kRowSchema), kNow, kWall)),
              answer_for(kRowSchema, "hello", 1));
  }
}

TEST(Faults, SpendsEveryTokenOnReasoning) {
  ProviderModel model(with(1, &Faults::reasoning_only, 1));
  http::ServerRequest request = ask_pack(kRows);
  request.body.replace(0, 1, R"({"max_completion_tokens":700,)");
  const Decision decision = model.handle(request, kNow, kWall);
  EXPECT_EQ(finish_of(decision), "length");
  EXPECT_EQ(text_of(decision), "");
  const json usage = json::parse(decision.response.body).at("usage");
  EXPECT_EQ(usage.at("completion_tokens"), 700);
  EXPECT_EQ(usage.at("completion_tokens_details").at("reasoning_tokens"), 700);
  EXPECT_EQ(model.stats().output_tokens, 700u);

  const json unlimited =
      json::parse(model.handle(ask_pack(kRows), kNow, kWall).response.body).at("usage");
  EXPECT_GT(unlimited.at("completion_tokens"), 0);
  EXPECT_EQ(unlimited.at("completion_tokens_details").at("reasoning_tokens"),
            unlimited.at("completion_tokens"));
}

TEST(Faults, APoisonRowSpoilsEveryPackThatItStandsIn) {
  Options options;
  options.poison = "secon";
  ProviderModel model(options);
  for (int i = 0; i < 10; ++i) {
    const Decision decision = model.handle(ask_pack(kRows), kNow, kWall);
    EXPECT_EQ(decision.response.status, 200);
    EXPECT_EQ(finish_of(decision), "stop");
    EXPECT_EQ(text_of(decision).find_first_of("{[\""), std::string::npos) << text_of(decision);
  }
  const json rest = content_of(model.handle(ask_pack({kRows[0], kRows[2]}), kNow, kWall));
  EXPECT_EQ(rest.at("answers"), json::array({whole_answers()[0], whole_answers()[2]}));
}

TEST(Faults, RefusesWhatHoldsAText) {
  Options options;
  options.refuse = "third";
  options.faults.truncate = 1;
  ProviderModel model(options);
  http::ServerRequest request = ask_pack(kRows);
  request.body.replace(0, 1, R"({"max_completion_tokens":2,)");
  const Decision decision = model.handle(request, kNow, kWall);
  EXPECT_EQ(decision.response.status, 200);
  EXPECT_TRUE(message_of(decision).at("content").is_null());
  EXPECT_FALSE(message_of(decision).at("refusal").get<std::string>().empty());
  EXPECT_EQ(finish_of(decision), "stop");
  EXPECT_GT(model.stats().output_tokens, 0u) << "a refusal is billed";

  provider::EndpointSpec spec;
  spec.base_url = "http://127.0.0.1:1/v1";
  const provider::Reply read =
      codec::make_codec(spec)->read(200, {}, decision.response.body, core::WallTime());
  EXPECT_EQ(read.finish, provider::Finish::refusal);

  const Decision other = model.handle(ask_pack({kRows[0]}), kNow, kWall);
  EXPECT_TRUE(message_of(other).at("refusal").is_null());
}

// So that a test can work out what it must find, however often a row was asked.
TEST(ProviderModel, AnswersTheRowAndNotTheComplaintAboutItsLastAnswer) {
  const std::string validation_feedback =
      "\n\nAn earlier answer to this was not accepted: no answer came for it. Answer again so that "
      "it fits.";
  Options options;
  options.count_repeats = true;
  ProviderModel model(options);
  std::vector<std::string> texts;
  std::vector<provider::FramedRow> rows;
  for (const provider::FramedRow& row : kRows)
    texts.push_back(std::string(row.text) + validation_feedback);
  for (std::size_t i = 0; i < texts.size(); ++i) rows.push_back({kRows[i].id, texts[i]});
  EXPECT_EQ(content_of(model.handle(ask_pack(rows), kNow, kWall)).at("answers"), whole_answers());
  EXPECT_EQ(content_of(model.handle(ask("hello" + validation_feedback, kRowSchema), kNow, kWall)),
            json::parse(answer_for(kRowSchema, "hello", 1)));
  EXPECT_EQ(text_of(model.handle(ask("hello" + validation_feedback), kNow, kWall)),
            free_text_for("hello", 1));
  EXPECT_EQ(model.stats().repeated_rows, 1u) << "hello is the same row, asked twice";
}

}  // namespace
}  // namespace sluice::mock
