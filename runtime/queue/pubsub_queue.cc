#include "queue/pubsub_queue.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "core/base64.h"
#include "core/json.h"
#include "queue/pubsub_client.h"
#include "queue/queues.h"

namespace sluice::queue {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kPullers = 4;
constexpr std::size_t kIdsACall = 500;
constexpr milliseconds kPullSlice{50};
// How long a pull that is open at the end is waited for, after something was given back.
constexpr milliseconds kLastPulls{250};

class PubsubSource final : public Queue {
 public:
  explicit PubsubSource(Pubsub at) : at_(std::move(at)) {}

  QueueResult<void> open() override;
  QueueResult<std::vector<Message>> take(std::size_t most, core::Duration longest) override;
  std::size_t takers() const override { return kPullers; }
  QueueResult<void> hold(std::span<const Held> held) override;
  core::Duration hold_every() const override { return at_.deadline / 2; }
  QueueResult<std::vector<std::string>> acknowledge(std::span<const Held> held) override;
  QueueResult<void> give_back(std::span<const Held> held) override;
  void close() override {
    if (client_) client_->close();
  }

 private:
  std::shared_ptr<place::Pending> answered();  // of those that wait
  std::shared_ptr<place::Pending> pull(std::size_t most);
  QueueResult<std::vector<Message>> read(place::Pending& pull);
  QueueResult<void> set_deadline(std::span<const Held> held, seconds deadline);

  const Pubsub at_;
  std::unique_ptr<PubsubClient> client_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<place::Pending>> waiting_;  // guarded; pulls that no take() waits for
};

QueueResult<void> PubsubSource::open() {
  auto made = PubsubClient::make(at_, at_.subscription);
  if (!made) return std::unexpected(QueueFailure{made.error()});
  client_ = std::move(*made);
  return client_->find();
}

std::shared_ptr<place::Pending> PubsubSource::answered() {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find_if(
      waiting_, [](const auto& one) { return one->wait_for(core::Duration::zero()); });
  if (found == waiting_.end()) return nullptr;
  auto one = std::move(*found);
  waiting_.erase(found);
  return one;
}

std::shared_ptr<place::Pending> PubsubSource::pull(std::size_t most) {
  if (auto one = answered()) return one;
  {
    const std::lock_guard lock(mutex_);
    if (!waiting_.empty()) {
      auto one = std::move(waiting_.back());
      waiting_.pop_back();
      return one;
    }
  }
  std::string body;
  core::JsonWriter w(body);
  w.open('{');
  w.field("maxMessages", most);
  w.close('}');
  return client_->start("pull", std::move(body));
}

QueueResult<std::vector<Message>> PubsubSource::take(std::size_t most, core::Duration longest) {
  const auto until = std::chrono::steady_clock::now() + longest;
  auto pending = pull(most);
  while (!pending->wait_for(kPullSlice)) {
    if (client_->closed()) return std::unexpected(client_->closed_failure("pull"));
    auto other = answered();
    if (!other && std::chrono::steady_clock::now() < until) continue;
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(pending));
    }
    if (!other) return std::vector<Message>();
    pending = std::move(other);
  }
  return read(*pending);
}

std::optional<Message> read_pubsub_message(const simdjson::dom::element& element) {
  Message message;
  std::string_view text;
  if (element["ackId"].get(text) != simdjson::SUCCESS) return std::nullopt;
  message.receipt = text;
  if (element["message"]["messageId"].get(text) != simdjson::SUCCESS) return std::nullopt;
  message.id = text;
  if (element["deliveryAttempt"].get(message.deliveries) != simdjson::SUCCESS)
    message.deliveries = 1;
  const bool there = element["message"]["data"].get(text) == simdjson::SUCCESS && !text.empty();
  auto data = there ? core::read_base64(text) : std::nullopt;
  if (data) {
    message.text = std::move(*data);
  } else {
    message.text = fmt::format("{{\"message\":\"{}\"}}", message.id);
    message.reject = core::Reject{
        core::Stage::read, "no_value", fmt::format("message {} has no data", message.id), {}};
  }
  return message;
}

