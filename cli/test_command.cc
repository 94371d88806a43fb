// sluice test: the tests of a pipeline, without a network.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>

#include "cli/commands.h"
#include "cli/job_file.h"
#include "core/json.h"
#include "core/printable.h"
#include "dsl/test_file.h"
#include "rehearse/call.h"
#include "rehearse/rehearsal.h"
#include "rehearse/verdict.h"
#include "shell/help_text.h"
#include "shell/standard_streams.h"

namespace sluice::cli {
namespace {

struct TestFlags {
  std::vector<std::string> files;
  JobFile common;  // but for its path
  std::string only;
  bool update = false;
  bool json = false;
};

// What became of one case.
struct Result {
  std::string name;
  std::string place;
  rehearse::Diff diff;  // empty: it passed
  std::string snapshot;
};

// A pipeline's tests: the test file, and the pipeline that it is about.
struct Suite {
  std::string tests;
  std::string pipeline;
};

constexpr std::string_view kEnding = "_test.lua";

std::string folder_of(const std::string& path) {
  return path.substr(0, path.rfind('/') + 1);  // npos + 1 = 0
}

core::Result<Suite> suite_of(const std::string& path) {
  if (path.ends_with(kEnding))
    return Suite{path, path.substr(0, path.size() - kEnding.size()) + ".lua"};
  std::string stem = path.ends_with(".lua") ? path.substr(0, path.size() - 4) : path;
  Suite suite{stem + std::string(kEnding), path};
  std::error_code none;
  if (!std::filesystem::exists(path, none))
    return core::fail(core::ErrorCode::pipeline, fmt::format("there is no file '{}'", path));
  if (!std::filesystem::exists(suite.tests, none))
    return core::fail(
        core::ErrorCode::pipeline,
        fmt::format("'{}' has no tests: there is no '{}'; write it (sluice init makes "
                    "a job with one to look at), or see docs/testing.md",
                    path, suite.tests));
  return suite;
}

// A case's diff as it is shown.
class Painter {
 public:
  Painter() : colour_(::isatty(STDOUT_FILENO) == 1 && !set("NO_COLOR") && !dumb()) {}

  void passed(const Result& result) const {
    fmt::print("{}  {}\n", in("32", "ok    "), core::printable(result.name));
  }
  void failed(const Result& result) const {
    fmt::print("{}  {}\n        at {}\n", in("31", "FAILED"), core::printable(result.name),
               core::printable(result.place));
    for (const rehearse::DiffLine& line : result.diff) {
      std::istringstream lines(line.text);
      char sign = line.sign;
      for (std::string part; std::getline(lines, part); sign = line.sign == ' ' ? ' ' : '|') {
        const std::string shown = fmt::format("{} {}", sign, core::printable(part));
        fmt::print("        {}\n", line.sign == '-'   ? in("31", shown)
                                   : line.sign == '+' ? in("32", shown)
                                                      : core::printable(part));
      }
    }
  }

 private:
  static bool set(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0';
  }
  static bool dumb() {
    const char* term = std::getenv("TERM");
    return term != nullptr && std::string_view(term) == "dumb";
  }
  std::string in(std::string_view code, std::string_view text) const {
    return colour_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
  }
  bool colour_;
};

// The lines recorded in a snapshot file, by case.
std::map<std::string, std::string> read_snapshots(const std::string& path) {
  std::map<std::string, std::string> lines;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) lines[rehearse::case_of(line)] = line;
  return lines;
}

class Tester {
 public:
  Tester(const TestFlags& flags, Suite suite) : flags_(flags), suite_(std::move(suite)) {}

