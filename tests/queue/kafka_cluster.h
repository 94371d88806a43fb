// A cluster of Kafka in this process: librdkafka's own mock of one, whose brokers listen on loopback. It answers other requests
// while a JoinGroup waits for members, which no broker does: what hangs on that is tried at a real one (stranger/kafka.py).
//
// Threads: one.
#pragma once

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sluice::queue {

class KafkaCluster {
 public:
  explicit KafkaCluster(int partitions = 1) {
    client_ = client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", "127.0.0.1:1"}});
    cluster_ = rd_kafka_mock_cluster_new(client_, 1);
    topic("rows", partitions);
    topic("answers", partitions);
    producer_ = client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", brokers()}});
  }
  ~KafkaCluster() {
    rd_kafka_destroy(producer_);
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(client_);
  }
  KafkaCluster(const KafkaCluster&) = delete;

  std::string brokers() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }
  rd_kafka_mock_cluster_t* mock() { return cluster_; }
  void topic(const char* name, int partitions) {
    rd_kafka_mock_topic_create(cluster_, name, partitions, 1);
  }
  void add(const std::string& text, int partition = 0) {
    rd_kafka_vu_t value = part(RD_KAFKA_VTYPE_VALUE);
    value.u.mem = {const_cast<char*>(text.data()), text.size()};
    produce(partition, value);
  }
  // {"id":"0"} …, in all partitions by turns.
  void add(int from, int to, int partitions = 1) {
    for (int i = from; i < to; ++i) add(R"({"id":")" + std::to_string(i) + "\"}", i % partitions);
    flush();
  }
  void add_tombstone() {
    char key[] = "k";
    rd_kafka_vu_t only_a_key = part(RD_KAFKA_VTYPE_KEY);
    only_a_key.u.mem = {key, 1};
    produce(0, only_a_key);
    flush();
  }
  // The broker refuses all commits, for as long as that holds.
  void refuse_commits(bool refuse) {
    constexpr std::int16_t kOffsetCommit = 8;
    rd_kafka_mock_clear_request_errors(cluster_, kOffsetCommit);
    std::vector<rd_kafka_resp_err_t> errors(refuse ? 1000 : 0,
                                            RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE);
    if (refuse)
      rd_kafka_mock_push_request_errors_array(cluster_, kOffsetCommit, errors.size(),
                                              errors.data());
  }
  void flush() { EXPECT_EQ(rd_kafka_flush(producer_, 10'000), RD_KAFKA_RESP_ERR_NO_ERROR); }

  // What the group has committed of a partition; -1: nothing.
  std::int64_t committed(const char* group = "sluice", int partition = 0) const {
    rd_kafka_t* consumer =
        client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", brokers()}, {"group.id", group}});
    auto* list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, "rows", partition);
    EXPECT_EQ(rd_kafka_committed(consumer, list, 10'000), RD_KAFKA_RESP_ERR_NO_ERROR);
    const std::int64_t offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(consumer);
    return offset < 0 ? -1 : offset;
  }

  // Keys and values of a topic's partition 0, which has `count`.
  std::vector<std::pair<std::string, std::string>> messages(const char* topic, std::size_t count) {
    rd_kafka_t* consumer =
        client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", brokers()}, {"group.id", "test"}});
    auto* list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_assign(consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    std::vector<std::pair<std::string, std::string>> found;
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (found.size() < count && std::chrono::steady_clock::now() < until) {
      rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer, 100);
      if (message == nullptr) continue;
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        found.emplace_back(std::string(static_cast<const char*>(message->key), message->key_len),
                           std::string(static_cast<const char*>(message->payload), message->len));
      rd_kafka_message_destroy(message);
    }
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
    return found;
  }

 private:
  static rd_kafka_vu_t part(rd_kafka_vtype_t type) {
    rd_kafka_vu_t made{};
    made.vtype = type;
    return made;
  }
  void produce(int number, const rd_kafka_vu_t& what) {
    std::array parts = {part(RD_KAFKA_VTYPE_TOPIC), part(RD_KAFKA_VTYPE_PARTITION),
                        part(RD_KAFKA_VTYPE_MSGFLAGS), what};
    parts[0].u.cstr = "rows";
    parts[1].u.i32 = number;
    parts[2].u.i = RD_KAFKA_MSG_F_COPY;
    EXPECT_EQ(rd_kafka_produceva(producer_, parts.data(), parts.size()), nullptr);
  }
  static rd_kafka_t* client(rd_kafka_type_t type,
                            const std::map<std::string, std::string>& settings) {
    std::array<char, 256> why{};
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, nullptr);
    for (const auto& [name, value] : settings)
      EXPECT_EQ(rd_kafka_conf_set(conf, name.c_str(), value.c_str(), why.data(), why.size()),
                RD_KAFKA_CONF_OK)
          << why.data();
    rd_kafka_t* made = rd_kafka_new(type, conf, why.data(), why.size());
    EXPECT_NE(made, nullptr) << why.data();
    return made;
  }

  rd_kafka_t* client_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
  rd_kafka_t* producer_ = nullptr;
};

}  // namespace sluice::queue
