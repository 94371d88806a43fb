// Opens a TCP connection to whichever of several addresses answers first (RFC 8305): the next one
// is tried as soon as one has failed, or when 250 ms have passed, while the earlier ones go on.
//
// Threads: the loop's.
//
// Invariants:
//   1. It ends in exactly one of the two calls that end it, or its owner destroys it first; the
//      owner may destroy it in any call.
//   2. It knows no deadline: its owner does.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/resolver.h"
#include "net/socket.h"

namespace sluice::net {

constexpr std::uint64_t kNextAddressMs = 250;  // RFC 8305 §5

class Dialer {
 public:
  class Owner {
   public:
    virtual void on_dialed(Socket::Ptr socket) = 0;
    // `out_of_files`: the reason lies in this process.
    virtual void on_not_dialed(bool out_of_files) = 0;
    // Another address may be tried: start_next(), in kNextAddressMs. Replaces an earlier wish.
    virtual void on_next_wanted() = 0;

   protected:
    ~Owner() = default;
  };

  Dialer(Loop::Impl& loop, Addresses addresses, Owner& owner);
  ~Dialer();
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;

  void start_next();  // may end at once
  const Addresses& addresses() const { return addresses_; }
  // What became of each address so far: "connection refused", or with several
  // "127.0.0.2: connection refused, ::1: no answer".
  std::string reasons() const;

 private:
  struct Attempt;
  void on_failed(std::size_t which, int status);
  bool start(std::size_t which);

  Loop::Impl& loop_;
  Addresses addresses_;
  Owner& owner_;
  std::vector<std::unique_ptr<Attempt>> attempts_;  // as many as have been begun, in order
  std::size_t running_ = 0;
  bool out_of_files_ = false;
};

}  // namespace sluice::net
