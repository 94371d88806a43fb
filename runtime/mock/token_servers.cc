// The token servers of Access.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "core/json.h"
#include "mock/access.h"
#include "simulate/random.h"
#include "wire/base64.h"
#include "wire/date.h"

namespace sluice::mock {
namespace {

constexpr core::Duration kUsualLife = std::chrono::hours(1);
constexpr std::string_view kGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
constexpr std::string_view kGooglePrefix = "/computeMetadata/";
constexpr std::string_view kAwsPrefix = "/latest/";
constexpr std::string_view kRoles = "/latest/meta-data/iam/security-credentials/";
constexpr std::string_view kRole = "sluice-mock";
constexpr std::string_view kAccount = "mock@sluice.iam.gserviceaccount.com";

std::int64_t seconds_of(core::Duration life) {
  return std::chrono::duration_cast<std::chrono::seconds>(life).count();
}

http::ServerResponse plain(int status, std::string_view text) {
  http::ServerResponse response = wire::json_response(status, std::string(text));
  response.content_type = "text/plain";
  return response;
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// A value of a form (application/x-www-form-urlencoded); empty where it is missing.
std::string form_value(std::string_view form, std::string_view name) {
  // A form is a query without its question mark.
  const std::string query = "?" + std::string(form);
  const std::string_view raw = wire::query_value(query, name).value_or("");
  std::string out;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const bool escaped = raw[i] == '%' && i + 2 < raw.size() && digit_of(raw[i + 1]) >= 0 &&
                         digit_of(raw[i + 2]) >= 0;
    if (escaped) {
      out += static_cast<char>(digit_of(raw[i + 1]) * 16 + digit_of(raw[i + 2]));
      i += 2;
    } else {
      out += raw[i] == '+' ? ' ' : raw[i];
    }
  }
  return out;
}

http::ServerResponse oauth_error(int status, std::string_view error, std::string_view words) {
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  w.field("error", error);
  w.field("error_description", words);
  w.close('}');
  return wire::json_response(status, std::move(out));
}

// What is wrong with the assertion, in the token server's words. Its signature is not checked: the
// mock has no list of accounts.
std::optional<std::string_view> assertion_mistake(std::string_view assertion,
                                                  core::WallTime wall_now) {
  const std::size_t first = assertion.find('.');
  const std::size_t second = assertion.find('.', std::min(first, assertion.size() - 1) + 1);
  if (assertion.empty() || first == assertion.npos || second == assertion.npos)
    return "Invalid JWT: it must have three parts, with dots between.";
  const auto header = wire::read_base64url(assertion.substr(0, first));
  const auto claims = wire::read_base64url(assertion.substr(first + 1, second - first - 1));
  const auto signature = wire::read_base64url(assertion.substr(second + 1));
  if (!header || !claims || !signature || signature->empty())
    return "Invalid JWT: a part is not base64url.";
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  std::string_view algorithm;
  if (parser.parse(*header).get(document) != simdjson::SUCCESS ||
      document["alg"].get(algorithm) != simdjson::SUCCESS || algorithm != "RS256")
    return "Invalid JWT: \"alg\" must be RS256.";
  std::string_view issuer;
  std::int64_t issued = 0;
  std::int64_t expires = 0;
  if (parser.parse(*claims).get(document) != simdjson::SUCCESS ||
      document["iss"].get(issuer) != simdjson::SUCCESS || issuer.empty() ||
      document["iat"].get(issued) != simdjson::SUCCESS ||
      document["exp"].get(expires) != simdjson::SUCCESS)
    return "Invalid JWT: the claims \"iss\", \"iat\" and \"exp\" are required.";
  const std::int64_t now =
      std::chrono::floor<std::chrono::seconds>(wall_now).time_since_epoch().count();
  constexpr std::int64_t kSkew = 300;
  if (expires <= now - kSkew || issued > now + kSkew || expires - issued > 3600 + kSkew)
    return "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
           "timeframe. Check your iat and exp values in the JWT claim.";
  return std::nullopt;
}

}  // namespace

std::string Access::issue(std::string_view prefix, Issued issued) {
  std::string name = fmt::format("{}{:016X}", prefix,
                                 simulate::mix(simulate::mix(seed_, ++number_), prefix.size()));
  if (order_.size() >= kMostIssued) {
    issued_.erase(order_.front());
    order_.pop_front();
  }
  order_.push_back(name);
  issued_.insert_or_assign(name, std::move(issued));
  return name;
}

std::optional<http::ServerResponse> Access::token_server(const http::ServerRequest& request,
                                                         core::WallTime wall_now) {
  const std::string_view target = request.target;
  const std::string_view path = target.substr(0, target.find('?'));
  if (path == "/token") return oauth(request, wall_now);
  // Google's clients look there for the header before they ask for anything.
  const bool ping = path == "/" && request.headers.find("metadata-flavor").has_value();
  if (ping || path.starts_with(kGooglePrefix)) return google_metadata(request, path, wall_now);
  if (path.starts_with(kAwsPrefix)) return aws_metadata(request, path, wall_now);
  return std::nullopt;
}

std::string Access::bearer_reply(core::WallTime wall_now) {
  const core::Duration life = life_.value_or(kUsualLife);
  const std::string token = issue(kBearerPrefix, {{}, {}, wall_now + life});
  return fmt::format(R"({{"access_token":"{}","expires_in":{},"token_type":"Bearer"}})", token,
                     seconds_of(life));
}

http::ServerResponse Access::oauth(const http::ServerRequest& request, core::WallTime wall_now) {
  if (request.method != "POST")
    return oauth_error(405, "invalid_request", "A token is asked for by POST.");
  if (form_value(request.body, "grant_type") != kGrant) {
    return oauth_error(400, "unsupported_grant_type",
                       fmt::format("Invalid grant_type: the mock knows {}.", kGrant));
  }
  const std::string assertion = form_value(request.body, "assertion");
  if (const auto mistake = assertion_mistake(assertion, wall_now))
    return oauth_error(400, "invalid_grant", *mistake);
  return wire::json_response(200, bearer_reply(wall_now));
}

http::ServerResponse Access::google_metadata(const http::ServerRequest& request,
                                             std::string_view path, core::WallTime wall_now) {
  constexpr std::string_view kAccounts = "/computeMetadata/v1/instance/service-accounts/";
  if (request.headers.find("metadata-flavor").value_or("") != "Google")
    return plain(403, "Missing required header \"Metadata-Flavor\": \"Google\"\n");
  http::ServerResponse response = plain(404, "Not found\n");
  if (path == "/") response = plain(200, "computeMetadata/\n");
  if (path == "/computeMetadata/v1/project/project-id") response = plain(200, "sluice-mock");
  if (path == "/computeMetadata/v1/universe/universe-domain")
    response = plain(200, "googleapis.com");
  if (path.starts_with(kAccounts)) {
    std::string_view rest = path.substr(kAccounts.size());
    const std::string_view account = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(account.size() + 1, rest.size()));
    const bool known = account == "default" || account == kAccount;
    if (known && rest == "token") response = wire::json_response(200, bearer_reply(wall_now));
    if (known && rest == "email") response = plain(200, kAccount);
    if (known && rest.empty()) {
      response = wire::json_response(
          200, fmt::format(R"({{"aliases":["default"],"email":"{}","scopes":)"
                           R"(["https://www.googleapis.com/auth/cloud-platform"]}})",
                           kAccount));
    }
  }
  response.headers.emplace_back("metadata-flavor", "Google");
  return response;
}

