// Where keys are found, and what is said where there are none: on a machine that is made up.
#include "auth/aws_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <map>

#include "auth/aws_metadata.h"

namespace sluice::auth {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class AwsKeysTest : public testing::Test {
 protected:
  AwsSurroundings surroundings() {
    return {.environment = [this](const std::string& name) -> std::optional<std::string> {
              const auto found = environment_.find(name);
              return found == environment_.end() ? std::nullopt : std::optional(found->second);
            },
            .read_file = [this](const std::string& path) -> std::expected<std::string, int> {
              const auto found = files_.find(path);
              if (found == files_.end()) return std::unexpected(ENOENT);
              if (found->second == "denied") return std::unexpected(EACCES);
              return found->second;
            }};
  }
  // "ID SECRET SESSION", the call that is made, or the error.
  static std::string text(const TokenStep& step) {
    if (const auto* call = std::get_if<TokenCall>(&step)) {
      std::string all = call->method + " " + call->base_url + call->path;
      for (const auto& [name, value] : call->headers) all += " " + name + ": " + value;
      EXPECT_TRUE(call->direct);
      return all;
    }
    if (const auto* failure = std::get_if<TokenFailure>(&step))
      return (failure->final ? "final: " : "again: ") + failure->message;
    const auto& keys = std::get<Token>(step);
    return keys.key_id + " " + keys.value.reveal() + " " + keys.session.reveal();
  }
  static std::string begun(const core::Result<std::unique_ptr<TokenSource>>& source) {
    return source ? text((*source)->begin(kNow)) : "error: " + source.error().message;
  }
  std::string machine() { return begun(machine_aws_keys(surroundings())); }
  std::string named(const std::string& credentials) {
    return begun(named_aws_keys(core::Secret(credentials), surroundings()));
  }

