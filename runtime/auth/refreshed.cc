#include "auth/refreshed.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "http/client.h"
#include "http/proxy_environment.h"

namespace sluice::auth {
namespace {

using provider::Outcome;

// Of the requests that wait for a token that does not come.
Outcome outcome_of(const TokenFailure& failure) {
  Outcome outcome;
  outcome.action = failure.final ? provider::Action::stop : provider::Action::retry;
  outcome.cause = failure.final ? provider::Cause::auth : provider::Cause::unreachable;
  outcome.contact = failure.final ? provider::Contact::api : provider::Contact::unreachable;
  outcome.message = failure.message;
  return outcome;
}

class RefreshedCredentials final : public Credentials {
 public:
  explicit RefreshedCredentials(RefreshedSetup setup)
      : setup_(std::move(setup)), client_(std::make_unique<http::Client>(setup_.loop)) {}
  ~RefreshedCredentials() override { alive_.reset(); }  // what the client cancels tells nobody
  RefreshedCredentials(const RefreshedCredentials&) = delete;
  RefreshedCredentials& operator=(const RefreshedCredentials&) = delete;

  std::optional<Proof> prove(const RequestView& request, core::WallTime now) override {
    if (!token_ || now >= use_until_) return std::nullopt;
    if (setup_.per_request) return Proof{lines(request, now), number_};
    if (!lines_) lines_ = lines(request, now);
    return Proof{lines_, number_};
  }

  void refresh(Refreshed done) override {
    waiting_.push_back(std::move(done));
    if (waiting_.size() > 1) return;
    // Not from within: a source may fail at once.
    setup_.loop.post([this, alive = std::weak_ptr(alive_)] {
      if (alive.lock()) take(setup_.source->begin(setup_.clock.wall_now()));
    });
  }

  bool refused(std::uint64_t token) override {
    if (token != number_) return true;  // there is a newer one already
    // One that no server has taken yet is wrong, not old: a newer one will be no better. But the
    // first may have come from a store that had kept it too long.
    if (!accepted_ && number_ > 1) return false;
    token_.reset();
    lines_.reset();
    return true;
  }

  void accepted(std::uint64_t token) override {
    if (token == number_) accepted_ = true;
  }

 private:
  std::shared_ptr<const std::string> lines(const RequestView& request, core::WallTime now) const {
    return std::make_shared<const std::string>(setup_.head + setup_.signer(*token_, request, now));
  }

  void take(TokenStep step) {
    if (auto* call = std::get_if<TokenCall>(&step)) return carry(std::move(*call));
    if (auto* failure = std::get_if<TokenFailure>(&step)) return tell(outcome_of(*failure));
    token_ = std::get<Token>(std::move(step));
    lines_.reset();
    ++number_;
    accepted_ = false;
    use_until_ = token_->expires;
    const core::WallTime now = setup_.clock.wall_now();
    if (use_until_ <= now)
      return tell(outcome_of({true,
                              "the access token that came has expired already: is this "
                              "machine's clock right?"}));
    if (use_until_ != core::WallTime::max())
      use_until_ -= std::min(kRefreshBefore, (use_until_ - now) / 4);
    tell(std::nullopt);
  }

  void tell(const std::optional<Outcome>& outcome) {
    for (auto& done : std::exchange(waiting_, {})) done(outcome);
  }

  void carry(TokenCall call) {
    const auto origin = origin_of(call);
    if (!origin) return tell(outcome_of({true, origin.error().text()}));
    http::Request request;
    request.method = call.method;
    request.path = call.path;
    std::string headers;
    for (const auto& [name, value] : call.headers)
      headers.append(name).append(": ").append(value).append("\r\n");
    request.headers = std::make_shared<const std::string>(std::move(headers));
    if (!call.body.empty())
      request.body = {std::make_shared<const std::string>(std::move(call.body))};
    client_->send(
        *origin, std::move(request),
        [this, alive = std::weak_ptr(alive_), where = call.base_url,
         advice = call.advice](std::expected<http::Response, http::Failure> result) {
          if (!alive.lock()) return;
          if (!result)
            return take(setup_.source->unanswered(fmt::format(
                "{}: {}{}{}", where, result.error().message, advice.empty() ? "" : "; ", advice)));
          take(setup_.source->answered(result->status, result->body,
                                       result->headers.find("date").value_or(""),
                                       setup_.clock.wall_now()));
        });
  }

  core::Result<std::size_t> origin_of(const TokenCall& call) {
    const std::string& base_url = call.base_url;
    if (const auto known = origins_.find(base_url); known != origins_.end()) return known->second;
    http::OriginOptions options;
    options.base_url = base_url;
    options.ca_file = setup_.ca_file;
    options.connect_timeout = options.idle_timeout = options.total_timeout =
        call.timeout.value_or(kTokenTimeout);
    options.max_connections = 1;
    auto proxy = http::proxy_for(base_url, call.direct ? "none" : setup_.proxy.reveal(),
                                 http::process_environment);
    if (!proxy) return std::unexpected(proxy.error());
    options.proxy = std::move(*proxy);
    auto added = client_->add_origin(options);
    if (added) origins_.emplace(base_url, *added);
    return added;
  }

  RefreshedSetup setup_;
  std::optional<Token> token_;
  core::WallTime use_until_{};
  std::uint64_t number_ = 0;  // of the token, from 1
  bool accepted_ = false;     // by a server
  std::shared_ptr<const std::string> lines_;
  std::vector<Refreshed> waiting_;
  std::map<std::string, std::size_t> origins_;  // by address: a source asks each in one way
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::unique_ptr<http::Client> client_;  // last: its callbacks end first
};

}  // namespace

std::string bearer_lines(const Token& token, const RequestView&, core::WallTime) {
  return "authorization: Bearer " + token.value.reveal() + "\r\n";
}

std::unique_ptr<Credentials> make_refreshed(RefreshedSetup setup) {
  return std::make_unique<RefreshedCredentials>(std::move(setup));
}

}  // namespace sluice::auth
