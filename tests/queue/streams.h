// A stream of a server of the test's own.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "queue/queues.h"
#include "redis/caller.h"
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
    Spec spec;
    spec.url = core::Secret(server_.url());
    spec.stream = "rows";
    spec.consumer = consumer;
    spec.idle_exit = std::chrono::milliseconds(100);
    spec.take_over = std::chrono::milliseconds(300);
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

// A source as a run has it.
class Taker {
 public:
  explicit Taker(const Spec& spec) {
    auto opened = open_source(spec);
    if (opened)
      source_ = std::move(*opened);
    else
      error = opened.error().text();
  }
  using State = format::RecordSource::State;

  // Until it ends, or has `most` rows or more. Each is acknowledged at once when `ends`.
  State take(std::size_t most = 1'000'000, bool ends = true) {
    State last = State::more;
    while ((last == State::more || last == State::waiting) && rows.size() < most) {
      std::vector<std::uint64_t> lines;
      auto state = source_->read([&](const format::Record& record) {
        rows.emplace_back(record.text);
        if (record.reject != nullptr) rejects.push_back(*record.reject);
        lines.push_back(record.line);
        return true;
      });
      if (ends)
        source_->ended(lines);
      else
        open.insert(open.end(), lines.begin(), lines.end());
      if (!state) {
        error = state.error().text();
        return State::stopped;
      }
      last = *state;
    }
    return last;
  }
  void end_open() { source_->ended(open); }
  core::Status close() { return source_->close(); }
  void go() { source_.reset(); }

  std::vector<std::string> rows;
  std::vector<core::Reject> rejects;
  std::vector<std::uint64_t> open;
  std::string error;

 private:
  std::unique_ptr<format::RecordSource> source_;
};

}  // namespace sluice::queue
