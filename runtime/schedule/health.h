// Whether an endpoint works at all. The breaker decides how often a failing endpoint is asked; this
// says what is wrong with it from the first failures on, and decides when it is given up: its rows
// stay pending, and when no endpoint is left the run ends.
//
// An endpoint is given up at the first attempt that fails after
//   kNeverReached    without a connection, where there was none in this run: mostly a wrong address
//   kNotTheApi       of replies that are no answers of the API (a web page, not HTTP, …), or at
//                    kUnusableReplies of them: mostly a wrong address, or a login page in between
//   kNeverAnswered   of any failures, where it has answered nothing in this run
//   kLostFor         of no connection and unusable replies alone, where it had been heard before:
//   an
//                    outage that is worth waiting for
// Since a server that asks to wait is not asked before that, a wait that it asked for is waited
// out. Other failures of an endpoint that has answered (5xx, 429) are the breaker's business alone.
//
// Threads: one. Pure: the time is passed in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "provider/outcome.h"

namespace sluice::schedule {

// What all attempts at an endpoint since its last answer have in common: that they failed.
struct Problem {
  std::uint64_t failures = 0;
  core::Time since;
  int status = 0;  // of the latest failure, as the rest
  provider::Cause cause = provider::Cause::none;
  std::string message;    // for people; holds no secret
  bool answered = false;  // it had answered before, in this run

  // For people: the message, or else the cause's name.
  std::string_view text() const {
    return message.empty() ? provider::cause_name(cause) : std::string_view(message);
  }
};

class Health {
 public:
  static constexpr std::chrono::seconds kNeverReached{10};
  static constexpr std::chrono::seconds kNotTheApi{20};
  static constexpr int kUnusableReplies = 10;
  static constexpr std::chrono::minutes kNeverAnswered{5};
  static constexpr std::chrono::minutes kLostFor{10};
  // From so many failures without an answer on there is a problem to speak of; where it has
  // answered before, some fail together now and then.
  static constexpr std::uint64_t kSpokenOf = 3;
  static constexpr std::uint64_t kSpokenOfLater = 10;
  // Few and slow failures are spoken of after this.
  static constexpr std::chrono::seconds kSpokenOfAfter{5};

  void answered();
  // An attempt that failed, or was refused. Returns why the endpoint is to be given up, if it is.
  std::optional<std::string> failed(core::Time now, const provider::Outcome& outcome);
  // A failure that nothing but the user can change (Action::stop): spoken of at once.
  void stopped(core::Time now, const provider::Outcome& outcome);

  // All failures since the last answer, whether or not they are worth speaking of; nullptr: none.
  const Problem* failures() const { return problem_.failures > 0 ? &problem_ : nullptr; }
  // nullptr while there is nothing to speak of.
  const Problem* problem(core::Time now) const;

 private:
  core::Duration timeout() const;
  void note(core::Time now, const provider::Outcome& outcome);

  bool answered_ = false;
  bool stopped_ = false;
  bool heard_ = false;  // some reply that was the API's, a refusal too
  Problem problem_;
  int unusable_ = 0;  // replies since the last answer
  // Since when nothing was heard: no connection, or unusable replies.
  std::optional<core::Time> silent_since_;
  bool reached_ = false;  // something came, whatever it was
};

}  // namespace sluice::schedule
