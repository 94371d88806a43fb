#include "net/address_block.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace sluice::net {
namespace {

struct Mapped {
  std::array<unsigned char, 16> bytes{};
  bool ipv4 = false;  // written as such
};

constexpr int kMappedBits = 96;  // in front of an IPv4 address

std::optional<Mapped> mapped(std::string_view text) {
  const std::string address(text);
  Mapped found;
  if (inet_pton(AF_INET6, address.c_str(), found.bytes.data()) == 1) return found;
  found.ipv4 = true;
  found.bytes.fill(0);
  found.bytes[10] = found.bytes[11] = 0xff;
  if (inet_pton(AF_INET, address.c_str(), found.bytes.data() + 12) == 1) return found;
  return std::nullopt;
}

}  // namespace

std::optional<AddressBlock> AddressBlock::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = mapped(text.substr(0, slash));
  if (!address) return std::nullopt;
  AddressBlock block;
  block.bytes_ = address->bytes;
  if (slash == std::string_view::npos) return block;

  const std::string_view length = text.substr(slash + 1);
  int bits = -1;
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), bits);
  if (error != std::errc() || end != length.data() + length.size()) return std::nullopt;
  if (bits < 0 || bits > (address->ipv4 ? 32 : 128)) return std::nullopt;
  block.bits_ = address->ipv4 ? kMappedBits + bits : bits;
  return block;
}

bool AddressBlock::holds(std::string_view address) const {
  const auto other = mapped(address);
  if (!other) return false;
  // An IPv4 address has its place among the mapped ones for comparison alone.
  if (other->ipv4 && bits_ < kMappedBits) return false;
  const auto whole = static_cast<std::ptrdiff_t>(bits_ / 8);
  if (!std::equal(bytes_.begin(), bytes_.begin() + whole, other->bytes.begin())) return false;
  const int rest = bits_ % 8;
  if (rest == 0) return true;
  const auto at = static_cast<std::size_t>(whole);
  return (bytes_[at] ^ other->bytes[at]) >> (8 - rest) == 0;
}

}  // namespace sluice::net
