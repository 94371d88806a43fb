#include "schedule/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "schedule/router.h"

namespace sluice::schedule {
namespace {

void add(std::string& text, std::string_view separator, std::string_view more) {
  if (!text.empty()) text += separator;
  text += more;
}

std::string explain(const Failure& failure, std::span<const Endpoint> endpoints) {
  std::string text = fmt::format("attempt {} at {}:", failure.last_attempt,
                                 endpoints[failure.endpoint].config.name);
  if (failure.status != 0) text += fmt::format(" {}", failure.status);
  text += fmt::format(" {}", provider::cause_name(failure.cause));
  if (!failure.message.empty()) text += fmt::format(": {}", failure.message);
  if (failure.times > 1) text += fmt::format(" ({} times)", failure.times);
  return text;
}

bool would_take(const Endpoint& endpoint, const Demand& demand) {
  return (!endpoint.stopped || endpoint.config.batch) &&
         !endpoint.quota.too_large(endpoint.estimate.expected(demand));
}

}  // namespace

std::string explain_too_large(const Demand& demand, std::span<const Endpoint> endpoints) {
  std::string text;
  for (const Endpoint& endpoint : endpoints) {
    auto excess = endpoint.quota.too_large_for_file(endpoint.estimate.presumed(demand));
    if (!excess) excess = endpoint.quota.too_large(endpoint.estimate.expected(demand));
    if (excess) {
      add(text, "; ",
          fmt::format("{} allows {:.0f} {}, it needs about {:.0f}", endpoint.config.name,
                      excess->limit, quota_name(excess->quota), std::ceil(excess->tokens)));
    } else if (endpoint.stopped && !endpoint.config.batch) {
      add(text, "; ",
          fmt::format("{} would take it but is stopped ({})", endpoint.config.name,
                      endpoint.stop_reason));
    }
  }
  return fmt::format("request of {} bytes and {} row{}: {}", demand.prompt_bytes, demand.rows,
                     demand.rows == 1 ? "" : "s", text);
}

std::string explain_exhausted(const Request& request, std::span<const Endpoint> endpoints) {
  int sent = 0;
  const Failure* last = nullptr;
  for (const Failure& failure : request.history) {
    sent += failure.times;
    if (last == nullptr || failure.last_attempt > last->last_attempt) last = &failure;
  }
  return fmt::format("gave up after {} attempt{}; the last: {}", sent, sent == 1 ? "" : "s",
                     last == nullptr ? "" : explain(*last, endpoints));
}

std::vector<std::string> explain_history(const Request& request,
                                         std::span<const Endpoint> endpoints) {
  std::vector<std::string> lines;
  lines.reserve(request.history.size());
  for (const Failure& failure : request.history) lines.push_back(explain(failure, endpoints));
  return lines;
}

std::optional<core::Money> least_worst(const Demand& next, std::span<const Endpoint> endpoints) {
  std::optional<core::Money> least;
  for (const Endpoint& endpoint : endpoints) {
    if (!would_take(endpoint, next)) continue;
    const core::Money worst = endpoint.estimate.worst_cost(next, endpoint.config.price);
    least = least ? std::min(*least, worst) : worst;
  }
  return least;
}

std::string explain_budget(const Demand& next, std::span<const Endpoint> endpoints,
                           const Budget& budget) {
  const core::Money least = least_worst(next, endpoints).value_or(core::Money::max());
  const bool capped = std::ranges::all_of(endpoints, [&](const Endpoint& endpoint) {
    return !would_take(endpoint, next) ||
           (endpoint.config.capped && endpoint.config.max_output_tokens.has_value());
  });
  if (!budget.over().empty())
    return fmt::format("{} (the next request could cost {})", budget.over(), least.text());
  const std::string limit = budget.limit().value_or(core::Money()).text();
  std::string text =
      budget.spent() == core::Money()
          ? fmt::format("the budget of {} is less than the next request could cost, {}", limit,
                        least.text())
          : fmt::format("budget reached: {} of {} spent, and the next request could cost {}",
                        budget.spent().text(), limit, least.text());
  text += "; to continue, raise the budget";
  text += capped ? ", or lower max_output_tokens, which bounds what a request can cost"
                 : ", or set max_output_tokens, which bounds what a request can cost";
  return text;
}

std::string explain_stopped(std::span<const Endpoint> endpoints) {
  std::string text;
  for (const Endpoint& endpoint : endpoints) {
    if (endpoint.config.batch && !endpoint.parking_stopped) continue;
    add(text, "; ", fmt::format("{}: {}", endpoint.config.name, endpoint.stop_reason));
  }
  return fmt::format("no endpoint is left: {}", text);
}

std::string explain_refused(const Endpoint& endpoint, int times) {
  const char* plural = times == 1 ? "" : "s";
  if (endpoint.answers > 0)
    return fmt::format("has refused {} request{} in a row: {}", times, plural, endpoint.refusal);
  return fmt::format("has answered nothing and refused {} request{}: {}", times, plural,
                     endpoint.refusal);
}

std::string explain_left(const Demand& demand, std::span<const Endpoint> endpoints) {
  std::string text;
  for (const Endpoint& endpoint : endpoints) {
    if (!endpoint.stopped || never_fits(demand, endpoint)) continue;
    if (endpoint.config.batch && !endpoint.parking_stopped) continue;
    add(text, "; ", fmt::format("{}: {}", endpoint.config.name, endpoint.stop_reason));
  }
  return fmt::format("some rows are left that only a stopped endpoint would take: {}", text);
}

std::string explain_deadline(std::size_t open, std::size_t in_flight, std::uint64_t parked) {
  std::string text = fmt::format("deadline reached with {} request{} open, {} of them in flight",
                                 open, open == 1 ? "" : "s", in_flight);
  if (parked > 0)
    text +=
        fmt::format("; {} more stand{} in batches that have not ended, which the next run collects",
                    parked, parked == 1 ? "s" : "");
  return text;
}

std::string explain_beyond_deadline(const Late& late) {
  const double could = late.per_second * late.seconds;
  const auto beyond = static_cast<std::uint64_t>(
      std::max(0.0, static_cast<double>(late.waiting + late.parked) - could));
  if (beyond == 0) return {};
  const bool certain = static_cast<double>(late.waiting) > could;
  std::string text = fmt::format("about {} request{} cannot be asked before the deadline", beyond,
                                 beyond == 1 ? "" : "s");
  if (late.parked > 0)
    text += certain ? ", fewer if batches end in time" : " unless batches end in time";
  text += fmt::format(": {} wait", late.waiting);
  if (late.parked > 0) text += fmt::format(", {} stand in batches", late.parked);
  text += fmt::format(
      ", and the endpoints take {:.3g} a second for another {:.0f} s; the next run goes on with "
      "what is left",
      late.per_second, late.seconds);
  return text;
}

}  // namespace sluice::schedule
