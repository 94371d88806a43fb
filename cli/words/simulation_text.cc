#include "words/simulation_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>

#include "core/json.h"
#include "core/printable.h"
#include "inspect/report_words.h"
#include "observe/figures.h"

namespace sluice::words {

using inspect::count_text;
using inspect::dollars_text;
using inspect::seconds_text;
// What bound it most of the time.
std::string bound_text(const Simulated& one) {
  const inspect::SimulatedJob& done = one.done;
  std::map<std::string, int> seen;
  int looks = 0;
  for (const inspect::TimelineLine& point : done.timeline) {
    if (point.waiting == 0) continue;
    ++looks;
    if (!point.limit.empty()) ++seen[point.limit];
  }
  std::string most;
  for (const auto& [limit, times] : seen)
    if (most.empty() || times > seen[most]) most = limit;
  if (most.empty()) return "nothing for long";
  return fmt::format("{}, {} of the time", most,
                     observe::percent(static_cast<double>(seen[most]) / std::max(1, looks)));
}

std::string end_text(const Simulated& one) {
  std::string text;
  if (one.done.report.halt) text += "; ends early: " + one.done.report.halt->message;
  if (one.done.unanswered >= 0.5 && one.done.report.halt)
    text += fmt::format("; {} requests are left", count_text(one.done.unanswered));
  const auto& deadline = one.job.work.deadline;
  if (deadline && one.done.seconds > *deadline)
    text += fmt::format("; {} after the deadline", seconds_text(one.done.seconds - *deadline));
  return text;
}

std::string simulation_text(const std::string& job, const std::vector<Simulated>& all) {
  std::string text = fmt::format("{}: simulated; nothing was sent\n", core::printable(job));
  std::size_t width = 10;
  for (const Simulated& one : all) width = std::max(width, core::printable(one.name).size());
  text += fmt::format("  {:<{}}  {:>11}  {:>9}  {:>10}  {:>9}\n", "", width, "time", "cost",
                      "in flight", "refused");
  for (const Simulated& one : all) {
    text += fmt::format("  {:<{}}  {:>11}  {:>9}  {:>10}  {:>9}\n", core::printable(one.name),
                        width, seconds_text(one.done.seconds), dollars_text(one.done.dollars),
                        count_text(one.done.most_in_flight), count_text(one.done.refused));
    text += fmt::format("  {:<{}}  bound by {}{}\n", "", width, core::printable(bound_text(one)),
                        core::printable(end_text(one)));
  }
  const inspect::SimulatedJob& first = all.front().done;
  text += fmt::format("  {} requests", count_text(all.front().job.work.requests.value));
  if (first.scale > 1)
    text += fmt::format("; one that was simulated stands for {:.3g} of them", first.scale);
  if (first.report.batches > 0)
    text += fmt::format("; {} batches", count_text(static_cast<double>(first.report.batches)));
  return text + "\n";
}

std::string simulation_json(const std::string& job, const std::vector<Simulated>& all) {
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  w.field("job", job);
  w.key("scenarios");
  w.open('[');
  for (const Simulated& one : all) {
    const inspect::SimulatedJob& done = one.done;
    w.open('{');
    w.field("name", one.name);
    w.field("seconds", done.seconds);
    w.field("cost_usd", done.dollars);
    w.field("requests", done.requests);
    w.field("unanswered", done.unanswered);
    w.field("refused", done.refused);
    w.field("most_in_flight", done.most_in_flight);
    w.field("batches", done.report.batches);
    w.field("scale", done.scale);
    w.field("binding", bound_text(one));
    if (done.report.halt) w.field("halt", done.report.halt->message);
    w.key("endpoints");
    w.open('[');
    for (std::size_t e = 0; e < done.answered.size(); ++e) {
      w.open('{');
      w.field("name", one.job.endpoints[e].name);
      w.field("answered", done.answered[e]);
      w.close('}');
    }
    w.close(']');
    w.key("timeline");
    w.open('[');
    for (const inspect::TimelineLine& point : done.timeline) w.raw(inspect::to_json(point));
    w.close(']');
    w.close('}');
  }
  w.close(']');
  w.close('}');
  return out;
}

}  // namespace sluice::words
