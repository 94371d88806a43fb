#include "deliver/deliver.h"

#include <algorithm>

#include "deliver/lines.h"
#include "deliver/pieces.h"
#include "deliver/record.h"
#include "deliver/target.h"
#include "deliver/whole_file.h"
#include "format/record_writer.h"

namespace sluice::deliver {
namespace {

std::string name_of(const stages::DeliverySpec& to) {
  return to.written_path.empty() ? to.path : to.written_path;
}

WholeFile whole_file(const stages::PipelineSpec& spec, const stages::DeliverySpec& to) {
  WholeFile file{
      .path = to.path,
      .places = to.places ? to.places : std::make_shared<place::Places>(place::Settings{}),
      .to = name_of(to),
      .columns = {},
      .answer = answer_columns(spec)};
  file.columns = columns_of(spec, to, file.answer);
  return file;
}

// Such a sink has its own position; the record has it as well, for standings(), which asks no server.
core::Result<Delivered> put_in_pieces(const stages::PipelineSpec& spec,
                                      const stages::DeliverySpec& to, Record& record) {
  const auto target = target_of(spec, to);
  auto pieces = Pieces::open(*target, spec.sink.path);
  if (!pieces) return std::unexpected(pieces.error());
  const format::Stand before = pieces->stand();
  if (const auto put = pieces->advance(); !put) return std::unexpected(put.error());
  const format::Stand now = pieces->stand();
  const Entry* noted = record.find(name_of(to));
  const bool changed = now != before || noted == nullptr || noted->stand != now;
  Entry entry{.to = name_of(to),
              .stand = now,
              .form = to.table ? "table" : "queue",
              .tag = {},
              .rows = pieces->rows()};
  if (changed)
    if (auto saved = record.put(std::move(entry)); !saved) return std::unexpected(saved.error());
  return Delivered{to.path, pieces->rows(), changed};
}

}  // namespace

core::Status look_ahead(const stages::PipelineSpec& spec) {
  if (spec.sink.deliveries.empty()) return {};
  const auto record = Record::load(spec.checkpoint.directory);
  if (!record) return std::unexpected(record.error());
  for (const stages::DeliverySpec& to : spec.sink.deliveries) {
    if (to.in_pieces()) {
      if (const auto there = target_of(spec, to)->open(); !there)
        return std::unexpected(there.error());
      continue;
    }
    const WholeFile file = whole_file(spec, to);
    const format::OutputFormat* format = format::output_format_of(file.path);
    if (format != nullptr && format->available != nullptr)
      if (auto available = format->available(); !available) return available;
    if (auto own = own_tag(file, *record); !own) return std::unexpected(own.error());
    if (auto may = file.places->may_create(file.path); !may) return may;
  }
  return {};
}

core::Result<std::vector<Delivered>> deliver(const stages::PipelineSpec& spec) {
  std::vector<Delivered> all;
  if (spec.sink.deliveries.empty()) return all;
  auto record = Record::load(spec.checkpoint.directory);
  if (!record) return std::unexpected(record.error());
  for (const stages::DeliverySpec& to : spec.sink.deliveries) {
    if (to.in_pieces()) {
      const auto put = put_in_pieces(spec, to, *record);
      if (!put) return std::unexpected(put.error());
      all.push_back(*put);
      continue;
    }
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
  const auto there = each_line(spec.sink.path, [](std::string_view) { return core::Status(); });
  if (!there) return std::unexpected(there.error());
  for (const stages::DeliverySpec& to : spec.sink.deliveries) {
    const WholeFile file = whole_file(spec, to);
    const Entry* entry = record->find(file.to);
    Stands& stands = all.emplace_back(Stands{to.path});
    if (entry == nullptr) continue;
    stands.rows = entry->rows;
    if (to.in_pieces()) {
      stands.standing = entry->stand == *there ? Standing::whole : Standing::behind;
      continue;
    }
    const auto now = file.places->tag_of(file.path);
    if (!now) return std::unexpected(now.error());
    const std::optional<std::string>& tag = *now;
    stands.standing = !tag                                           ? Standing::missing
                      : !entry->tag.empty() && entry->tag != *tag    ? Standing::changed
                      : entry->tag.empty() || entry->stand != *there ? Standing::behind
                                                                     : Standing::whole;
  }
  return all;
}

}  // namespace sluice::deliver