http::ServerResponse Access::aws_metadata(const http::ServerRequest& request, std::string_view path,
                                          core::WallTime wall_now) {
  if (path == "/latest/api/token") {
    const std::string_view ttl =
        request.headers.find("x-aws-ec2-metadata-token-ttl-seconds").value_or("");
    int seconds = 0;
    const auto read = std::from_chars(ttl.data(), ttl.data() + ttl.size(), seconds);
    const bool whole = read.ec == std::errc() && read.ptr == ttl.data() + ttl.size();
    if (request.method != "PUT") return plain(405, "Method Not Allowed\n");
    if (!whole || seconds < 1 || seconds > 21'600) return plain(400, "Bad Request\n");
    return plain(200, issue("imds-", {{}, {}, wall_now + std::chrono::seconds(seconds)}));
  }
  const Issued* session = issued(request.headers.find("x-aws-ec2-metadata-token").value_or(""));
  if (!session || wall_now >= session->expires) return plain(401, "Unauthorized\n");
  if (request.method != "GET") return plain(405, "Method Not Allowed\n");
  if (path == kRoles || path == kRoles.substr(0, kRoles.size() - 1)) return plain(200, kRole);
  if (!path.starts_with(kRoles) || path.substr(kRoles.size()) != kRole)
    return plain(404, "Not Found\n");
  const core::WallTime expires = wall_now + life_.value_or(kUsualLife);
  const std::uint64_t draw = simulate::mix(simulate::mix(seed_, number_), 1);
  Issued keys;
  keys.secret = core::Secret(fmt::format("mock-secret-{:016x}", draw));
  keys.session = core::Secret(fmt::format("mock-session-{:016x}", simulate::mix(draw)));
  keys.expires = expires;
  const std::string secret = keys.secret.reveal();
  const std::string token = keys.session.reveal();
  const std::string id = issue("ASIA", std::move(keys));
  return wire::json_response(
      200, fmt::format(R"({{"Code":"Success","LastUpdated":"{}","Type":"AWS-HMAC",)"
                       R"("AccessKeyId":"{}","SecretAccessKey":"{}","Token":"{}",)"
                       R"("Expiration":"{}"}})",
                       wire::rfc3339(wall_now), id, secret, token, wire::rfc3339(expires)));
}

}  // namespace sluice::mock
