#include "queue/kafka_client.h"

#include <fmt/format.h>

#include <array>

#include "core/printable.h"
#include "place/settings.h"
#include "queue/kafka_settings.h"

namespace sluice::queue {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAskAgainAfter{500};
// That will not pass by itself.
bool is_final(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return true;
    default:
      return false;
  }
}

std::string_view kafka_advice(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
      return ": see security.protocol and sasl.… of config";
    case RD_KAFKA_RESP_ERR__SSL:
      return ": see ssl.… of config";
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return ": there is no such topic; make it first";
    case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
      return ": consumers of another kind are in the group; name one of its own with group";
    default:
      return "";
  }
}

std::string named_kafka(const KafkaTopic& at) {
  return "kafka:" + at.topic;
}

}  // namespace

std::string kafka_name_of(const Spec& spec) {
  return std::get<KafkaTopic>(spec.at).topic;
}

KafkaClient::KafkaClient(const KafkaLibrary& library, const KafkaTopic& at, KafkaHooks hooks)
    : library_(library), at_(at), hooks_(std::move(hooks)) {}

KafkaClient::~KafkaClient() {
  if (handle_ != nullptr) library_.destroy_flags(handle_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

core::Result<std::unique_ptr<KafkaClient>> KafkaClient::make(const KafkaTopic& at,
                                                             rd_kafka_type_t type,
                                                             const KafkaSettings& defaults,
                                                             const KafkaSettings& fixed,
                                                             KafkaHooks hooks) {
  const auto library = kafka_library();
  if (!library) return std::unexpected(library.error());
  std::unique_ptr<KafkaClient> client(new KafkaClient(**library, at, std::move(hooks)));
  if (auto started = client->start(type, defaults, fixed); !started)
    return std::unexpected(started.error());
  return client;
}

core::Status KafkaClient::start(rd_kafka_type_t type, const KafkaSettings& defaults,
                                const KafkaSettings& fixed) {
  const auto destroy = [this](rd_kafka_conf_t* conf) { library_.conf_destroy(conf); };
  std::unique_ptr<rd_kafka_conf_t, decltype(destroy)> conf(library_.conf_new(), destroy);
  std::array<char, 512> why{};
  // librdkafka's words repeat the value, which may be a password.
  const auto set = [&](std::string_view name, const std::string& value) -> core::Status {
    if (library_.conf_set(conf.get(), std::string(name).c_str(), value.c_str(), why.data(),
                          why.size()) == RD_KAFKA_CONF_OK)
      return {};
    return core::fail(core::ErrorCode::pipeline,
                      fmt::format("config: librdkafka does not know the setting {}, or does not "
                                  "take the value that it has here",
                                  core::printable(std::string(name))),
                      named_kafka(at_));
  };
  for (const auto& [name, value] : defaults)
    if (auto done = set(name, value); !done) return done;
  for (const auto& [name, value] : at_.config) {
    if (value.reveal() == place::kUnreadSecret)
      return core::fail(core::ErrorCode::pipeline,
                        fmt::format("the variable of {} of its config is not set, or not read by "
                                    "this command",
                                    core::printable(name)),
                        named_kafka(at_));
    if (auto done = set(name, value.reveal()); !done) return done;
  }
  if (auto done = set("bootstrap.servers", at_.brokers); !done) return done;
  for (const auto& [name, value] : fixed)
    if (auto done = set(name, value); !done) return done;
  library_.conf_set_opaque(conf.get(), this);
  library_.conf_set_log_cb(conf.get(), nullptr);
  library_.conf_set_error_cb(conf.get(), on_error);
  if (hooks_.rebalance) library_.conf_set_rebalance_cb(conf.get(), on_rebalance);
  if (hooks_.delivered) library_.conf_set_dr_msg_cb(conf.get(), on_delivered);
  if (hooks_.sent) library_.conf_interceptor_add_on_new(conf.get(), "sluice", on_made, this);
  handle_ = library_.make(type, conf.get(), why.data(), why.size());
  if (handle_ == nullptr)
    return core::fail(core::ErrorCode::pipeline,
                      fmt::format("config: {}", core::printable(shown(why.data()))),
                      named_kafka(at_));
  static_cast<void>(conf.release());
  return {};
}

QueueResult<void> KafkaClient::find_topic(core::Duration within, bool serve) {
  const auto until = std::chrono::steady_clock::now() + within;
  const auto destroy = [this](rd_kafka_topic_t* topic) { library_.topic_destroy(topic); };
  const std::unique_ptr<rd_kafka_topic_t, decltype(destroy)> topic(
      library_.topic_new(handle_, at_.topic.c_str(), nullptr), destroy);
  if (!topic) return std::unexpected(failure(library_.last_error(), "the topic"));
  std::optional<QueueFailure> known;
  while (true) {
    const struct rd_kafka_metadata* found = nullptr;
    rd_kafka_resp_err_t code = library_.metadata(handle_, 0, topic.get(), &found,
                                                 static_cast<int>(kAskAgainAfter.count()));
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
      if (found->topic_cnt == 1) code = found->topics[0].err;
      library_.metadata_destroy(found);
      if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
    }
    if (serve) library_.poll(handle_, 0);
    rethrow();
    if (auto said = trouble()) known = std::move(said);
    if (!known || is_final(code)) known = failure(code, "the topic");
    if (!known->passing || std::chrono::steady_clock::now() >= until)
      return std::unexpected(std::move(*known));
  }
}

std::optional<QueueFailure> KafkaClient::trouble() {
  const std::lock_guard lock(mutex_);
  return std::exchange(trouble_, std::nullopt);
}

QueueFailure KafkaClient::failure(rd_kafka_resp_err_t code, std::string_view what) const {
  return {
      {core::ErrorCode::io,
       fmt::format("{}: {}{}", what, library_.err2str(code), kafka_advice(code)), named_kafka(at_)},
      !is_final(code)};
}

std::string KafkaClient::shown(std::string text) const {
  for (const auto& [name, value] : at_.config) {
    const std::string& secret = value.reveal();
    if (secret.empty() || !is_secret_kafka_setting(name)) continue;
    for (std::size_t at = 0; (at = text.find(secret, at)) != text.npos; at += 3)
      text.replace(at, secret.size(), "***");
  }
  return text;
}

void KafkaClient::rethrow() {
  std::exception_ptr thrown;
  {
    const std::lock_guard lock(mutex_);
    thrown = std::exchange(thrown_, nullptr);
  }
  if (thrown) std::rethrow_exception(thrown);
}

// librdkafka is C: nothing may be thrown through it.
template <class Body>
void KafkaClient::guarded(Body body) {
  try {
    body();
  } catch (...) {
    const std::lock_guard lock(mutex_);
    thrown_ = std::current_exception();
  }
}

void KafkaClient::on_error(rd_kafka_t* /*handle*/, int code, const char* reason, void* self) {
  auto& client = *static_cast<KafkaClient*>(self);
  client.guarded([&] {
    const auto what = static_cast<rd_kafka_resp_err_t>(code);
    QueueFailure failure = client.failure(what, "the brokers");
    failure.error.message =
        fmt::format("the brokers: {}{}", core::printable(client.shown(reason)), kafka_advice(what));
    const std::lock_guard lock(client.mutex_);
    // "All brokers are down" says less than the reason before it.
    if (!client.trouble_ || !failure.passing) client.trouble_ = std::move(failure);
  });
}

void KafkaClient::on_rebalance(rd_kafka_t* /*handle*/, rd_kafka_resp_err_t code,
                               rd_kafka_topic_partition_list_t* partitions, void* self) {
  auto& client = *static_cast<KafkaClient*>(self);
  client.guarded([&] { client.hooks_.rebalance(code, partitions); });
}

void KafkaClient::on_delivered(rd_kafka_t* /*handle*/, const rd_kafka_message_t* message,
                               void* self) {
  auto& client = *static_cast<KafkaClient*>(self);
  client.guarded([&] { client.hooks_.delivered(*message); });
}

rd_kafka_resp_err_t KafkaClient::on_made(rd_kafka_t* handle, const rd_kafka_conf_t* /*conf*/,
                                         void* self, char* /*why*/, std::size_t /*size*/) {
  auto& client = *static_cast<KafkaClient*>(self);
  return client.library_.interceptor_add_on_request_sent(handle, "sluice", on_sent, self);
}

rd_kafka_resp_err_t KafkaClient::on_sent(rd_kafka_t* /*handle*/, int /*socket*/,
                                         const char* /*broker*/, std::int32_t /*broker_id*/,
                                         std::int16_t api, std::int16_t /*version*/,
                                         std::int32_t /*number*/, std::size_t /*size*/,
                                         void* self) {
  static_cast<KafkaClient*>(self)->hooks_.sent(api);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace sluice::queue
