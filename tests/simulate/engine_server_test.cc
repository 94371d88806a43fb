#include "simulate/engine_server.h"

#include <gtest/gtest.h>

#include <map>

namespace sluice::simulate {
namespace {

using namespace std::chrono_literals;
using Kind = EngineEvent::Kind;

double elapsed_ms(core::Duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

struct Measured {
  double tokens_per_second = 0;
  double ttft_ms = 0;
  double tpot_ms = 0;
};
// `concurrency` requests of one shape there all the time, `rounds` times as many in all; the first of them do not count.
Measured closed_loop(const Engine& engine, const EngineShape& shape, int concurrency,
                     int rounds = 20) {
  EngineServer server(engine);
  std::map<std::uint64_t, core::Time> sent;
  std::map<std::uint64_t, core::Time> begun;
  std::uint64_t number = 0;
  const auto send = [&](core::Time now) {
    sent[number] = now;
    server.arrive(now, number++, shape);
  };
  for (int i = 0; i < concurrency; ++i) send(core::Time());
  const auto total = static_cast<std::uint64_t>(concurrency * rounds);
  const std::uint64_t first = total / 4;
  std::uint64_t ended = 0;
  core::Time from{};
  core::Time now{};
  Measured sum;
  std::uint64_t counted = 0;
  while (ended < total) {
    now = *server.next();
    for (const EngineEvent& event : server.advance(now)) {
      if (event.kind == Kind::first_token) {
        begun[event.id] = event.at;
        continue;
      }
      if (++ended == first) from = event.at;
      if (ended > first) {
        ++counted;
        sum.ttft_ms += elapsed_ms(begun[event.id] - sent[event.id]);
        sum.tpot_ms += elapsed_ms(event.at - begun[event.id]) / (shape.output_tokens - 1);
      }
      send(event.at);
    }
  }
  const auto n = static_cast<double>(counted);
  return {1000 * n * shape.output_tokens / elapsed_ms(now - from), sum.ttft_ms / n,
          sum.tpot_ms / n};
}

const Engine kBatching{.a = 8,
                       .b = 0.05,
                       .d = 8e-6,
                       .e = 0.03,
                       .s = 0.5,
                       .t = 20,
                       .p = 0.05,
                       .q = 0.002,
                       .kv_tokens = 22'000};
constexpr EngineShape kRequest{.input_tokens = 1000, .output_tokens = 100};

TEST(EngineServer, IsAsFastInAClosedLoopAsPredicted) {
  for (const int concurrency : {1, 4, 16, 20, 40}) {
    const Measured measured = closed_loop(kBatching, kRequest, concurrency);
    const EngineLoad predicted = predict(kBatching, kRequest, concurrency);
    EXPECT_NEAR(measured.tokens_per_second / predicted.output_tokens_per_second, 1, 0.03)
        << concurrency;
    EXPECT_NEAR(measured.tpot_ms / predicted.tpot_ms, 1, 0.03) << concurrency;
    EXPECT_NEAR(measured.ttft_ms / predicted.ttft_ms, 1, 0.05) << concurrency;
  }
}

TEST(EngineServer, WhatHasNoRoomWaitsInOrder) {
  Engine engine{.a = 10, .t = 5};
  engine.most_running = 1;
  EngineServer server(engine);
  server.arrive(core::Time(), 1, {10, 11});
  server.arrive(core::Time() + 1ms, 2, {10, 1});
  server.arrive(core::Time() + 2ms, 3, {10, 2});
  EXPECT_EQ(server.running(), 1u);
  EXPECT_EQ(server.queued(), 2u);
  const auto events = server.advance(core::Time() + 1s);
  ASSERT_EQ(events.size(), 6u);
  EXPECT_EQ(events[0].at - core::Time(), 5ms);
  EXPECT_EQ(events[1].id, 1u);
  EXPECT_EQ(events[1].at - core::Time(), 105ms);
  EXPECT_EQ(events[2].kind, Kind::first_token);
  EXPECT_EQ(events[3].id, 2u);
  EXPECT_EQ(events[3].at - core::Time(), 110ms);
  EXPECT_EQ(events[5].at - core::Time(), 125ms);
  EXPECT_FALSE(server.next());
}

TEST(EngineServer, OneThatComesSlowsTheOthersFromThenOn) {
  EngineServer server({.a = 0, .b = 10});
  server.arrive(core::Time(), 1, {0, 11});
  EXPECT_EQ(server.next(), core::Time());
  server.advance(core::Time() + 50ms);  // five of its ten tokens
  server.arrive(core::Time() + 50ms, 2, {0, 101});
  const auto events = server.advance(core::Time() + 150ms);
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.back().id, 1u);
  EXPECT_EQ(events.back().at - core::Time(), 150ms) << "at half the speed";
}

TEST(EngineServer, DoesNotDependOnHowOftenItIsAsked) {
  EngineServer often(kBatching);
  EngineServer once(kBatching);
  for (std::uint64_t id = 0; id < 30; ++id) {
    often.arrive(core::Time(), id, kRequest);
    once.arrive(core::Time(), id, kRequest);
  }
  std::vector<EngineEvent> seen;
  for (core::Time now; now < core::Time() + 10s; now += 1ms)
    for (const EngineEvent& event : often.advance(now)) seen.push_back(event);
  const auto all = once.advance(core::Time() + 10s);
  ASSERT_EQ(seen.size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(seen[i].id, all[i].id);
    EXPECT_NEAR(elapsed_ms(seen[i].at - all[i].at), 0, 0.01);
  }
}

TEST(EngineServer, APromptLargerThanItsMemoryRunsAlone) {
  EngineServer server({.a = 1, .kv_tokens = 100});
  server.arrive(core::Time(), 1, {1000, 10});
  server.arrive(core::Time(), 2, {10, 10});
  EXPECT_EQ(server.running(), 1u);
  EXPECT_EQ(server.advance(core::Time() + 1s).size(), 4u);
}

}  // namespace
}  // namespace sluice::simulate
