#include "redis/link.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "redis/command.h"

namespace sluice::redis {

bool is_not_now(std::string_view code) {
  constexpr std::array<std::string_view, 6> kCodes = {"LOADING",     "MASTERDOWN", "READONLY",
                                                      "CLUSTERDOWN", "TRYAGAIN",   "BUSY"};
  return std::ranges::find(kCodes, code) != kCodes.end();
}

Link::Link(const Way& way, Owner& owner) : way_(way), owner_(&owner) {}

void Link::start() {
  const auto keep = shared_from_this();
  connector_ = std::make_shared<Connector>(way_.loop, way_.url, way_.resolver, way_.tls,
                                           way_.sessions, *this);
  const auto connector = connector_;
  connector->start();
}

void Link::close() {
  owner_ = nullptr;
  connector_.reset();
  transport_.reset();
}

std::string Link::progress() const {
  return connector_ ? connector_->progress() : "it does not answer";
}

void Link::on_not_connected(std::string message, bool final) {
  lost(std::move(message), final);
}

void Link::on_connected(std::unique_ptr<net::Transport> transport) {
  const auto keep = shared_from_this();
  connector_.reset();
  transport_ = std::move(transport);
  transport_->set_events(*this);
  greet();
}

// The greeting

void Link::greet_with(const std::vector<std::string>& words, Answered answered) {
  greetings_.push_back(std::move(answered));
  greeting_ += encode(words);
}

void Link::greet() {
  const Url& url = way_.url;
  if (!url.password.empty()) {
    std::vector<std::string> words = {"AUTH"};
    if (!url.user.empty()) words.push_back(url.user);
    words.push_back(url.password);
    greet_with(words, [this](const Reply& reply) { on_auth(reply); });
  }
  if (url.database != 0)
    greet_with({"SELECT", std::to_string(url.database)},
               [this](const Reply& reply) { on_select(reply); });
  // PING where there is no name: so one that is not a server of Redis is found before it gets a command.
  greet_with(way_.name.empty() ? std::vector<std::string>{"PING"}
                               : std::vector<std::string>{"CLIENT", "SETNAME", way_.name},
             [this](const Reply& reply) { on_named(reply); });
  write(std::exchange(greeting_, {}));
}

bool Link::refused_early(const Reply& reply) {
  if (is_not_now(reply.code())) {
    lost(way_.url.shown() + " is not ready: " + reply.text);
  } else if (reply.code() == "NOAUTH") {
    lost(way_.url.shown() + " wants a password: put it into its URL, redis://user:password@…", true,
         "NOAUTH");
  } else {
    return false;
  }
  return true;
}

// A server that does not know AUTH answers with its words: so nothing of the answer is shown but the first.
void Link::on_auth(const Reply& reply) {
  if (reply.type != Reply::Type::error || is_not_now(reply.code())) {
    if (reply.type == Reply::Type::error) lost(way_.url.shown() + " is not ready");
    return;
  }
  const char* what = way_.url.user.empty() ? "password" : "user or the password";
  lost(fmt::format("{} refuses the {} of its URL ({})", way_.url.shown(), what, reply.code()), true,
       std::string(reply.code()));
}

void Link::on_select(const Reply& reply) {
  if (reply.type != Reply::Type::error || refused_early(reply)) return;
  lost(fmt::format("{} has no such database: {}", way_.url.shown(), reply.text), true,
       std::string(reply.code()));
}

// A server may not let everybody name a connection: that is of no consequence.
void Link::on_named(const Reply& reply) {
  if (reply.type == Reply::Type::error && refused_early(reply)) return;
  ready_ = true;
  owner_->on_ready();
}

// What comes

void Link::on_bytes(std::string_view bytes) {
  const auto keep = shared_from_this();
  if (!reader_.feed(bytes)) return lost(way_.url.shown() + " has sent more than a reply may have");
  while (owner_ != nullptr) {
    auto reply = reader_.next();
    if (!reply)
      return lost(
          fmt::format("{} does not speak Redis' protocol: {}", way_.url.shown(), reply.error()));
    if (!*reply) break;
    if (greetings_.empty()) {
      owner_->on_reply(std::move(**reply));
      continue;
    }
    const Answered answered = std::move(greetings_.front());
    greetings_.pop_front();
    answered(**reply);
  }
  if (owner_ != nullptr && ready_) owner_->on_replies_end();
}

void Link::on_end(const net::Transport::End& end) {
  lost(fmt::format("lost the connection to {}: {}", way_.url.shown(), end.message));
}

// What goes

void Link::write(std::string bytes) {
  const std::string_view all = bytes;
  const auto result = transport_->write({&all, 1}, net::Transport::WhenFull::queue);
  if (result.error != 0)
    return lost(
        fmt::format("lost the connection to {}: {}", way_.url.shown(), uv_strerror(result.error)));
  if (result.taken == bytes.size()) return;
  unwritten_ = bytes.substr(result.taken);
  const std::string_view rest = unwritten_;
  transport_->queue({&rest, 1});
}

void Link::on_drained() {
  const auto keep = shared_from_this();
  unwritten_.clear();
  if (ready_) owner_->on_drained();
}

void Link::lost(std::string why, bool final, std::string code) {
  const auto keep = shared_from_this();
  Owner* owner = std::exchange(owner_, nullptr);
  if (owner == nullptr) return;
  connector_.reset();
  owner->on_lost({std::move(why), final, std::move(code)});
}

}  // namespace sluice::redis
