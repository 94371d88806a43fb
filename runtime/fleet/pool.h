// What processes that use one key hold of its limits: shares, by lease.
//
// Problem. A provider counts requests, tokens and connections by key, and does not care how many processes of ours stand
// behind it. A store asked for every request is too slow and too dear; a fixed part for each process is wasted by those
// that have nothing to do, and passed when one more starts.
//
// Mechanism. A *pool* is one key at one provider for one model family. Its state is one small text (blob.h) in a store
// that can compare and set: Redis, PostgreSQL, a model in a test. Each process, a *member*, calls about once a second:
// it reads the text with its version and the store's time, applies exchange(), which is here, and writes the text back if
// the version is still the same; else it reads again. So all the arithmetic is one pure function, whatever the store. What a
// member may use is in the Answer; member.h says until when.
//
// The shares are max-min fair (water_fill.h): who wants little gets it, the rest is divided evenly, by weight. A share moves in
// three calls: the next call of the one that has too much lowers it, the call after that confirms it, and only then is it
// free for another. So a reply that is lost harms nobody: what a member *may still believe to have* is what counts.
//
// Time. `at` is the pool's own time: it follows the store's clock but never goes back, and moves on by one second a call at
// most. So a clock that is wrong by an hour after a fail-over lapses nobody, and one jump within a lease stays
// inside the second by which members give up early. With no calls it stands still, which only makes leases longer.
//
// Loss. A store that has lost its state, or the last second of it, is found out by what members bring: a lease that the state
// does not know, or a call that it has forgotten. Then the *epoch* changes and for one lease the pool learns: each member keeps
// what it has as far as that fits, and nothing else is given away. A pool that has never been learns too, since it cannot be told
// from one that was lost: the first start waits for one lease (Answer::learning).
//
// Small shares. Where the fair share of a member brings less than its next request in kPatience, it gets no rate: all such
// members lay their shares together, and the one that waits longest gets a permit for as many units as it needs as soon as these
// have come in. Slots are whole, so there a turn is a slot, given up for one that has none after kTurn.
//
// Limits. What members state (their pipeline file, the server's headers) counts, the smallest of it. What nobody states is
// learned: ×0.7 on a refusal, once a window whoever was refused, and +2 % a window while it is used, asked for by one elected member.
//
// Threads: plain functions and values. No clock, no randomness.
//
// Invariants (tests/fleet/property_test.cc):
//   1. Σ held + the flow of permits ≤ cap, for each limit, after each exchange, as long as the cap was not lowered; and a member never
//      has more than its `held`. A cap that is lowered is kept to after a call of each member, one lease at most.
//   2. Between the calls of a member nobody else gets what it has, until it has confirmed less, its heir has called, or its lease has
//      lapsed here, which is a second after it has lapsed there.
//   3. After a fail-over that loses writes, at most what was given in the lost time is given twice, for one lease at most.
//   4. A member that calls and wants something gets a share or a permit in the end: nothing is given past one that waits longer.
//   5. exchange() does not depend on what a call brought to a state that was then not written.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::fleet {

using Ms = std::chrono::milliseconds;
// What the store's clock says, and no other.
using StoreTime = std::chrono::time_point<std::chrono::system_clock, Ms>;

constexpr Ms kCallTimeout{1500};  // a call that has not read and written by then has failed
constexpr Ms kTick{
    1000};  // between two calls of a member, in pools of up to 200; then 5 ms a member
constexpr Ms kTickOfEach{5};    // so that a pool of any size sees 200 calls a second
constexpr int kLeaseTicks = 4;  // a lease, in ticks
constexpr Ms kMargin{1000};     // a member gives up its share so long before the pool does
constexpr Ms kPatience{
    2000};  // a share that brings the next request no sooner is no share but a turn
constexpr double kPatienceBack = 1.5;  // and is one again when it brings so much more
constexpr Ms kTurn{5000};              // of a slot that others wait for
constexpr Ms kWindow{
    5000};  // a learned limit is changed once in it: the last change has arrived by then
constexpr Ms kProber{15000};  // lease of the member that raises a learned limit
constexpr Ms kAbsent{2500};   // a member that has not called for so long holds up nobody's turn
constexpr double kCut = 0.7;
constexpr double kRaise = 1.02;
constexpr double kHeadroom = 1.2;  // a share is at most so many times what its member wants
constexpr double kIdle = 0.7;      // a share is too large of which less is used …
constexpr int kIdleCalls = 3;      // … in so many calls in a row
constexpr double kBusy = 0.9;      // a share that is used so far is no longer held down
constexpr double kDeadBand =
    0.05;  // a share is not lowered for less, unless another member is short

enum class Kind : std::uint8_t {
  rate,   // units per second
  slots,  // requests at the same time, whole
};

