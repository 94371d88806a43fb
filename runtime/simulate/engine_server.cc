#include "simulate/engine_server.h"

#include <algorithm>
#include <cmath>

namespace sluice::simulate {
namespace {

constexpr double kDone = 1e-9;  // less than that is left of nothing but rounding

double milliseconds_of(core::Duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

core::Duration duration_of(double ms) {
  return core::Duration(std::llround(std::min(ms, 1e12) * 1e6));
}

double tokens_held(const EngineShape& shape) {
  return shape.input_tokens + std::max(1.0, shape.output_tokens);
}

}  // namespace

double EngineServer::ttft_ms(const Job& job, double tpot_ms) const {
  const auto beside = static_cast<double>(running_.size());
  return engine_.t + job.shape.input_tokens * (engine_.p + engine_.q * beside) +
         engine_.r * tpot_ms;
}

EngineServer::Speeds EngineServer::speeds() const {
  Speeds speeds;
  speeds.tpot_ms = engine_.a + engine_.s * std::sqrt(static_cast<double>(running_.size())) +
                   std::max(0.0, step_ms_);
  speeds.wait_ms = HUGE_VAL;
  for (const Job& job : running_)
    speeds.wait_ms = std::min(
        speeds.wait_ms, job.left * (job.writing ? speeds.tpot_ms : ttft_ms(job, speeds.tpot_ms)));
  return speeds;
}

void EngineServer::pass(double ms, const Speeds& speeds) {
  for (Job& job : running_) {
    const double unit = job.writing ? speeds.tpot_ms : ttft_ms(job, speeds.tpot_ms);
    job.left = unit > 0 ? std::max(0.0, job.left - ms / unit) : 0;
  }
}

bool EngineServer::fits(const EngineShape& shape) const {
  if (running_.empty()) return true;
  if (engine_.most_running &&
      static_cast<double>(running_.size() + 1) > *engine_.most_running + kDone)
    return false;
  return !engine_.kv_tokens || held_tokens_ + tokens_held(shape) <= *engine_.kv_tokens + kDone;
}

// What one more that runs adds to each step: the terms of engine_tpot_ms() that grow with their number.
void EngineServer::add_load(const EngineShape& shape, double sign) {
  const double output = std::max(1.0, shape.output_tokens);
  held_tokens_ += sign * tokens_held(shape);
  step_ms_ +=
      sign * (engine_.b + engine_.d * (shape.input_tokens + shape.cached_tokens + output / 2) +
              engine_.e * shape.input_tokens / output);
}

void EngineServer::admit() {
  if (running_.empty()) held_tokens_ = step_ms_ = 0;  // and what rounding has left
  while (!queue_.empty() && fits(queue_.front().shape)) {
    add_load(queue_.front().shape, 1);
    running_.push_back(queue_.front());
    queue_.pop_front();
  }
}

void EngineServer::arrive(core::Time now, std::uint64_t id, const EngineShape& shape) {
  if (running_.empty() && queue_.empty()) now_ = std::max(now_, now);
  // What has run until now ran without it.
  if (now > now_ && !running_.empty()) {
    const Speeds before = speeds();
    const double passed = std::min(milliseconds_of(now - now_), before.wait_ms);
    pass(passed, before);
    now_ = now;
  }
  queue_.push_back({.id = id, .shape = shape});
  admit();
}

std::optional<core::Time> EngineServer::next() const {
  if (running_.empty()) return std::nullopt;
  return now_ + duration_of(speeds().wait_ms);
}

std::vector<EngineEvent> EngineServer::advance(core::Time now) {
  std::vector<EngineEvent> events;
  while (!running_.empty()) {
    const Speeds current = speeds();
    const core::Time at = now_ + duration_of(current.wait_ms);
    if (at > now) {
      if (now > now_) pass(milliseconds_of(now - now_), current);
      now_ = std::max(now_, now);
      break;
    }
    pass(current.wait_ms, current);
    now_ = at;
    std::vector<Job> on;
    for (Job& job : running_) {
      if (job.left > kDone) {
        on.push_back(job);
        continue;
      }
      if (!job.writing) {
        events.push_back({EngineEvent::Kind::first_token, job.id, at});
        job.writing = true;
        job.left = std::max(1.0, job.shape.output_tokens) - 1;
        if (job.left > kDone) {
          on.push_back(job);
          continue;
        }
      }
      events.push_back({EngineEvent::Kind::ended, job.id, at});
      add_load(job.shape, -1);
    }
    running_ = std::move(on);
    admit();
  }
  return events;
}

}  // namespace sluice::simulate
