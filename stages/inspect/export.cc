#include "inspect/export.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <simdjson.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <optional>
#include <unordered_map>

#include "checkpoint/view.h"
#include "core/json.h"
#include "format/json_value.h"
#include "format/record_writer.h"
#include "inspect/input_rows.h"
#include "job/job_files.h"
#include "place/places.h"
#include "stages/question.h"

namespace sluice::inspect {
namespace {

using EachRecord = std::function<core::Status(std::string_view record)>;

std::unexpected<core::Error> unusable(std::string why, const std::string& path) {
  return core::fail(core::ErrorCode::usage, std::move(why), path);
}

core::Result<const format::OutputFormat*> format_of(const std::string& path) {
  if (const format::OutputFormat* format = format::output_format_of(path)) return format;
  std::vector<std::string_view> plain;
  std::vector<std::string_view> compressed;
  for (const format::OutputFormat& format : format::output_formats())
    (format.compressed ? compressed : plain).push_back(format.endings.front());
  return unusable(
      fmt::format("name the export {}, with .gz or .zst after it to compress it; or {}, "
                  "which is compressed already",
                  fmt::join(plain, ", "), fmt::join(compressed, ", ")),
      path);
}

constexpr std::string_view kWithoutRows =
    "leave --columns out, or name columns of the answer, the key, or fields that the sink keeps "
    "(keep = \"row\" in s.sink keeps all)";

// The rows' own fields are read from the input once more, from the start.
core::Status must_be_readable_again(const stages::PipelineSpec& spec) {
  for (const std::string& path : spec.read.paths) {
    std::error_code error;
    const bool standard = path == "-";
    const auto type = std::filesystem::status(path, error).type();
    const bool pipe = type == std::filesystem::file_type::fifo ||
                      type == std::filesystem::file_type::character ||
                      type == std::filesystem::file_type::socket;
    if (!standard && !pipe) continue;
    return unusable(
        fmt::format("these columns need the rows' own fields, and {} cannot be read again: {}",
                    standard ? "standard input" : "a pipe", kWithoutRows),
        path);
  }
  return {};
}

// The answers as records: JSON objects.
class Records {
 public:
  Records(const stages::PipelineSpec& spec, const stages::Question& question,
          checkpoint::View& view, const ExportOptions& options)
      : spec_(spec), question_(question), view_(view), answers_(question.answer_names()) {
    const bool row_kept = spec.sink.keep_row || (spec.sink.keep.empty() && spec.read.key.empty());
    const auto in_line = [&](const std::string& column) {
      return is_answer(column) || column == spec.read.key ||
             std::ranges::find(spec.sink.keep, column) != spec.sink.keep.end();
    };
    joined_ = !row_kept && (options.all || !std::ranges::all_of(options.columns, in_line));
  }

  bool joined() const { return joined_; }
  // Of the last each_joined(): answers that no row has taken.
  std::uint64_t missing() const {
    return static_cast<std::uint64_t>(
        std::ranges::count_if(places_, [](const Place& place) { return (place.at & kUsed) == 0; }));
  }

  core::Status each(const EachRecord& each) {
    if (joined_) return each_joined(each);
    return view_.each([&](const checkpoint::View::Ended& ended) -> core::Status {
      return ended.kind == store::Kind::answer && !ended.withdrawn ? each(ended.line)
                                                                   : core::Status();
    });
  }

  // The records' columns in the order of their first appearance: the rows', then the answers'.
  core::Result<std::vector<format::Column>> columns() {
    format::ColumnFinder finder;
    auto status = each([&](std::string_view record) -> core::Status {
      finder.add(record);
      return {};
    });
    if (!status) return std::unexpected(status.error());
    std::vector<format::Column> all = finder.columns();
    for (const std::string& name : answers_)
      if (std::ranges::find(all, name, &format::Column::name) == all.end()) all.push_back({name});
    std::vector<format::Column> rows_first;
    for (const bool answer : {false, true})
      for (format::Column& column : all)
        if (is_answer(column.name) == answer) rows_first.push_back(column);
    return rows_first;
  }

 private:
  bool is_answer(std::string_view name) const {
    return std::ranges::find(answers_, name) != answers_.end();
  }

  // Where the answer to each row stands, by the row's identity.
  static constexpr std::uint64_t kUsed = std::uint64_t{1} << 63;
  struct Place {
    core::Hash128 row;
    std::uint64_t at = 0;  // with kUsed, once a row has taken it
    friend auto operator<=>(const Place&, const Place&) = default;
  };
  core::Status find_places() {
    places_.reserve(view_.account().rows_answered);
    auto status = view_.each([&](const checkpoint::View::Ended& ended) -> core::Status {
      if (ended.withdrawn) return {};
      if (ended.kind == store::Kind::answer) places_.push_back({ended.row, ended.place});
      old_names_ = old_names_ || ended.old_row;
      return {};
    });
    std::ranges::sort(places_);
    return status;
  }

  core::Status each_joined(const EachRecord& each) {
    if (places_.empty()) {
      if (auto status = find_places(); !status) return status;
    }
    for (Place& place : places_) place.at &= ~kUsed;
    times_.clear();
    std::string record;
    return each_input_row(
        spec_, question_,
        [&](const stages::Item& item) -> core::Status {
          auto place = take_place(item.identity);
          if (!place && item.old_names != nullptr) place = take_place(item.old_names->row);
          if (!place) return {};
          const auto line = view_.line_at(*place);
          if (!line) return std::unexpected(line.error());
          join(item.row.raw, line->text.substr(line->answer_at), record);
          return each(record);
        },
        old_names_);
  }

