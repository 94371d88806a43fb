// A stream of a server of the test's own.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "queue/queues.h"
#include "redis/caller.h"
#include "taker.h"
#include "tests/redis_server.h"

namespace sluice::queue {

class Stream {
 public:
  explicit Stream(std::vector<std::string> options = {}) : server_(std::move(options)) {
    connect();
  }

  redis::Reply ask(std::vector<std::string> words) const {
    auto reply = caller_->command({.words = std::move(words), .idempotent = true});
    EXPECT_TRUE(reply.has_value()) << reply.error().message;
    return reply.value_or(redis::Reply{});
  }
  void add(int from, int to) const {
    std::vector<redis::Command> commands;
    for (int i = from; i < to; ++i)
      commands.push_back({.words = {"XADD", "rows", "*", "id", std::to_string(i)}});
    for (const auto& outcome : caller_->commands(std::move(commands)))
      ASSERT_TRUE(outcome.has_value());
  }
  // Entries that were delivered and are not acknowledged.
  std::int64_t pending(const std::string& group = "sluice") const {
    return ask({"XPENDING", "rows", group}).items.at(0).integer;
  }
  Spec spec(const std::string& consumer) const {
    RedisStream at;
    at.url = core::Secret(server_.url());
    at.stream = "rows";
    at.take_over = std::chrono::milliseconds(300);
    Spec spec{.at = std::move(at)};
    spec.worker = consumer;
    spec.idle_exit = std::chrono::milliseconds(100);
    spec.take = true;
    return spec;
  }
  RedisServer& server() { return server_; }
  std::string server_socket() const { return server_.socket(); }
  void connect() {
    redis::Settings settings;
    settings.url = redis::parse_url(server_.url()).value();
    caller_ = redis::Caller::make(settings).value();
  }

 private:
  RedisServer server_;
  std::unique_ptr<redis::Caller> caller_;
};

inline RedisStream& stream_in(Spec& spec) {
  return std::get<RedisStream>(spec.at);
}

}  // namespace sluice::queue
