#include "deliver/deliver.h"

#include <algorithm>

#include "deliver/lines.h"
#include "deliver/record.h"
#include "deliver/whole_file.h"
#include "stages/question.h"

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

std::vector<format::Column> answer_columns(const stages::Question& question) {
  std::vector<format::Column> columns;
  for (const answer::Field& field : question.answer)
    columns.push_back(
        {field.name, question.vectors ? format::ColumnType::json : type_of(field.type)});
  return columns;
}

WholeFile whole_file(const stages::PipelineSpec& spec, const stages::DeliverySpec& to) {
  WholeFile file{.path = to.path,
                 .to = to.written_path.empty() ? to.path : to.written_path,
                 .columns = {},
                 .answer = answer_columns(stages::make_question(spec))};
  if (to.keep_row || (to.keep.empty() && spec.read.key.empty())) return file;
  file.columns = to.keep.empty() ? std::vector{spec.read.key} : to.keep;
  for (const format::Column& column : file.answer)
    if (std::ranges::find(file.columns, column.name) == file.columns.end())
      file.columns.push_back(column.name);
  return file;
}

core::Result<format::Stand> all_of(const std::string& path) {
  auto lines = Lines::open(path);
  if (!lines) return std::unexpected(lines.error());
  std::string_view line;
  while (true) {
    const auto more = lines->next(line);
    if (!more) return std::unexpected(more.error());
    if (!*more) return lines->stand();
  }
}

}  // namespace

core::Status look_ahead(const stages::PipelineSpec& spec) {
  if (spec.sink.deliveries.empty()) return {};
  const auto record = Record::load(spec.checkpoint.directory);
  if (!record) return std::unexpected(record.error());
  for (const stages::DeliverySpec& to : spec.sink.deliveries)
    if (auto own = is_own(whole_file(spec, to), *record); !own) return own;
  return {};
}

core::Result<std::vector<Delivered>> deliver(const stages::PipelineSpec& spec) {
  std::vector<Delivered> all;
  if (spec.sink.deliveries.empty()) return all;
  auto record = Record::load(spec.checkpoint.directory);
  if (!record) return std::unexpected(record.error());
  for (const stages::DeliverySpec& to : spec.sink.deliveries) {
    const auto written = write_whole(whole_file(spec, to), spec.sink.path, *record);
    if (!written) return std::unexpected(written.error());
    all.push_back({to.path, written->rows, written->changed});
  }
  return all;
}

std::string_view standing_name(Standing standing) {
  constexpr std::string_view kNames[] = {"whole", "behind", "never", "missing", "changed"};
  return kNames[static_cast<std::size_t>(standing)];
}

core::Result<std::vector<Stands>> standings(const stages::PipelineSpec& spec) {
  std::vector<Stands> all;
  if (spec.sink.deliveries.empty()) return all;
  const auto record = Record::load(spec.checkpoint.directory);
  if (!record) return std::unexpected(record.error());
  const auto there = all_of(spec.sink.path);
  if (!there) return std::unexpected(there.error());
  for (const stages::DeliverySpec& to : spec.sink.deliveries) {
    const WholeFile file = whole_file(spec, to);
    const Entry* entry = record->find(file.to);
    Stands& stands = all.emplace_back(Stands{to.path});
    if (entry == nullptr) continue;
    stands.rows = entry->rows;
    const auto tag = tag_of(file.path);
    stands.standing = !tag                                           ? Standing::missing
                      : !entry->tag.empty() && entry->tag != *tag    ? Standing::changed
                      : entry->tag.empty() || entry->stand != *there ? Standing::behind
                                                                     : Standing::whole;
  }
  return all;
}

}  // namespace sluice::deliver
