// `sluice mock`: a provider on loopback to practise on, with real limits and real faults. It speaks
// OpenAI's chat completions (POST /v1/chat/completions, /chat/completions) and shows its books
// (GET /stats, POST /stats/reset), and is broken and mended while it runs (POST /control, see
// mock/control.h). It is no model: see mock/answer_plan.h for what its answers are.
//
// Threads: everything on the loop's thread, or before the loop runs.
#pragma once

#include <memory>

#include "core/error.h"
#include "mock/options.h"
#include "mock/stats.h"
#include "net/loop.h"

namespace sluice::mock {

class MockServer {
 public:
  static core::Result<std::unique_ptr<MockServer>> start(net::Loop& loop, Options options);
  virtual ~MockServer() = default;  // closes every connection

  virtual int port() const = 0;
  virtual Stats stats() const = 0;
};

}  // namespace sluice::mock
