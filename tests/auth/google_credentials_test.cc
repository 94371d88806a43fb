#include "auth/google_credentials.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>

namespace sluice::auth {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string user(std::string_view id) {
  return fmt::format(
      R"({{"type":"authorized_user","client_id":"{}","client_secret":"HUSH","refresh_token":"HUSH-2","quota_project_id":"q"}})",
      id);
}

class GoogleCredentialsTest : public testing::Test {
 protected:
  GoogleCredentialsTest() : folder_(testing::TempDir() + "/sluice-google-XXXXXX") {
    EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
    environment_["HOME"] = folder_;
    spec_.name = "vertex/m";
    spec_.base_url = "https://us-east1-aiplatform.googleapis.com/v1";
  }
  ~GoogleCredentialsTest() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = folder_ + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path;
  }
  core::Result<GoogleCredentials> find() const {
    return find_google_credentials(spec_,
                                   [this](const std::string& name) -> std::optional<std::string> {
                                     const auto found = environment_.find(name);
                                     if (found == environment_.end()) return std::nullopt;
                                     return found->second;
                                   });
  }
  // The body of the exchange's first call, or its base URL where it has none.
  std::string first_call() const {
    const auto found = find();
    EXPECT_TRUE(found) << found.error().text();
    if (!found || found->source == nullptr) return "";
    const TokenStep step = found->source->begin({});
    const auto& call = std::get<TokenCall>(step);
    return call.body.empty() ? call.base_url : call.body;
  }

  std::string folder_;
  std::map<std::string, std::string> environment_;
  provider::EndpointSpec spec_;
};

TEST_F(GoogleCredentialsTest, AreFoundInTheOrderOfGooglesLibraries) {
  EXPECT_EQ(first_call(), "http://metadata.google.internal");
  environment_["GCE_METADATA_HOST"] = "127.0.0.1:8080";
  EXPECT_EQ(first_call(), "http://127.0.0.1:8080");
  write(".config/gcloud/application_default_credentials.json", user("gcloud"));
  EXPECT_THAT(first_call(), HasSubstr("client_id=gcloud"));
  write("other/application_default_credentials.json", user("other"));
  environment_["CLOUDSDK_CONFIG"] = folder_ + "/other";
  EXPECT_THAT(first_call(), HasSubstr("client_id=other"));
  environment_["GOOGLE_APPLICATION_CREDENTIALS"] = write("named.json", user("named"));
  EXPECT_THAT(first_call(), HasSubstr("client_id=named"));
  spec_.credentials = core::Secret(write("own.json", user("own")));
  EXPECT_THAT(first_call(), HasSubstr("client_id=own"));
  spec_.credentials = core::Secret(user("inline"));
  EXPECT_THAT(first_call(), HasSubstr("client_id=inline"));
  EXPECT_EQ(find()->quota_project, "q");
}

TEST_F(GoogleCredentialsTest, OfTheMachineGoToGooglesAddressesAlone) {
  environment_["GOOGLE_APPLICATION_CREDENTIALS"] = write("named.json", user("named"));
  for (const char* url : {"https://evil.example/v1", "http://us-east1-aiplatform.googleapis.com/v1",
                          "https://googleapis.com.evil.example/v1", "https://evilgoogleapis.com/v1",
                          "http://127.0.0.1:8080/v1", "https://googleapis.com@evil.example/v1"}) {
    spec_.base_url = url;
    EXPECT_EQ(first_call(), "") << url;
    EXPECT_FALSE(has_google_credentials(spec_)) << url;
  }
  // With a certificate of the file's own, and a proxy, any server has Google's name.
  spec_.base_url = "https://aiplatform.googleapis.com/v1";
  spec_.ca_file = "ca.pem";
  EXPECT_EQ(first_call(), "");
}

TEST_F(GoogleCredentialsTest, GivenExplicitlyGoWhereTheFileSays) {
  spec_.base_url = "http://127.0.0.1:8080/v1";
  spec_.credentials = core::Secret(user("inline"));
  EXPECT_THAT(first_call(), HasSubstr("client_id=inline"));
}

TEST_F(GoogleCredentialsTest, ThatCannotBeReadSayWhereTheyCameFromAndNotWhatTheyAre) {
  const std::string pipe = folder_ + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const auto& [given, what] : {std::pair<std::string, std::string>{
                                        "HUSH-a-key-in-place-of-a-path", "no file of this name"},
                                    {pipe, "not a file"},
                                    {folder_, "not a file"},
                                    {write("large.json", std::string(100'000, ' ')), "too large"},
                                    {write("text.json", "HUSH"), "not a JSON object"},
                                    {R"({"type":"HUSH)", "not a JSON object"}}) {
    spec_.credentials = core::Secret(given);
    const auto found = find();
    ASSERT_FALSE(found) << given;
    EXPECT_EQ(found.error().code, core::ErrorCode::pipeline);
    EXPECT_EQ(found.error().where, "credentials of vertex/m");
    EXPECT_THAT(found.error().message, testing::AllOf(HasSubstr(what), Not(HasSubstr("HUSH"))));
  }
  spec_.credentials = core::Secret();
  environment_["GOOGLE_APPLICATION_CREDENTIALS"] = "/nowhere/at/all.json";
  EXPECT_EQ(find().error().where, "GOOGLE_APPLICATION_CREDENTIALS");
}

}  // namespace
}  // namespace sluice::auth
