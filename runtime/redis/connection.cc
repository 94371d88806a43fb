#include "redis/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <random>
#include <utility>

#include "core/random.h"
#include "net/after_poll.h"
#include "net/loop_impl.h"
#include "redis/link.h"

namespace sluice::redis {
namespace {

using Kind = Failure::Kind;

// Written before the first is answered. Redis keeps replies in memory until they are read.
constexpr std::size_t kMostInFlight = 1024;
constexpr std::size_t kMostUnwritten = std::size_t{1} << 20;

std::uint64_t in_ms(core::Duration duration) {
  return static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::milliseconds>(duration).count());
}

}  // namespace

class Connection::Impl final : public std::enable_shared_from_this<Impl>, public Link::Owner {
 public:
  Impl(net::Loop& loop, Settings settings, net::TlsContext tls)
      : loop_(loop),
        settings_(std::move(settings)),
        sessions_([] {}),
        resolver_(loop, net::system_lookup(), settings_.url.host, settings_.url.port),
        way_{loop, settings_.url, settings_.name, std::move(tls), resolver_, sessions_},
        reconnect_(loop.make_timer()),
        connect_limit_(loop.make_timer()),
        command_limit_(loop.make_timer()),
        after_poll_(loop.impl(), [this] { expire(); }),
        flush_(loop.make_batcher(64, [this] { send(); })) {}

  void command(Command command, Done done);
  void close();
  Counts counts() const { return counts_; }

 private:
  enum class State : std::uint8_t { idle, connecting, ready, closed };
  struct Item {
    Command command;  // without its words, which `encoded` has
    std::string encoded;
    Done done;
    std::uint64_t deadline_ms = 0;
    std::uint64_t timeout_ms = 0;
    bool maybe_done = false;  // it was sent on a connection that was lost
    bool whole_script = false;
  };
  using Items = std::deque<Item>;

  std::uint64_t now() { return net::update_now(loop_.impl()); }
  std::string shown() const { return settings_.url.shown(); }

  void want_connection();
  void connect();
  void on_ready() override;
  void on_reply(Reply reply) override;
  void on_replies_end() override { send(); }
  void on_drained() override { send(); }
  void on_lost(const Link::Lost& lost) override;
  void on_refused(Item item, Reply reply);

  void send();
  void lost(const std::string& why);
  void fail_all(Kind kind, const std::string& why, const std::string& code = {});
  void end(Item item, Outcome outcome);
  void watch(std::uint64_t deadline_ms);
  void expire();
  void expire(Items& items, std::uint64_t now_ms, bool sent, Items& expired);

  net::Loop& loop_;
  const Settings settings_;
  net::TlsSessionCache sessions_;
  net::Resolver resolver_;
  const Link::Way way_;
  State state_ = State::idle;
  std::shared_ptr<Link> link_;
  Items waiting_;
  Items in_flight_;
  Items again_;          // answered by "not now", for the next connection
  std::string not_now_;  // why: nothing is sent until all in flight are answered, then lost()
  std::string last_error_;
  std::size_t bytes_ = 0;  // of all items, as encoded
  std::size_t items_ = 0;
  std::uint64_t not_before_ms_ = 0;  // back-off
  core::Duration back_off_{};
  std::uint64_t watched_ms_ = 0;  // what command_limit_ is set to; zero: it is not
  std::minstd_rand random_{static_cast<std::minstd_rand::result_type>(core::random_bits())};
  std::unique_ptr<net::Loop::Timer> reconnect_;
  std::unique_ptr<net::Loop::Timer> connect_limit_;
  std::unique_ptr<net::Loop::Timer> command_limit_;
  net::AfterPoll after_poll_;
  std::unique_ptr<net::Loop::Batcher> flush_;
  Counts counts_;
};

void Connection::Impl::command(Command command, Done done) {
  Item item;
  item.encoded = encode(command.words);
  item.timeout_ms =
      in_ms(command.timeout > core::Duration::zero() ? command.timeout : settings_.command_timeout);
  item.deadline_ms = now() + item.timeout_ms;
  item.command = std::move(command);
  item.command.words.clear();  // `encoded` has them; a script's are taken from there, too
  item.done = std::move(done);
  const bool full = items_ >= settings_.most_commands ||
                    (items_ > 0 && bytes_ + item.encoded.size() > settings_.most_bytes);
  if (state_ == State::closed || full) {
    Failure failure{full ? Kind::full : Kind::closed,
                    full ? fmt::format("{} commands wait for {} already", items_, shown())
                         : "the connection to " + shown() + " has been closed here"};
    return loop_.post([call = std::move(item.done), failure = std::move(failure)]() mutable {
      call(std::unexpected(std::move(failure)));
    });
  }
  bytes_ += item.encoded.size();
  ++items_;
  watch(item.deadline_ms);
  waiting_.push_back(std::move(item));
  if (state_ == State::ready) {
    flush_->add();
  } else {
    want_connection();
  }
}

