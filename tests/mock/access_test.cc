// Who may call: keys, tokens that expire, signatures.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "auth/jwt.h"
#include "auth/sigv4.h"
#include "tests/mock/support.h"

namespace sluice::mock {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

http::ServerRequest request_to(
    std::string method, std::string target, std::string body = {},
    const std::vector<std::pair<std::string, std::string>>& headers = {}) {
  http::ServerRequest request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.body = std::move(body);
  for (const auto& [name, value] : headers) request.headers.add(name, value);
  return request;
}

int status_of(ProviderModel& model, const http::ServerRequest& request, core::WallTime at = kWall) {
  return model.handle(request, kNow, at).response.status;
}

http::ServerRequest vertex_call(const std::string& token) {
  return request_to(
      "POST", "/v1/projects/p/locations/us-central1/publishers/google/models/m:generateContent",
      R"({"contents":[{"role":"user","parts":[{"text":"x"}]}]})",
      {{"authorization", "Bearer " + token}});
}

// An assertion with these claims; its signature is not looked at.
std::string token_form(std::string_view header, std::string_view claims) {
  return "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=" +
         auth::base64url(header) + "." + auth::base64url(claims) + "." + auth::base64url("sign");
}

std::string claims_from(core::WallTime at) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  return json{{"iss", "a@b"}, {"iat", seconds}, {"exp", seconds + 3600}}.dump();
}

constexpr std::string_view kRs256 = R"({"alg":"RS256","typ":"JWT"})";

TEST(TokenServer, GivesATokenForASignedAssertionAndVertexTakesItUntilItExpires) {
  Options options;
  options.token_life = 10s;
  ProviderModel model(options);
  const json reply = json::parse(
      model
          .handle(request_to("POST", "/token", token_form(kRs256, claims_from(kWall))), kNow, kWall)
          .response.body);
  EXPECT_EQ(reply.at("expires_in"), 10);
  EXPECT_EQ(reply.at("token_type"), "Bearer");
  const std::string token = reply.at("access_token");
  EXPECT_EQ(status_of(model, vertex_call(token), kWall + 9s), 200);
  const Decision late = model.handle(vertex_call(token), kNow, kWall + 10s);
  EXPECT_EQ(late.response.status, 401);
  EXPECT_EQ(json::parse(late.response.body).at("error").at("status"), "UNAUTHENTICATED");
  EXPECT_EQ(status_of(model, vertex_call("another")), 401);
}

TEST(TokenServer, WithoutALifeAnyTokenIsTaken) {
  ProviderModel model(Options{});
  EXPECT_EQ(status_of(model, vertex_call("another")), 200);
}

TEST(TokenServer, RefusesWhatIsNotASignedAssertionAndSaysWhy) {
  ProviderModel model(Options{});
  const std::string fine = claims_from(kWall);
  for (const auto& [form, error, words] :
       {std::tuple(std::string("grant_type=password"), "unsupported_grant_type", "grant_type"),
        std::tuple(token_form(R"({"alg":"HS256"})", fine), "invalid_grant", "RS256"),
        std::tuple(token_form(kRs256, R"({"iss":"a"})"), "invalid_grant", "\"iat\""),
        std::tuple(token_form(kRs256, claims_from(kWall - 2h)), "invalid_grant", "short-lived"),
        std::tuple(token_form(kRs256, fine) + "*", "invalid_grant", "base64url"),
        std::tuple(token_form(kRs256, fine).substr(0, 120), "invalid_grant", "three parts")}) {
    const Decision decision = model.handle(request_to("POST", "/token", form), kNow, kWall);
    EXPECT_EQ(decision.response.status, 400) << form;
    const json reply = json::parse(decision.response.body);
    EXPECT_EQ(reply.at("error"), error) << form;
    EXPECT_NE(reply.at("error_description").get<std::string>().find(words), std::string::npos)
        << reply;
  }
}

TEST(TokenServer, GooglesMetadataServerNeedsItsHeader) {
  ProviderModel model(Options{});
  const std::string path = "/computeMetadata/v1/instance/service-accounts/default/token";
  EXPECT_EQ(status_of(model, request_to("GET", path)), 403);
  const Decision decision =
      model.handle(request_to("GET", path, "", {{"metadata-flavor", "Google"}}), kNow, kWall);
  EXPECT_EQ(header(decision, "metadata-flavor"), "Google");
  const json reply = json::parse(decision.response.body);
  EXPECT_EQ(reply.at("expires_in"), 3600);
  EXPECT_EQ(status_of(model, vertex_call(reply.at("access_token")), kWall + 1h), 401);
}