  // In the order of the file.
  core::Result<std::vector<Result>> run() {
    auto options = options_with({});
    if (!options) return std::unexpected(options.error());
    auto file = dsl::TestFile::load(suite_.tests, *options);
    if (!file) return std::unexpected(file.error());
    file_ = std::move(*file);
    if (file_->tests().own_pipeline) suite_.pipeline = suite_.tests;
    if (const auto& other = file_->tests().pipeline)
      suite_.pipeline = folder_of(suite_.tests) + *other;
    snapshots_ = read_snapshots(snapshot_path());

    std::vector<std::pair<rehearse::Case, const dsl::TestCase*>> cases;
    for (const dsl::TestCase& each : file_->tests().cases) {
      auto test = rehearse::read_case(each.json);
      if (!test) {
        const rehearse::Mistake& wrong = test.error();
        return std::unexpected(file_->mistake(rehearse::name_of(each.json), wrong.word, wrong.what,
                                              wrong.hint, wrong.instead));
      }
      const bool twice = std::ranges::any_of(
          cases, [&](const auto& earlier) { return earlier.first.name == test->name; });
      if (twice)
        return std::unexpected(file_->mistake(test->name, {},
                                              fmt::format("a second case '{}'", test->name),
                                              "give each case a name of its own"));
      cases.emplace_back(std::move(*test), &each);
    }
    std::vector<Result> results;
    for (auto& [test, source] : cases) {
      if (!test.name.contains(flags_.only)) continue;
      auto result = run_case(test, *source);
      if (!result) return std::unexpected(result.error());
      results.push_back(std::move(*result));
    }
    return results;
  }

  // Writes the snapshots of `results`; those of cases that were not run stay.
  core::Status update(const std::vector<Result>& results) {
    std::map<std::string, std::string> lines;
    for (const dsl::TestCase& each : file_->tests().cases) {
      const std::string name = rehearse::name_of(each.json);
      if (const auto old = snapshots_.find(name); old != snapshots_.end())
        lines[name] = old->second;
    }
    for (const Result& result : results) {
      if (result.snapshot.empty()) lines.erase(result.name);
      if (!result.snapshot.empty()) lines[result.name] = result.snapshot;
    }
    std::string text;
    for (const auto& [name, line] : lines) text += line + "\n";
    std::error_code none;
    if (text.empty() && !std::filesystem::exists(snapshot_path(), none)) return {};
    std::ofstream out(snapshot_path(), std::ios::binary | std::ios::trunc);
    out << text;
    out.flush();
    if (!out) return core::fail_errno("cannot write the snapshots", errno, snapshot_path());
    return {};
  }
  std::string snapshot_path() const {
    return suite_.tests.substr(0, suite_.tests.size() - 4) + ".snapshot.jsonl";
  }

 private:
  core::Result<dsl::LoadOptions> options_with(
      const std::map<std::string, std::string>& settings) const {
    auto options = flags_.common.load_options(Secrets::unread);
    if (!options) return std::unexpected(options.error());
    for (const auto& [name, value] : settings) options->parameters[name] = value;
    return options;
  }

  core::Result<Result> run_case(rehearse::Case& test, const dsl::TestCase& source) {
    Result result{.name = test.name, .place = file_->place(test.name), .diff = {}, .snapshot = {}};
    const auto options = options_with(test.set);
    if (!options) return std::unexpected(options.error());
    const auto job = dsl::load(suite_.pipeline, *options);
    if (!job) return std::unexpected(job.error());
    if (test.replies.size() > job->questions.size())
      return std::unexpected(file_->mistake(
          test.name, "questions",
          fmt::format("the case has replies to {} questions, and the pipeline has {}",
                      test.replies.size(), job->questions.size()),
          "one item for each question"));
    test.replies.resize(job->questions.size());
    for (const dsl::TestCase::Function& function : source.functions) {
      test.replies[function.question].function =
          [this, number = function.number](const std::string& row, const std::string& ask) {
            return file_->reply(number, row, ask);
          };
    }
    const auto outcome = test.call ? called(*job, test, result) : rehearsed(*job, test, result);
    if (!outcome)
      return std::unexpected(outcome.error().code == core::ErrorCode::pipeline
                                 ? file_->mistake(test.name, {}, outcome.error().message, {})
                                 : outcome.error());
    return result;
  }

  core::Status called(const stages::JobSpec& job, const rehearse::Case& test, Result& result) {
    auto diff = rehearse::call_differences(job, test);
    if (!diff) return std::unexpected(diff.error());
    result.diff = std::move(*diff);
    return {};
  }

