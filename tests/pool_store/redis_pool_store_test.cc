#include "pool_store/redis_pool_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "pool_store/pool_store.h"
#include "tests/redis_server.h"

namespace sluice::pool_store {
namespace {

using testing::HasSubstr;
using testing::Not;

class PoolStoreTest : public testing::Test {
 protected:
  void SetUp() override { SLUICE_NEEDS_REDIS(); }

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

TEST_F(PoolStoreTest, NoChangeIsLostAmongManyWriters) {
  const RedisServer server;
  constexpr int kWriters = 8, kTimes = 50;
  std::atomic<int> failed = 0;
  std::vector<std::thread> writers;
  for (int i = 0; i < kWriters; ++i)
    writers.emplace_back([&] {
      for (const core::Status& status : count_up(server.url(), kTimes)) failed += !status;
    });
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(read(server.url(), "counter"), std::to_string(kWriters * kTimes - failed));
}

TEST_F(PoolStoreTest, TheTimeIsTheServers) {
  const RedisServer server;
  net::Loop loop;
  auto store = open_pool_store(loop, core::Secret(server.url()));
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

TEST_F(PoolStoreTest, AChangeThatFailsWritesNothing) {
  const RedisServer server;
  ASSERT_TRUE(count_up(server.url(), 3).back());
  net::Loop loop;
  auto store = open_pool_store(loop, core::Secret(server.url()));
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
  EXPECT_EQ(read(server.url(), "counter"), "3");
}

TEST_F(PoolStoreTest, AServerThatIsNotThereIsSaidWithoutThePassword) {
  const auto ended = count_up("redis://:a-secret@127.0.0.1:1/0", 1);
  ASSERT_FALSE(ended[0]);
  EXPECT_THAT(ended[0].error().text(), HasSubstr("127.0.0.1:1"));
  EXPECT_THAT(ended[0].error().text(), Not(HasSubstr("a-secret")));
}

TEST(PoolStore, AnAddressThatIsNoneIsRefused) {
  net::Loop loop;
  EXPECT_FALSE(open_pool_store(loop, core::Secret("postgres://x")));
  EXPECT_FALSE(open_pool_store(loop, core::Secret("")));
}

}  // namespace
}  // namespace sluice::pool_store
