#include "tests/queue/pubsub_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base64.h"

namespace sluice::queue {
namespace {

using nlohmann::json;
using std::chrono::seconds;

http::ServerResponse reply(std::string body, int status = 200) {
  return {
      .status = status, .content_type = "application/json", .headers = {}, .body = std::move(body)};
}

http::ServerResponse error(int status) {
  return reply(json{{"error", {{"code", status}, {"message", "as the test has it"}}}}.dump(),
               status);
}

}  // namespace

std::string PubsubServer::endpoint() const {
  return fmt::format("http://127.0.0.1:{}", port());
}

std::vector<PubsubServer::Sent> PubsubServer::sent() const {
  const std::lock_guard lock(mutex_);
  return sent_;
}

void PubsubServer::set_faults(Faults faults) {
  const std::lock_guard lock(mutex_);
  faults_ = std::move(faults);
}

void PubsubServer::answer_empty_after(std::chrono::milliseconds longest) {
  const std::lock_guard lock(mutex_);
  longest_pull_ = longest;
}

void PubsubServer::answer(const http::ServerRequest& request,
                          const std::shared_ptr<http::Responder>& responder) {
  const std::size_t colon = request.target.find(':');
  const std::string resource = request.target.substr(0, colon);
  const std::string method = colon == std::string::npos ? "get" : request.target.substr(colon + 1);
  const int number = count(method);
  if (const auto fault = faults_ ? faults_(method, number) : std::nullopt)
    return responder->respond(error(*fault));
  const bool topic = method == "publish" || resource == "/v1/projects/p/topics/answers";
  if (resource != (topic ? "/v1/projects/p/topics/answers" : "/v1/projects/p/subscriptions/rows") ||
      (request.method == "GET") != (method == "get"))
    return responder->respond(error(404));
  if (method == "get") return responder->respond(reply("{}"));
  if (method != "pull") return responder->respond(reply(done(method, request.body)));
  pulls_.push_back({responder, json::parse(request.body)["maxMessages"].get<std::size_t>(),
                    longest_pull_ ? steady() + *longest_pull_ : core::Time::max()});
  serve_and_look_again();
}

void PubsubServer::serve() {
  std::erase_if(pulls_, [this](const Pull& pull) {
    const std::string messages = receive(pull.most);
    if (messages.empty() && steady() < pull.until) return false;
    pull.responder->respond(reply(messages.empty() ? "{}" : messages));
    return true;
  });
}

std::string PubsubServer::receive(std::size_t most) {
  json received = json::array();
  for (Stored& one : messages_) {
    if (received.size() == most) break;
    if (one.visible_at > steady()) continue;
    one.visible_at = steady() + seconds(kSubscriptionDeadline);
    one.receipt = fmt::format("{}-{}", one.id, ++one.deliveries);
    json message = {{"messageId", one.id}, {"publishTime", "2026-01-01T00:00:00Z"}};
    if (one.text.empty()) {
      message["attributes"] = {{"a", "b"}};
    } else {
      std::string data;
      core::append_base64(data, one.text);
      message["data"] = data;
    }
    json entry = {{"ackId", one.receipt}, {"message", message}};
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
    const std::string receipt = id;
    if (method == "acknowledge") {
      acknowledge(receipt);
    } else if (Stored* const message = find(receipt)) {
      withhold(*message, asked["ackDeadlineSeconds"]);
      if (asked["ackDeadlineSeconds"] == 0) message->receipt.clear();  // good for nothing any more
    }
  }
  return "{}";
}

}  // namespace sluice::queue
