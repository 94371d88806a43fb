#include "tests/queue/message_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace sluice::queue {
namespace {

constexpr std::chrono::milliseconds kLookEvery{5};

}  // namespace

MessageServer::MessageServer() : timer_(loop_.make_timer()) {}

void MessageServer::start() {
  auto made = http::Server::listen(
      loop_, {},
      [this](const http::ServerRequest& request, std::shared_ptr<http::Responder> responder) {
        const std::lock_guard lock(mutex_);
        answer(request, responder);
      });
  server_ = std::move(*made);
  port_ = server_->port();
  thread_ = std::thread([this] { loop_.run(); });
}

void MessageServer::stop() {
  loop_.post([this] {
    timer_->cancel();
    forget_waiting();
    server_.reset();
  });
  loop_.stop();
  thread_.join();
}

core::Time MessageServer::steady() {
  return std::chrono::steady_clock::now();
}

void MessageServer::add(const std::string& text, int delivered_before) {
  const std::lock_guard lock(mutex_);
  messages_.push_back(
      {.id = fmt::format("m{}", ids_++), .text = text, .deliveries = delivered_before});
}

void MessageServer::add(int from, int to) {
  for (int i = from; i < to; ++i) add(fmt::format(R"({{"id":"{}"}})", i));
}

std::size_t MessageServer::left() const {
  const std::lock_guard lock(mutex_);
  return messages_.size();
}

std::size_t MessageServer::withheld() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::ranges::count_if(
      messages_, [](const Stored& one) { return one.visible_at > steady(); }));
}

int MessageServer::extended() const {
  const std::lock_guard lock(mutex_);
  return extended_;
}

std::size_t MessageServer::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_now();
}

int MessageServer::calls(const std::string& action) const {
  const std::lock_guard lock(mutex_);
  const auto found = calls_.find(action);
  return found == calls_.end() ? 0 : found->second;
}

void MessageServer::show_all() {
  const std::lock_guard lock(mutex_);
  for (Stored& one : messages_) one.visible_at = {};
}

void MessageServer::withhold(Stored& message, int seconds) {
  message.visible_at = seconds == 0 ? core::Time() : steady() + std::chrono::seconds(seconds);
  if (seconds != 0) ++extended_;
}

MessageServer::Stored* MessageServer::find(const std::string& receipt) {
  const auto found = std::ranges::find(messages_, receipt, &Stored::receipt);
  return found == messages_.end() ? nullptr : &*found;
}

void MessageServer::acknowledge(const std::string& receipt) {
  std::erase_if(messages_, [&](const Stored& one) { return one.receipt == receipt; });
}

void MessageServer::serve_and_look_again() {
  serve();
  if (waiting_now() == 0) return;
  timer_->start(kLookEvery, [this] {
    const std::lock_guard lock(mutex_);
    serve_and_look_again();
  });
}

}  // namespace sluice::queue