  // Of an answer to the row of this name that no row has taken.
  std::optional<std::uint64_t> take_place(const core::Hash128& row) {
    auto at = std::ranges::lower_bound(places_, row, {}, &Place::row);
    if (at == places_.end() || at->row != row) return std::nullopt;
    if (const auto next = std::next(at); next != places_.end() && next->row == row) {
      // Each occurrence takes the next answer; to look for it from the first would take long.
      std::ptrdiff_t& times = times_[row];
      if (times == places_.end() - at || (at + times)->row != row) return std::nullopt;
      at += times++;
    }
    if ((at->at & kUsed) != 0) return std::nullopt;
    const std::uint64_t place = at->at;
    at->at |= kUsed;
    return place;
  }

  // The row's fields, but for those that an answer's column hides, then the answer's members.
  void join(const std::string& row, std::string_view members, std::string& record) {
    record = "{";
    simdjson::dom::object object;
    if (!format::parse_json(parser_, row, object)) {
      format::MemberTexts texts(row);
      for (const auto& [name, value] : object) {
        const std::string_view text = texts.next();
        if (is_answer(name)) continue;
        core::append_json_string(record, name);
        record += ':';
        format::append_as_written(record, value, text);
        record += ',';
      }
    }
    if (members == "}" && record.size() > 1) record.pop_back();
    record += members;
  }

  const stages::PipelineSpec& spec_;
  const stages::Question& question_;
  checkpoint::View& view_;
  const std::vector<std::string> answers_;
  bool joined_ = false;
  std::vector<Place> places_;
  std::unordered_map<core::Hash128, std::ptrdiff_t> times_;  // of rows with several answers
  bool old_names_ = false;  // there are answers to rows of names as formats 1 to 4 gave them
  simdjson::dom::parser parser_;
};

// Of the columns that were asked for, those that no record has had.
class NeverSeen {
 public:
  explicit NeverSeen(std::vector<std::string> columns) : left_(std::move(columns)) {}
  void look_at(std::string_view record) {
    simdjson::dom::object object;
    if (left_.empty() || format::parse_json(parser_, record, object)) return;
    std::erase_if(left_, [&](const std::string& column) {
      return object[column].error() == simdjson::SUCCESS;
    });
  }
  const std::string* first() const { return left_.empty() ? nullptr : left_.data(); }

 private:
  std::vector<std::string> left_;
  simdjson::dom::parser parser_;
};

core::Result<std::vector<format::Column>> columns_to_write(Records& records,
                                                           const ExportOptions& options,
                                                           const format::OutputFormat& format) {
  const bool look = format.needs_types || (format.needs_columns && options.columns.empty());
  std::vector<format::Column> there;
  if (look) {
    auto found = records.columns();
    if (!found) return std::unexpected(found.error());
    there = std::move(*found);
  }
  if (options.columns.empty()) return there;
  std::vector<format::Column> wanted;
  for (const std::string& name : options.columns) {
    const auto found = std::ranges::find(there, name, &format::Column::name);
    wanted.push_back(found == there.end() ? format::Column{name} : *found);
  }
  return wanted;
}

}  // namespace

core::Result<Exported> export_answers(const stages::JobSpec& job, const ExportOptions& options) {
  const stages::PipelineSpec& spec = job.questions.back();
  const auto format = format_of(options.to);
  if (!format) return std::unexpected(format.error());
  if (auto apart = job::keep_export_apart(job, options.to); !apart)
    return std::unexpected(apart.error());
  const stages::Question question = stages::make_question(spec);
  auto view = checkpoint::View::open(spec.checkpoint.directory);
  if (!view) return std::unexpected(view.error());
  if (auto same = (*view)->expect_fingerprint(stages::fingerprint(spec, question)); !same)
    return std::unexpected(same.error());

  Records records(spec, question, **view, options);
  if (records.joined()) {
    if (auto readable = must_be_readable_again(spec); !readable)
      return std::unexpected(readable.error());
  }
  auto columns = columns_to_write(records, options, **format);
  if (!columns) return std::unexpected(columns.error());
  const auto places =
      spec.sink.places ? spec.sink.places : std::make_shared<place::Places>(place::Settings{});
  auto file = places->create(options.to);
  if (!file) return std::unexpected(file.error());
  const auto writer = (*format)->make(**file, std::move(*columns));
  if (auto begun = writer->begin(); !begun) return std::unexpected(begun.error());
  Exported exported;
  NeverSeen never_seen(options.columns);
  auto status = records.each([&](std::string_view record) -> core::Status {
    ++exported.rows;
    never_seen.look_at(record);
    return writer->write(record);
  });
  if (!status) return std::unexpected(status.error());
  if (records.joined()) exported.missing = records.missing();
  if (exported.rows == 0 && exported.missing > 0)
    return unusable(
        fmt::format("none of the {} answered rows is in the input any more, whose fields these "
                    "columns need: {}",
                    exported.missing, kWithoutRows),
        source::shown_names(spec.read).front());
  if (const std::string* column = never_seen.first(); column != nullptr && exported.rows > 0)
    return core::fail(core::ErrorCode::usage,
                      fmt::format("no row and no answer has a column '{}'", *column));
  if (auto done = writer->finish(); !done) return std::unexpected(done.error());
  if (auto done = (*file)->finish(); !done) return std::unexpected(done.error());
  return exported;
}

}  // namespace sluice::inspect
