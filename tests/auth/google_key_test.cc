#include "auth/google_key.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::auth {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string service_account(std::string_view more = "") {
  return fmt::format(R"({{
  "type": "service_account",
  "project_id": "my-project",
  "private_key_id": "kid-1",
  "private_key": "-----BEGIN PRIVATE KEY-----\nHUSH\n-----END PRIVATE KEY-----\n",
  "client_email": "robot@my-project.iam.gserviceaccount.com"{}
}})",
                     more);
}

GoogleKey read(const std::string& json) {
  const auto key = read_google_key(json, "key.json");
  EXPECT_TRUE(key) << key.error().text();
  return key.value_or(GoogleKey());
}
std::string error(const std::string& json) {
  const auto key = read_google_key(json, "key.json");
  EXPECT_FALSE(key);
  if (key) return "";
  EXPECT_EQ(key.error().code, core::ErrorCode::pipeline);
  EXPECT_EQ(key.error().where, "key.json");
  EXPECT_THAT(key.error().message, Not(HasSubstr("HUSH")));
  return key.error().message;
}

TEST(GoogleKey, OfAServiceAccount) {
  const GoogleKey key = read(service_account());
  EXPECT_EQ(key.kind, GoogleKey::Kind::service_account);
  EXPECT_EQ(key.client_email, "robot@my-project.iam.gserviceaccount.com");
  EXPECT_EQ(key.private_key_id, "kid-1");
  EXPECT_THAT(key.private_key.reveal(), HasSubstr("\nHUSH\n"));
  EXPECT_EQ(key.token_base + key.token_path, "https://oauth2.googleapis.com/token");
}

TEST(GoogleKey, OfAUser) {
  const GoogleKey key = read(
      R"({"type":"authorized_user","client_id":"c","client_secret":"s","refresh_token":"1//r",)"
      R"("account":"","quota_project_id":"q","universe_domain":"googleapis.com"})");
  EXPECT_EQ(key.kind, GoogleKey::Kind::authorized_user);
  EXPECT_EQ(key.client_id, "c");
  EXPECT_EQ(key.client_secret.reveal(), "s");
  EXPECT_EQ(key.refresh_token.reveal(), "1//r");
  EXPECT_EQ(key.quota_project, "q");
}

TEST(GoogleKey, GetsTokensAtTheOneAddressWhicheverOfGooglesItNames) {
  for (const char* uri :
       {"https://oauth2.googleapis.com/token", "https://www.googleapis.com/oauth2/v4/token",
        "https://accounts.google.com/o/oauth2/token", "https://storage.googleapis.com/mine"}) {
    const GoogleKey key = read(service_account(fmt::format(R"(, "token_uri": "{}")", uri)));
    EXPECT_EQ(key.token_base + key.token_path, "https://oauth2.googleapis.com/token") << uri;
  }
}

TEST(GoogleKey, SendsItsSecretNowhereElseButToThisMachine) {
  for (const char* uri :
       {"https://tokens.evil.example/token", "http://oauth2.googleapis.com/token",
        "https://googleapis.com.evil.example/", "https://evilgoogleapis.com/token",
        "https://oauth2.googleapis.com@evil.example/", "https://google.com/token", "file:///x",
        "http://169.254.169.254/token", "https://oauth2.googleapis.com:8443/token"})
    EXPECT_THAT(error(service_account(fmt::format(R"(, "token_uri": "{}")", uri))),
                HasSubstr("not an address of Google's"))
        << uri;
  const GoogleKey key = read(service_account(R"(, "token_uri": "http://127.0.0.1:8123/token")"));
  EXPECT_EQ(key.token_base, "http://127.0.0.1:8123");
  EXPECT_EQ(key.token_path, "/token");
}

TEST(GoogleKey, ThatCannotBeUsedSaysWhatIsWrongAndWhatToDo) {
  EXPECT_THAT(error("not JSON: HUSH"), HasSubstr("not a JSON object"));
  EXPECT_THAT(error("[1]"), HasSubstr("not a JSON object"));
  EXPECT_THAT(error(std::string(70'000, ' ')), HasSubstr("too large"));
  EXPECT_THAT(error(R"({"installed":{"client_secret":"HUSH"}})"), HasSubstr("no \"type\""));
  EXPECT_THAT(error(R"({"type":"external_account"})"),
              testing::AllOf(HasSubstr("external_account are not supported"),
                             HasSubstr("service account"), HasSubstr("print-access-token")));
  EXPECT_THAT(error(R"({"type":"service_account","private_key":"-----BEGIN HUSH"})"),
              HasSubstr("no \"client_email\""));
  EXPECT_THAT(error(R"({"type":"service_account","client_email":"e","private_key":"HUSH"})"),
              HasSubstr("no \"private_key\" in PEM form"));
  EXPECT_THAT(error(R"({"type":"authorized_user","client_id":"c","client_secret":"HUSH"})"),
              HasSubstr("no \"refresh_token\""));
  EXPECT_THAT(error(R"({"type":"authorized_user","client_id":"c","client_secret":"HUSH",)"
                    R"("refresh_token":"r","quota_project_id":"q\r\nx: y"})"),
              HasSubstr("\"quota_project_id\""));
  EXPECT_THAT(error(service_account(R"(, "universe_domain": "example.goog")")),
              HasSubstr("universe_domain"));
}

}  // namespace
}  // namespace sluice::auth