QueueResult<std::vector<Message>> PubsubSource::read(place::Pending& pull) {
  const auto answer = client_->finish("pull", pull);
  if (!answer) return std::unexpected(answer.error());
  simdjson::dom::parser parser;
  simdjson::dom::element all;
  if (core::not_starved(parser.parse(*answer)).get(all) != simdjson::SUCCESS)
    return std::unexpected(QueueFailure{
        {core::ErrorCode::io, "pull: the server's answer is not JSON", client_->name()}, true});
  std::vector<Message> messages;
  simdjson::dom::array items;
  if (all["receivedMessages"].get(items) != simdjson::SUCCESS) return messages;
  for (const simdjson::dom::element item : items)
    if (auto message = read_pubsub_message(item)) messages.push_back(std::move(*message));
  // The first deadline is the subscription's, perhaps 10 s. Where this fails they may come again, no more.
  std::vector<Held> held;
  for (const Message& one : messages) held.push_back({one.id, one.receipt, one.deliveries});
  static_cast<void>(set_deadline(held, std::chrono::ceil<seconds>(at_.deadline)));
  return messages;
}

std::string ids_body(std::span<const Held> held, std::optional<seconds> deadline) {
  std::string body;
  core::JsonWriter w(body);
  w.open('{');
  w.key("ackIds");
  w.open('[');
  for (const Held& one : held) w.value(std::string_view(one.receipt));
  w.close(']');
  if (deadline) w.field("ackDeadlineSeconds", deadline->count());
  w.close('}');
  return body;
}

// That a receipt has expired: its message comes again, with another. Said only of subscriptions that deliver exactly once.
bool is_expired(const QueueFailure& failure) {
  return failure.error.message.contains("the server answers 400");
}

QueueResult<void> PubsubSource::set_deadline(std::span<const Held> held, seconds deadline) {
  for (std::size_t from = 0; from < held.size(); from += kIdsACall) {
    const auto part = held.subspan(from, std::min(kIdsACall, held.size() - from));
    auto done = client_->call("modifyAckDeadline", ids_body(part, deadline));
    if (!done && !is_expired(done.error())) return std::unexpected(std::move(done.error()));
  }
  return {};
}

QueueResult<void> PubsubSource::hold(std::span<const Held> held) {
  return set_deadline(held, std::chrono::ceil<seconds>(at_.deadline));
}

// What is given back may come at once to a pull of our own that is still open, as may what came meanwhile: each of these
// is looked at once more, and brings nothing after that.
QueueResult<void> PubsubSource::give_back(std::span<const Held> held) {
  std::vector<std::shared_ptr<place::Pending>> pulls;
  {
    const std::lock_guard lock(mutex_);
    pulls = std::exchange(waiting_, {});
  }
  std::vector<Held> all(held.begin(), held.end());
  while (true) {
    if (auto done = set_deadline(all, seconds(0)); !done) return done;
    all.clear();
    const auto until = std::chrono::steady_clock::now() + kLastPulls;
    const auto came = [&] {
      return std::ranges::find_if(pulls, [](const auto& one) { return one->wait_for(kPullSlice); });
    };
    auto answered = came();
    while (answered == pulls.end() && !pulls.empty() && std::chrono::steady_clock::now() < until)
      answered = came();
    if (answered == pulls.end()) return {};
    if (const auto messages = read(**answered))
      for (const Message& one : *messages) all.push_back({one.id, one.receipt, one.deliveries});
    pulls.erase(answered);
  }
}

QueueResult<std::vector<std::string>> PubsubSource::acknowledge(std::span<const Held> held) {
  std::vector<std::string> left;
  std::optional<QueueFailure> failure;
  for (std::size_t from = 0; from < held.size(); from += kIdsACall) {
    const auto part = held.subspan(from, std::min(kIdsACall, held.size() - from));
    auto done = client_->call("acknowledge", ids_body(part, std::nullopt));
    if (done || is_expired(done.error())) continue;
    failure = std::move(done.error());
    for (const Held& one : part) left.push_back(one.id);
  }
  if (failure && left.size() == held.size()) return std::unexpected(std::move(*failure));
  return left;
}

}  // namespace

std::unique_ptr<Queue> make_pubsub_queue(const Spec& spec) {
  return std::make_unique<PubsubSource>(std::get<Pubsub>(spec.at));
}

core::Result<std::unique_ptr<format::RecordSource>> look_at_pubsub(const Spec& spec) {
  return core::fail(core::ErrorCode::pipeline,
                    "messages of Pub/Sub cannot be looked at without taking them, which withholds "
                    "them from others: try the pipeline with a file of rows",
                    name_of(spec));
}

}  // namespace sluice::queue
