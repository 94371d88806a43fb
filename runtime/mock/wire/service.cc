#include "wire/service.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::wire {

http::ServerResponse json_response(int status, std::string body) {
  http::ServerResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

Credential authorization(const http::ServerRequest& request) {
  constexpr std::string_view kBearer = "Bearer ";
  constexpr std::string_view kSigned = "AWS4-HMAC-SHA256 ";
  const std::string_view value = request.headers.find("authorization").value_or("");
  if (value.starts_with(kBearer)) return {Credential::Kind::bearer, value.substr(kBearer.size())};
  if (value.starts_with(kSigned)) return {Credential::Kind::signature, value};
  return {};
}

void append_retry_after(core::Duration wait, Headers& headers) {
  if (wait <= core::Duration::zero()) return;
  headers.emplace_back("retry-after",
                       std::to_string(std::chrono::ceil<std::chrono::seconds>(wait).count()));
}

std::string rate_limit_text(const Refusal& refusal) {
  if (refusal.never)
    return "Request too large: it asks for more tokens than a minute's quota holds.";
  return fmt::format("Rate limit reached on {} per min. Please try again in {}.", refusal.kind,
                     simulate::go_duration(refusal.wait));
}

std::optional<std::string_view> query_value(std::string_view target, std::string_view name) {
  std::string_view query = target.substr(std::min(target.find('?'), target.size()));
  while (!query.empty()) {
    query.remove_prefix(1);
    const std::string_view pair = query.substr(0, std::min(query.find('&'), query.size()));
    const std::size_t equal = std::min(pair.find('='), pair.size());
    if (pair.substr(0, equal) == name) return pair.substr(std::min(equal + 1, pair.size()));
    query.remove_prefix(pair.size());
  }
  return std::nullopt;
}

}  // namespace sluice::wire
