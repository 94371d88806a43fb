// The options of queues: s.redis_stream, s.sqs, s.kafka, s.pubsub.
#include "dsl/option_tables.h"

namespace sluice::dsl {
namespace {

using enum ValueType;

constexpr double kMostName = 500;

constexpr Option kAck{
    .name = "ack",
    .type = choice,
    .meaning =
        "in s.read: when a row is acknowledged: \"answer\", once its answer or reject is "
        "durable in the checkpoint; \"intake\", within a second after it was taken: the row is "
        "kept in the checkpoint's folder until then",
    .example = "\"answer\"",
    .fallback = "\"answer\"",
    .choices = "answer|intake"};
constexpr Option kMaxDeliveries{
    .name = "max_deliveries",
    .type = whole,
    .meaning =
        "in s.read: a row that was delivered more often, and never acknowledged, is rejected "
        "(too_many_deliveries)",
    .example = "3",
    .fallback = "5",
    .min = 1,
    .max = 1e6};
constexpr Option kIdleExit{
    .name = "idle_exit",
    .type = duration,
    .meaning = "in s.read: the run is over when nothing has come for so long",
    .example = "\"30s\"",
    .fallback = "the run goes on until it is stopped"};

constexpr Option kRedisStream[] = {
    {.name = "url",
     .type = secret,
     .meaning = "where the server is: redis://[user:password@]host[:port][/database], rediss:// "
                "over TLS, or "
                "unix:/path of its socket; it is never shown",
     .example = "s.secret \"REDIS_URL\"",
     .required = true},
    {.name = "stream",
     .type = text,
     .meaning = "the stream's key",
     .example = "\"rows\"",
     .required = true,
     .min = 1,
     .max = kMostName},
    {.name = "group",
     .type = text,
     .meaning =
         "in s.read: the consumer group, made from the stream's beginning where it is missing; all "
         "workers that share the rows name the same one",
     .example = "\"triage\"",
     .fallback = "\"sluice\"",
     .min = 1,
     .max = kMostName},
    {.name = "consumer",
     .type = text,
     .meaning = "in s.read: this worker's name in the group; no two may have the same",
     .example = "\"worker-1\"",
     .fallback = "made of the machine's name and the checkpoint's folder",
     .min = 1,
     .max = kMostName},
    {.name = "field",
     .type = text,
     .meaning = "in s.read: the field of an entry that holds the row, a JSON object; in s.sink: "
                "the field to put "
                "the line into",
     .example = "\"json\"",
     .fallback = "in s.read: the fields are the row's; in s.sink: \"json\"",
     .min = 1,
     .max = kMostName},
    kAck,
    kMaxDeliveries,
    kIdleExit,
    {.name = "take_over",
     .type = duration,
     .meaning = "in s.read: a worker that has given no sign of life for so long is dead, and the "
                "others take over "
                "what it held; the same in all workers",
     .example = "\"2m\"",
     .fallback = "\"30s\""},
    {.name = "delete",
     .type = boolean,
     .meaning = "in s.read: entries are deleted when they are acknowledged, where no other group "
                "reads them",
     .example = "true",
     .fallback = "false"},
    {.name = "maxlen",
     .type = whole,
     .meaning = "in s.sink: the stream is cut to about so many entries, the oldest first",
     .example = "1000000",
     .fallback = "all stay",
     .min = 1,
     .max = 1e15},
    {.name = "ca_file",
     .type = text,
     .meaning = "the only certificates trusted for rediss:// (PEM file)",
     .example = "\"ca.pem\"",
     .fallback = "the system's",
     .min = 1,
     .max = 4096},
};

constexpr Option kSqs[] = {
    {.name = "url",
     .type = text,
     .meaning = "the queue's, as Amazon's console shows it; or that of a queue at a server that "
                "speaks SQS's JSON protocol",
     .example = "\"https://sqs.eu-central-1.amazonaws.com/123456789012/rows\"",
     .required = true,
     .min = 1,
     .max = 2000},
    {.name = "region",
     .type = text,
     .meaning = "where the queue is",
     .example = "\"eu-central-1\"",
     .fallback = "that of the URL; else AWS_REGION or AWS_DEFAULT_REGION, else us-east-1",
     .min = 1,
     .max = 40},
    {.name = "credentials",
     .type = secret,
     .meaning = "keys that sign the requests: \"ID:SECRET\" or \"ID:SECRET:SESSION\", or a "
                "credentials file as AWS's tools have it (its path begins with / or ~/), with "
                "\"#PROFILE\" behind it",
     .example = "s.secret \"AWS_KEYS\"",
     .fallback = "the machine's, where AWS's tools look for them",
     .min = 1,
     .max = 100000},
    kAck,
    kMaxDeliveries,
    kIdleExit,
    {.name = "visibility",
     .type = duration,
     .meaning = "in s.read: how long a message is withheld from others without a word of the "
                "worker that has it, 2 s to 11 h; the worker extends it at half of that",
     .example = "\"10m\"",
     .fallback = "\"2m\""},
};

constexpr Option kKafka[] = {
    {.name = "brokers",
     .type = text,
     .meaning =
         "one or more brokers of the cluster, host:port, with commas; the others are found by them",
     .example = "\"kafka-1:9092,kafka-2:9092\"",
     .required = true,
     .min = 1,
     .max = 4096},
    {.name = "topic",
     .type = text,
     .meaning = "the topic",
     .example = "\"rows\"",
     .required = true,
     .min = 1,
     .max = 249},
    {.name = "group",
     .type = text,
     .meaning = "in s.read: the consumer group; one that is new begins with the topic's oldest "
                "message; all workers that share the rows name the same one",
     .example = "\"triage\"",
     .fallback = "\"sluice\"",
     .min = 1,
     .max = kMostName},
    {.name = "config",
     .type = settings,
     .meaning =
         "settings of Kafka's client, librdkafka, by their names there: how to prove who asks, "
         "timeouts, sizes; those that sluice rests on are refused",
     .example = "{ [\"security.protocol\"] = \"sasl_ssl\", [\"sasl.mechanism\"] = \"PLAIN\", "
                "[\"sasl.username\"] = \"me\", [\"sasl.password\"] = s.secret \"KAFKA_PASSWORD\" }",
     .fallback = "none: neither TLS nor a password"},
    kAck,
    kIdleExit,
};

constexpr Option kPubsub[] = {
    {.name = "subscription",
     .type = text,
     .meaning = "in s.read, where it must stand: the subscription, with its project; one that is "
                "pulled, not pushed",
     .example = "\"projects/my-project/subscriptions/rows\"",
     .min = 1,
     .max = kMostName},
    {.name = "topic",
     .type = text,
     .meaning = "in s.sink, where it must stand: the topic, with its project",
     .example = "\"projects/my-project/topics/answers\"",
     .min = 1,
     .max = kMostName},
    {.name = "credentials",
     .type = secret,
     .meaning = "a credential file of Google, by its path or what is in it",
     .example = "s.secret \"GOOGLE_KEY_FILE\"",
     .fallback = "the machine's, where Google's libraries look for them; at another endpoint, none",
     .min = 1,
     .max = 100000},
    {.name = "endpoint",
     .type = text,
     .meaning = "the server's address, such as that of an emulator or of a region",
     .example = "\"http://127.0.0.1:8085\"",
     .fallback = "PUBSUB_EMULATOR_HOST; else https://pubsub.googleapis.com",
     .min = 1,
     .max = 2000},
    kAck,
    kMaxDeliveries,
    kIdleExit,
    {.name = "deadline",
     .type = duration,
     .meaning = "in s.read: how long a message is withheld from others without a word of the "
                "worker that has it, 10 s to 10 min; the worker extends it at half of that",
     .example = "\"2m\"",
     .fallback = "\"1m\""},
};

constexpr Section kQueues[] = {
    {.name = "redis_stream",
     .kind = SectionKind::database,
     .meaning = "a stream of Redis, in s.read and s.sink",
     .example = "s.read { s.redis_stream { url = s.secret \"REDIS_URL\", stream = \"rows\" }, key "
                "= \"id\" }",
     .options = kRedisStream},
    {.name = "sqs",
     .kind = SectionKind::database,
     .meaning = "a queue of Amazon SQS, in s.read and s.sink",
     .example = "s.read { s.sqs { url = "
                "\"https://sqs.eu-central-1.amazonaws.com/123456789012/rows\" }, key = \"id\" }",
     .options = kSqs},
    {.name = "kafka",
     .kind = SectionKind::database,
     .meaning = "a topic of Kafka, in s.read and s.sink",
     .example = "s.read { s.kafka { brokers = \"kafka-1:9092\", topic = \"rows\" }, key = \"id\" }",
     .options = kKafka},
    {.name = "pubsub",
     .kind = SectionKind::database,
     .meaning = "a subscription of Google Pub/Sub, in s.read, or a topic, in s.sink",
     .example = "s.read { s.pubsub { subscription = \"projects/my-project/subscriptions/rows\" }, "
                "key = \"id\" }",
     .options = kPubsub},
};

}  // namespace

std::span<const Section> queue_sections() {
  return kQueues;
}

}  // namespace sluice::dsl
