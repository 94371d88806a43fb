#include "net/dialer.h"

#include <utility>

namespace sluice::net {
namespace {

std::string address_text(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  uv_ip_name(reinterpret_cast<const sockaddr*>(&address), text, sizeof text);
  return text;
}

}  // namespace

struct Dialer::Attempt final : Socket::Events {
  Attempt(Dialer& by, std::size_t number)
      : dialer(by), which(number), socket(Socket::make(by.loop_, *this)) {}

  void on_connect(int result) override {
    if (result != 0) return dialer.on_failed(which, result);
    dialer.owner_.on_dialed(std::move(socket));
  }
  // Nothing is read or written before the owner has the socket.
  void on_read(std::string_view) override {}
  void on_read_end(int) override {}
  void on_write_end(int) override {}

  Dialer& dialer;
  std::size_t which;
  Socket::Ptr socket;
  int status = 0;  // libuv's error; 0: no answer yet
};

Dialer::Dialer(Loop::Impl& loop, Addresses addresses, Owner& owner)
    : loop_(loop), addresses_(std::move(addresses)), owner_(owner) {}

Dialer::~Dialer() = default;

void Dialer::start_next() {
  while (attempts_.size() < addresses_->size() && !out_of_files_) {
    if (!start(attempts_.size())) continue;
    if (attempts_.size() < addresses_->size()) owner_.on_next_wanted();
    return;
  }
  if (running_ == 0) owner_.on_not_dialed(out_of_files_);
}

// False: it has failed at once.
bool Dialer::start(std::size_t which) {
  Attempt& attempt = *attempts_.emplace_back(std::make_unique<Attempt>(*this, which));
  attempt.status = attempt.socket->connect(reinterpret_cast<const sockaddr&>((*addresses_)[which]));
  if (attempt.status == 0) {
    ++running_;
    return true;
  }
  attempt.socket.reset();
  out_of_files_ = attempt.status == UV_EMFILE || attempt.status == UV_ENFILE;
  return false;
}

void Dialer::on_failed(std::size_t which, int status) {
  Attempt& attempt = *attempts_[which];
  attempt.status = status;
  attempt.socket.reset();
  --running_;
  start_next();
}

std::string Dialer::reasons() const {
  std::string all;
  for (const auto& attempt : attempts_) {
    if (!all.empty()) all += ", ";
    if (addresses_->size() > 1) all += address_text((*addresses_)[attempt->which]) + ": ";
    all += attempt->status != 0 ? uv_strerror(attempt->status) : "no answer";
  }
  return all;
}

}  // namespace sluice::net
