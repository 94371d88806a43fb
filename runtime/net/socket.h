// One TCP socket on the loop, or one of a Unix path: libuv's handle and requests, which must live until libuv has let go
// of them, behind an owner that may go at any time.
//
// Threads: the loop's.
//
// Invariants:
//   1. After its owner has let go of a Socket (Ptr reset), no event comes.
//   2. At most one write is queued at a time; its bytes are borrowed until on_write_end().
#pragma once

#include <uv.h>

#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/loop_impl.h"

namespace sluice::net {

class Socket {
 public:
  class Events {
   public:
    virtual void on_connect(int status) = 0;
    virtual void on_read(std::string_view bytes) = 0;  // borrowed for the call
    virtual void on_read_end(int error) = 0;           // UV_EOF or an error; reading has stopped
    virtual void on_write_end(int status) = 0;         // of queue_write()

   protected:
    ~Events() = default;
  };
  struct Close {
    void operator()(Socket* socket) const { socket->close(); }
  };
  using Ptr = std::unique_ptr<Socket, Close>;

  static Ptr make(Loop::Impl& loop, Events& events);
  void set_events(Events& events) { events_ = &events; }

  // 0, or an error at once; otherwise on_connect() follows. Errors here and below are libuv's
  // (negative errno values).
  int connect(const sockaddr& address);
  // To a Unix socket, whose server takes or refuses at once: no on_connect() follows.
  int connect_local(const std::string& path);
  int accept(uv_stream_t* listener);
  void set_no_delay();
  // Lets the kernel ask after a silent peer: a request may wait for minutes, and a gateway in
  // between may forget the connection without telling.
  void set_keep_alive();

  int start_reading();
  void stop_reading();
  // Reads what is there now, without waiting: bytes, 0 at the end, UV_EAGAIN when there is nothing.
  ssize_t read_now(std::span<char> into);

  // As much as the kernel takes now: bytes, 0 when it takes none, or an error.
  ssize_t write_now(std::span<const uv_buf_t> pieces);
  int queue_write(std::span<const uv_buf_t> pieces);
  bool writing() const { return writing_; }
  std::size_t unsent_bytes() const { return uv_stream_get_write_queue_size(stream()); }

  void end_writing();  // sends FIN after what is queued
  void reset();        // sends RST; no event comes after it

 private:
  explicit Socket(Events& events) : events_(&events) {}
  ~Socket() = default;
  void close();
  uv_stream_t* stream() const {
    return reinterpret_cast<uv_stream_t*>(const_cast<uv_tcp_t*>(&tcp_));
  }
  int end_of(int error) const;
  static void on_closed(uv_handle_t* handle);

  uv_tcp_t tcp_{};
  union {  // connecting is over before the first write
    uv_connect_t connect_;
    uv_write_t write_;
  };
  uv_shutdown_t shutdown_{};
  Events* events_;
  bool writing_ = false;
};

}  // namespace sluice::net
