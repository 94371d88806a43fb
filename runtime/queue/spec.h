// A queue, as a pipeline file names it: to take rows from, or to put answers into.
//
// Threads: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/clock.h"
#include "core/secret.h"

namespace sluice::queue {

// A stream of Redis.
struct RedisStream {
  core::Secret url = {};  // redis/url.h
  std::string ca_file = {};
  std::string stream = {};

  // Of a source.
  std::string group = "sluice";
  std::string consumer = {};  // empty: Spec::worker
  std::string field = {};     // that holds the row as JSON; empty: the entry's fields are the row's
  core::Duration take_over = std::chrono::seconds(30);
  bool remove = false;  // entries that are acknowledged are deleted as well

  // Of a target.
  std::optional<std::uint64_t> maxlen = {};
};

// A queue of Amazon SQS.
struct SqsQueue {
  std::string url = {};     // "https://sqs.eu-central-1.amazonaws.com/123456789012/rows"
  std::string region = {};  // empty: of the URL's host, AWS_REGION, AWS_DEFAULT_REGION, "us-east-1"
  core::Secret credentials = {};  // as auth::named_aws_keys() has them; empty: the machine's

  // Of a source: how long a message is withheld from others without a word of the worker that has it.
  core::Duration visibility = std::chrono::seconds(120);
};

// A topic of Kafka.
struct KafkaTopic {
  std::string brokers = {};  // "host:9092,…"
  std::string topic = {};
  // librdkafka's own settings, by their names there; any may be a secret.
  std::vector<std::pair<std::string, core::Secret>> config = {};

  // Of a source.
  std::string group = "sluice";
};

// A subscription of Google Pub/Sub, or a topic.
struct Pubsub {
  std::string subscription = {};  // of a source: "projects/p/subscriptions/rows"
  std::string topic = {};         // of a target: "projects/p/topics/answers"
  std::string endpoint = {};  // "https://host[:port]"; empty: PUBSUB_EMULATOR_HOST, Google's own
  core::Secret credentials =
      {};  // as auth::find_google_credentials() has them; empty: the machine's

  // Of a source: how long a message is withheld from others without a word of the worker that has it.
  core::Duration deadline = std::chrono::seconds(60);
};

struct Spec {
  std::variant<RedisStream, SqsQueue, KafkaTopic, Pubsub> at = {};

  // Of a source.
  std::uint64_t max_deliveries = 5;
  std::optional<core::Duration> idle_exit = {};  // none: it has no end
  // Messages are taken, and acknowledged; else the queue is only looked at.
  bool take = false;
  bool intake = false;      // rows are kept, and acknowledged before they have ended (intake.h), …
  std::string folder = {};  // … here: the job's checkpoint's
  std::string worker =
      {};  // this job on this machine, for services that know their consumers by name
};

// "redis:rows", "kafka:rows": what messages and the books call it. Never the address.
std::string name_of(const Spec& spec);
// Its last part alone: "rows".
std::string short_name_of(const Spec& spec);

}  // namespace sluice::queue