  static inline const core::WallTime kNow = core::ManualClock().wall_now();
  std::map<std::string, std::string> environment_{{"HOME", "/h"}};
  std::map<std::string, std::string> files_;
};

TEST_F(AwsKeysTest, TheMachinesAreTakenInAwssOrder) {
  EXPECT_EQ(machine(),
            "PUT http://169.254.169.254/latest/api/token "
            "x-aws-ec2-metadata-token-ttl-seconds: 21600");
  environment_["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"] = "IPv6";
  EXPECT_THAT(machine(), HasSubstr("http://[fd00:ec2::254]/latest"));
  environment_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1:9/x?y";
  environment_["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "t";
  EXPECT_EQ(machine(), "GET http://127.0.0.1:9/x?y authorization: t");
  environment_["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = "/token";
  files_["/token"] = "u\n";
  environment_["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/1";
  EXPECT_EQ(machine(), "GET http://169.254.170.2/v2/credentials/1 authorization: u");
  files_["/h/.aws/config"] = "[default]\naws_access_key_id=A1\naws_secret_access_key=s\n";
  EXPECT_EQ(machine(), "A1 s ");
  files_["/h/.aws/credentials"] =
      "[default]\naws_access_key_id=A2\naws_secret_access_key=s\n"
      "[p]\naws_access_key_id=A3\naws_secret_access_key=s\naws_session_token=t\n";
  EXPECT_EQ(machine(), "A2 s ");
  environment_["AWS_PROFILE"] = "p";
  EXPECT_EQ(machine(), "A3 s t");
  environment_["AWS_SHARED_CREDENTIALS_FILE"] = "/other";
  files_["/other"] = "[p]\naws_access_key_id=A4\naws_secret_access_key=s\n";
  EXPECT_EQ(machine(), "A4 s ");
  environment_["AWS_ACCESS_KEY_ID"] = "A5";
  environment_["AWS_SECRET_ACCESS_KEY"] = "s";
  environment_["AWS_SESSION_TOKEN"] = "t";
  EXPECT_EQ(machine(), "A5 s t");
}

TEST_F(AwsKeysTest, AFileIsReadAgainForEachRefresh) {
  files_["/f"] = "[default]\naws_access_key_id=A1\naws_secret_access_key=s\n";
  const auto source = named_aws_keys(core::Secret("/f"), surroundings());
  ASSERT_TRUE(source);
  files_["/f"] = "[default]\naws_access_key_id=A2\naws_secret_access_key=s\n";
  EXPECT_EQ(text((*source)->begin(kNow)), "A2 s ");
  files_.clear();
  EXPECT_THAT(text((*source)->begin(kNow)), HasSubstr("is not there"));
}

TEST_F(AwsKeysTest, TheOptionNamesKeysOrAFile) {
  EXPECT_EQ(named("AKIA_1:a/b+c="), "AKIA_1 a/b+c= ");
  EXPECT_EQ(named("AKIA_1:a/b+c=:session/=="), "AKIA_1 a/b+c= session/==");
  files_["/h/k"] = "[p]\naws_access_key_id=A\naws_secret_access_key=s\n";
  EXPECT_EQ(named("~/k#p"), "A s ");
  EXPECT_EQ(named("/h/k#p"), "A s ");
  EXPECT_THAT(named("/h/k"), HasSubstr("no keys for the profile"));
}

TEST_F(AwsKeysTest, AnErrorShowsNothingOfTheOption) {
  files_["/zq/denied"] = "denied";
  for (const char* credentials : {"zq-secret", "zq secret:zq", "zq/secret", "/zq-secret",
                                  "/zq/denied", "AKIA:zq\rsecret", "~zq", "AKIA:", "zq:", "/zq#"}) {
    const std::string error = named(credentials);
    EXPECT_TRUE(error.starts_with("error: ")) << credentials << error;
    EXPECT_THAT(error, Not(HasSubstr("zq"))) << credentials;
  }
}

TEST_F(AwsKeysTest, WhatIsNotSupportedSaysWhichCommandHelps) {
  files_["/h/.aws/config"] = "[profile p]\nsso_session = s\n";
  environment_["AWS_PROFILE"] = "p";
  EXPECT_THAT(machine(),
              AllOf(HasSubstr("'p' in ~/.aws/config gets its keys by sso_session"),
                    HasSubstr("aws configure export-credentials --profile p --format env")));
}

TEST_F(AwsKeysTest, WhatIsHalfThereIsNotPassedOver) {
  files_["/h/.aws/credentials"] = "denied";
  EXPECT_THAT(machine(), HasSubstr("error: no AWS keys: ~/.aws/credentials cannot be read"));
  files_["/h/.aws/credentials"] = "[default]\naws_access_key_id=A\n";
  EXPECT_THAT(machine(), HasSubstr("has no aws_secret_access_key"));
  files_.clear();
  environment_["AWS_PROFILE"] = "p";
  EXPECT_EQ(machine(),
            "error: no AWS keys: AWS_PROFILE is set, and the profile 'p' has no keys in "
            "~/.aws/credentials or ~/.aws/config");
  environment_["AWS_ACCESS_KEY_ID"] = "A";
  EXPECT_THAT(machine(), HasSubstr("AWS_SECRET_ACCESS_KEY is not"));
  environment_["AWS_SECRET_ACCESS_KEY"] = "s\n";
  EXPECT_THAT(machine(), HasSubstr("ends with a line break"));
}

TEST_F(AwsKeysTest, WithoutTheMetadataServiceItSaysWhereItLooked) {
  environment_["AWS_EC2_METADATA_DISABLED"] = "True";
  EXPECT_EQ(
      machine(),
      "error: no AWS keys: AWS_ACCESS_KEY_ID is not set, the profile 'default' has no keys in "
      "~/.aws/credentials or ~/.aws/config, and AWS_EC2_METADATA_DISABLED is true; run aws "
      "configure, or give key or credentials");
}

TEST_F(AwsKeysTest, AContainersKeysDoNotTravelInTheClear) {
  for (const char* url : {"http://evil.example/x", "ftp://127.0.0.1/x",
                          "http://127.0.0.1.evil.example", "http://", "x"}) {
    environment_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url;
    EXPECT_THAT(machine(), HasSubstr("error: AWS_CONTAINER_CREDENTIALS_FULL_URI must")) << url;
  }
  for (const char* url : {"https://x.example/y", "http://169.254.170.23/v1", "http://[::1]:8/"}) {
    environment_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url;
    EXPECT_EQ(machine(), std::string("GET ") + url);
  }
}

constexpr std::string_view kKeysReply =
    R"({"Code":"Success","AccessKeyId":"A","SecretAccessKey":"s","Token":"t","Expiration":"2026-01-01T06:00:00Z"})";

TEST_F(AwsKeysTest, AContainersKeysComeWithTheirEnd) {
  const auto source = container_aws_keys("http://127.0.0.1:1/x", [] { return core::Secret(); });
  const TokenStep keys = source->answered(200, kKeysReply, "", kNow);
  EXPECT_EQ(text(keys), "A s t");
  EXPECT_EQ(std::get<Token>(keys).expires, kNow + std::chrono::hours(6));
  EXPECT_THAT(text(source->answered(403, "", "", kNow)), HasSubstr("final: "));
  EXPECT_THAT(text(source->answered(503, "", "", kNow)), HasSubstr("again: "));
  EXPECT_THAT(text(source->answered(200, "<html>", "", kNow)), HasSubstr("without JSON"));
  EXPECT_THAT(text(source->answered(200, R"({"Code":"Failed"})", "", kNow)),
              HasSubstr("without them: Failed"));
  EXPECT_THAT(
      text(source->answered(200, R"({"AccessKeyId":"A\r\nx: y","SecretAccessKey":"s"})", "", kNow)),
      HasSubstr("holds a line break"));
}

TEST_F(AwsKeysTest, Ec2sComeInThreeRequests) {
  const auto source = ec2_aws_keys("http://169.254.169.254", "nothing elsewhere");
  EXPECT_THAT(text(source->begin(kNow)), HasSubstr("PUT http://169.254.169.254/latest/api/token"));
  EXPECT_EQ(text(source->answered(200, "session==", "", kNow)),
            "GET http://169.254.169.254/latest/meta-data/iam/security-credentials/ "
            "x-aws-ec2-metadata-token: session==");
  EXPECT_EQ(text(source->answered(200, "role-1\n", "", kNow)),
            "GET http://169.254.169.254/latest/meta-data/iam/security-credentials/role-1 "
            "x-aws-ec2-metadata-token: session==");
  EXPECT_EQ(text(source->answered(200, kKeysReply, "", kNow)), "A s t");
  // Once it has answered, silence passes.
  EXPECT_THAT(text(source->unanswered("timed out")), HasSubstr("again: "));
}

TEST_F(AwsKeysTest, WhereThereIsNoEc2TheEndIsFinal) {
  const auto source = ec2_aws_keys("http://169.254.169.254", "nothing elsewhere");
  static_cast<void>(source->begin(kNow));
  EXPECT_THAT(text(source->unanswered("timed out")),
              AllOf(HasSubstr("final: no AWS keys: nothing elsewhere, and no EC2 metadata service"),
                    HasSubstr("timed out")));
  static_cast<void>(source->answered(200, "session", "", kNow));
  EXPECT_THAT(text(source->answered(404, "", "", kNow)),
              HasSubstr("this EC2 instance has no role"));
}

TEST_F(AwsKeysTest, WhatEc2SaysChangesNoRequest) {
  for (const char* line : {"", "a/../b", "a?b", "a b", "\x01"}) {
    const auto source = ec2_aws_keys("http://169.254.169.254", "");
    static_cast<void>(source->begin(kNow));
    static_cast<void>(source->answered(200, "session", "", kNow));
    EXPECT_THAT(text(source->answered(200, line, "", kNow)), HasSubstr("something else")) << line;
  }
}

}  // namespace
}  // namespace sluice::auth
