// The options of s.read and s.sink that say how the services are asked where remote files are (place/places.h).
#include "dsl/place_options.h"

#include "http/url.h"

namespace sluice::dsl {
namespace {

using enum ValueType;

constexpr Option kS3[] = {
    {.name = "endpoint",
     .type = text,
     .meaning = "a server that speaks S3's protocol: MinIO, R2, Ceph and others",
     .example = "\"http://127.0.0.1:9000\"",
     .fallback = "AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, else Amazon's own of the region",
     .min = 1,
     .max = 2000},
    {.name = "region",
     .type = text,
     .meaning = "where the bucket is",
     .example = "\"eu-central-1\"",
     .fallback = "AWS_REGION or AWS_DEFAULT_REGION, else us-east-1",
     .min = 1,
     .max = 40},
    {.name = "path_style",
     .type = boolean,
     .meaning = "whether the bucket stands in the path of an address and not in its host's name",
     .example = "true",
     .fallback = "true with an endpoint of your own, and for a bucket with a dot in its name"},
    {.name = "credentials",
     .type = secret,
     .meaning = "keys that sign the requests: \"ID:SECRET\" or \"ID:SECRET:SESSION\", or a "
                "credentials file as AWS's tools have it (its path begins with / or ~/), with "
                "\"#PROFILE\" behind it",
     .example = "s.secret \"AWS_KEYS\"",
     .fallback = "the machine's, where AWS's tools look for them",
     .min = 1,
     .max = 100000},
    {.name = "anonymous",
     .type = boolean,
     .meaning = "for a public bucket: nothing is signed",
     .example = "true",
     .fallback = "false"},
};

constexpr Option kGcs[] = {
    {.name = "endpoint",
     .type = text,
     .meaning = "another server than Google's, to which the machine's own credentials do not go",
     .example = "\"http://127.0.0.1:4443\"",
     .fallback = "STORAGE_EMULATOR_HOST, which is asked without credentials, else Google's",
     .min = 1,
     .max = 2000},
    {.name = "project",
     .type = text,
     .meaning = "whose quota is charged",
     .example = "\"my-project\"",
     .fallback = "that of the credentials",
     .min = 1,
     .max = 200},
    {.name = "credentials",
     .type = secret,
     .meaning = "a credential file of Google: its path, which begins with /, or what is in it",
     .example = "s.secret \"GOOGLE_KEY_FILE\"",
     .fallback = "the machine's, where Google's tools look for them",
     .min = 1,
     .max = 100000},
    {.name = "anonymous",
     .type = boolean,
     .meaning = "for a public bucket: nothing proves who asks",
     .example = "true",
     .fallback = "false"},
};

constexpr Section kPlaces[] = {
    {.name = "s3",
     .kind = SectionKind::table,
     .meaning = "how s3:// is reached, an option of read and sink",
     .example =
         "s3 = { endpoint = \"http://127.0.0.1:9000\", credentials = s.secret \"MINIO_KEYS\" }",
     .options = kS3},
    {.name = "gcs",
     .kind = SectionKind::table,
     .meaning = "how gs:// is reached, an option of read and sink",
     .example = "gcs = { anonymous = true }",
     .options = kGcs},
};

std::string endpoint_of(const Arguments& arguments) {
  std::string endpoint = arguments.text("endpoint").value_or("");
  if (endpoint.empty()) return endpoint;
  if (const auto url = http::parse_url(endpoint); !url)
    arguments.fail_value("endpoint", url.error().message, "for example \"http://127.0.0.1:9000\"");
  return endpoint;
}

void only_one(const Arguments& arguments) {
  if (arguments.flag("anonymous") && arguments.has("credentials"))
    arguments.fail_key("anonymous", "anonymous sends no credentials, and credentials are given",
                       "leave one of them out");
}

}  // namespace

std::span<const Section> place_sections() {
  return kPlaces;
}

std::shared_ptr<place::Places> read_places(const Arguments& stage) {
  place::Settings settings;
  if (stage.has("s3")) {
    const Arguments s3(stage, section("s3"), "s3");
    only_one(s3);
    settings.s3 = {
        .endpoint = endpoint_of(s3),
        .region = s3.text("region").value_or(""),
        .path_style = s3.has("path_style") ? std::optional(s3.flag("path_style")) : std::nullopt,
        .credentials = s3.secret("credentials"),
        .anonymous = s3.flag("anonymous")};
  }
  if (stage.has("gcs")) {
    const Arguments gcs(stage, section("gcs"), "gcs");
    only_one(gcs);
    settings.gcs = {.endpoint = endpoint_of(gcs),
                    .project = gcs.text("project").value_or(""),
                    .credentials = gcs.secret("credentials"),
                    .anonymous = gcs.flag("anonymous")};
  }
  return std::make_shared<place::Places>(std::move(settings));
}

}  // namespace sluice::dsl
