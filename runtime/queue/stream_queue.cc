#include "queue/stream_queue.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "core/random.h"
#include "queue/stream_entry.h"
#include "queue/stream_scripts.h"
#include "redis/caller.h"

namespace sluice::queue {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kReplyWithin{5};
// Of entries that this consumer or a dead one holds.
constexpr std::size_t kClaimedAtOnce = 100;

std::string in_ms(core::Duration duration) {
  return std::to_string(std::chrono::duration_cast<milliseconds>(duration).count());
}

class StreamQueue final : public Queue {
 public:
  StreamQueue(RedisStream at, std::string consumer)
      : at_(std::move(at)),
        consumer_(std::move(consumer)),
        sign_prefix_(fmt::format("sluice:alive:{}:{}:", at_.stream, at_.group)) {}

  QueueResult<void> open() override;
  QueueResult<std::vector<Message>> take(std::size_t most, core::Duration longest) override;
  QueueResult<void> hold(std::span<const Held> held) override;
  core::Duration hold_every() const override { return at_.take_over / 6; }
  QueueResult<std::vector<std::string>> acknowledge(std::span<const Held> held) override;
  QueueResult<void> give_back(std::span<const Held> held) override;
  void close() override {
    if (reading_) reading_->close();
    if (talking_) talking_->close();
  }

 private:
  std::unexpected<QueueFailure> failure(const redis::Failure& why) const;
  QueueResult<std::vector<Message>> take_own(std::size_t most);
  QueueResult<std::vector<Message>> take_over(std::size_t most);
  QueueResult<std::vector<Message>> take_new(std::size_t most, core::Duration block);
  QueueResult<void> give_sign(bool begins);
  redis::Outcome read(redis::Command command);
  void know(const std::vector<Message>& messages);

  const RedisStream at_;
  const std::string consumer_;
  const std::string sign_prefix_;
  const std::string nonce_ = core::random_name(16);
  // What waits for entries carries nothing else, so that acknowledgements never wait for it.
  std::unique_ptr<redis::Caller> reading_;
  std::unique_ptr<redis::Caller> talking_;

  // take()'s.
  std::string own_from_ =
      "-";  // entries of this consumer from here on may not be known; empty: none
  core::Time take_over_at_;

