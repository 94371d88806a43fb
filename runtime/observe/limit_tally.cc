#include "observe/limit_tally.h"

#include <fmt/format.h>

#include <algorithm>

#include "observe/figures.h"

namespace sluice::observe {
namespace {

constexpr double kUsedUp = 0.95;  // of a quota: the rest is what a full second's rounding leaves
constexpr double kBusy = 0.85;    // of the cores

struct Found {
  LimitKind kind;
  double figure;
};

// What keeps this endpoint from taking one more of the requests that wait.
std::optional<Found> limit_of(const EndpointSample& e) {
  if (e.quota_used >= kUsedUp) return Found{LimitKind::quota, e.quota_used};
  if (e.in_flight >= e.cap)
    return e.cap >= e.max_concurrency
               ? Found{LimitKind::concurrency, static_cast<double>(e.cap)}
               : Found{LimitKind::learned_concurrency, static_cast<double>(e.cap)};
  if (e.learned_per_minute) return Found{LimitKind::learned_rate, *e.learned_per_minute};
  return std::nullopt;
}

// "eu, us: requests per minute; own: max_concurrency", of endpoints with what binds each.
std::string limits_text(const std::vector<std::pair<std::string, std::string>>& by_endpoint) {
  constexpr std::size_t kMostNamed = 3;
  std::vector<std::pair<std::string, std::vector<std::string>>> by_limit;
  for (const auto& [endpoint, limit] : by_endpoint) {
    auto known = std::ranges::find(by_limit, limit, [](const auto& one) { return one.first; });
    if (known == by_limit.end()) known = by_limit.insert(by_limit.end(), {limit, {}});
    known->second.push_back(endpoint);
  }
  std::string text;
  for (const auto& [limit, endpoints] : by_limit) {
    if (!text.empty()) text += "; ";
    for (std::size_t e = 0; e < std::min(endpoints.size(), kMostNamed); ++e)
      text += (e > 0 ? ", " : "") + endpoints[e];
    if (endpoints.size() > kMostNamed)
      text += fmt::format(" and {} more", endpoints.size() - kMostNamed);
    text += ": " + limit;
  }
  return text;
}

}  // namespace

std::string binding_text(const Sample& sample) {
  if (sample.waiting == 0 || sample.stopping) return {};
  std::vector<std::pair<std::string, std::string>> found;
  for (const EndpointSample& e : sample.endpoints) {
    if (!e.usable) continue;
    const auto limit = limit_of(e);
    if (!limit) continue;
    found.emplace_back(e.name, limit->kind == LimitKind::quota         ? e.quota
                               : limit->kind == LimitKind::concurrency ? "max_concurrency"
                               : limit->kind == LimitKind::learned_concurrency
                                   ? "the server's own concurrency"
                                   : "the rate that refusals have taught");
  }
  return limits_text(found);
}

void LimitTally::add(const Sample& sample) {
  if (sample.stopping) return;
  if (sample.waiting == 0) {
    if (sample.input_complete) return;  // the last answers are waited for
    ++looks_;
    if (sample.busy_cores < kBusy * sample.cores) return;
    Seen& seen = seen_[{"", LimitKind::processor, ""}];
    ++seen.looks;
    seen.figure = sample.cores;
    return;
  }
  ++looks_;
  for (const EndpointSample& e : sample.endpoints) {
    if (!e.usable) continue;
    const auto found = limit_of(e);
    if (!found) continue;
    Seen& seen =
        seen_[{e.name, found->kind, found->kind == LimitKind::quota ? e.quota : std::string()}];
    ++seen.looks;
    seen.figure = found->figure;
  }
}

std::vector<Limit> LimitTally::limits() const {
  std::vector<Limit> limits;
  if (looks_ < kFewest) return limits;
  for (const auto& [key, seen] : seen_) {
    const double share = static_cast<double>(seen.looks) / static_cast<double>(looks_);
    if (share >= kMost) limits.push_back({key.kind, key.endpoint, key.quota, seen.figure, share});
  }
  return limits;
}

std::string limit_text(const Limit& limit) {
  const std::string often = percent(limit.share) + " of the time";
  switch (limit.kind) {
    case LimitKind::quota:
      return fmt::format("{}: its {} were used up {}; {} would be faster", limit.endpoint,
                         limit.quota, often,
                         limit.quota.starts_with("requests")
                             ? "more rows a request (s.pack), a higher quota or another endpoint"
                             : "shorter prompts or answers, a higher quota or another endpoint");
    case LimitKind::learned_rate:
      return fmt::format(
          "{}: it took about {} requests per minute and refused more, {}; more rows a request "
          "(s.pack) or another endpoint would be faster",
          limit.endpoint, rounded(limit.figure), often);
    case LimitKind::concurrency:
      return fmt::format(
          "{}: {:.0f} requests in flight, as many as max_concurrency allows, {}; raise it if the "
          "server takes more",
          limit.endpoint, limit.figure, often);
    case LimitKind::learned_concurrency:
      return fmt::format(
          "{}: {:.0f} requests in flight, {}: with more it answered no faster; another endpoint "
          "would be",
          limit.endpoint, limit.figure, often);
    case LimitKind::processor:
      return fmt::format(
          "this machine: its {:.0f} cores were busy {}, and no request waited to be sent; simpler "
          "Lua functions or more cores would be faster",
          limit.figure, often);
  }
  return "";
}

std::string_view limit_name(LimitKind kind) {
  switch (kind) {
    case LimitKind::quota:
      return "quota";
    case LimitKind::learned_rate:
      return "learned_rate";
    case LimitKind::concurrency:
      return "max_concurrency";
    case LimitKind::learned_concurrency:
      return "learned_concurrency";
    case LimitKind::processor:
      return "cpu";
  }
  return "";
}

}  // namespace sluice::observe
