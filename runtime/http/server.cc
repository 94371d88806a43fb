#include "http/server.h"

#include <fmt/format.h>

#include <unordered_map>
#include <utility>

#include "http/server_connection.h"

namespace sluice::http {
namespace {

constexpr int kBacklog = 4096;
constexpr std::chrono::seconds kSweepEvery{1};

class ServerImpl final : public Server, public ServerConnection::Owner {
 public:
  ServerImpl(net::Loop& loop, Handler handler, net::TlsContext tls, const ServerOptions& options)
      : loop_(loop),
        handler_(std::make_shared<Handler>(std::move(handler))),
        tls_(std::move(tls)),
        options_(options),
        listener_(new uv_tcp_t) {
    uv_tcp_init(&loop.impl().uv, listener_);
    listener_->data = this;
  }
  ~ServerImpl() override {
    uv_close(reinterpret_cast<uv_handle_t*>(listener_),
             [](uv_handle_t* handle) { delete reinterpret_cast<uv_tcp_t*>(handle); });
    for (const auto& [unused, connection] : connections_) connection->close();
  }

  int port() const override { return port_; }

  // 0 or libuv's error.
  int start(const sockaddr& address) {
    if (const int status = uv_tcp_bind(listener_, &address, 0); status != 0) return status;
    const int status = uv_listen(
        reinterpret_cast<uv_stream_t*>(listener_), kBacklog, [](uv_stream_t* listener, int result) {
          if (result != 0) return;
          net::guarded(listener->loop,
                       [listener] { static_cast<ServerImpl*>(listener->data)->on_connection(); });
        });
    if (status != 0) return status;
    sockaddr_storage bound{};
    int size = sizeof bound;
    uv_tcp_getsockname(listener_, reinterpret_cast<sockaddr*>(&bound), &size);
    if (options_.patience) sweep_later();
    port_ = ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                                              : reinterpret_cast<sockaddr_in&>(bound).sin_port);
    return 0;
  }

 private:
  void on_connection() {
    auto connection = std::make_shared<ServerConnection>(
        loop_, *this, tls_ ? net::Tls::server(tls_) : nullptr, options_);
    if (!connection->accept(reinterpret_cast<uv_stream_t*>(listener_))) return;
    if (options_.max_connections > 0 && connections_.size() >= options_.max_connections)
      make_room();
    ServerConnection* const key = connection.get();
    connections_.emplace(key, std::move(connection));
  }
  // Closes the one that the server has waited for longest.
  void make_room() {
    ServerConnection* longest = nullptr;
    core::Time since = core::Time::max();
    for (const auto& [connection, unused] : connections_) {
      if (const auto waited = connection->waited_for_since(); waited && *waited < since) {
        longest = connection;
        since = *waited;
      }
    }
    if (longest != nullptr) longest->reset();
  }
  void sweep_later() {
    sweep_->start(kSweepEvery, [this] {
      const core::Time before = core::SystemClock().now() - *options_.patience;
      std::vector<std::shared_ptr<ServerConnection>> late;
      for (const auto& [connection, owned] : connections_)
        if (const auto since = connection->waited_for_since(); since && *since < before)
          late.push_back(owned);
      for (const auto& connection : late) connection->reset();
      sweep_later();
    });
  }
  void on_request(ServerRequest request, std::shared_ptr<Responder> responder) override {
    const auto handler = handler_;  // it may destroy the server
    (*handler)(std::move(request), std::move(responder));
  }
  void on_gone(ServerConnection& connection) override { connections_.erase(&connection); }

  net::Loop& loop_;
  std::shared_ptr<Handler> handler_;
  net::TlsContext tls_;
  const ServerOptions options_;
  std::unique_ptr<net::Loop::Timer> sweep_ = loop_.make_timer();
  uv_tcp_t* listener_;  // freed when libuv has closed it
  int port_ = 0;
  std::unordered_map<ServerConnection*, std::shared_ptr<ServerConnection>> connections_;
};

}  // namespace

core::Result<std::unique_ptr<Server>> Server::listen(net::Loop& loop, const ServerOptions& options,
                                                     Handler handler) {
  net::TlsContext tls;
  if (!options.certificate_file.empty()) {
    auto made = net::server_tls_context(options.certificate_file, options.key_file);
    if (!made) return std::unexpected(made.error());
    tls = std::move(*made);
    if (!options.session_tickets) SSL_CTX_set_num_tickets(tls.get(), 0);
  }
  const std::string where = fmt::format("{}:{}", options.host, options.port);
  const auto failed = [&](int status) {
    return core::fail(core::ErrorCode::io,
                      fmt::format("cannot listen on {}: {}", where, uv_strerror(status)));
  };

  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  uv_getaddrinfo_t lookup{};
  // Without a callback it is answered here and now: this is start-up, nothing runs yet.
  const int found = uv_getaddrinfo(&loop.impl().uv, &lookup, nullptr, options.host.c_str(),
                                   std::to_string(options.port).c_str(), &hints);
  if (found != 0) return failed(found);
  auto server = std::make_unique<ServerImpl>(loop, std::move(handler), std::move(tls), options);
  const int status = server->start(*lookup.addrinfo->ai_addr);
  uv_freeaddrinfo(lookup.addrinfo);
  if (status != 0) return failed(status);
  return server;
}

}  // namespace sluice::http