  core::Status rehearsed(const stages::JobSpec& job, const rehearse::Case& test, Result& result) {
    const auto outcome = rehearse::rehearse(job, test.rows, test.replies);
    if (!outcome) return std::unexpected(outcome.error());
    const std::string& key = job.questions[0].read.key;
    std::optional<std::string> recorded;
    if (test.expected.snapshot) {
      result.snapshot = rehearse::snapshot_of(test, *outcome, key);
      if (const auto old = snapshots_.find(test.name); old != snapshots_.end())
        recorded = old->second;
      if (flags_.update && outcome->problem.empty()) recorded = result.snapshot;
    }
    result.diff = rehearse::differences(test.expected, *outcome, key, recorded);
    return {};
  }

  const TestFlags& flags_;
  Suite suite_;
  std::unique_ptr<dsl::TestFile> file_;
  std::map<std::string, std::string> snapshots_;
};

std::string json_of(const std::string& file, const std::vector<Result>& results) {
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  w.field("file", file);
  w.key("cases");
  w.open('[');
  for (const Result& result : results) {
    w.open('{');
    w.field("name", result.name);
    w.field("place", result.place);
    w.field("passed", result.diff.empty());
    w.key("diff");
    w.open('[');
    for (const rehearse::DiffLine& line : result.diff)
      w.value(fmt::format("{} {}", line.sign, line.text));
    w.close(']');
    w.close('}');
  }
  w.close(']');
  w.close('}');
  return out;
}

core::Result<bool> test_file(const TestFlags& flags, const std::string& path) {
  auto suite = suite_of(path);
  if (!suite) return std::unexpected(suite.error());
  const std::string tests = suite->tests;
  Tester tester(flags, std::move(*suite));
  const auto results = tester.run();
  if (!results) return std::unexpected(results.error());
  const auto failed =
      std::ranges::count_if(*results, [](const Result& result) { return !result.diff.empty(); });
  if (flags.update) {
    if (auto written = tester.update(*results); !written) return std::unexpected(written.error());
  }
  if (flags.json) {
    fmt::print("{}\n", json_of(tests, *results));
    return failed == 0;
  }
  const Painter painter;
  for (const Result& result : *results)
    result.diff.empty() ? painter.passed(result) : painter.failed(result);
  fmt::print("{}: {} passed, {} failed\n", core::printable(tests),
             results->size() - static_cast<std::size_t>(failed), failed);
  if (results->empty())
    shell::say(fmt::format("note: no case of {} has '{}' in its name\n", tests, flags.only));
  return failed == 0;
}

int test(const TestFlags& flags) {
  int exit_status = 0;
  for (const std::string& path : flags.files) {
    const auto passed = test_file(flags, path);
    if (!passed) {
      exit_status = std::max(exit_status, report(passed.error()));
    } else if (!*passed) {
      exit_status = std::max(exit_status, 1);
    }
  }
  return exit_status;
}

}  // namespace

void add_test_command(CLI::App& app, int& exit_status) {
  auto flags = std::make_shared<TestFlags>();
  CLI::App* command =
      app.add_subcommand("test", "Run a pipeline's tests; no network, no key, nothing is kept");
  command
      ->add_option("FILE", flags->files,
                   "Pipeline files with a NAME_test.lua beside them, or the test files")
      ->type_name("FILE")
      ->required();
  flags->common.add_common_options(*command);
  command->add_option("--only", flags->only, "Run the cases whose name holds this text")
      ->type_name("TEXT");
  command->add_flag("--update", flags->update,
                    "Record what cases with snapshot = true bring, in NAME_test.snapshot.jsonl");
  command->add_flag("--json", flags->json, "One JSON object for each test file");
  command->footer(shell::help_footer(
      "Exit status: 0 every case passed, 1 some failed, 3 a file does not check. docs/testing.md "
      "shows what a case looks like.",
      {{"sluice test tickets.lua", "the cases in tickets_test.lua"},
       {"sluice test tickets.lua --only refund", "those with \"refund\" in their name"},
       {"sluice test tickets.lua --update", "record what snapshots should hold"}}));
  command->callback([flags, &exit_status] { exit_status = test(*flags); });
}

}  // namespace sluice::cli
