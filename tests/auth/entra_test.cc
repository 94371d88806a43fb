#include "auth/entra.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace sluice::auth {
namespace {

using testing::HasSubstr;

constexpr std::string_view kHosts[] = {"openai.azure.com"};
constexpr provider::Profile kAzure = {
    .name = "azure", .title = "Azure", .hosts = kHosts, .auth = provider::AuthScheme::api_key};
const std::map<std::string, std::string> kClientInEnvironment = {
    {"AZURE_TENANT_ID", "t"}, {"AZURE_CLIENT_ID", "c"}, {"AZURE_CLIENT_SECRET", "s"}};

provider::EndpointSpec endpoint(const std::string& url, const std::string& credentials) {
  provider::EndpointSpec spec;
  spec.name = "azure/m";
  spec.base_url = url;
  spec.credentials = core::Secret(credentials);
  return spec;
}
core::Result<std::unique_ptr<TokenSource>> find(const provider::EndpointSpec& spec,
                                                const std::map<std::string, std::string>& values) {
  return find_entra_source(spec, kAzure,
                           [&](const std::string& name) -> std::optional<std::string> {
                             const auto found = values.find(name);
                             if (found == values.end()) return std::nullopt;
                             return found->second;
                           });
}
TokenCall first_call(const core::Result<std::unique_ptr<TokenSource>>& source) {
  EXPECT_TRUE(source) << source.error().text();
  if (!source || *source == nullptr) return {};
  return std::get<TokenCall>((*source)->begin({}));
}

const std::string kAzureUrl = "https://r.openai.azure.com/openai/v1";

TEST(Entra, AnApplicationGivesItsSecretForAToken) {
  const TokenCall call = first_call(find(endpoint("http://127.0.0.1:1", "t:c:s:with:colons"), {}));
  EXPECT_EQ(call.base_url + call.path, "https://login.microsoftonline.com/t/oauth2/v2.0/token");
  EXPECT_EQ(call.body,
            "grant_type=client_credentials&client_id=c&client_secret=s%3Awith%3Acolons&scope=https"
            "%3A%2F%2Fcognitiveservices.azure.com%2F.default");
}

TEST(Entra, TheEnvironmentsApplicationIsShownToAzureAlone) {
  EXPECT_THAT(first_call(find(endpoint(kAzureUrl, ""), kClientInEnvironment)).body,
              HasSubstr("client_id=c&client_secret=s"));
  for (const char* url : {"https://evil.example/openai/v1", "http://r.openai.azure.com/openai/v1",
                          "http://127.0.0.1:1", "https://openai.azure.com.evil.example"}) {
    const auto source = find(endpoint(url, ""), kClientInEnvironment);
    ASSERT_TRUE(source);
    EXPECT_EQ(*source, nullptr) << url;
  }
  auto own_ca = endpoint(kAzureUrl, "");
  own_ca.ca_file = "ca.pem";
  EXPECT_EQ(*find(own_ca, kClientInEnvironment), nullptr);
}

TEST(Entra, AManagedIdentityIsAskedOfTheMachine) {
  const TokenCall call = first_call(find(endpoint(kAzureUrl, "managed"), {}));
  EXPECT_EQ(call.method, "GET");
  EXPECT_EQ(call.base_url + call.path,
            "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource="
            "https%3A%2F%2Fcognitiveservices.azure.com");
  EXPECT_THAT(call.headers, testing::ElementsAre(testing::Pair("metadata", "true")));
  EXPECT_TRUE(call.direct);
  EXPECT_THAT(first_call(find(endpoint(kAzureUrl, "managed"), {{"AZURE_CLIENT_ID", "c 2"}})).path,
              HasSubstr("&client_id=c%202"));
  const auto elsewhere = find(endpoint("https://evil.example", "managed"), {});
  ASSERT_FALSE(elsewhere);
  EXPECT_THAT(elsewhere.error().message, HasSubstr("Azure's own addresses alone"));
}

TEST(Entra, AnIdentityThatIsNotReadyIsAskedAgain) {
  const auto source = make_managed_identity_source("http://169.254.169.254", "");
  for (const int status : {404, 410, 429, 500})
    EXPECT_FALSE(std::get<TokenFailure>(source->answered(status, "", "", {})).final) << status;
  EXPECT_TRUE(
      std::get<TokenFailure>(source->answered(400, R"({"error":"invalid_request"})", "", {}))
          .final);
}

TEST(Entra, TokensComeFromWhereTheEnvironmentSays) {
  const auto base = [](const std::string& authority) {
    return first_call(find(endpoint("http://x", "t:c:s"), {{"AZURE_AUTHORITY_HOST", authority}}))
        .base_url;
  };
  EXPECT_EQ(base("login.microsoftonline.us"), "https://login.microsoftonline.us");
  EXPECT_EQ(base("https://login.chinacloudapi.cn/"), "https://login.chinacloudapi.cn");
  EXPECT_EQ(base("http://127.0.0.1:8123"), "http://127.0.0.1:8123");
  EXPECT_FALSE(find(endpoint("http://x", "t:c:s"),
                    {{"AZURE_AUTHORITY_HOST", "http://login.microsoftonline.com"}}));
}

TEST(Entra, CredentialsOfAnotherFormAreAnErrorThatDoesNotShowThem) {
  for (const char* text : {"HUSH", "t:HUSH", ":c:HUSH", "t::HUSH", "t:c:"}) {
    const auto source = find(endpoint("http://x", text), {});
    ASSERT_FALSE(source) << text;
    EXPECT_THAT(source.error().text(), HasSubstr("TENANT:CLIENT:SECRET"));
    EXPECT_THAT(source.error().text(), testing::Not(HasSubstr("HUSH")));
  }
}

TEST(Entra, WithoutAnythingItSaysWhatToGive) {
  const auto source = find(endpoint(kAzureUrl, ""), {{"AZURE_CLIENT_ID", "c"}});
  ASSERT_FALSE(source);
  EXPECT_THAT(source.error().message, HasSubstr("AZURE_OPENAI_API_KEY"));
}

}  // namespace
}  // namespace sluice::auth
