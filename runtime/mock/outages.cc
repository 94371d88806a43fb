#include "mock/outages.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace sluice::mock {
namespace {

constexpr double kLongest = 1e9;  // seconds: 30 years

std::optional<core::Duration> seconds_in(std::string_view text) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!(seconds >= 0 && seconds <= kLongest)) return std::nullopt;
  return core::Duration(static_cast<std::int64_t>(seconds * 1e9));
}

}  // namespace

std::optional<OutageKind> outage_kind(std::string_view name) {
  if (name == "error") return OutageKind::error;
  if (name == "hang") return OutageKind::hang;
  if (name == "refuse") return OutageKind::refuse;
  return std::nullopt;
}

core::Result<Outage> parse_outage(std::string_view text) {
  const std::size_t first = std::min(text.find(':'), text.size());
  const std::size_t second = std::min(text.find(':', first + 1), text.size());
  const auto from = seconds_in(text.substr(0, first));
  const auto to =
      first < text.size() ? seconds_in(text.substr(first + 1, second - first - 1)) : std::nullopt;
  const auto kind = second < text.size() ? outage_kind(text.substr(second + 1)) : std::nullopt;
  if (from && to && kind && *from < *to) return Outage{*from, *to, *kind};
  return core::fail(core::ErrorCode::usage,
                    fmt::format("'{}' is no outage: FROM:TO:KIND is wanted, in seconds since the "
                                "start, with error, hang or refuse, as in 10:25.5:hang",
                                text));
}

Outages::Outages(std::vector<Outage> planned, core::Time started)
    : planned_(std::move(planned)), started_(started) {}

std::optional<OutageKind> Outages::at(core::Time now) const {
  if (switched_ && now < switched_until_) return switched_;
  for (const Outage& outage : planned_) {
    if (now >= started_ + outage.from && now < started_ + outage.to) return outage.kind;
  }
  return std::nullopt;
}

std::optional<core::Time> Outages::next_change(core::Time now) const {
  std::optional<core::Time> next;
  const auto consider = [&](core::Time t) {
    if (t > now && t < next.value_or(core::Time::max())) next = t;
  };
  if (switched_) consider(switched_until_);
  for (const Outage& outage : planned_) {
    consider(started_ + outage.from);
    consider(started_ + outage.to);
  }
  return next;
}

void Outages::switch_to(core::Time now, std::optional<OutageKind> kind,
                        std::optional<core::Duration> lasts) {
  switched_ = kind;
  switched_until_ = lasts ? now + *lasts : core::Time::max();
}

}  // namespace sluice::mock
