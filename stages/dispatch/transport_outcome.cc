#include "dispatch/transport_outcome.h"

namespace sluice::dispatch {

provider::Outcome outcome_of(const http::Failure& failure) {
  using Kind = http::Failure::Kind;
  using provider::Cause;
  provider::Outcome outcome;
  outcome.message = failure.message;
  // Once a byte of the request has gone out, the provider may have run it and billed it.
  outcome.billing = failure.sent ? provider::Billing::possible : provider::Billing::none;
  outcome.action = provider::Action::retry;
  if (!failure.sent) outcome.contact = provider::Contact::unreachable;
  switch (failure.kind) {
    case Kind::dns:
    case Kind::connect:
      outcome.action = provider::Action::move;
      outcome.cause = Cause::unreachable;
      break;
    case Kind::tls:
      // A certificate does not get better by asking again. Nothing that was sent has been read,
      // even where the refusal came behind the handshake (TLS 1.3, client certificates).
      outcome.action = provider::Action::stop;
      outcome.billing = provider::Billing::none;
      outcome.cause = Cause::tls;
      break;
    case Kind::timeout:
      outcome.cause = failure.sent ? Cause::timeout : Cause::unreachable;
      break;
    case Kind::reset:
      outcome.cause = Cause::reset;
      break;
    case Kind::protocol:
      if (failure.sent) outcome.contact = provider::Contact::unusable;
      outcome.cause = Cause::bad_response;
      break;
    case Kind::too_large:
      outcome.action = provider::Action::dead;
      outcome.cause = Cause::response_too_large;
      break;
    case Kind::cancelled:
      outcome.contact = provider::Contact::api;
      outcome.cause = Cause::cancelled;
      break;
  }
  return outcome;
}

}  // namespace sluice::dispatch
