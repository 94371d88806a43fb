// What packs save is counted against single requests with the frame of single requests.
#include "stages/pack_savings.h"

#include <gtest/gtest.h>

#include <cmath>

namespace sluice::stages {
namespace {

// A service that makes a token of four bytes; `schema`: it counts the schema, too.
std::uint64_t tokens(const FrameBytes& frame, std::uint64_t content, bool schema) {
  return (frame.system + (schema ? frame.schema : 0) + content) / 4;
}

struct Job {
  FrameBytes packed;
  FrameBytes single;
  std::uint64_t row = 0;      // bytes of a row's text
  std::uint64_t framing = 0;  // around each row in a pack
  std::uint64_t rows = 0;     // a pack
  bool schema = false;        // counts
  bool even = false;          // all packs alike
  std::uint64_t lost = 0;     // rows of each pack without an answer
};

struct Outcome {
  std::int64_t counted;
  std::int64_t in_truth;
};

Outcome outcome(const Job& job) {
  PackSavings savings({job.packed}, {job.single});
  std::int64_t in_truth = 0;
  for (std::uint64_t pack = 0; pack < 100; ++pack) {
    const std::uint64_t row = job.row + (job.even ? 0 : job.row * (pack % 10) / 10);
    const std::uint64_t content = job.rows * (row + job.framing);
    const std::uint64_t answered = job.rows - job.lost;
    const std::uint64_t used = tokens(job.packed, content, job.schema);
    savings.add({.content_bytes = content,
                 .input_tokens = used,
                 .rows_answered = answered,
                 .single_bytes = answered * row});
    in_truth += static_cast<std::int64_t>(answered * tokens(job.single, row, job.schema)) -
                static_cast<std::int64_t>(used);
  }
  EXPECT_EQ(savings.saved().requests, static_cast<std::int64_t>(100 * (job.rows - job.lost)) - 100);
  return {savings.saved().tokens, in_truth};
}

void expect_right(const Job& job) {
  const Outcome found = outcome(job);
  EXPECT_NEAR(static_cast<double>(found.counted), static_cast<double>(found.in_truth),
              0.02 * std::abs(static_cast<double>(found.in_truth)) + 1000);
}

constexpr FrameBytes kPacked{.system = 900, .schema = 600};  // the instruction for packs is long

TEST(PackSavings, AreThoseAgainstTheFrameOfSingleRequests) {
  expect_right({.packed = kPacked, .single = {400, 300}, .row = 500, .framing = 12, .rows = 20});
  expect_right({.packed = kPacked,
                .single = {400, 300},
                .row = 500,
                .framing = 12,
                .rows = 20,
                .schema = true});
}

TEST(PackSavings, AreNegativeWhereSingleRequestsHadBeenCheaper) {
  for (const bool schema : {false, true}) {
    const Job job{.packed = kPacked,
                  .single = {20, 100},
                  .row = 3000,
                  .framing = 12,
                  .rows = 3,
                  .schema = schema};
    expect_right(job);
    EXPECT_LT(outcome(job).counted, 0);
  }
}

TEST(PackSavings, OfPacksThatAreAllAlikeAreNotOverstated) {
  const Job job{
      .packed = kPacked, .single = {400, 300}, .row = 500, .framing = 12, .rows = 20, .even = true};
  expect_right(job);
  Job dear = job;
  dear.schema = true;
  EXPECT_LE(outcome(dear).counted, outcome(dear).in_truth);
}

TEST(PackSavings, RowsWithoutAnAnswerHaveSavedNothing) {
  expect_right(
      {.packed = kPacked, .single = {400, 300}, .row = 500, .framing = 12, .rows = 20, .lost = 15});
}

TEST(PackSavings, AReplyWithoutCountsTeachesNothing) {
  PackSavings savings({kPacked}, {{400, 300}});
  savings.add({.content_bytes = 1000, .rows_answered = 5, .single_bytes = 900});
  EXPECT_EQ(savings.saved().requests, 4);
  EXPECT_EQ(savings.saved().tokens, 0);
}

TEST(PackSavings, RepliesWhoseContentsAreNotKnownSaveRequestsAlone) {
  PackSavings savings({kPacked}, {{400, 300}});
  for (int pack = 0; pack < 20; ++pack)
    savings.add({.input_tokens = 500, .rows_answered = 5, .single_bytes = 900});
  EXPECT_EQ(savings.saved().requests, 80);
  EXPECT_EQ(savings.saved().tokens, 0);
}

}  // namespace
}  // namespace sluice::stages
