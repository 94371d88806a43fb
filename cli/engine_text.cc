#include "cli/engine_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/json.h"
#include "core/money.h"
#include "core/printable.h"
#include "inspect/pretty_json.h"
#include "observe/figures.h"

namespace sluice::cli {
namespace {

using simulate::EnginePoint;
using simulate::EngineShape;

constexpr std::size_t kEngineWidth = 80;

std::string wrapped(std::string_view text, std::size_t indent) {
  return inspect::pretty_text(text, {.width = kEngineWidth, .indent = indent});
}

EngineShape shape_of(const EnginePoint& point) {
  return {.input_tokens = point.input_tokens, .output_tokens = point.output_tokens};
}

// Those of the points, each once, in the order of their size.
std::vector<EngineShape> shapes_of(std::span<const EnginePoint> points) {
  std::vector<EngineShape> shapes;
  for (const EnginePoint& point : points) {
    const bool there = std::ranges::any_of(shapes, [&](const EngineShape& shape) {
      return shape.input_tokens == point.input_tokens && shape.output_tokens == point.output_tokens;
    });
    if (!there) shapes.push_back(shape_of(point));
  }
  std::ranges::sort(
      shapes, {}, [](const EngineShape& s) { return std::pair(s.input_tokens, s.output_tokens); });
  return shapes;
}

std::span<const EnginePoint> places_of(const EngineReport& report) {
  return report.points.empty() ? report.wanted : report.points;
}

// Nothing is advised beyond twice what was measured.
double best_of(const simulate::EngineFit& fit, const EngineShape& shape) {
  simulate::EngineLimits limits;
  if (fit.points > 0) limits.most = 2 * fit.most.concurrency;
  return simulate::best_concurrency(fit.engine, shape, limits);
}
// Of an engine that is known nothing was measured here.
bool guesses(const simulate::EngineFit& fit, const EnginePoint& at) {
  return fit.points > 0 && simulate::extrapolates(fit, shape_of(at), at.concurrency);
}

std::string whole(double number) {
  return observe::count(static_cast<std::uint64_t>(std::llround(number)));
}
std::string three_digits(double number) {
  return number >= 100 ? whole(number) : fmt::format("{:.3g}", number);
}

std::string load_line(const EnginePoint& at, const simulate::EngineLoad& load,
                      std::string_view note) {
  return fmt::format("  {:>9}  {:>9}  {:>11}  {:>9}  {:>9}  {:>8}{}\n", whole(at.input_tokens),
                     whole(at.output_tokens), three_digits(at.concurrency),
                     three_digits(load.output_tokens_per_second), three_digits(load.ttft_ms),
                     three_digits(load.tpot_ms), note);
}
constexpr std::string_view kLoadHead =
    "   input tok  output tok  concurrency  tokens/s    TTFT ms   TPOT ms\n";

// What requests of a shape cost at the concurrency that is advised.
struct ShapeCosts {
  std::optional<double> output;            // dollars a million output tokens
  std::optional<double> all;               // a million tokens, of prompts too
  std::optional<double> break_even;        // utilisation
  std::optional<double> break_even_batch;  // the same against batches
};
ShapeCosts costs_of(const EngineReport& report, const EngineShape& shape) {
  ShapeCosts costs;
  if (!report.price) return costs;
  const auto load = simulate::predict(report.fit, shape, best_of(report.fit, shape));
  costs.output = simulate::dollars_per_million(*report.price, load.output_tokens_per_second);
  costs.all = simulate::dollars_per_million(
      *report.price, load.requests_per_second * (shape.input_tokens + shape.output_tokens));
  const auto break_even = [&](const simulate::TokenPrice& price) {
    return simulate::break_even_utilisation(
        report.price->dollars_per_hour, load.requests_per_second,
        simulate::dollars_per_request(price, shape.input_tokens, shape.output_tokens));
  };
  if (report.api) costs.break_even = break_even(report.api->standard);
  if (report.api && report.api->batch) costs.break_even_batch = break_even(*report.api->batch);
  return costs;
}

std::string dollars(const std::optional<double>& amount) {
  return amount ? core::Money::from_dollars(*amount).value_or(core::Money()).text() : "-";
}
// From which utilisation on it pays.
std::string pays_from(const std::optional<double>& utilisation) {
  if (!utilisation) return "-";
  return *utilisation > 1 ? "never" : observe::percent(*utilisation);
}

std::string costs_text(const EngineReport& report) {
  std::string text =
      fmt::format("\ncosts at ${:g} an hour, working {} of the time\n",
                  report.price->dollars_per_hour, observe::percent(report.price->utilisation));
  text += "   input tok  output tok   $/M output     $/M all";
  if (report.api) text += "   pays from   or batch";
  text += '\n';
  for (const EngineShape& shape : shapes_of(places_of(report))) {
    const ShapeCosts costs = costs_of(report, shape);
    text += fmt::format("  {:>9}  {:>9}  {:>11}  {:>10}", whole(shape.input_tokens),
                        whole(shape.output_tokens), dollars(costs.output), dollars(costs.all));
    if (report.api)
      text += fmt::format("  {:>10}  {:>9}", pays_from(costs.break_even),
                          pays_from(costs.break_even_batch));
    text += '\n';
  }
  if (report.api)
    text += wrapped(
        fmt::format("pays from: the share of its time that it must work to be cheaper than {}, at "
                    "list price or as batches",
                    core::printable(report.api->model)),
        2);
  return text;
}

// What was predicted by what was measured, of tokens a second.
double predicted_share(const EngineReport& report, const EnginePoint& check) {
  return simulate::predict(report.fit, shape_of(check), check.concurrency)
             .output_tokens_per_second /
         simulate::tokens_per_second(check);
}

std::string checks_text(const EngineReport& report) {
  std::string text =
      "\ntokens a second at concurrencies that the numbers are not made of\n"
      "   input tok  output tok  concurrency  predicted  measured   off by\n";
  for (const EnginePoint& check : report.checks) {
    const double measured = simulate::tokens_per_second(check);
    const double share = predicted_share(report, check);
    text += fmt::format("  {:>9}  {:>9}  {:>11}  {:>9}  {:>8}  {:>+5.0f} %\n",
                        whole(check.input_tokens), whole(check.output_tokens),
                        three_digits(check.concurrency), three_digits(share * measured),
                        three_digits(measured), 100 * (share - 1));
  }
  return text;
}

}  // namespace

std::string engine_points_head() {
  return std::string(kLoadHead);
}

std::string engine_point_line(const EnginePoint& point, std::string_view remark) {
  simulate::EngineLoad load;
  load.output_tokens_per_second = simulate::tokens_per_second(point);
  load.ttft_ms = point.ttft_ms;
  load.tpot_ms = point.tpot_ms;
  return load_line(point, load, remark);
}

std::string engine_report_text(const EngineReport& report) {
  const simulate::EngineFit& fit = report.fit;
  std::string text = core::printable(report.name);
  text += fit.points == 0 ? ": by its numbers, which nothing here has measured\n"
                          : fmt::format(": {} points, {} {} of requests\n", fit.points, fit.shapes,
                                        fit.shapes == 1 ? "shape" : "shapes");
  text += fmt::format("  {}\n", simulate::engine_text(fit.engine));
  if (fit.error_of_nine_in_ten > 0)
    text += fmt::format(
        "  off by {:.0f} % (median), by {:.0f} % at most for nine in ten points left out\n",
        100 * fit.typical_error, 100 * fit.error_of_nine_in_ten);
  for (const std::string& note : fit.notes) text += wrapped(note, 2);
  if (places_of(report).empty()) return text;
  text += "\nwhere to set the concurrency: the least that brings nearly all there is\n";
  text += kLoadHead;
  for (const EngineShape& shape : shapes_of(places_of(report))) {
    const double best = best_of(fit, shape);
    const auto wall = simulate::engine_wall(fit.engine, shape);
    text += load_line({.input_tokens = shape.input_tokens,
                       .output_tokens = shape.output_tokens,
                       .concurrency = best,
                       .ttft_ms = 0,
                       .tpot_ms = 0},
                      simulate::predict(fit, shape, best),
                      wall ? fmt::format("  wall at {}", whole(*wall)) : "");
  }
  if (!report.checks.empty()) text += checks_text(report);
  if (report.price) text += costs_text(report);
  if (report.wanted.empty()) return text;
  text += "\npredicted\n";
  text += kLoadHead;
  for (const EnginePoint& at : report.wanted) {
    const auto load = simulate::predict(fit, shape_of(at), at.concurrency);
    const bool far = guesses(fit, at);
    text += load_line(at, load, load.queued ? "  queued" : far ? "  guess" : "");
  }
  return text;
}

std::string engine_report_json(const EngineReport& report) {
  const simulate::EngineFit& fit = report.fit;
  const simulate::Engine& engine = fit.engine;
  std::string out;
  core::JsonWriter w(out);
  const auto maybe = [&](std::string_view name, const std::optional<double>& number) {
    w.key(name);
    number ? w.value(*number) : w.null();
  };
  w.open('{');
  w.key("engine");
  w.open('{');
  for (const auto& [name, number] :
       {std::pair("a", engine.a), std::pair("b", engine.b), std::pair("d", engine.d),
        std::pair("e", engine.e), std::pair("s", engine.s), std::pair("t", engine.t),
        std::pair("p", engine.p), std::pair("q", engine.q), std::pair("r", engine.r)})
    w.field(name, number);
  maybe("kv_tokens", engine.kv_tokens);
  maybe("slots", engine.most_running);
  w.field("text", simulate::engine_text(engine));
  w.close('}');
  w.field("points", fit.points);
  w.field("wall_seen", fit.wall_seen);
  const bool judged = fit.error_of_nine_in_ten > 0;
  maybe("typical_error", judged ? std::optional(fit.typical_error) : std::nullopt);
  maybe("error_of_nine_in_ten", judged ? std::optional(fit.error_of_nine_in_ten) : std::nullopt);
  w.key("notes");
  w.open('[');
  for (const std::string& note : fit.notes) w.value(note);
  w.close(']');
  w.key("measured");
  w.open('[');
  const auto measured = [&](const EnginePoint& point) {
    w.field("input_tokens", point.input_tokens);
    w.field("output_tokens", point.output_tokens);
    w.field("concurrency", point.concurrency);
    w.field("ttft_ms", point.ttft_ms);
    w.field("tpot_ms", point.tpot_ms);
    w.field("output_tokens_per_second", simulate::tokens_per_second(point));
  };
  for (const EnginePoint& point : report.points) {
    w.open('{');
    measured(point);
    w.close('}');
  }
  w.close(']');
  w.key("checks");
  w.open('[');
  for (const EnginePoint& check : report.checks) {
    w.open('{');
    measured(check);
    w.field("predicted_by_measured", predicted_share(report, check));
    w.close('}');
  }
  w.close(']');
  w.key("shapes");
  w.open('[');
  for (const EngineShape& shape : shapes_of(places_of(report))) {
    w.open('{');
    w.field("input_tokens", shape.input_tokens);
    w.field("output_tokens", shape.output_tokens);
    maybe("wall", simulate::engine_wall(engine, shape));
    const double best = best_of(fit, shape);
    w.field("best_concurrency", best);
    w.field("output_tokens_per_second",
            simulate::predict(fit, shape, best).output_tokens_per_second);
    if (report.price) {
      const ShapeCosts costs = costs_of(report, shape);
      maybe("usd_per_million_output_tokens", costs.output);
      maybe("usd_per_million_tokens", costs.all);
      if (report.api) maybe("break_even_utilisation", costs.break_even);
      if (report.api) maybe("break_even_utilisation_batch", costs.break_even_batch);
    }
    w.close('}');
  }
  w.close(']');
  w.key("predictions");
  w.open('[');
  for (const EnginePoint& at : report.wanted) {
    const auto load = simulate::predict(fit, shape_of(at), at.concurrency);
    w.open('{');
    w.field("input_tokens", at.input_tokens);
    w.field("output_tokens", at.output_tokens);
    w.field("concurrency", at.concurrency);
    w.field("output_tokens_per_second", load.output_tokens_per_second);
    w.field("ttft_ms", load.ttft_ms);
    w.field("tpot_ms", load.tpot_ms);
    w.field("request_ms", load.request_ms);
    w.field("running", load.running);
    w.field("queued", load.queued);
    w.field("extrapolated", guesses(fit, at));
    w.close('}');
  }
  w.close(']');
  w.close('}');
  return out + '\n';
}

}  // namespace sluice::cli
