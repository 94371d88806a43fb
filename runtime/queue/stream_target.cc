#include "queue/stream_target.h"

#include <fmt/format.h>

#include <thread>
#include <utility>

#include "queue/answer_lines.h"
#include "queue/queue_source.h"
#include "queue/stream_queue.h"
#include "queue/stream_scripts.h"
#include "redis/caller.h"

namespace sluice::queue {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kTryAgainAfter{200};
constexpr seconds kPutWithin{30};
constexpr std::string_view kDefaultField = "json";

class StreamTarget final : public format::RecordTarget {
 public:
  explicit StreamTarget(Target target)
      : target_(std::move(target)),
        at_(std::get<RedisStream>(target_.spec.at)),
        field_(at_.field.empty() ? std::string(kDefaultField) : at_.field),
        answers_(target_) {}

  core::Result<format::Stand> open() override {
    auto settings = connection_settings(at_);
    if (!settings) return std::unexpected(settings.error());
    auto caller = redis::Caller::make(std::move(*settings));
    if (!caller) return std::unexpected(caller.error());
    caller_ = std::move(*caller);
    auto type = caller_->command({.words = {"TYPE", at_.stream}, .idempotent = true});
    if (!type) return std::unexpected(stream_error(at_, type.error()));
    if (type->text != "stream" && type->text != "none")
      return fail(
          core::ErrorCode::pipeline,
          fmt::format("what has this name there is a {}, not a stream: name another", type->text));
    auto position =
        caller_->command({.words = {"HGET", progress_key(), target_.job}, .idempotent = true});
    if (!position) return std::unexpected(stream_error(at_, position.error()));
    // A stream that was deleted begins again.
    if (position->is_nil() || type->text == "none") {
      known_ = position->text;
      position_ = {};
      return position_;
    }
    const auto stand = read_stand(position->text);
    if (!stand)
      return fail(core::ErrorCode::corrupt,
                  fmt::format("'{}' of the hash {} is not a position that sluice wrote",
                              target_.job, progress_key()));
    known_ = position->text;
    position_ = *stand;
    return position_;
  }

  core::Status restart() override {
    return fail(core::ErrorCode::pipeline,
                "answers that were added before have changed or gone, and a stream cannot take "
                "them back: name another "
                "stream, or delete this one, so that all answers are added again");
  }

  core::Status put(std::string_view lines, const format::Stand& stand) override {
    const std::string next = stand_text(stand);
    std::vector<std::string> arguments = {target_.job, known_, next, field_,
                                          at_.maxlen ? std::to_string(*at_.maxlen) : ""};
    while (!lines.empty()) {
      const std::size_t end = lines.find('\n');
      auto answer = answers_.read(lines.substr(0, end));
      if (!answer) return std::unexpected(answer.error());
      arguments.push_back(std::move(answer->key));
      arguments.push_back(std::move(answer->text));
      lines.remove_prefix(end == lines.npos ? lines.size() : end + 1);
    }
    // Idempotent by its position.
    auto command =
        redis::call(put_script(), {at_.stream, progress_key()}, std::move(arguments), true);
    command.timeout = kPutWithin;
    const auto began = std::chrono::steady_clock::now();
    while (true) {
      const auto put = caller_->command(command);
      if (put && put->integer == 0)
        return fail(core::ErrorCode::busy,
                    "another run of this job has added answers meanwhile: run again");
      if (put) break;
      if (put.error().kind == redis::Failure::Kind::refused ||
          std::chrono::steady_clock::now() - began > kReconnectFor)
        return std::unexpected(stream_error(at_, put.error()));
      std::this_thread::sleep_for(kTryAgainAfter);
    }
    known_ = next;
    position_ = stand;
    return {};
  }

 private:
  std::string progress_key() const { return "sluice:delivered:" + at_.stream; }
  std::unexpected<core::Error> fail(core::ErrorCode code, std::string message) const {
    return core::fail(code, std::move(message), stream_name(at_));
  }

  const Target target_;
  const RedisStream at_;
  const std::string field_;
  std::unique_ptr<redis::Caller> caller_;
  AnswerLines answers_;
  format::Stand position_;
  std::string known_;  // the position as it stands there; empty: none
};

}  // namespace

std::unique_ptr<format::RecordTarget> make_stream_target(Target target) {
  return std::make_unique<StreamTarget>(std::move(target));
}

}  // namespace sluice::queue
