// The cases stand in salvage.md, where they can be read as documentation.
#include "answer/salvage.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <set>
#include <sstream>

#include "tests/answer/salvage_oracle.h"

namespace sluice::answer {
namespace {

struct SalvageCase {
  std::string title;
  std::string kind;  // reply or single
  std::vector<std::string> ids;
  std::string reply;
  std::string expected;
};

// "«EF BB»" stands for the two bytes.
std::string with_bytes(const std::string& text) {
  static const std::string kOpen = "«";
  static const std::string kClose = "»";
  std::string out;
  std::size_t at = 0;
  while (true) {
    const std::size_t open = text.find(kOpen, at);
    const std::size_t close = open == text.npos ? open : text.find(kClose, open);
    if (close == text.npos) return out + text.substr(at);
    out += text.substr(at, open - at);
    std::istringstream bytes(text.substr(open + kOpen.size(), close - open - kOpen.size()));
    for (unsigned byte = 0; bytes >> std::hex >> byte;) out += static_cast<char>(byte);
    at = close + kClose.size();
  }
}

std::vector<SalvageCase> salvage_cases() {
  std::ifstream file(SLUICE_SOURCE_DIR "/tests/answer/salvage.md");
  std::vector<SalvageCase> all;
  std::string line;
  std::string* block = nullptr;
  while (std::getline(file, line)) {
    if (line == "````" && block) {
      block = nullptr;
    } else if (block) {
      *block += line + "\n";
    } else if (line.starts_with("### ")) {
      all.push_back({line.substr(4), {}, {}, {}, {}});
    } else if (line.starts_with("````reply") || line == "````single") {
      std::istringstream words(line.substr(4));
      words >> all.back().kind;
      for (std::string id; words >> id;) all.back().ids.push_back(id);
      block = &all.back().reply;
    } else if (line == "````found" || line == "````object") {
      block = &all.back().expected;
    }
  }
  for (SalvageCase& c : all) {
    if (!c.reply.empty()) c.reply.pop_back();  // the block's last line end is not the reply's
    c.reply = with_bytes(c.reply);
  }
  return all;
}

std::string in_words(const Salvaged& found, const std::vector<std::string>& ids) {
  std::string out;
  for (const auto& [row, object] : found.answers)
    out += ids[row] + ' ' + simdjson::minify(object) + '\n';
  for (const std::size_t row : found.conflicting) out += "conflicting " + ids[row] + '\n';
  const auto count = [&](const char* name, std::size_t n) {
    if (n > 0) out += name + (' ' + std::to_string(n)) + '\n';
  };
  count("unknown_id", found.unknown_id);
  count("missing_id", found.missing_id);
  count("unusable", found.unusable);
  if (found.truncated) out += "truncated\n";
  if (found.extra_text) out += "extra_text\n";
  return out;
}

TEST(Salvage, FindsWhatTheDocumentSays) {
  const auto all = salvage_cases();
  ASSERT_GE(all.size(), 70u);
  simdjson::dom::parser parser;
  std::set<std::string> titles;
  for (const SalvageCase& c : all) {
    EXPECT_TRUE(titles.insert(c.kind + c.title).second) << "two cases named " << c.title;
    if (c.kind == "single") {
      const auto object = salvage_object(c.reply, parser);
      EXPECT_EQ((object ? simdjson::minify(*object) : "none") + "\n", c.expected) << c.title;
    } else {
      ASSERT_FALSE(c.ids.empty()) << c.title;
      EXPECT_EQ(in_words(salvage(c.reply, c.ids, parser), c.ids), c.expected) << c.title;
      EXPECT_EQ(salvage_mistake(c.reply, c.ids, parser), "") << c.title;
    }
  }
}

TEST(Salvage, TakesOnlyWholeEntriesOfReplyCutAnywhere) {
  simdjson::dom::parser parser;
  for (const SalvageCase& c : salvage_cases()) {
    if (c.kind != "reply") continue;
    for (std::size_t length = 0; length < c.reply.size(); ++length) {
      const std::string_view cut = std::string_view(c.reply).substr(0, length);
      ASSERT_EQ(salvage_mistake(cut, c.ids, parser), "") << c.title << ", cut at " << length;
    }
  }
  // What a cut leaves of a clean list is the whole one's beginning, entry for entry.
  const std::vector<std::string> ids = {"a1", "a2", "a3"};
  const std::string whole =
      R"({"answers":[{"id":"a1","n":[1,{"id":"a2"}]},{"id":"a2","n":"]}"},{"id":"a3","n":3}]})";
  const std::size_t ends[] = {whole.find(R"(,{"id":"a2","n")"), whole.find(R"(,{"id":"a3")"),
                              whole.size() - 2};
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const Salvaged found = salvage(whole.substr(0, length), ids, parser);
    std::size_t complete = 0;
    for (const std::size_t end : ends) complete += end <= length ? 1 : 0;
    ASSERT_EQ(found.answers.size(), complete) << length;
    for (std::size_t i = 0; i < complete; ++i) EXPECT_EQ(found.answers[i].row, i);
    EXPECT_EQ(found.truncated, length > 0) << length;
  }
}

