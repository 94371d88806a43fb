#include "queue/sqs_target.h"

#include <fmt/format.h>

#include <thread>
#include <utility>

#include "core/hash.h"
#include "core/json.h"
#include "core/printable.h"
#include "queue/answer_lines.h"
#include "queue/queue_source.h"
#include "queue/sent_position.h"
#include "queue/sqs_client.h"

namespace sluice::queue {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSendAgainAfter{500};
// Of all messages of a call. A longer message goes alone: the server knows what it takes.
constexpr std::size_t kCallBytes = 256 * 1024;

struct Outgoing {
  Answer answer;
  std::string name;  // of this answer, the same when it is sent again
};

class SqsTarget final : public format::RecordTarget {
 public:
  explicit SqsTarget(Target target)
      : target_(std::move(target)),
        at_(std::get<SqsQueue>(target_.spec.at)),
        fifo_(at_.url.ends_with(".fifo")),
        sent_(target_.folder, at_.url, name_of(target_.spec)),
        answers_(target_) {}

  core::Result<format::Stand> open() override;
  core::Status restart() override { return sent_.cannot_restart("queue"); }
  core::Status put(std::string_view lines, const format::Stand& stand) override;

 private:
  std::unexpected<core::Error> fail(core::ErrorCode code, std::string message) const {
    return core::fail(code, std::move(message), name_of(target_.spec));
  }
  core::Status send(std::vector<Outgoing> batch);
  std::string body_of(const std::vector<Outgoing>& batch) const;

  const Target target_;
  const SqsQueue at_;
  const bool fifo_;
  const SentPosition sent_;
  AnswerLines answers_;
  std::unique_ptr<SqsClient> client_;
  format::Stand position_;
};

core::Result<format::Stand> SqsTarget::open() {
  auto made = SqsClient::make(at_);
  if (!made) return std::unexpected(made.error());
  client_ = std::move(*made);
  auto stand = sent_.read();
  if (stand) position_ = *stand;
  return stand;
}

core::Status SqsTarget::put(std::string_view lines, const format::Stand& stand) {
  std::vector<Outgoing> batch;
  std::size_t bytes = 0;
  std::uint64_t at = position_.bytes;
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    auto answer = answers_.read(lines.substr(0, end));
    if (!answer) return std::unexpected(answer.error());
    const std::size_t size = answer->text.size() + answer->key.size() + 32;
    if (!batch.empty() && (batch.size() == kSqsEntries || bytes + size > kCallBytes)) {
      if (auto sent = send(std::exchange(batch, {})); !sent) return sent;
      bytes = 0;
    }
    bytes += size;
    batch.push_back({std::move(*answer), fmt::format("{}:{}", target_.job, at)});
    const std::size_t length = end == lines.npos ? lines.size() : end + 1;
    at += length;
    lines.remove_prefix(length);
  }
  if (!batch.empty())
    if (auto sent = send(std::move(batch)); !sent) return sent;
  if (auto wrote = sent_.write(stand); !wrote) return wrote;
  position_ = stand;
  return {};
}

std::string SqsTarget::body_of(const std::vector<Outgoing>& batch) const {
  std::string body;
  core::JsonWriter w(body);
  w.open('{');
  w.field("QueueUrl", std::string_view(at_.url));
  w.key("Entries");
  w.open('[');
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Answer& answer = batch[i].answer;
    w.open('{');
    w.field("Id", std::string_view(std::to_string(i)));
    w.field("MessageBody", std::string_view(answer.text));
    if (!answer.key.empty()) {
      w.key("MessageAttributes");
      w.open('{');
      w.key("key");
      w.open('{');
      w.field("DataType", std::string_view("String"));
      w.field("StringValue", std::string_view(answer.key));
      w.close('}');
      w.close('}');
    }
    if (fifo_) {
      const std::string& group = answer.key.empty() ? target_.job : answer.key;
      w.field("MessageGroupId", std::string_view(core::hash128(group).hex()));
      w.field("MessageDeduplicationId",
              std::string_view(core::hash128(batch[i].name + answer.text).hex()));
    }
    w.close('}');
  }
  w.close(']');
  w.close('}');
  return body;
}

core::Status SqsTarget::send(std::vector<Outgoing> batch) {
  const auto began = std::chrono::steady_clock::now();
  while (true) {
    auto answer = client_->call("SendMessageBatch", body_of(batch));
    std::string why;
    if (answer) {
      const auto failed = read_sqs_failed(*answer);
      if (!failed) return fail(failed.error().error.code, failed.error().error.message);
      if (failed->empty()) return {};
      std::vector<Outgoing> again;
      for (const SqsFailed& one : *failed) {
        if (one.index >= batch.size()) continue;
        why = fmt::format("the answer of row {} is refused: {} {}",
                          core::printable(batch[one.index].answer.key), one.code, one.message);
        if (one.callers_fault) return fail(core::ErrorCode::io, why);
        again.push_back(std::move(batch[one.index]));
      }
      batch = std::move(again);
    } else if (!answer.error().passing) {
      return std::unexpected(answer.error().error);
    }
    if (std::chrono::steady_clock::now() - began > kReconnectFor)
      return answer ? fail(core::ErrorCode::io, why)
                    : core::Status(std::unexpected(answer.error().error));
    std::this_thread::sleep_for(kSendAgainAfter);
  }
}

}  // namespace

std::unique_ptr<format::RecordTarget> make_sqs_target(Target target) {
  return std::make_unique<SqsTarget>(std::move(target));
}

}  // namespace sluice::queue
