// What the tests of telemetry share: endpoints, events, and a collector on loopback.
#pragma once

#include <gtest/gtest.h>
#include <zlib.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "http/server.h"
#include "net/loop.h"
#include "observe/observer.h"
#include "telemetry/endpoint_info.h"

namespace sluice::telemetry {

using namespace std::chrono_literals;

inline EndpointInfo endpoint() {
  return {.name = "openai/gpt-5.4-mini",
          .provider = "openai",
          .model = "gpt-5.4-mini",
          .operation = "chat",
          .address = "api.openai.com",
          .port = 443,
          .tier = "flex"};
}

inline provider::Outcome answered(std::uint64_t input, std::uint64_t output) {
  provider::Outcome outcome;
  outcome.status = 200;
  outcome.billing = provider::Billing::known;
  outcome.usage.input = input;
  outcome.usage.output = output;
  return outcome;
}

inline provider::Outcome failed(provider::Cause cause, int status) {
  provider::Outcome outcome;
  outcome.action = provider::Action::retry;
  outcome.cause = cause;
  outcome.status = status;
  outcome.message = "the server said: row 17 is odd";
  return outcome;
}

inline observe::AttemptEnded attempt(std::uint64_t request, std::uint64_t attempt,
                                     const provider::Outcome& outcome) {
  return {.endpoint = 0,
          .request = request,
          .attempt = attempt,
          .number = 1,
          .rows = 4,
          .sent = core::Time(10s),
          .ended = core::Time(12s),
          .outcome = outcome,
          .cost = core::Money::picodollars(250'000'000)};
}

inline observe::RequestEnded request(std::uint64_t number) {
  return {.request = number,
          .attempts = 1,
          .rows = 4,
          .submitted = core::Time(9s),
          .ended = core::Time(13s),
          .how = observe::RequestEnded::How::answered,
          .why = "because the row says so"};
}

inline std::string inflated(const std::string& bytes) {
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  std::string out(std::size_t{1} << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

// A collector with a thread of its own. It keeps what it is sent, and answers as it is told.
class Collector {
 public:
  using Answer =
      std::function<http::ServerResponse(const http::ServerRequest&, std::size_t number)>;

  // `number` counts the requests from 1. A status of 0: the connection is reset. A null answer: none is
  // given.
  explicit Collector(Answer answer =
                         [](const auto&, std::size_t) {
                           return http::ServerResponse{
                               .status = 200, .headers = {}, .body = R"({"partialSuccess":{}})"};
                         })
      : answer_(std::move(answer)) {
    auto server = http::Server::listen(
        loop_, {}, [this](http::ServerRequest request, std::shared_ptr<http::Responder> responder) {
          const std::lock_guard lock(mutex_);
          requests_.push_back(std::move(request));
          if (!answer_) {
            kept_.push_back(std::move(responder));
          } else if (const auto answer = answer_(requests_.back(), requests_.size());
                     answer.status == 0) {
            responder->reset();
          } else {
            responder->respond(answer);
          }
          there_.notify_all();
        });
    EXPECT_TRUE(server.has_value());
    server_ = std::move(*server);
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Collector() {
    loop_.post([this] {
      kept_.clear();
      server_.reset();
    });
    loop_.stop();
    thread_.join();
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }

  // All requests, once there are so many.
  std::vector<http::ServerRequest> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(there_.wait_for(lock, 60s, [&] { return requests_.size() >= count; }));
    return requests_;
  }
  std::vector<http::ServerRequest> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  const Answer answer_;
  net::Loop loop_;
  std::mutex mutex_;  // guards the two below
  std::vector<http::ServerRequest> requests_;
  std::vector<std::shared_ptr<http::Responder>> kept_;
  std::condition_variable there_;
  std::unique_ptr<http::Server> server_;
  std::thread thread_;
};

}  // namespace sluice::telemetry
