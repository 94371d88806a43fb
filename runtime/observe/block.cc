#include "observe/block.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/printable.h"
#include "observe/figures.h"
#include "observe/styled.h"
#include "observe/wrap.h"

namespace sluice::observe {
namespace {

constexpr std::size_t kIndent = 12;  // where the figures begin, behind their labels
constexpr std::size_t kReasons = 3;  // of rejects, that are named
constexpr std::size_t kCauseLines = 2;
constexpr std::size_t kShortestName = 12;
constexpr std::size_t kLongName = 24;  // a longer one may be shortened for any column
constexpr int kExtra = 3;              // the rank from which a column is worth less than a name

Line text(std::string_view words, Tone tone = Tone::plain) {
  return {{core::printable(words), tone}};
}

struct Painter {
  std::size_t width;
  Look look;
  std::vector<Line> lines;

  void add(std::vector<Line> more) {
    lines.insert(lines.end(), std::make_move_iterator(more.begin()),
                 std::make_move_iterator(more.end()));
  }
  void labelled(std::string_view label, const std::vector<Line>& pieces) {
    add(flowed(text(fmt::format("  {:<10}", label), Tone::dim), pieces, kIndent, width));
  }

  // Done in green, the rest dim; told apart without colour as well.
  Line bar(double share) const {
    const std::size_t length = std::clamp<std::size_t>(width / 4, 10, 30);
    const auto done = static_cast<std::size_t>(share * static_cast<double>(length));
    const auto repeated = [](std::string_view sign, std::size_t times) {
      std::string out;
      for (std::size_t i = 0; i < times; ++i) out += sign;
      return out;
    };
    return {{repeated(look.unicode ? "━" : "=", done), Tone::good},
            {repeated(look.unicode ? "─" : "-", length - done), Tone::dim}};
  }
};

std::vector<Line> rows_pieces(const View& v, const Painter& painter) {
  std::vector<Line> pieces;
  if (!v.rows_total) {
    pieces.push_back(text(count(v.rows_done)));
  } else {
    const double share =
        *v.rows_total == 0
            ? 1
            : std::min(1.0, static_cast<double>(v.rows_done) / static_cast<double>(*v.rows_total));
    pieces.push_back(painter.bar(share));
    pieces.push_back(text(percent(share), Tone::strong));
    pieces.push_back(text(fmt::format("{} of {}{}", count(v.rows_done),
                                      v.total_is_estimate ? "about " : "", count(*v.rows_total))));
  }
  pieces.push_back(text(rounded(v.rows_per_second) + "/s"));
  return pieces;
}

std::vector<Line> reject_pieces(const View& v) {
  std::vector<Line> pieces{
      text(fmt::format("{} row{}", count(v.rows_rejected), v.rows_rejected == 1 ? "" : "s"),
           Tone::warning)};
  for (std::size_t i = 0; i < std::min(kReasons, v.rejects.size()); ++i)
    pieces.push_back(text(fmt::format("{} {} in {}", count(v.rejects[i].rows), v.rejects[i].reason,
                                      v.rejects[i].stage)));
  if (v.rejects.size() > kReasons)
    pieces.push_back(text(fmt::format("{} other reasons", v.rejects.size() - kReasons)));
  return pieces;
}

std::vector<Line> spent_pieces(const View& v) {
  std::vector<Line> pieces{
      text(v.budget ? fmt::format("{} of {}", v.spent.text(), v.budget->text()) : v.spent.text())};
  if (v.projected) {
    const bool beyond = v.budget && *v.projected > *v.budget;
    pieces.push_back(text(fmt::format("about {} at the end", v.projected->text()),
                          beyond ? Tone::warning : Tone::plain));
  }
  return pieces;
}

std::vector<Line> end_pieces(const View& v) {
  std::vector<Line> pieces;
  const auto at = [&](std::chrono::nanoseconds from_now) {
    return v.clock
               ? clock_text(*v.clock + std::chrono::round<std::chrono::seconds>(from_now), *v.clock)
               : "in " + duration(from_now);
  };
  const bool late = v.left && v.until_deadline && *v.left > *v.until_deadline;
  if (v.left) {
    pieces.push_back(text("about " + at(*v.left), late ? Tone::warning : Tone::plain));
    if (v.clock) pieces.push_back(text("in " + duration(*v.left)));
  }
  if (v.until_deadline)
    pieces.push_back(text((late ? "after the deadline, " : "deadline ") + at(*v.until_deadline),
                          late ? Tone::warning : Tone::plain));
  return pieces;
}

// ---- the table of endpoints

Tone tone_of(Health health) {
  switch (health) {
    case Health::fine:
      break;
    case Health::cooling:
    case Health::probing:
      return Tone::warning;
    case Health::broken:
    case Health::stopped:
      return Tone::bad;
  }
  return Tone::plain;
}

struct Column {
  std::string_view title;
  int rank;  // those with the highest go first where there is no room
  std::string (*value)(const EndpointView&);
};

std::string time_text(const std::optional<std::chrono::nanoseconds>& time) {
  return time ? duration(*time) : "";
}

constexpr std::array<Column, 7> kColumns = {{
    {"in flight", 0,
     [](const EndpointView& e) { return fmt::format("{} of {}", e.in_flight, e.cap); }},
    {"quota", 2,
     [](const EndpointView& e) { return e.quota_used ? percent(*e.quota_used) : std::string(); }},
    {"learned", 6,
     [](const EndpointView& e) {
       return e.learned_per_minute ? rounded(*e.learned_per_minute) + "/min" : std::string();
     }},
    {"p50", 5, [](const EndpointView& e) { return time_text(e.median); }},
    {"p95", 3, [](const EndpointView& e) { return time_text(e.tail); }},
    {"failed", 1,
     [](const EndpointView& e) { return e.failed > 0 ? count(e.failed) : std::string(); }},
    {"refused", 4,
     [](const EndpointView& e) {
       return e.rate_limited > 0 ? count(e.rate_limited) : std::string();
     }},
}};

struct Shown {
  const Column* column;
  std::size_t width;
};

// The columns that have something to show and fit beside names of which the longest has so many
// columns: the extra ones where no name must be shortened for them.
std::vector<Shown> shown_columns(const std::vector<EndpointView>& endpoints, std::size_t longest,
                                 std::size_t room) {
  std::vector<Shown> shown;
  std::size_t taken = 0;
  for (const Column& column : kColumns) {
    std::size_t widest = 0;
    for (const EndpointView& e : endpoints) widest = std::max(widest, columns(column.value(e)));
    if (widest == 0) continue;
    shown.push_back({&column, std::max(widest, column.title.size())});
    taken += 2 + shown.back().width;
  }
  while (shown.size() > 1) {
    const auto least =
        std::ranges::max_element(shown, {}, [](const Shown& s) { return s.column->rank; });
    const std::size_t name = least->column->rank >= kExtra ? kLongName : kShortestName;
    if (taken + std::min(name, longest) <= room) break;
    taken -= 2 + least->width;
    shown.erase(least);
  }
  return shown;
}

void add_cause(const EndpointView& e, Painter& painter) {
  constexpr std::size_t kCauseIndent = 4;
  const bool broken = e.health == Health::broken || e.health == Health::probing;
  if (!e.problem && !broken) return;
  auto cause = wrapped(core::printable(e.problem ? problem_text(*e.problem) : e.failure),
                       painter.width - kCauseIndent);
  if (cause.size() > kCauseLines) {
    cause.resize(kCauseLines);
    cause.back() = shortened(cause.back() + " …", painter.width - kCauseIndent);
  }
  const Tone tone = e.health == Health::fine ? Tone::warning : tone_of(e.health);
  for (std::string& line : cause)
    painter.lines.push_back({{std::string(kCauseIndent, ' ')}, {std::move(line), tone}});
}

void add_endpoints(const View& v, Painter& painter) {
  if (v.endpoints.empty()) return;
  std::size_t state = 0;
  std::size_t longest = 8;  // "endpoint"
  for (const EndpointView& e : v.endpoints) {
    if (e.health != Health::fine) state = std::max(state, 2 + health_name(e.health).size());
    longest = std::max(longest, columns(core::printable(e.name)));
  }
  const std::size_t room = painter.width - 2 - state;
  const auto shown = shown_columns(v.endpoints, longest, room);
  std::size_t taken = 0;
  for (const Shown& s : shown) taken += 2 + s.width;
  const std::size_t name_width = std::clamp<std::size_t>(room - taken, 1, longest);

  std::string title = fmt::format("  {:<{}}", "endpoint", name_width);
  for (const Shown& s : shown) title += fmt::format("  {:>{}}", s.column->title, s.width);
  painter.lines.push_back(text(shortened(title, painter.width), Tone::dim));
  for (const EndpointView& e : v.endpoints) {
    const std::string name = shortened(core::printable(e.name), name_width);
    Line line{{"  " + name + std::string(name_width - columns(name), ' '), tone_of(e.health)}};
    for (const Shown& s : shown) {
      const std::string value = s.column->value(e);
      const bool failed = s.column->title == "failed" && !value.empty();
      line.push_back(
          {fmt::format("  {:>{}}", value, s.width), failed ? Tone::warning : Tone::plain});
    }
    if (e.health != Health::fine)
      line.push_back({fmt::format("  {}", health_name(e.health)), tone_of(e.health)});
    painter.lines.push_back(std::move(line));
    add_cause(e, painter);
  }
}

}  // namespace

std::vector<std::string> as_block(const View& v, std::size_t width, Look look) {
  Painter painter{
      .width = std::max<std::size_t>(width, kIndent + kShortestName), .look = look, .lines = {}};
  painter.add(flowed({},
                     {text(v.job, Tone::strong), text(duration(v.elapsed)),
                      text(v.phase, v.stopping ? Tone::warning : Tone::plain)},
                     2, painter.width));
  painter.labelled("rows", rows_pieces(v, painter));
  if (v.rows_rejected > 0) painter.labelled("rejected", reject_pieces(v));
  painter.labelled("tokens",
                   {text(fmt::format("{} in, {} out", rounded(static_cast<double>(v.input_tokens)),
                                     rounded(static_cast<double>(v.output_tokens)))),
                    text(rounded(v.tokens_per_second) + "/s")});
  painter.labelled("spent", spent_pieces(v));
  if (const auto pieces = end_pieces(v); !pieces.empty()) painter.labelled("ends", pieces);
  if (v.batches) painter.labelled("batches", {text(batches_text(*v.batches))});
  add_endpoints(v, painter);

  std::vector<std::string> out;
  out.reserve(painter.lines.size());
  for (const Line& line : painter.lines) out.push_back(written(line, look.colour));
  return out;
}

}  // namespace sluice::observe
