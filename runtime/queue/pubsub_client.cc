#include "queue/pubsub_client.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <utility>

#include "auth/google_credentials.h"
#include "core/printable.h"
#include "http/proxy_environment.h"
#include "http/url.h"
#include "place/google_login.h"

namespace sluice::queue {
namespace {

constexpr std::string_view kGooglePubsub = "https://pubsub.googleapis.com";
// A pull is answered when a message comes, or after a time of the server's choice.
constexpr place::Patience kPubsubPatience{.tries = 2,
                                          .first_delay = std::chrono::milliseconds(100),
                                          .connect = std::chrono::seconds(5),
                                          .idle = std::chrono::seconds(120),
                                          .total = std::chrono::seconds(150)};

std::string last_of(const std::string& resource) {
  return resource.substr(resource.rfind('/') + 1);
}

std::string_view pubsub_advice(int status) {
  if (status == 404) return ": there is no such subscription or topic";
  if (status == 401)
    return ": give other credentials with credentials = s.secret \"GOOGLE_KEY_FILE\"";
  if (status == 403)
    return ": the credentials may not do that; a source needs roles/pubsub.subscriber, a target "
           "roles/pubsub.publisher";
  return "";
}

// {"error":{"code":404,"message":"…","status":"NOT_FOUND"}}
std::string google_message(const std::string& body) {
  simdjson::dom::parser parser;
  simdjson::dom::element all;
  std::string_view text;
  if (parser.parse(body).get(all) != simdjson::SUCCESS ||
      all["error"]["message"].get(text) != simdjson::SUCCESS)
    return {};
  return core::printable(text);
}

}  // namespace

std::string pubsub_name_of(const Spec& spec) {
  const auto& at = std::get<Pubsub>(spec.at);
  return last_of(at.subscription.empty() ? at.topic : at.subscription);
}

PubsubClient::PubsubClient(std::string name, std::string path, place::Server server)
    : path_(std::move(path)), calls_(std::move(name), std::move(server), kPubsubPatience) {}

core::Result<std::unique_ptr<PubsubClient>> PubsubClient::make(const Pubsub& at,
                                                               const std::string& what) {
  const std::string name = "pubsub:" + last_of(what);
  std::string endpoint = at.endpoint;
  if (endpoint.empty()) endpoint = http::process_environment("PUBSUB_EMULATOR_HOST").value_or("");
  if (endpoint.empty()) endpoint = kGooglePubsub;
  if (!endpoint.contains("://")) endpoint.insert(0, "http://");  // as the variable has it
  const auto url = http::parse_url(endpoint);
  if (!url) return core::fail(url.error().code, url.error().message, name);
  place::Server server;
  server.base_url = fmt::format("{}://{}", url->tls ? "https" : "http", url->authority());
  provider::EndpointSpec spec;
  spec.name = "pubsub";
  spec.base_url = server.base_url;
  spec.credentials = at.credentials;
  // Without any, an emulator is asked as nobody; the machine's go to Google alone.
  if (auth::has_google_credentials(spec))
    server.credentials = [spec](net::Loop& loop, const core::Clock& clock) {
      return place::google_login(spec, "", loop, clock);
    };
  return std::unique_ptr<PubsubClient>(new PubsubClient(name, "/v1/" + what, std::move(server)));
}

std::shared_ptr<place::Pending> PubsubClient::start(std::string_view method, std::string body) {
  return calls_.start({.method = "POST",
                       .path = fmt::format("{}:{}", path_, method),
                       .headers = {{"content-type", "application/json"}},
                       .body = std::make_shared<const std::string>(std::move(body))});
}

QueueResult<std::string> PubsubClient::finish(std::string_view method,
                                              place::Pending& pending) const {
  auto answer = calls_.finish(method, pending);
  if (!answer) return std::unexpected(std::move(answer.error()));
  const int status = answer->status;
  if (status == 200) return std::move(answer->body);
  const std::string said = google_message(answer->body);
  return std::unexpected(
      QueueFailure{{core::ErrorCode::io,
                    fmt::format("{}: the server answers {}{}{}{}", method, status,
                                said.empty() ? "" : ": ", said, pubsub_advice(status)),
                    name()},
                   status >= 500 || status == 408 || status == 429});
}

QueueResult<std::string> PubsubClient::call(std::string_view method, std::string body) {
  const auto pending = start(method, std::move(body));
  return finish(method, *pending);
}

QueueResult<void> PubsubClient::find() {
  const auto pending = calls_.start({.method = "GET", .path = path_});
  auto answer = calls_.finish("get", *pending);
  if (!answer) return std::unexpected(std::move(answer.error()));
  if (answer->status == 200 || answer->status == 403) return {};
  return std::unexpected(QueueFailure{
      {core::ErrorCode::io,
       fmt::format("the server answers {}{}", answer->status, pubsub_advice(answer->status)),
       name()}});
}

}  // namespace sluice::queue
