// Exports what 300 requests might have done, as the OTEL_* variables say, and prints what must have come to the collector:
// telemetry_sample. For tests/sdk/otelcol/run.py.
#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <memory>

#include "core/clock.h"
#include "http/proxy_environment.h"
#include "telemetry/exporter.h"

using namespace sluice;

namespace {

constexpr std::uint64_t kRequests = 300;
constexpr std::uint32_t kRows = 4;  // of each

struct Totals {
  std::uint64_t attempts = 0;
  std::uint64_t failed = 0;
  std::uint64_t input = 0;
  std::uint64_t output = 0;
  core::Money cost;
};

provider::Outcome outcome_of(std::uint64_t request, std::uint32_t number) {
  provider::Outcome outcome;
  outcome.message = "secret text of a server";
  if (request % 10 == 0 && number == 1) {
    outcome.action = provider::Action::retry;
    outcome.cause = provider::Cause::rate_limit;
    outcome.status = 429;
    return outcome;
  }
  outcome.status = 200;
  outcome.billing = provider::Billing::known;
  outcome.usage = {.input = 100 + request, .cached_input = request, .output = 20 + request % 7};
  return outcome;
}

observe::MetricFamilies rows_done() {
  return {{.name = "sluice_rows_total",
           .help = "Rows that have ended.",
           .unit = "",
           .type = observe::MetricType::counter,
           .samples = {{{{"result", "answered"}}, kRequests * kRows}}}};
}

Totals trace(observe::Observer& observer) {
  const core::SystemClock clock;
  Totals totals;
  for (std::uint64_t request = 1; request <= kRequests; ++request) {
    const core::Time submitted = clock.now();
    std::uint32_t number = 0;
    for (bool answered = false; !answered;) {
      const provider::Outcome outcome = outcome_of(request, ++number);
      answered = outcome.cause == provider::Cause::none;
      const core::Money cost =
          answered ? core::Money::picodollars(static_cast<std::int64_t>(1'000'000 * request))
                   : core::Money();
      observer.on(observe::AttemptEnded{.endpoint = static_cast<std::uint32_t>(request % 2),
                                        .request = request,
                                        .attempt = ++totals.attempts,
                                        .number = number,
                                        .rows = kRows,
                                        .sent = submitted,
                                        .ended = clock.now(),
                                        .outcome = outcome,
                                        .cost = cost});
      totals.failed += answered ? 0 : 1;
      totals.input += outcome.usage.input;
      totals.output += outcome.usage.output;
      totals.cost += cost;
    }
    observer.on(observe::RequestEnded{.request = request,
                                      .attempts = number,
                                      .rows = kRows,
                                      .submitted = submitted,
                                      .ended = clock.now(),
                                      .why = "secret text of a row"});
  }
  return totals;
}

}  // namespace

int main() {
  auto settings = telemetry::read_settings(http::process_environment);
  if (!settings) {
    fmt::print(stderr, "{}\n", settings.error().text());
    return 2;
  }
  for (const std::string& note : settings->notes) fmt::print(stderr, "{}\n", note);
  const telemetry::EndpointInfo first{.name = "first",
                                      .provider = "openai",
                                      .model = "gpt-5.4-mini",
                                      .operation = "chat",
                                      .address = "127.0.0.1",
                                      .port = 8080,
                                      .tier = "flex"};
  telemetry::EndpointInfo second = first;
  second.name = "second";
  auto exporter = telemetry::Exporter::make(
      {.settings = std::move(*settings),
       .source = {.job = "sample", .version = "0.0.0", .instance = "sample:1"},
       .metrics = rows_done,
       .note = [](const std::string& note) { fmt::print(stderr, "{}\n", note); }});
  if (!exporter || *exporter == nullptr) {
    fmt::print(stderr, "{}\n", exporter ? "nothing is exported" : exporter.error().text());
    return 2;
  }
  const Totals totals = trace(*(*exporter)->begin({first, second}));
  (*exporter)->finish();
  fmt::print(
      R"({{"requests":{},"attempts":{},"failed":{},"input_tokens":{},"output_tokens":{},"cost_usd":{},"rows":{},"dropped":{}}})"
      "\n",
      kRequests, totals.attempts, totals.failed, totals.input, totals.output, totals.cost.dollars(),
      kRequests * kRows,
      (*exporter)->dropped(telemetry::Signal::traces) +
          (*exporter)->dropped(telemetry::Signal::metrics));
  return 0;
}
