// A server of blocking sockets on its own thread, which says exactly the bytes that a test wants
// said, when the test wants them said.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "net/loop.h"

namespace sluice::http {

class RawServer {
 public:
  // One accepted connection. Closed at its end.
  class Peer {
   public:
    explicit Peer(int descriptor) : descriptor_(descriptor) {}
    ~Peer() { close(); }
    Peer(const Peer&) = delete;

    // Head and Content-Length body of one request; what it has got when the client closes first.
    std::string read_request();
    // Until the client closes: true, or resets: false.
    bool read_until_closed();
    std::string read_some();  // at least a byte; "" when the client has closed
    // Exactly so many bytes.
    std::string read_bytes(std::size_t count);
    void send(std::string_view bytes);
    // Returns when the client's kernel has all that was sent, and has said so: this may take it
    // tens of milliseconds.
    void wait_until_there();
    // In pieces, of which the client's loop sees one before the next comes (as a rule: no test may
    // rest on it).
    void send_pieces(net::Loop& loop, std::string_view bytes, std::size_t piece);
    bool alive();  // the client has not closed
    void close();
    void reset();
    // Passes bytes to 127.0.0.1:port and back until either side has closed.
    void forward_to(int port);

   private:
    int descriptor_;
    std::string pending_;  // read, behind the last request
  };
  struct Options {
    std::string ip = "127.0.0.1";
    int port = 0;
    int receive_bytes = 0;  // of the kernel's buffer, about; 0: its own choice
  };
  // Called on the server's thread for each connection, one after the other.
  using Script = std::function<void(Peer& peer, int number)>;

  explicit RawServer(Script script) : RawServer(Options{}, std::move(script)) {}
  RawServer(const Options& options, Script script);
  ~RawServer();  // waits for the script to return
  int port() const { return port_; }
  std::string url() const;

 private:
  void serve();

  Script script_;
  std::string ip_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

// Returns when the loop has gone once around, and so has read what its sockets had before; or after
// a while, when it does not run.
void pass_once(net::Loop& loop);

}  // namespace sluice::http
