#include "net/resolver.h"

#include <algorithm>
#include <utility>

#include "net/loop_impl.h"

namespace sluice::net {
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

std::vector<sockaddr_storage> interleave_families(const std::vector<sockaddr_storage>& addresses) {
  std::vector<sockaddr_storage> first;
  std::vector<sockaddr_storage> other;
  for (const sockaddr_storage& address : addresses) {
    (address.ss_family == addresses.front().ss_family ? first : other).push_back(address);
  }
  std::vector<sockaddr_storage> mixed;
  mixed.reserve(addresses.size());
  for (std::size_t i = 0; i < std::max(first.size(), other.size()); ++i) {
    if (i < first.size()) mixed.push_back(first[i]);
    if (i < other.size()) mixed.push_back(other[i]);
  }
  return mixed;
}

Resolver::Resolver(Loop& loop, NameLookup& lookup, std::string host, std::uint16_t port)
    : loop_(loop), lookup_(lookup), host_(std::move(host)), port_(port) {
  sockaddr_storage address{};
  literal_ = uv_ip4_addr(host_.c_str(), port, reinterpret_cast<sockaddr_in*>(&address)) == 0 ||
             uv_ip6_addr(host_.c_str(), port, reinterpret_cast<sockaddr_in6*>(&address)) == 0;
  if (literal_) known_ = std::make_shared<std::vector<sockaddr_storage>>(1, address);
}

void Resolver::resolve(Done done) {
  if (known_ && (literal_ || now_ms(loop_.impl()) < known_until_ms_)) return done(0, known_);
  waiting_.push_back(std::move(done));
  if (asking_) return;
  asking_ = lookup_.ask(loop_, host_, [this](int status, std::vector<sockaddr_storage> found) {
    finish(status, std::move(found));
  });
}

bool Resolver::forget(const Addresses& addresses) {
  if (literal_) return false;
  if (known_ == addresses) known_ = nullptr;
  return true;
}

void Resolver::finish(int status, std::vector<sockaddr_storage> found) {
  asking_ = nullptr;
  for (sockaddr_storage& address : found) set_port(address, port_);
  if (status == 0 && found.empty()) status = UV_EAI_NONAME;
  known_ = nullptr;
  if (status == 0) {
    known_ = std::make_shared<const std::vector<sockaddr_storage>>(interleave_families(found));
  }
  known_until_ms_ = now_ms(loop_.impl()) + kKnownForMs;
  // Copied: whoever is called may ask again, or destroy this.
  const Addresses result = known_;
  const std::vector<Done> waiting = std::exchange(waiting_, {});
  for (const Done& done : waiting) done(status, result);
}

}  // namespace sluice::net
