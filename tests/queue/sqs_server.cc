#include "tests/queue/sqs_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "auth/sigv4.h"

namespace sluice::queue {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kLookEvery{5};

http::ServerResponse reply(std::string body, int status = 200) {
  return {.status = status,
          .content_type = "application/x-amz-json-1.0",
          .headers = {},
          .body = std::move(body)};
}

http::ServerResponse error(int status, const std::string& type) {
  return reply(
      json{{"__type", "com.amazonaws.sqs#" + type}, {"message", "as the test has it"}}.dump(),
      status);
}

core::Time steady() {
  return std::chrono::steady_clock::now();
}

}  // namespace

SqsServer::SqsServer() : timer_(loop_.make_timer()) {
  auto made = http::Server::listen(
      loop_, {},
      [this](const http::ServerRequest& request, std::shared_ptr<http::Responder> responder) {
        answer(request, responder);
      });
  server_ = std::move(*made);
  port_ = server_->port();
  thread_ = std::thread([this] { loop_.run(); });
}

SqsServer::~SqsServer() {
  loop_.post([this] {
    timer_->cancel();
    polls_.clear();
    server_.reset();
  });
  loop_.stop();
  thread_.join();
}

std::string SqsServer::url(const std::string& name) const {
  return fmt::format("http://127.0.0.1:{}/123456789012/{}", port_, name);
}

void SqsServer::add(const std::string& body) {
  const std::lock_guard lock(mutex_);
  messages_.push_back({.id = fmt::format("m{}", ids_++), .body = body});
}

void SqsServer::add(int from, int to) {
  for (int i = from; i < to; ++i) add(fmt::format(R"({{"id":"{}"}})", i));
}

std::vector<SqsServer::Sent> SqsServer::sent() const {
  const std::lock_guard lock(mutex_);
  return sent_;
}

std::size_t SqsServer::left() const {
  const std::lock_guard lock(mutex_);
  return messages_.size();
}

std::size_t SqsServer::hidden() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::ranges::count_if(
      messages_, [](const Stored& one) { return one.visible_at > steady(); }));
}

std::size_t SqsServer::polling() const {
  const std::lock_guard lock(mutex_);
  return polls_.size();
}

int SqsServer::extended() const {
  const std::lock_guard lock(mutex_);
  return extended_;
}

void SqsServer::show_all() {
  const std::lock_guard lock(mutex_);
  for (Stored& one : messages_) one.visible_at = {};
}

int SqsServer::calls(const std::string& action) const {
  const std::lock_guard lock(mutex_);
  const auto found = calls_.find(action);
  return found == calls_.end() ? 0 : found->second;
}

void SqsServer::set_faults(Faults faults) {
  const std::lock_guard lock(mutex_);
  faults_ = std::move(faults);
}

void SqsServer::set_entry_faults(EntryFaults faults) {
  const std::lock_guard lock(mutex_);
  entry_faults_ = std::move(faults);
}

// What Amazon wants signed: the host, and every header that begins with x-amz-.
bool SqsServer::may_ask(const http::ServerRequest& request) const {
  const auto claim = auth::read_signature(request.headers.find("authorization").value_or(""));
  if (!claim || claim->key_id != "TESTKEY" || claim->service != "sqs") return false;
  std::vector<auth::SigningHeader> headers;
  for (const auto& [name, value] : request.headers) {
    headers.emplace_back(name, value);
    if (name.starts_with("x-amz-") &&
        std::ranges::find(claim->signed_headers, name) == claim->signed_headers.end())
      return false;
  }
  const std::vector body{std::make_shared<const std::string>(request.body)};
  return auth::sigv4_fits(*claim, core::Secret("test-secret"), false,
                          {.method = request.method,
                           .authority = request.headers.find("host").value_or(""),
                           .path = request.target,
                           .body = body},
                          headers);
}

void SqsServer::answer(const http::ServerRequest& request,
                       const std::shared_ptr<http::Responder>& responder) {
  const std::lock_guard lock(mutex_);
  const std::string target(request.headers.find("x-amz-target").value_or(""));
  const std::string action = target.substr(target.find('.') + 1);
  const int number = calls_[action]++;
  if (!may_ask(request)) return responder->respond(error(403, "SignatureDoesNotMatch"));
  if (const auto fault = faults_ ? faults_(action, number) : std::nullopt)
    return responder->respond(error(fault->status, fault->type));
  const json body = json::parse(request.body);
  if (body["QueueUrl"].get<std::string>().ends_with("/missing"))
    return responder->respond(error(400, "QueueDoesNotExist"));
  if (action == "GetQueueAttributes") return responder->respond(reply("{}"));
  if (action != "ReceiveMessage") return responder->respond(reply(batch(action, request.body)));
  polls_.push_back({responder, body["MaxNumberOfMessages"].get<std::size_t>(),
                    body["VisibilityTimeout"].get<std::int64_t>(),
                    steady() + seconds(body["WaitTimeSeconds"].get<int>())});
  serve_polls();
}

// Under the lock.
void SqsServer::serve_polls() {
  std::erase_if(polls_, [this](const Poll& poll) {
    const std::string messages = receive(poll.most, poll.visibility);
    if (messages.empty() && poll.until > steady()) return false;
    poll.responder->respond(reply(messages.empty() ? "{}" : messages));
    return true;
  });
  if (polls_.empty()) return;
  timer_->start(kLookEvery, [this] {
    const std::lock_guard lock(mutex_);
    serve_polls();
  });
}

std::string SqsServer::receive(std::size_t most, std::int64_t visibility) {
  json messages = json::array();
  for (Stored& one : messages_) {
    if (messages.size() == most) break;
    if (one.visible_at > steady()) continue;
    one.visible_at = steady() + seconds(visibility);
    one.receipt = fmt::format("r{}", receipts_++);
    messages.push_back(
        {{"MessageId", one.id},
         {"ReceiptHandle", one.receipt},
         {"Body", one.body},
         {"Attributes", {{"ApproximateReceiveCount", std::to_string(++one.deliveries)}}}});
  }
  return messages.empty() ? "" : json{{"Messages", messages}}.dump();
}

std::string SqsServer::batch(const std::string& action, const std::string& body) {
  json done = json::array();
  json failed = json::array();
  const json asked = json::parse(body);
  for (const json& entry : asked["Entries"]) {
    const std::string id = entry["Id"];
    const bool send = action == "SendMessageBatch";
    const std::string text = entry[send ? "MessageBody" : "ReceiptHandle"];
    if (const auto fault = entry_faults_ ? entry_faults_(text) : std::nullopt) {
      failed.push_back({{"Id", id}, {"SenderFault", fault->second}, {"Code", fault->first}});
      continue;
    }
    done.push_back({{"Id", id}});
    if (send) {
      const json key = entry.value("/MessageAttributes/key/StringValue"_json_pointer, json(""));
      sent_.push_back({text, key, entry.value("MessageGroupId", ""),
                       entry.value("MessageDeduplicationId", "")});
      continue;
    }
    const auto found = std::ranges::find(messages_, text, &Stored::receipt);
    if (found == messages_.end()) continue;
    if (action == "DeleteMessageBatch") {
      messages_.erase(found);
    } else if (const int visibility = entry["VisibilityTimeout"]; visibility == 0) {
      found->visible_at = {};
    } else {
      found->visible_at = steady() + seconds(visibility);
      ++extended_;
    }
  }
  return json{{"Successful", done}, {"Failed", failed}}.dump();
}

}  // namespace sluice::queue
