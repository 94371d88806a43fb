#include "tests/queue/pubsub_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base64.h"

namespace sluice::queue {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kLookEvery{5};

http::ServerResponse reply(std::string body, int status = 200) {
  return {
      .status = status, .content_type = "application/json", .headers = {}, .body = std::move(body)};
}

http::ServerResponse error(int status) {
  return reply(json{{"error", {{"code", status}, {"message", "as the test has it"}}}}.dump(),
               status);
}

core::Time steady() {
  return std::chrono::steady_clock::now();
}

}  // namespace

PubsubServer::PubsubServer() : timer_(loop_.make_timer()) {
  auto made = http::Server::listen(
      loop_, {},
      [this](const http::ServerRequest& request, std::shared_ptr<http::Responder> responder) {
        answer(request, responder);
      });
  server_ = std::move(*made);
  port_ = server_->port();
  thread_ = std::thread([this] { loop_.run(); });
}

PubsubServer::~PubsubServer() {
  loop_.post([this] {
    timer_->cancel();
    pulls_.clear();
    server_.reset();
  });
  loop_.stop();
  thread_.join();
}

std::string PubsubServer::endpoint() const {
  return fmt::format("http://127.0.0.1:{}", port_);
}

void PubsubServer::add(const std::string& text, int delivered_before) {
  const std::lock_guard lock(mutex_);
  messages_.push_back(
      {.id = fmt::format("m{}", ids_++), .text = text, .deliveries = delivered_before});
}

void PubsubServer::add(int from, int to) {
  for (int i = from; i < to; ++i) add(fmt::format(R"({{"id":"{}"}})", i));
}

std::vector<PubsubServer::Sent> PubsubServer::sent() const {
  const std::lock_guard lock(mutex_);
  return sent_;
}

std::size_t PubsubServer::left() const {
  const std::lock_guard lock(mutex_);
  return messages_.size();
}

std::size_t PubsubServer::withheld() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::ranges::count_if(
      messages_, [](const Stored& one) { return one.visible_at > steady(); }));
}

std::size_t PubsubServer::pulling() const {
  const std::lock_guard lock(mutex_);
  return pulls_.size();
}

int PubsubServer::extended() const {
  const std::lock_guard lock(mutex_);
  return extended_;
}

int PubsubServer::calls(const std::string& method) const {
  const std::lock_guard lock(mutex_);
  const auto found = calls_.find(method);
  return found == calls_.end() ? 0 : found->second;
}

void PubsubServer::show_all() {
  const std::lock_guard lock(mutex_);
  for (Stored& one : messages_) one.visible_at = {};
}

void PubsubServer::set_faults(Faults faults) {
  const std::lock_guard lock(mutex_);
  faults_ = std::move(faults);
}

void PubsubServer::answer(const http::ServerRequest& request,
                          const std::shared_ptr<http::Responder>& responder) {
  const std::lock_guard lock(mutex_);
  const std::size_t colon = request.target.find(':');
  const std::string resource = request.target.substr(0, colon);
  const std::string method = colon == std::string::npos ? "get" : request.target.substr(colon + 1);
  const int number = calls_[method]++;
  if (const auto fault = faults_ ? faults_(method, number) : std::nullopt)
    return responder->respond(error(*fault));
  const bool topic = method == "publish" || resource == "/v1/projects/p/topics/answers";
  if (resource != (topic ? "/v1/projects/p/topics/answers" : "/v1/projects/p/subscriptions/rows") ||
      (request.method == "GET") != (method == "get"))
    return responder->respond(error(404));
  if (method == "get") return responder->respond(reply("{}"));
  if (method != "pull") return responder->respond(reply(done(method, request.body)));
  pulls_.push_back({responder, json::parse(request.body)["maxMessages"].get<std::size_t>()});
  serve_pulls();
}

// Under the lock.
void PubsubServer::serve_pulls() {
  std::erase_if(pulls_, [this](const Pull& pull) {
    const std::string messages = receive(pull.most);
    if (messages.empty()) return false;
    pull.responder->respond(reply(messages));
    return true;
  });
  if (pulls_.empty()) return;
  timer_->start(kLookEvery, [this] {
    const std::lock_guard lock(mutex_);
    serve_pulls();
  });
}

std::string PubsubServer::receive(std::size_t most) {
  json received = json::array();
  for (Stored& one : messages_) {
    if (received.size() == most) break;
    if (one.visible_at > steady()) continue;
    one.visible_at = steady() + seconds(kSubscriptionDeadline);
    one.ack_id = fmt::format("{}-{}", one.id, ++one.deliveries);
    json message = {{"messageId", one.id}, {"publishTime", "2026-01-01T00:00:00Z"}};
    if (one.text.empty()) {
      message["attributes"] = {{"a", "b"}};
    } else {
      std::string data;
      core::append_base64(data, one.text);
      message["data"] = data;
    }
    json entry = {{"ackId", one.ack_id}, {"message", message}};
    if (counts_) entry["deliveryAttempt"] = one.deliveries;
    received.push_back(entry);
  }
  return received.empty() ? "" : json{{"receivedMessages", received}}.dump();
}

std::string PubsubServer::done(const std::string& method, const std::string& body) {
  const json asked = json::parse(body);
  if (method == "publish") {
    json ids = json::array();
    for (const json& message : asked["messages"]) {
      sent_.push_back({core::read_base64(message["data"].get<std::string>()).value_or("?"),
                       message.value("/attributes/key"_json_pointer, "")});
      ids.push_back(std::to_string(sent_.size()));
    }
    return json{{"messageIds", ids}}.dump();
  }
  for (const json& id : asked["ackIds"]) {
    const auto found = std::ranges::find(messages_, id.get<std::string>(), &Stored::ack_id);
    if (found == messages_.end()) continue;
    if (method == "acknowledge") {
      messages_.erase(found);
    } else if (const int deadline = asked["ackDeadlineSeconds"]; deadline == 0) {
      found->visible_at = {};
    } else {
      found->visible_at = steady() + seconds(deadline);
      ++extended_;
    }
  }
  return "{}";
}

}  // namespace sluice::queue
