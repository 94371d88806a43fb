#include "plan/ways.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "provider/outcome.h"
#include "schedule/allotment.h"
#include "schedule/concurrency.h"
#include "schedule/parking.h"
#include "schedule/purchase.h"

namespace sluice::plan {
namespace {

// How far off a rate is, whatever binds it: the scheduler uses all but a little of it.
constexpr double kPacing = 0.02;
constexpr double kLearned = 0.1;       // of what refusals have taught
constexpr double kEngineModel = 0.15;  // of what an engine's numbers predict
constexpr double kLittle = 0.05;       // of slots over latency, beside the latency's own

// One endpoint, as far as a way needs it.
struct Seller {
  std::size_t index = 0;
  Shape shape;
  std::vector<Bound> bounds;
  double rate() const { return bounds.front().per_second; }
};

std::vector<Seller> sellers(const Job& job, const std::vector<std::size_t>& which) {
  std::vector<Seller> all;
  for (const std::size_t e : which) {
    const Endpoint& endpoint = job.endpoints[e];
    if (endpoint.batch) continue;
    const Shape shape = shape_at(job.work, endpoint);
    all.push_back({e, shape, bounds(endpoint, shape)});
  }
  return all;
}

// A climb from kStart: while fewer are in flight than could be, less is done. In seconds of full speed.
double climbing(const Endpoint& endpoint, const Seller& seller, double in_flight) {
  const bool quota_known = std::ranges::any_of(
      std::array{provider::Quota::requests_per_minute, provider::Quota::tokens_per_minute,
                 provider::Quota::input_tokens_per_minute,
                 provider::Quota::output_tokens_per_minute},
      [&](provider::Quota quota) { return endpoint.limits[quota].has_value(); });
  if (quota_known) return 0;
  double lost = 0;
  for (double n = schedule::Concurrency::kStart; n < in_flight; n *= 4)
    lost += seller.shape.seconds * (1 - n / in_flight);
  return lost;
}

// The spread of a rate: of what binds it.
double rate_spread(const Work& work, const Endpoint& endpoint, const Bound& bound) {
  const Figure input = endpoint.input_tokens.value_or(work.input_tokens);
  const Figure output = endpoint.output_tokens.value_or(work.output_tokens);
  switch (bound.binding) {
    case Binding::concurrency:
    case Binding::slots:
      return root_sum_square(kLittle, endpoint.latency.spread);
    case Binding::learned_rate:
      return kLearned;
    case Binding::kv_memory:
    case Binding::engine:
      return kEngineModel;
    case Binding::quota:
      break;
  }
  switch (bound.quota) {
    case provider::Quota::input_tokens_per_minute:
      return input.spread;
    case provider::Quota::output_tokens_per_minute:
      return output.spread;
    case provider::Quota::tokens_per_minute:
      return (input + output).spread;
    default:
      return kPacing;
  }
}

Origin rate_origin(const Endpoint& endpoint, const Bound& bound) {
  switch (bound.binding) {
    case Binding::quota:
      return Origin::declared;
    case Binding::learned_rate:
      return Origin::measured;
    default:
      return endpoint.engine ? Origin::declared : endpoint.latency.origin;
  }
}

Share share_of(const Seller& seller, double requests, double per_second) {
  Share share{.endpoint = seller.index,
              .requests = requests,
              .per_second = per_second,
              .in_flight = in_flight(per_second, seller.shape.seconds),
              .bound = seller.bounds.front(),
              .next = {}};
  if (seller.bounds.size() > 1) share.next = seller.bounds[1];
  return share;
}

// When so many requests are done, where each endpoint is down now and then.
double flow_seconds(const Job& job, const std::vector<Seller>& sellers, double requests) {
  double together = 0;
  for (const Seller& seller : sellers) together += seller.rate();
  double seconds = requests / together;
  for (int round = 0; round < 50; ++round) {
    double missed = 0;
    for (const Seller& seller : sellers)
      for (const Down& down : job.endpoints[seller.index].down)
        missed += seller.rate() * std::max(0.0, std::min(seconds, down.to) - down.from);
    const double again = (requests + missed) / together;
    if (std::abs(again - seconds) < 1e-3 * seconds) return again;
    seconds = again;
  }
  return seconds;
}

struct Online {
  std::vector<Share> shares;
  Figure seconds;
};

// All of them at full speed, as all routes but Route::deadline do it as long as there is more to ask than
// they take.
Online at_full_speed(const Job& job, const std::vector<Seller>& sellers, const Figure& requests) {
  Online online;
  double together = 0;
  for (const Seller& seller : sellers) together += seller.rate();
  double spread = 0;
  double slowest = 0;  // until the last answers are in
  double usual = 0;    // of that, what N / R counts already
  double lost = 0;
  Origin origin = requests.origin;
  for (const Seller& seller : sellers) {
    const Endpoint& endpoint = job.endpoints[seller.index];
    const double part = seller.rate() / together;
    const double here = requests.value * part;
    const Share share = share_of(seller, here, seller.rate());
    const double flying = std::min(share.in_flight, here);
    slowest = std::max(slowest, endpoint.latency.value *
                                    slowest_of(std::max(1.0, flying), endpoint.latency_sigma));
    usual += part * std::min(seller.shape.seconds, here / seller.rate());
    lost = std::max(lost, climbing(endpoint, seller, flying));
    // Errors of several endpoints have causes in common, so they do not even out.
    spread += part * rate_spread(job.work, endpoint, seller.bounds.front());
    origin = weaker(origin, rate_origin(endpoint, seller.bounds.front()));
    online.shares.push_back(share);
  }
  const double flow = flow_seconds(job, sellers, requests.value);
  const double value = std::max(flow - usual, 0.0) + lost + slowest;
  const double uncertain = root_sum_square(spread, requests.spread);
  const bool outage = std::ranges::any_of(
      sellers, [&](const Seller& seller) { return !job.endpoints[seller.index].down.empty(); });
  // How soon an endpoint is asked again when it is back is luck.
  constexpr double kOutage = 0.1;
  online.seconds = {value, uncertain + (outage ? kOutage : kPacing), origin};
  return online;
}

// As Route::deadline buys: the cheapest that do it in time.
Online as_bought(const Job& job, const std::vector<Seller>& sellers, const Figure& requests,
                 std::optional<double> deadline) {
  std::vector<schedule::Offer> offers;
  for (const Seller& seller : sellers) {
    const auto dollars = request_dollars(job.work, job.endpoints[seller.index]);
    offers.push_back({.cost = dollars ? dollars->value : 0,
                      .per_second = seller.rate(),
                      .at_most = seller.rate(),
                      .slowest = job.endpoints[seller.index].latency.value *
                                 std::exp(2 * job.endpoints[seller.index].latency_sigma)});
  }
  schedule::Need need{.requests = requests.value, .seconds = deadline};
  if (deadline)
    need.margin = std::min(*deadline * schedule::Purchase::kMargin,
                           core::in_seconds(schedule::Purchase::kMostMargin));
  const schedule::Allotted bought = schedule::allot(offers, need);
  std::vector<Seller> open;
  std::vector<double> rates;
  for (std::size_t s = 0; s < sellers.size(); ++s) {
    if (bought.per_second[s] <= 0) continue;
    open.push_back(sellers[s]);
    rates.push_back(std::min(bought.per_second[s], sellers[s].rate()));
  }
  if (open.empty()) return at_full_speed(job, sellers, requests);
  Online online = at_full_speed(job, open, requests);
  double together = 0;
  for (const double rate : rates) together += rate;
  for (std::size_t s = 0; s < open.size(); ++s)
    online.shares[s] = share_of(open[s], requests.value * rates[s] / together, rates[s]);
  const bool paced = bought.urgency == schedule::Urgency::some;
  if (paced && deadline)
    online.seconds = {std::max(requests.value / together, *deadline - need.margin), 0.05,
                      online.seconds.origin};
  return online;
}

// Of so many requests those that go into batches: without a deadline all, with one as schedule/parking.h decides:
// what can be taken back.
double parked_of(const Work& work, const BatchService& service, std::uint32_t lines, double rate) {
  const double requests = work.requests.value;
  if (!work.deadline || rate <= 0) return requests;
  const double left = *work.deadline - schedule::kGivingUp;
  const double usual = batch_seconds(service, lines, 1).value;
  const double back = (left - usual) * rate / schedule::kAgain;
  const double enough = (left * rate - requests) / (schedule::kAgain - 1);
  const double only = requests - rate * *work.deadline;
  return std::clamp(std::max(std::min(back, enough), only), 0.0, requests);
}

// Until they are answered, and what is late of them is asked online.
Figure parked_seconds(const Work& work, const BatchService& service, std::uint32_t lines,
                      double parked, double rate) {
  const auto batches = static_cast<std::size_t>(std::ceil(parked / std::max<double>(1, lines)));
  Figure seconds = batch_seconds(service, std::min<double>(lines, parked), batches);
  if (work.deadline && rate > 0)
    seconds.value = std::min(seconds.value, *work.deadline * (1 - schedule::Purchase::kMargin));
  return seconds;
}

// Tokens, money, and what a day's quotas add to the time.
void add_totals(const Job& job, Way& way) {
  const Work& work = job.work;
  for (Figure* figure : {&way.dollars, &way.input_tokens, &way.output_tokens})
    figure->origin = Origin::declared;
  for (const Share& share : way.shares) {
    const Endpoint& endpoint = job.endpoints[share.endpoint];
    const Figure here{share.requests, work.requests.spread, work.requests.origin};
    way.input_tokens = way.input_tokens + endpoint.input_tokens.value_or(work.input_tokens) * here;
    way.output_tokens =
        way.output_tokens + endpoint.output_tokens.value_or(work.output_tokens) * here;
    way.day_seconds = std::max(way.day_seconds,
                               seconds_of_day(endpoint, shape_at(work, endpoint), share.requests));
    if (const auto one = request_dollars(work, endpoint)) {
      way.dollars = way.dollars + *one * here;
    } else if (endpoint.dollars_per_hour <= 0) {
      way.priced = false;
    }
  }
  way.seconds.value = std::max(way.seconds.value, way.day_seconds);
  for (const Share& share : way.shares)
    way.dollars =
        way.dollars + way.seconds * (job.endpoints[share.endpoint].dollars_per_hour / 3600);
}

// With these endpoints. Of several with batches the first has them all.
Way way_of(const Job& job, std::string name, const std::vector<std::size_t>& which) {
  const Work& work = job.work;
  Way way{.name = std::move(name)};
  way.seconds.origin = Origin::measured;
  const std::vector<Seller> online = sellers(job, which);
  double rate = 0;
  for (const Seller& seller : online) rate += seller.rate();

  Figure requests = work.requests;
  const auto batch = std::ranges::find_if(
      which, [&](std::size_t e) { return job.endpoints[e].batch.has_value(); });
  if (batch != which.end()) {
    const BatchService& service = *job.endpoints[*batch].batch;
    const std::uint32_t lines = schedule::lines_of_a_batch(service.most_lines, work.deadline);
    if (const double parked = parked_of(work, service, lines, rate); parked > 0) {
      way.shares.push_back({.endpoint = *batch, .requests = parked});
      way.seconds = parked_seconds(work, service, lines, parked, rate);
      requests.value -= parked;
    }
  }
  if (requests.value > 0 && !online.empty()) {
    const Online rest = work.route == schedule::Route::deadline
                            ? as_bought(job, online, requests, work.deadline)
                            : at_full_speed(job, online, requests);
    const std::size_t first = way.shares.size();
    way.shares.insert(way.shares.end(), rest.shares.begin(), rest.shares.end());
    if (rest.seconds.value > way.seconds.value) {
      way.seconds = rest.seconds;
      way.bottleneck = first;
      for (std::size_t s = first; s < way.shares.size(); ++s)
        if (way.shares[s].requests > way.shares[way.bottleneck].requests) way.bottleneck = s;
    }
  }
  add_totals(job, way);
  way.in_time = !work.deadline || way.seconds.value <= *work.deadline;
  way.in_budget = !work.budget_left || way.dollars.value <= *work.budget_left;
  return way;
}

// Whether it is, and where they cost the same whether it is faster.
bool cheaper(const Way& a, const Way& b) {
  if (std::abs(a.dollars.value - b.dollars.value) > 1e-9 * b.dollars.value)
    return a.dollars.value < b.dollars.value;
  return a.seconds.value < b.seconds.value * (1 - 1e-9);
}

// What the file could say instead: one tier for all endpoints that sell it, and with a deadline all of them, the
// cheapest first.
void add_other_tiers(const Job& job, const std::vector<std::size_t>& written,
                     std::vector<Way>& ways) {
  std::vector<std::pair<std::string, std::vector<std::size_t>>> tiers;
  std::vector<std::size_t> all = written;
  for (std::size_t e = 0; e < job.endpoints.size(); ++e) {
    const std::string& instead = job.endpoints[e].instead;
    if (instead.empty()) continue;
    all.push_back(e);
    auto known = std::ranges::find(tiers, instead, [](const auto& tier) { return tier.first; });
    if (known == tiers.end()) known = tiers.insert(tiers.end(), {instead, {}});
    known->second.push_back(e);
  }
  std::string together;
  for (const auto& [instead, endpoints] : tiers) {
    std::string name = job.endpoints[endpoints.front()].name;
    if (endpoints.size() > 1) name = fmt::format("{} and {} like it", name, endpoints.size() - 1);
    Way way = way_of(job, std::move(name), endpoints);
    way.instead = fmt::format("tiers = {{ \"{}\" }}", instead);
    ways.push_back(std::move(way));
    together += fmt::format("\"{}\", ", instead);
  }
  if (!job.work.deadline || tiers.empty()) return;
  Job bought = job;
  bought.work.route = schedule::Route::deadline;
  Way way = way_of(bought, "the cheapest in time", all);
  way.instead = fmt::format("tiers = {{ {}\"standard\" }}", together);
  ways.push_back(std::move(way));
}

}  // namespace

double slowest_of(double n, double sigma) {
  // The expected largest of n normal draws: of few by the table, of many by the asymptotic form (Cramér 1946).
  constexpr std::array kFew = {0.0, 0.564, 0.846, 1.029, 1.163, 1.267, 1.352, 1.424, 1.485, 1.539};
  if (n <= 1) return std::exp(sigma * sigma / 2);
  if (n < static_cast<double>(kFew.size())) {
    const auto below = static_cast<std::size_t>(n) - 1;
    const double part = n - std::floor(n);
    return std::exp(sigma * (kFew[below] + part * (kFew[below + 1] - kFew[below])));
  }
  const double root = std::sqrt(2 * std::log(n));
  const double largest =
      root - (std::log(std::log(n)) + std::log(4 * std::numbers::pi)) / (2 * root) + 0.5772 / root;
  return std::exp(sigma * largest);
}

std::optional<Figure> request_dollars(const Work& work, const Endpoint& endpoint) {
  if (endpoint.request_dollars) return *endpoint.request_dollars;
  if (!endpoint.price) return std::nullopt;
  const Figure input = endpoint.input_tokens.value_or(work.input_tokens);
  const Figure output = endpoint.output_tokens.value_or(work.output_tokens);
  const core::Rates rates = endpoint.price->rates(
      core::Tier::asked, static_cast<std::uint64_t>(std::llround(input.value)));
  const double cached = input.value * work.cached_share;
  const Figure in = {
      (input.value - cached) * rates.input.dollars() + cached * rates.cached_input.dollars(),
      input.spread, input.origin};
  const Figure out = {output.value * rates.output.dollars(), output.spread, output.origin};
  return in + out;
}

Plan make_plan(const Job& job) {
  std::vector<std::size_t> written;
  Plan plan;
  for (std::size_t e = 0; e < job.endpoints.size(); ++e)
    if (job.endpoints[e].instead.empty()) written.push_back(e);
  plan.ways.push_back(way_of(job, "as written", written));
  plan.ways.front().as_written = true;
  if (written.size() > 1) {
    for (const std::size_t e : written)
      plan.ways.push_back(way_of(job, job.endpoints[e].name, {e}));
    std::vector<std::size_t> online = written;
    std::erase_if(online, [&](std::size_t e) { return job.endpoints[e].batch.has_value(); });
    if (job.work.route == schedule::Route::deadline && online.size() > 1) {
      Job hasty = job;
      hasty.work.route = schedule::Route::cheapest;
      plan.ways.push_back(way_of(hasty, "all at full speed", online));
    }
  }
  add_other_tiers(job, written, plan.ways);
  std::sort(plan.ways.begin() + 1, plan.ways.end(), cheaper);
  for (std::size_t w = 0; w < plan.ways.size(); ++w) {
    const Way& way = plan.ways[w];
    if (!way.in_time || !way.in_budget || !way.priced) continue;
    if (!plan.chosen || cheaper(way, plan.ways[*plan.chosen])) plan.chosen = w;
  }
  return plan;
}

}  // namespace sluice::plan
