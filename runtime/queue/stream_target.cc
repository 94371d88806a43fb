#include "queue/stream_target.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <charconv>
#include <thread>
#include <utility>

#include "core/json.h"
#include "format/json_value.h"
#include "queue/stream_feed.h"
#include "queue/stream_scripts.h"
#include "redis/caller.h"

namespace sluice::queue {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kTryAgainAfter{200};
constexpr seconds kPutWithin{30};
constexpr std::string_view kDefaultField = "json";

std::string text_of(const format::Stand& stand) {
  return fmt::format("{} {}", stand.bytes, stand.digest.hex());
}

std::optional<format::Stand> stand_of(std::string_view text) {
  format::Stand stand;
  const std::size_t space = text.find(' ');
  if (space == text.npos || text.size() != space + 33) return std::nullopt;
  const auto number = [](std::string_view digits, std::uint64_t& value, int base) {
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    return end.ec == std::errc() && end.ptr == digits.data() + digits.size();
  };
  if (!number(text.substr(0, space), stand.bytes, 10) ||
      !number(text.substr(space + 1, 16), stand.digest.high, 16) ||
      !number(text.substr(space + 17), stand.digest.low, 16))
    return std::nullopt;
  return stand;
}

class StreamTarget final : public format::RecordTarget {
 public:
  explicit StreamTarget(Target target)
      : target_(std::move(target)),
        field_(target_.spec.field.empty() ? std::string(kDefaultField) : target_.spec.field) {}

  core::Result<format::Stand> open() override {
    auto settings = connection_settings(target_.spec);
    if (!settings) return std::unexpected(settings.error());
    auto caller = redis::Caller::make(std::move(*settings));
    if (!caller) return std::unexpected(caller.error());
    caller_ = std::move(*caller);
    auto type = caller_->command({.words = {"TYPE", target_.spec.stream}, .idempotent = true});
    if (!type) return std::unexpected(stream_error(target_.spec, type.error()));
    if (type->text != "stream" && type->text != "none")
      return fail(
          core::ErrorCode::pipeline,
          fmt::format("what has this name there is a {}, not a stream: name another", type->text));
    auto position =
        caller_->command({.words = {"HGET", progress_key(), target_.job}, .idempotent = true});
    if (!position) return std::unexpected(stream_error(target_.spec, position.error()));
    // A stream that was deleted begins again.
    if (position->is_nil() || type->text == "none") {
      known_ = position->text;
      position_ = {};
      return position_;
    }
    const auto stand = stand_of(position->text);
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
    const std::string next = text_of(stand);
    std::vector<std::string> arguments = {
        target_.job, known_, next, field_,
        target_.spec.maxlen ? std::to_string(*target_.spec.maxlen) : ""};
    while (!lines.empty()) {
      const std::size_t end = lines.find('\n');
      if (auto added = add(lines.substr(0, end), arguments); !added) return added;
      lines.remove_prefix(end == lines.npos ? lines.size() : end + 1);
    }
    // Idempotent by its position.
    auto command = redis::call(put_script(), {target_.spec.stream, progress_key()},
                               std::move(arguments), true);
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
        return std::unexpected(stream_error(target_.spec, put.error()));
      std::this_thread::sleep_for(kTryAgainAfter);
    }
    known_ = next;
    position_ = stand;
    return {};
  }

 private:
  std::string progress_key() const { return "sluice:delivered:" + target_.spec.stream; }
  std::unexpected<core::Error> fail(core::ErrorCode code, std::string message) const {
    return core::fail(code, std::move(message), name_of(target_.spec));
  }

  // The key's text, and the line or what of it is to be put.
  core::Status add(std::string_view line, std::vector<std::string>& arguments) {
    simdjson::dom::object object;
    if (format::parse_json(parser_, line, object) != simdjson::SUCCESS)
      return fail(core::ErrorCode::corrupt, "a line of the answers is not a JSON object");
    std::string key;
    simdjson::dom::element value;
    if (!target_.key.empty() && object[target_.key].get(value) == simdjson::SUCCESS) {
      std::string_view text;
      if (value.get(text) == simdjson::SUCCESS)
        key = text;
      else
        format::append_member(key, object, line, target_.key);
    }
    arguments.push_back(std::move(key));
    if (target_.only.empty()) {
      arguments.emplace_back(line);
      return {};
    }
    std::string chosen = "{";
    for (const std::string& name : target_.only) {
      if (chosen.size() > 1) chosen += ',';
      core::append_json_string(chosen, name);
      chosen += ':';
      format::append_member(chosen, object, line, name);
    }
    arguments.push_back(chosen += '}');
    return {};
  }

  const Target target_;
  const std::string field_;
  std::unique_ptr<redis::Caller> caller_;
  simdjson::dom::parser parser_;
  format::Stand position_;
  std::string known_;  // the position as it stands there; empty: none
};

}  // namespace

std::unique_ptr<format::RecordTarget> make_stream_target(Target target) {
  return std::make_unique<StreamTarget>(std::move(target));
}

}  // namespace sluice::queue