void Connection::Impl::close() {
  if (state_ == State::closed) return;
  const auto keep = shared_from_this();
  state_ = State::closed;
  reconnect_->cancel();
  connect_limit_->cancel();
  command_limit_->cancel();
  if (link_) std::exchange(link_, {})->close();
  fail_all(Kind::closed, "the connection to " + shown() + " has been closed here");
}

// Connecting

void Connection::Impl::want_connection() {
  if (state_ != State::idle) return;
  state_ = State::connecting;
  const std::uint64_t at = now();
  const std::uint64_t wait = not_before_ms_ > at ? not_before_ms_ - at : 0;
  reconnect_->start(std::chrono::milliseconds(wait), [this] {
    const auto keep = shared_from_this();
    connect();
  });
}

void Connection::Impl::connect() {
  link_ = std::make_shared<Link>(way_, *this);
  connect_limit_->start(settings_.connect_timeout, [this] {
    const auto keep = shared_from_this();
    lost(fmt::format("no connection to {} within {} ms ({})", shown(),
                     in_ms(settings_.connect_timeout), link_->progress()));
  });
  const auto link = link_;
  link->start();
}

void Connection::Impl::on_ready() {
  const auto keep = shared_from_this();
  state_ = State::ready;
  ++counts_.connections;
  connect_limit_->cancel();
  back_off_ = {};
  send();
}

void Connection::Impl::on_lost(const Link::Lost& why) {
  const auto keep = shared_from_this();
  lost(why.why);
  if (why.final) fail_all(why.code.empty() ? Kind::unreachable : Kind::refused, why.why, why.code);
}

// What comes

void Connection::Impl::on_reply(Reply reply) {
  const auto keep = shared_from_this();
  if (in_flight_.empty()) return lost(shown() + " has answered what was not asked");
  Item item = std::move(in_flight_.front());
  in_flight_.pop_front();
  if (reply.type == Reply::Type::error) {
    on_refused(std::move(item), std::move(reply));
  } else {
    end(std::move(item), std::move(reply));
  }
  if (!not_now_.empty() && in_flight_.empty()) lost(std::string(not_now_));
}

void Connection::Impl::on_refused(Item item, Reply reply) {
  if (reply.code() == "NOSCRIPT" && item.command.script && !item.whole_script) {
    // EVAL is EVALSHA with the script in place of its name.
    const Script& script = *item.command.script;
    const std::string named = encode({"EVALSHA", script.sha1});
    const std::string whole = encode({"EVAL", script.text});
    const auto head = [](const std::string& text) { return text.find("\r\n") + 2; };
    std::string encoded = item.encoded.substr(0, head(item.encoded)) + whole.substr(head(whole)) +
                          item.encoded.substr(head(item.encoded) + named.size() - head(named));
    bytes_ += encoded.size() - item.encoded.size();
    item.encoded = std::move(encoded);
    item.whole_script = true;
    waiting_.push_front(std::move(item));
    flush_->add();
    return;
  }
  if (is_not_now(reply.code())) {
    not_now_ = shown() + " is not ready: " + reply.text;
    again_.push_back(std::move(item));
    return;
  }
  const bool cluster = reply.code() == "MOVED" || reply.code() == "ASK";
  Failure failure{
      Kind::refused,
      fmt::format("{}: {}{}", shown(), reply.text,
                  cluster ? " (a Redis cluster, which this does not speak: give the address of "
                            "a single server or of a proxy)"
                          : ""),
      item.maybe_done, std::string(reply.code())};
  end(std::move(item), std::unexpected(std::move(failure)));
}

// What goes

void Connection::Impl::send() {
  if (state_ != State::ready || !not_now_.empty() || waiting_.empty()) return;
  const auto keep = shared_from_this();
  if (!link_->drained()) return;  // on_drained() comes
  // A server may have gone while nothing was on its way: what is not sent need not be sent again.
  if (in_flight_.empty() && !link_->quiet())
    return lost(fmt::format("lost the connection to {}: the other side has closed", shown()));
  std::string bytes;
  while (!waiting_.empty() && in_flight_.size() < kMostInFlight && bytes.size() < kMostUnwritten) {
    bytes += waiting_.front().encoded;
    in_flight_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
    ++counts_.sent;
  }
  const auto link = link_;
  if (!bytes.empty()) link->write(std::move(bytes));
}

// How it ends

