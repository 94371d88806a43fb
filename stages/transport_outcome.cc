#include "stages/transport_outcome.h"

namespace sluice::stages {

provider::Outcome outcome_of(const http::Failure& failure) {
  using Kind = http::Failure::Kind;
  provider::Outcome outcome;
  outcome.message = failure.message;
  // Once a byte of the request has gone out, the provider may have run it and billed it.
  outcome.billing = failure.sent ? provider::Billing::possible : provider::Billing::none;
  outcome.action = provider::Action::retry;
  if (!failure.sent) outcome.cause = provider::Cause::unreachable;
  switch (failure.kind) {
    case Kind::dns:
    case Kind::connect:
      outcome.action = provider::Action::move;
      outcome.reason = "unreachable";
      break;
    case Kind::tls:
      // A certificate does not get better by asking again. Nothing that was sent has been read,
      // even where the refusal came behind the handshake (TLS 1.3, client certificates).
      outcome.action = provider::Action::stop;
      outcome.billing = provider::Billing::none;
      outcome.reason = "tls";
      break;
    case Kind::timeout:
      outcome.reason = failure.sent ? "timeout" : "unreachable";
      break;
    case Kind::reset:
      outcome.reason = "reset";
      break;
    case Kind::protocol:
      if (failure.sent) outcome.cause = provider::Cause::unusable;
      outcome.reason = "bad_response";
      break;
    case Kind::too_large:
      outcome.action = provider::Action::dead;
      outcome.reason = "response_too_large";
      break;
    case Kind::cancelled:
      outcome.cause = provider::Cause::other;
      outcome.reason = "cancelled";
      break;
  }
  return outcome;
}

}  // namespace sluice::stages
