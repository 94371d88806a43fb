#include "queue/kafka_library.h"

#include <dlfcn.h>

namespace sluice::queue {
namespace {

constexpr char kKafkaLibrary[] = "librdkafka.so.1";

struct LoadedKafka {
  KafkaLibrary functions{};
  bool there = false;
  bool whole = true;
};

LoadedKafka load_kafka() {
  LoadedKafka loaded;
  void* library = ::dlopen(kKafkaLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return loaded;
  loaded.there = true;
  const auto take = [&]<class Function>(Function& function, const char* name) {
    function = reinterpret_cast<Function>(::dlsym(library, name));
    if (function == nullptr) loaded.whole = false;
  };
  KafkaLibrary& f = loaded.functions;
  take(f.assign, "rd_kafka_assign");
  take(f.assignment_lost, "rd_kafka_assignment_lost");
  take(f.commit_queue, "rd_kafka_commit_queue");
  take(f.conf_destroy, "rd_kafka_conf_destroy");
  take(f.conf_interceptor_add_on_new, "rd_kafka_conf_interceptor_add_on_new");
  take(f.conf_new, "rd_kafka_conf_new");
  take(f.conf_set, "rd_kafka_conf_set");
  take(f.conf_set_dr_msg_cb, "rd_kafka_conf_set_dr_msg_cb");
  take(f.conf_set_error_cb, "rd_kafka_conf_set_error_cb");
  take(f.conf_set_log_cb, "rd_kafka_conf_set_log_cb");
  take(f.conf_set_opaque, "rd_kafka_conf_set_opaque");
  take(f.conf_set_rebalance_cb, "rd_kafka_conf_set_rebalance_cb");
  take(f.consumer_close, "rd_kafka_consumer_close");
  take(f.consumer_poll, "rd_kafka_consumer_poll");
  take(f.destroy_flags, "rd_kafka_destroy_flags");
  take(f.err2str, "rd_kafka_err2str");
  take(f.error_code, "rd_kafka_error_code");
  take(f.error_destroy, "rd_kafka_error_destroy");
  take(f.event_destroy, "rd_kafka_event_destroy");
  take(f.event_error, "rd_kafka_event_error");
  take(f.flush, "rd_kafka_flush");
  take(f.incremental_assign, "rd_kafka_incremental_assign");
  take(f.incremental_unassign, "rd_kafka_incremental_unassign");
  take(f.interceptor_add_on_request_sent, "rd_kafka_interceptor_add_on_request_sent");
  take(f.last_error, "rd_kafka_last_error");
  take(f.message_destroy, "rd_kafka_message_destroy");
  take(f.metadata, "rd_kafka_metadata");
  take(f.metadata_destroy, "rd_kafka_metadata_destroy");
  take(f.make, "rd_kafka_new");
  take(f.outq_len, "rd_kafka_outq_len");
  take(f.pause_partitions, "rd_kafka_pause_partitions");
  take(f.poll, "rd_kafka_poll");
  take(f.poll_set_consumer, "rd_kafka_poll_set_consumer");
  take(f.produce, "rd_kafka_produce");
  take(f.queue_destroy, "rd_kafka_queue_destroy");
  take(f.queue_new, "rd_kafka_queue_new");
  take(f.queue_poll, "rd_kafka_queue_poll");
  take(f.resume_partitions, "rd_kafka_resume_partitions");
  take(f.subscribe, "rd_kafka_subscribe");
  take(f.topic_destroy, "rd_kafka_topic_destroy");
  take(f.topic_new, "rd_kafka_topic_new");
  take(f.list_add, "rd_kafka_topic_partition_list_add");
  take(f.list_destroy, "rd_kafka_topic_partition_list_destroy");
  take(f.list_new, "rd_kafka_topic_partition_list_new");
  return loaded;
}

}  // namespace

core::Result<const KafkaLibrary*> kafka_library() {
  static const LoadedKafka loaded = load_kafka();
  if (loaded.there && loaded.whole) return &loaded.functions;
  return core::fail(core::ErrorCode::io,
                    loaded.there ? "Kafka needs librdkafka 1.6 or later, and what is installed "
                                   "here is older"
                                 : "Kafka needs its client library, librdkafka.so.1, which is not "
                                   "installed here: apt-get install librdkafka1, or dnf install "
                                   "librdkafka",
                    kKafkaLibrary);
}

}  // namespace sluice::queue