void Connection::Impl::lost(const std::string& why) {
  if (state_ == State::closed || state_ == State::idle) return;
  last_error_ = why;
  not_now_.clear();
  connect_limit_->cancel();
  reconnect_->cancel();
  if (state_ != State::ready) ++counts_.failed_attempts;
  state_ = State::idle;
  if (link_) std::exchange(link_, {})->close();
  back_off_ = std::clamp(back_off_ * 2, settings_.first_back_off, settings_.longest_back_off);
  const double part = std::uniform_real_distribution(0.5, 1.0)(random_);
  not_before_ms_ = now() + in_ms(std::chrono::duration_cast<core::Duration>(back_off_ * part));

  Items sent = std::exchange(in_flight_, {});
  Items back = std::exchange(again_, {});
  Items gone;
  for (Item& item : sent) {
    item.maybe_done = true;
    (item.command.idempotent ? back : gone).push_back(std::move(item));
  }
  waiting_.insert(waiting_.begin(), std::make_move_iterator(back.begin()),
                  std::make_move_iterator(back.end()));
  for (Item& item : gone) end(std::move(item), std::unexpected(Failure{Kind::closed, why, true}));
  if (state_ == State::idle && !waiting_.empty()) want_connection();
}

void Connection::Impl::fail_all(Kind kind, const std::string& why, const std::string& code) {
  Items all = std::exchange(again_, {});
  for (Items* items : {&in_flight_, &waiting_}) {
    for (Item& item : *items) {
      if (items == &in_flight_) item.maybe_done = true;
      all.push_back(std::move(item));
    }
    items->clear();
  }
  for (Item& item : all) {
    const bool maybe_done = item.maybe_done;
    end(std::move(item), std::unexpected(Failure{kind, why, maybe_done, code}));
  }
}

void Connection::Impl::end(Item item, Outcome outcome) {
  bytes_ -= item.encoded.size();
  --items_;
  item.done(std::move(outcome));
}

void Connection::Impl::watch(std::uint64_t deadline_ms) {
  if (watched_ms_ != 0 && watched_ms_ <= deadline_ms) return;
  watched_ms_ = deadline_ms;
  const std::uint64_t at = now();
  command_limit_->start(std::chrono::milliseconds(deadline_ms > at ? deadline_ms - at : 0),
                        [this] { after_poll_.arm(); });
}

void Connection::Impl::expire(Items& items, std::uint64_t now_ms, bool sent, Items& expired) {
  std::erase_if(items, [&](Item& item) {
    if (item.deadline_ms > now_ms) {
      watch(item.deadline_ms);
      return false;
    }
    item.maybe_done = item.maybe_done || sent;
    expired.push_back(std::move(item));
    return true;
  });
}

// Those whose time is over, wherever they are.
void Connection::Impl::expire() {
  if (state_ == State::closed) return;
  const auto keep = shared_from_this();
  const std::uint64_t at = now();
  watched_ms_ = 0;
  Items unanswered;
  Items unsent;
  expire(in_flight_, at, true, unanswered);
  expire(again_, at, false, unsent);
  expire(waiting_, at, false, unsent);
  const bool connected = state_ == State::ready;
  if (!unanswered.empty())
    lost(fmt::format("{} has not answered for {} ms", shown(), unanswered.front().timeout_ms));
  for (Item& item : unanswered) {
    const std::string why =
        fmt::format("{} has not answered a command within {} ms", shown(), item.timeout_ms);
    end(std::move(item), std::unexpected(Failure{Kind::timeout, why, true}));
  }
  for (Item& item : unsent) {
    const std::string why =
        !last_error_.empty() && !connected
            ? last_error_
            : fmt::format("{} has not taken a command within {} ms", shown(), item.timeout_ms);
    const bool maybe_done = item.maybe_done;
    end(std::move(item),
        std::unexpected(Failure{connected ? Kind::timeout : Kind::unreachable, why, maybe_done}));
  }
}

// Connection

core::Result<std::unique_ptr<Connection>> Connection::make(net::Loop& loop, Settings settings) {
  net::TlsContext tls;
  if (settings.url.tls) {
    auto context = net::client_tls_context(settings.ca_file);
    if (!context) return std::unexpected(context.error());
    tls = std::move(*context);
  }
  return std::unique_ptr<Connection>(
      new Connection(std::make_shared<Impl>(loop, std::move(settings), std::move(tls))));
}

Connection::Connection(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::~Connection() {
  impl_->close();
}
void Connection::command(Command command, Done done) {
  impl_->command(std::move(command), std::move(done));
}
void Connection::close() {
  impl_->close();
}
Connection::Counts Connection::counts() const {
  return impl_->counts();
}

}  // namespace sluice::redis
