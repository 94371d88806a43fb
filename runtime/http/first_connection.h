// Whether the first connection of an origin is still alone, so that the others can resume its TLS
// session (origin.h, invariant 4), and until when they wait for it. Pure: no I/O, no clock.
//
// Problem: as many full handshakes as there are connections cost both ends seconds of processor
// time; a resumed one costs a tenth. But a session ticket follows the handshake by a round trip,
// many servers give none, and a first connection that hangs must not hold up a run.
//
// The states, and the function that makes each transition:
//
//             opened()            connected()
//   UNOPENED ──────────▶ OPENING ─────────────▶ CONNECTED
//                           │  ▲                 │  │
//                           │  └────opened()─────┘  │  (it was closed before it had a request)
//                           ├──── has_session() ────┤
//                           ├──── answered() ───────┤
//                           ├──── ended() ──────────┤  closed, or could not be opened
//                           ├──── expire() ─────────┤  kConnectMs after opened(), kTicketMs after
//                           ▼                       ▼  connected()
//                          OVER: connections are opened side by side. There is no way back.
//
// Without TLS it is OVER from the beginning.
//
// Threads: the loop's. Times are the loop's, in milliseconds.
#pragma once

#include <cstdint>
#include <limits>

namespace sluice::http {

class FirstConnection {
 public:
  enum class State : std::uint8_t { unopened, opening, connected, over };

  static constexpr std::uint64_t kConnectMs = 1'000;
  // A session ticket follows the handshake by a round trip; many servers give none.
  static constexpr std::uint64_t kTicketMs = 100;
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

  explicit FirstConnection(bool tls) : state_(tls ? State::unopened : State::over) {}

  State state() const { return state_; }
  // No second connection may be opened.
  bool alone() const { return state_ != State::over; }
  // When expire() is to be called; kNever where time changes nothing.
  std::uint64_t deadline_ms() const { return deadline_ms_; }

  void opened(std::uint64_t now_ms) { wait(State::opening, now_ms + kConnectMs); }
  void connected(std::uint64_t now_ms) { wait(State::connected, now_ms + kTicketMs); }
  void has_session() { end(); }
  void answered() { end(); }
  void ended() { end(); }
  void expire(std::uint64_t now_ms) {
    if (deadline_ms_ <= now_ms) end();
  }

 private:
  void wait(State state, std::uint64_t until_ms) {
    if (state_ == State::over) return;
    state_ = state;
    deadline_ms_ = until_ms;
  }
  void end() {
    state_ = State::over;
    deadline_ms_ = kNever;
  }

  State state_;
  std::uint64_t deadline_ms_ = kNever;
};

}  // namespace sluice::http
