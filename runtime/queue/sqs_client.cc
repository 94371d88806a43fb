#include "queue/sqs_client.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "auth/aws_keys.h"
#include "auth/refreshed.h"
#include "auth/sigv4.h"
#include "core/json.h"
#include "core/printable.h"
#include "http/proxy_environment.h"
#include "http/url.h"

namespace sluice::queue {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kCallsAtOnce = 8;
// Longer than a long poll takes.
constexpr place::Patience kSqsPatience{.tries = 2,
                                       .first_delay = milliseconds(100),
                                       .connect = std::chrono::seconds(5),
                                       .idle = std::chrono::seconds(30),
                                       .total = std::chrono::seconds(60)};

std::string queue_of(const std::string& url) {
  return url.substr(url.rfind('/') + 1);
}

std::string sqs_region(const SqsQueue& at, std::string_view host) {
  if (!at.region.empty()) return at.region;
  if (auto region = sqs_region_of(host); !region.empty()) return region;
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"})
    if (const auto region = http::process_environment(name); region && !region->empty())
      return *region;
  return "us-east-1";
}

core::Result<std::unique_ptr<auth::Credentials>> make_sqs_credentials(const SqsQueue& at,
                                                                      const std::string& region,
                                                                      net::Loop& loop,
                                                                      const core::Clock& clock) {
  if (at.credentials.reveal() == place::kUnreadSecret)
    return core::fail(core::ErrorCode::pipeline,
                      "the variable of its credentials is not set, or not read by this command");
  auto source = at.credentials.empty()
                    ? auth::machine_aws_keys(auth::process_surroundings())
                    : auth::named_aws_keys(at.credentials, auth::process_surroundings());
  if (!source)
    return core::fail(source.error().code,
                      fmt::format("{}; give others with credentials = s.secret \"AWS_KEYS\" "
                                  "(\"ID:SECRET\")",
                                  source.error().message));
  auto signer =
      std::make_shared<auth::SigV4>(auth::SigningScope{.region = region, .service = "sqs"});
  return auth::make_refreshed(
      {.loop = loop,
       .clock = clock,
       .source = std::move(*source),
       .signer =
           [signer](const auth::Token& keys, const auth::RequestView& request, core::WallTime now) {
             return signer->lines(keys, request, request.headers, now);
           },
       .per_request = true,
       .head = {},
       .ca_file = {}});
}

bool may_pass(int status, std::string_view code) {
  return status >= 500 || status == 408 || status == 429 || code.contains("hrottl") ||
         code == "OverLimit";
}

std::string_view sqs_advice(std::string_view code) {
  if (code == "QueueDoesNotExist" || code == "AWS.SimpleQueueService.NonExistentQueue")
    return ": there is no such queue; the URL is as the console and GetQueueUrl show it";
  if (code.starts_with("AccessDenied"))
    return ": the keys may not do that; a source needs ReceiveMessage, DeleteMessage and "
           "ChangeMessageVisibility, a target SendMessage";
  if (code == "SignatureDoesNotMatch" || code == "InvalidClientTokenId" ||
      code == "UnrecognizedClientException")
    return ": these keys are not valid there; give others with credentials = s.secret \"AWS_KEYS\" "
           "(\"ID:SECRET\")";
  return "";
}

std::string message_in(const std::string& body) {
  simdjson::dom::parser parser;
  std::string_view text;
  simdjson::dom::element all;
  if (parser.parse(body).get(all) != simdjson::SUCCESS) return {};
  if (all["message"].get(text) == simdjson::SUCCESS ||
      all["Message"].get(text) == simdjson::SUCCESS)
    return std::string(text);
  return {};
}

}  // namespace

std::string sqs_name_of(const Spec& spec) {
  return queue_of(std::get<SqsQueue>(spec.at).url);
}

std::string sqs_region_of(std::string_view host) {
  for (const std::string_view end : {".amazonaws.com", ".amazonaws.com.cn"}) {
    if (!host.ends_with(end)) continue;
    host.remove_suffix(end.size());
    if (host.starts_with("sqs.")) return std::string(host.substr(4));
    if (host.starts_with("sqs-fips.")) return std::string(host.substr(9));
    if (host.ends_with(".queue")) return std::string(host.substr(0, host.size() - 6));
    return {};
  }
  return {};
}

