#include "mock/mock_server.h"

#include <utility>
#include <vector>

#include "http/server.h"
#include "mock/delay_queue.h"
#include "mock/engine_queue.h"
#include "mock/port_holder.h"
#include "mock/provider_model.h"
#include "wire/batch.h"

namespace sluice::mock {
namespace {

class MockServerImpl final : public MockServer {
 public:
  MockServerImpl(net::Loop& loop, http::ServerOptions listening, Options options)
      : loop_(loop),
        listening_(std::move(listening)),
        engine_(options.engine ? std::make_unique<EngineQueue>(loop, clock_, *options.engine)
                               : nullptr),
        model_(std::move(options), clock_.now()),
        delayed_(loop, clock_),
        outage_timer_(loop.make_timer()) {}

  core::Status listen() {
    auto server = http::Server::listen(
        loop_, listening_,
        [this](const http::ServerRequest& request, std::shared_ptr<http::Responder> responder) {
          handle(request, std::move(responder));
        });
    if (!server) return std::unexpected(server.error());
    server_ = std::move(*server);
    listening_.port = server_->port();
    return {};
  }

  // Closes the door where connections are to be refused, opens it again when that is over, and
  // looks again when that may change.
  void follow_outages() {
    const core::Time now = clock_.now();
    auto next = model_.outages().next_change(now);
    if (model_.outages().at(now) == OutageKind::refuse) {
      if (server_) {
        server_.reset();
        holder_.hold(listening_.host, listening_.port);
      }
    } else if (!server_) {
      if (listen()) {
        holder_.release();
      } else {
        next = now + kListenAgain;
      }
    }
    if (next) outage_timer_->start(*next - now, [this] { follow_outages(); });
  }

  int port() const override { return listening_.port; }
  Stats stats() const override { return model_.stats(); }

 private:
  void handle(const http::ServerRequest& request, std::shared_ptr<http::Responder> responder) {
    Decision decision = model_.handle(request, clock_.now(), clock_.wall_now());
    // Not from in here: the server that calls may be the one to be closed.
    if (request.target.starts_with("/control"))
      outage_timer_->start(core::Duration::zero(), [this] { follow_outages(); });
    switch (decision.kind) {
      case Decision::Kind::reset:
        responder->reset();
        return;
      case Decision::Kind::hang:
        hanging_.push_back(std::move(responder));
        return;
      case Decision::Kind::respond:
      case Decision::Kind::respond_half:
        break;
    }
    if (decision.work) return work(std::move(decision), std::move(responder));
    if (decision.delay == core::Duration::zero()) return answer(decision, *responder);
    const core::Duration delay = decision.delay;
    delayed_.add(delay, [this, decision = std::move(decision), responder = std::move(responder)] {
      answer(decision, *responder);
    });
  }

  void work(Decision decision, std::shared_ptr<http::Responder> responder) {
    const simulate::EngineShape shape = *decision.work;
    const auto held = std::make_shared<const Decision>(std::move(decision));
    const bool stream =
        held->response.content_type == "text/event-stream" && held->kind == Decision::Kind::respond;
    engine_->add(
        shape,
        [held, responder, stream] {
          if (stream) responder->respond_until(held->response, first_events(held->response.body));
        },
        [this, held, responder] { answer(*held, *responder); });
  }

  // Of a stream: up to the first that carries text, which is the second, behind one that names the role.
  static std::size_t first_events(const std::string& body) {
    const std::size_t first = body.find("\n\n");
    const std::size_t second = first == body.npos ? first : body.find("\n\n", first + 2);
    return second == body.npos ? body.size() : second + 2;
  }

  void answer(const Decision& decision, http::Responder& responder) {
    if (decision.counted) model_.finished();
    if (decision.kind == Decision::Kind::respond) return responder.respond(decision.response);
    responder.respond_in_part(decision.response, decision.response.body.size() / 2);
    responder.reset();
  }

  static constexpr core::Duration kListenAgain = std::chrono::milliseconds(20);

  core::SystemClock clock_;
  net::Loop& loop_;
  http::ServerOptions listening_;
  const std::unique_ptr<EngineQueue> engine_;  // null where there is none
  ProviderModel model_;
  DelayQueue delayed_;
  // A responder that goes away unanswered answers with 500, so those that hang are kept.
  std::vector<std::shared_ptr<http::Responder>> hanging_;
  std::unique_ptr<net::Loop::Timer> outage_timer_;
  PortHolder holder_;
  std::unique_ptr<http::Server>
      server_;  // null while connections are refused; last: closed before what its connections use
};

}  // namespace

core::Result<std::unique_ptr<MockServer>> MockServer::start(net::Loop& loop, Options options) {
  http::ServerOptions server;
  server.host = options.host;
  server.port = options.port;
  server.certificate_file = options.certificate_file;
  server.key_file = options.key_file;
  server.max_body_of = [usual = server.max_body_bytes](std::string_view method,
                                                       std::string_view target) {
    return wire::batch_body_limit(method, target).value_or(usual);
  };
  auto mock = std::make_unique<MockServerImpl>(loop, std::move(server), std::move(options));
  if (auto listening = mock->listen(); !listening) return std::unexpected(listening.error());
  mock->follow_outages();
  return mock;
}

}  // namespace sluice::mock
