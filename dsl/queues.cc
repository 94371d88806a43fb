// s.redis_stream { … } and s.sqs { … }: queues, for s.read and s.sink.
#include <fmt/format.h>

#include "dsl/constructors.h"
#include "dsl/node.h"
#include "dsl/option_tables.h"
#include "http/url.h"
#include "redis/url.h"

namespace sluice::dsl {
namespace {

using enum ValueType;

constexpr double kMostName = 500;

constexpr Option kAck{
    .name = "ack",
    .type = choice,
    .meaning =
        "in s.read: when a row is acknowledged: \"answer\", once its answer or reject is "
        "durable in the checkpoint. \"intake\", as soon as it is taken, is refused: sluice "
        "keeps no rows",
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
};

constexpr std::chrono::seconds kShortestTakeOver{1};
constexpr std::chrono::seconds kShortestVisibility{2};
constexpr std::chrono::hours kLongestVisibility{11};

// With what all queues have.
int push_queue(lua_State* lua, const Arguments& arguments, const char* name,
               decltype(queue::Spec::at) at, std::span<const Option> table) {
  if (arguments.text("ack") == "intake")
    arguments.fail_value("ack",
                         "a row that is acknowledged as soon as it is taken is lost with this "
                         "process: sluice keeps answers and no rows",
                         "leave ack out: rows are held, however long their answers take");
  queue::Spec spec{.at = std::move(at)};
  spec.max_deliveries = static_cast<std::uint64_t>(
      arguments.whole("max_deliveries").value_or(static_cast<int>(spec.max_deliveries)));
  spec.idle_exit = arguments.duration("idle_exit");
  if (spec.idle_exit && *spec.idle_exit <= core::Duration::zero())
    arguments.fail_value("idle_exit", "idle_exit is no time at all", "for example \"30s\"");
  std::vector<OptionMark> options;
  for (const Option& option : table)
    if (arguments.has(option.name))
      options.push_back({.option = option.name, .item = 0, .mark = {}});
  const Place& place = arguments.place();
  push_node(lua, Node{.name = name,
                      .source = place.source,
                      .span = place.whole,
                      .value = std::move(spec),
                      .options = std::move(options)});
  return 1;
}

// Of options that stand there and are for the other of s.read and s.sink.
void refuse_others(const Arguments& stage, const Node& node, std::string_view others) {
  const auto& options = node.options;
  for (const OptionMark& mark : options)
    if (others.contains(fmt::format("|{}|", mark.option)))
      stage.fail_item(1,
                      fmt::format("{} of s.{} is not for s.{}", mark.option, node.name,
                                  others.starts_with("|maxlen") ? "read" : "sink"),
                      "leave it out here");
}

}  // namespace

std::span<const Section> queue_sections() {
  return kQueues;
}

int construct_redis_stream(lua_State* lua) {
  const Arguments arguments(lua, section("redis_stream"));
  queue::RedisStream at;
  at.url = arguments.secret("url");
  // A secret is not read by all that load the file: what it holds is checked when it is used.
  arguments.push("url");
  const bool plain = lua_type(lua, -1) == LUA_TSTRING;
  lua_pop(lua, 1);
  if (const auto url = redis::parse_url(at.url.reveal()); plain && !url)
    arguments.fail_value("url", url.error().message, "for example \"redis://127.0.0.1:6379\"");
  at.stream = arguments.text("stream").value_or("");
  at.group = arguments.text("group").value_or(at.group);
  at.consumer = arguments.text("consumer").value_or("");
  at.field = arguments.text("field").value_or("");
  at.take_over = arguments.duration("take_over").value_or(at.take_over);
  if (at.take_over < kShortestTakeOver)
    arguments.fail_value(
        "take_over",
        "take_over is shorter than a second, in which no worker can be told dead from busy",
        "for example \"30s\"");
  at.remove = arguments.flag("delete");
  if (const auto most = arguments.number("maxlen")) at.maxlen = static_cast<std::uint64_t>(*most);
  at.ca_file = arguments.text("ca_file").value_or("");
  return push_queue(lua, arguments, "redis_stream", std::move(at), kRedisStream);
}

int construct_sqs(lua_State* lua) {
  const Arguments arguments(lua, section("sqs"));
  queue::SqsQueue at;
  at.url = arguments.text("url").value_or("");
  const auto url = http::parse_url(at.url);
  if (!url || url->path.empty())
    arguments.fail_value(
        "url", url ? "this URL names a server and no queue" : url.error().message,
        "for example \"https://sqs.eu-central-1.amazonaws.com/123456789012/rows\"");
  at.region = arguments.text("region").value_or("");
  at.credentials = arguments.secret("credentials");
  at.visibility = arguments.duration("visibility").value_or(at.visibility);
  if (at.visibility < kShortestVisibility || at.visibility > kLongestVisibility)
    arguments.fail_value("visibility", "visibility is 2 s at least, and 11 h at most",
                         "for example \"2m\"");
  return push_queue(lua, arguments, "sqs", std::move(at), kSqs);
}

queue::Spec read_queue(const Arguments& read, const Node& node) {
  refuse_others(read, node, "|maxlen|");
  for (const std::string_view name :
       {"format", "path", "encoding", "delimiter", "header", "columns", "types", "null"}) {
    if (read.has(name))
      read.fail_key(name, fmt::format("{} is for files, and s.{} gives rows", name, node.name),
                    "leave it out");
  }
  return std::get<queue::Spec>(node.value);
}

queue::Spec sink_queue(const Arguments& sink, const Node& node) {
  refuse_others(sink, node,
                "|group||consumer||ack||max_deliveries||idle_exit||take_over||delete||visibility|");
  return std::get<queue::Spec>(node.value);
}

}  // namespace sluice::dsl
