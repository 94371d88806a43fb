#include "auth/aws_profile.h"

#include <gtest/gtest.h>

namespace sluice::auth {
namespace {

// "ID SECRET SESSION ELSEWHERE", each where it is there.
std::string profile(std::string_view text, std::string_view name = "default") {
  const auto found = read_aws_profile(text, name);
  if (!found) return "none";
  std::string all = found->key_id;
  for (const std::string& part :
       {found->secret.reveal(), found->session.reveal(), found->elsewhere})
    if (!part.empty()) all += " " + part;
  return all;
}

TEST(AwsProfile, IsReadFromItsSection) {
  constexpr std::string_view kText =
      "# a comment\n"
      "aws_access_key_id = before any section\n"
      "[default]\n"
      "aws_access_key_id = ID\n"
      "aws_secret_access_key=a+b/c==\n"
      "region = us-east-1\n"
      "\n"
      "[ profile  other ] ; as the config file has it\r\n"
      "AWS_Access_Key_Id = ID2 # an inline comment\r\n"
      "aws_secret_access_key = s#2;x\r\n"
      "aws_session_token = t==\r\n"
      "s3 =\r\n"
      "  aws_access_key_id = of something nested\r\n";
  EXPECT_EQ(profile(kText), "ID a+b/c==");
  EXPECT_EQ(profile(kText, "other"), "ID2 s#2;x t==");
  EXPECT_EQ(profile(kText, "missing"), "none");
}

TEST(AwsProfile, OfTwoLinesTheLaterWins) {
  EXPECT_EQ(profile("[default]\naws_access_key_id=a\n[x]\n[default]\naws_access_key_id=b"), "b");
}

TEST(AwsProfile, SaysWhereElseItsKeysComeFrom) {
  EXPECT_EQ(profile("[default]\ncredential_process = /bin/x\n"), " credential_process");
  EXPECT_EQ(profile("[profile a]\nsso_session = s\nrole_arn = r\n", "a"), " sso_session");
  EXPECT_EQ(profile("[default]\nregion = x\n"), "");
}

}  // namespace
}  // namespace sluice::auth
