// A job as the listener shows it, made up.
#pragma once

#include <string>

#include "listen/source.h"
#include "listen/status.h"

namespace sluice::listen {

inline constexpr std::string_view kToken = "0123456789abcdef";

inline store::EndpointLedger ledger(std::string name, std::int64_t picodollars) {
  store::EndpointLedger ledger;
  ledger.name = std::move(name);
  ledger.attempts = 12;
  ledger.answered = 10;
  ledger.failed = 2;
  ledger.usage = {.input = 1000, .cached_input = 100, .output = 50, .reasoning = 5};
  ledger.cost = core::Money::picodollars(picodollars);
  return ledger;
}

inline Status a_status() {
  Status status;
  status.job = "tickets";
  status.file = "tickets.lua";
  status.version = "1";
  status.run = "r1";
  status.state = State::running;
  status.account.rows_read = 100;
  status.account.rows_answered = 60;
  status.account.rows_rejected = 3;
  status.account.endpoints = {ledger("eu", 1'234'567'890'123), ledger("us", 10)};
  status.endpoints = {{.name = "eu", .model = "m", .tier = "flex", .max_in_flight = 64},
                      {.name = "us", .model = "m", .tier = "", .max_in_flight = 32}};
  status.budget = *core::Money::parse("20");
  return status;
}

inline Status a_live_status() {
  static observe::Meter meter(2);
  Status status = a_status();
  Live live;
  live.view.phase = "running";
  live.view.rows_done = 63;
  live.view.rows_total = 1000;
  live.view.rows_per_second = 12.5;
  live.view.left = std::chrono::seconds(75);
  live.view.projected = *core::Money::parse("18.5");
  observe::EndpointView eu;
  eu.name = "eu";
  eu.in_flight = 40;
  eu.cap = 50;
  eu.quota_used = 0.75;
  eu.rate_limited = 2;
  eu.learned_per_minute = 300;
  eu.median = std::chrono::milliseconds(800);
  observe::EndpointView us;
  us.name = "us";
  us.health = observe::Health::broken;
  live.view.endpoints = {eu, us};
  live.counts = meter.counts();
  live.counts.endpoints[0].failures = {{provider::Cause::rate_limit, 2}};
  live.in_flight = 40;
  live.waiting = 7;
  live.committing = 4;
  live.quotas = {"requests per minute", ""};
  live.limit = "eu: requests per minute";
  live.endpoints = status.endpoints;
  status.rejects = {{.stage = "parse", .reason = "bad_answer", .rows = 3, .example = "<b>no</b>"}};
  status.live = std::move(live);
  return status;
}

class FakeSource final : public Source {
 public:
  core::Result<Status> status() override { return given; }
  core::Result<std::string> series() override { return std::string(R"({"at":[]})"); }
  Files files() override { return found; }
  core::Result<State> order(Order order, core::Money budget) override {
    orders.emplace_back(order, budget);
    if (refuses) return core::fail(core::ErrorCode::usage, "the run is stopping");
    return order == Order::pause ? State::paused : State::running;
  }

  core::Result<Status> given = a_live_status();
  Files found;
  bool refuses = false;
  std::vector<std::pair<Order, core::Money>> orders;
};

}  // namespace sluice::listen
