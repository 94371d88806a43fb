// The first stage on a batch: parse each row once, give it its key, validate it, render its prompt
// and name its question. A row that fails becomes an item with a Reject.
//
// Threads: immutable but for name_as_before(); run() from any number of workers at once.
#pragma once

#include <optional>

#include "core/error.h"
#include "stages/item.h"
#include "stages/prompt_template.h"
#include "stages/question.h"
#include "stages/spec.h"

namespace sluice::stages {

class Prepare {
 public:
  // ErrorCode::pipeline when the template is malformed. `spec` and `question` must outlive this.
  static core::Result<Prepare> make(const PipelineSpec& spec, const Question& question);

  // Before run(): whether items are to have their old names as well.
  void name_as_before(bool too) { old_names_ = too; }

  Items run(core::RowBatch&& rows) const;

 private:
  Prepare(const PipelineSpec& spec, const Question& question) : spec_(spec), question_(question) {}
  Item prepare(core::Row&& row) const;
  core::Hash128 question(const Item& item) const;
  // What the output line takes from the row beside its key.
  std::string kept(const core::Row& row, const simdjson::dom::object& object) const;
  std::optional<core::Reject> render(const simdjson::dom::object& object, Item& item) const;
  // `object`: null where the row is none.
  store::RowNames old_names(const Item& item, const simdjson::dom::object* object) const;

  const PipelineSpec& spec_;
  const Question& question_;
  std::optional<PromptTemplate> template_;
  bool old_names_ = false;
};

}  // namespace sluice::stages
