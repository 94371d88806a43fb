// Ids, sampling and the bound of what waits.
#include "telemetry/tracer.h"

#include <gtest/gtest.h>

#include <set>

#include "support.h"

namespace sluice::telemetry {
namespace {

constexpr RunId kRun{3, 4};

struct Traced {
  explicit Traced(double share = 1, std::size_t most = 100'000, std::size_t batch = 512)
      : queue(most), tracer(share, queue, batch, [this] { ++full; }) {
    tracer.begin(kRun, endpoints);
  }
  int full = 0;
  const std::vector<EndpointInfo> endpoints = {endpoint()};
  SpanQueue queue;
  Tracer tracer;
};

TEST(TraceIds, DifferByRunAndRequestAndFollowFromThem) {
  std::set<TraceId> traces;
  std::set<std::uint64_t> spans;
  for (std::uint64_t n = 0; n < 10'000; ++n) {
    const TraceId trace = trace_of(kRun, n);
    EXPECT_EQ(trace, trace_of(kRun, n));
    traces.insert(trace);
    spans.insert(request_span(trace));
    spans.insert(attempt_span(trace, 0));
    spans.insert(attempt_span(trace, 1));
  }
  traces.insert(trace_of({3, 5}, 0));
  EXPECT_EQ(traces.size(), 10'001u);
  EXPECT_EQ(spans.size(), 30'000u);
  EXPECT_EQ(span_hex(0xabc), "0000000000000abc");
}

TEST(Sampling, KeepsItsShareAndAskedForLessASubset) {
  int tenth = 0;
  int third = 0;
  for (std::uint64_t n = 0; n < 100'000; ++n) {
    const TraceId trace = trace_of(kRun, n);
    EXPECT_TRUE(is_sampled(trace, 1));
    EXPECT_FALSE(is_sampled(trace, 0));
    if (is_sampled(trace, 0.1)) {
      ++tenth;
      EXPECT_TRUE(is_sampled(trace, 0.3));
    }
    if (is_sampled(trace, 0.3)) ++third;
  }
  EXPECT_NEAR(tenth, 10'000, 500);
  EXPECT_NEAR(third, 30'000, 800);
}

TEST(Tracer, KeepsOrLeavesARequestWhole) {
  Traced traced(0.25);
  const provider::Outcome outcome = answered(10, 1);
  for (std::uint64_t n = 0; n < 1'000; ++n) {
    traced.tracer.on(attempt(n, 2 * n, outcome));
    traced.tracer.on(attempt(n, 2 * n + 1, outcome));
    traced.tracer.on(request(n));
  }
  std::map<TraceId, int> spans;
  for (const SpanRecord& record : traced.queue.take(100'000)) ++spans[record.trace];
  EXPECT_GT(spans.size(), 150u);
  EXPECT_LT(spans.size(), 350u);
  for (const auto& [trace, count] : spans) EXPECT_EQ(count, 3) << trace.hex();
}

TEST(Tracer, DropsWhatDoesNotFitAndCountsIt) {
  Traced traced(1, 10, 4);
  for (std::uint64_t n = 0; n < 25; ++n) traced.tracer.on(request(n));
  EXPECT_EQ(traced.queue.waiting(), 10u);
  EXPECT_EQ(traced.queue.dropped(), 15u);
  EXPECT_EQ(traced.full, 1) << "a full batch is reported once";
  const auto first = traced.queue.take(4);
  ASSERT_EQ(first.size(), 4u);
  EXPECT_EQ(first[0].trace, trace_of(kRun, 0));
  EXPECT_EQ(first[3].trace, trace_of(kRun, 3));
  for (std::uint64_t n = 100; n < 103; ++n) traced.tracer.on(request(n));
  const auto rest = traced.queue.take(100);
  ASSERT_EQ(rest.size(), 9u);
  EXPECT_EQ(rest[0].trace, trace_of(kRun, 4));
  EXPECT_EQ(rest[8].trace, trace_of(kRun, 102)) << "around the end of the ring";
  EXPECT_EQ(traced.queue.dropped(), 15u);
}

TEST(Tracer, MakesNoSpanOfAnEndpointThatItDoesNotKnow) {
  Traced traced;
  const provider::Outcome outcome = answered(1, 1);
  observe::AttemptEnded event = attempt(1, 1, outcome);
  event.endpoint = 1;
  traced.tracer.on(event);
  EXPECT_EQ(traced.queue.waiting(), 0u);
}

TEST(Tracer, CopiesWhatAnEventHolds) {
  Traced traced;
  const provider::Outcome outcome = failed(provider::Cause::overloaded, 529);
  traced.tracer.on(attempt(5, 9, outcome));
  traced.tracer.on(request(5));
  const auto spans = traced.queue.take(2);
  ASSERT_EQ(spans.size(), 2u);
  EXPECT_EQ(spans[0].kind, SpanRecord::Kind::attempt);
  EXPECT_EQ(spans[0].cause, provider::Cause::overloaded);
  EXPECT_EQ(spans[0].status, 529);
  EXPECT_EQ(spans[0].trace, trace_of(kRun, 5));
  EXPECT_EQ(spans[0].endpoint, &traced.endpoints[0]);
  EXPECT_EQ(spans[0].attempt, 9u);
  EXPECT_EQ(spans[0].rows, 4u);
  EXPECT_EQ(spans[0].began, core::Time(10s));
  EXPECT_EQ(spans[0].ended, core::Time(12s));
  EXPECT_EQ(spans[0].cost, core::Money::picodollars(250'000'000));
  EXPECT_EQ(spans[1].kind, SpanRecord::Kind::request);
  EXPECT_EQ(spans[1].attempts, 1u);
  EXPECT_EQ(spans[1].began, core::Time(9s));
}

}  // namespace
}  // namespace sluice::telemetry
