// What bound the speed of a run: found by looking at it now and then, many times, while requests
// wait to be sent. A claim is made only where most of the looks agree.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::observe {

enum class LimitKind : std::uint8_t {
  quota,                // a known one is used up
  learned_rate,         // of requests: no server states it, refusals have taught it
  concurrency,          // as many are in flight as max_concurrency allows
  learned_concurrency,  // fewer than that: more in flight brought no more answers
  processor,            // nothing waits to be sent, and the cores are busy
};

struct EndpointSample {
  std::string name;
  bool usable = true;  // neither stopped nor broken nor cooling
  int in_flight = 0;
  int cap = 0;              // allowed now
  int max_concurrency = 0;  // allowed at most
  double quota_used = 0;    // 0…1
  std::string quota;        // which: "requests per minute"
  std::optional<double> learned_per_minute;
};
struct Sample {
  std::size_t waiting = 0;  // requests that could be sent
  bool input_complete = false;
  bool stopping = false;
  double busy_cores = 0;  // since the look before
  double cores = 1;
  std::vector<EndpointSample> endpoints;
};

struct Limit {
  LimitKind kind = LimitKind::quota;
  std::string endpoint;  // empty: the machine
  std::string quota;     // of LimitKind::quota
  double figure = 0;     // requests a minute, requests in flight, or cores
  double share = 0;      // of the looks, 0…1
};

// What keeps requests from being sent at this moment: "eu, us: requests per minute; own: max_concurrency". Empty
// where nothing does, or nothing waits.
std::string binding_text(const Sample& sample);

class LimitTally {
 public:
  static constexpr std::uint64_t kFewest = 15;  // looks, before anything is claimed
  static constexpr double kMost = 0.6;          // of them must agree

  void add(const Sample& sample);
  // By endpoint, at most one of each; or the machine's alone; or none.
  std::vector<Limit> limits() const;

 private:
  struct Key {
    std::string endpoint;
    LimitKind kind;
    std::string quota;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Seen {
    std::uint64_t looks = 0;
    double figure = 0;  // the latest
  };
  std::uint64_t looks_ = 0;
  std::map<Key, Seen> seen_;
};

// "eu's requests per minute were used up 96 % of the time: …what to change".
std::string limit_text(const Limit& limit);
std::string_view limit_name(LimitKind kind);  // for programs

}  // namespace sluice::observe