// One limit, of all members together.
struct Limit {
  std::string name{};  // "requests", "tokens", …
  Kind kind = Kind::rate;
  double cap = 0;
  bool known = false;    // a member states it
  bool brought = false;  // cap was known to a member before the state was lost
  Ms cut_at{0};          // of a learned one
  Ms raised_at{0};
  std::string prober{};  // who may raise a learned one
  Ms prober_until{0};
  double flow = 0;   // units per second that become permits
  double level = 0;  // units that wait to become one
  Ms level_at{0};
};

// What one member has of one limit.
struct Share {
  double wants = 0;                // with headroom, and no more than it has shown to use
  double grant = 0;                // what it was told last
  double held = 0;                 // what it may still believe to have; ≥ grant
  double need = 0;                 // units of its next request, 0 = none is waiting
  double ceiling = 0;              // what it is held down to since it used less; 0 = not at all
  int idle = 0;                    // calls in a row with less than kIdle used
  std::optional<double> stated{};  // the limit as this member knows it
  // Rate: since when `need` waits. Slots: since when it has waited for its first slot, or has it.
  Ms since{0};
  bool waiting = false;  // `since` means something
  bool turns = false;    // of a rate: it gets permits in place of a share
};

struct Holder {
  std::string id{};
  std::uint64_t call = 0;  // number of its last call
  Ms seen{0};
  Ms until{0};
  double weight = 1;
  std::vector<Share> shares{};  // by index of PoolState::limits; may be shorter
};

// Between two members of the same pool there is one view of the endpoint's health.
struct BreakerState {
  Ms open_until{0};      // nobody sends before; 0 = closed
  std::string prober{};  // who tries it afterwards, alone
  Ms prober_until{0};
};

struct PoolState {
  std::string pool{};
  std::uint64_t epoch = 0;  // 0 = there was nothing in the store
  StoreTime clock{};        // the store's at the last exchange
  Ms at{0};                 // the pool's time then
  Ms learning_since{0};
  Ms learning_until{0};
  Ms pause_until{0};
  BreakerState breaker{};
  std::vector<Limit> limits{};
  std::vector<Holder> members{};  // sorted by id
};

// What a member brings for one limit.
struct Claim {
  std::string name{};
  Kind kind = Kind::rate;
  double wants = 0;  // units per second, or slots, that it could use; may be infinite
  double has =
      0;  // what it holds now: its share if that has not lapsed; slots: in flight, if that is more
  double used = 0;       // of it, since the last call: units per second, or most slots at a time
  double need = 0;       // units of the next request that waits for this limit; 0 = none
  bool refused = false;  // by this limit, since the last call
  std::optional<double> stated{};  // what pipeline file or server says, the smaller one
  double guess = 0;                // what to begin with where nobody states it
  double cap = 0;                  // the last that it was told; 0 = never
};

enum class BreakerNews : std::uint8_t { none, opened, closed };

struct Call {
  std::string member{};      // unique to a start of a process
  std::uint64_t number = 0;  // 1, 2, …: each try to call has its own
  std::uint64_t epoch = 0;   // of the last answer that it has got; 0 = none
  std::uint64_t last = 0;    // number of the call that this was the answer to
  bool leased = false;       // its lease has not lapsed
  Ms lease{0};               // how long that was when it was given
  double weight = 1;
  std::string heir_of{};  // a member that is dead for certain: what it had is free at once
  bool leaving = false;   // gives everything back
  Ms pause{0};            // a server has asked all to wait so long
  BreakerNews breaker = BreakerNews::none;
  Ms open_for{0};  // with BreakerNews::opened
  std::vector<Claim> claims{};
};

struct Granted {
  std::string name{};
  double share = 0;   // units per second, or slots
  double permit = 0;  // beside it: so many units, once, for kPatience
  double cap = 0;     // of all
  bool known = false;
};

enum class BreakerView : std::uint8_t {
  closed,
  open,
  probe
};  // probe: send one request, nobody else does

// Times are durations from now, since no two clocks agree.
struct Answer {
  std::uint64_t number = 0;  // of the call
  std::uint64_t epoch = 0;
  Ms lease{0};
  Ms tick{0};      // call again after this
  Ms learning{0};  // nothing is given to newcomers for so long; 0 = not learning
  Ms pause{0};
  BreakerView breaker = BreakerView::closed;
  Ms open_for{0};
  std::uint32_t members = 0;
  std::uint32_t rank = 0;          // this member's among them: 0 …
  std::vector<Granted> granted{};  // in the order of the claims
};

// Applies `call` to `state`, which was read when the store's clock was `now`. If the state cannot be written any
// more because another was faster, it is read again and this is done again with the same call.
Answer exchange(PoolState& state, const Call& call, StoreTime now);

// Greater than the last, and than any of a state that was lost, unless the store's clock is back by more than has passed.
std::uint64_t next_epoch(std::uint64_t last, StoreTime now);

// Call again after this, in a pool of so many members.
Ms tick_of(std::size_t members);

}  // namespace sluice::fleet
