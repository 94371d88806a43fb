// s.redis_stream { … }: a queue, for s.read and s.sink.
#include <fmt/format.h>

#include "dsl/constructors.h"
#include "dsl/node.h"
#include "dsl/option_tables.h"
#include "redis/url.h"

namespace sluice::dsl {
namespace {

using enum ValueType;

constexpr double kMostName = 500;

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
    {.name = "max_deliveries",
     .type = whole,
     .meaning =
         "in s.read: a row that was delivered more often, and never acknowledged, is rejected "
         "(too_many_deliveries)",
     .example = "3",
     .fallback = "5",
     .min = 1,
     .max = 1e6},
    {.name = "idle_exit",
     .type = duration,
     .meaning = "in s.read: the run is over when nothing has come for so long",
     .example = "\"30s\"",
     .fallback = "the run goes on until it is stopped"},
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

constexpr Section kQueues[] = {
    {.name = "redis_stream",
     .kind = SectionKind::database,
     .meaning = "a stream of Redis, in s.read and s.sink",
     .example = "s.read { s.redis_stream { url = s.secret \"REDIS_URL\", stream = \"rows\" }, key "
                "= \"id\" }",
     .options = kRedisStream},
};

constexpr std::chrono::seconds kShortestTakeOver{1};

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
  queue::Spec spec;
  spec.url = arguments.secret("url");
  // A secret is not read by all that load the file: what it holds is checked when it is used.
  arguments.push("url");
  const bool plain = lua_type(lua, -1) == LUA_TSTRING;
  lua_pop(lua, 1);
  if (const auto url = redis::parse_url(spec.url.reveal()); plain && !url)
    arguments.fail_value("url", url.error().message, "for example \"redis://127.0.0.1:6379\"");
  spec.stream = arguments.text("stream").value_or("");
  spec.group = arguments.text("group").value_or(spec.group);
  spec.consumer = arguments.text("consumer").value_or("");
  spec.field = arguments.text("field").value_or("");
  spec.max_deliveries = static_cast<std::uint64_t>(
      arguments.whole("max_deliveries").value_or(static_cast<int>(spec.max_deliveries)));
  spec.idle_exit = arguments.duration("idle_exit");
  if (spec.idle_exit && *spec.idle_exit <= core::Duration::zero())
    arguments.fail_value("idle_exit", "idle_exit is no time at all", "for example \"30s\"");
  spec.take_over = arguments.duration("take_over").value_or(spec.take_over);
  if (spec.take_over < kShortestTakeOver)
    arguments.fail_value(
        "take_over",
        "take_over is shorter than a second, in which no worker can be told dead from busy",
        "for example \"30s\"");
  spec.remove = arguments.flag("delete");
  if (const auto most = arguments.number("maxlen")) spec.maxlen = static_cast<std::uint64_t>(*most);
  spec.ca_file = arguments.text("ca_file").value_or("");
  std::vector<OptionMark> options;
  for (const Option& option : kRedisStream)
    if (arguments.has(option.name))
      options.push_back({.option = option.name, .item = 0, .mark = {}});
  const Place& place = arguments.place();
  push_node(lua, Node{.name = "redis_stream",
                      .source = place.source,
                      .span = place.whole,
                      .value = std::move(spec),
                      .options = std::move(options)});
  return 1;
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
  refuse_others(sink, node, "|group||consumer||max_deliveries||idle_exit||take_over||delete|");
  return std::get<queue::Spec>(node.value);
}

}  // namespace sluice::dsl
