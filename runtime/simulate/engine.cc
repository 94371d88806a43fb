#include "simulate/engine.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

namespace sluice::simulate {
namespace {

// Of p and q by e, and of t by a: medians of fits of the measured servers in tests/simulate/fixtures.
constexpr double kOwnPrompt = 1;
constexpr double kOthersPrompts = 0.06;
constexpr double kBegin = 2;

struct EngineNumber {
  std::string_view name;
  double Engine::* number;
};
constexpr EngineNumber kNumbers[] = {{"a", &Engine::a}, {"b", &Engine::b}, {"d", &Engine::d},
                                     {"e", &Engine::e}, {"s", &Engine::s}, {"t", &Engine::t},
                                     {"p", &Engine::p}, {"q", &Engine::q}, {"r", &Engine::r}};
struct EngineBound {
  std::string_view name;
  std::optional<double> Engine::* bound;
};
constexpr EngineBound kBounds[] = {{"kv", &Engine::kv_tokens}, {"slots", &Engine::most_running}};

std::string number_text(double number) {
  char digits[32];
  const auto end =
      std::to_chars(digits, digits + sizeof digits, number, std::chars_format::general, 5).ptr;
  return {digits, end};
}

}  // namespace

std::optional<double> engine_wall(const Engine& engine, const EngineShape& shape) {
  std::optional<double> wall = engine.most_running;
  if (engine.kv_tokens) {
    const double tokens = std::max(1.0, shape.input_tokens + shape.output_tokens);
    const double fit = std::max(1.0, *engine.kv_tokens / tokens);
    wall = wall ? std::min(*wall, fit) : fit;
  }
  return wall;
}

double engine_tpot_ms(const Engine& engine, const EngineShape& shape, double running) {
  const double output = std::max(1.0, shape.output_tokens);
  const double held = shape.input_tokens + shape.cached_tokens + output / 2;
  return engine.a + engine.s * std::sqrt(running) +
         running * (engine.b + engine.d * held + engine.e * shape.input_tokens / output);
}

double engine_ttft_ms(const Engine& engine, const EngineShape& shape, double running) {
  return engine.t + shape.input_tokens * (engine.p + engine.q * running) +
         engine.r * engine_tpot_ms(engine, shape, running);
}

EngineLoad predict(const Engine& engine, const EngineShape& shape, double concurrency) {
  const double output = std::max(1.0, shape.output_tokens);
  const double wall = engine_wall(engine, shape).value_or(concurrency);
  EngineLoad load;
  load.running = std::min(concurrency, wall);
  load.queued = concurrency > wall;
  load.tpot_ms = engine_tpot_ms(engine, shape, load.running);
  load.ttft_ms = engine_ttft_ms(engine, shape, load.running);
  const double served = load.ttft_ms + load.tpot_ms * (output - 1);
  load.ttft_ms += served * (concurrency / load.running - 1);
  load.request_ms = load.ttft_ms + load.tpot_ms * (output - 1);
  if (load.request_ms <= 0) return load;
  load.requests_per_second = 1000 * concurrency / load.request_ms;
  load.output_tokens_per_second = load.requests_per_second * output;
  return load;
}

double best_concurrency(const Engine& engine, const EngineShape& shape,
                        const EngineLimits& limits) {
  const double most = std::max(
      1.0, std::floor(std::min(limits.most, engine_wall(engine, shape).value_or(limits.most))));
  const auto allowed = [&](double concurrency) {
    return !limits.longest_ms ||
           predict(engine, shape, concurrency).request_ms <= *limits.longest_ms;
  };
  const auto speed = [&](double concurrency) {
    return predict(engine, shape, concurrency).output_tokens_per_second;
  };
  // Whole numbers, in steps of a 32nd: finer than any of it is known.
  double best = 0;
  for (double c = 1; c <= most; c = std::floor(c + std::max(1.0, c / 32)))
    if (allowed(c)) best = std::max(best, speed(c));
  if (allowed(most)) best = std::max(best, speed(most));
  for (double c = 1; c <= most; c = std::floor(c + std::max(1.0, c / 32)))
    if (allowed(c) && speed(c) >= kEnough * best) return c;
  return best > 0 ? most : 1;
}

EngineText parse_engine(const std::string& text) {
  Engine engine;
  std::string seen;  // the names so far, each with a comma
  const auto wrong = [](std::string error) { return EngineText{{}, std::move(error)}; };
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string_view part = std::string_view(text).substr(at, end - at);
    at = end + 1;
    const std::size_t equals = part.find('=');
    const std::string name(part.substr(0, equals));
    if (equals == part.npos)
      return wrong("'" + name +
                   "' is not NAME=NUMBER, as in a=6.4,b=0.06,d=6e-6,e=0.024,kv=480000");
    double number = 0;
    const std::string_view digits = part.substr(equals + 1);
    const auto [stop, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || stop != digits.data() + digits.size() ||
        !(number >= 0 && number <= 1e12))
      return wrong("'" + std::string(digits) + "' of " + name + " is not a number of 0 or more");
    if ((',' + seen).find(',' + name + ',') != std::string::npos)
      return wrong("'" + name + "' is given twice");
    const auto* one = std::ranges::find(kNumbers, name, &EngineNumber::name);
    const auto* bound = std::ranges::find(kBounds, name, &EngineBound::name);
    if (one != std::end(kNumbers)) {
      engine.*one->number = number;
    } else if (bound != std::end(kBounds) && number >= 1) {
      engine.*bound->bound = number;
    } else {
      return wrong(bound != std::end(kBounds)
                       ? name + " must be 1 or more"
                       : "'" + name + "' is not one of a, b, d, e, s, t, p, q, r, kv, slots");
    }
    seen += name + ',';
  }
  if (!(engine.a + engine.b + engine.s > 0))
    return wrong("a is missing: the milliseconds that one token of one request takes");
  const auto given = [&](std::string_view name) {
    return (',' + seen).find(',' + std::string(name) + ',') != std::string::npos;
  };
  if (!given("t")) engine.t = kBegin * engine.a;
  if (!given("p")) engine.p = kOwnPrompt * engine.e;
  if (!given("q")) engine.q = kOthersPrompts * engine.e;
  return {engine, {}};
}

std::string engine_text(const Engine& engine) {
  std::string text;
  const auto add = [&](std::string_view name, double number) {
    if (!text.empty()) text += ',';
    text += std::string(name) + '=' + number_text(number);
  };
  // t, p and q always: left out they would follow from a and e.
  for (const auto& [name, number] : kNumbers)
    if (engine.*number > 0 || name == "t" || name == "p" || name == "q") add(name, engine.*number);
  for (const auto& [name, bound] : kBounds)
    if (engine.*bound) add(name, *(engine.*bound));
  return text;
}

}  // namespace sluice::simulate
