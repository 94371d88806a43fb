#include "stages/transport_outcome.h"

namespace sluice::stages {

provider::Outcome outcome_of(const http::Failure& failure) {
  using Kind = http::Failure::Kind;
  provider::Outcome outcome;
  outcome.message = failure.message;
  // Once a byte of the request has gone out, the provider may have run it and billed it.
  outcome.billing = failure.sent ? provider::Billing::possible : provider::Billing::none;
  outcome.action = provider::Action::retry;
  switch (failure.kind) {
    case Kind::dns:
    case Kind::connect:
      outcome.action = provider::Action::move;
      outcome.reason = kUnreachable;
      break;
    case Kind::tls:
      // A certificate does not get better by asking again.
      outcome.action = failure.sent ? provider::Action::retry : provider::Action::stop;
      outcome.reason = "tls";
      break;
    case Kind::timeout:
      outcome.reason = failure.sent ? "timeout" : kUnreachable;
      break;
    case Kind::reset:
      outcome.reason = "reset";
      break;
    case Kind::protocol:
      outcome.reason = "bad_response";
      break;
    case Kind::too_large:
      outcome.action = provider::Action::dead;
      outcome.reason = "response_too_large";
      break;
    case Kind::cancelled:
      outcome.reason = "cancelled";
      break;
  }
  return outcome;
}

}  // namespace sluice::stages
