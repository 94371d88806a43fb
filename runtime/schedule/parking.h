// Which requests go into batches: at half the price, and an hour or a day later.
//
// Problem: a batch is the cheapest way to buy an answer, and nobody knows when it ends. What is in one
// that is late must still be asked online before the deadline.
//
// Mechanism: as much goes into batches as can be taken back. With R requests left and B in batches,
// all unanswered, D to the deadline, and C the requests a second that the online endpoints deliver,
// another one is parked while
//
//   B·kAgain ≤ C·(D − W − G)       the batches can be given up after W, what a batch usually takes, and
//                                  asked online G later, with a margin for what goes wrong
//   R + B·kAgain ≤ C·(D − G)       which leaves enough for those that are online in the meantime, and holds
//                                  for none that late_batches() would give up at once
//
// or, where online alone cannot do it in time, while B ≤ R + B − C·D: what cannot be online at all, and a
// twentieth of all beyond that: as batches must be relied on then, those that end make room for more, where
// else all the rest would be asked online. Without a deadline, or without an online endpoint, all is parked.
//
// Giving up is late_batches()'s, asked once a minute or oftener. A batch that is cancelled does not end at
// once: its rows can be asked G later. So batches are given up when B·kAgain + (what is online) reaches
// C·(D − G), and then only as fast as the online endpoints take what comes of it: from there on they always
// have work, and what waits in a batch instead of their queue may still be answered, at half the price.
//
// Threads: plain values and functions, any thread. No clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace sluice::schedule {

// From the decision to give a batch up until its rows are asked online, in seconds: ten minutes that a
// provider may take to cancel (OpenAI: "up to 10 minutes"), the looks and the pass in between.
inline constexpr double kGivingUp = 720;

struct ParkingNeed {
  // Requests that are neither sent nor parked, this one among them; nullopt: nobody knows.
  std::optional<double> left = {};
  double parked = 0;                   // in batches that have not ended
  double per_second = 0;               // that the online endpoints deliver; 0: there are none
  std::optional<double> seconds = {};  // to the deadline; nullopt: there is none
  double usual = 0;                    // seconds that a batch usually takes
  double giving_up = kGivingUp;        // seconds
};

// What is asked a second time goes slower than was thought, and some of it a third time.
inline constexpr double kAgain = 1.3;

bool parks(const ParkingNeed& need);

struct OpenBatch {
  double lines = 0;  // that are not answered yet, as far as is known
  // Its lines come to the online endpoints as soon as it ends, so they count as online.
  bool given_up = false;
};

// The batches that must be given up now, so that what is in them is asked online before the deadline:
// as indices. Those with the least unanswered stay longest. None where online could not do them in
// time anyway, which is the best that can be done then, and none while the online endpoints have enough
// to do for longer than giving up takes.
std::vector<std::size_t> late_batches(std::span<const OpenBatch> open, double online_left,
                                      double per_second, double seconds,
                                      double giving_up = kGivingUp);

// Lines of a batch at most: `most` that the provider takes, and less where there is a deadline. Small ones
// end sooner, and what goes wrong with one is less; many at once are done side by side.
std::uint32_t lines_of_a_batch(std::uint32_t most, std::optional<double> seconds);

}  // namespace sluice::schedule
