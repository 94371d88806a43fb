#include "tests/queue/sqs_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "auth/sigv4.h"

namespace sluice::queue {
namespace {

using nlohmann::json;
using std::chrono::seconds;

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

}  // namespace

std::string SqsServer::url(const std::string& name) const {
  return fmt::format("http://127.0.0.1:{}/123456789012/{}", port(), name);
}

std::vector<SqsServer::Sent> SqsServer::sent() const {
  const std::lock_guard lock(mutex_);
  return sent_;
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
  const std::string target(request.headers.find("x-amz-target").value_or(""));
  const std::string action = target.substr(target.find('.') + 1);
  const int number = count(action);
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
  serve_and_look_again();
}

void SqsServer::serve() {
  std::erase_if(polls_, [this](const Poll& poll) {
    const std::string messages = receive(poll.most, poll.visibility);
    if (messages.empty() && poll.until > steady()) return false;
    poll.responder->respond(reply(messages.empty() ? "{}" : messages));
    return true;
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
         {"Body", one.text},
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
    if (action == "DeleteMessageBatch") {
      acknowledge(text);
    } else if (Stored* const message = find(text)) {
      withhold(*message, entry["VisibilityTimeout"]);
    }
  }
  return json{{"Successful", done}, {"Failed", failed}}.dump();
}

}  // namespace sluice::queue
