#include "queue/kafka_queue.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "queue/kafka_client.h"
#include "queue/kafka_offsets.h"
#include "queue/kafka_receipt.h"
#include "queue/queues.h"

namespace sluice::queue {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Partitions = rd_kafka_topic_partition_list_t;

constexpr milliseconds kKafkaHoldEvery{500};
// Without a take(): then there is no room, and what librdkafka reads ahead stays where it is.
constexpr seconds kPauseAfter{2};
// What close() may wait for.
constexpr milliseconds kPollSlice{100};
constexpr seconds kCommitWithin{5};
constexpr seconds kFindWithin{5};
constexpr seconds kFindAgainWithin{1};
// How long an answer about a partition's end is waited for before nothing is taken to be nothing.
constexpr seconds kSettleWithin{10};
constexpr std::size_t kWindow = 50'000;
// Requests by their numbers in Kafka's protocol.
constexpr std::int16_t kJoinGroup = 11;
constexpr std::int16_t kSyncGroup = 14;

int in_milliseconds(core::Duration duration) {
  return static_cast<int>(
      std::max<std::int64_t>(std::chrono::ceil<milliseconds>(duration).count(), 0));
}

class KafkaSource final : public Queue {
 public:
  KafkaSource(KafkaTopic at, std::string worker) : at_(std::move(at)), worker_(std::move(worker)) {}

  QueueResult<void> open() override;
  QueueResult<std::vector<Message>> take(std::size_t most, core::Duration longest) override;
  bool has(const Held& held) const override;
  QueueResult<void> hold(std::span<const Held> held) override;
  core::Duration hold_every() const override { return kKafkaHoldEvery; }
  QueueResult<std::vector<std::string>> acknowledge(std::span<const Held> held) override;
  QueueResult<void> give_back(std::span<const Held> held) override;
  void close() override { closed_ = true; }

 private:
  struct Partition {
    std::uint64_t generation = 0;
    bool paused = false;
    bool at_end = false;  // as a broker has said since the last message
    KafkaOffsets offsets = {};
  };
  using List = std::unique_ptr<Partitions, void (*)(Partitions*)>;

  List list() const;
  std::string name() const { return "kafka:" + at_.topic; }
  QueueFailure ended_here(std::string_view what) const;
  // Of the poll: none, a message, or why there is none.
  std::optional<QueueResult<Message>> poll(core::Duration longest);
  std::optional<Message> read(const rd_kafka_message_t& message);
  std::optional<QueueFailure> why_nothing();
  void set_paused(bool all);
  void rebalance(rd_kafka_resp_err_t code, Partitions* partitions);
  void assign(Partitions* partitions);
  void revoke(Partitions* partitions);
  // Under commits_.
  QueueResult<void> commit(const std::vector<std::int32_t>& of);

  const KafkaTopic at_;
  const std::string worker_;
  std::unique_ptr<KafkaClient> client_;
  std::atomic<bool> closed_ = false;
  std::atomic<bool> joining_ = false;  // the group waits for its members, this one has come

