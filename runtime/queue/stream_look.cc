#include "queue/stream_look.h"

#include <utility>

#include "queue/message_row.h"
#include "queue/stream_entry.h"
#include "queue/stream_queue.h"
#include "redis/caller.h"

namespace sluice::queue {
namespace {

constexpr std::string_view kAtOnce = "64";

class StreamLook final : public format::RecordSource {
 public:
  StreamLook(RedisStream at, std::unique_ptr<redis::Caller> caller)
      : at_(std::move(at)), caller_(std::move(caller)) {}

  core::Result<State> read(const Take& take) override {
    auto page = caller_->command(
        {.words = {"XRANGE", at_.stream, from_, end_, "COUNT", std::string(kAtOnce)},
         .idempotent = true});
    if (!page) return std::unexpected(stream_error(at_, page.error()));
    if (page->items.empty()) return State::end;
    for (const redis::Reply& item : page->items) {
      const auto message = read_entry(item, at_.field);
      if (!message) continue;
      from_ = "(" + message->id;
      const MessageRow row = row_of(*message, message->deliveries);
      if (!take({.text = row.text, .line = ++line_, .reject = row.reject ? &*row.reject : nullptr}))
        return State::stopped;
    }
    return State::more;
  }
  format::RecordReader::Description description() const override {
    return {.format = "Redis stream", .columns = {}};
  }

  // Up to where the stream goes now: one that grows has no end.
  core::Status open() {
    auto last = caller_->command(
        {.words = {"XREVRANGE", at_.stream, "+", "-", "COUNT", "1"}, .idempotent = true});
    if (!last) return std::unexpected(stream_error(at_, last.error()));
    if (last->items.size() == 1 && !last->items[0].items.empty())
      end_ = last->items[0].items[0].text;
    return {};
  }

 private:
  const RedisStream at_;
  const std::unique_ptr<redis::Caller> caller_;
  std::string from_ = "-";
  std::string end_ = "-";
  std::uint64_t line_ = 0;
};

}  // namespace

core::Result<std::unique_ptr<format::RecordSource>> open_stream_look(const Spec& spec) {
  const auto& at = std::get<RedisStream>(spec.at);
  auto settings = connection_settings(at);
  if (!settings) return std::unexpected(settings.error());
  auto caller = redis::Caller::make(std::move(*settings));
  if (!caller) return std::unexpected(caller.error());
  auto look = std::make_unique<StreamLook>(at, std::move(*caller));
  if (auto opened = look->open(); !opened) return std::unexpected(opened.error());
  return look;
}

}  // namespace sluice::queue
