#include "mock/provider_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/hash.h"
#include "mock/content.h"
#include "mock/control.h"
#include "provider/outcome.h"
#include "simulate/random.h"

namespace sluice::mock {
namespace {

// What the draws of one request are for: each has its own.
enum Purpose : std::uint64_t {
  kFault,
  kPackFault,
  kRow,
  kCut,
  kLatency,
  kLatencyAngle,
  kId,
  kOutput,
  kOutputAngle
};

constexpr std::string_view kRefusal = "I'm sorry, but I can't help with that.";

bool holds(std::string_view text, const std::string& part) {
  return !part.empty() && text.find(part) != text.npos;
}

http::ServerResponse json_response(int status, std::string body) {
  http::ServerResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

std::optional<double> per_minute(std::optional<double> per_second) {
  return per_second ? std::optional(60 * *per_second) : std::nullopt;
}

void append_wait(std::vector<std::pair<std::string, std::string>>& headers, core::Duration wait) {
  if (wait <= core::Duration::zero()) return;
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(wait);
  headers.emplace_back("retry-after",
                       std::to_string(std::chrono::ceil<std::chrono::seconds>(wait).count()));
  headers.emplace_back("retry-after-ms", std::to_string(milliseconds.count()));
}

}  // namespace

ProviderModel::ProviderModel(Options options, core::Time started)
    : options_(std::move(options)),
      limiter_(options_.rpm, options_.tpm),
      hidden_(per_minute(options_.hidden_per_second), std::nullopt, options_.hidden_burst),
      outages_(options_.outages, started),
      slots_(options_.slots) {}

Decision ProviderModel::handle(const http::ServerRequest& request, core::Time now,
                               core::WallTime wall_now) {
  const std::string_view target =
      std::string_view(request.target).substr(0, request.target.find('?'));
  const bool post = request.method == "POST";
  if (post && target == "/v1/chat/completions") return chat(request, now, wall_now);
  if (post && target == "/control") return control(request, now);
  Decision decision;
  if (request.method == "GET" && target == "/stats") {
    decision.response = json_response(200, stats_json(stats_));
  } else if (post && target == "/stats/reset") {
    reset_stats();
    decision.response = json_response(200, "{}");
  } else {
    decision.response = json_response(
        404, error_body(fmt::format("Unknown request URL: {} {}", request.method, target),
                        "invalid_request_error", "unknown_url"));
  }
  return decision;
}

Decision ProviderModel::control(const http::ServerRequest& request, core::Time now) {
  Decision decision;
  const auto asked = read_control(request.body);
  if (!is_loopback(options_.host)) {
    decision.response = json_response(
        403, error_body("The mock is open to other machines; /control is for loopback alone.",
                        "invalid_request_error", ""));
  } else if (!asked) {
    decision.response =
        json_response(400, error_body(asked.error().message, "invalid_request_error", ""));
  } else {
    outages_.switch_to(now, asked->outage, asked->lasts);
    decision.response = json_response(200, "{}");
  }
  return decision;
}

Decision ProviderModel::broken(OutageKind kind, core::Time now) {
  if (kind == OutageKind::error) {
    return refuse(500, error_body("The server is out of order.", "server_error", ""), now, false);
  }
  Decision decision;
  // What comes on a connection that is about to be closed goes the same way.
  decision.kind = kind == OutageKind::hang ? Decision::Kind::hang : Decision::Kind::reset;
  ++(kind == OutageKind::hang ? stats_.hangs : stats_.resets);
  return decision;
}

Decision ProviderModel::chat(const http::ServerRequest& request, core::Time now,
                             core::WallTime wall_now) {
  const std::uint64_t number = ++number_;
  const auto draw = [&](Purpose purpose) {
    return simulate::mix(simulate::mix(options_.seed, number), purpose);
  };
  ++stats_.requests;

  if (const auto outage = outages_.at(now)) return broken(*outage, now);
  if (!key_fits(request)) {
    return refuse(
        401, error_body("Incorrect API key provided.", "invalid_request_error", "invalid_api_key"),
        now, false);
  }
  const auto chat = reader_.read(request.body);
  if (!chat) {
    return refuse(400,
                  error_body("The body is not JSON, or lacks \"model\" or \"messages\".",
                             "invalid_request_error", ""),
                  now, false);
  }
  const Fault fault = draw_fault(draw(kFault), *chat);
  if (fault == Fault::reset || fault == Fault::hang) {
    ++(fault == Fault::reset ? stats_.resets : stats_.hangs);
    Decision decision;
    decision.kind = fault == Fault::reset ? Decision::Kind::reset : Decision::Kind::hang;
    return decision;
  }
  if (fault == Fault::error_500) {
    return refuse(500, error_body("The server had an error.", "server_error", ""), now, true);
  }
  if (fault == Fault::error_429) {
    return rate_limited({false, false, "requests", options_.error_wait}, now);
  }
  if (fault == Fault::error_503) return unavailable(503, options_.error_wait, now);
  if (!hidden_.admit(now, 0).admitted) return unavailable(options_.hidden_status, {}, now);
  const simulate::Limiter::Verdict verdict = limiter_.admit(now, chat->prompt_tokens);
  if (!verdict.admitted) return rate_limited(verdict, now);

  const std::vector<provider::FramedRow> rows = rows_of(*chat);
  ChatReply reply;
  reply.id = draw(kId);
  reply.created = std::chrono::floor<std::chrono::seconds>(wall_now).time_since_epoch().count();
  reply.model = chat->model;
  reply.prompt_tokens = chat->prompt_tokens;
  reply.cached_tokens =
      static_cast<std::uint64_t>(options_.cached_share * static_cast<double>(chat->prompt_tokens));
  write(reply, *chat, rows, fault, simulate::mix(options_.seed, number));
  limiter_.charge(reply.completion_tokens);

  ++stats_.by_status[200];
  ++stats_.answered;
  stats_.rows += rows.size();
  if (options_.count_repeats) {
    for (const provider::FramedRow& row : rows) {
      if (!seen_.insert(core::hash128(row.text).low).second) ++stats_.repeated_rows;
    }
  }
  stats_.input_tokens += reply.prompt_tokens;
  stats_.cached_tokens += reply.cached_tokens;
  stats_.output_tokens += reply.completion_tokens;
  const provider::Usage usage{.input = reply.prompt_tokens,
                              .cached_input = reply.cached_tokens,
                              .output = reply.completion_tokens,
                              .reasoning = reply.reasoning_tokens};
  stats_.cost += provider::cost_of(usage, options_.price);

  Decision decision;
  if (fault == Fault::cut) decision.kind = Decision::Kind::respond_half;
  decision.response = json_response(200, reply_body(reply));
  limiter_.append_headers(now, decision.response.headers);
  decision.delay = slots_.occupy(
      now, draw_latency(simulate::mix(options_.seed, number), reply.completion_tokens));
  decision.counted = true;
  stats_.max_in_flight = std::max(stats_.max_in_flight, ++stats_.in_flight);
  return decision;
}

void ProviderModel::write(ChatReply& reply, const ChatRequest& chat,
                          const std::vector<provider::FramedRow>& rows, Fault fault,
                          std::uint64_t draws) const {
  const auto pack_fault = [&] {
    switch (fault) {
      case Fault::drop_row:
        return PackFault::drop_row;
      case Fault::double_row:
        return PackFault::double_row;
      case Fault::foreign_id:
        return PackFault::foreign_id;
      case Fault::re_id:
        return PackFault::re_id;
      case Fault::reorder:
        return PackFault::reorder;
      case Fault::fence:
        return PackFault::fence;
      case Fault::trailing_comma:
        return PackFault::trailing_comma;
      default:
        return PackFault::none;
    }
  };
  std::string& text = reply.content;
  if (holds(chat.user, options_.refuse)) {
    reply.refusal = kRefusal;
    reply.completion_tokens = tokens_of(kRefusal.size());
    return;
  }
  if (holds(chat.user, options_.poison)) {
    text = garbled("something else");
    fault = Fault::none;
  } else {
    text = content_for(chat, rows, options_.seed, pack_fault(), simulate::mix(draws, kRow));
  }
  if (fault == Fault::garble) text = garbled(text);
  std::size_t most = chat.max_output_tokens
                         ? std::min<std::uint64_t>(*chat.max_output_tokens, UINT32_MAX) * 4
                         : text.size();
  if (fault == Fault::truncate) {
    // Somewhere in the middle: at least one byte is missing, and one is left where there are two.
    const auto cut = static_cast<std::size_t>(simulate::unit(simulate::mix(draws, kCut)) *
                                              static_cast<double>(text.size()));
    most = std::min(most, std::max<std::size_t>(cut, text.size() > 1 ? 1 : 0));
  }
  reply.cut = most < text.size();
  cut_text(text, most);
  reply.completion_tokens = tokens_of(text.size());
  reply.reasoning_tokens = draw_reasoning(draws, chat, reply.completion_tokens);
  reply.completion_tokens += reply.reasoning_tokens;
  if (fault == Fault::reasoning_only) {
    // All that it was allowed went into thinking.
    text.clear();
    reply.cut = true;
    reply.completion_tokens = chat.max_output_tokens.value_or(reply.completion_tokens);
    reply.reasoning_tokens = reply.completion_tokens;
  }
}

ProviderModel::Fault ProviderModel::draw_fault(std::uint64_t draw, const ChatRequest& chat) const {
  const Faults& f = options_.faults;
  double at = simulate::unit(draw);
  const auto any = [&](const auto& shares) {
    for (const auto& [share, fault] : shares) {
      if (at < share) return fault;
      at -= share;
    }
    return Fault::none;
  };
  using Share = std::pair<double, Fault>;
  const Fault fault = any(std::array{
      Share{f.error_429, Fault::error_429}, Share{f.error_500, Fault::error_500},
      Share{f.error_503, Fault::error_503}, Share{f.reset, Fault::reset},
      Share{f.hang, Fault::hang}, Share{f.cut, Fault::cut}, Share{f.truncate, Fault::truncate},
      Share{f.garble, Fault::garble}, Share{f.reasoning_only, Fault::reasoning_only}});
  if (fault != Fault::none || !chat.plan) return fault;
  at = simulate::unit(simulate::mix(draw, kPackFault));
  const Fault pack_fault =
      any(std::array{Share{f.drop_row, Fault::drop_row}, Share{f.double_row, Fault::double_row},
                     Share{f.foreign_id, Fault::foreign_id}, Share{f.re_id, Fault::re_id},
                     Share{f.reorder, Fault::reorder}, Share{f.fence, Fault::fence},
                     Share{f.trailing_comma, Fault::trailing_comma}});
  const bool of_packs = pack_fault != Fault::fence && pack_fault != Fault::trailing_comma;
  return of_packs && !chat.plan->is_pack() ? Fault::none : pack_fault;
}

core::Duration ProviderModel::draw_latency(std::uint64_t draw, std::uint64_t output_tokens) const {
  const double fixed =
      static_cast<double>(options_.latency.count()) +
      static_cast<double>(options_.latency_per_token.count()) * static_cast<double>(output_tokens);
  if (options_.latency_sigma == 0 || fixed == 0) {
    return core::Duration(static_cast<std::int64_t>(fixed));
  }
  constexpr double kDay = 86'400e9;
  const double factor = simulate::log_normal(options_.latency_sigma, simulate::mix(draw, kLatency),
                                             simulate::mix(draw, kLatencyAngle));
  return core::Duration(static_cast<std::int64_t>(std::min(fixed * factor, kDay)));
}

std::uint64_t ProviderModel::draw_reasoning(std::uint64_t draw, const ChatRequest& chat,
                                            std::uint64_t text_tokens) const {
  if (!options_.output_tokens) return 0;
  constexpr double kMost = 1e6;  // no model writes more at once
  const double drawn =
      options_.output_tokens->median * simulate::log_normal(options_.output_tokens->sigma,
                                                            simulate::mix(draw, kOutput),
                                                            simulate::mix(draw, kOutputAngle));
  const auto most = static_cast<double>(chat.max_output_tokens.value_or(UINT32_MAX));
  const auto tokens = static_cast<std::uint64_t>(std::min({drawn, most, kMost}));
  return tokens > text_tokens ? tokens - text_tokens : 0;
}

Decision ProviderModel::refuse(int status, std::string body, core::Time now, bool limit_headers) {
  ++stats_.by_status[status];
  Decision decision;
  decision.response = json_response(status, std::move(body));
  if (limit_headers) limiter_.append_headers(now, decision.response.headers);
  return decision;
}

Decision ProviderModel::rate_limited(const simulate::Limiter::Verdict& verdict, core::Time now) {
  const std::string message =
      verdict.never ? "Request too large: it asks for more tokens than a minute's quota holds."
                    : fmt::format("Rate limit reached on {} per min. Please try again in {}.",
                                  verdict.kind, simulate::go_duration(verdict.retry_after));
  Decision decision =
      refuse(429, error_body(message, verdict.kind, "rate_limit_exceeded"), now, true);
  if (!verdict.never) append_wait(decision.response.headers, verdict.retry_after);
  return decision;
}

Decision ProviderModel::unavailable(int status, core::Duration wait, core::Time now) {
  Decision decision =
      refuse(status, fmt::format("<html><head><title>{} refused</title></head></html>", status),
             now, false);
  append_wait(decision.response.headers, wait);
  return decision;
}

bool ProviderModel::key_fits(const http::ServerRequest& request) const {
  if (options_.require_key.empty()) return true;
  return std::any_of(request.headers.begin(), request.headers.end(), [&](const auto& header) {
    return header.first == "authorization" &&
           header.second == "Bearer " + options_.require_key.reveal();
  });
}

void ProviderModel::reset_stats() {
  const std::uint64_t in_flight = stats_.in_flight;
  stats_ = Stats();
  stats_.in_flight = stats_.max_in_flight = in_flight;
  seen_.clear();
}

}  // namespace sluice::mock
