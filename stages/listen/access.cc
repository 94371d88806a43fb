#include "listen/access.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace sluice::listen {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return out;
}

// "[::1]:80", "localhost:80", "localhost": the host without brackets; nothing where it is none of these.
std::optional<std::string> host_of(std::string_view authority) {
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == authority.npos) return std::nullopt;
    return lower(authority.substr(1, end - 1));
  }
  return lower(authority.substr(0, authority.find(':')));
}

std::unexpected<core::Error> bad(std::string_view text) {
  return core::fail(
      core::ErrorCode::usage,
      fmt::format("'{}' is not an address to listen on: HOST:PORT, as 127.0.0.1:9464, or a port",
                  text));
}

}  // namespace

core::Result<Address> parse_address(std::string_view text) {
  Address address{.host = "127.0.0.1", .port = 0};
  std::string_view port = text;
  if (const std::size_t colon = text.rfind(':'); colon != text.npos) {
    std::string_view host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (host.starts_with('[') && host.ends_with(']')) {
      host = host.substr(1, host.size() - 2);
    } else if (host.contains(':')) {
      return bad(text);
    }
    if (!host.empty()) address.host = lower(host);
  }
  const auto read = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (port.empty() || read.ec != std::errc() || read.ptr != port.data() + port.size() ||
      address.port < 0 || address.port > 65535)
    return bad(text);
  return address;
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos);
}

core::Result<Gate> Gate::make(const Address& address, core::Secret token) {
  if (!token.empty()) {
    if (const auto wrong = core::wrong_with_secret(token.reveal()))
      return core::fail(core::ErrorCode::usage, fmt::format("SLUICE_LISTEN_TOKEN {}", *wrong));
    if (token.reveal().size() < kLeastToken)
      return core::fail(
          core::ErrorCode::usage,
          fmt::format("SLUICE_LISTEN_TOKEN is shorter than {} characters: take a random one, as "
                      "`openssl rand -hex 16` prints",
                      kLeastToken));
  }
  Gate gate;
  gate.loopback_ = is_loopback(address.host);
  gate.token_ = std::move(token);
  if (!gate.loopback_ && gate.token_.empty())
    return core::fail(
        core::ErrorCode::usage,
        fmt::format("--listen {}: other machines could read the job's rows there. Set "
                    "SLUICE_LISTEN_TOKEN to a secret that they must send, or listen on 127.0.0.1",
                    address.host));
  return gate;
}

Gate::Refusal Gate::ask(std::string_view host, std::string_view authorization, bool changes,
                        bool open) const {
  if (loopback_ && !names_loopback(host)) return Refusal::host;
  if (changes && token_.empty()) return Refusal::control_off;
  const bool needed = changes || (!loopback_ && !open);
  return needed && !has_token(authorization) ? Refusal::token : Refusal::none;
}

bool Gate::names_loopback(std::string_view host) const {
  const auto name = host_of(host);
  return name && is_loopback(*name);
}

// Takes as long whatever is wrong with it.
bool Gate::has_token(std::string_view authorization) const {
  constexpr std::string_view kBearer = "bearer ";
  if (token_.empty() || authorization.size() < kBearer.size() ||
      lower(authorization.substr(0, kBearer.size())) != kBearer)
    return false;
  const std::string_view given = authorization.substr(kBearer.size());
  const std::string& token = token_.reveal();
  unsigned char different = given.size() == token.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i)
    different |= static_cast<unsigned char>(given[i] ^ token[i % token.size()]);
  return different == 0;
}

}  // namespace sluice::listen
