#include "net/transport.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::net {
namespace {

uv_buf_t buffer(std::string_view text) {
  return uv_buf_init(const_cast<char*>(text.data()), static_cast<unsigned>(text.size()));
}

}  // namespace

Transport::Transport(Loop::Impl& loop, std::unique_ptr<Tls> tls, Events& events, Socket::Ptr socket)
    : loop_(loop),
      events_(&events),
      socket_(socket ? std::move(socket) : Socket::make(loop, *this)),
      tls_(std::move(tls)) {
  socket_->set_events(*this);
}

Transport::~Transport() {
  if (gone_) *gone_ = true;
  if (tls_ && shaken_ && !ended_) {
    tls_->close();
    flush();
  }
}

int Transport::accept(uv_stream_t* listener) {
  if (const int status = socket_->accept(listener); status != 0) return status;
  socket_->set_no_delay();
  announced_ = true;  // whoever accepts needs no telling
  return socket_->start_reading();
}

int Transport::start() {
  socket_->set_no_delay();
  socket_->set_keep_alive();
  if (const int failed = socket_->start_reading(); failed != 0) return failed;
  if (tls_) {
    read_tls({});  // says hello
  } else {
    announce();
  }
  return 0;
}

Socket::Ptr Transport::release() {
  socket_->stop_reading();
  return std::move(socket_);
}

void Transport::on_read(std::string_view bytes) {
  if (tls_) {
    read_tls(bytes);
  } else {
    events_->on_bytes(bytes);
  }
}

void Transport::read_tls(std::string_view bytes) {
  std::size_t count = 0;
  const Tls::Step step = decrypt(bytes, count);
  flush();
  ended_ = step == Tls::Step::closed || step == Tls::Step::failed;
  bool gone = false;
  gone_ = &gone;
  deliver(count);
  if (gone) return;
  gone_ = nullptr;
  if (step == Tls::Step::closed) end(End::Cause::closed, true, "the other side has closed");
  if (step == Tls::Step::failed)
    end(tls_->is_final() ? End::Cause::tls : End::Cause::reset, false, tls_->problem());
}

// The handshake as far as `bytes` bring it, and then the `count` bytes of plaintext that they hold,
// into loop_.plain_buffer.
Tls::Step Transport::decrypt(std::string_view bytes, std::size_t& count) {
  tls_->feed(bytes);
  if (!shaken_) {
    const Tls::Step step = tls_->handshake();
    if (step != Tls::Step::done) return step;
    shaken_ = true;
  }
  return tls_->read(loop_.plain_buffer, count);
}

// Tells the owner what has come, or that all is ready. It may destroy this.
void Transport::deliver(std::size_t count) {
  // Bytes before on_ready() end the matter: a server that speaks before it was asked is not one to
  // send a request to.
  if (count > 0) return events_->on_bytes({loop_.plain_buffer.data(), count});
  if (shaken_ && !announced_ && drained() && !ended_) announce();
}

void Transport::announce() {
  announced_ = true;
  events_->on_ready();
}

void Transport::on_read_end(int error) {
  if (tls_ && !shaken_) {
    return end(End::Cause::reset, false,
               "TLS: the other side ended the connection in the handshake");
  }
  if (error == UV_EOF) {
    end(End::Cause::closed, tls_ == nullptr, "the other side has closed");
  } else {
    end(End::Cause::reset, false, uv_strerror(error));
  }
}

void Transport::end(End::Cause cause, bool clean, std::string message) {
  ended_ = true;
  socket_->stop_reading();
  events_->on_end(End{cause, clean, std::move(message)});
}

