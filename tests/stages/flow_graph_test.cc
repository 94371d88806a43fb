#include "job/flow_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <new>
#include <semaphore>
#include <stdexcept>

namespace sluice::stages {
namespace {

core::RowBatch one_row() {
  core::RowBatch rows(1);
  rows.front().raw = "{}";
  return rows;
}

// The stages of a flow, of which one throws.
struct Flow {
  enum class Body : std::uint8_t { prepare, pack, build, dispatch, parse, none };

  explicit Flow(Body throwing, bool memory = true)
      : graph({
                  .prepare =
                      [=](core::RowBatch&& rows, flow::Cost) {
                        maybe_throw(throwing == Body::prepare, memory);
                        Items items(rows.size());
                        return items;
                      },
                  .pack =
                      [=](job::PackInput& input) {
                        maybe_throw(throwing == Body::pack, memory);
                        std::vector<RequestPtr> requests(1, std::make_shared<Request>());
                        requests.front()->items = std::move(input.items);
                        return requests;
                      },
                  .build = [=](Request&) { maybe_throw(throwing == Body::build, memory); },
                  .dispatch =
                      [=, this](std::vector<RequestPtr>&& requests) {
                        maybe_throw(throwing == Body::dispatch, memory);
                        Completions done(1);
                        done.front().request = std::move(requests.front());
                        graph.completed(std::move(done));
                      },
                  .parse =
                      [=, this](Completions&) {
                        maybe_throw(throwing == Body::parse, memory);
                        over.release();
                      },
              },
              shutdown) {
    shutdown.on_failure([this] { over.release(); });
  }
  static void maybe_throw(bool now, bool memory) {
    if (!now) return;
    if (memory) throw std::bad_alloc();
    throw std::runtime_error("a defect");
  }

  flow::Shutdown shutdown;
  std::binary_semaphore over{0};
  job::FlowGraph graph;
};

TEST(FlowGraph, LeadsRowsThroughAllStages) {
  Flow flow(Flow::Body::none);
  flow.graph.rows(one_row(), {1, 1});
  flow.over.acquire();
  flow.graph.wait();
  EXPECT_FALSE(flow.shutdown.failed());
  EXPECT_FALSE(flow.graph.broken());
}

TEST(FlowGraph, WhatAnyBodyThrowsEndsTheRunWithItsCause) {
  using Body = Flow::Body;
  for (const Body body : {Body::prepare, Body::pack, Body::build, Body::dispatch, Body::parse}) {
    SCOPED_TRACE(static_cast<int>(body));
    Flow starved(body);
    starved.graph.rows(one_row(), {1, 1});
    starved.over.acquire();
    starved.graph.wait();
    ASSERT_TRUE(starved.shutdown.error().has_value());
    EXPECT_EQ(starved.shutdown.error()->code, core::ErrorCode::memory);
    EXPECT_THAT(starved.shutdown.error()->text(), testing::HasSubstr("a lower max_concurrency"));
    EXPECT_TRUE(starved.shutdown.stopping());
    EXPECT_FALSE(starved.graph.broken()) << "oneTBB never saw it";

    Flow defect(body, false);
    defect.graph.rows(one_row(), {1, 1});
    defect.over.acquire();
    defect.graph.wait();
    EXPECT_EQ(defect.shutdown.error()->text(), "internal error: a defect");
  }
}

}  // namespace
}  // namespace sluice::stages
