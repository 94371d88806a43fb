// What all queues have in common, with a queue that does what the test says.
#include "queue/queue_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <thread>

#include "queue/ended_messages.h"
#include "taker.h"

namespace sluice::queue {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;
using State = Taker::State;

QueueFailure failure(bool passing) {
  return {{core::ErrorCode::io, "the queue is away", "fake:rows"}, passing};
}

// What the queue was told, and what it answers: shared with the test, which outlives it.
struct Script {
  std::mutex mutex;  // guards all below
  std::condition_variable changed;
  std::vector<std::vector<Message>> to_give;
  std::vector<std::string> acknowledged;  // receipts
  std::vector<std::string> given_back;    // ids
  std::vector<std::string> held;          // ids of the last hold()
  int holds = 0;
  int takes_to_fail = 0;
  bool acknowledgements_fail = false;
  std::set<std::string> tried;  // ids that were to be acknowledged
  bool failures_pass = true;
  std::vector<std::string> refuse_once;  // ids that are not acknowledged the first time
  std::function<void()> while_acknowledging;
  std::vector<std::string> lost;  // receipts of messages that another consumer has
  bool taking = false;
  bool closed = false;

  void give(std::vector<Message> messages) {
    const std::lock_guard lock(mutex);
    to_give.push_back(std::move(messages));
    changed.notify_all();
  }
  template <class Holds>
  void wait(Holds holds) {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, seconds(30), holds));
  }
};

class FakeQueue final : public Queue {
 public:
  explicit FakeQueue(Script& script) : script_(script) {}
  QueueResult<void> open() override { return {}; }
  QueueResult<std::vector<Message>> take(std::size_t, core::Duration longest) override {
    std::unique_lock lock(script_.mutex);
    if (script_.takes_to_fail > 0) {
      --script_.takes_to_fail;
      return std::unexpected(failure(script_.failures_pass));
    }
    script_.taking = true;
    script_.changed.wait_for(lock, longest,
                             [&] { return !script_.to_give.empty() || script_.closed; });
    script_.taking = false;
    script_.changed.notify_all();
    if (script_.to_give.empty()) return {};
    auto messages = std::move(script_.to_give.front());
    script_.to_give.erase(script_.to_give.begin());
    return messages;
  }
  bool has(const Held& held) const override {
    const std::lock_guard lock(script_.mutex);
    return std::ranges::find(script_.lost, held.receipt) == script_.lost.end();
  }
  QueueResult<void> hold(std::span<const Held> held) override {
    const std::lock_guard lock(script_.mutex);
    ++script_.holds;
    script_.held.clear();
    for (const Held& one : held) script_.held.push_back(one.id);
    script_.changed.notify_all();
    return {};
  }
  core::Duration hold_every() const override { return milliseconds(10); }
  QueueResult<std::vector<std::string>> acknowledge(std::span<const Held> held) override {
    if (script_.while_acknowledging) script_.while_acknowledging();
    const std::lock_guard lock(script_.mutex);
    for (const Held& one : held) script_.tried.insert(one.id);
    script_.changed.notify_all();
    if (script_.acknowledgements_fail) return std::unexpected(failure(true));
    std::vector<std::string> left;
    for (const Held& one : held) {
      if (std::erase(script_.refuse_once, one.id) > 0)
        left.push_back(one.id);
      else
        script_.acknowledged.push_back(one.receipt);
    }
    script_.changed.notify_all();
    return left;
  }
  QueueResult<void> give_back(std::span<const Held> held) override {
    const std::lock_guard lock(script_.mutex);
    for (const Held& one : held) script_.given_back.push_back(one.id);
    return {};
  }
  void close() override {
    const std::lock_guard lock(script_.mutex);
    script_.closed = true;
    script_.changed.notify_all();
  }

 private:
  Script& script_;
};

Message message(const std::string& id, const std::string& receipt) {
  return {.id = id, .receipt = receipt, .text = "{\"id\":\"" + id + "\"}"};
}

std::unique_ptr<Taker> open(Script& script, milliseconds idle = seconds(60),
                            milliseconds close_within = seconds(5)) {
  return std::make_unique<Taker>(open_queue_source(
      std::make_unique<FakeQueue>(script),
      {.name = "fake:rows", .format = "fake", .idle_exit = idle, .close_within = close_within}));
}

