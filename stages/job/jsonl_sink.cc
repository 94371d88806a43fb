#include "job/jsonl_sink.h"

namespace sluice::job {
namespace {

using store::Kind;
using store::Position;

class JsonlSink final : public checkpoint::Projection {
 public:
  JsonlSink(std::string answers, std::string rejects, Notice notice)
      : answers_(std::move(answers)), rejects_(std::move(rejects)), notice_(std::move(notice)) {}

  core::Result<Position> open(Position from, checkpoint::Past& past) override {
    if (auto opened = answers_.open(); !opened) return std::unexpected(opened.error());
    if (auto opened = rejects_.open(); !opened) {
      if (rejects_.id() != answers_.id()) return std::unexpected(opened.error());
      return core::fail(core::ErrorCode::pipeline,
                        "is the output as well, under another name: give the rejects a file of "
                        "their own",
                        rejects_.path());
    }
    const auto answers = answers_.prove(Kind::answer, past);
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
    return start;
  }

  core::Status append(std::string_view answers, std::string_view rejects) override {
    if (auto done = answers_.append(answers); !done) return done;
    return rejects_.append(rejects);
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
};

}  // namespace

std::unique_ptr<checkpoint::Projection> make_jsonl_sink(std::string answers_path,
                                                        std::string rejects_path, Notice notice) {
  return std::make_unique<JsonlSink>(std::move(answers_path), std::move(rejects_path),
                                     std::move(notice));
}

}  // namespace sluice::job
