#include "inspect/probe_advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "codec/registry.h"

namespace sluice::inspect {

std::string probe_advice(const Probe& probe, const provider::EndpointSpec& endpoint,
                         std::span<const std::string> variables) {
  if (probe.ok || probe.url.empty()) return {};
  const auto& profile = *codec::provider_of(endpoint).profile;
  const std::string variable(profile.key_variable);
  const bool reads_it = std::ranges::find(variables, variable) != variables.end();
  using provider::Cause;
  switch (probe.outcome.cause) {
    case Cause::auth:
      if (probe.outcome.status == 407)
        return "the proxy wants a name and a password: proxy = s.secret \"NAME\" takes a URL with "
               "them";
      if (endpoint.key.empty() && endpoint.credentials.empty())
        return fmt::format("no key is sent: write key = s.secret \"{}\" into the endpoint",
                           variable.empty() ? "NAME" : variable);
      return fmt::format("is {} whole, still valid, and of this service and project?",
                         reads_it ? variable : "the key");
    case Cause::forbidden:
      return "the key is known and may not do this: may its project use this model, from this "
             "country and address?";
    case Cause::not_found:
      return fmt::format(
          "is model = \"{}\" what the service calls it, and may this key use it? Else base_url: "
          "asked was {}",
          endpoint.model, probe.url);
    case Cause::redirect:
      return fmt::format("the API has another address than base_url says: asked was {}", probe.url);
    case Cause::payment:
      return "the account has no credit: add some, then probe again";
    case Cause::spend_limit:
      return "a spend limit of the account, the project or the key is reached: raise it";
    case Cause::daily_quota:
      return "a quota of a day or a month is used up: wait for it, or have it raised";
    case Cause::rate_limit:
    case Cause::slow_down:
      return "address and key are right; others use up the rate now, or the account has none for "
             "this model. A run waits and goes slower";
    case Cause::overloaded:
    case Cause::capacity:
    case Cause::server_error:
    case Cause::upstream_error:
    case Cause::conflict:
      return "the service's own failure: probe again in a minute. A run tries again by itself";
    case Cause::timeout:
      if (probe.outcome.contact == provider::Contact::unreachable)
        return fmt::format(
            "nothing answers at {}: is the host right, and is there a firewall or a "
            "proxy in between (proxy = \"…\")?",
            endpoint.base_url);
      return fmt::format(
          "no answer within {} s: is the model being loaded? timeout = N waits longer",
          std::chrono::duration_cast<std::chrono::seconds>(endpoint.timeout).count());
    case Cause::unreachable:
      return fmt::format(
          "base_url = \"{}\": are host and port right, does the server run, and does "
          "this machine need a proxy (proxy = \"…\")?",
          endpoint.base_url);
    case Cause::tls:
      return "the certificate: a server or proxy with a certificate authority of its own needs "
             "ca_file = \"….pem\"; one without TLS has http:// in base_url";
    case Cause::reset:
      return "the server, or something in between, ends connections: is the address right, and "
             "http or https? A run tries again by itself";
    case Cause::bad_response:
    case Cause::bad_reply:
    case Cause::response_too_large:
      if (!profile.base_url.empty())
        return fmt::format("is this the API? Asked was {}; {}'s is at {}", probe.url, profile.title,
                           profile.base_url);
      return fmt::format("is this the API? Asked was {}; base_url mostly ends with /v1", probe.url);
    case Cause::unsupported:
    case Cause::bad_request:
    case Cause::unprocessable:
      return "the server says what it does not take: mostly an option of this endpoint or the "
             "model's name. `sluice try --rows 1` shows the request";
    case Cause::too_large:
      return "the request is too large for this model: a smaller max_output_tokens, or a shorter "
             "system text";
    case Cause::content_filter:
      return "address and key are right; the service refuses what this row says";
    case Cause::none:
    case Cause::cancelled:
      return {};
  }
  return {};
}

}  // namespace sluice::inspect
