#include "provider/codec_base.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "core/json.h"
#include "provider/no_json.h"
#include "provider/rate_hints.h"
#include "provider/retry_after.h"
#include "provider/schema_limits.h"

namespace sluice::provider {
namespace {

// Where gateways tell what they charged for a request, in dollars (docs/providers.md, Charges).
constexpr std::array<std::string_view, 2> kChargeHeaders = {"x-litellm-response-cost",
                                                            "x-mdb-charged-usd"};

std::optional<core::Money> read_charge(const std::vector<HeaderView>& headers,
                                       std::string_view charge_header) {
  for (const auto& [name, value] : headers) {
    if (charge_header.empty() ? std::ranges::find(kChargeHeaders, name) == kChargeHeaders.end()
                              : name != charge_header)
      continue;
    if (const auto exact = core::Money::parse(value)) return exact;
    // Python prints small numbers as "1.5e-05".
    if (const auto dollars = read_number(value)) return core::Money::from_dollars(*dollars);
  }
  return std::nullopt;
}

// " (POST /chat/completions; …)": what was not there, and what is often missing.
std::string not_found_hint(std::string_view base_url, std::string_view path) {
  const std::size_t host = base_url.find("://");
  const bool bare = host != base_url.npos && base_url.find('/', host + 3) == base_url.npos;
  return fmt::format(" (POST {}{})", path,
                     bare ? fmt::format("; most servers have their API below /v1: try base_url = "
                                        "\"{}/v1\"",
                                        base_url)
                          : "");
}

// Signatures are refused from this difference on (AWS), tokens are dead or not yet born.
constexpr core::Duration kClockTolerance = std::chrono::minutes(5);

// "this machine's clock is 10 min ahead of …"; empty where the server's Date is near to ours, or
// there is none.
std::string clock_hint(const std::vector<HeaderView>& headers, core::WallTime wall_now) {
  const auto date = std::ranges::find(headers, "date", &HeaderView::first);
  const auto server = date == headers.end() ? std::nullopt : read_http_instant(date->second);
  if (!server) return {};
  const core::Duration ahead = wall_now - *server;
  if (ahead <= kClockTolerance && ahead >= -kClockTolerance) return {};
  const auto minutes =
      std::chrono::round<std::chrono::minutes>(ahead > ahead.zero() ? ahead : -ahead);
  const std::string difference = minutes < std::chrono::hours(2)
                                     ? fmt::format("{} min", minutes.count())
                                     : fmt::format("{} h", minutes.count() / 60);
  return fmt::format(
      "this machine's clock is {} {} the server's, by which signatures and tokens are refused: set "
      "it (NTP)",
      difference, ahead > ahead.zero() ? "ahead of" : "behind");
}

}  // namespace

CodecBase::CodecBase(const EndpointSpec& endpoint, const Profile& profile)
    : spec_(endpoint), profile_(profile) {}

Reply CodecBase::read(int status, const std::vector<HeaderView>& headers, std::string_view body,
                      core::WallTime wall_now) const {
  thread_local simdjson::dom::parser parser;
  Reply reply;
  Outcome& outcome = reply.outcome;
  outcome.status = status;
  outcome.hints = read_rate_hints(profile_, status, headers, wall_now);

  Element document;
  const bool is_json =
      core::not_starved(parser.parse(body.data(), body.size())).get(document) == simdjson::SUCCESS;
  if (status < 200 || status > 299) {
    fill_failure(outcome, profile_, headers, is_json ? std::optional(document) : std::nullopt, body,
                 spec_.key);
    if (status >= 300 && status <= 399) {
      const auto location = std::ranges::find(headers, "location", &HeaderView::first);
      outcome.message =
          safe_message(explain_redirect(status, location == headers.end() ? "" : location->second,
                                        spec_.base_url, path()),
                       spec_.key);
    }
    if (outcome.cause == Cause::not_found && outcome.action == Action::refused)
      outcome.message += not_found_hint(spec_.base_url, path());
    if (outcome.cause == Cause::auth || outcome.cause == Cause::forbidden) {
      if (const std::string hint = clock_hint(headers, wall_now); !hint.empty())
        outcome.message = safe_message(hint + ": " + outcome.message, spec_.key);
    }
    outcome.charged = read_charge(headers, spec_.charge_header);
    // Zero is what gateways say, too, when they do not know what became of it.
    if (outcome.charged == core::Money()) outcome.charged.reset();
    if (outcome.charged) outcome.billing = Billing::known;
    return reply;
  }
  outcome.charged = read_charge(headers, spec_.charge_header);
  outcome.billing = outcome.charged ? Billing::known : Billing::possible;
  if (!is_json) {
    const NoJson what = looks_like(body);
    // What is not the API's own cost nothing; a spoilt answer may have.
    if (!outcome.charged && (what == NoJson::nothing || what == NoJson::page))
      outcome.billing = Billing::none;
    not_an_answer(reply, name_of(what, body));
    return reply;
  }
  read_answer(document, reply);
  return reply;
}

std::string CodecBase::system_text(const PromptFrame& prompt) const {
  if (prompt.schema.empty() || spec_.structured == StructuredOutput::json_schema) {
    return prompt.system;
  }
  if (prompt.system.empty()) return prompt.schema_text;
  return prompt.system + "\n\n" + prompt.schema_text;
}

std::string CodecBase::sent_schema(const PromptFrame& prompt) const {
  if (spec_.structured != StructuredOutput::json_schema) return {};
  return with_limits_described(prompt.schema, profile_.schema);
}

void CodecBase::take_usage(const Element& usage, Outcome& outcome) const {
  const auto counts = read_usage(usage, profile_.usage);
  if (!counts) return;
  outcome.usage = *counts;
  outcome.billing = Billing::known;
}

void CodecBase::not_an_answer(Reply& reply, std::string_view why) const {
  reply.outcome.action = Action::retry;
  // One that counts tokens is the API's, however empty.
  if (reply.outcome.billing != Billing::known) reply.outcome.contact = Contact::unusable;
  reply.outcome.cause = Cause::bad_reply;
  reply.outcome.message =
      fmt::format("HTTP {}: {}", reply.outcome.status, safe_message(why, spec_.key));
}

}  // namespace sluice::provider
