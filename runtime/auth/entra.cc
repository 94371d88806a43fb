#include "auth/entra.h"

#include <fmt/format.h>

#include <algorithm>

#include "auth/oauth.h"
#include "auth/trusted_address.h"
#include "http/url.h"
#include "provider/url_text.h"

namespace sluice::auth {
namespace {

constexpr std::string_view kEntraScope = "https://cognitiveservices.azure.com/.default";
constexpr std::string_view kEntraResource = "https://cognitiveservices.azure.com";
constexpr std::string_view kManaged = "managed";

class ClientSource final : public TokenSource {
 public:
  ClientSource(EntraClient client, std::string authority)
      : client_(std::move(client)),
        authority_(std::move(authority)),
        server_{server_name(authority_),
                "check the tenant, the client, and whether its secret has expired",
                {client_.secret}} {}

  TokenStep begin(core::WallTime) override {
    return form_call(authority_,
                     fmt::format("/{}/oauth2/v2.0/token", provider::segment_text(client_.tenant)),
                     {{"grant_type", "client_credentials"},
                      {"client_id", client_.client},
                      {"client_secret", client_.secret.reveal()},
                      {"scope", kEntraScope}});
  }

  TokenStep answered(int status, std::string_view body, std::string_view date,
                     core::WallTime now) override {
    return read_token(server_, status, body, date, now);
  }

 private:
  EntraClient client_;
  std::string authority_;
  TokenServer server_;
};

class ManagedIdentitySource final : public TokenSource {
 public:
  ManagedIdentitySource(std::string base, std::string client)
      : base_(std::move(base)),
        client_(std::move(client)),
        server_{"the identity endpoint " + server_name(base_),
                "does this machine have a managed identity?",
                {}} {}

  TokenStep begin(core::WallTime) override {
    std::string path =
        fmt::format("/metadata/identity/oauth2/token?api-version=2018-02-01&resource={}",
                    provider::segment_text(kEntraResource));
    if (!client_.empty()) path += "&client_id=" + provider::segment_text(client_);
    return TokenCall{.method = "GET",
                     .base_url = base_,
                     .path = std::move(path),
                     .headers = {{"metadata", "true"}},
                     .body = {},
                     .direct = true,
                     .advice =
                         "outside Azure give credentials = s.secret \"AZURE_CREDENTIALS\" "
                         "with \"TENANT:CLIENT:SECRET\", or a key"};
  }

  // What is not ready yet, or is being renewed, says 404 or 410.
  TokenStep answered(int status, std::string_view body, std::string_view date,
                     core::WallTime now) override {
    return read_token(server_, status == 404 || status == 410 ? 503 : status, body, date, now);
  }

 private:
  std::string base_;
  std::string client_;
  TokenServer server_;
};

std::string variable(const http::Environment& environment, const char* name) {
  return environment(name).value_or("");
}

// From AZURE_AUTHORITY_HOST, which may lack the scheme. In the clear only to this machine.
core::Result<std::string> authority_of(const http::Environment& environment) {
  std::string text = variable(environment, "AZURE_AUTHORITY_HOST");
  if (text.empty()) return "https://login.microsoftonline.com";
  if (!text.contains("://")) text.insert(0, "https://");
  while (text.ends_with('/')) text.pop_back();
  const auto url = http::parse_url(text);
  if (!url || !url->path.empty() || (!url->tls && !http::is_this_machine(*url)))
    return core::fail(core::ErrorCode::pipeline,
                      "this is not the https:// address of a token server", "AZURE_AUTHORITY_HOST");
  return text;
}

core::Result<std::unique_ptr<TokenSource>> client_source(EntraClient client,
                                                         const http::Environment& environment) {
  auto authority = authority_of(environment);
  if (!authority) return std::unexpected(authority.error());
  return make_entra_client_source(std::move(client), std::move(*authority));
}

}  // namespace

core::Result<EntraClient> read_entra_client(const core::Secret& text, const std::string& where) {
  const std::string& all = text.reveal();
  const std::size_t first = all.find(':');
  const std::size_t second = first == all.npos ? first : all.find(':', first + 1);
  if (second == all.npos || first == 0 || second == first + 1 || second + 1 == all.size())
    return core::fail(core::ErrorCode::pipeline,
                      "credentials for Azure are \"TENANT:CLIENT:SECRET\", or \"managed\"", where);
  return EntraClient{all.substr(0, first), all.substr(first + 1, second - first - 1),
                     core::Secret(all.substr(second + 1))};
}

std::unique_ptr<TokenSource> make_entra_client_source(EntraClient client, std::string authority) {
  return std::make_unique<ClientSource>(std::move(client), std::move(authority));
}

std::unique_ptr<TokenSource> make_managed_identity_source(std::string base, std::string client) {
  return std::make_unique<ManagedIdentitySource>(std::move(base), std::move(client));
}

core::Result<std::unique_ptr<TokenSource>> find_entra_source(const provider::EndpointSpec& spec,
                                                             const provider::Profile& profile,
                                                             const http::Environment& environment) {
  const std::string where = fmt::format("credentials of {}", spec.name);
  const bool trusted = is_trusted_address(spec, profile.hosts);
  if (spec.credentials.reveal() == kManaged) {
    if (!trusted)
      return core::fail(core::ErrorCode::pipeline,
                        "the machine's identity is shown to Azure's own addresses alone; for "
                        "another base_url give \"TENANT:CLIENT:SECRET\" or a key",
                        where);
    std::string base = variable(environment, "AZURE_POD_IDENTITY_AUTHORITY_HOST");
    if (base.empty()) base = "http://169.254.169.254";
    return make_managed_identity_source(std::move(base), variable(environment, "AZURE_CLIENT_ID"));
  }
  if (!spec.credentials.empty()) {
    auto client = read_entra_client(spec.credentials, where);
    if (!client) return std::unexpected(client.error());
    return client_source(std::move(*client), environment);
  }
  if (!trusted) return nullptr;
  EntraClient client{variable(environment, "AZURE_TENANT_ID"),
                     variable(environment, "AZURE_CLIENT_ID"),
                     core::Secret(variable(environment, "AZURE_CLIENT_SECRET"))};
  if (!client.tenant.empty() && !client.client.empty() && !client.secret.empty())
    return client_source(std::move(client), environment);
  return core::fail(core::ErrorCode::pipeline,
                    "no key and no credentials: give key = s.secret \"AZURE_OPENAI_API_KEY\", or "
                    "credentials = \"managed\" on a machine that has an identity in Azure, or set "
                    "AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
                    spec.name);
}

bool has_entra_credentials(const provider::EndpointSpec& spec, const provider::Profile& profile) {
  return !spec.credentials.empty() || is_trusted_address(spec, profile.hosts);
}

}  // namespace sluice::auth
