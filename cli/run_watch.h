// Those who watch a run from outside: the listener of --listen, and OpenTelemetry where the OTEL_* variables name an
// endpoint. Where there is none of them a run gives no events to anybody.
//
// Threads: the main one.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "job/run.h"
#include "listen/listener.h"
#include "listen/live_job.h"
#include "observe/events.h"
#include "observe/meter.h"
#include "observe/observer.h"
#include "stages/spec.h"
#include "telemetry/exporter.h"

namespace CLI {
class App;
}

namespace sluice::cli {

struct WatchFlags {
  std::string listen;  // "127.0.0.1:9464"; empty: nobody listens
  std::string linger;  // how long the listener stays behind the end: "30s"
};
void add_watch_flags(CLI::App& command, WatchFlags& flags);

// The variable that holds the listener's token; empty where it is not set.
core::Secret listen_token();
// Says at which address there is what, once.
std::string listening_text(const listen::Address& address, int port, bool control);

class RunWatch {
 public:
  using Note = std::function<void(const std::string& text, observe::Level level)>;
  // `note` is told what a person should know. ErrorCode::usage, ErrorCode::io. `job` outlives it.
  static core::Result<std::unique_ptr<RunWatch>> open(const stages::JobSpec& job,
                                                      const std::string& file,
                                                      const WatchFlags& flags, Note note);

  // A question begins.
  void begin(std::size_t question);
  // Whom its next run tells, `log` among them where there is one; null where nobody listens. Once for
  // each run, whose requests are counted from 1 again.
  observe::Observer* observer(observe::Observer* log);
  // Null where nobody looks.
  listen::LiveJob* live() { return live_ ? &*live_ : nullptr; }
  // What was ordered over the listener.
  bool stop_ordered() const { return live_ && live_->stop_ordered(); }
  std::optional<core::Money> budget_ordered() const {
    return live_ ? live_->budget_ordered() : std::nullopt;
  }
  void ended(const job::RunResult& result);
  // The job has ended: telemetry is sent, and those who look are given the time to see how it went.
  void over(listen::State state, std::string why);
  // --linger's time passes, or Ctrl-C comes. No other StopSignal is there.
  void linger();

 private:
  RunWatch(const stages::JobSpec& job, Note note) : job_(job), note_(std::move(note)) {}
  core::Status listen(const WatchFlags& flags);
  core::Status export_to(const telemetry::Settings& settings);
  listen::ProcessFigures figures() const;

  const stages::JobSpec& job_;
  const Note note_;
  std::optional<core::Duration> linger_;
  std::vector<std::unique_ptr<observe::Meter>> meters_;  // of each question that has begun
  std::vector<telemetry::EndpointInfo> endpoints_;       // of the question
  observe::Observers observers_;
  std::optional<listen::LiveJob> live_;
  std::unique_ptr<telemetry::Exporter> exporter_;
  std::unique_ptr<listen::Listener> listener_;
};

// Orders that come over the listener go to this run, as long as this lives.
class OrdersTo {
 public:
  OrdersTo(RunWatch& watch, job::Run& run) : live_(watch.live()) {
    if (live_ != nullptr) live_->take(run);
  }
  ~OrdersTo() {
    if (live_ != nullptr) live_->release();
  }
  OrdersTo(const OrdersTo&) = delete;
  OrdersTo& operator=(const OrdersTo&) = delete;

 private:
  listen::LiveJob* const live_;
};

}  // namespace sluice::cli
