// One connection to a server, from its opening to its end: it introduces this program (AUTH, SELECT, CLIENT SETNAME),
// then carries bytes one way and replies the other. What is asked, and what is asked again, is Connection's.
//
// Threads: the loop's.
//
// Invariants:
//   1. on_ready() comes at most once, before any reply; no event comes after on_lost().
//   2. Its owner may let go of it in any event.
//   3. No message holds the password: what a server answers to AUTH is not shown beyond its first word.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "redis/connector.h"
#include "redis/reply.h"
#include "redis/reply_reader.h"

namespace sluice::redis {

// By this error a server says that it has done nothing and that this passes, or that another server would do it.
bool is_not_now(std::string_view code);

class Link final : public std::enable_shared_from_this<Link>,
                   public Connector::Owner,
                   public net::Transport::Events {
 public:
  struct Lost {
    std::string why;
    bool final = false;     // it will be the same next time, `code` says why: NOAUTH, a certificate
    std::string code = {};  // of the server's error
  };
  class Owner {
   public:
    virtual void on_ready() = 0;
    virtual void on_reply(Reply reply) = 0;
    virtual void on_replies_end() = 0;  // of one read: those that came together
    virtual void on_drained() = 0;
    virtual void on_lost(const Lost& lost) = 0;

   protected:
    ~Owner() = default;
  };
  // What a connection is opened with; must outlive it.
  struct Way {
    net::Loop& loop;
    const Url& url;
    const std::string& name;
    net::TlsContext tls;
    net::Resolver& resolver;
    net::TlsSessionCache& sessions;
  };

  Link(const Way& way, Owner& owner);
  void start();  // may end at once
  void close();  // no event comes after it
  std::string progress() const;

  bool drained() const { return transport_->drained(); }
  bool quiet() { return transport_->quiet(); }
  void write(std::string bytes);  // when it is drained(). May end in on_lost()

 private:
  using Answered = std::function<void(const Reply&)>;

  void on_connected(std::unique_ptr<net::Transport> transport) override;
  void on_not_connected(std::string message, bool final) override;
  void greet();
  void greet_with(const std::vector<std::string>& words, Answered answered);
  void on_auth(const Reply& reply);
  void on_select(const Reply& reply);
  void on_named(const Reply& reply);
  bool refused_early(const Reply& reply);

  void on_ready() override {}
  void on_bytes(std::string_view bytes) override;
  void on_end(const net::Transport::End& end) override;
  void on_drained() override;
  void lost(std::string why, bool final = false, std::string code = {});

  const Way& way_;
  Owner* owner_;  // null: it has ended
  std::shared_ptr<Connector> connector_;
  std::unique_ptr<net::Transport> transport_;
  ReplyReader reader_;
  std::deque<Answered> greetings_;  // not answered yet
  std::string greeting_;
  std::string unwritten_;  // borrowed by the transport
  bool ready_ = false;
};

}  // namespace sluice::redis