Transport::WriteResult Transport::write(std::span<const std::string_view> pieces,
                                        WhenFull when_full) {
  if (tls_) return write_tls(pieces, when_full);
  // Small pieces are cheaper to join than to be handed to the kernel one by one.
  constexpr std::size_t kJoined = 4 * 1024;
  std::array<char, kJoined> joined;
  std::size_t total = 0;
  for (const std::string_view piece : pieces) total += piece.size();
  if (total <= kJoined) {
    char* end = joined.data();
    for (const std::string_view piece : pieces) end = std::ranges::copy(piece, end).out;
    const uv_buf_t all = buffer({joined.data(), total});
    const ssize_t written = socket_->write_now({&all, 1});
    if (written < 0) return {.error = static_cast<int>(written)};
    return {.taken = static_cast<std::size_t>(written), .accepted = written > 0};
  }
  std::array<uv_buf_t, 16> buffers;
  const std::size_t count = std::min(pieces.size(), buffers.size());
  std::transform(pieces.begin(), pieces.begin() + static_cast<std::ptrdiff_t>(count),
                 buffers.begin(), buffer);
  const ssize_t written = socket_->write_now({buffers.data(), count});
  if (written < 0) return {.error = static_cast<int>(written)};
  return {.taken = static_cast<std::size_t>(written), .accepted = written > 0};
}

Transport::WriteResult Transport::write_tls(std::span<const std::string_view> pieces,
                                            WhenFull when_full) {
  // Small pieces share a record: each record costs bytes, and time at both ends.
  constexpr std::size_t kRecord = 16 * 1024;
  std::array<char, kRecord> record;
  std::size_t filled = 0;
  std::size_t total = 0;
  for (std::string_view piece : pieces) {
    total += piece.size();
    while (!piece.empty()) {
      const std::size_t part = std::min(piece.size(), kRecord - filled);
      std::copy_n(piece.data(), part, record.data() + filled);
      piece.remove_prefix(part);
      filled += part;
      if (filled == kRecord) tls_->write({record.data(), std::exchange(filled, 0)});
    }
  }
  tls_->write({record.data(), filled});
  WriteResult result = flush(when_full);
  result.taken = total;
  return result;
}

// `accepted` stands for what was in output() alone, `taken` is not set.
Transport::WriteResult Transport::flush(WhenFull when_full) {
  std::string& out = tls_->output();
  if (out.empty()) return {};
  const uv_buf_t all = buffer(out);
  const ssize_t written = drained() ? socket_->write_now({&all, 1}) : 0;
  const std::size_t sent = written > 0 ? static_cast<std::size_t>(written) : 0;
  if (written < 0 || (sent == 0 && when_full == WhenFull::refuse)) {
    out.clear();
    ended_ = ended_ || when_full == WhenFull::refuse;
    return {.error = written < 0 ? static_cast<int>(written) : UV_EAGAIN};
  }
  if (sent == out.size()) {
    out.clear();
    constexpr std::size_t kKept = 16 * 1024;
    if (out.capacity() > kKept) std::string().swap(out);
  } else if (drained()) {
    queued_ = out.substr(sent);
    out.clear();
    const uv_buf_t rest = buffer(queued_);
    socket_->queue_write({&rest, 1});
  }
  return {.accepted = sent > 0};
}

void Transport::queue(std::span<const std::string_view> pieces) {
  std::vector<uv_buf_t> buffers(pieces.size());
  std::transform(pieces.begin(), pieces.end(), buffers.begin(), buffer);
  socket_->queue_write(buffers);
}

void Transport::on_write_end(int status) {
  queued_ = {};
  if (status != 0) {
    // The peer has gone. What it said before it went may still be waiting to be read, and reading
    // is what tells the end.
    socket_->start_reading();
    return;
  }
  if (tls_) flush();
  if (!drained()) return;
  if (!announced_ && shaken_) {
    announce();
  } else if (announced_) {
    events_->on_drained();
  }
}

bool Transport::quiet() {
  std::array<char, 2048> bytes;
  while (!ended_) {
    const ssize_t count = socket_->read_now(bytes);
    if (count == UV_EAGAIN) return true;
    if (count <= 0 || tls_ == nullptr) break;
    std::array<char, 1> plain;
    std::size_t plain_count = 0;
    tls_->feed({bytes.data(), static_cast<std::size_t>(count)});
    if (tls_->read(plain, plain_count) != Tls::Step::want_input || plain_count > 0) break;
    flush();
  }
  ended_ = true;
  return false;
}

void Transport::end_writing() {
  if (tls_) {
    tls_->close();
    flush();
  }
  socket_->end_writing();
}

void Transport::reset() {
  ended_ = true;
  socket_->reset();
}

}  // namespace sluice::net
