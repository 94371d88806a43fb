#include "auth/google_tokens.h"

#include <fmt/format.h>

#include "auth/jwt.h"
#include "auth/oauth.h"
#include "core/json.h"

namespace sluice::auth {
namespace {

constexpr std::string_view kGoogleScope = "https://www.googleapis.com/auth/cloud-platform";
constexpr std::string_view kJwtGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
constexpr std::int64_t kClaimLife = 3600;  // seconds; the most that Google takes

class KeySource final : public TokenSource {
 public:
  explicit KeySource(GoogleKey key)
      : key_(std::move(key)),
        server_{server_name(key_.token_base), "", {key_.client_secret, key_.refresh_token}} {
    server_.advice = key_.kind == GoogleKey::Kind::service_account
                         ? "was the service account's key deleted, or the account disabled?"
                         : "sign in again: gcloud auth application-default login";
  }

  TokenStep begin(core::WallTime now) override {
    if (key_.kind == GoogleKey::Kind::authorized_user)
      return form_call(key_.token_base, key_.token_path,
                       {{"grant_type", "refresh_token"},
                        {"client_id", key_.client_id},
                        {"client_secret", key_.client_secret.reveal()},
                        {"refresh_token", key_.refresh_token.reveal()}});
    const auto proof = sign_rs256(header(), claims(now), key_.private_key);
    if (!proof)
      return TokenFailure{true, fmt::format("Google credentials of {}: {}", key_.client_email,
                                            proof.error().message)};
    return form_call(key_.token_base, key_.token_path,
                     {{"grant_type", kJwtGrant}, {"assertion", *proof}});
  }

  TokenStep answered(int status, std::string_view body, std::string_view date,
                     core::WallTime now) override {
    return read_token(server_, status, body, date, now);
  }

 private:
  std::string header() const {
    std::string text;
    core::JsonWriter w(text);
    w.open('{');
    w.field("typ", "JWT");
    w.field("alg", "RS256");
    if (!key_.private_key_id.empty()) w.field("kid", key_.private_key_id);
    w.close('}');
    return text;
  }

  std::string claims(core::WallTime now) const {
    const std::int64_t issued =
        std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    std::string text;
    core::JsonWriter w(text);
    w.open('{');
    w.field("iss", key_.client_email);
    w.field("aud", key_.token_base + key_.token_path);
    w.field("scope", kGoogleScope);
    w.field("iat", issued);
    w.field("exp", issued + kClaimLife);
    w.close('}');
    return text;
  }

  GoogleKey key_;
  TokenServer server_;
};

class MetadataSource final : public TokenSource {
 public:
  explicit MetadataSource(std::string base)
      : base_(std::move(base)),
        server_{"the metadata server " + server_name(base_),
                "does this machine have a service account with the scope cloud-platform?",
                {}} {}

  TokenStep begin(core::WallTime) override {
    return TokenCall{.method = "GET",
                     .base_url = base_,
                     .path = "/computeMetadata/v1/instance/service-accounts/default/token",
                     .headers = {{"metadata-flavor", "Google"}},
                     .body = {},
                     .direct = true,
                     .advice =
                         "outside Google Cloud give credentials = s.secret "
                         "\"GOOGLE_KEY_FILE\", set GOOGLE_APPLICATION_CREDENTIALS, or run "
                         "`gcloud auth application-default login`"};
  }

  TokenStep answered(int status, std::string_view body, std::string_view date,
                     core::WallTime now) override {
    return read_token(server_, status, body, date, now);
  }

 private:
  std::string base_;
  TokenServer server_;
};

}  // namespace

std::unique_ptr<TokenSource> make_google_key_source(GoogleKey key) {
  return std::make_unique<KeySource>(std::move(key));
}

std::unique_ptr<TokenSource> make_google_metadata_source(std::string base) {
  return std::make_unique<MetadataSource>(std::move(base));
}

}  // namespace sluice::auth
