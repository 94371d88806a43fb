// The pipeline file that a command `sluice ask` stands for, as a person would write it.
//
// Threads: any; pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ask/answer_declaration.h"
#include "ask/model_choice.h"

namespace sluice::ask {

struct AskOptions {
  std::string file;                 // where the text will stand, for its own comments
  std::vector<std::string> inputs;  // at least one
  std::string key;                  // empty: rows are named by their content
  std::string system;
  std::string user;
  std::vector<std::string> images = {};  // templates
  std::vector<DeclaredField> answer;     // empty: free text
  int rows_a_request = 1;
  ModelChoice model;
  std::optional<int> max_output_tokens;
  std::string price;  // "0.2/1.25", dollars per million tokens in and out; empty: the list price
  std::string budget;
  std::string deadline;
  std::string out;
};

// Of the job, from the name of its output: "out/answers.csv.gz" is "out-answers". Two outputs in
// one folder are two jobs.
std::string job_name(std::string_view out);

// ErrorCode::usage for a price that is none.
core::Result<std::string> pipeline_text(const AskOptions& options);

}  // namespace sluice::ask
