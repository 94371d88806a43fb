#include "cli/probe_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "cli/engine_text.h"
#include "cli/job_file.h"
#include "codec/price_table.h"
#include "core/money.h"
#include "core/printable.h"
#include "inspect/engine_points.h"
#include "inspect/engine_sweep.h"
#include "inspect/probe.h"
#include "observe/figures.h"
#include "simulate/engine_table.h"

namespace sluice::cli {
namespace {

using simulate::EnginePoint;

core::Result<std::vector<EnginePoint>> wanted_points(const EngineFlags& flags) {
  if (flags.predict.empty()) return {};
  return inspect::read_points(flags.predict, inspect::PointColumns::places);
}

core::Result<std::optional<simulate::ServerPrice>> price_of(const EngineFlags& flags) {
  if (flags.per_hour.empty()) return std::nullopt;
  const auto money = core::Money::parse(flags.per_hour);
  if (!money)
    return core::fail(
        core::ErrorCode::usage,
        fmt::format("--per-hour: '{}' is not a number of dollars, as in 6.88", flags.per_hour));
  return simulate::ServerPrice{money->dollars(), flags.utilisation};
}

core::Result<std::optional<ApiPrice>> api_price_of(const EngineFlags& flags) {
  if (flags.against.empty()) return std::nullopt;
  const auto all = codec::list_prices();
  const auto lines = codec::of_model(all, flags.against);
  const auto in_dollars = [](const core::Rates& rates) {
    return simulate::TokenPrice{1e6 * rates.input.dollars(), 1e6 * rates.output.dollars()};
  };
  std::optional<ApiPrice> found;
  for (const codec::PriceLine& line : lines)
    if (!found && line.tier == core::Tier::standard)
      found = ApiPrice{line.model, in_dollars(line.rates), {}};
  if (!found)
    return core::fail(
        core::ErrorCode::usage,
        fmt::format(
            "--against: the price of '{}' is not known; `sluice prices` lists those that are",
            flags.against));
  for (const codec::PriceLine& line : lines)
    if (line.model == found->model && line.tier == core::Tier::batch)
      found->batch = in_dollars(line.rates);
  return found;
}

// What the command line says beside the points.
struct Asides {
  std::vector<EnginePoint> wanted;
  std::optional<simulate::ServerPrice> price;
  std::optional<ApiPrice> api;
};
core::Result<Asides> asides_of(const EngineFlags& flags) {
  auto wanted = wanted_points(flags);
  if (!wanted) return std::unexpected(wanted.error());
  auto price = price_of(flags);
  if (!price) return std::unexpected(price.error());
  auto api = api_price_of(flags);
  if (!api) return std::unexpected(api.error());
  return Asides{std::move(*wanted), *price, std::move(*api)};
}

int show(const EngineFlags& flags, const std::string& name, simulate::EngineFit fit,
         std::vector<EnginePoint> points, Asides asides, std::vector<EnginePoint> checks = {}) {
  const EngineReport engine{.name = name == "-" ? "standard input" : name,
                            .fit = std::move(fit),
                            .points = std::move(points),
                            .price = asides.price,
                            .api = std::move(asides.api),
                            .wanted = std::move(asides.wanted),
                            .checks = std::move(checks)};
  fmt::print("{}", flags.json ? engine_report_json(engine) : engine_report_text(engine));
  return 0;
}

int show_fit(const EngineFlags& flags, const std::string& name, inspect::SweepResult measured,
             Asides asides) {
  auto fit = simulate::fit_engine(measured.points, simulate::Judged::yes, measured.slots);
  if (!fit) {
    core::Error error = fit.error();
    error.where = name;
    return report(error);
  }
  fit->notes.insert(fit->notes.begin(), measured.notes.begin(), measured.notes.end());
  return show(flags, name, std::move(*fit), std::move(measured.points), std::move(asides),
              std::move(measured.checks));
}

core::Result<const provider::EndpointSpec*> swept_endpoint(const EngineFlags& flags,
                                                           const stages::JobSpec& job) {
  std::vector<const provider::EndpointSpec*> own;
  std::string names;
  for (const inspect::ProbePlace& place : inspect::probe_places(job)) {
    const auto& endpoint = job.questions[place.question].dispatch.endpoints[place.endpoint];
    if (!inspect::is_own_server(endpoint)) continue;
    if (endpoint.name == flags.endpoint) return &endpoint;
    names += (own.empty() ? "" : ", ") + core::printable(endpoint.name);
    own.push_back(&endpoint);
  }
  if (own.empty())
    return core::fail(
        core::ErrorCode::usage,
        "no endpoint of the job is a server of one's own with chat completions (s.vllm, s.sglang, "
        "s.llama_cpp, s.ollama): a sweep of another would be paid for by the token");
  if (!flags.endpoint.empty())
    return core::fail(
        core::ErrorCode::usage,
        fmt::format("no server of one's own is named '{}': there are {}", flags.endpoint, names));
  if (own.size() > 1)
    return core::fail(core::ErrorCode::usage,
                      fmt::format("several servers: --endpoint NAME takes one of {}", names));
  return own.front();
}

// Such prompts as the job's, and answers not longer than it lets them be.
inspect::SweepSpec sweep_spec(const EngineFlags& flags, const stages::JobSpec& job,
                              const provider::EndpointSpec& endpoint) {
  constexpr std::size_t kBytesPerToken = 4;
  const stages::PipelineSpec& first = job.questions.front();
  const std::size_t bytes = inspect::probe_row(first).prompt.size() + first.pack.system.size();
  inspect::SweepSpec spec;
  spec.input_tokens = static_cast<int>(std::clamp<std::size_t>(bytes / kBytesPerToken, 64, 2048));
  spec.output_tokens = std::clamp(endpoint.max_output_tokens.value_or(spec.output_tokens), 16, 128);
  spec.most_concurrency = flags.most_concurrency;
  spec.checks = flags.checks;
  return spec;
}

// A check of what was fitted says nothing, nor does one far beyond it.
core::Status usable_checks(const inspect::SweepSpec& spec, const inspect::SweepPlan& plan) {
  for (const int check : spec.checks) {
    if (check > spec.most_concurrency)
      return core::fail(core::ErrorCode::usage,
                        fmt::format("--check: {} is more than the sweep tries: raise "
                                    "--most-concurrency (it is {})",
                                    check, spec.most_concurrency));
    const bool fitted = std::ranges::any_of(plan.points, [&](const inspect::SweepPoint& point) {
      return !point.check && point.concurrency == check &&
             point.input_tokens == spec.input_tokens && point.output_tokens == spec.output_tokens;
    });
    if (fitted)
      return core::fail(core::ErrorCode::usage,
                        fmt::format("--check: the numbers are made of what is measured at {}: take "
                                    "one between 1, 2, 4, 8 … and {}",
                                    check, spec.most_concurrency));
  }
  return {};
}

}  // namespace

int fit_points(const EngineFlags& flags) {
  auto points = inspect::read_points(flags.fit, inspect::PointColumns::all);
  if (!points) return report(points.error());
  auto asides = asides_of(flags);
  if (!asides) return report(asides.error());
  inspect::SweepResult measured{.points = std::move(*points)};
  if (flags.slots > 0) measured.slots = flags.slots;
  return show_fit(flags, flags.fit, std::move(measured), std::move(*asides));
}

int show_engine(const EngineFlags& flags) {
  const simulate::EngineText engine = simulate::find_engine(flags.engine);
  if (!engine.engine) return report({core::ErrorCode::usage, "--engine: " + engine.error, ""});
  auto asides = asides_of(flags);
  if (!asides) return report(asides.error());
  simulate::EngineFit fit;
  fit.engine = *engine.engine;
  return show(flags, flags.engine, std::move(fit), {}, std::move(*asides));
}

int sweep_job(const EngineFlags& flags, const stages::JobSpec& job) {
  auto asides = asides_of(flags);
  if (!asides) return report(asides.error());
  const auto endpoint = swept_endpoint(flags, job);
  if (!endpoint) return report(endpoint.error());
  const inspect::SweepSpec spec = sweep_spec(flags, job, **endpoint);
  const inspect::SweepPlan plan = inspect::plan_sweep(spec);
  if (const auto usable = usable_checks(spec, plan); !usable) return report(usable.error());
  const auto say = [&](const std::string& text) {
    if (flags.json) return;
    fmt::print("{}", text);
    std::fflush(stdout);
  };
  say(fmt::format("sweep of {}: {} points, at most {} requests and {}\n\n",
                  core::printable((*endpoint)->name), plan.points.size(), plan.requests,
                  observe::duration(plan.longest)));
  say(engine_points_head());
  auto swept = inspect::sweep_engine(**endpoint, spec, [&](const EnginePoint& point, bool check) {
    say(engine_point_line(point, check ? "  check" : ""));
  });
  if (!swept) return report(swept.error());
  say("\n");
  if (!flags.points.empty()) {
    std::ofstream file(flags.points, std::ios::binary | std::ios::trunc);
    file << inspect::points_csv(swept->points);
    if (!file.flush())
      return report({core::ErrorCode::io, "cannot be written: is there such a folder, and room?",
                     flags.points});
  }
  return show_fit(flags, (*endpoint)->name, std::move(*swept), std::move(*asides));
}

}  // namespace sluice::cli
