#include "observe/view.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/json.h"
#include "core/printable.h"
#include "observe/events.h"
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

// "; rejected: 12 not_json in read (in.jsonl:1: …), 3 refused in parse (…)"
std::string rejects_text(const View& v) {
  constexpr std::size_t kShown = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(kShown, v.rejects.size()); ++i) {
    const RejectView& one = v.rejects[i];
    text += fmt::format("{}{} {} in {}{}", i == 0 ? "; rejected: " : ", ", count(one.rows),
                        one.reason, one.stage, one.example.empty() ? "" : " (" + one.example + ")");
  }
  if (v.rejects.size() > kShown)
    text += fmt::format(", {} other reasons", v.rejects.size() - kShown);
  return text;
}

std::string spent_text(const View& v) {
  return v.budget ? fmt::format("{} of {}", v.spent.text(), v.budget->text()) : v.spent.text();
}

std::string problems_text(const View& v) {
  std::string text;
  for (const EndpointView& e : v.endpoints) {
    if (e.problem) text += fmt::format("; {}: {}", e.name, problem_text(*e.problem));
  }
  return text;
}

}  // namespace

std::string problem_text(const ProblemView& p) {
  if (p.stopped) return "stopped: " + p.message;
  return fmt::format("no answer {} ({} failed in {}): {}", p.answered ? "any more" : "yet",
                     count(p.failures), duration(p.lasting), p.message);
}

std::string batches_text(const BatchesView& b) {
  std::string text = fmt::format("{} out", count(b.out));
  if (b.out > 0)
    text += fmt::format(", {} of {} requests done, the oldest for {}", count(b.done),
                        count(b.requests), duration(b.oldest));
  if (b.filling > 0) text += fmt::format(", {} requests not handed over yet", count(b.filling));
  if (!b.note.empty()) text += fmt::format(" ({})", b.note);
  return text;
}

std::string_view health_name(Health health) {
  switch (health) {
    case Health::fine:
      break;
    case Health::cooling:
      return "cooling";
    case Health::probing:
      return "probing";
    case Health::broken:
      return "breaker open";
    case Health::stopped:
      return "stopped";
  }
  return "";
}

std::string clock_text(std::chrono::local_seconds at, std::chrono::local_seconds now) {
  using namespace std::chrono;
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  const auto day = floor<days>(at);
  const hh_mm_ss time(floor<minutes>(at - day));
  std::string text = fmt::format("{:02}:{:02}", time.hours().count(), time.minutes().count());
  if (day == floor<days>(now)) return text;
  if (at - now < days(7)) return fmt::format("{} {}", kDays[weekday(day).c_encoding()], text);
  const year_month_day date(day);
  return fmt::format("{}-{:02}-{:02} {}", int(date.year()), unsigned(date.month()),
                     unsigned(date.day()), text);
}

std::string as_line(const View& v) {
  std::string line = fmt::format("{}: {} after {}: rows {}; spent {}", v.job, v.phase,
                                 duration(v.elapsed), rows_text(v), spent_text(v));
  if (v.left) line += fmt::format("; about {} left", duration(*v.left));
  if (v.batches) line += fmt::format("; batches: {}", batches_text(*v.batches));
  line += rejects_text(v);
  line += problems_text(v);
  return core::printable(line);
}

std::string as_json(const View& v) {
  std::string out;
  core::JsonWriter w(out);
  open_event(w, "progress", v.time);
  w.field("job", v.job);
  w.field("phase", v.phase);
  w.field("elapsed_s", std::chrono::duration<double>(v.elapsed).count());
  w.field("rows_done", v.rows_done);
  w.field("rows_rejected", v.rows_rejected);
  w.key("rejects");
  w.open('[');
  for (const RejectView& one : v.rejects) {
    w.open('{');
    w.field("reason", one.reason);
    w.field("stage", one.stage);
    w.field("rows", one.rows);
    w.field("example", one.example);
    w.close('}');
  }
  w.close(']');
  if (v.rows_total) w.field("rows_total", *v.rows_total);
  w.field("rows_per_second", v.rows_per_second);
  w.field("input_tokens", v.input_tokens);
  w.field("output_tokens", v.output_tokens);
  w.field("spent_usd", v.spent.dollars());
  if (v.budget) w.field("budget_usd", v.budget->dollars());
  if (v.projected) w.field("projected_usd", v.projected->dollars());
  if (v.left) w.field("left_s", std::chrono::duration<double>(*v.left).count());
  if (v.until_deadline)
    w.field("until_deadline_s", std::chrono::duration<double>(*v.until_deadline).count());
  if (v.batches) {
    w.key("batches");
    w.open('{');
    w.field("out", v.batches->out);
    w.field("requests", v.batches->requests);
    w.field("done", v.batches->done);
    w.field("filling", v.batches->filling);
    w.field("oldest_s", std::chrono::duration<double>(v.batches->oldest).count());
    if (!v.batches->note.empty()) w.field("note", v.batches->note);
    w.close('}');
  }
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
    if (e.median) w.field("p50_s", std::chrono::duration<double>(*e.median).count());
    if (e.tail) w.field("p95_s", std::chrono::duration<double>(*e.tail).count());
    if (e.health != Health::fine) w.field("state", health_name(e.health));
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
