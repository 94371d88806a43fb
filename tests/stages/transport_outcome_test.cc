#include "dispatch/transport_outcome.h"

#include <gtest/gtest.h>

namespace sluice::stages {
namespace {

using Kind = http::Failure::Kind;
using provider::Action;
using provider::Billing;
using provider::Cause;
using provider::Contact;

struct Expected {
  Kind kind;
  bool sent;
  Action action;
  Cause cause;
  Contact contact;
};

TEST(TransportOutcome, EachFailureHasItsActionCauseAndContact) {
  constexpr Expected kExpected[] = {
      {Kind::dns, false, Action::move, Cause::unreachable, Contact::unreachable},
      {Kind::connect, false, Action::move, Cause::unreachable, Contact::unreachable},
      {Kind::tls, false, Action::stop, Cause::tls, Contact::unreachable},
      {Kind::tls, true, Action::stop, Cause::tls, Contact::api},
      {Kind::timeout, false, Action::retry, Cause::unreachable, Contact::unreachable},
      {Kind::timeout, true, Action::retry, Cause::timeout, Contact::api},
      {Kind::reset, false, Action::retry, Cause::reset, Contact::unreachable},
      {Kind::reset, true, Action::retry, Cause::reset, Contact::api},
      {Kind::protocol, false, Action::retry, Cause::bad_response, Contact::unreachable},
      {Kind::protocol, true, Action::retry, Cause::bad_response, Contact::unusable},
      {Kind::too_large, true, Action::dead, Cause::response_too_large, Contact::api},
      {Kind::cancelled, false, Action::retry, Cause::cancelled, Contact::api},
      {Kind::cancelled, true, Action::retry, Cause::cancelled, Contact::api},
  };
  for (const Expected& expected : kExpected) {
    const provider::Outcome outcome =
        dispatch::outcome_of({.kind = expected.kind, .message = "why", .sent = expected.sent});
    const int kind = static_cast<int>(expected.kind);
    EXPECT_EQ(outcome.action, expected.action) << kind << expected.sent;
    EXPECT_EQ(outcome.cause, expected.cause) << kind << expected.sent;
    EXPECT_EQ(outcome.contact, expected.contact) << kind << expected.sent;
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.message, "why");
    // What was sent may have been billed, except behind a TLS that was refused.
    const bool possible = expected.sent && expected.kind != Kind::tls;
    EXPECT_EQ(outcome.billing, possible ? Billing::possible : Billing::none) << kind;
  }
}

}  // namespace
}  // namespace sluice::stages