  std::mutex mutex_;                       // guards known_
  std::unordered_set<std::string> known_;  // handed over and not acknowledged
};

std::unexpected<QueueFailure> StreamQueue::failure(const redis::Failure& why) const {
  return std::unexpected(
      QueueFailure{stream_error(at_, why), why.kind != redis::Failure::Kind::refused});
}

QueueResult<void> StreamQueue::open() {
  auto settings = connection_settings(at_);
  if (!settings) return std::unexpected(QueueFailure{settings.error()});
  for (auto* caller : {&reading_, &talking_}) {
    auto made = redis::Caller::make(*settings);
    if (!made) return std::unexpected(QueueFailure{made.error()});
    *caller = std::move(*made);
  }
  const auto info = talking_->command({.words = {"INFO", "server"}, .idempotent = true});
  if (!info && info.error().kind != redis::Failure::Kind::refused) return failure(info.error());
  if (const auto why = info ? too_old(info->text) : std::nullopt)
    return std::unexpected(QueueFailure{{core::ErrorCode::pipeline, *why, stream_name(at_)}});
  const auto made = talking_->command(
      {.words = {"XGROUP", "CREATE", at_.stream, at_.group, "0", "MKSTREAM"}, .idempotent = true});
  if (!made && made.error().code != "BUSYGROUP") return failure(made.error());
  return give_sign(true);
}

// Taking

// A reply that was lost may have made entries this consumer's, and only the server knows which.
redis::Outcome StreamQueue::read(redis::Command command) {
  auto outcome = reading_->command(std::move(command));
  if (!outcome && outcome.error().maybe_done) own_from_ = "-";
  return outcome;
}

void StreamQueue::know(const std::vector<Message>& messages) {
  const std::lock_guard lock(mutex_);
  for (const Message& message : messages) known_.insert(message.id);
}

QueueResult<std::vector<Message>> StreamQueue::take(std::size_t most, core::Duration longest) {
  while (!own_from_.empty()) {
    auto own = take_own(std::min(most, kClaimedAtOnce));
    if (!own || !own->empty()) return own;
  }
  const core::Time now = std::chrono::steady_clock::now();
  if (now >= take_over_at_) {
    const std::size_t count = std::min(most, kClaimedAtOnce);
    auto taken = take_over(count);
    if (!taken) return taken;
    if (taken->size() < count) take_over_at_ = now + at_.take_over / 6;
    if (!taken->empty()) return taken;
  }
  return take_new(most, std::clamp<core::Duration>(take_over_at_ - now, milliseconds(1), longest));
}

// Those that this consumer holds and that are not known here: of an earlier process, or of a reply that was lost.
QueueResult<std::vector<Message>> StreamQueue::take_own(std::size_t most) {
  const std::string from = std::exchange(own_from_, "");
  const auto own = read(redis::call(own_script(), {at_.stream},
                                    {at_.group, consumer_, from, std::to_string(most)}, true));
  if (!own) {
    own_from_ = from;
    return failure(own.error());
  }
  redis::Command claim{.words = {"XCLAIM", at_.stream, at_.group, consumer_, "0"}};
  std::unordered_map<std::string, std::uint64_t> deliveries;
  {
    const std::lock_guard lock(mutex_);
    for (const redis::Reply& one : own->items) {
      if (one.items.size() != 2 || known_.contains(one.items[0].text)) continue;
      claim.words.push_back(one.items[0].text);
      deliveries[one.items[0].text] = static_cast<std::uint64_t>(one.items[1].integer) + 1;
    }
  }
  std::vector<Message> messages;
  if (!deliveries.empty()) {
    const auto claimed = read(std::move(claim));
    if (!claimed) {
      own_from_ = from;
      return failure(claimed.error());
    }
    for (const redis::Reply& item : claimed->items) {
      auto message = read_entry(item, at_.field);
      if (!message) continue;  // it was deleted: there is no row any more
      message->deliveries = deliveries[message->id];
      messages.push_back(std::move(*message));
    }
  }
  if (own->items.size() == most && !own->items.back().items.empty())
    own_from_ = "(" + own->items.back().items.front().text;
  know(messages);
  return messages;
}

QueueResult<std::vector<Message>> StreamQueue::take_over(std::size_t most) {
  const auto taken = read(redis::call(
      take_over_script(), {at_.stream},
      {at_.group, consumer_, in_ms(at_.take_over), std::to_string(most), sign_prefix_}));
  if (!taken) return failure(taken.error());
  std::vector<Message> messages;
  for (const redis::Reply& item : taken->items) {
    if (item.items.size() != 3) continue;
    auto message = read_entry(item.items[0], at_.field);
    if (!message) continue;
    message->deliveries = static_cast<std::uint64_t>(item.items[1].integer);
    message->taken_from = item.items[2].text;
    messages.push_back(std::move(*message));
  }
  know(messages);
  return messages;
}

QueueResult<std::vector<Message>> StreamQueue::take_new(std::size_t most, core::Duration block) {
  const auto came =
      read({.words = {"XREADGROUP", "GROUP", at_.group, consumer_, "COUNT", std::to_string(most),
                      "BLOCK", in_ms(block), "STREAMS", at_.stream, ">"},
            .timeout = block + kReplyWithin});
  if (!came) return failure(came.error());
  std::vector<Message> messages;
  if (came->items.size() == 1 && came->items[0].items.size() == 2) {
    for (const redis::Reply& item : came->items[0].items[1].items)
      if (auto message = read_entry(item, at_.field)) messages.push_back(std::move(*message));
  }
  know(messages);
  return messages;
}

// Signs of life, and the end of entries

QueueResult<void> StreamQueue::give_sign(bool begins) {
  const auto given =
      talking_->command(redis::call(sign_script(), {at_.stream, sign_prefix_ + consumer_},
                                    {at_.group, consumer_, nonce_, in_ms(at_.take_over),
                                     in_ms(at_.take_over / 3), begins ? "1" : "0"},
                                    true));
  if (!given) return failure(given.error());
  return {};
}

QueueResult<void> StreamQueue::hold(std::span<const Held> /*held*/) {
  return give_sign(false);
}

QueueResult<std::vector<std::string>> StreamQueue::acknowledge(std::span<const Held> held) {
  std::vector<redis::Command> commands;
  commands.push_back({.words = {"XACK", at_.stream, at_.group}, .idempotent = true});
  if (at_.remove) commands.push_back({.words = {"XDEL", at_.stream}, .idempotent = true});
  for (redis::Command& command : commands)
    for (const Held& one : held) command.words.push_back(one.id);
  for (redis::Command& command : commands)
    if (const auto done = talking_->command(std::move(command)); !done)
      return failure(done.error());
  const std::lock_guard lock(mutex_);
  for (const Held& one : held) known_.erase(one.id);
  return {};
}

QueueResult<void> StreamQueue::give_back(std::span<const Held> held) {
  std::vector<redis::Command> commands;
  for (std::size_t from = 0; from < held.size(); from += kClaimedAtOnce) {
    std::vector<std::string> arguments = {at_.group, consumer_, in_ms(at_.take_over)};
    for (const Held& one : held.subspan(from, std::min(kClaimedAtOnce, held.size() - from))) {
      arguments.push_back(one.id);
      arguments.push_back(std::to_string(one.deliveries - 1));
    }
    commands.push_back(redis::call(give_back_script(), {at_.stream}, std::move(arguments), true));
  }
  commands.push_back(redis::call(leave_script(), {sign_prefix_ + consumer_}, {nonce_}, true));
  for (const auto& done : talking_->commands(std::move(commands)))
    if (!done) return failure(done.error());
  return {};
}

}  // namespace

std::string stream_name(const RedisStream& at) {
  return "redis:" + at.stream;
}

std::string stream_of(const Spec& spec) {
  return std::get<RedisStream>(spec.at).stream;
}

core::Result<redis::Settings> connection_settings(const RedisStream& at) {
  auto url = redis::parse_url(at.url.reveal());
  if (!url) return core::fail(url.error().code, url.error().message, stream_name(at));
  redis::Settings settings;
  settings.url = std::move(*url);
  settings.name = "sluice";
  settings.ca_file = at.ca_file;
  return settings;
}

core::Error stream_error(const RedisStream& at, const redis::Failure& failure) {
  std::string hint;
  if (failure.code == "WRONGTYPE") hint = ": what has this name there is not a stream";
  if (failure.code == "NOGROUP" || failure.code == "UNBLOCKED")
    hint = fmt::format(
        ": the stream or its group '{}' is gone from the server; the next run makes the group "
        "again, from the stream's beginning, and asks nothing that is answered",
        at.group);
  if (failure.code == "OTHER")
    hint =
        ": entries of one consumer are one process's; give each worker a consumer of its own, or "
        "none at all";
  return {core::ErrorCode::io, failure.message + hint, stream_name(at)};
}

std::unique_ptr<Queue> make_stream_queue(const Spec& spec) {
  const auto& at = std::get<RedisStream>(spec.at);
  return std::make_unique<StreamQueue>(at, at.consumer.empty() ? spec.worker : at.consumer);
}

}  // namespace sluice::queue
