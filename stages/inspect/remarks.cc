#include "inspect/remarks.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>

#include "core/printable.h"
#include "format/json_value.h"
#include "inspect/first_rows.h"
#include "inspect/line_identity.h"
#include "place/uri.h"
#include "stages/first_rejects.h"
#include "stages/prepare.h"
#include "stages/question.h"
#include "stages/steps.h"

namespace sluice::inspect {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kRows = 100;
constexpr std::size_t kMostOfOne = 16;  // that steps make of one row
constexpr std::chrono::seconds kTime{2};
constexpr std::size_t kShownReasons = 3;

struct Sample {
  stages::Items items;
  std::set<std::string> fields;  // of any row that is one
  std::string path;
  bool whole = false;  // all of the first rows
};

void note_fields(const core::Row& row, std::set<std::string>& fields) {
  thread_local simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (format::parse_json(parser, row.raw, object)) return;
  for (const auto [name, value] : object) fields.emplace(name);
}

Sample sample_of(const stages::PipelineSpec& spec, FirstRows&& first) {
  Sample sample;
  sample.path = first.path;
  const stages::Question question = stages::make_question(spec);
  auto prepare = stages::Prepare::make(spec, question);
  if (!prepare) return sample;
  prepare->name_files({first.path});
  const stages::Steps steps(spec.read.steps);
  const Clock::time_point deadline = Clock::now() + kTime;
  for (core::Row& row : first.rows) {
    if (Clock::now() > deadline) return sample;
    core::RowBatch made;
    steps.run(std::move(row), [&](core::Row&& one) {
      made.push_back(std::move(one));
      return made.size() < kMostOfOne;
    });
    for (const core::Row& one : made) note_fields(one, sample.fields);
    for (stages::Item& item : prepare->run(std::move(made)))
      sample.items.push_back(std::move(item));
  }
  sample.whole = true;
  return sample;
}

void put_at(Remark& remark, const stages::SourcePlace& place) {
  remark.file = place.file;
  remark.line = place.line;
  remark.column = place.column;
  remark.shown = place.shown;
}

// At an option of the pipeline file, as far as it shows where that stands.
Remark remark_at(const stages::PipelineSpec& spec, Severity severity, std::string_view option,
                 std::size_t item, std::string message, std::string hint) {
  Remark remark{severity, spec.file, 0, 0, std::move(message), std::move(hint), {}};
  const auto at = std::ranges::find_if(spec.places, [&](const stages::OptionPlace& one) {
    return one.option == option && one.item == item;
  });
  if (at != spec.places.end()) put_at(remark, at->place);
  return remark;
}

// What there is to see of a row of a file that is not to be shown.
void hide(stages::Item& item) {
  item.row.raw.clear();
  item.row.key_json.clear();
  if (!item.reject) return;
  item.reject = std::make_shared<const core::Reject>(
      core::Reject{item.reject->stage, item.reject->reason, "run tells why", {}});
}

std::string name_of(const stages::Item& item) {
  return line_start(item.row.key_json.empty() ? item.row.raw : item.row.key_json, 40);
}

// Rows that a run would reject: an error where it would stop for them, else a warning a reason.
void add_rejects(const Sample& sample, std::vector<Remark>& remarks) {
  std::map<std::pair<core::Stage, std::string>, std::vector<const stages::Item*>> reasons;
  for (const stages::Item& item : sample.items)
    if (item.reject) reasons[{item.reject->stage, item.reject->reason}].push_back(&item);
  if (reasons.empty()) return;
  stages::FirstRejects first;
  stages::Items copy = sample.items;
  first.add(1, std::move(copy));
  if (sample.whole) first.end(true);
  if (first.alike()) {
    const stages::Item& item = sample.items.front();
    remarks.push_back({Severity::error, sample.path, item.row.line, 0, *first.alike(),
                       "a run would ask nothing: correct the pipeline file or the input"});
    return;
  }
  std::vector<const std::vector<const stages::Item*>*> sorted;
  for (const auto& [reason, items] : reasons) sorted.push_back(&items);
  std::ranges::sort(sorted, {}, [](const auto* items) {  // of as many, the one that comes first
    return std::pair(~items->size(), items->front()->row.line);
  });
  if (sorted.size() > kShownReasons) sorted.resize(kShownReasons);
  for (const auto* items : sorted) {
    const stages::Item& item = *items->front();
    const std::string name = item.reject->stage == core::Stage::read ? "" : name_of(item) + ": ";
    remarks.push_back({Severity::warning,
                       sample.path,
                       item.row.line,
                       0,
                       fmt::format("{} of the first {} rows would be rejected ({} in {}), for "
                                   "example {}{}",
                                   items->size(), sample.items.size(), item.reject->reason,
                                   core::stage_name(item.reject->stage), name,
                                   line_start(item.reject->detail, 240)),
                       {}});
  }
}

void add_duplicates(const Sample& sample, std::vector<Remark>& remarks) {
  std::map<std::string_view, const stages::Item*> seen;
  for (const stages::Item& item : sample.items) {
    if (item.row.key_json.empty()) continue;
    const auto [first, added] = seen.emplace(item.row.key_json, &item);
    if (added || first->second->row.raw == item.row.raw) continue;
    remarks.push_back(
        {Severity::warning, sample.path, item.row.line, 0,
         fmt::format("rows of different content share a key: {} is that of line {} and of line {}",
                     name_of(item), first->second->row.line, item.row.line),
         "give `key` a field that is different in each row"});
    return;
  }
}

void add_fields(const stages::PipelineSpec& spec, const Sample& sample,
                std::vector<Remark>& remarks) {
  if (sample.fields.empty()) return;
  const auto has = [&](const std::string& name) { return sample.fields.contains(name); };
  for (std::size_t i = 0; i < spec.sink.keep.size(); ++i) {
    const std::string& name = spec.sink.keep[i];
    if (has(name)) continue;
    remarks.push_back(
        remark_at(spec, Severity::warning, "keep", i,
                  fmt::format("`keep` names the field '{}', which none of the first rows has",
                              core::printable(name)),
                  "a field that a row lacks is left out of its line"));
  }
  const bool all = spec.sink.keep_row || (spec.sink.keep.empty() && spec.read.key.empty());
  for (std::size_t i = 0; i < spec.pack.answer.size(); ++i) {
    const answer::Field& field = spec.pack.answer[i];
    const bool kept = all ||
                      std::ranges::find(spec.sink.keep, field.name) != spec.sink.keep.end() ||
                      (spec.sink.keep.empty() && spec.read.key == field.name);
    if (!kept || !has(field.name)) continue;
    remarks.push_back(
        remark_at(spec, Severity::note, "answer", i,
                  fmt::format("the answer's field '{0}' hides the rows' own '{0}' in the output",
                              core::printable(field.name)),
                  "give the answer's field another name to have both"));
  }
}

}  // namespace

