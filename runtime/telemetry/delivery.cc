#include "telemetry/delivery.h"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "telemetry/gzip.h"
#include "telemetry/partial_success.h"

namespace sluice::telemetry {

Delivery::Delivery(Setup setup)
    : setup_(std::move(setup)),
      headers_(std::make_shared<const std::string>(fmt::format(
          "Content-Type: application/json\r\nUser-Agent: {}\r\n{}{}", setup_.user_agent,
          setup_.target.gzip ? "Content-Encoding: gzip\r\n" : "", setup_.target.headers.reveal()))),
      timer_(setup_.loop.make_timer()),
      // Another course in each process, so that many do not try again in step.
      random_(static_cast<unsigned>(::getpid()) ^
              static_cast<unsigned>(setup_.clock.now().time_since_epoch().count())) {}

void Delivery::send(std::string body, std::uint64_t items) {
  body_ = std::make_shared<const std::string>(setup_.target.gzip ? gzip(body) : std::move(body));
  items_ = items;
  tries_ = 0;
  began_ = setup_.clock.now();
  attempt();
}

void Delivery::attempt() {
  waiting_ = false;
  ++tries_;
  http::Request request;
  request.path = setup_.target.path;
  request.headers = headers_;
  request.body = {body_};
  handle_ = setup_.client.send(setup_.origin, std::move(request),
                               [this](std::expected<http::Response, http::Failure> result) {
                                 if (!busy()) return;  // abandoned
                                 handle_.reset();
                                 if (result)
                                   answered(*result);
                                 else
                                   failed(result.error());
                               });
}

void Delivery::answered(const http::Response& response) {
  unreachable_ = false;
  if (response.status < 200 || response.status > 299)
    return again(status_text(response.status), response.headers.find("retry-after").value_or(""),
                 is_passing(response.status));
  if (const std::uint64_t rejected = rejected_items(response.body); rejected > 0) {
    drop(rejected);
    setup_.rejected(rejected);
  }
  setup_.delivered();
  finish();
}

void Delivery::failed(const http::Failure& failure) {
  using Kind = http::Failure::Kind;
  // One that closes a connection as it is written to is there.
  unreachable_ = failure.kind != Kind::reset;
  std::string why = failure.message;
  if (failure.kind == Kind::protocol)
    why += "; is it the collector's HTTP port? (4318, where that of gRPC is 4317)";
  again(why, "", is_passing(failure.kind) && !(hurries_ && unreachable_));
}

void Delivery::again(const std::string& why, std::string_view retry_after, bool passing) {
  const double chance = std::uniform_real_distribution<>(0, 1)(random_);
  const auto delay = passing ? delay_after(tries_, setup_.clock.now() - began_, chance, retry_after,
                                           setup_.clock.wall_now(), setup_.patience)
                             : std::nullopt;
  // Once asked to wait, a collector is not broken.
  if (!delay || unreachable_ || tries_ > 1) setup_.failing(why);
  if (!delay) {
    drop(items_);
    return finish();
  }
  waiting_ = true;
  timer_->start(*delay, [this] { attempt(); });
}

void Delivery::finish() {
  body_.reset();
  setup_.ended();
}

void Delivery::hurry() {
  hurries_ = true;
  if (!waiting_ || !unreachable_) return;
  timer_->cancel();
  attempt();
}

void Delivery::abandon() {
  timer_->cancel();
  if (!busy()) return;
  drop(items_);
  body_.reset();
  if (handle_) setup_.client.cancel(*std::exchange(handle_, std::nullopt));
}

}  // namespace sluice::telemetry
