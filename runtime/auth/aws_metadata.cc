#include "auth/aws_metadata.h"

#include <fmt/format.h>
#include <simdjson.h>

#include "provider/failure.h"
#include "provider/retry_after.h"
#include "provider/wire_json.h"

namespace sluice::auth {
namespace {

// On EC2 it answers within milliseconds; elsewhere nothing does.
constexpr core::Duration kEc2Timeout = std::chrono::seconds(2);
constexpr std::string_view kEc2Roles = "/latest/meta-data/iam/security-credentials/";

bool may_pass(int status) {
  return status == 408 || status == 429 || status >= 500;
}

// {"AccessKeyId","SecretAccessKey","Token","Expiration"}: both services answer so.
TokenStep keys_in(std::string_view body, std::string_view where, core::WallTime now) {
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  if (parser.parse(body.data(), body.size()).get(json) != simdjson::SUCCESS)
    return TokenFailure{false, fmt::format("no AWS keys: {} answered without JSON", where)};
  Token keys;
  keys.key_id = provider::text_at(json, "AccessKeyId");
  keys.value = core::Secret(std::string(provider::text_at(json, "SecretAccessKey")));
  keys.session = core::Secret(std::string(provider::text_at(json, "Token")));
  if (keys.key_id.empty() || keys.value.empty())
    return TokenFailure{false, fmt::format("no AWS keys: {} answered without them: {}", where,
                                           provider::safe_message(provider::text_at(json, "Code"),
                                                                  core::Secret()))};
  if (const auto life = provider::read_rfc3339(provider::text_at(json, "Expiration"), now))
    keys.expires = now + *life;
  return checked_aws_keys(std::move(keys), where);
}

class ContainerKeys final : public TokenSource {
 public:
  ContainerKeys(std::string url, std::function<core::Secret()> authorization)
      : authorization_(std::move(authorization)) {
    const std::size_t path = url.find('/', url.find("://") + 3);
    base_url_ = url.substr(0, path);
    path_ = path == url.npos ? "/" : url.substr(path);
  }

  TokenStep begin(core::WallTime) override {
    TokenCall call{
        .method = "GET", .base_url = base_url_, .path = path_, .headers = {}, .body = {}};
    call.direct = true;
    const core::Secret authorization = authorization_();
    if (const auto wrong = core::wrong_with_secret(authorization.reveal());
        wrong && !authorization.empty())
      return TokenFailure{true, fmt::format("no AWS keys: the container's authorization token "
                                            "(AWS_CONTAINER_AUTHORIZATION_TOKEN) {}",
                                            *wrong)};
    if (!authorization.empty()) call.headers = {{"authorization", authorization.reveal()}};
    return call;
  }

  TokenStep answered(int status, std::string_view body, std::string_view,
                     core::WallTime now) override {
    if (status != 200)
      return TokenFailure{!may_pass(status),
                          fmt::format("no AWS keys: the container's endpoint {} answered HTTP {}",
                                      base_url_, status)};
    return keys_in(body, base_url_, now);
  }

 private:
  std::string base_url_;
  std::string path_;
  std::function<core::Secret()> authorization_;
};

// A session's token, then the role's name, then its keys.
class Ec2Keys final : public TokenSource {
 public:
  Ec2Keys(std::string base_url, std::string looked_for)
      : base_url_(std::move(base_url)), looked_for_(std::move(looked_for)) {}

  TokenStep begin(core::WallTime) override {
    step_ = Step::session;
    TokenCall call = call_to("PUT", "/latest/api/token");
    call.headers = {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}};
    return call;
  }

  TokenStep answered(int status, std::string_view body, std::string_view,
                     core::WallTime now) override {
    if (status != 200) return refused(status);
    if (step_ == Step::keys) {
      TokenStep keys = keys_in(body, "EC2's metadata service", now);
      has_answered_ = has_answered_ || std::holds_alternative<Token>(keys);
      return keys;
    }
    // One line, of which nothing may end a header or change the path.
    std::string line(body.substr(0, body.find_first_of("\r\n")));
    if (core::wrong_with_secret(line) ||
        (step_ == Step::role && line.find_first_of("/?# ") != line.npos))
      return TokenFailure{false,
                          "no AWS keys: EC2's metadata service answered with something else"};
    if (step_ == Step::session) {
      session_ = core::Secret(std::move(line));
      step_ = Step::role;
      return with_session(std::string(kEc2Roles));
    }
    step_ = Step::keys;
    return with_session(std::string(kEc2Roles) + line);
  }

  TokenStep unanswered(std::string_view why) override {
    if (has_answered_) return TokenFailure{false, fmt::format("no AWS keys: {}", why)};
    return TokenFailure{
        true, fmt::format("no AWS keys: {}, and no EC2 metadata service answers here ({}; within a "
                          "container its hop limit must be 2)",
                          looked_for_, why)};
  }

 private:
  enum class Step : std::uint8_t { session, role, keys };

  TokenCall call_to(std::string method, std::string path) const {
    TokenCall call{.method = std::move(method),
                   .base_url = base_url_,
                   .path = std::move(path),
                   .headers = {},
                   .body = {}};
    call.direct = true;
    call.timeout = kEc2Timeout;
    return call;
  }

  TokenCall with_session(std::string path) const {
    TokenCall call = call_to("GET", std::move(path));
    call.headers = {{"x-aws-ec2-metadata-token", session_.reveal()}};
    return call;
  }

  TokenStep refused(int status) const {
    if (step_ == Step::role && status == 404)
      return TokenFailure{
          true, fmt::format("no AWS keys: {}, and this EC2 instance has no role", looked_for_)};
    return TokenFailure{
        !may_pass(status),
        fmt::format("no AWS keys: EC2's metadata service answered HTTP {}", status)};
  }

  std::string base_url_;
  std::string looked_for_;
  Step step_ = Step::session;
  bool has_answered_ = false;
  core::Secret session_;
};

}  // namespace

TokenStep checked_aws_keys(Token keys, std::string_view where) {
  const auto wrong_with = [](const std::string& text) { return core::wrong_with_secret(text); };
  auto wrong = wrong_with(keys.key_id);
  if (!wrong) wrong = wrong_with(keys.value.reveal());
  if (!wrong && !keys.session.empty()) wrong = wrong_with(keys.session.reveal());
  if (!wrong && keys.key_id.find_first_of("/ ,") != std::string::npos)
    wrong = "has an id that is not one";
  if (wrong) return TokenFailure{true, fmt::format("no AWS keys: a key in {} {}", where, *wrong)};
  return keys;
}

std::unique_ptr<TokenSource> container_aws_keys(std::string url,
                                                std::function<core::Secret()> authorization) {
  return std::make_unique<ContainerKeys>(std::move(url), std::move(authorization));
}

std::unique_ptr<TokenSource> ec2_aws_keys(std::string base_url, std::string looked_for) {
  return std::make_unique<Ec2Keys>(std::move(base_url), std::move(looked_for));
}

}  // namespace sluice::auth
