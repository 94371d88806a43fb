// The first stage on a batch: parse each row once, give it its key, validate it, render its prompt,
// look at its files and name its question. A row that fails becomes an item with a Reject.
//
// Threads: immutable but for name_as_before() and name_files(); run() from any number of workers at once.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "stages/item.h"
#include "stages/prompt_template.h"
#include "stages/question.h"
#include "stages/read_files.h"
#include "stages/spec.h"

namespace sluice::stages {

class Prepare {
 public:
  // ErrorCode::pipeline when the template is malformed. `spec` and `question` must outlive this.
  static core::Result<Prepare> make(const PipelineSpec& spec, const Question& question);

  // Before run(): whether items are to have their old names as well.
  void name_as_before(bool too) { old_names_ = too; }
  // Before run(): the files that Row::source counts, for messages.
  void name_files(std::vector<std::string> files) { files_ = std::move(files); }

  Items run(core::RowBatch&& rows) const;

 private:
  Prepare(const PipelineSpec& spec, const Question& question) : spec_(spec), question_(question) {}
  Item prepare(core::Row&& row) const;
  core::Hash128 question(const Item& item) const;
  // What the output line takes from the row beside its key; in `fields` where it is not all of it.
  std::string_view kept(const core::Row& row, const simdjson::dom::object& object,
                        std::string& fields) const;
  // With the line's place; `column`: in bytes, 0 = of the whole line.
  core::Reject unreadable(const core::Row& row, std::string reason, std::size_t column,
                          std::string_view what) const;
  std::optional<core::Reject> render(const simdjson::dom::object& object, Item& item) const;
  // `object`: null where the row is none.
  store::RowNames old_names(const Item& item, const simdjson::dom::object* object) const;

  const PipelineSpec& spec_;
  const Question& question_;
  std::optional<PromptTemplate> template_;
  std::optional<FileReader> file_reader_;  // where rows may have files
  std::uint32_t answer_bytes_ = 0;         // of each answer (Item::answer_bytes)
  bool old_names_ = false;
  std::vector<std::string> files_;
};

}  // namespace sluice::stages
