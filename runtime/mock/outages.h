// When the mock is out of order, and how: as planned, or as switched on while it runs. No clock, no
// I/O.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/error.h"

namespace sluice::mock {

enum class OutageKind : std::uint8_t {
  error,   // every request is answered with 500
  hang,    // none is answered, not even later
  refuse,  // connections are closed, new ones refused
};
struct Outage {
  core::Duration from{};  // since the start; befalls what arrives in [from, to)
  core::Duration to{};
  OutageKind kind = OutageKind::error;
};

std::optional<OutageKind> outage_kind(std::string_view name);
// "10:25.5:hang": seconds and a kind.
core::Result<Outage> parse_outage(std::string_view text);

class Outages {
 public:
  Outages(std::vector<Outage> planned, core::Time started);

  std::optional<OutageKind> at(core::Time now) const;
  // The next moment at which at() may change by itself.
  std::optional<core::Time> next_change(core::Time now) const;

  // From now on this one, whatever is planned; without a duration until the next switch. nullopt:
  // back to the plan.
  void switch_to(core::Time now, std::optional<OutageKind> kind,
                 std::optional<core::Duration> lasts);

 private:
  std::vector<Outage> planned_;
  core::Time started_;
  std::optional<OutageKind> switched_;
  core::Time switched_until_{};
};

}  // namespace sluice::mock
