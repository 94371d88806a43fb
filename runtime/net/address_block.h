// A block of IP addresses: "10.0.0.0/8", "fd00::/8", or one address alone.
//
// Threads: plain values.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace sluice::net {

class AddressBlock {
 public:
  // Nothing for what is no address, and for a length that the family does not have.
  static std::optional<AddressBlock> parse(std::string_view text);
  // False as well for what is no address. An IPv4 address written as IPv6 ("::ffff:10.0.0.1") is in
  // the blocks of IPv4.
  bool holds(std::string_view address) const;

 private:
  std::array<unsigned char, 16> bytes_{};  // IPv4 mapped into IPv6 (RFC 4291 §2.5.5.2)
  int bits_ = 128;                         // of the mapped form
};

}  // namespace sluice::net