SqsClient::SqsClient(std::string name, place::Server server)
    : calls_(std::move(name), std::move(server), kSqsPatience) {}

core::Result<std::unique_ptr<SqsClient>> SqsClient::make(const SqsQueue& at) {
  const std::string name = "sqs:" + queue_of(at.url);
  const auto url = http::parse_url(at.url);
  if (!url) return core::fail(url.error().code, url.error().message, name);
  place::Server server;
  server.base_url = fmt::format("{}://{}", url->tls ? "https" : "http", url->authority());
  server.credentials = [at, region = sqs_region(at, url->host)](net::Loop& loop,
                                                                const core::Clock& clock) {
    return make_sqs_credentials(at, region, loop, clock);
  };
  return std::unique_ptr<SqsClient>(new SqsClient(name, std::move(server)));
}

std::shared_ptr<place::Pending> SqsClient::start(std::string_view action, std::string body) {
  return calls_.start({.method = "POST",
                       .path = "/",
                       .headers = {{"content-type", "application/x-amz-json-1.0"},
                                   {"x-amz-target", fmt::format("AmazonSQS.{}", action)}},
                       .body = std::make_shared<const std::string>(std::move(body))});
}

QueueResult<std::string> SqsClient::finish(std::string_view action, place::Pending& pending) const {
  auto answer = calls_.finish(action, pending);
  if (!answer) return std::unexpected(std::move(answer.error()));
  if (answer->status == 200) return std::move(answer->body);
  const std::string said = message_in(answer->body);
  return std::unexpected(QueueFailure{
      {core::ErrorCode::io,
       fmt::format("{}: the server answers {}{}{}{}{}", action, answer->status,
                   answer->code.empty() ? "" : " " + answer->code, said.empty() ? "" : ": ",
                   core::printable(said), sqs_advice(answer->code)),
       calls_.name()},
      may_pass(answer->status, answer->code)});
}

QueueResult<std::string> SqsClient::call(std::string_view action, std::string body) {
  const auto pending = start(action, std::move(body));
  return finish(action, *pending);
}

std::vector<QueueResult<std::string>> SqsClient::calls(std::string_view action,
                                                       std::vector<std::string> bodies) {
  std::vector<QueueResult<std::string>> answers;
  for (std::size_t from = 0; from < bodies.size(); from += kCallsAtOnce) {
    std::vector<std::shared_ptr<place::Pending>> under_way;
    for (std::size_t i = from; i < std::min(from + kCallsAtOnce, bodies.size()); ++i)
      under_way.push_back(start(action, std::move(bodies[i])));
    for (const auto& pending : under_way) answers.push_back(finish(action, *pending));
  }
  return answers;
}

QueueResult<std::vector<SqsFailed>> read_sqs_failed(const std::string& body) {
  simdjson::dom::parser parser;
  simdjson::dom::element all;
  if (core::not_starved(parser.parse(body)).get(all) != simdjson::SUCCESS)
    return std::unexpected(
        QueueFailure{{core::ErrorCode::io, "the server's answer is not JSON", {}}, true});
  std::vector<SqsFailed> failed;
  simdjson::dom::array entries;
  if (all["Failed"].get(entries) != simdjson::SUCCESS) return failed;
  for (const simdjson::dom::element entry : entries) {
    SqsFailed one;
    std::string_view text;
    if (entry["Id"].get(text) != simdjson::SUCCESS ||
        std::from_chars(text.data(), text.data() + text.size(), one.index).ec != std::errc())
      continue;
    if (entry["SenderFault"].get(one.callers_fault) != simdjson::SUCCESS) one.callers_fault = false;
    if (entry["Code"].get(text) == simdjson::SUCCESS) one.code = text;
    if (entry["Message"].get(text) == simdjson::SUCCESS) one.message = text;
    failed.push_back(std::move(one));
  }
  return failed;
}

}  // namespace sluice::queue
