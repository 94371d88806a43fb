#include "deliver/whole_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "deliver/lines.h"
#include "format/record_writer.h"
#include "storage/atomic_file.h"

namespace sluice::deliver {
namespace {

std::vector<format::Column> chosen(std::vector<format::Column> there,
                                   const std::vector<std::string>& wanted) {
  if (wanted.empty()) return there;
  std::vector<format::Column> columns;
  for (const std::string& name : wanted) {
    const auto found = std::ranges::find(there, name, &format::Column::name);
    columns.push_back(found == there.end() ? format::Column{name} : *found);
  }
  return columns;
}

}  // namespace

core::Status is_own(const WholeFile& file, const Record& record) {
  const auto there = file.places->tag_of(file.path);
  if (!there) return std::unexpected(there.error());
  const std::optional<std::string>& tag = *there;
  const Entry* entry = record.find(file.to);
  if (!tag || (entry != nullptr && (entry->tag.empty() || entry->tag == *tag))) return {};
  return core::fail(core::ErrorCode::pipeline,
                    entry == nullptr
                        ? "is there already, and this job did not write it: move it away, or give "
                          "the sink another name"
                        : "was changed since this job wrote it, and would be written over: move it "
                          "away, and it is written again, or give the sink another name",
                    file.path);
}

core::Result<Written> write_whole(const WholeFile& file, const std::string& lines, Record& record) {
  if (auto own = is_own(file, record); !own) return std::unexpected(own.error());
  const format::OutputFormat* format = format::output_format_of(file.path);
  if (format == nullptr)
    return core::fail(core::ErrorCode::internal, "a sink of no known format", file.path);

  // What is there, first: it may be written already, and columns and types are known at the end only.
  const bool look = format->needs_types || format->needs_columns;
  format::ColumnFinder finder(file.answer);
  std::uint64_t rows = 0;
  const auto stand = each_line(lines, [&](std::string_view line) -> core::Status {
    ++rows;
    if (look) finder.add(line);
    return {};
  });
  if (!stand) return std::unexpected(stand.error());
  std::vector<format::Column> columns;
  if (look) {
    columns = chosen(finder.columns(), file.columns);
  } else {
    for (const std::string& name : file.columns) columns.push_back({name});
  }
  const std::string form = fmt::format("{}: {}", format->name, fmt::join(file.columns, "\n"));

  const auto tag = file.places->tag_of(file.path);
  if (!tag) return std::unexpected(tag.error());
  const Entry* before = record.find(file.to);
  if (before != nullptr && *tag && before->tag == **tag && before->stand == *stand &&
      before->form == form)
    return Written{rows, false};

  auto target = file.places->create(file.path);
  if (!target) return std::unexpected(target.error());
  const auto writer = format->make(**target, std::move(columns));
  if (auto begun = writer->begin(); !begun) return std::unexpected(begun.error());
  const auto written = each_line(lines, [&](std::string_view line) { return writer->write(line); });
  if (!written) return std::unexpected(written.error());
  if (*written != *stand)
    return core::fail(core::ErrorCode::io, "was changed while it was read", lines);
  if (auto ended = writer->finish(); !ended) return std::unexpected(ended.error());
  // A crash from here on leaves the file with a tag that nobody knows: until it is known, any is.
  Entry entry{file.to, *stand, form, "", rows};
  if (auto noted = record.put(entry); !noted) return std::unexpected(noted.error());
  if (auto placed = (*target)->finish(); !placed) return std::unexpected(placed.error());
  const auto left = file.places->tag_of(file.path);
  if (!left) return std::unexpected(left.error());
  entry.tag = left->value_or("");
  if (auto noted = record.put(std::move(entry)); !noted) return std::unexpected(noted.error());
  return Written{rows, true};
}

}  // namespace sluice::deliver
