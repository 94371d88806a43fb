#include "observe/view.h"

#include <fmt/format.h>

#include "core/json.h"
#include "core/printable.h"
#include "observe/figures.h"

namespace sluice::observe {
namespace {

std::string rows_text(const View& v) {
  std::string text = count(v.rows_done);
  if (v.rows_total) {
    text += fmt::format(" of {}{}", v.total_is_estimate ? "about " : "", count(*v.rows_total));
    if (*v.rows_total > 0)
      text += fmt::format(
          "  {}", percent(static_cast<double>(v.rows_done) / static_cast<double>(*v.rows_total)));
  }
  text += fmt::format("  {}/s", rounded(v.rows_per_second));
  if (v.rows_rejected > 0) text += fmt::format("  {} rejected", count(v.rows_rejected));
  return text;
}

std::string spent_text(const View& v) {
  return v.budget ? fmt::format("{} of {}", v.spent.text(), v.budget->text()) : v.spent.text();
}

std::string endpoint_text(const EndpointView& e) {
  std::string text = fmt::format("{}  {} of {} in flight", e.name, e.in_flight, e.cap);
  if (e.quota_used) text += fmt::format("  quota {}", percent(*e.quota_used));
  if (e.learned_per_minute) text += fmt::format("  learned {}/min", rounded(*e.learned_per_minute));
  if (e.failed > 0) text += fmt::format("  {} failed", count(e.failed));
  if (e.rate_limited > 0) text += fmt::format("  {} refused", count(e.rate_limited));
  if (!e.state.empty()) text += "  " + e.state;
  return text;
}

std::string problems_text(const View& v) {
  std::string text;
  for (const EndpointView& e : v.endpoints) {
    if (e.problem) text += fmt::format("; {}: {}", e.name, problem_text(*e.problem));
  }
  return text;
}

// Cut to `width` columns (code points; a run's texts hold no wide characters).
std::string fitted(std::string line, std::size_t width) {
  line = core::printable(line);
  std::size_t columns = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if ((static_cast<unsigned char>(line[i]) & 0xC0) == 0x80) continue;
    if (++columns > width) return line.substr(0, i);
  }
  return line;
}

}  // namespace

std::string problem_text(const ProblemView& p) {
  if (p.stopped) return "stopped: " + p.message;
  return fmt::format("no answer {} ({} failed in {}): {}", p.answered ? "any more" : "yet",
                     count(p.failures), duration(p.lasting), p.message);
}

std::vector<std::string> as_block(const View& v, std::size_t width) {
  std::vector<std::string> lines;
  const auto add = [&](std::string line) { lines.push_back(fitted(std::move(line), width)); };
  add(fmt::format("{}  {}  {}", v.job, v.phase, duration(v.elapsed)));
  add("  rows    " + rows_text(v));
  add(fmt::format("  tokens  {} in, {} out  {}/s", rounded(static_cast<double>(v.input_tokens)),
                  rounded(static_cast<double>(v.output_tokens)), rounded(v.tokens_per_second)));
  add("  spent   " + spent_text(v));
  for (const EndpointView& endpoint : v.endpoints) {
    add("  " + endpoint_text(endpoint));
    if (endpoint.problem && !endpoint.problem->stopped)
      add("    " + problem_text(*endpoint.problem));
  }
  if (v.left) add("  left    about " + duration(*v.left));
  return lines;
}

std::string as_line(const View& v) {
  std::string line = fmt::format("{}: {} after {}: rows {}; spent {}", v.job, v.phase,
                                 duration(v.elapsed), rows_text(v), spent_text(v));
  if (v.left) line += fmt::format("; about {} left", duration(*v.left));
  line += problems_text(v);
  return core::printable(line);
}

std::string notice_json(const std::string& message) {
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  w.field("event", "notice");
  w.field("message", message);
  w.close('}');
  return out;
}

std::string as_json(const View& v) {
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  w.field("event", "progress");
  w.field("job", v.job);
  w.field("phase", v.phase);
  w.field("elapsed_s", std::chrono::duration<double>(v.elapsed).count());
  w.field("rows_done", v.rows_done);
  w.field("rows_rejected", v.rows_rejected);
  if (v.rows_total) w.field("rows_total", *v.rows_total);
  w.field("rows_per_second", v.rows_per_second);
  w.field("input_tokens", v.input_tokens);
  w.field("output_tokens", v.output_tokens);
  w.field("spent_usd", v.spent.dollars());
  if (v.budget) w.field("budget_usd", v.budget->dollars());
  if (v.left) w.field("left_s", std::chrono::duration<double>(*v.left).count());
  w.key("endpoints");
  w.open('[');
  for (const EndpointView& e : v.endpoints) {
    w.open('{');
    w.field("name", e.name);
    w.field("in_flight", e.in_flight);
    w.field("concurrency", e.cap);
    w.field("rate_limited", e.rate_limited);
    w.field("failed", e.failed);
    if (e.learned_per_minute) w.field("learned_rpm", *e.learned_per_minute);
    if (e.quota_used) w.field("quota_used", *e.quota_used);
    if (!e.state.empty()) w.field("state", e.state);
    if (e.problem) {
      w.key("problem");
      w.open('{');
      w.field("failures", e.problem->failures);
      w.field("seconds", std::chrono::duration<double>(e.problem->lasting).count());
      w.field("stopped", e.problem->stopped);
      w.field("message", e.problem->message);
      w.close('}');
    }
    w.close('}');
  }
  w.close(']');
  w.close('}');
  return out;
}

}  // namespace sluice::observe
