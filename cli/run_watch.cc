#include "cli/run_watch.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "cli/job_questions.h"
#include "cli/version.h"
#include "dsl/durations.h"
#include "listen/access.h"

namespace sluice::cli {

void add_watch_flags(CLI::App& command, WatchFlags& flags) {
  command
      .add_option("--listen", flags.listen,
                  "Serve a page of the job, its metrics (/metrics) and its state (/api) here while "
                  "it runs: "
                  "127.0.0.1:9464, or a port")
      ->type_name("ADDR");
  command
      .add_option("--linger", flags.linger,
                  "With --listen: go on serving them so long after the end, as 30s; Ctrl-C ends it")
      ->type_name("TIME");
}

core::Secret listen_token() {
  const char* const token = std::getenv("SLUICE_LISTEN_TOKEN");
  return core::Secret(token == nullptr ? "" : token);
}

std::string listening_text(const listen::Address& address, int port, bool control) {
  const std::string host =
      address.host.contains(':') ? fmt::format("[{}]", address.host) : address.host;
  return fmt::format(
      "watch it at http://{}:{}/ (metrics at /metrics){}", host, port,
      control ? "" : "; stop, pause and budget there need SLUICE_LISTEN_TOKEN to be set");
}

core::Result<std::unique_ptr<RunWatch>> RunWatch::open(const stages::JobSpec& job,
                                                       const std::string& file,
                                                       const WatchFlags& flags,
                                                       std::function<void(std::string)> note) {
  std::unique_ptr<RunWatch> watch(new RunWatch(job, flags));
  if (!flags.linger.empty()) {
    watch->linger_ = dsl::parse_duration(flags.linger);
    if (!watch->linger_)
      return core::fail(core::ErrorCode::usage,
                        fmt::format("--linger {}: a time is needed, as 30s or 5m", flags.linger));
    if (flags.listen.empty())
      return core::fail(core::ErrorCode::usage, "--linger is of no use without --listen");
  }
  if (flags.listen.empty()) return watch;
  const auto address = listen::parse_address(flags.listen);
  if (!address) return std::unexpected(address.error());
  auto gate = listen::Gate::make(*address, listen_token());
  if (!gate) return std::unexpected(gate.error());
  const bool control = gate->control();
  watch->live_.emplace(job, file, kVersion);
  auto listener =
      listen::Listener::open(*address, std::move(*gate), *watch->live_, listen::process_figures);
  if (!listener) return std::unexpected(listener.error());
  watch->listener_ = std::move(*listener);
  note(listening_text(*address, watch->listener_->port(), control));
  return watch;
}

observe::Observer* RunWatch::begin(std::size_t question) {
  if (!live_) return nullptr;
  auto accounts = accounts_of(job_).value_or(std::vector<store::Account>(job_.questions.size()));
  const std::size_t endpoints = job_.questions[question].dispatch.endpoints.size();
  meters_.push_back(std::make_unique<observe::Meter>(endpoints));
  live_->begin(question, title_of(job_, question), std::move(accounts), *meters_.back());
  observers_ = {};
  observers_.add(meters_.back().get());
  return observers_.get();
}

void RunWatch::ended(const job::RunResult& result) {
  if (live_) live_->ended(result);
}

void RunWatch::over(listen::State state, std::string why, shell::StopSignal* signal) {
  if (!live_) return;
  std::fflush(stdout);  // the summary does not wait for those who watch
  live_->over(state, std::move(why));
  live_->wait_for_watchers();
  if (!linger_ || signal == nullptr || signal->seen()) return;
  signal->wait(std::chrono::duration_cast<std::chrono::milliseconds>(*linger_));
}

}  // namespace sluice::cli
