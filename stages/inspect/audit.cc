#include "inspect/audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "checkpoint/view.h"
#include "format/line_file.h"
#include "format/line_form.h"
#include "index/hash_multiset.h"
#include "inspect/input_rows.h"
#include "inspect/line_identity.h"
#include "stages/question.h"

namespace sluice::inspect {
namespace {

using store::Kind;
using Ended = checkpoint::View::Ended;

// What it proves should hold for lines that somebody chose, too.
core::Hash128 line_name(std::string_view line) {
  return core::name128("line", {line});
}

// One file of the sink against the entries of one kind.
struct AuditedFile {
  std::string path;
  Kind kind = Kind::answer;
  index::HashMultiset expected;  // hashes of the lines that should stand in it
  struct UnmatchedLine {
    AuditReport::Row row;
    bool duplicate = false;   // an entry has this line or this row, but is used up
    bool mismatched = false;  // an entry has this row, and another line
  };
  std::vector<UnmatchedLine> unmatched;  // lines that no entry is left for, in order
  std::unordered_multimap<core::Hash128, std::size_t> by_line;
  std::unordered_multimap<core::Hash128, std::size_t> by_row;
};

class Audit {
 public:
  Audit(const stages::PipelineSpec& spec, const stages::Question& question, checkpoint::View& view)
      : spec_(spec),
        question_(question),
        view_(view),
        lines_(spec, question.answer_names()),
        form_(spec.sink.path, question.answer_names()),
        files_{AuditedFile{spec.sink.path, Kind::answer, {}, {}, {}, {}},
               AuditedFile{spec.sink.rejects, Kind::reject, {}, {}, {}, {}}} {}

  core::Result<AuditReport> run() {
    report_.read = view_.account().rows_read;
    if (auto status = take_entries(); !status) return std::unexpected(status.error());
    for (AuditedFile& file : files_)
      if (auto status = hold_file(file); !status) return std::unexpected(status.error());
    if (auto status = hold_input(); !status) return std::unexpected(status.error());
    if (anything_unmatched()) {
      if (auto status = view_.each([this](const Ended& e) { return look_again(e); }); !status)
        return std::unexpected(status.error());
      if (auto status = count_entries(); !status) return std::unexpected(status.error());
      report_unmatched();
    }
    return std::move(report_);
  }

 private:
  AuditedFile& file_of(Kind kind) { return files_[kind == Kind::answer ? 0 : 1]; }
  index::HashMultiset& rows_of(Kind kind, bool old = false) {
    return (old ? old_rows_ : rows_)[kind == Kind::answer ? 0 : 1];
  }
  index::HashMultiset& rows_of(const Ended& e) { return rows_of(e.kind, e.old_row); }
  bool take(Kind kind, const stages::Item& item) {
    return rows_of(kind).take(item.identity) ||
           (item.old_names != nullptr && rows_of(kind, true).take(item.old_names->row));
  }

  std::uint64_t recorded(Kind kind) const {
    return kind == Kind::answer ? view_.recorded().answers : view_.recorded().rejects;
  }

  core::Status take_entries() {
    const store::Account& account = view_.account();
    for (const auto& [kind, count] : {std::pair(Kind::answer, account.rows_answered),
                                      std::pair(Kind::reject, account.rows_rejected)}) {
      rows_of(kind).reserve(count);
      file_of(kind).expected.reserve(count);
    }
    return view_.each([this](const Ended& e) -> core::Status {
      if (e.withdrawn) {
        withdrawn_.add(line_name(text_of(e)));
        return {};
      }
      rows_of(e).add(e.row);
      old_names_ = old_names_ || e.old_row;
      file_of(e.kind).expected.add(line_name(text_of(e)));
      return {};
    });
  }

  // The line of `e` as it stands in its file, without its end. Valid until the next call. One that has
  // no form (line_form.h, 3) was never written: its JSON is then in no file.
  std::string_view text_of(const Ended& e) {
    // The header is of a line that stands there (file_sink.cc).
    const bool first = form_.columns().empty();
    if (e.withdrawn && first && recorded(Kind::answer) > 0) return e.line;
    if (e.kind == Kind::reject || form_.as_is() || !form_.record(e.line, formed_)) return e.line;
    return formed_;
  }
  LineIdentity identify(std::string_view text, Kind kind) const {
    return kind == Kind::reject || form_.as_is() ? lines_.identify(text, kind)
                                                 : lines_.identify_record(text, form_);
  }

