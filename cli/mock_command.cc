// sluice mock: a provider on loopback to practise on.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <thread>

#include "cli/commands.h"
#include "cli/job_file.h"
#include "cli/signals.h"
#include "http/loop.h"
#include "mock/mock_server.h"

namespace sluice::cli {
namespace {

struct MockFlags {
  mock::Options options;
  double latency_ms = 0;
  double token_latency_ms = 0;
  std::string key;
};

core::Duration milliseconds(double ms) {
  return std::chrono::duration_cast<core::Duration>(std::chrono::duration<double, std::milli>(ms));
}

int serve(MockFlags flags) {
  flags.options.latency = milliseconds(flags.latency_ms);
  flags.options.latency_per_token = milliseconds(flags.token_latency_ms);
  flags.options.require_key = core::Secret(flags.key);

  http::Loop loop;
  auto server = mock::MockServer::start(loop, flags.options);
  if (!server) return report(server.error());
  const bool tls = !flags.options.certificate_file.empty();
  // The line that scripts wait for: its last word is the base URL.
  fmt::print("mock provider (no model: it guesses by the likeness of words) at {}://{}:{}/v1\n",
             tls ? "https" : "http", flags.options.host, (*server)->port());
  std::fflush(stdout);

  StopSignal signal;
  std::thread watcher([&] {
    while (signal.wait(std::chrono::hours(1)) == StopSignal::Woken::timeout) {
    }
    loop.stop();
  });
  loop.run();
  signal.release();
  watcher.join();
  fmt::print("{}\n", mock::stats_json((*server)->stats()));
  return 0;
}

}  // namespace

void add_mock_command(CLI::App& app, int& exit_status) {
  auto flags = std::make_shared<MockFlags>();
  mock::Options& o = flags->options;
  CLI::App* command =
      app.add_subcommand("mock", "A provider on loopback to practise on, with limits and faults");
  const auto share = CLI::Range(0.0, 1.0);
  command->add_option("--host", o.host, "Address to listen on")->capture_default_str();
  command->add_option("--port", o.port, "Port; 0 takes any free one")->capture_default_str();
  command->add_option("--seed", o.seed, "Of answers, latencies and faults")->capture_default_str();
  command->add_option("--latency-ms", flags->latency_ms, "Time to answer");
  command->add_option("--token-latency-ms", flags->token_latency_ms,
                      "More of it for each output token");
  command->add_option("--latency-sigma", o.latency_sigma,
                      "Spread of the time to answer (log-normal)");
  command->add_option("--rpm", o.rpm, "Requests per minute allowed");
  command->add_option("--tpm", o.tpm, "Tokens per minute allowed");
  command->add_option("--key", flags->key, "The only bearer key to accept");
  command->add_option("--certificate", o.certificate_file,
                      "PEM chain; with --certificate-key: HTTPS");
  command->add_option("--certificate-key", o.key_file, "PEM private key");
  command->add_flag("--count-repeats", o.count_repeats, "Count rows that are asked about again");
  const std::string faults = "Faults: a share of the requests, 0 to 1";
  command->add_option("--error-429", o.faults.error_429, "Answered with 429")
      ->check(share)
      ->group(faults);
  command->add_option("--error-500", o.faults.error_500, "Answered with 500")
      ->check(share)
      ->group(faults);
  command->add_option("--reset", o.faults.reset, "Connection reset, no answer")
      ->check(share)
      ->group(faults);
  command->add_option("--hang", o.faults.hang, "Never answered")->check(share)->group(faults);
  command->add_option("--truncate", o.faults.truncate, "Cut off at the output limit")
      ->check(share)
      ->group(faults);
  command->add_option("--garble", o.faults.garble, "Answered with no JSON")
      ->check(share)
      ->group(faults);
  command->add_option("--drop-row", o.faults.drop_row, "One row of the pack left out")
      ->check(share)
      ->group(faults);
  command->add_option("--double-row", o.faults.double_row, "One row answered twice")
      ->check(share)
      ->group(faults);
  command->add_option("--foreign-id", o.faults.foreign_id, "One answer with an unknown id")
      ->check(share)
      ->group(faults);
  command->footer("GET /stats shows what it has served. Ctrl-C stops it.");
  command->callback([flags, &exit_status] { exit_status = serve(*flags); });
}

}  // namespace sluice::cli
