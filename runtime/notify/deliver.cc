#include "notify/deliver.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "http/client.h"
#include "http/proxy_environment.h"
#include "net/loop.h"

namespace sluice::notify {
namespace {

// Of an answer that is not a success: it is not looked at.
constexpr std::size_t kMostAnswerBytes = 1024 * 1024;

class Delivery {
 public:
  Delivery(const Webhook& webhook, const Message& message, const Patience& patience)
      : webhook_(webhook),
        message_(message),
        patience_(patience),
        body_(std::make_shared<const std::string>(message.body)) {}

  core::Status run(std::stop_token stop) {
    auto proxy = http::proxy_for(webhook_.address.origin, "", http::process_environment);
    if (!proxy) return std::unexpected(proxy.error());
    http::OriginOptions options;
    options.base_url = webhook_.address.origin;
    options.proxy = std::move(*proxy);
    options.connect_timeout = patience_.connect;
    options.idle_timeout = patience_.one;
    options.total_timeout = patience_.one;
    options.max_connections = 1;
    options.max_response_bytes = kMostAnswerBytes;
    const auto origin = client_.add_origin(options);
    if (!origin) return std::unexpected(origin.error());
    origin_ = *origin;
    whole_->start(patience_.whole, [this] {
      finish(fmt::format("no answer within {:.0f} s", core::in_seconds(patience_.whole)));
    });
    const std::stop_callback on_stop(std::move(stop),
                                     [this] { loop_.post([this] { finish("interrupted"); }); });
    send();
    loop_.run();
    if (why_.empty()) return {};
    return core::fail(core::ErrorCode::io,
                      fmt::format("{}: {} (sent {} time{})", webhook_.address.origin, why_,
                                  attempts_, attempts_ == 1 ? "" : "s"));
  }

 private:
  void send() {
    ++attempts_;
    http::Request request;
    request.path = webhook_.address.target;
    request.headers =
        std::make_shared<const std::string>(header_lines(webhook_, message_, clock_.wall_now()));
    request.body.push_back(body_);
    request.sink = [](std::string_view) { return true; };  // what a success says is not needed
    client_.send(origin_, std::move(request), [this](auto result) {
      if (ended_) return;
      if (!result) {
        using Kind = http::Failure::Kind;
        const Kind kind = result.error().kind;
        const bool passing = kind != Kind::tls && kind != Kind::too_large;
        return failed(result.error().message, passing, std::nullopt);
      }
      const int status = result->status;
      if (status >= 200 && status < 300) return finish({});
      const bool moved = status >= 300 && status < 400;
      failed(fmt::format("HTTP {}{}", status,
                         moved ? ": it names another address; give that one" : ""),
             is_passing(status),
             asked_wait(result->headers.find("retry-after").value_or(""), clock_.wall_now()));
    });
  }

  void failed(std::string why, bool passing, std::optional<core::Duration> asked) {
    const auto delay =
        passing ? next_delay(patience_, attempts_, clock_.now() - began_, asked) : std::nullopt;
    if (!delay) return finish(std::move(why));
    again_->start(*delay, [this] { send(); });
  }

  void finish(std::string why) {
    if (ended_) return;
    ended_ = true;
    why_ = std::move(why);
    again_->cancel();
    whole_->cancel();
    loop_.stop();
  }

  const Webhook& webhook_;
  const Message& message_;
  const Patience& patience_;
  const std::shared_ptr<const std::string> body_;
  const core::SystemClock clock_;
  const core::Time began_ = clock_.now();
  net::Loop loop_;
  http::Client client_{loop_};
  std::unique_ptr<net::Loop::Timer> again_ = loop_.make_timer();
  std::unique_ptr<net::Loop::Timer> whole_ = loop_.make_timer();
  std::size_t origin_ = 0;
  int attempts_ = 0;
  bool ended_ = false;
  std::string why_;  // empty: it has arrived
};

}  // namespace

core::Status deliver(const Webhook& webhook, const Message& message, const Patience& patience,
                     std::stop_token stop) {
  return Delivery(webhook, message, patience).run(std::move(stop));
}

}  // namespace sluice::notify
