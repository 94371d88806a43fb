#include "queue/sqs_queue.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/json.h"
#include "queue/queues.h"
#include "queue/sqs_client.h"

namespace sluice::queue {
namespace {

using std::chrono::seconds;

constexpr std::size_t kTakers = 4;
constexpr std::string_view kReceiptInvalid = "ReceiptHandleIsInvalid";

class SqsSource final : public Queue {
 public:
  explicit SqsSource(SqsQueue at) : at_(std::move(at)) {}

  QueueResult<void> open() override;
  QueueResult<std::vector<Message>> take(std::size_t most, core::Duration longest) override;
  std::size_t most_at_once() const override { return kSqsEntries; }
  std::size_t takers() const override { return kTakers; }
  QueueResult<void> hold(std::span<const Held> held) override;
  core::Duration hold_every() const override { return at_.visibility / 2; }
  QueueResult<std::vector<std::string>> acknowledge(std::span<const Held> held) override;
  QueueResult<void> give_back(std::span<const Held> held) override;
  void close() override {
    if (client_) client_->close();
  }

 private:
  QueueResult<std::string> receive(std::size_t most, core::Duration longest);
  // Answers to calls of ten entries each.
  std::vector<QueueResult<std::string>> in_tens(std::string_view action, std::span<const Held> held,
                                                std::optional<seconds> visibility);
  QueueResult<void> set_visibility(std::span<const Held> held, seconds visibility);

  const SqsQueue at_;
  std::unique_ptr<SqsClient> client_;
};

QueueResult<void> SqsSource::open() {
  auto made = SqsClient::make(at_);
  if (!made) return std::unexpected(QueueFailure{made.error()});
  client_ = std::move(*made);
  std::string body;
  core::JsonWriter w(body);
  w.open('{');
  w.field("QueueUrl", std::string_view(at_.url));
  w.close('}');
  auto there = client_->call("GetQueueAttributes", std::move(body));
  // Keys may well be allowed to take messages and not to ask for this.
  if (!there && !there.error().error.message.contains("AccessDenied"))
    return std::unexpected(std::move(there.error()));
  return {};
}

QueueResult<std::string> SqsSource::receive(std::size_t most, core::Duration longest) {
  std::string body;
  core::JsonWriter w(body);
  w.open('{');
  w.field("QueueUrl", std::string_view(at_.url));
  w.field("MaxNumberOfMessages", std::min(most, kSqsEntries));
  w.field("WaitTimeSeconds", std::chrono::ceil<seconds>(longest).count());
  w.field("VisibilityTimeout", std::chrono::ceil<seconds>(at_.visibility).count());
  // The second is what older servers know the first by.
  for (const std::string_view name : {"MessageSystemAttributeNames", "AttributeNames"}) {
    w.key(name);
    w.open('[');
    w.value("ApproximateReceiveCount");
    w.close(']');
  }
  w.close('}');
  return client_->call("ReceiveMessage", std::move(body));
}

std::optional<Message> read_sqs_message(const simdjson::dom::element& element) {
  Message message;
  std::string_view text;
  if (element["MessageId"].get(text) != simdjson::SUCCESS) return std::nullopt;
  message.id = text;
  if (element["ReceiptHandle"].get(text) != simdjson::SUCCESS) return std::nullopt;
  message.receipt = text;
  if (element["Body"].get(text) != simdjson::SUCCESS) return std::nullopt;
  message.text = text;
  if (element["Attributes"]["ApproximateReceiveCount"].get(text) == simdjson::SUCCESS)
    std::from_chars(text.data(), text.data() + text.size(), message.deliveries);
  return message;
}

QueueResult<std::vector<Message>> SqsSource::take(std::size_t most, core::Duration longest) {
  const auto answer = receive(most, longest);
  if (!answer) return std::unexpected(answer.error());
  simdjson::dom::parser parser;
  simdjson::dom::element all;
  if (core::not_starved(parser.parse(*answer)).get(all) != simdjson::SUCCESS)
    return std::unexpected(
        QueueFailure{{core::ErrorCode::io, "ReceiveMessage: the server's answer is not JSON",
                      name_of({.at = at_})},
                     true});
  std::vector<Message> messages;
  simdjson::dom::array items;
  if (all["Messages"].get(items) != simdjson::SUCCESS) return messages;
  for (const simdjson::dom::element item : items)
    if (auto message = read_sqs_message(item)) messages.push_back(std::move(*message));
  return messages;
}

std::vector<QueueResult<std::string>> SqsSource::in_tens(std::string_view action,
                                                         std::span<const Held> held,
                                                         std::optional<seconds> visibility) {
  std::vector<std::string> bodies;
  for (std::size_t from = 0; from < held.size(); from += kSqsEntries) {
    core::JsonWriter w(bodies.emplace_back());
    w.open('{');
    w.field("QueueUrl", std::string_view(at_.url));
    w.key("Entries");
    w.open('[');
    for (std::size_t i = from; i < std::min(from + kSqsEntries, held.size()); ++i) {
      w.open('{');
      w.field("Id", std::string_view(std::to_string(i - from)));
      w.field("ReceiptHandle", std::string_view(held[i].receipt));
      if (visibility) w.field("VisibilityTimeout", visibility->count());
      w.close('}');
    }
    w.close(']');
    w.close('}');
  }
  return client_->calls(action, std::move(bodies));
}

QueueResult<void> SqsSource::set_visibility(std::span<const Held> held, seconds visibility) {
  for (auto& answer : in_tens("ChangeMessageVisibilityBatch", held, visibility))
    if (!answer) return std::unexpected(std::move(answer.error()));
  return {};
}

QueueResult<void> SqsSource::hold(std::span<const Held> held) {
  return set_visibility(held, std::chrono::ceil<seconds>(at_.visibility));
}

QueueResult<void> SqsSource::give_back(std::span<const Held> held) {
  return set_visibility(held, seconds(0));
}

QueueResult<std::vector<std::string>> SqsSource::acknowledge(std::span<const Held> held) {
  const auto answers = in_tens("DeleteMessageBatch", held, std::nullopt);
  std::vector<std::string> left;
  std::optional<QueueFailure> failure;
  for (std::size_t k = 0; k < answers.size(); ++k) {
    const std::size_t from = k * kSqsEntries;
    const auto failed =
        answers[k] ? read_sqs_failed(*answers[k])
                   : QueueResult<std::vector<SqsFailed>>(std::unexpected(answers[k].error()));
    if (!failed) {
      failure = failed.error();
      for (std::size_t i = from; i < std::min(from + kSqsEntries, held.size()); ++i)
        left.push_back(held[i].id);
      continue;
    }
    // A receipt that has expired deletes nothing: the message comes again, with another.
    for (const SqsFailed& one : *failed)
      if (from + one.index < held.size() && one.code != kReceiptInvalid && !one.callers_fault)
        left.push_back(held[from + one.index].id);
  }
  if (failure && left.size() == held.size()) return std::unexpected(std::move(*failure));
  return left;
}

}  // namespace

std::unique_ptr<Queue> make_sqs_queue(const Spec& spec) {
  return std::make_unique<SqsSource>(std::get<SqsQueue>(spec.at));
}

core::Result<std::unique_ptr<format::RecordSource>> look_at_sqs(const Spec& spec) {
  return core::fail(core::ErrorCode::pipeline,
                    "messages of SQS cannot be looked at without taking them, which hides them "
                    "from others and counts as a delivery: try the pipeline with a file of rows",
                    name_of(spec));
}

}  // namespace sluice::queue
