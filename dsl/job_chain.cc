#include "dsl/job_chain.h"

#include <fmt/format.h>

#include <optional>

#include "dsl/job_paths.h"
#include "stages/cascade.h"

namespace sluice::dsl {
namespace {

// "out/rejects.jsonl" → "out/rejects.question-1.jsonl"
std::string beside(const std::string& rejects, std::size_t question) {
  const std::size_t name = rejects.rfind('/') + 1;  // npos + 1 = 0
  const std::size_t dot = rejects.rfind('.');
  const std::size_t end = dot == rejects.npos || dot <= name ? rejects.size() : dot;
  return fmt::format("{}.question-{}{}", rejects.substr(0, end), question, rejects.substr(end));
}

// A question may use what is left by the time of its own limit and of every later one's; one
// without any keeps to that of the question before it.
template <class T>
void share_limit(std::vector<stages::PipelineSpec>& questions,
                 std::optional<T> stages::DispatchSpec::* limit) {
  for (std::size_t k = questions.size() - 1; k-- > 0;) {
    const std::optional<T>& later = questions[k + 1].dispatch.*limit;
    std::optional<T>& own = questions[k].dispatch.*limit;
    if (later && (!own || *later < *own)) own = later;
  }
  for (std::size_t k = 1; k < questions.size(); ++k) {
    std::optional<T>& own = questions[k].dispatch.*limit;
    if (!own) own = questions[k - 1].dispatch.*limit;
  }
}

}  // namespace

void join_questions(stages::JobSpec& job) {
  std::vector<stages::PipelineSpec>& questions = job.questions;
  if (questions.size() == 1) {
    questions[0].checkpoint.directory = job.directory;
    return;
  }
  for (std::size_t k = 0; k < questions.size(); ++k) {
    stages::PipelineSpec& question = questions[k];
    question.checkpoint.directory = fmt::format("{}/question-{}", job.directory, k + 1);
    if (k + 1 < questions.size()) {
      question.sink = {.path = question.checkpoint.directory + "/answers.jsonl",
                       .rejects = beside(questions.back().sink.rejects, k + 1),
                       .keep_row = true,
                       .keep = {}};
    }
    if (stages::has_next_level(question)) {
      question.sink.rejects = question.checkpoint.directory + "/rejects.jsonl";
      question.sink.for_next_level = true;
    }
    if (k > 0) {
      const stages::SinkSpec& before = questions[k - 1].sink;
      question.read.paths = {as_pattern(before.path)};
      if (before.for_next_level) question.read.paths.push_back(as_pattern(before.rejects));
      question.read.key = questions[0].read.key;
    }
  }
  share_limit(questions, &stages::DispatchSpec::deadline);
  share_limit(questions, &stages::DispatchSpec::budget);
}

}  // namespace sluice::dsl
