// s.redis_stream { … }, s.sqs { … }, s.kafka { … }, s.pubsub { … }: queues, for s.read and s.sink. Their options: queue_options.cc.
#include <fmt/format.h>

#include <algorithm>

#include "dsl/constructors.h"
#include "dsl/node.h"
#include "http/url.h"
#include "queue/kafka_settings.h"
#include "redis/url.h"

namespace sluice::dsl {
namespace {

constexpr std::chrono::seconds kShortestTakeOver{1};
constexpr std::chrono::seconds kShortestDeadline{10};
constexpr std::chrono::minutes kLongestDeadline{10};
constexpr std::chrono::seconds kShortestVisibility{2};
constexpr std::chrono::hours kLongestVisibility{11};

constexpr Section kConfig{.name = "config",
                          .kind = SectionKind::table,
                          .meaning = "settings of librdkafka",
                          .example = "config = { [\"security.protocol\"] = \"sasl_ssl\" }",
                          .options = {},
                          .fields = true};

// With what all queues have.
int push_queue(lua_State* lua, const Arguments& arguments, const char* name,
               decltype(queue::Spec::at) at) {
  queue::Spec spec{.at = std::move(at), .intake = arguments.text("ack") == "intake"};
  if (arguments.has("max_deliveries"))
    spec.max_deliveries = static_cast<std::uint64_t>(*arguments.whole("max_deliveries"));
  spec.idle_exit = arguments.duration("idle_exit");
  if (spec.idle_exit && *spec.idle_exit <= core::Duration::zero())
    arguments.fail_value("idle_exit", "idle_exit is no time at all", "for example \"30s\"");
  std::vector<OptionMark> options;
  for (const Option& option : section(name).options)
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

void read_config(lua_State* lua, const Arguments& kafka, queue::KafkaTopic& at) {
  const Arguments config(kafka, kConfig, "config");
  for (const std::string& name : config.names()) {
    if (const auto why = queue::refused_kafka_setting(name))
      config.fail_key(name, fmt::format("{} cannot be given: {}", name, *why), "leave it out");
    config.push(name);
    const Node* node = to_node(lua, -1);
    const bool fits = lua_type(lua, -1) == LUA_TSTRING ||
                      (node != nullptr && std::holds_alternative<core::Secret>(node->value));
    lua_pop(lua, 1);
    if (!fits)
      config.fail_value(name, fmt::format("{} must be text or s.secret", name),
                        "write it in quotes, numbers too");
    at.config.emplace_back(name, config.secret(name));
  }
}

// "projects/P/subscriptions/S", or nothing.
std::string pubsub_resource(const Arguments& arguments, std::string_view name,
                            std::string_view kind) {
  std::string text = arguments.text(name).value_or("");
  if (text.empty()) return text;
  const std::string example = fmt::format("projects/my-project{}rows", kind);
  const std::size_t at = text.find(kind);
  constexpr std::string_view kProjects = "projects/";
  const bool fits = text.starts_with(kProjects) && at != text.npos && at > kProjects.size() &&
                    at + kind.size() < text.size() &&
                    text.find_first_not_of(
                        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789-_.~+:/") == text.npos &&
                    std::ranges::count(text, '/') == 3;
  if (!fits)
    arguments.fail_value(name, fmt::format("{} is a name with its project", name),
                         fmt::format("for example \"{}\"", example));
  return text;
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

// s.pubsub with the name of what the other stage takes.
void refuse_end(const Arguments& stage, const Node& node, bool reads) {
  const auto* const at = std::get_if<queue::Pubsub>(&std::get<queue::Spec>(node.value).at);
  if (at == nullptr || at->subscription.empty() != reads) return;
  stage.fail_item(1,
                  reads ? "rows come from a subscription, not from a topic"
                        : "answers go to a topic, not to a subscription",
                  fmt::format("name the {} instead", reads ? "subscription" : "topic"));
}

}  // namespace

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
  return push_queue(lua, arguments, "redis_stream", std::move(at));
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
  return push_queue(lua, arguments, "sqs", std::move(at));
}

int construct_kafka(lua_State* lua) {
  const Arguments arguments(lua, section("kafka"));
  queue::KafkaTopic at;
  at.brokers = arguments.text("brokers").value_or("");
  at.topic = arguments.text("topic").value_or("");
  at.group = arguments.text("group").value_or(at.group);
  if (arguments.has("config")) read_config(lua, arguments, at);
  return push_queue(lua, arguments, "kafka", std::move(at));
}

int construct_pubsub(lua_State* lua) {
  const Arguments arguments(lua, section("pubsub"));
  queue::Pubsub at;
  at.subscription = pubsub_resource(arguments, "subscription", "/subscriptions/");
  at.topic = pubsub_resource(arguments, "topic", "/topics/");
  if (at.subscription.empty() == at.topic.empty())
    arguments.fail("s.pubsub names either a subscription, in s.read, or a topic, in s.sink",
                   "for example subscription = \"projects/my-project/subscriptions/rows\"");
  at.endpoint = arguments.text("endpoint").value_or("");
  const auto url = http::parse_url(at.endpoint);
  if (!at.endpoint.empty() && !url)
    arguments.fail_value("endpoint", url.error().message, "for example \"http://127.0.0.1:8085\"");
  at.credentials = arguments.secret("credentials");
  at.deadline = arguments.duration("deadline").value_or(at.deadline);
  if (at.deadline < kShortestDeadline || at.deadline > kLongestDeadline)
    arguments.fail_value("deadline", "deadline is 10 s at least, and 10 min at most",
                         "for example \"2m\"");
  return push_queue(lua, arguments, "pubsub", std::move(at));
}

queue::Spec read_queue(const Arguments& read, const Node& node) {
  refuse_others(read, node, "|maxlen|");
  refuse_end(read, node, true);
  for (const std::string_view name :
       {"format", "path", "encoding", "delimiter", "header", "columns", "types", "null"}) {
    if (read.has(name))
      read.fail_key(name, fmt::format("{} is for files, and s.{} gives rows", name, node.name),
                    "leave it out");
  }
  return std::get<queue::Spec>(node.value);
}

queue::Spec sink_queue(const Arguments& sink, const Node& node) {
  refuse_others(
      sink, node,
      "|group||consumer||ack||max_deliveries||idle_exit||take_over||delete||visibility||deadline|");
  refuse_end(sink, node, false);
  return std::get<queue::Spec>(node.value);
}

}  // namespace sluice::dsl
