#include "plan/scenario.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <functional>
#include <optional>
#include <vector>

namespace sluice::plan {
namespace {

using Outcome = std::expected<void, std::string>;

struct Value {
  bool factor = false;
  double number = 0;
  double of(double before) const { return factor ? before * number : number; }
};

std::optional<double> number_of(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number))
    return std::nullopt;
  return number;
}

// "90", "90s", "15m", "2h", "1d": seconds.
std::optional<double> seconds_of(std::string_view text) {
  static constexpr std::array<std::pair<char, double>, 4> kUnits = {
      {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86'400}}};
  double unit = 1;
  for (const auto& [letter, seconds] : kUnits) {
    if (!text.ends_with(letter)) continue;
    text.remove_suffix(1);
    unit = seconds;
    break;
  }
  const auto number = number_of(text);
  if (!number || *number < 0) return std::nullopt;
  return *number * unit;
}

std::optional<Value> value_of(std::string_view text, bool time) {
  Value value;
  if (text.starts_with('x')) {
    value.factor = true;
    text.remove_prefix(1);
    time = false;
  }
  const auto number = time ? seconds_of(text) : number_of(text);
  if (!number || *number < 0) return std::nullopt;
  value.number = *number;
  return value;
}

core::Money times(core::Money money, double factor) {
  return core::Money::picodollars(
      static_cast<std::int64_t>(std::llround(static_cast<double>(money.picodollars()) * factor)));
}

void scale(core::Rates& rates, double factor) {
  rates.input = times(rates.input, factor);
  rates.cached_input = times(rates.cached_input, factor);
  rates.output = times(rates.output, factor);
}

void scale_price(Endpoint& endpoint, double factor) {
  if (endpoint.price) {
    endpoint.price->input = times(endpoint.price->input, factor);
    endpoint.price->cached_input = times(endpoint.price->cached_input, factor);
    endpoint.price->output = times(endpoint.price->output, factor);
    scale(endpoint.price->above, factor);
  }
  if (endpoint.request_dollars) endpoint.request_dollars->value *= factor;
  endpoint.dollars_per_hour *= factor;
}

// What an endpoint's field is set to. `time`: the value may have a unit of time. `set` says whether there was anything to
// change: a factor of what is not there is none.
struct Field {
  std::string_view name;
  bool time = false;
  bool factor_only = false;
  bool (*set)(Endpoint& endpoint, const Value& value) = nullptr;
};

// What is not there becomes what is named, and stays away when it is to be multiplied.
bool set_optional(std::optional<double>& field, const Value& value) {
  if (!field && value.factor) return false;
  field = value.of(field.value_or(0));
  return true;
}

template <provider::Quota quota>
bool set_quota(Endpoint& endpoint, const Value& value) {
  bool changed = set_optional(endpoint.limits[quota], value);
  if (quota == provider::Quota::requests_per_minute && endpoint.learned_per_minute)
    changed = set_optional(endpoint.learned_per_minute, value);
  return changed;
}

constexpr std::array kFields = {
    Field{"rpm", false, false, set_quota<provider::Quota::requests_per_minute>},
    Field{"tpm", false, false, set_quota<provider::Quota::tokens_per_minute>},
    Field{"itpm", false, false, set_quota<provider::Quota::input_tokens_per_minute>},
    Field{"otpm", false, false, set_quota<provider::Quota::output_tokens_per_minute>},
    Field{"rpd", false, false, set_quota<provider::Quota::requests_per_day>},
    Field{"tpd", false, false, set_quota<provider::Quota::tokens_per_day>},
    Field{"max_concurrency", false, false,
          [](Endpoint& endpoint, const Value& value) {
            const double before =
                endpoint.limits.max_concurrency.value_or(provider::kDefaultMaxConcurrency);
            endpoint.limits.max_concurrency =
                static_cast<int>(std::clamp(std::round(value.of(before)), 1.0, 1e6));
            return true;
          }},
    Field{
        "slots", false, false,
        [](Endpoint& endpoint, const Value& value) { return set_optional(endpoint.slots, value); }},
    Field{"latency", true, false,
          [](Endpoint& endpoint, const Value& value) {
            endpoint.latency.value = std::max(1e-3, value.of(endpoint.latency.value));
            return true;
          }},
    Field{"price", false, true,
          [](Endpoint& endpoint, const Value& value) {
            scale_price(endpoint, value.number);
            return endpoint.price || endpoint.request_dollars || endpoint.dollars_per_hour > 0;
          }},
    Field{"output", false, true,
          [](Endpoint& endpoint, const Value& value) {
            if (endpoint.output_tokens) endpoint.output_tokens->value *= value.number;
            endpoint.request_dollars.reset();
            return endpoint.output_tokens.has_value();
          }},
};

std::string field_names() {
  std::string names;
  for (const Field& field : kFields) names += fmt::format("{}, ", field.name);
  return names + "copies, down; deadline, budget, rows, failed";
}

// The endpoints that `name` means; all where it is empty.
std::expected<std::vector<std::size_t>, std::string> named(const Job& job, std::string_view name) {
  std::vector<std::size_t> found;
  for (std::size_t e = 0; e < job.endpoints.size(); ++e)
    if (name.empty() || job.endpoints[e].name == name) found.push_back(e);
  if (found.empty()) {
    for (std::size_t e = 0; e < job.endpoints.size(); ++e)
      if (job.endpoints[e].name.contains(name)) found.push_back(e);
  }
  if (!found.empty()) return found;
  std::vector<std::string> names;
  for (const Endpoint& endpoint : job.endpoints) names.push_back(endpoint.name);
  return std::unexpected(
      fmt::format("there is no endpoint \"{}\"; there is {}", name, fmt::join(names, ", ")));
}

Outcome set_down(Job& job, const std::vector<std::size_t>& endpoints, std::string_view text) {
  const std::size_t dots = text.find("..");
  const auto from = seconds_of(text.substr(0, dots));
  const auto to = dots == std::string_view::npos ? std::nullopt : seconds_of(text.substr(dots + 2));
  if (!from || !to || *to <= *from)
    return std::unexpected(
        fmt::format("\"{}\" is no time from the start on; write it as 10m..40m", text));
  for (const std::size_t e : endpoints) job.endpoints[e].down.push_back({*from, *to});
  return {};
}

Outcome set_copies(Job& job, const std::vector<std::size_t>& endpoints, std::string_view text) {
  const auto count = number_of(text);
  if (!count || *count < 1 || *count > 1000 || *count != std::floor(*count))
    return std::unexpected(
        fmt::format("copies is a whole number from 1 to 1000, not \"{}\"", text));
  for (const std::size_t e : endpoints) {
    for (int n = 2; n <= static_cast<int>(*count); ++n) {
      Endpoint copy = job.endpoints[e];
      copy.name += fmt::format(" (copy {})", n);
      job.endpoints.push_back(std::move(copy));
    }
  }
  return {};
}

Outcome nothing_to_multiply(std::string_view what, std::string_view field) {
  return std::unexpected(
      fmt::format("there is no {} that could be multiplied: write {}=600, say", what, field));
}

// Of the job, not of an endpoint. nullopt: it is another field.
std::optional<Outcome> set_of_job(Job& job, std::string_view field, std::string_view text) {
  const bool time = field == "deadline";
  if (!time && field != "budget" && field != "rows" && field != "failed") return std::nullopt;
  const auto value = value_of(text, time);
  if (!value)
    return std::unexpected(fmt::format("{}=\"{}\": write a number{}, or x2 for twice as much",
                                       field, text, time ? " with s, m, h or d" : ""));
  Work& work = job.work;
  if (field == "deadline") {
    if (!set_optional(work.deadline, *value)) return nothing_to_multiply(field, field);
  } else if (field == "budget") {
    if (!set_optional(work.budget_left, *value)) return nothing_to_multiply(field, field);
  } else if (field == "rows") {
    const double rows = value->of(work.rows);
    if (work.rows > 0) work.requests.value *= rows / work.rows;
    work.rows = rows;
  } else {
    work.failed_share = std::clamp(value->of(work.failed_share), 0.0, 0.99);
  }
  return Outcome();
}

Outcome change(Job& job, std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos)
    return std::unexpected(
        fmt::format("\"{}\" is no change; write it as ENDPOINT.FIELD=VALUE, with one of {}", text,
                    field_names()));
  const std::string_view left = text.substr(0, equals);
  const std::string_view right = text.substr(equals + 1);
  if (auto of_job = set_of_job(job, left, right)) return *of_job;
  const std::size_t dot = left.rfind('.');
  const std::string_view field = dot == std::string_view::npos ? left : left.substr(dot + 1);
  const auto endpoints =
      named(job, dot == std::string_view::npos ? std::string_view() : left.substr(0, dot));
  if (!endpoints) return std::unexpected(endpoints.error());
  if (field == "down") return set_down(job, *endpoints, right);
  if (field == "copies") return set_copies(job, *endpoints, right);
  const auto known = std::ranges::find(kFields, field, &Field::name);
  if (known == kFields.end())
    return std::unexpected(
        fmt::format("there is no \"{}\" to change; there is {}", field, field_names()));
  const auto value = value_of(right, known->time);
  if (!value || (known->factor_only && !value->factor))
    return std::unexpected(fmt::format("{}=\"{}\": write {}", left, right,
                                       known->factor_only ? "a factor: x2 is twice as much"
                                                          : "a number, or x2 for twice as much"));
  bool any = false;
  for (const std::size_t e : *endpoints) any = known->set(job.endpoints[e], *value) || any;
  if (!any) return nothing_to_multiply(left, known->name);
  return {};
}

}  // namespace

std::expected<Job, std::string> changed(Job job, std::string_view text) {
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    std::string_view one = text.substr(0, comma);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (auto done = change(job, one); !done) return std::unexpected(done.error());
  }
  return job;
}

}  // namespace sluice::plan
