#include "cli/run_watch.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "cli/job_questions.h"
#include "cli/version.h"
#include "codec/registry.h"
#include "dsl/durations.h"
#include "http/proxy_environment.h"
#include "listen/access.h"
#include "shell/signals.h"

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
                                                       const WatchFlags& flags, Note note) {
  std::unique_ptr<RunWatch> watch(new RunWatch(job, std::move(note)));
  const auto settings = telemetry::read_settings(http::process_environment);
  if (!settings) return std::unexpected(settings.error());
  for (const std::string& text : settings->notes) watch->note_(text, observe::Level::warning);
  if (!flags.listen.empty() || settings->on()) watch->live_.emplace(job, file, kVersion);
  if (auto exporting = watch->export_to(*settings); !exporting)
    return std::unexpected(exporting.error());
  if (auto listening = watch->listen(flags); !listening) return std::unexpected(listening.error());
  return watch;
}

core::Status RunWatch::listen(const WatchFlags& flags) {
  if (!flags.linger.empty()) {
    linger_ = dsl::parse_duration(flags.linger);
    if (!linger_)
      return core::fail(core::ErrorCode::usage,
                        fmt::format("--linger {}: a time is needed, as 30s or 5m", flags.linger));
    if (flags.listen.empty())
      return core::fail(core::ErrorCode::usage, "--linger is of no use without --listen");
  }
  if (flags.listen.empty()) return {};
  const auto address = listen::parse_address(flags.listen);
  if (!address) return std::unexpected(address.error());
  auto gate = listen::Gate::make(*address, listen_token());
  if (!gate) return std::unexpected(gate.error());
  const bool control = gate->control();
  auto listener =
      listen::Listener::open(*address, std::move(*gate), *live_, [this] { return figures(); });
  if (!listener) return std::unexpected(listener.error());
  listener_ = std::move(*listener);
  note_(listening_text(*address, listener_->port(), control), observe::Level::info);
  return {};
}

core::Status RunWatch::export_to(const telemetry::Settings& settings) {
  if (!settings.on()) return {};
  const auto metrics = [this]() -> observe::MetricFamilies {
    const auto status = live_->status();
    return status ? listen::metrics_of(*status, listen::process_figures())
                  : observe::MetricFamilies();
  };
  auto exporter = telemetry::Exporter::make(
      {.settings = settings,
       .source = {.job = job_.name, .version = kVersion, .instance = live_->run_name()},
       .metrics = metrics,
       .note = [this](const std::string& text) { live_->note(text); }});
  if (!exporter) return std::unexpected(exporter.error());
  exporter_ = std::move(*exporter);
  return {};
}

// On the listener's thread.
listen::ProcessFigures RunWatch::figures() const {
  listen::ProcessFigures figures = listen::process_figures();
  if (exporter_ != nullptr) {
    for (const auto signal : {telemetry::Signal::traces, telemetry::Signal::metrics})
      figures.dropped.emplace_back(telemetry::signal_name(signal), exporter_->dropped(signal));
  }
  return figures;
}

void RunWatch::begin(std::size_t question) {
  if (!live_) return;
  const std::vector<provider::EndpointSpec>& endpoints =
      job_.questions[question].dispatch.endpoints;
  auto accounts = accounts_of(job_).value_or(std::vector<store::Account>(job_.questions.size()));
  meters_.push_back(std::make_unique<observe::Meter>(endpoints.size()));
  live_->begin(question, title_of(job_, question), std::move(accounts), *meters_.back());
  endpoints_.clear();
  for (const provider::EndpointSpec& endpoint : endpoints)
    endpoints_.push_back(
        telemetry::endpoint_info(endpoint, codec::provider_of(endpoint).profile->name));
}

observe::Observer* RunWatch::observer(observe::Observer* log) {
  observers_ = {};
  observers_.add(log);
  if (live_) observers_.add(meters_.back().get());
  if (exporter_ != nullptr) observers_.add(exporter_->begin(endpoints_));
  return observers_.get();
}

void RunWatch::ended(const job::RunResult& result) {
  if (live_) live_->ended(result);
}

void RunWatch::over(listen::State state, std::string why) {
  if (!live_) return;
  live_->over(state, std::move(why));
  if (exporter_ != nullptr) exporter_->finish();
  for (const std::string& text : live_->take_notes()) note_(text, observe::Level::warning);
  std::fflush(stdout);  // the summary does not wait for those who watch
  live_->wait_for_watchers();
}

void RunWatch::linger() {
  if (!linger_) return;
  std::fflush(stdout);
  shell::StopSignal().wait(std::chrono::duration_cast<std::chrono::milliseconds>(*linger_));
}

}  // namespace sluice::cli
