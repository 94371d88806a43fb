// The one list of queues.
#include "queue/queues.h"

#include <array>
#include <utility>

#include "queue/intake.h"
#include "queue/kafka_client.h"
#include "queue/kafka_queue.h"
#include "queue/kafka_target.h"
#include "queue/pubsub_client.h"
#include "queue/pubsub_queue.h"
#include "queue/pubsub_target.h"
#include "queue/queue_source.h"
#include "queue/sqs_client.h"
#include "queue/sqs_queue.h"
#include "queue/sqs_target.h"
#include "queue/stream_look.h"
#include "queue/stream_queue.h"
#include "queue/stream_target.h"

namespace sluice::queue {
namespace {

// In the order of Spec::at.
struct Service {
  std::string_view prefix;  // of its queues' names
  std::string_view format;  // for people
  std::string (*short_name)(const Spec& spec);
  std::unique_ptr<Queue> (*make)(const Spec& spec);
  core::Result<std::unique_ptr<format::RecordSource>> (*look)(const Spec& spec);
  std::unique_ptr<format::RecordTarget> (*make_target)(Target target);
};

constexpr std::array<Service, std::variant_size_v<decltype(Spec::at)>> kServices = {{
    {"redis:", "Redis stream", stream_of, make_stream_queue, open_stream_look, make_stream_target},
    {"sqs:", "SQS queue", sqs_name_of, make_sqs_queue, look_at_sqs, make_sqs_target},
    {"kafka:", "Kafka topic", kafka_name_of, make_kafka_queue, look_at_kafka, make_kafka_target},
    {"pubsub:", "Pub/Sub subscription", pubsub_name_of, make_pubsub_queue, look_at_pubsub,
     make_pubsub_target},
}};

const Service& service_of(const Spec& spec) {
  return kServices[spec.at.index()];
}

}  // namespace

std::string name_of(const Spec& spec) {
  return std::string(service_of(spec).prefix) + short_name_of(spec);
}

std::string short_name_of(const Spec& spec) {
  return service_of(spec).short_name(spec);
}

core::Result<std::unique_ptr<format::RecordSource>> open_source(const Spec& spec) {
  const Service& service = service_of(spec);
  if (!spec.take) return service.look(spec);
  auto queue = service.make(spec);
  // Rows that an earlier run has kept are read, whatever the pipeline file says now.
  const auto kept = rows_taken_in(spec.folder);
  if (!kept) return std::unexpected(kept.error());
  if (spec.intake || *kept > 0) queue = make_intake(std::move(queue), spec.folder, spec.intake);
  return open_queue_source(std::move(queue), {.name = name_of(spec),
                                              .format = std::string(service.format),
                                              .max_deliveries = spec.max_deliveries,
                                              .idle_exit = spec.idle_exit});
}

std::unique_ptr<format::RecordTarget> make_target(Target target) {
  return service_of(target.spec).make_target(std::move(target));
}

}  // namespace sluice::queue