TEST(QueueSource, BeginsWithNoRowThatAnotherConsumerHasAndTakesItAsNewWhenItComesAgain) {
  Script script;
  script.lost = {"ra1"};
  script.give({message("a", "ra1"), message("b", "rb1")});
  const auto taker = open(script);
  taker->take(1);
  EXPECT_THAT(taker->rows, ElementsAre(R"({"id":"b"})"));
  script.give({message("a", "ra2")});
  taker->take(2);
  EXPECT_THAT(taker->rows, ElementsAre(R"({"id":"b"})", R"({"id":"a"})"));
  EXPECT_TRUE(taker->close().has_value());
  EXPECT_THAT(script.acknowledged, UnorderedElementsAre("rb1", "ra2"));
}

TEST(QueueSource, AcknowledgesWhatHasEndedAndGivesBackTheRest) {
  Script script;
  script.give({message("a", "1"), message("b", "2"), message("c", "3")});
  const auto taker = open(script);
  EXPECT_EQ(taker->take(3, false), State::more);
  EXPECT_THAT(taker->rows, ElementsAre(R"({"id":"a"})", R"({"id":"b"})", R"({"id":"c"})"));
  taker->open.resize(2);
  taker->end_open();
  EXPECT_TRUE(taker->close().has_value());
  EXPECT_THAT(script.acknowledged, UnorderedElementsAre("1", "2"));
  EXPECT_THAT(script.given_back, ElementsAre("c"));
}

TEST(QueueSource, HoldsWhatIsUnderWayAndWhatWaits) {
  Script script;
  script.give({message("a", "1"), message("b", "2")});
  const auto taker = open(script);
  script.wait([&] { return script.held.size() == 2; });
  taker->take(2, false);
  taker->open.resize(1);
  taker->end_open();
  script.wait([&] { return script.held == std::vector<std::string>{"b"}; });
}

TEST(QueueSource, HandsAMessageOverOnceAndAcknowledgesItsLatestDelivery) {
  Script script;
  script.give({message("a", "old")});
  const auto taker = open(script);
  taker->take(1, false);
  script.give({message("a", "new"), message("b", "2")});
  taker->take(2, false);
  EXPECT_THAT(taker->rows, ElementsAre(R"({"id":"a"})", R"({"id":"b"})"));
  taker->end_open();
  EXPECT_TRUE(taker->close().has_value());
  EXPECT_THAT(script.acknowledged, UnorderedElementsAre("new", "2"));
}

TEST(QueueSource, AcknowledgesADeliveryThatComesAfterItsRowHasEndedAndHandsItOverNoMore) {
  Script script;
  script.give({message("a", "1")});
  const auto taker = open(script);
  taker->take(1);
  script.wait([&] { return script.acknowledged.size() == 1; });
  Message another = message("a", "3");  // as of a topic that was made again
  another.text = R"({"id":"other"})";
  script.give({message("a", "2")});
  script.wait([&] { return script.acknowledged.size() == 2; });
  script.give({another, message("b", "4")});
  taker->take(3);
  EXPECT_THAT(taker->rows, ElementsAre(R"({"id":"a"})", R"({"id":"other"})", R"({"id":"b"})"));
  EXPECT_TRUE(taker->close().has_value());
  EXPECT_THAT(script.acknowledged, UnorderedElementsAre("1", "2", "3", "4"));
}

TEST(EndedMessages, AreForgottenTheOldestFirst) {
  EndedMessages ended;
  const auto name = [](std::size_t i) {
    return EndedMessages::name_of(message(std::to_string(i), ""));
  };
  for (std::size_t i = 0; i < EndedMessages::kRemembered; ++i) ended.add(name(i));
  ended.add(name(0));
  EXPECT_TRUE(ended.has(name(0)));
  ended.add(name(EndedMessages::kRemembered));
  EXPECT_FALSE(ended.has(name(0)));
  EXPECT_TRUE(ended.has(name(1)));
}

TEST(QueueSource, AcknowledgesADeliveryThatComesWhileAnEarlierOneIsAcknowledged) {
  Script script;
  script.give({message("a", "old")});
  const auto taker = open(script);
  taker->take(1, false);
  bool first = true;
  bool came = false;
  script.while_acknowledging = [&] {
    if (!std::exchange(first, false)) return;
    script.give({message("a", "new"), message("b", "2")});
    script.wait([&] { return came; });
  };
  taker->end_open();
  taker->take(2, false);
  EXPECT_EQ(taker->rows.size(), 2u);
  {
    const std::lock_guard lock(script.mutex);
    came = true;
  }
  script.changed.notify_all();
  script.wait([&] { return script.acknowledged.size() == 2; });
  EXPECT_TRUE(taker->close().has_value());
  EXPECT_THAT(script.acknowledged, ElementsAre("old", "new"));
  EXPECT_THAT(script.given_back, ElementsAre("b"));
}

