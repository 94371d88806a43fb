#include "auth/aws_credentials.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "auth/refreshed.h"
#include "auth/sigv4.h"
#include "auth/static_key.h"
#include "http/url.h"

namespace sluice::auth {
namespace {

constexpr const char* kBearerVariable = "AWS_BEARER_TOKEN_BEDROCK";

std::unexpected<core::Error> cannot_sign(const provider::EndpointSpec& spec, std::string_view why) {
  return core::fail(core::ErrorCode::pipeline, fmt::format("{}: {}", spec.name, why));
}

bool is_region(std::string_view text) {
  return !text.empty() && text.size() <= 40 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

// Its value among these header lines.
std::string content_type_in(std::string_view head) {
  constexpr std::string_view kName = "content-type: ";
  const std::size_t at = head.find(kName);
  if (at == head.npos) return {};
  head.remove_prefix(at + kName.size());
  return std::string(head.substr(0, head.find('\r')));
}

Signer signer_of(std::string region, std::string content_type) {
  auto signer =
      std::make_shared<SigV4>(SigningScope{.region = std::move(region), .service = "bedrock"});
  return [signer, content_type = std::move(content_type)](
             const Token& keys, const RequestView& request, core::WallTime now) {
    const SigningHeader header{"content-type", content_type};
    return signer->lines(keys, request, {&header, content_type.empty() ? 0U : 1U}, now);
  };
}

}  // namespace

std::optional<std::string> bedrock_region(std::string_view base_url) {
  const auto url = http::parse_url(base_url);
  if (!url || !url->tls) return std::nullopt;
  std::string_view host = url->host;
  std::size_t end = host.npos;
  for (const std::string_view domain : {".amazonaws.com", ".amazonaws.com.cn"})
    if (host.ends_with(domain)) end = host.size() - domain.size();
  if (end == host.npos) return std::nullopt;
  host = host.substr(0, end);
  std::vector<std::string_view> labels;
  while (true) {
    const std::size_t dot = host.find('.');
    labels.push_back(host.substr(0, dot));
    if (dot == host.npos) break;
    host.remove_prefix(dot + 1);
  }
  // A VPC endpoint: "vpce-1-a.bedrock-runtime.REGION.vpce".
  if (labels.size() == 4 && labels.back() == "vpce") {
    labels.pop_back();
    labels.erase(labels.begin());
  }
  if (labels.size() != 2 || !is_region(labels[1])) return std::nullopt;
  if (labels[0] != "bedrock-runtime" && labels[0] != "bedrock-runtime-fips") return std::nullopt;
  return std::string(labels[1]);
}

core::Result<std::unique_ptr<Credentials>> make_aws_credentials(CredentialsSetup setup,
                                                                AwsSurroundings surroundings) {
  const provider::EndpointSpec& spec = setup.spec;
  const auto own_region = bedrock_region(spec.base_url);
  const bool named = !spec.credentials.empty();
  if (!named && !own_region)
    return cannot_sign(spec,
                       "the AWS keys of this machine go to Bedrock's own addresses alone "
                       "(https://bedrock-runtime.REGION.amazonaws.com); for another base_url give "
                       "key or credentials");
  if (!named && !spec.ca_file.empty())
    return cannot_sign(spec,
                       "the AWS keys of this machine go to servers alone that the system's "
                       "certificates vouch for; with ca_file give key or credentials");
  if (!named) {
    core::Secret bearer(surroundings.environment(kBearerVariable).value_or(""));
    if (!bearer.empty()) {
      if (const auto wrong = core::wrong_with_secret(bearer.reveal()))
        return cannot_sign(spec, fmt::format("{} {}, which no key does", kBearerVariable, *wrong));
      return make_static_key(provider::AuthScheme::bearer, bearer, std::move(setup.head));
    }
  }
  const std::string region = spec.region.empty() ? own_region.value_or("") : spec.region;
  if (!is_region(region))
    return cannot_sign(spec, "a signature needs the AWS region: add region = \"us-east-1\"");
  auto source = named ? named_aws_keys(spec.credentials, std::move(surroundings))
                      : machine_aws_keys(std::move(surroundings));
  if (!source) return cannot_sign(spec, source.error().message);
  Signer signer = signer_of(region, content_type_in(setup.head));
  return make_refreshed({.loop = setup.loop,
                         .clock = setup.clock,
                         .source = std::move(*source),
                         .signer = std::move(signer),
                         .per_request = true,
                         .head = std::move(setup.head),
                         .ca_file = {}});
}

}  // namespace sluice::auth
