#include "rehearse/rehearsal.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <tuple>

#include "job/run.h"
#include "rehearse/json_text.h"
#include "rehearse/jump_clock.h"
#include "stages/cascade.h"
#include "stages/question.h"

namespace sluice::rehearse {
namespace {

class ScratchFolder {
 public:
  ScratchFolder() {
    std::error_code none;
    std::string pattern = std::filesystem::temp_directory_path(none).string();
    if (none) pattern = "/tmp";
    pattern += "/sluice-test-XXXXXX";
    if (::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// The question with its files in `folder`, and without what would make a test wait or differ.
stages::PipelineSpec placed(stages::PipelineSpec spec, const std::string& folder, std::size_t k,
                            bool last) {
  spec.read.paths = {k == 0 ? folder + "/rows.jsonl"
                            : fmt::format("{}/answers-{}.jsonl", folder, k)};
  if (spec.level.number > 1)
    spec.read.paths.push_back(fmt::format("{}/rejects-{}.jsonl", folder, k));
  spec.read.format = {};  // the rows are there already, whatever they are read from
  spec.read.queue.reset();
  spec.sink.path = fmt::format("{}/answers-{}.jsonl", folder, k + 1);
  spec.sink.rejects = fmt::format("{}/rejects-{}.jsonl", folder, k + 1);
  spec.sink.keep_row = spec.sink.keep_row || !last;
  spec.checkpoint = {.directory = fmt::format("{}/checkpoint-{}", folder, k + 1),
                     .durability = store::Durability::process,
                     .share = {}};
  spec.dispatch.deadline.reset();
  spec.dispatch.hedge = false;
  for (provider::EndpointSpec& endpoint : spec.dispatch.endpoints)
    endpoint.limits.max_concurrency = 1;
  return spec;
}

bool given(const ReplyTexts& texts) {
  return !texts.any.empty() || !texts.by_row.empty() || texts.function;
}

void append_lines(const std::string& path, std::vector<std::string>& lines) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) lines.push_back(std::move(line));
}

// In the order in which their keys stand in the input; lines without one last, in their own.
void order(std::vector<std::string>& lines, const std::string& field, const std::string& rows,
           const std::string& key) {
  if (key.empty()) return;
  std::map<std::string, std::size_t> places;
  std::size_t from = 0;
  while (from < rows.size()) {
    const std::size_t end = std::min(rows.find('\n', from), rows.size());
    places.emplace(value_of(rows.substr(from, end - from), key), places.size());
    from = end + 1;
  }
  std::vector<std::tuple<std::size_t, std::size_t, std::string>> placed;
  for (std::string& line : lines) {
    const auto found = places.find(value_of(line, field));
    placed.emplace_back(found == places.end() ? places.size() : found->second, placed.size(),
                        std::move(line));
  }
  std::ranges::sort(placed);
  for (std::size_t i = 0; i < lines.size(); ++i) lines[i] = std::move(std::get<2>(placed[i]));
}

core::Error mistake(std::string message) {
  return {core::ErrorCode::pipeline, std::move(message), {}};
}

// One question; what came of it is added to `outcome`. Whether the next one may begin.
core::Result<bool> run_question(const stages::PipelineSpec& spec, Replies& replies,
                                const stages::Question& question, Notes& notes, Outcome& outcome) {
  JumpClock clock;
  job::RunOptions options;
  options.clock = &clock;
  options.keep_going = true;  // a test may be about rows that all fail
  options.make_sender = [&](const dispatch::SenderSetup& setup) {
    return make_scripted_sender(setup, question, replies, notes);
  };
  auto run = job::Run::make(spec, options);
  if (!run) return std::unexpected(run.error());
  clock.skip_when([&] { return notes.unreported == 0 && (*run)->only_waits(); });
  const auto result = (*run)->run();
  if (!result) return std::unexpected(result.error());
  outcome.cost += result->progress.account.total().cost;
  if (!stages::has_next_level(spec)) append_lines(spec.sink.rejects, outcome.rejects);
  if (result->end == job::RunEnd::finished) return true;
  outcome.stopped = result->why;
  return false;
}

}  // namespace

core::Result<Outcome> rehearse(const stages::JobSpec& job, const std::string& rows,
                               const std::vector<ReplyTexts>& texts) {
  const ScratchFolder folder;
  if (folder.path().empty())
    return core::fail(core::ErrorCode::io,
                      "cannot make a folder for the test's files; set TMPDIR to one that exists");
  std::ofstream(folder.path() + "/rows.jsonl") << rows;

  std::deque<stages::Question> questions;
  std::vector<Replies> replies;
  for (std::size_t k = 0; k < job.questions.size(); ++k) {
    questions.push_back(stages::make_question(job.questions[k]));
    // Replies that are given once are for all levels of a cascade.
    std::size_t of = k;
    while (of > 0 && job.questions[of].level.number > 1 &&
           (of >= texts.size() || !given(texts[of])))
      --of;
    auto made = Replies::make(of < texts.size() ? texts[of] : ReplyTexts(), questions.back());
    if (!made) return std::unexpected(mistake(made.error()));
    replies.push_back(std::move(*made));
  }

  Outcome outcome;
  Notes notes;
  const std::size_t last = job.questions.size() - 1;
  for (std::size_t k = 0; k <= last; ++k) {
    const stages::PipelineSpec spec = placed(job.questions[k], folder.path(), k, k == last);
    const auto ran = run_question(spec, replies[k], questions[k], notes, outcome);
    if (!ran) return std::unexpected(ran.error());
    if (!*ran) break;
    if (k == last) append_lines(spec.sink.path, outcome.rows);
  }
  const std::string& key = job.questions[0].read.key;
  order(outcome.rows, key, rows, key);
  order(outcome.rejects, "key", rows, key);
  outcome.requests = std::move(notes.sent);
  outcome.problem = std::move(notes.problem);
  return outcome;
}

}  // namespace sluice::rehearse
