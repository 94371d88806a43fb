#include "deliver/target.h"

#include <algorithm>

#include "queue/queues.h"
#include "queue/worker.h"
#include "stages/question.h"
#include "table/tables.h"

namespace sluice::deliver {
namespace {

// Lists and objects are json, whatever is in them.
format::ColumnType type_of(answer::FieldType type) {
  switch (type) {
    case answer::FieldType::text:
    case answer::FieldType::one_of:
      return format::ColumnType::text;
    case answer::FieldType::integer:
      return format::ColumnType::integer;
    case answer::FieldType::number:
      return format::ColumnType::number;
    case answer::FieldType::boolean:
      return format::ColumnType::boolean;
    case answer::FieldType::list:
    case answer::FieldType::object:
      break;
  }
  return format::ColumnType::json;
}

}  // namespace

std::vector<format::Column> answer_columns(const stages::PipelineSpec& spec) {
  const stages::Question question = stages::make_question(spec);
  std::vector<format::Column> columns;
  for (const answer::Field& field : question.answer)
    columns.push_back(
        {field.name, question.vectors ? format::ColumnType::json : type_of(field.type)});
  return columns;
}

// Those of `to`, of what the lines have; none: all.
std::vector<std::string> columns_of(const stages::PipelineSpec& spec,
                                    const stages::DeliverySpec& to,
                                    const std::vector<format::Column>& answer) {
  if (to.keep_row || (to.keep.empty() && spec.read.key.empty())) return {};
  std::vector<std::string> columns = to.keep.empty() ? std::vector{spec.read.key} : to.keep;
  for (const format::Column& column : answer)
    if (std::ranges::find(columns, column.name) == columns.end()) columns.push_back(column.name);
  return columns;
}

std::unique_ptr<format::RecordTarget> target_of(const stages::PipelineSpec& spec,
                                                const stages::DeliverySpec& to) {
  if (to.queue) {
    // Workers that share a queue of rows have the answers of one job together, each its own.
    const std::string& folder = spec.checkpoint.directory;
    return queue::make_target(
        {.spec = *to.queue,
         .job = spec.read.queue ? spec.name + "@" + queue::worker_name(folder) : spec.name,
         .key = spec.read.key,
         .only = columns_of(spec, to, answer_columns(spec)),
         .folder = folder});
  }
  table::Target target{
      .spec = *to.table, .job = spec.name, .key = spec.read.key, .columns = answer_columns(spec)};
  target.only = columns_of(spec, to, target.columns);
  return table::make_target(std::move(target));
}

}  // namespace sluice::deliver
