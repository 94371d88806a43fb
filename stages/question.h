// What all rows of a pipeline are asked, made once from its description. Immutable; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/hash.h"
#include "provider/codec.h"
#include "stages/names.h"
#include "stages/spec.h"

namespace sluice::stages {

struct Question {
  std::vector<answer::Field>
      answer;               // the declared fields; one text field "answer" when none are declared
  bool plain_text = false;  // none declared and one row a request: the reply's text is the answer
  bool packed = false;      // rows > 1: the reply is {"answers": [{"id", …}]}
  bool files = false;       // rows may have files (row_files.h)
  bool vectors = false;     // prompts are embedded: the reply is a vector for each, in their order
  provider::PromptFrame frame;  // system text and schema
  core::Hash128 base;           // of all that the rows' questions share
  core::Hash128 old_base;       // the same, for names.h's old_names

  std::vector<std::string> answer_names() const {
    std::vector<std::string> names;
    for (const answer::Field& field : answer) names.push_back(field.name);
    return names;
  }

  // The hash of one row's question: equal questions share one answer.
  core::Hash128 of(std::string_view prompt) const { return question_name(base, prompt); }
  // With files: `row` as below, or null.
  core::Hash128 of(std::string_view prompt, const std::vector<core::Hash128>& files,
                   const core::Row* row) const {
    return question_name(base, prompt, files, row);
  }
  // Where the row has a part in its answer beside its prompt (ParseSpec::takes_row).
  core::Hash128 of(std::string_view prompt, const core::Row& row) const {
    return question_name(base, prompt, row);
  }
};

Question make_question(const PipelineSpec& spec);
// The same with one row a request.
Question single_question(PipelineSpec spec);

// Whose answers count as this endpoint's: the model, and what else shapes its words.
std::string model_identity(const provider::EndpointSpec& endpoint);
std::vector<std::string> models_of(const DispatchSpec& dispatch);  // of each endpoint, in order

// Of everything that decides which rows are asked what and how their output lines look, endpoints'
// addresses, quotas and money apart. When it changes, the checkpoint begins a new generation. No
// row has a part in it, so it is what it was in all formats: a hash128, on the old base.
core::Hash128 fingerprint(const PipelineSpec& spec, const Question& question);

}  // namespace sluice::stages
