#include "net/socket.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace sluice::net {

Socket::Ptr Socket::make(Loop::Impl& loop, Events& events) {
  auto* socket = new Socket(events);
  uv_tcp_init(&loop.uv, &socket->tcp_);  // no descriptor yet: cannot fail
  socket->tcp_.data = socket;
  return Ptr(socket);
}

// libuv tells a reset that comes together with the last bytes as an ordinary end, and a body that
// ends with its connection would pass for whole.
int Socket::end_of(int error) const {
  uv_os_fd_t descriptor = -1;
  int pending = 0;
  socklen_t size = sizeof pending;
  if (error != UV_EOF || uv_fileno(reinterpret_cast<const uv_handle_t*>(&tcp_), &descriptor) != 0 ||
      getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &pending, &size) != 0 || pending == 0) {
    return error;
  }
  return uv_translate_sys_error(pending);
}

void Socket::on_closed(uv_handle_t* handle) {
  delete static_cast<Socket*>(handle->data);
}

void Socket::close() {
  events_ = nullptr;
  auto* handle = reinterpret_cast<uv_handle_t*>(&tcp_);
  if (!uv_is_closing(handle)) uv_close(handle, &Socket::on_closed);
}

void Socket::reset() {
  events_ = nullptr;
  auto* handle = reinterpret_cast<uv_handle_t*>(&tcp_);
  if (uv_is_closing(handle)) return;
  // Refused once a shutdown is under way; then there is nothing left to cut off.
  if (uv_tcp_close_reset(&tcp_, &Socket::on_closed) != 0) uv_close(handle, &Socket::on_closed);
}

int Socket::connect(const sockaddr& address) {
  connect_ = {};
  return uv_tcp_connect(&connect_, &tcp_, &address, [](uv_connect_t* request, int status) {
    auto* self = static_cast<Socket*>(request->handle->data);
    if (self->events_) guarded(request->handle->loop, [&] { self->events_->on_connect(status); });
  });
}

int Socket::connect_local(const std::string& path) {
  sockaddr_un address{};
  if (path.size() >= sizeof address.sun_path) return UV_ENAMETOOLONG;
  address.sun_family = AF_UNIX;
  std::ranges::copy(path, address.sun_path);
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return uv_translate_sys_error(errno);
  int status = 0;
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    status = uv_translate_sys_error(errno);
  else
    status = uv_tcp_open(&tcp_, descriptor);  // libuv asks of a stream no more than that it is one
  if (status != 0) ::close(descriptor);
  return status;
}

int Socket::accept(uv_stream_t* listener) {
  return uv_accept(listener, stream());
}

void Socket::set_no_delay() {
  uv_tcp_nodelay(&tcp_, 1);
}

void Socket::set_keep_alive() {
  constexpr unsigned kSeconds = 60;
  uv_tcp_keepalive(&tcp_, 1, kSeconds);
}

int Socket::start_reading() {
  const int status = uv_read_start(
      stream(),
      [](uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
        auto& loop = *static_cast<Loop::Impl*>(handle->loop->data);
        *buffer = uv_buf_init(loop.read_buffer.data(), loop.read_buffer.size());
      },
      [](uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
        auto* self = static_cast<Socket*>(stream->data);
        if (self->events_ == nullptr || count == 0) return;
        guarded(stream->loop, [&] {
          if (count > 0)
            return self->events_->on_read({buffer->base, static_cast<std::size_t>(count)});
          uv_read_stop(stream);
          self->events_->on_read_end(self->end_of(static_cast<int>(count)));
        });
      });
  return status == UV_EALREADY ? 0 : status;
}

void Socket::stop_reading() {
  uv_read_stop(stream());
}

ssize_t Socket::read_now(std::span<char> into) {
  uv_os_fd_t descriptor = -1;
  if (uv_fileno(reinterpret_cast<uv_handle_t*>(&tcp_), &descriptor) != 0) return UV_EBADF;
  for (;;) {
    const ssize_t count = recv(descriptor, into.data(), into.size(), MSG_DONTWAIT);
    if (count >= 0) return count;
    if (errno == EWOULDBLOCK) return UV_EAGAIN;
    if (errno != EINTR) return uv_translate_sys_error(errno);
  }
}

ssize_t Socket::write_now(std::span<const uv_buf_t> pieces) {
  const int count = uv_try_write(stream(), pieces.data(), static_cast<unsigned>(pieces.size()));
  return count == UV_EAGAIN ? 0 : count;
}

int Socket::queue_write(std::span<const uv_buf_t> pieces) {
  write_ = {};
  const int status =
      uv_write(&write_, stream(), pieces.data(), static_cast<unsigned>(pieces.size()),
               [](uv_write_t* request, int result) {
                 auto* self = static_cast<Socket*>(request->handle->data);
                 self->writing_ = false;
                 if (self->events_)
                   guarded(request->handle->loop, [&] { self->events_->on_write_end(result); });
               });
  writing_ = status == 0;
  return status;
}

void Socket::end_writing() {
  if (shutdown_.handle == nullptr) uv_shutdown(&shutdown_, stream(), nullptr);
}

}  // namespace sluice::net
