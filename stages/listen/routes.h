// The listener's addresses: a request to its answer, without a socket. docs/dashboard.md describes them.
//
//   /                    the page, and what it is made of: nothing of the job stands in it
//   /healthz             "ok" while the listener lives
//   /metrics             for Prometheus
//   /api/state, /api/timeline, /api/answers, /api/rejects     for the page and for programs
//   POST /api/stop, /api/pause, /api/resume, /api/budget      with the token
//
// Threads: one at a time, the listener's.
//
// Invariants:
//   1. What stands in an answer of /api is JSON, never HTML; the page's own policy (CSP) lets no script run but its
//      files', and no address be asked but the listener's.
//   2. Nothing is changed by a GET.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "http/server.h"
#include "listen/access.h"
#include "listen/source.h"
#include "listen/status_metrics.h"

namespace sluice::listen {

class Routes {
 public:
  using Process = std::function<ProcessFigures()>;
  Routes(Source& source, Gate gate, Process process)
      : source_(source), gate_(std::move(gate)), process_(std::move(process)) {}

  http::ServerResponse answer(const http::ServerRequest& request);
  // Bytes of a request's body that are taken.
  static constexpr std::size_t kMostBody = 4096;

 private:
  http::ServerResponse get(std::string_view path, std::string_view query, std::string_view accept);
  http::ServerResponse post(std::string_view path, std::string_view body);
  http::ServerResponse lines(const std::string& file, std::string_view query);

  Source& source_;
  const Gate gate_;
  const Process process_;
};

}  // namespace sluice::listen
