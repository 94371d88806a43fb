#include "dispatch/online_sender.h"

#include <unordered_map>
#include <utility>
#include <vector>

#include "auth/make_credentials.h"
#include "codec/registry.h"
#include "dispatch/transport_outcome.h"
#include "http/client.h"
#include "http/proxy_environment.h"
#include "http/url.h"
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

// Of an attempt that was not sent.
provider::Outcome cancelled() {
  provider::Outcome outcome;
  outcome.action = provider::Action::retry;
  outcome.cause = provider::Cause::cancelled;
  return outcome;
}

class OnlineSender final : public Sender {
 public:
  explicit OnlineSender(const SenderSetup& setup)
      : setup_(setup), client_(std::make_unique<http::Client>(setup.loop)) {}

  core::Status add(const provider::EndpointSpec& spec, const provider::Codec& codec);

  void send(const schedule::Send& attempt, const stages::Request& request) override;
  void cancel(schedule::AttemptId attempt) override;
  void stop() override;

 private:
  struct Waiting {
    schedule::Send attempt;
    http::Request request;
    bool wanted = true;  // until cancel()
  };
  struct Target {
    std::size_t origin = 0;  // at the client
    std::string path;
    std::string authority;     // for what signs: as the Host header has it,
    std::string written_path;  // and the path with that of the base URL
    std::unique_ptr<auth::Credentials> credentials;
    std::vector<Waiting> waiting;  // for something that proves who asks
  };

  // With what proves who asks, when there is that.
  void carry(const schedule::Send& attempt, http::Request request);
  void refreshed(schedule::EndpointId endpoint, const std::optional<provider::Outcome>& failure);
  void ended(const schedule::Send& attempt, std::uint64_t token,
             std::expected<http::Response, http::Failure> result);

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
  const auto url = http::parse_url(spec.base_url);
  if (!url) return std::unexpected(url.error());
  std::string head;
  for (const auto& [name, value] : codec.headers())
    head.append(name).append(": ").append(value).append("\r\n");
  auto credentials = auth::make_credentials({.loop = setup_.loop,
                                             .clock = setup_.clock,
                                             .spec = spec,
                                             .profile = *codec::provider_of(spec).profile,
                                             .head = std::move(head)});
  if (!credentials) return std::unexpected(credentials.error());
  targets_.push_back({.origin = *added,
                      .path = std::string(codec.path()),
                      .authority = url->authority(),
                      .written_path = url->path + std::string(codec.path()),
                      .credentials = std::move(*credentials),
                      .waiting = {}});
  return {};
}

void OnlineSender::send(const schedule::Send& attempt, const stages::Request& request) {
  const Endpoint& endpoint = setup_.endpoints[attempt.endpoint];
  http::Request out;
  out.path = targets_[attempt.endpoint].path;
  out.body = {endpoint.form->prefix(), endpoint.codec->content(request.user_content),
              endpoint.form->suffix()};
  carry(attempt, std::move(out));
}

void OnlineSender::carry(const schedule::Send& attempt, http::Request request) {
  Target& target = targets_[attempt.endpoint];
  auto proof = target.credentials->prove({.method = request.method,
                                          .authority = target.authority,
                                          .path = target.written_path,
                                          .body = request.body},
                                         setup_.clock.wall_now());
  if (!proof) {
    target.waiting.push_back({attempt, std::move(request)});
    if (target.waiting.size() > 1) return;
    target.credentials->refresh(
        [this, endpoint = attempt.endpoint](const auto& failure) { refreshed(endpoint, failure); });
    return;
  }
  request.headers = std::move(proof->headers);
  const http::RequestHandle handle = client_->send(
      target.origin, std::move(request),
      [this, attempt, token = proof->token](std::expected<http::Response, http::Failure> result) {
        ended(attempt, token, std::move(result));
      });
  if (setup_.cancels) handles_.emplace(attempt.attempt, handle);
}

void OnlineSender::refreshed(schedule::EndpointId endpoint,
                             const std::optional<provider::Outcome>& failure) {
  for (Waiting& waiting : std::exchange(targets_[endpoint].waiting, {})) {
    if (!failure && waiting.wanted) {
      carry(waiting.attempt, std::move(waiting.request));
      continue;
    }
    provider::Reply reply;
    reply.outcome = failure.value_or(cancelled());
    setup_.events.finished(waiting.attempt, std::move(reply), 0);
  }
}

void OnlineSender::cancel(schedule::AttemptId attempt) {
  if (const auto found = handles_.find(attempt); found != handles_.end())
    return client_->cancel(found->second);
  for (Target& target : targets_)
    for (Waiting& waiting : target.waiting)
      if (waiting.attempt.attempt == attempt) waiting.wanted = false;
}

void OnlineSender::stop() {
  client_.reset();
  for (schedule::EndpointId e = 0; e < targets_.size(); ++e) {
    refreshed(e, cancelled());
    targets_[e].credentials.reset();
  }
}

void OnlineSender::ended(const schedule::Send& attempt, std::uint64_t token,
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
  auth::Credentials& credentials = *targets_[attempt.endpoint].credentials;
  provider::Outcome& outcome = reply.outcome;
  if (outcome.action == provider::Action::none) {
    credentials.accepted(token);
  } else if (outcome.cause == provider::Cause::auth && credentials.refused(token)) {
    // As if it had not been sent: it goes again with a newer token.
    outcome.action = provider::Action::retry;
    outcome.cause = provider::Cause::cancelled;
    outcome.status = 0;
  }
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
