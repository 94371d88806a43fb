// Kafka's client library, loaded when the first topic wants it, and not linked, as PostgreSQL's is (postgres/libpq.h): so the
// program runs where it is not installed. Its interface under the name librdkafka.so.1 has only grown since 2016.
//
// Threads: any; what the functions themselves say holds for the rest.
#pragma once

#include <librdkafka/rdkafka.h>

#include "core/error.h"

namespace sluice::queue {

struct KafkaLibrary {
  decltype(&rd_kafka_assign) assign;
  decltype(&rd_kafka_assignment_lost) assignment_lost;
  decltype(&rd_kafka_commit_queue) commit_queue;
  decltype(&rd_kafka_conf_destroy) conf_destroy;
  decltype(&rd_kafka_conf_interceptor_add_on_new) conf_interceptor_add_on_new;
  decltype(&rd_kafka_conf_new) conf_new;
  decltype(&rd_kafka_conf_set) conf_set;
  decltype(&rd_kafka_conf_set_dr_msg_cb) conf_set_dr_msg_cb;
  decltype(&rd_kafka_conf_set_error_cb) conf_set_error_cb;
  decltype(&rd_kafka_conf_set_log_cb) conf_set_log_cb;
  decltype(&rd_kafka_conf_set_opaque) conf_set_opaque;
  decltype(&rd_kafka_conf_set_rebalance_cb) conf_set_rebalance_cb;
  decltype(&rd_kafka_consumer_close) consumer_close;
  decltype(&rd_kafka_consumer_poll) consumer_poll;
  decltype(&rd_kafka_destroy_flags) destroy_flags;
  decltype(&rd_kafka_err2str) err2str;
  decltype(&rd_kafka_error_code) error_code;
  decltype(&rd_kafka_error_destroy) error_destroy;
  decltype(&rd_kafka_event_destroy) event_destroy;
  decltype(&rd_kafka_event_error) event_error;
  decltype(&rd_kafka_flush) flush;
  decltype(&rd_kafka_incremental_assign) incremental_assign;
  decltype(&rd_kafka_incremental_unassign) incremental_unassign;
  decltype(&rd_kafka_interceptor_add_on_request_sent) interceptor_add_on_request_sent;
  decltype(&rd_kafka_last_error) last_error;
  decltype(&rd_kafka_message_destroy) message_destroy;
  decltype(&rd_kafka_metadata) metadata;
  decltype(&rd_kafka_metadata_destroy) metadata_destroy;
  decltype(&rd_kafka_new) make;
  decltype(&rd_kafka_outq_len) outq_len;
  decltype(&rd_kafka_pause_partitions) pause_partitions;
  decltype(&rd_kafka_poll) poll;
  decltype(&rd_kafka_poll_set_consumer) poll_set_consumer;
  decltype(&rd_kafka_produce) produce;
  decltype(&rd_kafka_queue_destroy) queue_destroy;
  decltype(&rd_kafka_queue_new) queue_new;
  decltype(&rd_kafka_queue_poll) queue_poll;
  decltype(&rd_kafka_resume_partitions) resume_partitions;
  decltype(&rd_kafka_subscribe) subscribe;
  decltype(&rd_kafka_topic_destroy) topic_destroy;
  decltype(&rd_kafka_topic_new) topic_new;
  decltype(&rd_kafka_topic_partition_list_add) list_add;
  decltype(&rd_kafka_topic_partition_list_destroy) list_destroy;
  decltype(&rd_kafka_topic_partition_list_new) list_new;
};

// An Error says what to install.
core::Result<const KafkaLibrary*> kafka_library();

}  // namespace sluice::queue
