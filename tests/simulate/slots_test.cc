#include "simulate/slots.h"

#include <gtest/gtest.h>

namespace sluice::simulate {
namespace {

using namespace std::chrono_literals;

TEST(Slots, ServeSoManyAtOnceAndQueueTheRest) {
  Slots two(2);
  EXPECT_EQ(two.occupy(core::Time(), 3s), 3s);
  EXPECT_EQ(two.occupy(core::Time(), 5s), 5s);
  EXPECT_EQ(two.occupy(core::Time(), 1s), 4s);
  EXPECT_EQ(two.occupy(core::Time() + 1s, 1s), 4s);
  EXPECT_EQ(two.occupy(core::Time() + 1min, 1s), 1s);
  Slots any(0);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(any.occupy(core::Time(), 3s), 3s);
}

}  // namespace
}  // namespace sluice::simulate
