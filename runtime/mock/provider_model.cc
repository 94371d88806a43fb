#include "mock/provider_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "mock/compose.h"
#include "mock/control.h"
#include "mock/draws.h"
#include "simulate/random.h"
#include "wire/objects.h"

namespace sluice::mock {
namespace {

using wire::Refusal;
using wire::Why;

std::optional<double> per_minute(std::optional<double> per_second) {
  return per_second ? std::optional(60 * *per_second) : std::nullopt;
}

// The mock's own paths answer in the mock's own words, which are OpenAI's.
Decision own_error(int status, std::string message) {
  Refusal refusal;
  refusal.message = std::move(message);
  Decision decision;
  decision.response = wire::kOpenAi.refuse(refusal);
  decision.response.status = status;
  return decision;
}

}  // namespace

ProviderModel::ProviderModel(Options options, core::Time started)
    : options_(std::move(options)),
      limiter_(options_.rpm, options_.tpm),
      hidden_(per_minute(options_.hidden_per_second), std::nullopt, options_.hidden_burst),
      outages_(options_.outages, started),
      slots_(options_.slots),
      access_(options_),
      books_(options_),
      files_(options_.batch.store_bytes),
      batches_(options_, books_, files_, started),
      objects_(options_, files_) {}

Decision ProviderModel::handle(const http::ServerRequest& request, core::Time now,
                               core::WallTime wall_now) {
  const Moment at{now, wall_now};
  const std::string_view target =
      std::string_view(request.target).substr(0, request.target.find('?'));
  const bool post = request.method == "POST";
  if (post && target == "/control") return control(request, at);
  Decision decision;
  if (request.method == "GET" && target == "/stats") {
    batches_.advance(at);
    decision.response = wire::json_response(200, stats_json(books_.stats()));
    return decision;
  }
  if (post && target == "/stats/reset") {
    books_.reset();
    decision.response = wire::json_response(200, "{}");
    return decision;
  }
  if (auto served = access_.token_server(request, at.wall)) {
    decision.response = std::move(*served);
    return decision;
  }
  if (objects_.serves(target)) return object_call(request, at);
  if (const auto batch = wire::find_batch_call(request)) return batch_call(*batch, request, at);
  return call(request, at);
}

// Counted nowhere.
Decision ProviderModel::object_call(const http::ServerRequest& request, Moment at) {
  if (const auto outage = outages_.at(at.now)) return broken(wire::kObjects, *outage, at);
  Decision decision;
  if (const auto refusal = access_.refusal(wire::kObjects, request, at.wall)) {
    decision.response = wire::kObjects.refuse(*refusal);
    return decision;
  }
  batches_.advance(at);  // results are there when they are due
  decision.response = objects_.handle(request, at.wall);
  return decision;
}

Decision ProviderModel::batch_call(const wire::BatchCall& call, const http::ServerRequest& request,
                                   Moment at) {
  const wire::Service& service = call.api->service;
  if (const auto outage = outages_.at(at.now)) return broken(service, *outage, at);
  if (call.open) return batches_.handle(call, request, at);
  if (auto refusal = access_.refusal(service, request, at.wall))
    return refuse(service, std::move(*refusal), at, false);
  return batches_.handle(call, request, at);
}

Decision ProviderModel::control(const http::ServerRequest& request, Moment at) {
  if (!is_loopback(options_.host)) {
    return own_error(403, "The mock is open to other machines; /control is for loopback alone.");
  }
  const auto asked = read_control(request.body);
  if (!asked) return own_error(400, asked.error().message);
  if (asked->batch_skip) batches_.skip(*asked->batch_skip);
  if (asked->switches) outages_.switch_to(at.now, asked->outage, asked->lasts);
  Decision decision;
  decision.response = wire::json_response(200, "{}");
  return decision;
}

Decision ProviderModel::broken(const wire::Service& service, OutageKind kind, Moment at) {
  if (kind == OutageKind::error) {
    Refusal refusal;
    refusal.why = Why::server_error;
    refusal.message = "The server is out of order.";
    return refuse(service, refusal, at, false);
  }
  Decision decision;
  // What comes on a connection that is about to be closed goes the same way.
  decision.kind = kind == OutageKind::hang ? Decision::Kind::hang : Decision::Kind::reset;
  ++(kind == OutageKind::hang ? books_.stats().hangs : books_.stats().resets);
  return decision;
}

Decision ProviderModel::call(const http::ServerRequest& request, Moment at) {
  const auto found = reader_.find(request);
  if (!found && found.error().refusal.why != Why::bad_request) {
    // Not a call of any API: counted nowhere.
    Decision decision;
    decision.response = found.error().service->refuse(found.error().refusal);
    return decision;
  }
  if (found && found->wire->task == wire::Task::models) return models(*found, request, at);
  const wire::Service& service = found ? found->wire->service : *found.error().service;
  ++books_.stats().requests;
  const std::uint64_t draws = simulate::mix(options_.seed, ++number_);
  if (const auto outage = outages_.at(at.now)) return broken(service, *outage, at);
  if (auto refusal = access_.refusal(service, request, at.wall))
    return refuse(service, std::move(*refusal), at, false);
  if (!found) return refuse(service, found.error().refusal, at, false);
  const auto asked = wire::Reader::read(*found, request);
  if (!asked) return refuse(service, asked.error(), at, false);

  const std::shared_ptr<const AnswerPlan> plan = plans_.plan_for(*asked);
  const Fault fault = draw_fault(options_.faults, simulate::mix(draws, kFaultDraw), plan.get());
  if (auto away = turned_away(service, *asked, fault, draws, at)) return std::move(*away);
  return answer(*found->wire, *asked, plan.get(), fault, draws, at);
}

// A list costs nothing, and is counted nowhere.
Decision ProviderModel::models(const wire::Reader::Found& found, const http::ServerRequest& request,
                               Moment at) {
  Decision decision;
  if (const auto refusal = access_.refusal(found.wire->service, request, at.wall)) {
    decision.response = found.wire->service.refuse(*refusal);
    return decision;
  }
  const auto asked = wire::Reader::read(found, request);
  wire::Answer none;
  if (asked) found.wire->write(*asked, none, decision.response);
  append_limits(found.wire->service, at, decision.response);
  return decision;
}

std::optional<Decision> ProviderModel::turned_away(const wire::Service& service,
                                                   const wire::Asked& asked, Fault fault,
                                                   std::uint64_t draws, Moment at) {
  Refusal refusal;
  if (fault == Fault::reset || fault == Fault::hang) {
    ++(fault == Fault::reset ? books_.stats().resets : books_.stats().hangs);
    Decision decision;
    decision.kind = fault == Fault::reset ? Decision::Kind::reset : Decision::Kind::hang;
    return decision;
  }
  if (fault == Fault::error_500) {
    refusal.why = Why::server_error;
    return refuse(service, refusal, at, true);
  }
  refusal.why = Why::rate_limit;
  if (fault == Fault::error_429) {
    refusal.kind = "requests";
    refusal.wait = options_.error_wait;
    return refuse(service, refusal, at, true);
  }
  if (fault == Fault::error_503) return unavailable(503, options_.error_wait);
  if (!hidden_.admit(at.now, 0).admitted) return unavailable(options_.hidden_status, {});
  const Tier* tier = tier_of(service, asked.tier);
  if (tier && simulate::unit(simulate::mix(draws, kTierDraw)) < tier->refusals) {
    refusal.why = Why::capacity;
    return refuse(service, refusal, at, true);
  }
  const simulate::Limiter::Verdict verdict = limiter_.admit(at.now, asked.prompt_tokens);
  if (verdict.admitted) return std::nullopt;
  refusal.kind = verdict.kind;
  refusal.never = verdict.never;
  refusal.wait = verdict.retry_after;
  return refuse(service, refusal, at, true);
}

Decision ProviderModel::answer(const wire::Wire& wire, const wire::Asked& asked,
                               const AnswerPlan* plan, Fault fault, std::uint64_t draws,
                               Moment at) {
  auto [answer, rows] = compose(wire, asked, plan, fault, options_, draws, at.wall);
  const Tier* tier = tier_of(wire.service, asked.tier);
  answer.tier = tier && !tier->answered.empty() ? tier->answered : wire.service.tier(asked.tier);
  limiter_.charge(answer.output);
  books_.count_rows(rows);
  books_.bill(answer);

  Decision decision;
  if (fault == Fault::cut) decision.kind = Decision::Kind::respond_half;
  if (options_.engine) {
    decision.work = {.input_tokens = static_cast<double>(answer.input - answer.cached),
                     .output_tokens = static_cast<double>(answer.output),
                     .cached_tokens = static_cast<double>(answer.cached)};
    const auto load = simulate::predict(*options_.engine, *decision.work,
                                        static_cast<double>(books_.stats().in_flight + 1));
    answer.latency = std::chrono::duration_cast<core::Duration>(
        std::chrono::duration<double, std::milli>(std::min(load.request_ms, 1e9)));
  } else {
    decision.delay = slots_.occupy(at.now, draw_latency(tier, draws, answer.output));
    answer.latency = decision.delay;
  }
  wire.write(asked, answer, decision.response);
  append_limits(wire.service, at, decision.response);
  decision.counted = true;
  books_.stats().max_in_flight = std::max(books_.stats().max_in_flight, ++books_.stats().in_flight);
  return decision;
}

const Tier* ProviderModel::tier_of(const wire::Service& service, std::string_view asked) const {
  auto found = options_.tiers.find(asked);
  if (found == options_.tiers.end()) found = options_.tiers.find(service.tier(asked));
  return found == options_.tiers.end() ? nullptr : &found->second;
}

core::Duration ProviderModel::draw_latency(const Tier* tier, std::uint64_t draws,
                                           std::uint64_t output_tokens) const {
  const core::Duration latency = tier ? tier->latency.value_or(options_.latency) : options_.latency;
  const double fixed =
      static_cast<double>(latency.count()) +
      static_cast<double>(options_.latency_per_token.count()) * static_cast<double>(output_tokens);
  if (options_.latency_sigma == 0 || fixed == 0) {
    return core::Duration(static_cast<std::int64_t>(fixed));
  }
  constexpr double kDay = 86'400e9;
  const double factor =
      simulate::log_normal(options_.latency_sigma, simulate::mix(draws, kLatencyDraw),
                           simulate::mix(draws, kLatencyAngleDraw));
  return core::Duration(static_cast<std::int64_t>(std::min(fixed * factor, kDay)));
}

Decision ProviderModel::refuse(const wire::Service& service, Refusal refusal, Moment at,
                               bool limit_headers) {
  Decision decision;
  refusal.id = simulate::mix(simulate::mix(options_.seed, number_), kIdDraw);
  decision.response = service.refuse(refusal);
  ++books_.stats().by_status[decision.response.status];
  if (limit_headers) append_limits(service, at, decision.response);
  return decision;
}

void ProviderModel::append_limits(const wire::Service& service, Moment at,
                                  http::ServerResponse& response) {
  if (service.limits) service.limits(limiter_.levels(at.now), at.wall, response.headers);
}

Decision ProviderModel::unavailable(int status, core::Duration wait) {
  ++books_.stats().by_status[status];
  Decision decision;
  decision.response.status = status;
  decision.response.body =
      fmt::format("<html><head><title>{} refused</title></head></html>", status);
  wire::append_retry_after(wait, decision.response.headers);
  if (wait > core::Duration::zero()) {
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(wait);
    decision.response.headers.emplace_back("retry-after-ms", std::to_string(milliseconds.count()));
  }
  return decision;
}

}  // namespace sluice::mock
