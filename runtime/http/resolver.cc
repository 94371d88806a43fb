#include "http/resolver.h"

#include <cstring>
#include <utility>

namespace sluice::http {
namespace {

constexpr std::uint64_t kKnownForMs = 10'000;

void set_port(sockaddr_storage& address, std::uint16_t port) {
  const auto network_order = static_cast<in_port_t>(htons(port));
  if (address.ss_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6&>(address).sin6_port = network_order;
  } else {
    reinterpret_cast<sockaddr_in&>(address).sin_port = network_order;
  }
}

}  // namespace

// Lives until libuv has answered, with or without the resolver.
struct Resolver::Lookup {
  uv_getaddrinfo_t request{};
  Resolver* resolver = nullptr;
};

Resolver::Resolver(Loop::Impl& loop, std::string host, std::uint16_t port)
    : loop_(loop), host_(std::move(host)), port_(port) {
  sockaddr_storage address{};
  literal_ = uv_ip4_addr(host_.c_str(), port, reinterpret_cast<sockaddr_in*>(&address)) == 0 ||
             uv_ip6_addr(host_.c_str(), port, reinterpret_cast<sockaddr_in6*>(&address)) == 0;
  if (literal_) known_ = std::make_shared<std::vector<sockaddr_storage>>(1, address);
}

Resolver::~Resolver() {
  if (lookup_ == nullptr) return;
  lookup_->resolver = nullptr;
  uv_cancel(reinterpret_cast<uv_req_t*>(&lookup_->request));  // when it has not begun
}

void Resolver::resolve(Done done) {
  if (known_ && (literal_ || now_ms(loop_) < known_until_ms_)) return done(0, known_);
  waiting_.push_back(std::move(done));
  if (lookup_ == nullptr) start();
}

void Resolver::start() {
  lookup_ = new Lookup;
  lookup_->resolver = this;
  lookup_->request.data = lookup_;
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  const int status = uv_getaddrinfo(
      &loop_.uv, &lookup_->request,
      [](uv_getaddrinfo_t* request, int result, addrinfo* found) {
        const std::unique_ptr<Lookup> lookup(static_cast<Lookup*>(request->data));
        if (lookup->resolver) lookup->resolver->finish(result, found);
        uv_freeaddrinfo(found);
      },
      host_.c_str(), nullptr, &hints);
  if (status != 0) {
    delete lookup_;
    finish(status, nullptr);
  }
}

void Resolver::finish(int status, addrinfo* found) {
  lookup_ = nullptr;
  auto addresses = std::make_shared<std::vector<sockaddr_storage>>();
  for (const addrinfo* info = found; info; info = info->ai_next) {
    if (info->ai_family != AF_INET && info->ai_family != AF_INET6) continue;
    sockaddr_storage& address = addresses->emplace_back();
    std::memcpy(&address, info->ai_addr, info->ai_addrlen);
    set_port(address, port_);
  }
  if (status == 0 && addresses->empty()) status = UV_EAI_NONAME;
  known_ = status == 0 ? std::move(addresses) : nullptr;
  known_until_ms_ = now_ms(loop_) + kKnownForMs;
  // Copied: whoever is called may ask again, or destroy this.
  const Addresses result = known_;
  const std::vector<Done> waiting = std::exchange(waiting_, {});
  for (const Done& done : waiting) done(status, result);
}

}  // namespace sluice::http
