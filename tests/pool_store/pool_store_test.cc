// What a pool store promises, by each engine.
#include "pool_store/pool_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "engines.h"

namespace sluice::pool_store {
namespace {

using testing::HasSubstr;
using testing::Not;

class EachPoolStore : public testing::TestWithParam<EngineKind> {
 protected:
  void SetUp() override {
    const std::string& missing = GetParam().missing;
    if (missing.empty()) {
      engine_ = GetParam().start();
      return;
    }
    if (std::getenv("CI") != nullptr) FAIL() << missing << " is not installed";
    GTEST_SKIP() << missing << " is not installed: apt-get install " << missing;
  }
  void TearDown() override { engine_.reset(); }

  std::unique_ptr<Engine> engine_;

  // Adds one to the number in the pool, so often, one after the other; what became of each.
  static std::vector<core::Status> count_up(const std::string& url, int times) {
    net::Loop loop;
    auto store = open_pool_store(loop, core::Secret(url));
    EXPECT_TRUE(store) << store.error().text();
    std::vector<core::Status> ended;
    std::function<void()> once = [&] {
      (*store)->update(
          "counter",
          [](std::string_view text, StoreTime) {
            return core::Result<std::string>(
                std::to_string(1 + (text.empty() ? 0 : std::stoi(std::string(text)))));
          },
          [&](core::Status status) {
            ended.push_back(std::move(status));
            if (static_cast<int>(ended.size()) == times) return loop.stop();
            once();
          });
    };
    loop.post(once);
    loop.run();
    return ended;
  }
  static std::string read(const std::string& url, const std::string& name) {
    net::Loop loop;
    auto store = open_pool_store(loop, core::Secret(url));
    std::string seen;
    loop.post([&] {
      (*store)->update(
          name,
          [&](std::string_view text, StoreTime) {
            seen = text;
            return core::Result<std::string>(std::string(text));
          },
          [&](core::Status) { loop.stop(); });
    });
    loop.run();
    return seen;
  }
};

TEST_P(EachPoolStore, NoChangeIsLostAmongManyWriters) {
  const std::string url = engine_->url();
  constexpr int kWriters = 8, kTimes = 50;
  std::atomic<int> failed = 0;
  std::vector<std::thread> writers;
  for (int i = 0; i < kWriters; ++i)
    writers.emplace_back([&] {
      for (const core::Status& status : count_up(url, kTimes)) failed += !status;
    });
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(read(url, "counter"), std::to_string(kWriters * kTimes - failed));
}

TEST_P(EachPoolStore, TheTimeIsTheServers) {
  const std::string url = engine_->url();
  net::Loop loop;
  auto store = open_pool_store(loop, core::Secret(url));
  StoreTime seen;
  loop.post([&] {
    (*store)->update(
        "p",
        [&](std::string_view, StoreTime now) {
          seen = now;
          return core::Result<std::string>("x");
        },
        [&](core::Status) { loop.stop(); });
  });
  loop.run();
  EXPECT_LT(std::chrono::abs(seen - std::chrono::floor<std::chrono::milliseconds>(
                                        std::chrono::system_clock::now())),
            std::chrono::minutes(1));
}

TEST_P(EachPoolStore, AChangeThatFailsWritesNothing) {
  const std::string url = engine_->url();
  ASSERT_TRUE(count_up(url, 3).back());
  net::Loop loop;
  auto store = open_pool_store(loop, core::Secret(url));
  core::Status ended;
  loop.post([&] {
    (*store)->update(
        "counter",
        [](std::string_view, StoreTime) {
          return core::fail(core::ErrorCode::corrupt, "not ours");
        },
        [&](core::Status status) {
          ended = std::move(status);
          loop.stop();
        });
  });
  loop.run();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().message, "not ours");
  EXPECT_EQ(read(url, "counter"), "3");
}

TEST_P(EachPoolStore, AServerThatIsNotThereIsSaidWithoutThePassword) {
  const auto ended = count_up(engine_->url_of_nobody(), 1);
  ASSERT_FALSE(ended[0]);
  EXPECT_THAT(ended[0].error().text(), HasSubstr("127.0.0.1:1"));
  EXPECT_THAT(ended[0].error().text(), Not(HasSubstr("a-secret")));
}

TEST_P(EachPoolStore, ATextOfAnyCharactersComesBackAsItIs) {
  const std::string url = engine_->url();
  const std::string text = "it's \\ a $1 {2} \"quoted\"\n; DROP TABLE sluice_pool; -- ä";
  net::Loop loop;
  auto store = open_pool_store(loop, core::Secret(url));
  loop.post([&] {
    (*store)->update(
        text, [&](std::string_view, StoreTime) { return core::Result<std::string>(text); },
        [&](core::Status status) {
          EXPECT_TRUE(status) << status.error().text();
          loop.stop();
        });
  });
  loop.run();
  EXPECT_EQ(read(url, text), text);
  EXPECT_EQ(read(url, "another"), "");
}

TEST_P(EachPoolStore, AServerThatDoesNotAnswerEndsAnUpdateAndIsUsedWhenItDoesAgain) {
  net::Loop loop;
  auto store = open_pool_store(loop, core::Secret(engine_->url()));
  std::vector<core::Status> ended;
  const auto update = [&](std::function<void()> then) {
    (*store)->update(
        "p", [](std::string_view, StoreTime) { return core::Result<std::string>("x"); },
        [&, then = std::move(then)](core::Status status) {
          ended.push_back(std::move(status));
          then();
        });
  };
  std::function<void()> until_good = [&] {
    if (ended.back()) return loop.stop();
    update(until_good);
  };
  const auto began = std::chrono::steady_clock::now();
  std::chrono::steady_clock::duration took{};
  loop.post([&] {
    update([&] {
      engine_->freeze();
      update([&] {
        took = std::chrono::steady_clock::now() - began;
        engine_->thaw();
        update(until_good);
      });
    });
  });
  loop.run();
  ASSERT_GE(ended.size(), 3U);
  EXPECT_TRUE(ended[0]) << ended[0].error().text();
  EXPECT_FALSE(ended[1]);
  EXPECT_LT(took, std::chrono::seconds(8));
}

TEST_P(EachPoolStore, WhatIsUnderWayEndsWithTheStoreAlsoWhereTheServerDoesNotAnswer) {
  net::Loop loop;
  auto store = open_pool_store(loop, core::Secret(engine_->url()));
  const auto change = [](std::string_view, StoreTime) { return core::Result<std::string>("x"); };
  core::Status ended;
  loop.post([&] {
    (*store)->update("p", change, [&](core::Status) {
      engine_->freeze();
      loop.post([&] {
        (*store)->update("p", change, [&](core::Status status) { ended = std::move(status); });
        loop.stop();
      });
    });
  });
  loop.run();
  store->reset();
  EXPECT_FALSE(ended);
  engine_->thaw();
}

INSTANTIATE_TEST_SUITE_P(Engine, EachPoolStore, testing::ValuesIn(engines()),
                         [](const auto& kind) { return kind.param.name; });

TEST(PoolStore, AnAddressThatIsNoneIsRefused) {
  net::Loop loop;
  for (const char* address : {"mysql://secret-word@host/db", ""}) {
    EXPECT_FALSE(open_pool_store(loop, core::Secret(address)));
    const auto checked = check_address(core::Secret(address));
    ASSERT_FALSE(checked);
    EXPECT_THAT(checked.error().text(), Not(HasSubstr("secret-word")));
  }
  EXPECT_TRUE(check_address(core::Secret("redis://host:6379")));
  EXPECT_TRUE(check_address(core::Secret("postgres://host/database")));
}

}  // namespace
}  // namespace sluice::pool_store