// A Converse call, signed.
http::ServerRequest signed_call(const auth::Token& keys, core::WallTime at) {
  const std::string target = "/model/m-v1%3A0/converse";
  const std::string body = R"({"messages":[{"role":"user","content":[{"text":"x"}]}]})";
  const std::vector pieces = {std::make_shared<const std::string>(body)};
  auth::RequestView view;
  view.method = "POST";
  view.authority = "127.0.0.1:1";
  view.path = target;
  view.body = pieces;
  http::ServerRequest request = request_to("POST", target, body, {{"host", "127.0.0.1:1"}});
  auth::SigV4 signer({.region = "us-east-1", .service = "bedrock"});
  std::string lines = signer.lines(keys, view, {}, at);
  while (!lines.empty()) {
    const std::size_t end = lines.find("\r\n");
    const std::size_t colon = lines.find(": ");
    std::string name = lines.substr(0, colon);
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    request.headers.add(name, lines.substr(colon + 2, end - colon - 2));
    lines.erase(0, end + 2);
  }
  return request;
}

std::string error_type(ProviderModel& model, const http::ServerRequest& request,
                       core::WallTime at) {
  const Decision decision = model.handle(request, kNow, at);
  return std::to_string(decision.response.status) + " " + header(decision, "x-amzn-errortype");
}

TEST(Signatures, AreCheckedAgainstTheKeysOfTheOptions) {
  Options options;
  options.aws_keys.emplace("AKID", core::Secret("secret"));
  ProviderModel model(options);
  const auth::Token keys{.value = core::Secret("secret"), .key_id = "AKID", .session = {}};
  EXPECT_EQ(error_type(model, signed_call(keys, kWall), kWall), "200 ");
  EXPECT_EQ(error_type(model, signed_call(keys, kWall - 4min), kWall), "200 ");
  const auth::Token wrong{.value = core::Secret("other"), .key_id = "AKID", .session = {}};
  EXPECT_EQ(error_type(model, signed_call(wrong, kWall), kWall), "403 InvalidSignatureException");
  const auth::Token unknown{.value = core::Secret("secret"), .key_id = "OTHER", .session = {}};
  EXPECT_EQ(error_type(model, signed_call(unknown, kWall), kWall),
            "403 UnrecognizedClientException");
  http::ServerRequest changed = signed_call(keys, kWall);
  changed.body += " ";
  EXPECT_EQ(error_type(model, changed, kWall), "403 InvalidSignatureException");
}

TEST(Signatures, OfAnotherTimeAreRefusedWhoeverSigned) {
  ProviderModel model(Options{});
  const auth::Token keys{.value = core::Secret("secret"), .key_id = "AKID", .session = {}};
  EXPECT_EQ(error_type(model, signed_call(keys, kWall), kWall), "200 ");
  for (const auto at : {kWall - 6min, kWall + 6min}) {
    const Decision decision = model.handle(signed_call(keys, at), kNow, kWall);
    EXPECT_EQ(header(decision, "x-amzn-errortype"), "InvalidSignatureException");
    EXPECT_NE(decision.response.body.find(at < kWall ? "Signature expired" : "not yet current"),
              std::string::npos)
        << decision.response.body;
  }
}

TEST(Signatures, ByKeysOfTheMetadataServerAreTakenUntilTheyExpire) {
  Options options;
  options.token_life = 10s;
  ProviderModel model(options);
  const std::string roles = "/latest/meta-data/iam/security-credentials/";
  EXPECT_EQ(status_of(model, request_to("GET", roles)), 401);
  EXPECT_EQ(status_of(model, request_to("PUT", "/latest/api/token")), 400);
  const std::string session =
      model
          .handle(request_to("PUT", "/latest/api/token", "",
                             {{"x-aws-ec2-metadata-token-ttl-seconds", "60"}}),
                  kNow, kWall)
          .response.body;
  const auto get = [&](const std::string& path) {
    return model
        .handle(request_to("GET", path, "", {{"x-aws-ec2-metadata-token", session}}), kNow, kWall)
        .response.body;
  };
  const json reply = json::parse(get(roles + get(roles)));
  EXPECT_EQ(reply.at("Expiration"), "2026-01-01T00:00:10Z");
  auth::Token keys{.value = core::Secret(reply.at("SecretAccessKey").get<std::string>()),
                   .key_id = reply.at("AccessKeyId"),
                   .session = core::Secret(reply.at("Token").get<std::string>())};
  EXPECT_EQ(error_type(model, signed_call(keys, kWall), kWall), "200 ");
  EXPECT_EQ(error_type(model, signed_call(keys, kWall), kWall + 10s), "403 ExpiredTokenException");
  keys.session = {};
  EXPECT_EQ(error_type(model, signed_call(keys, kWall), kWall), "403 UnrecognizedClientException");
}

}  // namespace
}  // namespace sluice::mock