std::string_view severity_name(Severity severity) {
  switch (severity) {
    case Severity::error:
      return "error";
    case Severity::warning:
      return "warning";
    case Severity::note:
      return "note";
  }
  return "";
}

std::vector<Remark> function_remarks(const stages::JobSpec& job) {
  std::vector<Remark> remarks;
  for (const stages::UndefinedGlobal& global : job.undefined) {
    Remark& remark = remarks.emplace_back();
    remark.severity = Severity::warning;
    remark.message =
        fmt::format("a function reads '{}', which has no value", core::printable(global.name));
    remark.hint = global.hint;
    put_at(remark, global.place);
  }
  return remarks;
}

std::vector<Remark> option_remarks(const stages::PipelineSpec& spec) {
  std::vector<Remark> remarks;
  const auto warn = [&](std::string_view option, std::size_t item, std::string message,
                        std::string hint) {
    remarks.push_back(
        remark_at(spec, Severity::warning, option, item, std::move(message), std::move(hint)));
  };
  if (spec.level.number <= 1 && !spec.pack.user &&
      spec.pack.user_template.find("{{") == std::string::npos)
    warn("user", 0, "the prompt names no field of the row: all rows ask the same question, once",
         "write {{field}} where a field's text goes");
  const auto& endpoints = spec.dispatch.endpoints;
  const bool tiers = std::ranges::any_of(endpoints, &provider::EndpointSpec::of_tiers);
  if (tiers && endpoints.size() > 1 && spec.dispatch.route == schedule::Route::deadline &&
      !spec.dispatch.deadline)
    remarks.push_back(
        {Severity::note, spec.file, 0, 0,
         "there is no deadline, so a dearer tier gets a request only while no cheaper "
         "one can be had",
         "give dispatch a deadline, by which dearer tiers help as far as they must; or "
         "route = \"cheapest\", by which they help at once"});
  for (std::size_t i = 0; i < spec.dispatch.endpoints.size(); ++i) {
    const provider::EndpointSpec& endpoint = spec.dispatch.endpoints[i];
    if (endpoint.weight && spec.dispatch.route != schedule::Route::spread)
      warn("weight", i, fmt::format("`weight` of {} has no effect", endpoint.name),
           "it counts with route = \"spread\" in dispatch");
    const std::size_t host = endpoint.base_url.find("://");
    if (host != std::string::npos && endpoint.base_url.find('/', host + 3) == std::string::npos)
      warn("base_url", i, fmt::format("base_url of {} has no path", endpoint.name),
           fmt::format("most servers have their API below /v1: base_url = \"{}/v1\"",
                       endpoint.base_url));
  }
  return remarks;
}

std::vector<Remark> input_remarks(const stages::PipelineSpec& spec,
                                  const std::function<bool(const std::string& path)>& may_show) {
  std::vector<Remark> remarks;
  for (const std::string& pattern : spec.read.paths) {
    if (pattern == "-" || place::is_remote(pattern) || !quick_to_expand(pattern)) continue;
    if (const auto paths = source::names_of({.paths = {pattern}, .format = {}}); !paths)
      remarks.push_back(
          {Severity::warning, pattern, 0, 0, paths.error().message, "a run would end with 5"});
  }
  FirstRows first = first_rows(spec.read, kRows);
  if (first.empty && !first.error)
    remarks.push_back({Severity::warning, first.path, 0, 0, "this input has no rows", {}});
  if (first.rows.empty()) return remarks;
  const bool shows = may_show(first.path);
  Sample sample = sample_of(spec, std::move(first));
  if (!shows) {
    for (stages::Item& item : sample.items) hide(item);
  }
  add_rejects(sample, remarks);
  if (!shows) return remarks;
  add_duplicates(sample, remarks);
  add_fields(spec, sample, remarks);
  return remarks;
}

}  // namespace sluice::inspect