  // In this order where several are held.
  std::mutex polling_;              // guards the next three, and that one thread polls
  std::vector<Message> came_late_;  // when there was no room
  core::Time polled_at_;
  std::optional<QueueFailure> trouble_;  // until a broker answers again
  std::mutex commits_;                   // that commits do not overtake each other
  mutable std::mutex mutex_;             // guards all below
  std::map<std::int32_t, Partition> partitions_;
  std::uint64_t generation_ = 0;
  core::Time moved_at_;    // when the last message or partition came
  bool assigned_ = false;  // the group has said which partitions are ours, perhaps none
};

KafkaSource::List KafkaSource::list() const {
  return {client_->library().list_new(4), client_->library().list_destroy};
}

QueueFailure KafkaSource::ended_here(std::string_view what) const {
  return {{core::ErrorCode::io, fmt::format("{} has been ended here", what), name()}, true};
}

QueueResult<void> KafkaSource::open() {
  auto made = KafkaClient::make(
      at_, RD_KAFKA_CONSUMER,
      {{"client.id", worker_.empty() ? "sluice" : worker_},
       {"auto.offset.reset", "earliest"},
       {"reconnect.backoff.max.ms", "2000"},
       {"queued.min.messages", "1000"},
       {"queued.max.messages.kbytes", "16384"}},
      {{"group.id", at_.group},
       {"enable.auto.commit", "false"},
       {"enable.auto.offset.store", "false"},
       {"enable.partition.eof", "true"},
       {"partition.assignment.strategy", "cooperative-sticky"}},
      {.rebalance = [this](rd_kafka_resp_err_t code, Partitions* of) { rebalance(code, of); },
       .sent =
           [this](std::int16_t api) {
             if (api == kJoinGroup || api == kSyncGroup) joining_ = api == kJoinGroup;
           }});
  if (!made) return std::unexpected(QueueFailure{made.error()});
  client_ = std::move(*made);
  if (auto found = client_->find_topic(kFindWithin, true); !found) return found;
  const KafkaLibrary& kafka = client_->library();
  kafka.poll_set_consumer(client_->handle());
  const List topics = list();
  kafka.list_add(topics.get(), at_.topic.c_str(), RD_KAFKA_PARTITION_UA);
  if (const auto code = kafka.subscribe(client_->handle(), topics.get());
      code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return std::unexpected(client_->failure(code, "joining the group"));
  polled_at_ = std::chrono::steady_clock::now();
  return {};
}

// Taking

QueueResult<std::vector<Message>> KafkaSource::take(std::size_t most, core::Duration longest) {
  const std::lock_guard polling(polling_);
  set_paused(false);
  std::vector<Message> messages = std::exchange(came_late_, {});
  const auto until = std::chrono::steady_clock::now() + longest;
  while (messages.size() < most && !closed_) {
    const core::Duration left = until - std::chrono::steady_clock::now();
    if (messages.empty() && left <= core::Duration::zero()) break;
    auto came = poll(messages.empty() ? std::min<core::Duration>(left, kPollSlice)
                                      : core::Duration::zero());
    if (came && *came) {
      messages.push_back(std::move(**came));
      continue;
    }
    if (!messages.empty()) break;
    if (came) return std::unexpected(std::move(came->error()));
  }
  polled_at_ = std::chrono::steady_clock::now();
  if (!messages.empty()) return messages;
  if (closed_) return std::unexpected(ended_here("reading"));
  if (auto why = why_nothing()) return std::unexpected(std::move(*why));
  return messages;
}

std::optional<QueueResult<Message>> KafkaSource::poll(core::Duration longest) {
  const KafkaLibrary& kafka = client_->library();
  const auto destroy = [&kafka](rd_kafka_message_t* message) { kafka.message_destroy(message); };
  const std::unique_ptr<rd_kafka_message_t, decltype(destroy)> came(
      kafka.consumer_poll(client_->handle(), in_milliseconds(longest)), destroy);
  client_->rethrow();
  if (!came) return std::nullopt;
  if (came->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    auto message = read(*came);
    if (!message) return std::nullopt;
    return std::move(*message);
  }
  if (came->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    const std::lock_guard lock(mutex_);
    if (const auto found = partitions_.find(came->partition); found != partitions_.end())
      found->second.at_end = true;
    return std::nullopt;
  }
  // It has been told to leave the group, which it joins again by itself.
  if (came->err == RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED) return std::nullopt;
  return std::unexpected(client_->failure(came->err, "reading"));
}

std::optional<Message> KafkaSource::read(const rd_kafka_message_t& message) {
  Message row;
  row.id = fmt::format("{}[{}]@{}", at_.topic, message.partition, message.offset);
  {
    const std::lock_guard lock(mutex_);
    const auto found = partitions_.find(message.partition);
    if (found == partitions_.end() || !found->second.offsets.take(message.offset))
      return std::nullopt;
    found->second.at_end = false;
    moved_at_ = std::chrono::steady_clock::now();
    row.receipt = kafka_receipt({message.partition, message.offset, found->second.generation});
  }
  if (message.payload != nullptr) {
    row.text.assign(static_cast<const char*>(message.payload), message.len);
  } else {
    row.text = fmt::format("{{\"message\":\"{}\"}}", row.id);
    row.reject =
        core::Reject{core::Stage::read, "no_value", "message " + row.id + " has no value", {}};
  }
  return row;
}

// That nothing has come says something only when it could have come.
std::optional<QueueFailure> KafkaSource::why_nothing() {
  if (auto trouble = client_->trouble()) trouble_ = std::move(trouble);
  if (trouble_) {
    if (!trouble_->passing || !client_->find_topic(kFindAgainWithin, false)) return trouble_;
    trouble_.reset();
  }
  const std::lock_guard lock(mutex_);
  if (!assigned_)
    return QueueFailure{
        {core::ErrorCode::io,
         fmt::format("the group '{}' has not given this worker its part of the topic", at_.group),
         name()},
        true};
  const bool settled = std::chrono::steady_clock::now() - moved_at_ >= kSettleWithin ||
                       std::ranges::all_of(partitions_, [](const auto& one) {
                         return one.second.at_end || one.second.paused;
                       });
  if (settled) return std::nullopt;
  return QueueFailure{{core::ErrorCode::io, "the brokers give no messages yet", name()}, true};
}

// All partitions, or those that are too far ahead of their first row that has not ended.
void KafkaSource::set_paused(bool all) {
  const KafkaLibrary& kafka = client_->library();
  const List pause = list();
  const List resume = list();
  {
    const std::lock_guard lock(mutex_);
    for (auto& [number, partition] : partitions_) {
      const std::size_t open = partition.offsets.open();
      const bool paused = all || open >= (partition.paused ? kWindow / 2 : kWindow);
      if (paused == partition.paused) continue;
      partition.paused = paused;
      kafka.list_add((paused ? pause : resume).get(), at_.topic.c_str(), number);
    }
  }
  if (pause->cnt > 0) kafka.pause_partitions(client_->handle(), pause.get());
  if (resume->cnt > 0) kafka.resume_partitions(client_->handle(), resume.get());
}

bool KafkaSource::has(const Held& held) const {
  const auto receipt = read_kafka_receipt(held.receipt);
  const std::lock_guard lock(mutex_);
  const auto found = partitions_.find(receipt.partition);
  return found != partitions_.end() && found->second.generation == receipt.generation;
}

QueueResult<void> KafkaSource::hold(std::span<const Held> /*held*/) {
  const std::unique_lock polling(polling_, std::try_to_lock);
  if (!polling || std::chrono::steady_clock::now() - polled_at_ < kPauseAfter) return {};
  set_paused(true);
  while (auto came = poll(core::Duration::zero())) {
    if (*came)
      came_late_.push_back(std::move(**came));
    else if (!came->error().passing)
      return std::unexpected(std::move(came->error()));
    else
      break;
  }
  return {};
}

// Changes of the group, on the thread that polls

void KafkaSource::rebalance(rd_kafka_resp_err_t code, Partitions* partitions) {
  if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
    assign(partitions);
  else if (code == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS)
    revoke(partitions);
  else
    client_->library().assign(client_->handle(), nullptr);
}

void KafkaSource::assign(Partitions* partitions) {
  {
    const std::lock_guard lock(mutex_);
    for (int i = 0; i < partitions->cnt; ++i)
      partitions_[partitions->elems[i].partition] = {.generation = ++generation_};
    assigned_ = true;
    moved_at_ = std::chrono::steady_clock::now();
  }
  if (auto* const error = client_->library().incremental_assign(client_->handle(), partitions))
    client_->library().error_destroy(error);
}

void KafkaSource::revoke(Partitions* partitions) {
  std::vector<std::int32_t> numbers;
  for (int i = 0; i < partitions->cnt; ++i) numbers.push_back(partitions->elems[i].partition);
  {
    const std::lock_guard commits(commits_);
    // Where that fails their rows come again, to the next owner.
    if (client_->library().assignment_lost(client_->handle()) == 0 && !joining_)
      static_cast<void>(commit(numbers));
    const std::lock_guard lock(mutex_);
    for (const std::int32_t number : numbers) partitions_.erase(number);
    if (partitions_.empty() && !numbers.empty()) assigned_ = false;
  }
  if (auto* const error = client_->library().incremental_unassign(client_->handle(), partitions))
    client_->library().error_destroy(error);
}

// Acknowledging

QueueResult<std::vector<std::string>> KafkaSource::acknowledge(std::span<const Held> held) {
  const std::lock_guard commits(commits_);
  std::vector<std::int32_t> of;
  {
    const std::lock_guard lock(mutex_);
    for (const Held& one : held) {
      const auto receipt = read_kafka_receipt(one.receipt);
      const auto found = partitions_.find(receipt.partition);
      if (found != partitions_.end() && found->second.generation == receipt.generation)
        found->second.offsets.end(receipt.offset);
    }
    for (const auto& [number, partition] : partitions_) of.push_back(number);
  }
  if (joining_)
    return std::unexpected(QueueFailure{
        {core::ErrorCode::io,
         fmt::format("the group '{}' waits for all its members, perhaps for one that has died",
                     at_.group),
         name()},
        true});
  if (auto done = commit(of); !done) return std::unexpected(std::move(done.error()));
  return {};
}

QueueResult<void> KafkaSource::commit(const std::vector<std::int32_t>& of) {
  const KafkaLibrary& kafka = client_->library();
  const List offsets = list();
  {
    const std::lock_guard lock(mutex_);
    for (const std::int32_t number : of) {
      const auto found = partitions_.find(number);
      if (found == partitions_.end()) continue;
      if (const auto next = found->second.offsets.next())
        kafka.list_add(offsets.get(), at_.topic.c_str(), number)->offset = *next;
    }
  }
  if (offsets->cnt == 0) return {};
  const std::unique_ptr<rd_kafka_queue_t, void (*)(rd_kafka_queue_t*)> answers(
      kafka.queue_new(client_->handle()), kafka.queue_destroy);
  auto code = kafka.commit_queue(client_->handle(), offsets.get(), answers.get(), nullptr, nullptr);
  const auto until = std::chrono::steady_clock::now() + kCommitWithin;
  bool answered = code != RD_KAFKA_RESP_ERR_NO_ERROR;
  while (!answered && !closed_ && std::chrono::steady_clock::now() < until) {
    const std::unique_ptr<rd_kafka_event_t, void (*)(rd_kafka_event_t*)> event(
        kafka.queue_poll(answers.get(), in_milliseconds(kPollSlice)), kafka.event_destroy);
    if (!event) continue;
    answered = true;
    code = kafka.event_error(event.get());
  }
  if (!answered) code = RD_KAFKA_RESP_ERR__TIMED_OUT;
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return std::unexpected(client_->failure(code, "committing offsets"));
  const std::lock_guard lock(mutex_);
  for (int i = 0; i < offsets->cnt; ++i)
    if (const auto found = partitions_.find(offsets->elems[i].partition);
        found != partitions_.end())
      found->second.offsets.committed(offsets->elems[i].offset);
  return {};
}

// What is held is what is not committed: the group gives it to another member.
QueueResult<void> KafkaSource::give_back(std::span<const Held> /*held*/) {
  const std::lock_guard polling(polling_);
  const auto code = client_->library().consumer_close(client_->handle());
  client_->rethrow();
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return std::unexpected(client_->failure(code, "leaving the group"));
  return {};
}

}  // namespace

std::unique_ptr<Queue> make_kafka_queue(const Spec& spec) {
  return std::make_unique<KafkaSource>(std::get<KafkaTopic>(spec.at), spec.worker);
}

core::Result<std::unique_ptr<format::RecordSource>> look_at_kafka(const Spec& spec) {
  return core::fail(core::ErrorCode::pipeline,
                    "a topic is not looked at without taking rows of it: try the pipeline with a "
                    "file of rows",
                    name_of(spec));
}

}  // namespace sluice::queue
