#include "place/servers.h"

#include <fmt/format.h>

#include <algorithm>

#include "auth/aws_keys.h"
#include "auth/google_credentials.h"
#include "auth/refreshed.h"
#include "auth/sigv4.h"
#include "http/url.h"
#include "place/google_login.h"
#include "provider/endpoint.h"

namespace sluice::place {
namespace {

constexpr std::string_view kGoogleStorage = "https://storage.googleapis.com";

std::string variable(const http::Environment& environment, const char* name) {
  return environment(name).value_or("");
}

std::string first_of(std::initializer_list<std::string> texts) {
  const auto* const found =
      std::ranges::find_if(texts, [](const std::string& text) { return !text.empty(); });
  return found == texts.end() ? std::string() : *found;
}

bool is_region(std::string_view text) {
  return !text.empty() && text.size() <= 40 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

core::Result<http::Url> endpoint_url(const std::string& endpoint, std::string_view from) {
  auto url = http::parse_url(endpoint);
  if (url) return url;
  return core::fail(core::ErrorCode::pipeline, fmt::format("{}: {}", from, url.error().message));
}

std::string root_of(const http::Url& url) {
  return fmt::format("{}://{}{}", url.tls ? "https" : "http", url.authority(), url.path);
}

// "https://BUCKET.host" or "https://host/BUCKET". TLS's wildcard vouches for one label, so not for
// a bucket with dots.
std::string bucket_url(const http::Url& url, const std::string& bucket, bool in_path) {
  if (in_path) return fmt::format("{}/{}", root_of(url), bucket);
  return fmt::format("{}://{}.{}{}", url.tls ? "https" : "http", bucket, url.authority(), url.path);
}

bool fits_host(std::string_view bucket) {
  return bucket.size() <= 63 && std::ranges::all_of(bucket, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

core::Status can_be_used(const core::Secret& credentials, std::string_view option) {
  if (credentials.reveal() != kUnreadSecret) return {};
  return core::fail(core::ErrorCode::pipeline,
                    fmt::format("the variable of the credentials of {} is not set, or not read by "
                                "this command",
                                option));
}

core::Result<Service> s3(const Uri& uri, const S3Settings& settings,
                         const http::Environment& environment) {
  Service service;
  service.region = first_of({settings.region, variable(environment, "AWS_REGION"),
                             variable(environment, "AWS_DEFAULT_REGION"), "us-east-1"});
  if (!is_region(service.region))
    return core::fail(core::ErrorCode::pipeline,
                      "the region of s3 (or AWS_REGION) is not one: for example \"us-east-1\"",
                      uri.shown);
  std::string endpoint = first_of({settings.endpoint, variable(environment, "AWS_ENDPOINT_URL_S3"),
                                   variable(environment, "AWS_ENDPOINT_URL")});
  const bool own = endpoint.empty();
  if (own)
    endpoint = fmt::format("https://s3.{}.amazonaws.com{}", service.region,
                           service.region.starts_with("cn-") ? ".cn" : "");
  const auto url =
      endpoint_url(endpoint, settings.endpoint.empty() ? "AWS_ENDPOINT_URL_S3" : "endpoint of s3");
  if (!url) return std::unexpected(url.error());
  Server server;
  server.base_url =
      bucket_url(*url, uri.bucket, settings.path_style.value_or(!own || !fits_host(uri.bucket)));
  service.advice =
      "give others with s3 = { credentials = s.secret \"AWS_KEYS\" } (\"ID:SECRET\"), or "
      "s3 = { anonymous = true } for a public bucket";
  if (settings.anonymous) {
    service.asks_as = "nobody (anonymous = true)";
    service.advice = "a bucket that is not public wants keys: leave anonymous out";
  } else {
    const bool named = !settings.credentials.empty();
    service.asks_as = named ? "the credentials of s3" : "this machine's AWS keys";
    server.credentials = [named, credentials = settings.credentials, region = service.region,
                          advice = service.advice](net::Loop& loop, const core::Clock& clock)
        -> core::Result<std::unique_ptr<auth::Credentials>> {
      if (auto can = can_be_used(credentials, "s3"); !can) return std::unexpected(can.error());
      auto source = named ? auth::named_aws_keys(credentials, auth::process_surroundings())
                          : auth::machine_aws_keys(auth::process_surroundings());
      if (!source)
        return core::fail(source.error().code,
                          fmt::format("{}; {}", source.error().message, advice));
      auto signer = std::make_shared<auth::SigV4>(auth::SigningScope{
          .region = region, .service = "s3", .path_as_written = true, .sends_body_hash = true});
      return auth::make_refreshed(
          {.loop = loop,
           .clock = clock,
           .source = std::move(*source),
           .signer = [signer](const auth::Token& keys, const auth::RequestView& request,
                              core::WallTime now) { return signer->lines(keys, request, {}, now); },
           .per_request = true,
           .head = {},
           .ca_file = {}});
    };
  }
  service.server = std::make_shared<const Server>(std::move(server));
  return service;
}

core::Result<Service> gcs(const Uri& uri, const GcsSettings& settings,
                          const http::Environment& environment) {
  Service service;
  const std::string emulator = variable(environment, "STORAGE_EMULATOR_HOST");
  std::string endpoint = first_of({settings.endpoint, emulator, std::string(kGoogleStorage)});
  if (!endpoint.contains("://"))
    endpoint.insert(0, "http://");  // as the emulators' variable may be
  const auto url = endpoint_url(
      endpoint, settings.endpoint.empty() ? "STORAGE_EMULATOR_HOST" : "endpoint of gcs");
  if (!url) return std::unexpected(url.error());
  Server server{.base_url = bucket_url(*url, uri.bucket, true), .accept_encoding = "gzip"};
  provider::EndpointSpec spec;
  spec.name = "gcs";
  spec.base_url = root_of(*url);
  spec.credentials = settings.credentials;
  if (const std::string& given = settings.credentials.reveal();
      !given.empty() && given != kUnreadSecret && !given.starts_with('{') &&
      !given.starts_with('/'))
    return core::fail(
        core::ErrorCode::pipeline,
        "credentials of gcs are the path of a credential file, which begins with /, or what "
        "is in one, which begins with {",
        uri.shown);
  const bool emulated = settings.endpoint.empty() && !emulator.empty();
  service.advice =
      "give others with gcs = { credentials = s.secret \"GOOGLE_KEY_FILE\" }, or "
      "gcs = { anonymous = true } for a public bucket";
  if (settings.anonymous || (emulated && settings.credentials.empty())) {
    service.asks_as = settings.anonymous ? "nobody (anonymous = true)" : "nobody";
    service.advice = "a bucket that is not public wants credentials";
  } else if (!auth::has_google_credentials(spec)) {
    return core::fail(core::ErrorCode::pipeline,
                      fmt::format("the Google credentials of this machine go to {} alone; for "
                                  "another endpoint give gcs = {{ credentials = … }}, or "
                                  "anonymous = true",
                                  kGoogleStorage),
                      uri.shown);
  } else {
    service.asks_as = settings.credentials.empty() ? "this machine's Google credentials"
                                                   : "the credentials of gcs";
    server.credentials =
        [spec, project = settings.project](
            net::Loop& loop,
            const core::Clock& clock) -> core::Result<std::unique_ptr<auth::Credentials>> {
      return google_login(spec, project, loop, clock);
    };
  }
  service.server = std::make_shared<const Server>(std::move(server));
  return service;
}

}  // namespace

core::Result<Service> service_of(const Uri& uri, const Settings& settings,
                                 const http::Environment& environment) {
  if (uri.scheme == Scheme::s3) return s3(uri, settings.s3, environment);
  if (uri.scheme == Scheme::gs) return gcs(uri, settings.gcs, environment);
  return Service{
      .server = std::make_shared<const Server>(Server{.base_url = uri.base, .follows = true}),
      .asks_as = "nobody",
      .advice = "a file that is not public needs an address with a signature in it",
      .region = {}};
}

}  // namespace sluice::place
