#include "job/file_sink.h"

#include "format/csv_record.h"
#include "format/line_form.h"

namespace sluice::job {
namespace {

using store::Kind;
using store::Position;

// Another past with its answers as they stand in the file.
class FormedPast final : public checkpoint::Past {
 public:
  using MakeForm = std::function<format::LineForm()>;
  using BeginsWith = std::function<core::Result<bool>(std::string_view header)>;
  FormedPast(checkpoint::Past& past, MakeForm make, BeginsWith file_begins_with)
      : past_(past), make_(std::move(make)), file_begins_with_(std::move(file_begins_with)) {}

  std::size_t generations() const override { return past_.generations(); }
  const store::Mark& mark(std::size_t generation) const override { return past_.mark(generation); }
  bool may_have_lost() const override { return past_.may_have_lost(); }

  core::Status lines(std::size_t generation, Kind kind, From from, const Each& each) override {
    format::LineForm form = make_();
    if (kind == Kind::reject || form.as_is()) return past_.lines(generation, kind, from, each);
    if (from == From::mark && mark(generation).position.answers > 0) {
      if (auto begun = begin(generation, form); !begun) return begun;
    }
    std::string formed;
    const auto take = [&](std::string_view line, bool optional) -> core::Result<bool> {
      if (form.columns().empty()) {
        if (auto begun = form.begin(line); !begun) return false;
        formed.assign(form.header()).append(format::kRecordEnd);
        // A withdrawn line that would have given another header left before the file was written.
        const auto begins = file_begins_with_(formed);
        if (!begins) return begins;
        if (!*begins && optional) {
          form.restart();
          return true;
        }
        if (auto more = each(formed, false); !more || !*more) return more;
      }
      formed.clear();
      // A line that has no form was not written, nor was any behind it; or it was withdrawn, and left
      // before the file had these columns.
      if (!form.append(line, formed)) return optional;
      return each(formed, optional);
    };
    return past_.lines(generation, kind, from, take);
  }

  // The form of a file that stands at its mark: since the last line was taken back it was written again,
  // so its columns are those of the first that was not.
  core::Status begin(std::size_t generation, format::LineForm& form) {
    core::Status begun;
    auto status = past_.lines(generation, Kind::answer, From::beginning,
                              [&](std::string_view line, bool optional) -> core::Result<bool> {
                                if (optional) return true;
                                begun = form.begin(line);
                                return false;
                              });
    return status ? begun : status;
  }

 private:
  checkpoint::Past& past_;
  const MakeForm make_;
  const BeginsWith file_begins_with_;
};

class FileSink final : public checkpoint::Projection {
 public:
  FileSink(std::string answers, std::string rejects, Notice notice, std::vector<std::string> names)
      : answers_(std::move(answers)),
        rejects_(std::move(rejects)),
        notice_(std::move(notice)),
        names_(std::move(names)),
        form_(answers_.path(), names_) {}

  core::Result<Position> open(Position from, checkpoint::Past& past) override {
    if (auto opened = answers_.open(); !opened) return std::unexpected(opened.error());
    if (auto opened = rejects_.open(); !opened) {
      if (rejects_.id() != answers_.id()) return std::unexpected(opened.error());
      return core::fail(core::ErrorCode::pipeline,
                        "is the output as well, under another name: give the rejects a file of "
                        "their own",
                        rejects_.path());
    }
    FormedPast formed(
        past, [this] { return format::LineForm(answers_.path(), names_); },
        [this](std::string_view header) { return answers_.begins_with(header); });
    const auto answers = answers_.prove(Kind::answer, formed);
    if (!answers) return std::unexpected(answers.error());
    const auto rejects = rejects_.prove(Kind::reject, past);
    if (!rejects) return std::unexpected(rejects.error());
    const bool whole =
        (from.answers == 0 || answers->as_marked) && (from.rejects == 0 || rejects->as_marked);
    const Position start = whole ? from : Position{};
    if (auto cut = answers_.cut(start.answers, *answers, notice_); !cut)
      return std::unexpected(cut.error());
    if (auto cut = rejects_.cut(start.rejects, *rejects, notice_); !cut)
      return std::unexpected(cut.error());
    form_.restart();
    if (start.answers > 0 && !form_.as_is()) {
      if (auto begun = formed.begin(0, form_); !begun) return std::unexpected(begun.error());
    }
    return start;
  }

  core::Status append(std::string_view answers, std::string_view rejects) override {
    if (auto done = rejects_.append(rejects); !done) return done;
    if (form_.as_is()) return answers_.append(answers);
    formed_.clear();
    if (auto done = form_.append(answers, formed_); !done) return done;
    return answers_.append(formed_);
  }

  core::Result<store::Mark> write_out() override {
    for (AppendFile* file : {&answers_, &rejects_})
      if (auto done = file->write_out(); !done) return std::unexpected(done.error());
    return store::Mark{{answers_.size(), rejects_.size()}, {answers_.proof(), rejects_.proof()}};
  }

  core::Status sync() override {
    if (auto done = answers_.sync(); !done) return done;
    return rejects_.sync();
  }

 private:
  AppendFile answers_;
  AppendFile rejects_;
  const Notice notice_;
  const std::vector<std::string> names_;
  format::LineForm form_;
  std::string formed_;
};

}  // namespace

std::unique_ptr<checkpoint::Projection> make_file_sink(std::string answers_path,
                                                       std::string rejects_path, Notice notice,
                                                       std::vector<std::string> answer_names) {
  return std::make_unique<FileSink>(std::move(answers_path), std::move(rejects_path),
                                    std::move(notice), std::move(answer_names));
}

}  // namespace sluice::job