  core::Status hold_file(AuditedFile& file) {
    const bool csv = file.kind == Kind::answer && !form_.as_is();
    auto open = format::LineFile::open(
        file.path, csv ? format::LineFile::Kind::records : format::LineFile::Kind::lines);
    if (!open) return std::unexpected(open.error());
    std::uint64_t& count = file.kind == Kind::answer ? report_.output_lines : report_.reject_lines;
    format::LineFile::Line line;
    while (true) {
      const auto more = open->next(line);
      if (!more) return std::unexpected(more.error());
      if (!*more) return {};
      if (csv && line.number == 1) {
        if (line.ended && line.text == form_.header()) continue;
        if (!form_.columns().empty() && line.ended)
          add(Finding::missing, {"the header", fmt::format("{}:1", file.path)});
      }
      ++count;
      const core::Hash128 hash = line_name(line.text);
      if (line.ended && file.expected.take(hash)) continue;
      if (line.ended && line.offset >= recorded(file.kind) && withdrawn_.take(hash)) {
        ++report_.taken_back;
      } else {
        add_unmatched(file, line);
      }
    }
  }

  void add_unmatched(AuditedFile& file, const format::LineFile::Line& line) {
    if (!line.ended && line.offset >= recorded(file.kind)) {
      ++report_.unfinished;
      return;
    }
    const LineIdentity identity = identify(line.text, file.kind);
    AuditReport::Row row{identity.name, fmt::format("{}:{}", file.path, line.number)};
    if (!line.ended || !identity.whole) return add(Finding::truncated, std::move(row));
    file.by_line.emplace(line_name(line.text), file.unmatched.size());
    file.by_row.emplace(identity.row, file.unmatched.size());
    file.unmatched.push_back({std::move(row)});
  }

  core::Status hold_input() {
    if (spec_.read.queue) return count_ended();
    return each_input_row(
        spec_, question_,
        [this](const stages::Item& item) -> core::Status {
          ++report_.rows;
          if (take(Kind::answer, item)) {
            ++report_.answered;
          } else if (take(Kind::reject, item)) {
            ++report_.rejected;
          } else {
            ++report_.pending;
          }
          return {};
        },
        old_names_);
  }

  // What was acknowledged may be gone from a queue, and other workers have what is left there: so all rows that this job
  // knows of have ended.
  core::Status count_ended() {
    report_.answered = rows_of(Kind::answer).size() + rows_of(Kind::answer, true).size();
    report_.rejected = rows_of(Kind::reject).size() + rows_of(Kind::reject, true).size();
    report_.rows = report_.answered + report_.rejected;
    rows_ = {};
    old_rows_ = {};
    return {};
  }

  bool anything_unmatched() const {
    return std::ranges::any_of(rows_, [](const auto& rows) { return rows.size() > 0; }) ||
           std::ranges::any_of(old_rows_, [](const auto& rows) { return rows.size() > 0; }) ||
           std::ranges::any_of(files_, [](const AuditedFile& file) {
             return file.expected.size() > 0 || !file.unmatched.empty();
           });
  }

  // A second look at each entry, now that it is known which rows and lines are unmatched.
  core::Status look_again(const Ended& e) {
    if (e.withdrawn) return {};
    AuditedFile& file = file_of(e.kind);
    const std::string text(text_of(e));
    const core::Hash128 line = line_name(text);
    if (file.expected.take(line)) {
      find_missing(file, e, text);
    } else {
      mark_duplicates(file, text, line);
    }
    note_unmatched_entry(file, e, text);
    return {};
  }

  // The line of `e` is not in the file: another line stands there for its row, or none does.
  void find_missing(AuditedFile& file, const Ended& e, std::string_view text) {
    const LineIdentity identity = identify(text, e.kind);
    const auto [from, to] = file.by_row.equal_range(identity.row);
    const auto other = std::find_if(
        from, to, [&](const auto& at) { return !file.unmatched[at.second].mismatched; });
    if (other != to) {
      file.unmatched[other->second].mismatched = true;
    } else if (e.recorded) {
      add(Finding::missing, {identity.name, ""});
    } else {
      ++report_.unwritten;
    }
  }

