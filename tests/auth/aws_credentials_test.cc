// The credentials of an endpoint of Bedrock: who gets what.
#include "auth/aws_credentials.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "auth/sigv4.h"
#include "http/server.h"

namespace sluice::auth {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr provider::Profile kProfile = {
    .name = "bedrock", .title = "Bedrock", .auth = provider::AuthScheme::aws};

class AwsCredentialsTest : public testing::Test {
 protected:
  AwsCredentialsTest() {
    spec_.name = "bedrock/m";
    spec_.base_url = "https://bedrock-runtime.eu-west-1.amazonaws.com";
    environment_ = {{"AWS_ACCESS_KEY_ID", "A"},
                    {"AWS_SECRET_ACCESS_KEY", "zq-secret"},
                    {"AWS_SESSION_TOKEN", "zq-session"}};
  }
  core::Result<std::unique_ptr<Credentials>> make() {
    return make_aws_credentials(
        {.loop = loop_,
         .clock = clock_,
         .spec = spec_,
         .profile = kProfile,
         .head = "content-type: application/json\r\naccept: application/json\r\n"},
        {.environment = [this](const std::string& name) -> std::optional<std::string> {
           const auto found = environment_.find(name);
           return found == environment_.end() ? std::nullopt : std::optional(found->second);
         },
         .read_file = [](const std::string&) -> std::expected<std::string, int> {
           return std::unexpected(ENOENT);
         }});
  }
  // The header lines of a request, after a refresh where one is needed.
  std::string lines() {
    credentials_ = make().value();
    return proof();
  }
  std::string proof() {
    if (!prove()) {
      credentials_->refresh([this](const auto& outcome) {
        EXPECT_FALSE(outcome) << outcome->message;
        loop_.stop();
      });
      loop_.run();
    }
    const auto proof = prove();
    return proof ? *proof->headers : "";
  }
  std::optional<Proof> prove() {
    return credentials_->prove({.method = "POST",
                                .authority = "bedrock-runtime.eu-west-1.amazonaws.com",
                                .path = "/model/m/converse",
                                .body = {}},
                               clock_.wall_now());
  }
  std::string error() {
    const auto made = make();
    return made ? "made" : made.error().message;
  }

  core::ManualClock clock_;
  net::Loop loop_;
  provider::EndpointSpec spec_;
  std::map<std::string, std::string> environment_;
  std::unique_ptr<Credentials> credentials_;
};

TEST_F(AwsCredentialsTest, SignWithTheMachinesKeysAtBedrocksOwnAddress) {
  EXPECT_THAT(
      lines(),
      testing::MatchesRegex(
          "content-type: application/json\r\naccept: application/json\r\n"
          "x-amz-date: 20260101T000000Z\r\nx-amz-security-token: zq-session\r\n"
          "authorization: AWS4-HMAC-SHA256 Credential=A/20260101/eu-west-1/bedrock/aws4_request, "
          "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, "
          "Signature=[0-9a-f]*\r\n"));
}

TEST_F(AwsCredentialsTest, ABearerTokenOfTheMachineGoesFirst) {
  environment_["AWS_BEARER_TOKEN_BEDROCK"] = "zq-token";
  EXPECT_THAT(lines(), HasSubstr("authorization: Bearer zq-token\r\n"));
  environment_["AWS_BEARER_TOKEN_BEDROCK"] = "zq-token\n";
  EXPECT_EQ(error(),
            "bedrock/m: AWS_BEARER_TOKEN_BEDROCK ends with a line break, which no key does");
  // What the file names, goes before all.
  spec_.credentials = core::Secret("B:s");
  EXPECT_THAT(lines(), HasSubstr("Credential=B/"));
}

TEST_F(AwsCredentialsTest, NothingOfTheMachineGoesElsewhere) {
  environment_["AWS_BEARER_TOKEN_BEDROCK"] = "zq-token";
  for (const char* url : {"http://127.0.0.1:1", "https://evil.example",
                          "http://bedrock-runtime.eu-west-1.amazonaws.com", "https://amazonaws.com",
                          "https://a1b2.execute-api.us-east-1.amazonaws.com/bedrock-runtime",
                          "https://bedrock-runtime.s3.us-east-1.amazonaws.com",
                          "https://bedrock-runtime.eu-west-1.amazonaws.com.evil.example",
                          "https://bedrock-runtime.eu-west-1.evilamazonaws.com",
                          "https://x.bedrock-runtime.eu.amazonaws.com"}) {
    spec_.base_url = url;
    spec_.region = "eu-west-1";
    EXPECT_THAT(error(), HasSubstr("bedrock/m: the AWS keys of this machine go to Bedrock's own"))
        << url;
    EXPECT_THAT(error(), HasSubstr("give key or credentials")) << url;
    EXPECT_THAT(error(), Not(HasSubstr("zq"))) << url;
  }
  spec_.base_url = "https://bedrock-runtime.eu-west-1.amazonaws.com";
  spec_.ca_file = "own.pem";
  EXPECT_THAT(error(), HasSubstr("with ca_file give key or credentials"));
}

TEST_F(AwsCredentialsTest, WhatTheFileNamesGoesWhereItSays) {
  spec_.base_url = "http://127.0.0.1:1/gateway";
  spec_.credentials = core::Secret("B:s");
  EXPECT_EQ(error(), "bedrock/m: a signature needs the AWS region: add region = \"us-east-1\"");
  spec_.region = "us-east-1";
  EXPECT_THAT(lines(), HasSubstr("Credential=B/20260101/us-east-1/bedrock/"));
  spec_.region = "x\r\nevil: y";
  EXPECT_THAT(error(), HasSubstr("needs the AWS region"));
}

TEST_F(AwsCredentialsTest, TheRegionIsTheAddresss) {
  EXPECT_EQ(bedrock_region("https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com"),
            "us-gov-west-1");
  EXPECT_EQ(bedrock_region("https://vpce-1-a.bedrock-runtime.us-east-1.vpce.amazonaws.com/"),
            "us-east-1");
  EXPECT_EQ(bedrock_region("https://bedrock.us-east-1.amazonaws.com"), std::nullopt);
}

TEST_F(AwsCredentialsTest, KeysOfAnInstanceAreFetchedAndFetchedAgainBeforeTheirEnd) {
  int fetched = 0;
  const auto server = http::Server::listen(
      loop_, {}, [&](const http::ServerRequest& request, const auto& responder) {
        std::string body = "session";
        if (request.method == "GET") {
          EXPECT_EQ(request.headers.find("x-aws-ec2-metadata-token").value_or(""), "session");
          body = "role";
        }
        if (request.target.ends_with("/role")) {
          ++fetched;
          body = fmt::format(
              R"({{"AccessKeyId":"A{}","SecretAccessKey":"s","Token":"t","Expiration":"2026-01-01T{}:00:00Z"}})",
              fetched, fetched == 1 ? "06" : "12");
        }
        responder->respond({.status = 200, .headers = {}, .body = body});
      });
  ASSERT_TRUE(server);
  environment_ = {{"AWS_EC2_METADATA_SERVICE_ENDPOINT",
                   "http://127.0.0.1:" + std::to_string((*server)->port()) + "/"}};
  EXPECT_THAT(lines(), HasSubstr("Credential=A1/"));
  clock_.advance(std::chrono::hours(5));
  EXPECT_THAT(proof(), HasSubstr("Credential=A1/"));
  clock_.advance(std::chrono::minutes(57));
  EXPECT_THAT(proof(), HasSubstr("Credential=A2/"));
  EXPECT_EQ(fetched, 2);
}

}  // namespace
}  // namespace sluice::auth