// Replies put together and spoilt at random: whatever comes of them, nothing is given to a row that
// is not named in it.
TEST(Salvage, GivesNoRowWhatDoesNotCarryItsIdHoweverTheReplyIsSpoilt) {
  const std::vector<std::string> ids = {"a1", "a2", "12", "b"};
  const auto cases = salvage_cases();
  std::mt19937_64 random(20'260'101);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  constexpr std::string_view kTokens[] = {
      "{",       "}",      "[",       "]",        ",",      ":",  "\"",          "\\",
      "\n",      " ",      "\"id\":", "\"a1\"",   "\"a2\"", "12", "{\"id\":",    "```\n",
      "<row id", "</row>", "\xFF",    "\"a1\":{", "},",     "]}", "\"answers\":"};
  simdjson::dom::parser parser;
  std::size_t answers = 0;
  for (int round = 0; round < 5'000; ++round) {
    std::string reply = cases[below(cases.size())].reply;
    for (std::size_t edits = below(4); edits > 0; --edits) {
      const std::size_t at = below(reply.size() + 1);
      switch (below(4)) {
        case 0:
          reply.insert(at, kTokens[below(std::size(kTokens))]);
          break;
        case 1:
          reply.erase(at, below(6));
          break;
        case 2: {
          const std::string& other = cases[below(cases.size())].reply;
          const std::size_t from = below(other.size() + 1);
          reply.insert(at, other, from, below(other.size() + 1));
          break;
        }
        default:
          reply.resize(at);
      }
    }
    ASSERT_EQ(salvage_mistake(reply, ids, parser), "") << round << ": " << reply;
    answers += salvage(reply, ids, parser).answers.size();
  }
  EXPECT_GT(answers, 1'250u) << "most replies keep some answers";
}

TEST(Salvage, ReadsLongListsInAnyOrder) {
  std::vector<std::string> ids;
  for (int i = 0; i < 3000; ++i) ids.push_back("r" + std::to_string(i));
  std::vector<std::size_t> order(ids.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = (i * 1237) % order.size();
  std::string list;
  for (const std::size_t row : order) {
    list += list.empty() ? "[" : ",";
    list += R"({"n":)" + std::to_string(row) + R"(,"id":")" + ids[row] + "\"}";
  }
  list += "]";
  simdjson::dom::parser parser;
  for (const std::string& reply : {list, "Here: " + list}) {
    const Salvaged found = salvage(reply, ids, parser);
    ASSERT_EQ(found.answers.size(), ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      ASSERT_EQ(found.answers[i].row, i);
      std::uint64_t n = 0;
      ASSERT_EQ(found.answers[i].object["n"].get(n), simdjson::SUCCESS);
      ASSERT_EQ(n, i);
    }
  }
}

TEST(Salvage, FindsAMemberTwiceAmongMany) {
  std::string entry = R"({"id":"a1")";
  for (int i = 0; i < 1000; ++i) entry += ",\"m" + std::to_string(i) + "\":1";
  const std::vector<std::string> ids = {"a1"};
  simdjson::dom::parser parser;
  EXPECT_EQ(salvage(entry + "}", ids, parser).answers.size(), 1u);
  const Salvaged found = salvage(entry + ",\"m7\":2}", ids, parser);
  EXPECT_EQ(found.answers.size(), 0u);
  EXPECT_EQ(found.unusable, 1u);
}

// Depth costs memory in proportion and no stack. What simdjson does not nest to is no answer.
TEST(Salvage, SurvivesAnyNesting) {
  const std::vector<std::string> ids = {"a1", "a2"};
  simdjson::dom::parser parser;
  for (const std::size_t depth : {900u, 1023u, 1024u, 1025u, 2000u, 300'000u}) {
    const std::string open(depth, '[');
    const std::string close(depth, ']');
    const std::string deep = R"({"id":"a1","n":)" + open + close + "}";
    const Salvaged found = salvage("[" + deep + R"(,{"id":"a2","n":2}])", ids, parser);
    ASSERT_EQ(found.answers.size(), depth < 1000 ? 2u : 1u) << depth;
    EXPECT_EQ(found.answers.back().row, 1u);
    EXPECT_EQ(found.unusable, depth < 1000 ? 0u : 1u);

    EXPECT_TRUE(salvage(open + close, ids, parser).answers.empty());
    EXPECT_TRUE(salvage(open, ids, parser).truncated);
    std::string hooks;
    for (std::size_t i = 0; i < depth; ++i) hooks += "{[<row id";
    EXPECT_TRUE(salvage(hooks, ids, parser).answers.empty());
  }
}

}  // namespace
}  // namespace sluice::answer
