// sluice check: load and check pipeline files; send nothing.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>

#include "cli/commands.h"
#include "cli/job_file.h"
#include "cli/job_questions.h"
#include "cli/listing.h"
#include "cli/run_end.h"
#include "core/printable.h"
#include "format/formats.h"
#include "inspect/first_rows.h"
#include "inspect/line_identity.h"
#include "inspect/remarks.h"
#include "job/job_files.h"
#include "place/places.h"
#include "shell/help_text.h"
#include "words/remark_text.h"

namespace sluice::cli {
namespace {

// Of `sample`, one line or none.
std::string rendered(const inspect::Alike& sample) {
  if (sample.rows > 0)
    return fmt::format("  {:<11}the first {} row{} of {}, twice and alike\n", "rendered",
                       sample.rows, sample.rows == 1 ? "" : "s", core::printable(sample.path));
  if (sample.why_none.empty()) return {};
  return fmt::format("  {:<11}no rows: {}\n", "rendered", sample.why_none);
}

// Whether check may show what is in a file: only what lies in the working directory or beside the
// pipeline file, in no hidden folder. A stranger's pipeline file may name any file of this machine, and
// what check says may stand in a public log.
bool may_show(const std::string& path, const std::string& pipeline) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path file = fs::canonical(path, error);
  if (error) return false;
  const fs::path beside = fs::path(pipeline).parent_path();
  return std::ranges::any_of(
      std::array{fs::path("."), beside.empty() ? "." : beside}, [&](const fs::path& folder) {
        const fs::path from = fs::canonical(folder, error);
        return !error && std::ranges::none_of(file.lexically_relative(from), [](const auto& part) {
          return part.native().starts_with('.');
        });
      });
}

// What the files of each format look like: columns, and the first row.
core::Result<std::string> inputs(const stages::PipelineSpec& spec) {
  constexpr std::size_t kMostPatterns = 20;
  constexpr std::size_t kRows = 100;  // a file that is cut off soon is found out
  constexpr std::size_t kRowBytes = 300;
  const stages::ReadSpec& read = spec.read;
  std::string text;
  const auto add = [&text](std::string_view name, const std::string& line) {
    text += fmt::format("  {:<11}{}\n", name, line);
  };
  std::vector<std::string_view> shown;
  for (std::size_t i = 0; i < std::min(source::shown_names(read).size(), kMostPatterns); ++i) {
    const std::string_view format =
        read.paths.empty() ? "table" : format::format_of(read.format, read.paths[i]).name;
    if (std::ranges::find(shown, format) != shown.end()) continue;
    const inspect::FirstRows first = inspect::first_rows(read, kRows, i);
    if (first.path.empty() && !read.paths.empty() && place::is_remote(read.paths[i]))
      add("input", first.why_none);
    if (first.path.empty()) continue;
    const bool shows = may_show(first.path, spec.file);
    if (first.error && shows) return std::unexpected(*first.error);
    if (first.error)
      return core::fail(first.error->code, "is not what s.read says: run tells why", first.path);
    if (first.rows.empty()) continue;
    shown.push_back(format);
    const std::string named = fmt::format("{} is {}", first.path, first.description.format);
    if (!shows) {
      add("input", core::printable(named) +
                       "; not shown, since it is neither here nor beside the "
                       "pipeline file");
      continue;
    }
    const std::vector<std::string>& columns = first.description.columns;
    add("input", core::printable(columns.empty() ? named
                                                 : fmt::format("{}; columns: {}", named,
                                                               fmt::join(columns, ", "))));
    add("first row", inspect::line_start(first.rows.front().raw, kRowBytes));
  }
  return text;
}

// What a file has of errors, and of remarks where it has none.
struct Looked {
  std::optional<core::Error> error;  // it does not load, or must not run
  std::vector<inspect::Remark> remarks;
  std::string text;  // for people
};

Looked look(const JobFile& file) {
  Looked looked;
  const auto job = file.load(Secrets::unread);
  // The file may be a stranger's: an address, too, can tell something.
  if (job && std::ranges::any_of(job->questions.front().read.paths, place::is_remote))
    job->questions.front().read.places->hasty()->give_up(
        {core::ErrorCode::io, "check sends nothing; `sluice try` reads its first rows", {}});
  const auto sample =
      job ? file.alike(*job) : core::Result<inspect::Alike>(std::unexpected(job.error()));
  if (!sample) return {sample.error(), {}, {}};
  if (const auto apart = job::keep_apart(*job); !apart) return {apart.error(), {}, {}};
  const auto looks = inputs(job->questions.front());
  if (!looks) return {looks.error(), {}, {}};
  for (std::size_t k = 0; k < job->questions.size(); ++k) {
    const stages::PipelineSpec& spec = job->questions[k];
    const std::string title = title_of(*job, k);
    std::vector<std::string> endpoints;
    for (const auto& endpoint : spec.dispatch.endpoints) endpoints.push_back(endpoint.name);
    looked.text +=
        fmt::format("job '{}', {}{}{} row{} a request, to {}\n", spec.name, title,
                    title.empty() ? "" : ", ", spec.pack.rows, spec.pack.rows == 1 ? "" : "s",
                    core::printable(fmt::format("{}", fmt::join(endpoints, ", "))));
    if (const Change change = change_of(*job, k); !change.text.empty())
      looked.text += fmt::format("  {:<11}{}\n", "note", change.text);
    std::ranges::move(inspect::option_remarks(spec), std::back_inserter(looked.remarks));
  }
  std::ranges::move(inspect::function_remarks(*job), std::back_inserter(looked.remarks));
  std::ranges::move(end_remarks(*job), std::back_inserter(looked.remarks));
  std::ranges::move(inspect::input_remarks(
                        job->questions.front(),
                        [&file](const std::string& path) { return may_show(path, file.path); }),
                    std::back_inserter(looked.remarks));
  looked.text += listing(*job) + *looks + rendered(*sample);
  return looked;
}

int status_of(const Looked& looked) {
  if (looked.error) return core::exit_code(looked.error->code);
  const bool wrong = std::ranges::any_of(looked.remarks, [](const inspect::Remark& one) {
    return one.severity == inspect::Severity::error;
  });
  return wrong ? core::exit_code(core::ErrorCode::pipeline) : 0;
}

int check(const std::vector<JobFile>& files, bool json) {
  int exit_status = 0;
  std::vector<inspect::Remark> all;
  for (const JobFile& file : files) {
    Looked looked = look(file);
    const int status = status_of(looked);
    exit_status = std::max(exit_status, status);
    if (json) {
      if (looked.error) all.push_back(words::remark_of(*looked.error, file.path));
      std::ranges::move(looked.remarks, std::back_inserter(all));
    } else if (looked.error) {
      report(*looked.error);
    } else {
      fmt::print("{}: {}: {}{}", file.path, status == 0 ? "ok" : "not ok", looked.text,
                 words::remarks_text(looked.remarks));
    }
  }
  if (json) fmt::print("{}\n", words::remarks_json(all, exit_status == 0));
  return exit_status;
}

}  // namespace

void add_check_command(CLI::App& app, int& exit_status) {
  struct Options {
    std::vector<std::string> paths;
    JobFile each;  // but for its path
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("check", "Load and check pipeline files; send nothing");
  command->add_option("FILE", options->paths, "The pipeline files")->type_name("FILE")->required();
  options->each.add_common_options(*command);
  command->add_flag("--json", options->json,
                    "For editors and CI: the findings, with file, line and column");
  command->footer(shell::help_footer(
      "Shows what each would read, write and reach. Safe on a stranger's file: no variable's value "
      "is read, and its functions work on the first rows of the input only.",
      {{"sluice check tickets.lua", ""}, {"sluice check pipelines/*.lua", "several at once"}}));
  command->callback([options, &exit_status] {
    std::vector<JobFile> files;
    for (const std::string& path : options->paths) {
      files.push_back(options->each);
      files.back().path = path;
    }
    exit_status = check(files, options->json);
  });
}

}  // namespace sluice::cli