TEST(QueueSource, AcknowledgesAgainWhatCouldNotBe) {
  Script script;
  script.refuse_once = {"a"};
  script.give({message("a", "1"), message("b", "2")});
  const auto taker = open(script);
  taker->take(2);
  EXPECT_TRUE(taker->close().has_value());
  EXPECT_THAT(script.acknowledged, UnorderedElementsAre("1", "2"));
}

TEST(QueueSource, TellsTheQueueOfAllThatHaveEndedThoughNoneCanBeAcknowledgedYet) {
  Script script;
  script.acknowledgements_fail = true;
  for (int i = 0; i < 120; ++i) {
    std::vector<Message> ten;
    for (int k = 0; k < 10; ++k) ten.push_back(message(std::to_string(i * 10 + k), "r"));
    script.give(std::move(ten));
  }
  const auto taker = open(script, seconds(60), milliseconds(1));
  taker->take(1200);
  script.wait([&] { return script.tried.size() == 1200; });
  EXPECT_FALSE(taker->close().has_value());
}

TEST(QueueSource, SaysHowManyCouldNotBeAcknowledgedAndWhy) {
  Script script;
  script.acknowledgements_fail = true;
  script.give({message("a", "1"), message("b", "2")});
  const auto taker = open(script, seconds(60), milliseconds(300));
  taker->take(2);
  const auto closed = taker->close();
  ASSERT_FALSE(closed.has_value());
  EXPECT_THAT(closed.error().text(),
              HasSubstr("fake:rows: 2 rows have ended and could not be acknowledged (the queue is "
                        "away): they are kept"));
  EXPECT_THAT(script.given_back, testing::IsEmpty());
}

TEST(QueueSource, TakesNoMoreOnceStopped) {
  Script script;
  script.give({message("a", "1")});
  const auto taker = open(script);
  taker->take(1, false);
  script.wait([&] { return script.taking && script.to_give.empty(); });  // the next one
  taker->stop();
  script.wait([&] { return !script.taking; });
  script.give({message("b", "2")});
  EXPECT_TRUE(taker->close().has_value());
  EXPECT_THAT(script.given_back, ElementsAre("a"));
  EXPECT_EQ(script.to_give.size(), 1u);
}

TEST(QueueSource, OutlivesFailuresThatPassAndIsNotIdleMeanwhile) {
  Script script;
  script.takes_to_fail = 3;
  const auto taker = open(script, milliseconds(500));
  script.wait([&] { return script.takes_to_fail == 0; });
  script.give({message("a", "1")});
  EXPECT_EQ(taker->take(), State::end);
  EXPECT_EQ(taker->rows.size(), 1u);
}

TEST(QueueSource, EndsWithAFailureThatDoesNotPass) {
  Script script;
  script.takes_to_fail = 1;
  script.failures_pass = false;
  const auto taker = open(script);
  EXPECT_EQ(taker->take(), State::stopped);
  EXPECT_THAT(taker->error, HasSubstr("fake:rows: the queue is away"));
}

TEST(QueueSource, IsIdleOnlyAfterItsTime) {
  Script script;
  const auto began = std::chrono::steady_clock::now();
  const auto taker = open(script, milliseconds(300));
  EXPECT_EQ(taker->take(), State::end);
  EXPECT_GE(std::chrono::steady_clock::now() - began, milliseconds(300));
}

TEST(QueueSource, TakesAheadWithinABound) {
  Script script;
  for (int i = 0; i < 200; ++i) {
    std::vector<Message> ten;
    for (int k = 0; k < 10; ++k) ten.push_back(message(std::to_string(i * 10 + k), "r"));
    script.give(std::move(ten));
  }
  const auto taker = open(script);
  script.wait([&] { return script.held.size() >= kAhead; });
  EXPECT_LE(script.held.size(), kAhead + 10);
  EXPECT_EQ(taker->take(2000), State::more);
  EXPECT_EQ(taker->rows.size(), 2000u);
}

}  // namespace
}  // namespace sluice::queue
