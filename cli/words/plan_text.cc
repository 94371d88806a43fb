#include "words/plan_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/json.h"
#include "core/printable.h"
#include "inspect/report_words.h"
#include "observe/figures.h"

namespace sluice::words {
namespace {

using inspect::count_text;
using inspect::dollars_text;
using inspect::seconds_text;
using plan::Figure;
using plan::Way;

std::string range(const std::string& low, const std::string& high) {
  return low == high ? low : low + " to " + high;
}

// What there is of one: "500 a minute", "256 in flight".
std::string limit_text(const plan::Bound& bound) {
  switch (bound.binding) {
    case plan::Binding::quota:
    case plan::Binding::learned_rate:
      return observe::rounded(bound.limit);
    case plan::Binding::concurrency:
    case plan::Binding::slots:
    case plan::Binding::kv_memory:
      return count_text(bound.limit);
    case plan::Binding::engine:
      return "";
  }
  return {};
}

std::string limited_text(const plan::Bound& bound) {
  const std::string limit = limit_text(bound);
  return plan::binding_name(bound) + (limit.empty() ? "" : " (" + limit + ")");
}

// What more would buy.
std::string more_text(const plan::Job& job, const Way& way) {
  if (way.shares.empty()) return {};
  const plan::Share& share = way.shares[way.bottleneck];
  if (!share.bound || share.per_second < share.bound->per_second * 0.98) return {};
  const std::string of =
      job.endpoints.size() > 1 ? " of " + core::printable(job.endpoints[share.endpoint].name) : "";
  double factor = 2;
  if (share.next) factor = std::min(factor, share.next->per_second / share.bound->per_second);
  if (factor < 1.05)
    return fmt::format("{} and {}{} bind alike", plan::binding_name(*share.bound),
                       plan::binding_name(*share.next), of);
  const double other = share.bound->per_second == 0 ? 0 : way.seconds.value / factor;
  std::string text =
      fmt::format("{}{}, times {:.1f}: about {} instead of {}", plan::binding_name(*share.bound),
                  of, factor, seconds_text(other), seconds_text(way.seconds.value));
  if (share.next && factor < 2) text += fmt::format("; then {} binds", limited_text(*share.next));
  return text;
}

// Endpoints that differ in their names alone.
bool are_alike(const Way& a, const Way& b) {
  const auto near = [](const Figure& x, const Figure& y) {
    return std::abs(x.value - y.value) <= 1e-3 * y.value;
  };
  return a.instead == b.instead && a.shares.size() == 1 && b.shares.size() == 1 &&
         a.priced == b.priced && near(a.dollars, b.dollars) && near(a.seconds, b.seconds);
}

std::string verdict(const plan::Work& work, const Way& way) {
  std::string text;
  if (work.deadline && !way.in_time)
    text += fmt::format("; {} too late", seconds_text(way.seconds.value - *work.deadline));
  if (work.budget_left && !way.in_budget)
    text +=
        fmt::format("; {} over the budget", dollars_text(way.dollars.value - *work.budget_left));
  return text;
}

void write_figure(core::JsonWriter& w, std::string_view name, const Figure& figure) {
  w.field(name, figure.value);
  w.field(fmt::format("{}_low", name), figure.low());
  w.field(fmt::format("{}_high", name), figure.high());
}

void write_input(core::JsonWriter& w, std::string_view name, const Figure& figure) {
  w.open('{');
  w.field("name", name);
  w.field("value", figure.value);
  w.field("low", figure.low());
  w.field("high", figure.high());
  w.field("origin", plan::origin_name(figure.origin));
  w.close('}');
}

void write_share(core::JsonWriter& w, const plan::Job& job, const plan::Share& share) {
  const plan::Endpoint& endpoint = job.endpoints[share.endpoint];
  w.open('{');
  w.field("name", endpoint.name);
  w.field("requests", share.requests);
  if (share.bound) {
    w.field("requests_per_second", share.per_second);
    w.field("in_flight", share.in_flight);
    w.field("binding", plan::binding_name(*share.bound));
    w.field("limit", share.bound->limit);
  } else {
    w.field("binding", "batches");
  }
  if (share.next) {
    w.field("next_binding", plan::binding_name(*share.next));
    w.field("next_requests_per_second", share.next->per_second);
  }
  w.close('}');
}

}  // namespace

std::string binding_text(const plan::Job& job, const Way& way) {
  if (way.shares.empty()) return "nothing is left to ask";
  const plan::Share& share = way.shares[way.bottleneck];
  if (way.day_seconds > 0 && way.day_seconds >= way.seconds.value)
    return "the day's quota" +
           std::string(job.endpoints.size() > 1 ? " of " + job.endpoints[share.endpoint].name : "");
  if (!share.bound) return "how long batches take";
  if (share.per_second < share.bound->per_second * 0.98) return "the deadline";
  std::string text = limited_text(*share.bound);
  if (way.shares.size() > 1) text += " of " + job.endpoints[share.endpoint].name;
  return text;
}

std::string plan_text(const PlanFrame& frame, const inspect::PlannedJob& planned,
                      const plan::Plan& plan) {
  const plan::Job& job = planned.job;
  const plan::Work& work = job.work;
  std::string text = fmt::format("{}{}: a plan; nothing was sent\n", core::printable(frame.name),
                                 frame.title.empty() ? "" : ", " + frame.title);
  const auto line = [&text](std::string_view name, const std::string& value) {
    text += fmt::format("  {:<10}{}\n", name, value);
  };
  line("rows",
       fmt::format("{}{} in the input, {} ended before; {} looked at",
                   planned.rows.spread > 0.01 ? "about " : "", count_text(planned.rows.value),
                   observe::count(planned.rows_ended), observe::count(planned.sampled)));
  if (planned.rows_rejected > 0)
    line("", fmt::format("{} of those looked at are rejected unasked",
                         observe::count(planned.rows_rejected)));
  if (planned.rows_shared > 0)
    line("", fmt::format("{} of those looked at ask the same as another, and cost nothing",
                         observe::count(planned.rows_shared)));
  line("requests", fmt::format("{}, of {:.3g} row{} each", count_text(work.requests.value),
                               work.rows_a_request, work.rows_a_request == 1 ? "" : "s"));
  const plan::Endpoint& first = job.endpoints.front();
  const Figure input = first.input_tokens.value_or(work.input_tokens);
  const Figure output = first.output_tokens.value_or(work.output_tokens);
  line("tokens", fmt::format("{} in ({}), {} out ({}) a request", count_text(input.value),
                             plan::origin_name(input.origin), count_text(output.value),
                             plan::origin_name(output.origin)));
  line("latency", fmt::format("{} ({})", seconds_text(first.latency.value),
                              plan::origin_name(first.latency.origin)));
  if (work.deadline) line("deadline", seconds_text(*work.deadline));
  if (work.budget_left) line("budget", dollars_text(*work.budget_left) + " left");
  text += '\n';

  for (std::size_t w = 0; w < plan.ways.size(); ++w) {
    const Way& way = plan.ways[w];
    std::size_t alike = 0;
    while (w + alike + 1 < plan.ways.size() && plan.chosen != w + alike + 1 &&
           are_alike(way, plan.ways[w + alike + 1]))
      ++alike;
    text += fmt::format("{} {}{}{}\n", plan.chosen == w ? '>' : ' ', core::printable(way.name),
                        alike == 0 ? "" : fmt::format(", and {} more like it", alike),
                        way.instead.empty() ? "" : ", with " + way.instead);
    const std::string cost =
        way.priced
            ? fmt::format("{} ({})", dollars_text(way.dollars.value),
                          range(dollars_text(way.dollars.low()), dollars_text(way.dollars.high())))
            : "no price known";
    text += fmt::format("    {:<28} {} ({})\n", cost, seconds_text(way.seconds.value),
                        range(seconds_text(way.seconds.low()), seconds_text(way.seconds.high())));
    text += fmt::format("    bound by {}\n",
                        core::printable(binding_text(job, way) + verdict(work, way)));
    w += alike;
  }
  text += '\n';
  if (plan.chosen) {
    const Way& way = plan.ways[*plan.chosen];
    line("chosen",
         fmt::format(
             "{}: the cheapest{}", core::printable(way.name),
             work.deadline || work.budget_left ? " that keeps the deadline and the budget" : ""));
    double flying = 0;
    for (const plan::Share& share : way.shares) flying += share.in_flight;
    if (flying > 0)
      line("in flight", fmt::format("{} requests (Little's law)", count_text(std::ceil(flying))));
    if (const std::string more = more_text(job, way); !more.empty()) line("more", more);
  } else {
    line("chosen", "none: no way keeps both the deadline and the budget, or prices are not known");
    if (const std::string more = more_text(job, plan.ways.front()); !more.empty())
      line("more", more);
  }
  if (!frame.rest.empty()) line("note", frame.rest);
  return text;
}

std::string plan_json(const PlanFrame& frame, const inspect::PlannedJob& planned,
                      const plan::Plan& plan, std::int64_t made) {
  const plan::Job& job = planned.job;
  const plan::Work& work = job.work;
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  w.field("job", frame.name);
  w.field("made", made);
  w.field("version", frame.version);
  w.field("rows", planned.rows.value);
  w.field("rows_ended", planned.rows_ended);
  w.field("rows_sampled", planned.sampled);
  w.field("requests", work.requests.value);
  w.field("rows_per_request", work.rows_a_request);
  if (work.deadline) w.field("deadline_seconds", *work.deadline);
  if (work.budget_left) w.field("budget_left_usd", *work.budget_left);
  w.key("inputs");
  w.open('[');
  write_input(w, "rows", planned.rows);
  write_input(w, "requests", work.requests);
  for (const plan::Endpoint& endpoint : job.endpoints) {
    write_input(w, endpoint.name + ": input_tokens",
                endpoint.input_tokens.value_or(work.input_tokens));
    write_input(w, endpoint.name + ": output_tokens",
                endpoint.output_tokens.value_or(work.output_tokens));
    write_input(w, endpoint.name + ": latency_seconds", endpoint.latency);
  }
  w.close(']');
  w.key("chosen");
  if (plan.chosen) {
    w.value(static_cast<std::uint64_t>(*plan.chosen));
  } else {
    w.null();
  }
  w.key("ways");
  w.open('[');
  for (std::size_t k = 0; k < plan.ways.size(); ++k) {
    const Way& way = plan.ways[k];
    w.open('{');
    w.field("name", way.name);
    if (!way.instead.empty()) w.field("instead", way.instead);
    w.field("as_written", way.as_written);
    if (way.priced) write_figure(w, "cost_usd", way.dollars);
    write_figure(w, "seconds", way.seconds);
    write_figure(w, "input_tokens", way.input_tokens);
    write_figure(w, "output_tokens", way.output_tokens);
    w.field("binding", binding_text(job, way));
    w.field("meets_deadline", way.in_time);
    w.field("within_budget", way.in_budget);
    w.field("chosen", plan.chosen == k);
    w.key("endpoints");
    w.open('[');
    for (const plan::Share& share : way.shares) write_share(w, job, share);
    w.close(']');
    w.close('}');
  }
  w.close(']');
  w.close('}');
  return out;
}

}  // namespace sluice::words
