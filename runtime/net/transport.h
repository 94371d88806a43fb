// A byte stream to a peer: a socket, with TLS over it or without. Client and server connections
// stand on it and do not know which of the two they have.
//
// Threads: the loop's.
//
// Invariants:
//   1. An owner may destroy the Transport inside any event; no event comes after on_end() or
//      reset().
//   2. WriteResult::accepted is exact: it is true when, and only when, the kernel has taken at
//      least one byte that stands for these pieces (never of a handshake).
//   3. What one read brought comes as one on_bytes(), so that whoever has taken the end of a
//      message out of it sees all that has come after the message.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/socket.h"
#include "net/tls.h"

namespace sluice::net {

class Transport final : Socket::Events {
 public:
  struct End {
    enum class Cause : std::uint8_t {
      closed,
      reset,  // or spoilt, or ended in the TLS handshake
      tls,    // the two sides cannot speak TLS with each other, and will not later (Tls::is_final)
    };
    Cause cause = Cause::closed;
    bool clean = false;  // closed, and over TLS the peer has said so
    std::string message;
  };
  class Events {
   public:
    virtual void on_ready() = 0;                        // start() has come to its end
    virtual void on_bytes(std::string_view bytes) = 0;  // plaintext, borrowed for the call
    virtual void on_end(const End& end) = 0;
    virtual void on_drained() = 0;  // all that was queued has been sent

   protected:
    ~Events() = default;
  };
  struct WriteResult {
    std::size_t taken = 0;  // bytes of the pieces that the caller need not keep
    bool accepted = false;  // by the kernel
    int error = 0;          // libuv's; nothing more can be written
  };

  // `tls` may be null. Without a socket it is one to accept() a peer with.
  Transport(Loop::Impl& loop, std::unique_ptr<Tls> tls, Events& events, Socket::Ptr socket = {});
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // Over a connected socket. 0 and then on_ready(), which without TLS comes inside the call; or
  // libuv's error.
  int start();
  int accept(uv_stream_t* listener);
  // Gives the socket away: this can only be destroyed. Without TLS only.
  Socket::Ptr release();
  void set_events(Events& events) { events_ = &events; }

  // With `refuse`, a stream that takes not one byte at once is given up: nothing of the pieces is
  // sent, now or later. With `queue` over TLS, the rest is kept here and sent when it can be.
  enum class WhenFull : std::uint8_t { queue, refuse };
  WriteResult write(std::span<const std::string_view> pieces, WhenFull when_full);
  // Hands on what write() has not taken (without TLS only), borrowed until on_drained() or the end.
  void queue(std::span<const std::string_view> pieces);
  bool drained() const { return !socket_->writing(); }
  std::size_t unsent_bytes() const { return socket_->unsent_bytes(); }

  // Looks at the socket now: nothing has come that is not TLS housekeeping, and it has not ended.
  // For a kept-alive connection, just before its next request. No event comes of it.
  bool quiet();
  bool ended() const { return ended_; }
  const Tls* tls() const { return tls_.get(); }

  void pause_reading() { socket_->stop_reading(); }
  void resume_reading() { socket_->start_reading(); }
  void end_writing();
  void reset();

 private:
  void on_connect(int) override {}
  void on_read(std::string_view bytes) override;
  void on_read_end(int error) override;
  void on_write_end(int status) override;
  void read_tls(std::string_view bytes);
  Tls::Step decrypt(std::string_view bytes, std::size_t& count);
  void deliver(std::size_t count);
  void announce();
  WriteResult write_tls(std::span<const std::string_view> pieces, WhenFull when_full);
  WriteResult flush(WhenFull when_full = WhenFull::queue);
  void end(End::Cause cause, bool clean, std::string message);

  Loop::Impl& loop_;
  Events* events_;
  Socket::Ptr socket_;
  std::unique_ptr<Tls> tls_;
  std::string queued_;      // ciphertext that libuv is writing
  bool* gone_ = nullptr;    // set when this is destroyed inside an event
  bool shaken_ = false;     // the handshake is complete
  bool announced_ = false;  // on_ready() was called
  bool ended_ = false;
};

}  // namespace sluice::net
