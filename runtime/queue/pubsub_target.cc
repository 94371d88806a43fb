#include "queue/pubsub_target.h"

#include <fmt/format.h>

#include <thread>
#include <utility>

#include "core/base64.h"
#include "core/json.h"
#include "core/printable.h"
#include "queue/answer_lines.h"
#include "queue/pubsub_client.h"
#include "queue/queue_source.h"
#include "queue/sent_position.h"

namespace sluice::queue {
namespace {

constexpr std::chrono::milliseconds kPublishAgainAfter{500};
// Of a request: Pub/Sub takes 1,000 messages and 10 MB, in base64.
constexpr std::size_t kMessagesACall = 500;
constexpr std::size_t kBytesACall = std::size_t{4} << 20;
constexpr std::size_t kLongestAttribute = 1024;

class PubsubTarget final : public format::RecordTarget {
 public:
  explicit PubsubTarget(Target target)
      : target_(std::move(target)),
        at_(std::get<Pubsub>(target_.spec.at)),
        sent_(target_.folder, at_.endpoint + "/" + at_.topic, name_of(target_.spec)),
        answers_(target_) {}

  core::Result<format::Stand> open() override {
    auto made = PubsubClient::make(at_, at_.topic);
    if (!made) return std::unexpected(made.error());
    client_ = std::move(*made);
    if (auto found = client_->find(); !found)
      return std::unexpected(std::move(found.error().error));
    return sent_.read();
  }
  core::Status restart() override { return sent_.cannot_restart("topic"); }
  core::Status put(std::string_view lines, const format::Stand& stand) override;

 private:
  core::Status publish(const std::vector<Answer>& batch);

  const Target target_;
  const Pubsub at_;
  const SentPosition sent_;
  AnswerLines answers_;
  std::unique_ptr<PubsubClient> client_;
};

core::Status PubsubTarget::put(std::string_view lines, const format::Stand& stand) {
  std::vector<Answer> batch;
  std::size_t bytes = 0;
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    auto answer = answers_.read(lines.substr(0, end));
    if (!answer) return std::unexpected(answer.error());
    const std::size_t size = answer->text.size() + answer->key.size();
    if (!batch.empty() && (batch.size() == kMessagesACall || bytes + size > kBytesACall)) {
      if (auto done = publish(std::exchange(batch, {})); !done) return done;
      bytes = 0;
    }
    bytes += size;
    batch.push_back(std::move(*answer));
    lines.remove_prefix(end == lines.npos ? lines.size() : end + 1);
  }
  if (!batch.empty())
    if (auto done = publish(batch); !done) return done;
  return sent_.write(stand);
}

core::Status PubsubTarget::publish(const std::vector<Answer>& batch) {
  std::string body;
  core::JsonWriter w(body);
  w.open('{');
  w.key("messages");
  w.open('[');
  for (const Answer& answer : batch) {
    w.open('{');
    std::string data;
    core::append_base64(data, answer.text);
    w.field("data", std::string_view(data));
    if (!answer.key.empty() && answer.key.size() <= kLongestAttribute) {
      w.key("attributes");
      w.open('{');
      w.field("key", std::string_view(answer.key));
      w.close('}');
    }
    w.close('}');
  }
  w.close(']');
  w.close('}');
  const auto began = std::chrono::steady_clock::now();
  while (true) {
    auto done = client_->call("publish", body);
    if (done) return {};
    if (!done.error().passing || std::chrono::steady_clock::now() - began > kReconnectFor) {
      core::Error error = std::move(done.error().error);
      error.message =
          fmt::format("the answers of row {} and {} more were not taken: {}",
                      core::printable(batch.front().key), batch.size() - 1, error.message);
      return std::unexpected(std::move(error));
    }
    std::this_thread::sleep_for(kPublishAgainAfter);
  }
}

}  // namespace

std::unique_ptr<format::RecordTarget> make_pubsub_target(Target target) {
  return std::make_unique<PubsubTarget>(std::move(target));
}

}  // namespace sluice::queue
