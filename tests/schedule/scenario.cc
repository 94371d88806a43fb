#include "scenario.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness.h"
#include "simulate/random.h"

namespace sluice::schedule {
namespace {

using namespace std::chrono_literals;
using provider::Quota;

constexpr std::uint32_t kExactOutput = 128;  // a row, as the estimates start from

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  bool chance(double p) { return random_.uniform() < p; }
  double between(double least, double most) { return least + (most - least) * random_.uniform(); }
  double spread_between(double least, double most) {  // each order of magnitude alike
    return std::exp(between(std::log(least), std::log(most)));
  }
  std::uint64_t below(std::uint64_t n) { return random_.below(n); }
  core::Duration duration(core::Duration least, core::Duration most) {
    return core::Duration(static_cast<std::int64_t>(
        spread_between(static_cast<double>(least.count()), static_cast<double>(most.count()))));
  }

 private:
  simulate::Random random_;
};

void limit(Dice& dice, simulate::ServerSpec& model, double tokens_per_request) {
  const double rpm = dice.spread_between(20, 20'000);
  const double tpm = dice.spread_between(20, 20'000) * tokens_per_request;
  if (dice.chance(0.5)) model.limits[Quota::requests_per_minute] = std::round(rpm);
  if (dice.chance(0.3)) model.limits[Quota::tokens_per_minute] = std::round(tpm);
  if (dice.chance(0.1)) model.limits[Quota::input_tokens_per_minute] = std::round(tpm);
  if (dice.chance(0.1)) model.limits[Quota::output_tokens_per_minute] = std::round(tpm);
  if (dice.chance(0.05)) model.limits[Quota::requests_per_day] = 20.0 + dice.between(0, 1000);
  model.limiter.kind = static_cast<simulate::LimiterKind>(dice.below(4));
  if (dice.chance(0.3)) model.limiter.burst = std::max(1.0, std::round(rpm / 60));
  if (dice.chance(0.2)) model.limiter.window = 1s;
  model.limiter.counts_refused = dice.chance(0.15);
}

// What the pipeline file says of the endpoint's limits: the truth, too much, too little, nothing.
provider::Limits told(Dice& dice, const simulate::ServerSpec& model) {
  provider::Limits limits;
  const double mood = dice.between(0, 1);
  if (mood < 0.25) return limits;
  const double factor = mood < 0.75 ? 1 : dice.spread_between(0.3, 3);
  for (std::size_t q = 0; q < provider::kQuotas; ++q) {
    if (model.limits.per_window[q]) limits.per_window[q] = *model.limits.per_window[q] * factor;
  }
  return limits;
}

void problem(Dice& dice, simulate::ServerSpec& model) {
  if (dice.chance(0.3)) model.error_rate = dice.between(0, 0.3);
  if (dice.chance(0.15)) model.refused_rate = dice.between(0, 0.15);
  if (dice.chance(0.3)) model.refusal_status = 503;
  if (model.refused_rate > 0 && dice.chance(0.5)) model.refused_hint = dice.duration(100ms, 5s);
  if (dice.chance(0.1)) model.most_at_once = 1 + static_cast<int>(dice.below(40));
  if (dice.chance(0.2)) model.lost_rate = dice.between(0, 0.1);
  // Long enough for an answer, if it need not queue.
  model.timeout = dice.duration(2s, 30s) +
                  4 * std::chrono::ceil<std::chrono::seconds>(model.latency * model.cold.factor);
  if (dice.chance(0.3)) {
    core::Duration at = dice.duration(1ms, 20s);
    for (std::uint64_t n = 1 + dice.below(3); n > 0; --n) {
      const core::Duration to = at + dice.duration(100ms, 60s);
      model.outages.push_back({at, to, static_cast<simulate::OutageKind>(dice.below(4))});
      at = to + dice.duration(100ms, 20s);
    }
  }
  model.reports_retry_after = dice.chance(0.7);
  if (dice.chance(0.2)) model.retry_after_factor = dice.between(0, 1);
  model.reports_limits = dice.chance(0.5);
  if (model.reports_limits && dice.chance(0.4)) {
    if (dice.chance(0.4)) model.lies.limit = dice.spread_between(0.2, 5);
    if (dice.chance(0.4)) model.lies.remaining = dice.spread_between(0.2, 5);
    if (dice.chance(0.4)) model.lies.stale = dice.duration(10ms, 10s);
    model.lies.unknown = dice.chance(0.2);
    model.lies.window = static_cast<simulate::ReportedWindow>(dice.below(3));
  }
}

void speed(Dice& dice, simulate::ServerSpec& model) {
  model.latency = dice.duration(20ms, 5s);
  model.latency_spread = dice.between(0, 0.8);
  if (dice.chance(0.3)) model.slots.push_back({0s, 1 + static_cast<int>(dice.below(100))});
  if (dice.chance(0.1)) model.slots.push_back({10s, 1 + static_cast<int>(dice.below(100))});
  if (dice.chance(0.2)) {
    model.cold = {.factor = dice.between(1, 8),
                  .lasts = dice.chance(0.5) ? dice.duration(1s, 20s) : 0s,
                  .requests = dice.below(50)};
  }
}

double seconds(core::Duration d) {
  return std::chrono::duration<double>(d).count();
}

}  // namespace

Scenario::Scenario(std::uint64_t from) : seed(from) {
  Dice dice(seed);
  exact = dice.chance(0.5);
  workload.requests = 1 + dice.below(250);
  workload.prompt_bytes = 4 * static_cast<std::uint32_t>(dice.spread_between(25, 5000));
  workload.rows = static_cast<std::uint32_t>(1 + dice.below(20));
  workload.open = 1 + dice.below(300);
  if (!exact) {
    workload.prompt_sigma = dice.between(0, 1.2);
    workload.output_sigma = dice.between(0, 1);
  }
  if (dice.chance(0.2)) workload.per_second = dice.spread_between(2, 1000);
  if (dice.chance(0.15)) workload.drain_after = dice.duration(1ms, 60s);

  config.route = static_cast<Route>(dice.below(4));
  if (config.route == Route::deadline && dice.chance(0.3)) workload.outlook.reset();
  config.retry.attempts = static_cast<int>(1 + dice.below(8));
  config.hedge = dice.chance(0.3);
  config.first_attempt = 1 + dice.below(1000);
  config.seed = seed;
  if (dice.chance(0.15)) config.deadline = core::Time(dice.duration(1ms, 2min));

  const double output = workload.rows * static_cast<double>(kExactOutput);
  const double tokens = workload.prompt_bytes / 4.0 + output;
  for (std::uint64_t n = 1 + dice.below(4); n > 0; --n) {
    simulate::ServerSpec& model = endpoints.emplace_back();
    limit(dice, model, tokens);
    speed(dice, model);
    problem(dice, model);
    model.output_tokens_per_row = exact ? kExactOutput : dice.spread_between(10, 500);
    if (!exact) {
      model.bytes_per_token = dice.between(2, 6);
      model.token_spread = dice.between(0, 0.5);
    }
    EndpointConfig& e = config.endpoints.emplace_back(endpoint("e" + std::to_string(n)));
    e.limits = told(dice, model);
    e.max_output_tokens = static_cast<int>(exact ? output : 4 * output);
    if (dice.chance(0.3)) e.limits.max_concurrency = 1 + static_cast<int>(dice.below(40));
    if (dice.chance(0.7)) e.price = price(dice.between(0, 20), dice.between(0, 60));
    if (dice.chance(0.3)) e.weight = dice.spread_between(0.1, 10);
  }
  if (dice.chance(0.25)) {
    const double dollars = static_cast<double>(workload.requests) * tokens * 20e-6;
    config.budget =
        core::Money::picodollars(static_cast<std::int64_t>(dollars * dice.between(0, 2) * 1e12));
  }
}

core::Duration Scenario::longest() const {
  if (std::ranges::any_of(endpoints,
                          [](const simulate::ServerSpec& m) { return m.limiter.counts_refused; }))
    return core::Duration::max();
  double slowest = 0;  // seconds, if one endpoint had to do it all
  double faulty = 0;
  for (std::size_t e = 0; e < endpoints.size(); ++e) {
    const simulate::ServerSpec& model = endpoints[e];
    const double tokens = workload.most_prompt / model.bytes_per_token +
                          config.endpoints[e].max_output_tokens.value_or(0);
    double each = 0;
    for (std::size_t q = 0; q < provider::kQuotas; ++q) {
      const auto& limit = model.limits.per_window[q];
      if (!limit) continue;
      double least = *limit * std::min({1.0, model.lies.limit, model.lies.remaining});
      if (model.lies.window == simulate::ReportedWindow::second) least /= 60;
      if (const auto& file = config.endpoints[e].limits.per_window[q])
        least = std::min(least, *file);
      const auto quota = static_cast<Quota>(q);
      const bool day = quota == Quota::requests_per_day || quota == Quota::tokens_per_day ||
                       model.lies.window == simulate::ReportedWindow::day;
      const bool requests = quota == Quota::requests_per_day || quota == Quota::requests_per_minute;
      each = std::max(each, (day ? 86'400.0 : 60.0) * (requests ? 1 : tokens) / least);
    }
    const double takes =
        seconds(model.latency) * std::exp(model.latency_spread) * model.cold.factor +
        model.lost_rate * seconds(model.timeout);
    each += takes;  // as if one were served after the other
    slowest = std::max(slowest, each);
    if (!model.outages.empty()) faulty = std::max(faulty, seconds(model.outages.back().to));
  }
  const double input =
      workload.per_second ? static_cast<double>(workload.requests) / *workload.per_second : 0;
  const double bound =
      3 * (static_cast<double>(workload.requests) * slowest + faulty + input) + 900;
  return core::Duration(static_cast<std::int64_t>(std::min(bound, 1e9) * 1e9));
}

}  // namespace sluice::schedule
