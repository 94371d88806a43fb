#include "pool_store/redis_pool_store.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <utility>

#include "core/random.h"
#include "redis/caller.h"
#include "redis/connection.h"

namespace sluice::pool_store {
namespace {

// A member's call has so long (fleet::kCallTimeout).
constexpr std::chrono::milliseconds kTimeout = fleet::kCallTimeout;

// KEYS[1]: the pool. ARGV[1]: the version that was read, "-" to read; ARGV[2]: the text that takes its place, and ARGV[3] its
// version: of its own in each write, so that a server that has lost its state and has a new one is not taken for the old.
// Answers {written, version, text, seconds, microseconds}: the text where nothing was written.
constexpr std::string_view kScript = R"lua(
local key, version = KEYS[1], redis.call('HGET', KEYS[1], 'version') or ''
local now = redis.call('TIME')
if ARGV[1] == version then
  redis.call('HSET', key, 'version', ARGV[3], 'text', ARGV[2])
  redis.call('EXPIRE', key, 2592000)
  return {1, version, '', now[1], now[2]}
end
return {0, version, redis.call('HGET', key, 'text') or '', now[1], now[2]}
)lua";

struct Read {
  bool written = false;
  std::string version;
  std::string text;
  StoreTime now;
};

std::optional<std::int64_t> number(const redis::Reply& reply) {
  if (reply.type == redis::Reply::Type::integer) return reply.integer;
  std::int64_t value = 0;
  const char* const end = reply.text.data() + reply.text.size();
  const auto read = std::from_chars(reply.text.data(), end, value);
  return read.ec == std::errc() && read.ptr == end ? std::optional(value) : std::nullopt;
}

std::optional<Read> read_of(const redis::Reply& reply) {
  if (reply.type != redis::Reply::Type::array || reply.items.size() != 5) return std::nullopt;
  const auto written = number(reply.items[0]);
  const auto seconds = number(reply.items[3]);
  const auto micros = number(reply.items[4]);
  if (!written || !seconds || !micros) return std::nullopt;
  const auto since_1970 = std::chrono::seconds(*seconds) + std::chrono::microseconds(*micros);
  return Read{.written = *written == 1,
              .version = reply.items[1].text,
              .text = reply.items[2].text,
              .now = StoreTime(std::chrono::floor<std::chrono::milliseconds>(since_1970))};
}

class RedisPoolStore final : public PoolStore {
 public:
  RedisPoolStore(std::unique_ptr<redis::Connection> connection, std::string shown)
      : connection_(std::move(connection)),
        shown_(std::move(shown)),
        script_(std::make_shared<const redis::Script>(redis::make_script(kScript))) {}
  ~RedisPoolStore() override { connection_->close(); }

  void update(const std::string& name, Change change, Done done) override {
    auto updating = std::make_shared<Updating>(Updating{
        .key = "sluice:pool:" + name, .change = std::move(change), .done = std::move(done)});
    ask(std::move(updating), "-", "");
  }

 private:
  struct Updating {
    std::string key;
    Change change;
    Done done;
    int tries = 0;
  };

  // A write that was carried out, and whose reply was lost, is found out by its version when it is tried again: another has
  // written. The change is then made once more to what stands there, which is what a pool can bear (fleet/pool.h, 5).
  void ask(std::shared_ptr<Updating> updating, const std::string& version, std::string text) {
    redis::Command command =
        redis::call(script_, {updating->key}, {version, std::move(text), next_version()});
    command.timeout = kTimeout;
    connection_->command(std::move(command), [this, updating](redis::Outcome outcome) {
      if (!outcome) return updating->done(std::unexpected(redis::error_of(outcome.error())));
      const auto read = read_of(*outcome);
      if (!read)
        return updating->done(
            core::fail(core::ErrorCode::io,
                       "gave another answer than the script for shared quotas does", shown_));
      if (read->written) return updating->done({});
      if (++updating->tries > kMostTries)
        return updating->done(
            core::fail(core::ErrorCode::io, "others were faster each time", shown_));
      auto next = updating->change(read->text, read->now);
      if (!next) return updating->done(std::unexpected(next.error()));
      ask(updating, read->version, std::move(*next));
    });
  }

  std::string next_version() { return fmt::format("{}-{}", writer_, ++writes_); }

  std::unique_ptr<redis::Connection> connection_;
  const std::string shown_;
  const std::string writer_ = core::random_name(32);
  std::uint64_t writes_ = 0;
  const std::shared_ptr<const redis::Script> script_;
};

}  // namespace

core::Result<std::unique_ptr<PoolStore>> open_redis(net::Loop& loop, const core::Secret& address) {
  auto url = redis::parse_url(address.reveal());
  if (!url) return std::unexpected(url.error());
  std::string shown = url->shown();
  auto connection = redis::Connection::make(loop, {.url = std::move(*url), .name = "sluice-quota"});
  if (!connection) return std::unexpected(connection.error());
  return std::make_unique<RedisPoolStore>(std::move(*connection), std::move(shown));
}

}  // namespace sluice::pool_store
