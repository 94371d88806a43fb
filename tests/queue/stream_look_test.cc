#include "queue/stream_look.h"

#include <gtest/gtest.h>

#include "streams.h"

namespace sluice::queue {
namespace {

TEST(StreamLook, SeesAllEntriesAndTakesNone) {
  SLUICE_NEEDS_REDIS();
  const Stream stream;
  stream.add(0, 150);
  Spec spec = stream.spec("");
  spec.take = false;
  Taker look(spec);
  EXPECT_EQ(look.take(), Taker::State::end);
  ASSERT_EQ(look.rows.size(), 150u);
  EXPECT_EQ(look.rows.back(), R"({"id":"149"})");
  EXPECT_TRUE(stream.ask({"XINFO", "GROUPS", "rows"}).items.empty());
}

TEST(StreamLook, SeesNothingWhereThereIsNoStream) {
  SLUICE_NEEDS_REDIS();
  const Stream stream;
  Spec spec = stream.spec("");
  spec.take = false;
  Taker look(spec);
  EXPECT_EQ(look.take(), Taker::State::end);
  EXPECT_TRUE(look.rows.empty());
}

}  // namespace
}  // namespace sluice::queue
