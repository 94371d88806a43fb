#include "observe/events.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <utility>

namespace sluice::observe {
namespace {

constexpr double kMoved = 0.2;  // of a learned rate, before it is told again

struct Place {
  std::string file;
  std::optional<std::uint64_t> line;
  std::optional<std::uint64_t> column;
};

// A number behind the last colon, taken off; nullopt where there is none.
std::optional<std::uint64_t> take_number(std::string& where) {
  const std::size_t colon = where.rfind(':');
  if (colon == where.npos || colon + 1 == where.size()) return std::nullopt;
  std::uint64_t number = 0;
  const char* end = where.data() + where.size();
  const auto read = std::from_chars(where.data() + colon + 1, end, number);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  where.resize(colon);
  return number;
}

// "file:line:column" or "file:line"; a URL with a port has no line.
Place place_of(std::string where) {
  Place place;
  if (!where.contains("://")) {
    place.line = take_number(where);
    if (const auto before = take_number(where)) {
      place.column = place.line;
      place.line = before;
    }
  }
  place.file = std::move(where);
  return place;
}

void write_error_fields(core::JsonWriter& w, const core::Error& error) {
  constexpr std::string_view kMark = "error: ";
  std::string message = error.message.substr(0, error.message.find('\n'));
  if (message.starts_with(kMark)) message.erase(0, kMark.size());
  w.field("message", message);
  if (const Place place = place_of(error.where); !place.file.empty()) {
    w.field("file", place.file);
    if (place.line) w.field("line", *place.line);
    if (place.column) w.field("column", *place.column);
  }
  w.field("text", error.text());
}

bool moved(double from, double to) {
  return std::abs(to - from) > kMoved * from;
}

}  // namespace

std::string timestamp(core::WallTime time) {
  using namespace std::chrono;
  const auto second = floor<seconds>(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(system_clock::to_time_t(second)),
                     duration_cast<milliseconds>(time - second).count());
}

std::string_view level_name(Level level) {
  switch (level) {
    case Level::info:
      return "info";
    case Level::warning:
      return "warning";
    case Level::error:
      return "error";
  }
  std::unreachable();
}

void open_event(core::JsonWriter& w, std::string_view event, core::WallTime time, Level level) {
  w.open('{');
  w.field("event", event);
  w.field("time", timestamp(time));
  w.field("level", level_name(level));
}

std::string notice_json(std::string_view message, core::WallTime time, Level level) {
  std::string out;
  core::JsonWriter w(out);
  open_event(w, "notice", time, level);
  w.field("message", message);
  w.close('}');
  return out;
}

std::string error_json(const core::Error& error, core::WallTime time) {
  std::string out;
  core::JsonWriter w(out);
  open_event(w, "error", time, Level::error);
  w.field("exit", static_cast<std::uint64_t>(core::exit_code(error.code)));
  write_error_fields(w, error);
  w.close('}');
  return out;
}

void write_error(core::JsonWriter& w, const core::Error& error) {
  w.open('{');
  write_error_fields(w, error);
  w.close('}');
}

std::string endpoint_json(const EndpointChange& change, core::WallTime time) {
  std::string out;
  core::JsonWriter w(out);
  open_event(w, "endpoint", time,
             change.change == "stopped"        ? Level::error
             : change.change == "breaker_open" ? Level::warning
                                               : Level::info);
  w.field("endpoint", change.endpoint);
  w.field("change", change.change);
  if (!change.message.empty()) w.field("message", change.message);
  if (change.learned_rpm) w.field("learned_rpm", *change.learned_rpm);
  w.close('}');
  return out;
}

std::string batch_json(const BatchChanged& batch, std::string_view endpoint, core::WallTime time) {
  const bool wrong = !batch.note.empty() || batch.failed > 0;
  std::string out;
  core::JsonWriter w(out);
  open_event(w, "batch", time, wrong ? Level::warning : Level::info);
  w.field("endpoint", endpoint);
  w.field("batch", batch.name);
  w.field("phase", batch.phase);
  w.field("requests", batch.requests);
  w.field("rows", batch.rows);
  w.field("done", batch.done);
  w.field("failed", batch.failed);
  w.field("cost_usd", batch.cost.dollars());
  if (!batch.note.empty()) w.field("message", batch.note);
  w.close('}');
  return out;
}

std::vector<EndpointChange> EndpointWatch::changes(const std::vector<EndpointView>& endpoints) {
  std::vector<EndpointChange> changes;
  known_.resize(std::max(known_.size(), endpoints.size()));
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    const EndpointView& e = endpoints[i];
    Known& known = known_[i];
    const std::string& cause = e.problem ? e.problem->message : e.failure;
    // Between open and closed the breaker tries: neither is news.
    const bool was_bad = known.health == Health::broken;
    if (e.health == Health::stopped && known.health != Health::stopped) {
      changes.push_back({e.name, "stopped", cause, std::nullopt});
      known.health = Health::stopped;
    } else if (e.health == Health::broken && !was_bad) {
      changes.push_back({e.name, "breaker_open", cause, std::nullopt});
      known.health = Health::broken;
    } else if (was_bad && (e.health == Health::fine || e.health == Health::cooling)) {
      changes.push_back({e.name, "recovered", "", std::nullopt});
      known.health = Health::fine;
    }
    if (e.learned_per_minute &&
        (!known.learned_rpm || moved(*known.learned_rpm, *e.learned_per_minute))) {
      changes.push_back({e.name, "learned_rate", "", e.learned_per_minute});
      known.learned_rpm = e.learned_per_minute;
    }
  }
  return changes;
}

}  // namespace sluice::observe
