#include "auth/oauth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::auth {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// 2026-01-01T00:00:00Z.
const core::WallTime kNow = core::ManualClock().wall_now();
constexpr std::string_view kRightDate = "Thu, 01 Jan 2026 00:04:00 GMT";

TokenStep read(int status, std::string_view body, std::string_view date = kRightDate) {
  return read_token({"tokens.example", "sign in again", {core::Secret("client-secret-1")}}, status,
                    body, date, kNow);
}
Token token(const TokenStep& step) {
  const auto* found = std::get_if<Token>(&step);
  EXPECT_NE(found, nullptr) << std::get<TokenFailure>(step).message;
  return found ? *found : Token();
}
TokenFailure failure(const TokenStep& step) {
  const auto* found = std::get_if<TokenFailure>(&step);
  EXPECT_NE(found, nullptr);
  return found ? *found : TokenFailure();
}

TEST(FormCall, EscapesWhatAFormHasForItself) {
  const TokenCall call = form_call("https://t", "/token", {{"a", "x y&z=+/"}, {"b", "1"}});
  EXPECT_EQ(call.body, "a=x%20y%26z%3D%2B%2F&b=1");
  EXPECT_EQ(call.method, "POST");
  EXPECT_THAT(call.headers, testing::Contains(testing::Pair("content-type",
                                                            "application/x-www-form-urlencoded")));
}

TEST(TokenReply, SaysHowLongTheTokenIsGoodInANumberOrInText) {
  for (const char* body : {R"({"access_token":"ya29.x","expires_in":3599,"token_type":"Bearer"})",
                           R"({"access_token":"ya29.x","expires_in":"3599"})"}) {
    const Token got = token(read(200, body));
    EXPECT_EQ(got.value.reveal(), "ya29.x");
    EXPECT_EQ(got.expires, kNow + seconds(3599));
  }
  EXPECT_EQ(token(read(200, R"({"access_token":"t"})")).expires, core::WallTime::max());
  EXPECT_EQ(token(read(200, R"({"access_token":"t","expires_in":1e300})")).expires,
            kNow + std::chrono::hours(24 * 366));
  EXPECT_EQ(token(read(200, R"({"access_token":"t","expires_in":-5})")).expires, kNow);
}

TEST(TokenReply, ThatHoldsNoTokenIsAskedForAgain) {
  for (const char* body : {"", "<html>log in</html>", "[]", "{}", R"({"access_token":""})",
                           R"({"access_token":7})", R"({"access_token":"a\r\nb: c"})"})
    EXPECT_FALSE(failure(read(200, body)).final) << body;
}

TEST(TokenReply, IsAskedForAgainOnlyAfterErrorsThatPass) {
  for (const auto& [status, body, final] :
       {std::tuple<int, const char*, bool>{408, "", false},
        {429, "", false},
        {500, "", false},
        {503, "<html>", false},
        {302, "", false},
        {400, R"({"error":"server_error"})", false},
        {400, R"({"error":"temporarily_unavailable"})", false},
        {400, R"({"error":"x","error_description":"internal_failure"})", false},
        {400, R"({"error":"invalid_grant"})", true},
        {401, R"({"error":"invalid_client"})", true},
        {403, "", true},
        {404, "no such thing", true}})
    EXPECT_EQ(failure(read(status, body)).final, final) << status << body;
}

TEST(TokenReply, NamesTheServerTheErrorAndWhatToDo) {
  EXPECT_EQ(
      failure(read(400, R"({"error":"invalid_grant","error_description":"Bad Request"})")).message,
      "no access token from tokens.example: HTTP 400 (invalid_grant): Bad Request; sign in "
      "again");
  EXPECT_EQ(failure(read(403, R"({"error":{"code":403,"message":"not enabled"}})")).message,
            "no access token from tokens.example: HTTP 403: not enabled; sign in again");
}

TEST(TokenReply, BlamesTheClockWhereItIsOffByMoreThanFiveMinutes) {
  constexpr const char* kBody =
      R"({"error":"invalid_grant","error_description":"Invalid JWT: Token must be short-lived"})";
  const auto message = [&](std::string_view date) {
    return failure(read(400, kBody, date)).message;
  };
  EXPECT_THAT(message("Wed, 31 Dec 2025 23:50:00 GMT"),
              HasSubstr("this machine's clock is 10 min ahead of that server's"));
  EXPECT_THAT(message("Thu, 01 Jan 2026 02:00:00 GMT"),
              HasSubstr("this machine's clock is 120 min behind that server's"));
  for (const std::string_view date : {kRightDate, std::string_view(), std::string_view("soon")})
    EXPECT_THAT(message(date), AllOf(HasSubstr("Invalid JWT"), Not(HasSubstr("clock"))));
}

TEST(TokenReply, ShowsNoSecretThatTheServerQuotesBack) {
  const std::string message =
      failure(read(401, R"({"error":"invalid_client","error_description":)"
                        R"("client-secret-1 of eyJhbGciOiJSUzI1NiJ9.e30.c2ln is bad"})"))
          .message;
  EXPECT_THAT(message, HasSubstr("*** of *** is bad"));
}

}  // namespace
}  // namespace sluice::auth
