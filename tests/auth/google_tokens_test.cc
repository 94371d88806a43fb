#include "auth/google_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/jwt.h"
#include "tests/auth/rfc7515_key.h"

namespace sluice::auth {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const core::WallTime kIssuedAt{std::chrono::seconds(1'767'225'600)};

GoogleKey robot() {
  GoogleKey key;
  key.client_email = "robot@p.iam.gserviceaccount.com";
  key.private_key_id = "kid-1";
  key.private_key = core::Secret(std::string(kRfc7515PrivateKey));
  return key;
}

TEST(GoogleTokens, AServiceAccountSignsAClaimOfAnHour) {
  const auto source = make_google_key_source(robot());
  const TokenStep step = source->begin(kIssuedAt);
  const auto& call = std::get<TokenCall>(step);
  EXPECT_EQ(call.base_url + call.path, "https://oauth2.googleapis.com/token");
  const auto assertion = sign_rs256(
      R"({"typ":"JWT","alg":"RS256","kid":"kid-1"})",
      R"({"iss":"robot@p.iam.gserviceaccount.com","aud":"https://oauth2.googleapis.com/token",)"
      R"("scope":"https://www.googleapis.com/auth/cloud-platform","iat":1767225600,"exp":1767229200})",
      robot().private_key);
  EXPECT_EQ(
      call.body,
      "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=" + *assertion);
}

TEST(GoogleTokens, AUserGivesTheRefreshToken) {
  GoogleKey key;
  key.kind = GoogleKey::Kind::authorized_user;
  key.client_id = "c";
  key.client_secret = core::Secret("s");
  key.refresh_token = core::Secret("1//r");
  const auto source = make_google_key_source(key);
  EXPECT_EQ(std::get<TokenCall>(source->begin(kIssuedAt)).body,
            "grant_type=refresh_token&client_id=c&client_secret=s&refresh_token=1%2F%2Fr");
  const TokenStep step = source->answered(400, R"({"error":"invalid_grant"})", "", kIssuedAt);
  EXPECT_THAT(std::get<TokenFailure>(step).message, HasSubstr("sign in again: gcloud auth"));
}

TEST(GoogleTokens, AKeyThatCannotSignIsTheEnd) {
  GoogleKey key = robot();
  key.private_key = core::Secret("-----BEGIN PRIVATE KEY-----\nHUSH\n");
  const auto source = make_google_key_source(key);
  const TokenStep step = source->begin(kIssuedAt);
  EXPECT_TRUE(std::get<TokenFailure>(step).final);
  EXPECT_THAT(std::get<TokenFailure>(step).message,
              StartsWith("Google credentials of robot@p.iam.gserviceaccount.com: "));
}

TEST(GoogleTokens, TheMetadataServerIsAskedWithItsHeaderAndByNoProxy) {
  const auto source = make_google_metadata_source("http://metadata.google.internal");
  const TokenStep step = source->begin(kIssuedAt);
  const auto& call = std::get<TokenCall>(step);
  EXPECT_EQ(call.method, "GET");
  EXPECT_EQ(call.base_url + call.path,
            "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/"
            "token");
  EXPECT_THAT(call.headers, testing::ElementsAre(testing::Pair("metadata-flavor", "Google")));
  EXPECT_TRUE(call.direct);
  EXPECT_THAT(call.advice, HasSubstr("outside Google Cloud"));
  const TokenStep answered =
      source->answered(200, R"({"access_token":"ya29.m","expires_in":300})", "", kIssuedAt);
  EXPECT_EQ(std::get<Token>(answered).value.reveal(), "ya29.m");
}

}  // namespace
}  // namespace sluice::auth
