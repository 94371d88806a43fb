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

// Columns and their types are known only once all lines were seen.
core::Result<std::vector<format::Column>> columns_to_write(const WholeFile& file,
                                                           const format::OutputFormat& format,
                                                           const std::string& lines) {
  std::vector<format::Column> named;
  for (const std::string& name : file.columns) named.push_back({name});
  if (!format.needs_types && !format.needs_columns) return named;
  format::ColumnFinder finder(file.answer);
  const auto seen = each_line(lines, [&](std::string_view line) -> core::Status {
    finder.add(line);
    return {};
  });
  if (!seen) return std::unexpected(seen.error());
  return chosen(finder.columns(), file.columns);
}

// The parts of uploads whose runs were killed. Where the server does not let this job remove them, they stay noted, and
// the answers are delivered all the same.
core::Status take_back_uploads(const WholeFile& file, Record& record) {
  bool all = true;
  bool any = false;
  for (const Upload& upload : record.uploads()) {
    if (upload.path != file.path) continue;
    any = true;
    all = file.places->take_back(file.path, upload.id).has_value() && all;
  }
  if (!any || !all) return {};
  record.forget_uploads(file.path);
  return record.save();
}

}  // namespace

core::Result<std::optional<std::string>> own_tag(const WholeFile& file, const Record& record) {
  auto tag = file.places->tag_of(file.path);
  if (!tag) return tag;
  const Entry* entry = record.find(file.to);
  if (!*tag || (entry != nullptr && (entry->tag.empty() || entry->tag == **tag))) return tag;
  return core::fail(core::ErrorCode::pipeline,
                    entry == nullptr
                        ? "is there already, and this job did not write it: move it away, or give "
                          "the sink another name"
                        : "was changed since this job wrote it, and would be written over: move it "
                          "away, and it is written again, or give the sink another name",
                    file.path);
}

core::Result<Written> write_whole(const WholeFile& file, const std::string& lines, Record& record) {
  const auto tag = own_tag(file, record);
  if (!tag) return std::unexpected(tag.error());
  const format::OutputFormat* format = format::output_format_of(file.path);
  if (format == nullptr)
    return core::fail(core::ErrorCode::internal, "a sink of no known format", file.path);
  if (auto saved = take_back_uploads(file, record); !saved) return std::unexpected(saved.error());

  std::uint64_t rows = 0;
  const auto stand = each_line(lines, [&](std::string_view) -> core::Status {
    ++rows;
    return {};
  });
  if (!stand) return std::unexpected(stand.error());
  const std::string form = fmt::format("{}: {}", format->name, fmt::join(file.columns, "\n"));
  const Entry* before = record.find(file.to);
  if (before != nullptr && *tag && before->tag == **tag && before->stand == *stand &&
      before->form == form)
    return Written{rows, false};

  auto columns = columns_to_write(file, *format, lines);
  if (!columns) return std::unexpected(columns.error());
  auto target = file.places->create(file.path, [&](const std::string& upload) {
    return record.begin_upload({file.path, upload});
  });
  if (!target) return std::unexpected(target.error());
  const auto writer = format->make(**target, std::move(*columns));
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
  record.forget_uploads(file.path);
  if (auto noted = record.put(std::move(entry)); !noted) return std::unexpected(noted.error());
  return Written{rows, true};
}

}  // namespace sluice::deliver
