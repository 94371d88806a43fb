#include "queue/kafka_target.h"

#include <fmt/format.h>

#include <utility>

#include "core/printable.h"
#include "queue/answer_lines.h"
#include "queue/kafka_client.h"
#include "queue/queue_source.h"
#include "queue/sent_position.h"

namespace sluice::queue {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kTargetWithin{5};
constexpr milliseconds kServeFor{100};
// A longer answer is for the broker to refuse.
constexpr std::string_view kLongestAnswer = "100000000";

class KafkaTarget final : public format::RecordTarget {
 public:
  explicit KafkaTarget(Target target)
      : target_(std::move(target)),
        at_(std::get<KafkaTopic>(target_.spec.at)),
        sent_(target_.folder, at_.brokers + "/" + at_.topic, name_of(target_.spec)),
        answers_(target_) {}

  core::Result<format::Stand> open() override;
  core::Status restart() override { return sent_.cannot_restart("topic"); }
  core::Status put(std::string_view lines, const format::Stand& stand) override;

 private:
  core::Status send(const Answer& answer);
  core::Status refused(rd_kafka_resp_err_t code, std::string_view key) const;

  const Target target_;
  const KafkaTopic at_;
  const SentPosition sent_;
  AnswerLines answers_;
  std::unique_ptr<KafkaClient> client_;
  std::unique_ptr<rd_kafka_topic_t, void (*)(rd_kafka_topic_t*)> topic_{nullptr, nullptr};
  // Of one put(): the first that the brokers did not take, and its row.
  rd_kafka_resp_err_t failed_ = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::string failed_key_;
};

core::Result<format::Stand> KafkaTarget::open() {
  topic_.reset();
  auto made = KafkaClient::make(
      at_, RD_KAFKA_PRODUCER,
      {{"client.id", "sluice"},
       {"partitioner", "murmur2_random"},
       {"message.max.bytes", std::string(kLongestAnswer)}},
      {{"enable.idempotence", "true"},
       {"acks", "all"},
       {"message.timeout.ms", std::to_string(milliseconds(kReconnectFor).count())}},
      {.delivered = [this](const rd_kafka_message_t& message) {
        if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR || failed_ != RD_KAFKA_RESP_ERR_NO_ERROR)
          return;
        failed_ = message.err;
        failed_key_.assign(static_cast<const char*>(message.key), message.key_len);
      }});
  if (!made) return std::unexpected(made.error());
  client_ = std::move(*made);
  if (auto found = client_->find_topic(kTargetWithin, true); !found)
    return std::unexpected(std::move(found.error().error));
  topic_ = {client_->library().topic_new(client_->handle(), at_.topic.c_str(), nullptr),
            client_->library().topic_destroy};
  if (!topic_)
    return std::unexpected(client_->failure(client_->library().last_error(), "the topic").error);
  return sent_.read();
}

core::Status KafkaTarget::put(std::string_view lines, const format::Stand& stand) {
  failed_ = RD_KAFKA_RESP_ERR_NO_ERROR;
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    auto answer = answers_.read(lines.substr(0, end));
    if (!answer) return std::unexpected(answer.error());
    if (auto sent = send(*answer); !sent) return sent;
    lines.remove_prefix(end == lines.npos ? lines.size() : end + 1);
  }
  // Each ends by itself, within kReconnectFor.
  const KafkaLibrary& kafka = client_->library();
  while (kafka.outq_len(client_->handle()) > 0) {
    kafka.flush(client_->handle(), static_cast<int>(kServeFor.count()));
    client_->rethrow();
  }
  if (failed_ != RD_KAFKA_RESP_ERR_NO_ERROR) return refused(failed_, failed_key_);
  return sent_.write(stand);
}

core::Status KafkaTarget::send(const Answer& answer) {
  const KafkaLibrary& kafka = client_->library();
  // librdkafka copies both (RD_KAFKA_MSG_F_COPY).
  auto* const text = const_cast<char*>(answer.text.data());
  while (kafka.produce(topic_.get(), RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, text,
                       answer.text.size(), answer.key.empty() ? nullptr : answer.key.data(),
                       answer.key.size(), nullptr) != 0) {
    const auto code = kafka.last_error();
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) return refused(code, answer.key);
    kafka.poll(client_->handle(), static_cast<int>(kServeFor.count()));
    client_->rethrow();
  }
  return {};
}

core::Status KafkaTarget::refused(rd_kafka_resp_err_t code, std::string_view key) const {
  auto why = client_->trouble();
  const auto what = fmt::format("the answer of row {}", core::printable(key));
  if (!why || why->passing != (code == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT))
    return std::unexpected(client_->failure(code, what).error);
  why->error.message = fmt::format("{} was not taken: {}", what, why->error.message);
  return std::unexpected(std::move(why->error));
}

}  // namespace

std::unique_ptr<format::RecordTarget> make_kafka_target(Target target) {
  return std::make_unique<KafkaTarget>(std::move(target));
}

}  // namespace sluice::queue
