#include "stages/pack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <set>

#include "provider/row_tags.h"
#include "tests/stages/support.h"

namespace sluice::stages {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class PackerTest : public testing::Test {
 protected:
  void start(int rows, int tokens = kDefaultPackTokens) {
    spec_ = simple_spec(rows);
    spec_.pack.tokens = tokens;
    question_ = make_question(spec_);
    lines_.emplace(spec_, std::vector<std::string>{"a"});
    size_.emplace(rows);
    packer_.emplace(spec_, checkpoint_, in_flight_, *lines_, *size_);
  }
  Items items(int count, const std::string& prefix = "p") {
    Items made;
    for (int i = 0; i < count; ++i)
      made.push_back(item_of(question_, prefix + std::to_string(i), prefix + std::to_string(i)));
    return made;
  }
  static std::vector<std::size_t> sizes(const Packer::Out& out) {
    std::vector<std::size_t> sizes;
    for (const RequestPtr& request : out.requests) sizes.push_back(request->items.size());
    return sizes;
  }

  PipelineSpec spec_;
  Question question_;
  MemoryCheckpoint checkpoint_;
  InFlight in_flight_;
  std::optional<LineWriter> lines_;
  std::optional<PackSize> size_;
  std::optional<Packer> packer_;
};

TEST_F(PackerTest, FillsPacksAndHoldsTheRestForCompany) {
  start(4);
  EXPECT_THAT(sizes(*packer_->add(items(10))), ElementsAre(4, 4));
  EXPECT_THAT(sizes(*packer_->add(items(3, "more"))), ElementsAre(4));
  EXPECT_THAT(sizes(packer_->flush()), ElementsAre(1));
  EXPECT_THAT(sizes(packer_->flush()), IsEmpty());
}

TEST_F(PackerTest, RespectsTheTokenBoundAndSendsALargeRowAlone) {
  start(100, 10);  // 40 bytes of row text
  Items rows;
  for (const char* text : {"0123456789012345678", "1123456789012345678", "2123456789012345678"}) {
    rows.push_back(item_of(question_, text, text));
  }
  const std::string large(500, 'x');
  rows.push_back(item_of(question_, "large", large));
  rows.push_back(item_of(question_, "last", "last"));
  const auto out = packer_->add(std::move(rows));
  EXPECT_THAT(sizes(*out), ElementsAre(2, 1, 1));
  EXPECT_THAT(sizes(packer_->flush()), ElementsAre(1));
}

TEST_F(PackerTest, LetsGoOfRowsThatEndedEarlierByOccurrence) {
  start(1);
  Items rows = items(1);
  Items same = items(1);
  rows.push_back(std::move(same[0]));
  checkpoint_.done.insert(rows[0].identity);  // once: the second occurrence is new
  const auto out = packer_->add(std::move(rows));
  EXPECT_EQ(out->done.rows, 1u);
  EXPECT_THAT(out->requests, SizeIs(1));
}

TEST_F(PackerTest, AnswersFromTheCheckpointWithoutAsking) {
  start(1);
  Items rows = items(1);
  checkpoint_.answers[rows[0].question] = {R"("a":"known")", "m"};
  const auto out = packer_->add(std::move(rows));
  EXPECT_THAT(out->requests, IsEmpty());
  ASSERT_THAT(out->entries, SizeIs(1));
  EXPECT_EQ(out->entries[0].line, R"({"id":"p0","a":"known"})");
  EXPECT_EQ(out->shared, 1u);
  EXPECT_EQ(out->ended.rows, 1u);
}

TEST_F(PackerTest, AsksEqualQuestionsOnce) {
  start(1);
  Items rows;
  rows.push_back(item_of(question_, "k1", "same"));
  rows.push_back(item_of(question_, "k2", "same"));
  rows.push_back(item_of(question_, "k3", "other"));
  const core::Hash128 same = rows[0].question;
  EXPECT_THAT(packer_->add(std::move(rows))->requests, SizeIs(2));

  // The answer is committed: the follower finds it.
  checkpoint_.answers[same] = {R"("a":"A")", "m"};
  Items followers = in_flight_.take(same);
  ASSERT_THAT(followers, SizeIs(1));
  const auto out = packer_->add_followers(std::move(followers));
  ASSERT_THAT(out->entries, SizeIs(1));
  EXPECT_EQ(out->entries[0].line, R"({"id":"k2","a":"A"})");
}

TEST_F(PackerTest, RejectsGoStraightToTheCheckpoint) {
  start(1);
  Items rows = items(1);
  rows[0].reject = std::make_shared<const core::Reject>(
      core::Reject{core::Stage::validate, "invalid_field", "q is missing", {}});
  const auto out = packer_->add(std::move(rows));
  ASSERT_THAT(out->entries, SizeIs(1));
  EXPECT_EQ(out->entries[0].kind, store::Kind::reject);
  EXPECT_THAT(out->requests, IsEmpty());
}

TEST_F(PackerTest, RowsAskedAgainGoOutAtOnceInSmallerPacksOfTheirLike) {
  start(8);
  packer_->add(items(3, "open"));
  EXPECT_THAT(sizes(packer_->add_again(items(6, "again"))), ElementsAre(4, 2));
  EXPECT_THAT(sizes(packer_->flush()), ElementsAre(3)) << "the open pack was left alone";
}

TEST_F(PackerTest, AHalfGoesOutAsItIs) {
  start(8);
  packer_->add(items(3, "open"));
  const auto out = packer_->add_half(items(5, "half"));
  EXPECT_THAT(sizes(out), ElementsAre(5));
  EXPECT_FALSE(out.requests[0]->size_epoch) << "it says nothing about the size of packs";
  EXPECT_THAT(sizes(packer_->flush()), ElementsAre(3));
}

TEST_F(PackerTest, IdsAreUniqueInAPackAndDifferFromPackToPack) {
  start(200);
  const auto out = packer_->add(items(400));
  ASSERT_THAT(out->requests, SizeIs(2));
  std::set<std::string> ids;
  for (const RequestPtr& request : out->requests) {
    build(*request, true);
    EXPECT_EQ(std::set<std::string>(request->ids.begin(), request->ids.end()).size(), 200u);
  }
  EXPECT_NE(out->requests[0]->ids, out->requests[1]->ids);
}

TEST_F(PackerTest, ABuiltPackReadsBackRowByRow) {
  start(2);
  Items rows = items(2);
  rows[1].validation_feedback = "a is missing";
  const auto out = packer_->add(std::move(rows));
  ASSERT_THAT(out->requests, SizeIs(1));
  Request& request = *out->requests[0];
  build(request, true);
  simdjson::dom::parser parser;
  std::string_view message;
  ASSERT_EQ(parser.parse(*request.user_content).get(message), simdjson::SUCCESS);
  const auto framed = provider::read_framed(message);
  ASSERT_THAT(framed, SizeIs(2));
  EXPECT_EQ(framed[0].id, request.ids[0]);
  EXPECT_EQ(framed[0].text, "p0");
  EXPECT_THAT(std::string(framed[1].text), testing::HasSubstr("not accepted: a is missing"));
}

}  // namespace
}  // namespace sluice::stages
