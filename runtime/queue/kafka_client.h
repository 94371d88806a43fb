// A consumer or a producer of librdkafka as a value: made of a pipeline's settings, with what its callbacks say kept for
// its owner. No text that leaves it holds what a setting of `config` holds.
//
// Threads: what librdkafka says of its functions; trouble() and shown() any. Hooks run on the thread that polls, but for `sent`.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "queue/kafka_library.h"
#include "queue/queue.h"
#include "queue/spec.h"

namespace sluice::queue {

std::string kafka_name_of(const Spec& spec);  // the topic

struct KafkaHooks {
  std::function<void(rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t*)> rebalance = {};
  std::function<void(const rd_kafka_message_t&)> delivered = {};
  // A request has been written to a broker: its number in Kafka's protocol. On threads of librdkafka's; must not throw.
  std::function<void(std::int16_t)> sent = {};
};

using KafkaSettings = std::vector<std::pair<std::string_view, std::string>>;

class KafkaClient {
 public:
  // `defaults` give way to the pipeline's settings, `fixed` do not.
  static core::Result<std::unique_ptr<KafkaClient>> make(const KafkaTopic& at, rd_kafka_type_t type,
                                                         const KafkaSettings& defaults,
                                                         const KafkaSettings& fixed,
                                                         KafkaHooks hooks);
  // Without a word to the group: close it before.
  ~KafkaClient();
  KafkaClient(const KafkaClient&) = delete;
  KafkaClient& operator=(const KafkaClient&) = delete;

  rd_kafka_t* handle() const { return handle_; }
  const KafkaLibrary& library() const { return library_; }

  // Whether the topic is there, by any broker that answers in time. Before a consumer polls it serves callbacks too.
  QueueResult<void> find_topic(core::Duration within, bool serve);

  // What librdkafka has reported of itself since it was last asked: that no broker can be reached, that it is refused.
  std::optional<QueueFailure> trouble();
  QueueFailure failure(rd_kafka_resp_err_t code, std::string_view what) const;
  std::string shown(std::string text) const;  // without secrets
  // What a hook has thrown; behind each call that polls.
  void rethrow();

 private:
  KafkaClient(const KafkaLibrary& library, const KafkaTopic& at, KafkaHooks hooks);
  core::Status start(rd_kafka_type_t type, const KafkaSettings& defaults,
                     const KafkaSettings& fixed);
  static void on_error(rd_kafka_t*, int code, const char* reason, void* self);
  static void on_rebalance(rd_kafka_t*, rd_kafka_resp_err_t code,
                           rd_kafka_topic_partition_list_t* partitions, void* self);
  static void on_delivered(rd_kafka_t*, const rd_kafka_message_t* message, void* self);
  static rd_kafka_resp_err_t on_made(rd_kafka_t* handle, const rd_kafka_conf_t*, void* self, char*,
                                     std::size_t);
  static rd_kafka_resp_err_t on_sent(rd_kafka_t*, int, const char*, std::int32_t, std::int16_t api,
                                     std::int16_t, std::int32_t, std::size_t, void* self);
  template <class Body>
  void guarded(Body body);

  const KafkaLibrary& library_;
  const KafkaTopic at_;
  const KafkaHooks hooks_;
  rd_kafka_t* handle_ = nullptr;
  std::mutex mutex_;  // guards all below
  std::optional<QueueFailure> trouble_;
  std::exception_ptr thrown_;
};

}  // namespace sluice::queue
