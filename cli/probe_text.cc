#include "cli/probe_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include "cli/job_questions.h"
#include "core/json.h"
#include "core/printable.h"
#include "inspect/pretty_json.h"
#include "inspect/probe_advice.h"
#include "inspect/request_text.h"
#include "observe/figures.h"
#include "provider/tier.h"

namespace sluice::cli {
namespace {

using inspect::Probe;
using inspect::ProbePlace;
using observe::count;

constexpr std::size_t kWidth = 80;
constexpr std::size_t kWidestName = 36;

struct QuotaWords {
  std::string_view option;  // of the pipeline file
  std::string_view unit;
};
constexpr std::array<QuotaWords, provider::kQuotas> kQuotaWords = {{
    {"rpm", "requests/min"},
    {"tpm", "tokens/min"},
    {"input_tpm", "input tokens/min"},
    {"output_tpm", "output tokens/min"},
    {"rpd", "requests/day"},
    {"tpd", "tokens/day"},
}};

std::string plural(std::size_t n, std::string_view what) {
  return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

std::string indented(std::string_view text, std::size_t indent) {
  return inspect::pretty_text(text, {.width = kWidth, .indent = indent});
}

const provider::EndpointSpec& endpoint_of(const stages::JobSpec& job, const ProbePlace& place) {
  return job.questions[place.question].dispatch.endpoints[place.endpoint];
}

std::string limits_text(const Probe& probe, const provider::EndpointSpec& endpoint) {
  std::string told;
  std::string above;
  for (std::size_t q = 0; q < provider::kQuotas; ++q) {
    const provider::QuotaHint& hint = probe.outcome.hints.quota[q];
    if (!hint.limit) continue;
    const auto words = kQuotaWords[q];
    const auto figure = [](double n) { return count(static_cast<std::uint64_t>(n)); };
    told += fmt::format("{}{} {}", told.empty() ? "" : ", ", figure(*hint.limit), words.unit);
    if (const auto& own = endpoint.limits.per_window[q]; own && *own > *hint.limit)
      above += indented(
          fmt::format("{} = {} in the file is more than that", words.option, figure(*own)), 4);
  }
  if (told.empty()) return {};
  return indented(fmt::format("limits: {} (from the headers)", told), 4) + above;
}

std::string form_text(const Probe& probe, const provider::EndpointSpec& endpoint) {
  if (endpoint.api == "embeddings")
    return fmt::format("answers with a vector of {} numbers", count(probe.dimensions));
  if (!probe.shaped) return "answers in free text";
  switch (probe.form) {
    case provider::StructuredOutput::json_schema:
      return "takes the JSON schema";
    case provider::StructuredOutput::json_object:
      return "takes structured = \"json_object\"";
    case provider::StructuredOutput::instruction:
      return "is told the answer's shape in words";
  }
  return {};
}

// What an endpoint that answered has to say beside its figures.
std::string answered_text(const Probe& probe, const provider::EndpointSpec& endpoint) {
  std::string text = indented(
      core::printable(probe.form_note.empty() ? form_text(probe, endpoint) : probe.form_note), 4);
  if (!probe.model.empty() && probe.model != endpoint.model)
    text += indented(fmt::format("served by {}", core::printable(probe.model)), 4);
  const auto asked = provider::tier_asked(endpoint);
  const provider::Tier served = probe.outcome.tier;
  if (asked && served != provider::Tier::asked && served != *asked)
    text += indented(fmt::format("asked for the tier {}, served at {}", endpoint.service_tier,
                                 provider::tier_name(served)),
                     4);
  if (probe.cut_off)
    text += indented("its answer was cut off: max_output_tokens is too small for it", 4);
  else if (!probe.misfit.empty())
    text +=
        indented(fmt::format("but its answer does not fit: {}", core::printable(probe.misfit)), 4);
  return text;
}

std::string cost_text(const Probe& probe) {
  if (!probe.priced) return "no price known";
  const bool maybe = probe.outcome.billing == provider::Billing::possible;
  return (maybe ? "at most " : "") + probe.cost.text();
}

std::size_t widest_name(const stages::JobSpec& job, const ProbePlan& plan) {
  std::size_t width = 0;
  for (const ProbePlace& place : plan.places)
    width = std::max(width, endpoint_of(job, place).name.size());
  return std::min(width, kWidestName);
}

void write_limits(core::JsonWriter& w, const provider::RateHints& hints) {
  w.key("limits");
  w.open('{');
  for (std::size_t q = 0; q < provider::kQuotas; ++q) {
    const provider::QuotaHint& hint = hints.quota[q];
    if (!hint.limit && !hint.remaining) continue;
    w.key(kQuotaWords[q].option);
    w.open('{');
    if (hint.limit) w.field("limit", *hint.limit);
    if (hint.remaining) w.field("remaining", *hint.remaining);
    if (hint.reset_after)
      w.field("reset_s", std::chrono::duration<double>(*hint.reset_after).count());
    w.close('}');
  }
  w.close('}');
  if (hints.retry_after)
    w.field("retry_after_s", std::chrono::duration<double>(*hints.retry_after).count());
}

void write_probe(core::JsonWriter& w, const stages::JobSpec& job, const ProbePlace& place,
                 const Probe& probe, const std::optional<core::Money>& most) {
  const provider::EndpointSpec& endpoint = endpoint_of(job, place);
  const provider::Outcome& outcome = probe.outcome;
  w.open('{');
  w.field("endpoint", probe.endpoint);
  w.field("question", place.question + 1);
  w.field("model", endpoint.model);
  w.field("ok", probe.ok);
  w.field("requests", probe.requests);
  w.key("most_cost_usd");
  most ? w.value(most->dollars()) : w.null();
  if (probe.url.empty()) {
    w.field("not_asked", probe.why_not_asked);
    w.close('}');
    return;
  }
  w.field("url", probe.url);
  w.field("status", outcome.status);
  w.field("seconds", std::chrono::duration<double>(probe.took).count());
  w.field("input_tokens", outcome.usage.input);
  w.field("output_tokens", outcome.usage.output);
  w.key("cost_usd");
  probe.priced ? w.value(probe.cost.dollars()) : w.null();
  w.field("maybe_billed", outcome.billing == provider::Billing::possible);
  if (probe.ok) {
    if (!probe.model.empty()) w.field("served_model", probe.model);
    if (outcome.tier != provider::Tier::asked) w.field("tier", provider::tier_name(outcome.tier));
    if (probe.shaped) w.field("structured", provider::structured_name(probe.form));
    if (probe.dimensions > 0) w.field("dimensions", probe.dimensions);
    if (probe.cut_off) w.field("cut_off", true);
    if (!probe.misfit.empty()) w.field("misfit", probe.misfit);
  } else {
    w.field("cause", provider::cause_name(outcome.cause));
    w.field("message", outcome.text());
    w.field("advice", inspect::probe_advice(probe, endpoint, job.variables));
  }
  if (!probe.form_note.empty()) w.field("note", probe.form_note);
  write_limits(w, outcome.hints);
  w.close('}');
}

struct ProbeTotals {
  std::size_t ok = 0;
  core::Money cost;
  bool maybe_billed = false;
};

ProbeTotals totals_of(const std::vector<Probe>& probes) {
  ProbeTotals totals;
  for (const Probe& probe : probes) {
    if (probe.ok) ++totals.ok;
    totals.cost += probe.cost;
    totals.maybe_billed =
        totals.maybe_billed || probe.outcome.billing == provider::Billing::possible;
  }
  return totals;
}

}  // namespace

std::string probe_head(const stages::JobSpec& job, const ProbePlan& plan) {
  core::Money most;
  std::size_t unpriced = 0;
  for (const auto& cost : plan.most) {
    unpriced += !cost;
    most += cost.value_or(core::Money());
  }
  std::string text = fmt::format("{} of job '{}', one request each: at most {}",
                                 plural(plan.places.size(), "endpoint"), job.name, most.text());
  if (unpriced == plan.places.size()) {
    text.resize(text.rfind(':'));
    text += ": what that costs is not known, since no price is";
  } else if (unpriced > 0) {
    text += fmt::format(" ({} without a known price not counted)", unpriced);
  }
  std::string out = indented(text, 0);
  out += indented(plan.row.name.empty()
                      ? fmt::format("asked with the word \"{}\" in place of a row: {}",
                                    plan.row.prompt, core::printable(plan.row.why_none))
                      : fmt::format("asked with the row {} of {}", core::printable(plan.row.name),
                                    core::printable(plan.row.path)),
                  2);
  return out + '\n';
}

std::string probe_text(const stages::JobSpec& job, const ProbePlan& plan, std::size_t index,
                       const Probe& probe) {
  const ProbePlace& place = plan.places[index];
  const std::size_t name_width = widest_name(job, plan);
  const provider::EndpointSpec& endpoint = endpoint_of(job, place);
  const std::string name = core::printable(probe.endpoint);
  std::string figures = probe.ok ? "ok    " : "FAILED";
  std::string details;
  if (probe.url.empty()) {
    details = indented("not asked: " + core::printable(probe.why_not_asked), 4);
  } else {
    figures += fmt::format("  {:>5.2f} s", std::chrono::duration<double>(probe.took).count());
    const provider::Usage& usage = probe.outcome.usage;
    if (probe.ok) {
      figures += fmt::format("  {} in + {} out tokens", count(usage.input), count(usage.output));
      if (probe.outcome.tier != provider::Tier::asked)
        figures += fmt::format("  {}", provider::tier_name(probe.outcome.tier));
      figures += "  " + cost_text(probe);
      details = answered_text(probe, endpoint);
    } else {
      details = indented(core::printable(probe.outcome.text()), 4);
      if (probe.outcome.billing == provider::Billing::possible)
        details += indented(fmt::format("it may have been billed: {}", cost_text(probe)), 4);
      const std::string advice = inspect::probe_advice(probe, endpoint, job.variables);
      if (!advice.empty()) details += indented(core::printable(advice), 4);
    }
    details += limits_text(probe, endpoint);
  }
  if (place.question > 0)
    details += indented(
        fmt::format("with the request of {}, about the same row", title_of(job, place.question)),
        4);
  std::string head = fmt::format("{:<{}}  {}", name, name_width, figures);
  if (2 + head.size() > kWidth) head = fmt::format("{}\n  {}", name, figures);
  return indented(head, 2) + details;
}

std::string probe_foot(const std::vector<Probe>& probes) {
  const ProbeTotals totals = totals_of(probes);
  return fmt::format("\n{} of {} answered, for {}{}; nothing was kept\n", totals.ok,
                     plural(probes.size(), "endpoint"), totals.maybe_billed ? "at most " : "",
                     totals.cost.text());
}

std::string probe_json(const stages::JobSpec& job, const ProbePlan& plan,
                       const std::vector<Probe>& probes) {
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  w.field("job", job.name);
  if (plan.row.name.empty()) {
    w.field("no_row", plan.row.why_none);
  } else {
    w.key("row");
    w.raw(inspect::json_name(plan.row.name));
  }
  w.key("endpoints");
  w.open('[');
  for (std::size_t i = 0; i < probes.size(); ++i)
    write_probe(w, job, plan.places[i], probes[i], plan.most[i]);
  w.close(']');
  const ProbeTotals totals = totals_of(probes);
  w.field("ok", totals.ok);
  w.field("cost_usd", totals.cost.dollars());
  w.close('}');
  return out + '\n';
}

}  // namespace sluice::cli
