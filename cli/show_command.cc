// sluice show: one row's story, from the input and the checkpoint; the job may be running
// meanwhile.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>

#include "cli/commands.h"
#include "cli/job_file.h"
#include "cli/job_questions.h"
#include "cli/shared_run.h"
#include "core/json.h"
#include "core/printable.h"
#include "inspect/pretty_json.h"
#include "inspect/request_text.h"
#include "inspect/row_story.h"
#include "script/diagnostic.h"
#include "shell/help_text.h"
#include "shell/number_range.h"
#include "shell/standard_streams.h"

namespace sluice::cli {
namespace {

using inspect::RowStory;

struct ShowFlags {
  JobFile file;
  inspect::RowQuery query;
  bool json = false;
};

constexpr inspect::PrettyOptions kPretty{.width = 80, .indent = 4};

std::string record_text(const RowStory::Record& record) {
  std::string text;
  if (record.answer) {
    text = fmt::format("answered{}\n",
                       record.model.empty() ? "" : " by " + core::printable(record.model));
    text = "  " + text + inspect::pretty_members(record.members, kPretty);
  } else {
    text = fmt::format("  {}{} in {}\n", record.withdrawn ? "taken back by redo: " : "rejected: ",
                       core::printable(record.reject.reason), record.reject.stage);
    if (!record.reject.detail.empty()) text += inspect::pretty_text(record.reject.detail, kPretty);
    for (const std::string& before : record.reject.history)
      text += inspect::pretty_text("before: " + before, kPretty);
  }
  return text;
}

// What a run would do with the row now.
std::string next_of(const RowStory& story, const RowStory::Found& found) {
  const bool ended = std::ranges::any_of(story.records, [](const RowStory::Record& record) {
    return record.of_this_row && !record.earlier && !record.withdrawn;
  });
  if (ended && !story.changed) return "ended: a run does not ask it again";
  if (found.reject) return "a run rejects it, unasked";
  if (found.accepted) return "an earlier level has answered it: a run does not ask it here";
  if (found.answered) return "a run takes the answer to an equal question, and does not ask it";
  return "pending: the next run asks it";
}

std::string found_text(const RowStory& story, const RowStory::Found& found) {
  std::string text = fmt::format("  in {} line {}: {}\n", core::printable(found.path), found.line,
                                 next_of(story, found));
  text += inspect::pretty_json(found.row, kPretty);
  if (found.reject) {
    text += fmt::format("  it cannot be asked: {} in {}\n", found.reject->reason,
                        core::stage_name(found.reject->stage));
    text += inspect::pretty_text(found.reject->detail, kPretty);
  } else if (!found.accepted) {
    text += "  its prompt, as it is asked now\n" + inspect::pretty_text(found.prompt, kPretty);
    if (!found.images.empty()) text += "  shown with it\n";
    for (const std::string& image : found.images) text += inspect::pretty_text(image, kPretty);
  }
  return text;
}

std::string story_text(const RowStory& story) {
  std::string text;
  for (const RowStory::Found& found : story.found) text += found_text(story, found);
  if (story.found.empty())
    text += story.input_read ? "  it is not in the input any more\n"
                             : "  the input cannot be read again, so its prompt is not shown\n";
  if (!story.run_before) text += "  the job was never run here\n";
  if (story.changed)
    text += "  the pipeline file has changed since the last run: what is below is from before\n";
  std::int64_t earlier = 0;
  for (const RowStory::Record& record : story.records) {
    if (record.earlier && record.generation != earlier) {
      earlier = record.generation;
      text += fmt::format("  in generation {}, before the pipeline file was changed:\n", earlier);
    }
    text += record_text(record);
  }
  return text;
}

// Where there is no such row: what is near.
int report_unknown(const ShowFlags& flags, const RowStory& story) {
  const std::string& path = flags.file.path;
  if (flags.query.line)
    return report({core::ErrorCode::usage,
                   story.input_read
                       ? fmt::format("no row is made of line {}", *flags.query.line)
                       : "the input cannot be read again, so there are no lines to look for; give "
                         "the row's key",
                   path});
  std::string hint;
  if (!story.other_keys.empty()) {
    std::vector<std::string> keys;
    for (const std::string& key : story.other_keys)
      keys.push_back(key.starts_with('"') ? key.substr(1, key.size() - 2) : key);
    const std::vector<std::string_view> views(keys.begin(), keys.end());
    const std::string_view near = script::nearest(flags.query.key, views);
    const std::size_t first = std::min<std::size_t>(3, views.size());
    hint = near.empty()
               ? fmt::format("; keys are such as {}",
                             fmt::join(views.begin(),
                                       views.begin() + static_cast<std::ptrdiff_t>(first), ", "))
               : fmt::format("; did you mean '{}'?", near);
  } else if (!story.input_read) {
    hint = "; the input cannot be read again, so only rows that have ended are known";
  }
  return report({core::ErrorCode::usage,
                 core::printable(fmt::format(
                     "no row has the key '{}', neither in the input nor in the checkpoint{}",
                     flags.query.key, hint)),
                 path});
}

void write_record(core::JsonWriter& w, const RowStory::Record& record) {
  w.open('{');
  w.field("generation", record.generation);
  w.field("earlier", record.earlier);
  if (record.answer) {
    w.field("model", record.model);
    w.key("answer");
    w.raw("{" + record.members + "}");
  } else {
    w.field("stage", record.reject.stage);
    w.field("reason", record.reject.reason);
    w.field("detail", record.reject.detail);
    w.field("withdrawn", record.withdrawn);
    w.key("history");
    w.open('[');
    for (const std::string& before : record.reject.history) w.value(before);
    w.close(']');
  }
  w.close('}');
}

std::string story_json(const stages::JobSpec& job, std::size_t question, const RowStory& story) {
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  w.field("job", job.name);
  w.field("question", question + 1);
  w.field("changed", story.changed);
  w.key("rows");
  w.open('[');
  for (const RowStory::Found& found : story.found) {
    w.open('{');
    w.key("row");
    w.raw(inspect::json_name(found.name));
    w.field("file", found.path);
    w.field("line", found.line);
    w.field("text", found.row);
    if (found.reject) {
      w.field("reason", found.reject->reason);
      w.field("detail", found.reject->detail);
    } else {
      w.field("prompt", found.prompt);
      if (!found.images.empty()) {
        w.key("images");
        w.open('[');
        for (const std::string& image : found.images) w.value(image);
        w.close(']');
      }
    }
    w.field("next", next_of(story, found));
    w.close('}');
  }
  w.close(']');
  w.key("records");
  w.open('[');
  for (const RowStory::Record& record : story.records) write_record(w, record);
  w.close(']');
  w.close('}');
  return out + '\n';
}

int show_row(const ShowFlags& flags) {
  if (flags.query.key.empty() && !flags.query.line)
    return report({core::ErrorCode::usage, "which row? give its key, or --line N", {}});
  const auto job = load_to_look(flags.file, Secrets::there);
  if (!job) return report(job.error());
  if (job->questions.front().read.key.empty() && !flags.query.line)
    return report({core::ErrorCode::usage,
                   "rows of this job have no key (key = … in s.read): give --line N, the row's "
                   "line in the input",
                   flags.file.path});
  inspect::RowQuery query = flags.query;
  for (std::size_t k = 0; k < job->questions.size(); ++k) {
    if (k > 0 && !begun(*job, k)) continue;
    const auto story = inspect::row_story(job->questions[k], query);
    if (!story) return report(story.error());
    if (story->found.empty() && story->records.empty()) {
      if (k == 0) return report_unknown(flags, *story);
      continue;
    }
    // Later questions read other lines, whose rows have the same key.
    if (query.line && !story->found.empty()) query = {.key = story->found.front().name, .line = {}};
    if (flags.json) {
      fmt::print("{}", story_json(*job, k, *story));
      continue;
    }
    fmt::print("{}{}\n{}", heading_of(*job, k),
               core::printable(flags.query.line ? fmt::format("line {}", *flags.query.line)
                                                : flags.query.key),
               story_text(*story));
  }
  if (!flags.json)
    shell::say(
        "the checkpoint keeps no requests and replies: sluice try --key asks a row for real, and "
        "shows them\n");
  return 0;
}

}  // namespace

void add_show_command(CLI::App& app, int& exit_status) {
  auto flags = std::make_shared<ShowFlags>();
  CLI::App* command = app.add_subcommand(
      "show", "One row: how it stands in the input, its prompt, answer or reject, and history");
  flags->file.add_options(*command);
  command->add_option("KEY", flags->query.key, "The row's key")->type_name("KEY");
  command->add_option("--line", flags->query.line, "The row's line in the input, instead of a key")
      ->type_name("N")
      ->check(shell::whole_number(1));
  command->add_flag("--json", flags->json, "For programs: one object a question");
  command->footer(shell::help_footer(
      "Also while the job runs. The checkpoint keeps no requests and replies: sluice "
      "try shows them.",
      {{"sluice show tickets.lua T-17", ""},
       {"sluice show tickets.lua --line 4", "of a job without a key"}}));
  command->callback([flags, &exit_status] { exit_status = show_row(*flags); });
}

}  // namespace sluice::cli