  // The line of `e` is in the file: an unmatched one that is equal, or of the same row, is one too
  // many.
  void mark_duplicates(AuditedFile& file, std::string_view text, const core::Hash128& line) {
    if (file.unmatched.empty()) return;
    const auto mark = [&](const auto& lines) {
      for (auto at = lines.first; at != lines.second; ++at)
        file.unmatched[at->second].duplicate = true;
    };
    mark(file.by_line.equal_range(line));
    mark(file.by_row.equal_range(identify(text, file.kind).row));
  }

  void note_unmatched_entry(const AuditedFile& file, const Ended& e, std::string_view text) {
    if (!rows_of(e).take(e.row)) return;
    if (spec_.sink.keep_missing) {
      ++report_.kept;
      return;
    }
    const auto [at, first] = by_identity_.emplace(e.row, unmatched_.size());
    if (first) unmatched_.push_back({{identify(text, e.kind).name, file.path}, 0, 0});
    ++unmatched_[at->second].count;
  }

  // How many entries there are of the rows that have some unmatched.
  core::Status count_entries() {
    if (unmatched_.empty()) return {};
    return view_.each([this](const Ended& e) -> core::Status {
      if (e.withdrawn) return {};
      if (const auto at = by_identity_.find(e.row); at != by_identity_.end())
        ++unmatched_[at->second].entries;
      return {};
    });
  }

  void report_unmatched() {
    for (AuditedFile& file : files_) {
      for (AuditedFile::UnmatchedLine& line : file.unmatched) {
        const Finding finding = line.mismatched  ? Finding::mismatched
                                : line.duplicate ? Finding::duplicate
                                                 : Finding::unexpected;
        add(finding, std::move(line.row));
      }
    }
    for (const UnmatchedRow& row : unmatched_) {
      const bool in_input = row.entries > row.count;
      for (std::uint64_t i = 0; i < row.count; ++i)
        add(in_input ? Finding::duplicate : Finding::unexpected, row.row);
    }
  }

  void add(Finding finding, AuditReport::Row row) {
    AuditReport::Class& found = report_.of(finding);
    if (++found.count <= AuditReport::kNamed) found.rows.push_back(std::move(row));
  }

  const stages::PipelineSpec& spec_;
  const stages::Question& question_;
  checkpoint::View& view_;
  const LineReader lines_;
  format::LineForm form_;                        // of the output
  std::string formed_;                           // the last line in it
  std::array<index::HashMultiset, 2> rows_;      // names of answered rows, of rejected ones
  std::array<index::HashMultiset, 2> old_rows_;  // by names as formats 1 to 4 gave them
  bool old_names_ = false;                       // there are such
  std::array<AuditedFile, 2> files_;
  index::HashMultiset withdrawn_;  // hashes of the lines of rejects that were taken back
  struct UnmatchedRow {            // a row with more entries than the input has it
    AuditReport::Row row;
    std::uint64_t count = 0;    // entries that no row of the input used up
    std::uint64_t entries = 0;  // all of them
  };
  std::vector<UnmatchedRow> unmatched_;
  std::unordered_map<core::Hash128, std::size_t> by_identity_;  // index into unmatched_
  AuditReport report_;
};

}  // namespace

bool AuditReport::proven() const {
  const auto is_wrong = [](const deliver::Stands& sink) {
    return sink.standing == deliver::Standing::missing ||
           sink.standing == deliver::Standing::changed;
  };
  return std::ranges::none_of(sinks, is_wrong) &&
         std::ranges::all_of(findings, [](const Class& found) { return found.count == 0; });
}

core::Result<AuditReport> audit(const stages::PipelineSpec& spec) {
  const stages::Question question = stages::make_question(spec);
  auto view = checkpoint::View::open_at_rest(spec.checkpoint.directory, spec.name);
  if (!view) return std::unexpected(view.error());
  if (auto status = (*view)->expect_fingerprint(stages::fingerprint(spec, question)); !status)
    return std::unexpected(status.error());
  auto report = Audit(spec, question, **view).run();
  if (!report) return report;
  auto sinks = deliver::standings(spec);
  if (!sinks) return std::unexpected(sinks.error());
  report->sinks = std::move(*sinks);
  return report;
}

}  // namespace sluice::inspect
