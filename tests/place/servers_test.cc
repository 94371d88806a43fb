// Which server is asked, and who may be told what this machine has.
#include "place/servers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace sluice::place {
namespace {

using testing::HasSubstr;

http::Environment variables(std::map<std::string, std::string> values) {
  return [values](const std::string& name) {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

Service found(const char* uri, const Settings& settings = {},
              std::map<std::string, std::string> environment = {}) {
  auto service = service_of(*parse_uri(uri), settings, variables(std::move(environment)));
  EXPECT_TRUE(service) << service.error().text();
  return service ? *service : Service{};
}

std::string base(const char* uri, const Settings& settings = {},
                 std::map<std::string, std::string> environment = {}) {
  return found(uri, settings, std::move(environment)).server->base_url;
}

TEST(Servers, AmazonsBucketsAreHostsOfTheirRegion) {
  EXPECT_EQ(base("s3://rows/a"), "https://rows.s3.us-east-1.amazonaws.com");
  EXPECT_EQ(base("s3://rows/a", {}, {{"AWS_REGION", "eu-west-1"}}),
            "https://rows.s3.eu-west-1.amazonaws.com");
  EXPECT_EQ(base("s3://rows/a", {}, {{"AWS_DEFAULT_REGION", "cn-north-1"}}),
            "https://rows.s3.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(base("s3://my.rows/a"), "https://s3.us-east-1.amazonaws.com/my.rows")
      << "TLS vouches for one label";
  Settings path_style;
  path_style.s3.path_style = true;
  EXPECT_EQ(base("s3://rows/a", path_style), "https://s3.us-east-1.amazonaws.com/rows");
}

TEST(Servers, AnOwnServerHasTheBucketInThePath) {
  Settings own;
  own.s3.endpoint = "http://127.0.0.1:9000";
  EXPECT_EQ(base("s3://rows/a", own), "http://127.0.0.1:9000/rows");
  EXPECT_EQ(base("s3://rows/a", {}, {{"AWS_ENDPOINT_URL_S3", "http://minio:9000"}}),
            "http://minio:9000/rows");
  own.s3.path_style = false;
  own.s3.endpoint = "https://acct.r2.example.com";
  EXPECT_EQ(base("s3://rows/a", own), "https://rows.acct.r2.example.com");
}

TEST(Servers, ARegionThatCouldChangeTheHostIsRefused) {
  const auto service =
      service_of(*parse_uri("s3://rows/a"), {}, variables({{"AWS_REGION", "x.evil.com/"}}));
  ASSERT_FALSE(service);
  EXPECT_THAT(service.error().text(), HasSubstr("us-east-1"));
}

TEST(Servers, GooglesTokensOfThisMachineGoToGoogleAlone) {
  EXPECT_EQ(base("gs://rows/a"), "https://storage.googleapis.com/rows");
  EXPECT_TRUE(found("gs://rows/a").server->credentials);
  Settings own;
  own.gcs.endpoint = "https://evil.example.com";
  const auto refused = service_of(*parse_uri("gs://rows/a"), own, variables({}));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text(), HasSubstr("anonymous = true"));
  own.gcs.anonymous = true;
  EXPECT_FALSE(found("gs://rows/a", own).server->credentials);
  own.gcs = {.endpoint = "https://other.example.com",
             .project = {},
             .credentials = core::Secret("/key.json")};
  EXPECT_TRUE(found("gs://rows/a", own).server->credentials);
}

TEST(Servers, ASecretThatIsNotReadEndsWhatAsksAndNotWhatNames) {
  Settings unread;
  unread.s3.credentials = unread.gcs.credentials = core::Secret(std::string(kUnreadSecret));
  const core::SystemClock clock;
  net::Loop loop;
  for (const char* uri : {"s3://rows/a", "gs://rows/a"}) {
    const auto made = found(uri, unread).server->credentials(loop, clock);
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message, HasSubstr("is not set, or not read by this command"));
  }
}

TEST(Servers, AnEmulatorIsAskedByNobody) {
  const auto service = found("gs://rows/a", {}, {{"STORAGE_EMULATOR_HOST", "localhost:4443"}});
  EXPECT_EQ(service.server->base_url, "http://localhost:4443/rows");
  EXPECT_FALSE(service.server->credentials);
}

TEST(Servers, GcsIsAskedForStoredBytesAsTheyAre) {
  EXPECT_EQ(found("gs://rows/a").server->accept_encoding, "gzip");
  EXPECT_EQ(found("s3://rows/a").server->accept_encoding, "identity");
}

}  // namespace
}  // namespace sluice::place
