#include "dispatch/online_sender.h"

#include <unordered_map>
#include <utility>
#include <vector>

#include "dispatch/transport_outcome.h"
#include "http/client.h"
#include "http/proxy_environment.h"
#include "stages/flow_limits.h"

namespace sluice::dispatch {
namespace {

core::Result<http::OriginOptions> origin_of(const provider::EndpointSpec& spec) {
  auto proxy = http::proxy_for(spec.base_url, spec.proxy.reveal(), http::process_environment);
  if (!proxy) return std::unexpected(proxy.error());
  http::OriginOptions origin;
  origin.base_url = spec.base_url;
  origin.ca_file = spec.ca_file;
  origin.idle_timeout = spec.timeout;  // a reply that is not streamed is silent until it is whole
  origin.total_timeout = spec.timeout;
  origin.connect_timeout = spec.connect_timeout;
  origin.first_byte_timeout = spec.first_byte_timeout;
  origin.proxy = std::move(*proxy);
  origin.max_connections = stages::slots_of(spec);
  return origin;
}

class OnlineSender final : public Sender {
 public:
  explicit OnlineSender(const SenderSetup& setup)
      : setup_(setup), client_(std::make_unique<http::Client>(setup.loop)) {}

  core::Status add(const provider::EndpointSpec& spec, const provider::Codec& codec);

  void send(const schedule::Send& attempt, const stages::Request& request) override;
  void cancel(schedule::AttemptId attempt) override;
  void stop() override { client_.reset(); }

 private:
  struct Target {
    std::size_t origin = 0;  // at the client
    std::string path;
    std::shared_ptr<const std::string> headers;
  };

  void ended(const schedule::Send& attempt, std::expected<http::Response, http::Failure> result);

  const SenderSetup setup_;
  std::unique_ptr<http::Client> client_;
  std::vector<Target> targets_;                                           // by endpoint
  std::unordered_map<schedule::AttemptId, http::RequestHandle> handles_;  // with cancels alone
  std::vector<provider::HeaderView> header_views_;  // here so that its memory is kept
};

core::Status OnlineSender::add(const provider::EndpointSpec& spec, const provider::Codec& codec) {
  const auto origin = origin_of(spec);
  if (!origin) return std::unexpected(origin.error());
  const auto added = client_->add_origin(*origin);
  if (!added) return std::unexpected(added.error());
  std::string headers;
  for (const auto& [name, value] : codec.headers())
    headers.append(name).append(": ").append(value).append("\r\n");
  targets_.push_back(
      {*added, std::string(codec.path()), std::make_shared<const std::string>(std::move(headers))});
  return {};
}

void OnlineSender::send(const schedule::Send& attempt, const stages::Request& request) {
  const Target& target = targets_[attempt.endpoint];
  const Endpoint& endpoint = setup_.endpoints[attempt.endpoint];
  http::Request out;
  out.path = target.path;
  out.headers = target.headers;
  out.body = {endpoint.form->prefix(), request.user_content, endpoint.form->suffix()};
  const http::RequestHandle handle =
      client_->send(target.origin, std::move(out),
                    [this, attempt](std::expected<http::Response, http::Failure> result) {
                      ended(attempt, std::move(result));
                    });
  if (setup_.cancels) handles_.emplace(attempt.attempt, handle);
}

void OnlineSender::cancel(schedule::AttemptId attempt) {
  const auto found = handles_.find(attempt);
  if (found != handles_.end()) client_->cancel(found->second);
}

void OnlineSender::ended(const schedule::Send& attempt,
                         std::expected<http::Response, http::Failure> result) {
  if (setup_.cancels) handles_.erase(attempt.attempt);
  provider::Reply reply;
  if (!result) {
    reply.outcome = outcome_of(result.error());
    return setup_.events.finished(attempt, std::move(reply), 0);
  }
  header_views_.assign(result->headers.begin(), result->headers.end());
  reply = setup_.endpoints[attempt.endpoint].codec->read(result->status, header_views_,
                                                         result->body, setup_.clock.wall_now());
  setup_.events.finished(attempt, std::move(reply), result->body.size());
}

}  // namespace

core::Result<std::unique_ptr<Sender>> make_online_sender(const SenderSetup& setup) {
  auto sender = std::make_unique<OnlineSender>(setup);
  for (std::size_t e = 0; e < setup.specs.size(); ++e) {
    if (auto added = sender->add(setup.specs[e], *setup.endpoints[e].codec); !added)
      return std::unexpected(added.error());
  }
  return sender;
}

}  // namespace sluice::dispatch
