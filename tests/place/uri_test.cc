#include "place/uri.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::place {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Uri, AnObjectHasABucketAndAKeyThatMayHoldAnything) {
  const auto uri = parse_uri("s3://my.bucket-1/a b/ä#?.jsonl");
  ASSERT_TRUE(uri) << uri.error().text();
  EXPECT_EQ(uri->scheme, Scheme::s3);
  EXPECT_EQ(uri->bucket, "my.bucket-1");
  EXPECT_EQ(uri->key, "a b/ä#?.jsonl");
  EXPECT_EQ(parse_uri("gs://bucket")->key, "");
  EXPECT_EQ(parse_uri("gs://bucket/")->scheme, Scheme::gs);
}

TEST(Uri, ABucketThatCouldChangeTheHostIsRefused) {
  for (const char* text : {"s3://", "s3:///key", "s3://a/key", "s3://evil.com#/key",
                           "s3://a@b.c/key", "s3://a..b/key", "s3://-abc/key", "s3://ab:80/key"})
    EXPECT_FALSE(parse_uri(text)) << text;
}

TEST(Uri, ANameWithASchemeIsRemoteAndAPathIsNot) {
  for (const char* text :
       {"s3://b/k", "gs://b/k", "https://h/p", "hf://datasets/a/b/c", "ftp://h/p"})
    EXPECT_TRUE(is_remote(text)) << text;
  for (const char* text : {"a/b", "/a", "-", "", "://a", "a b://c", "./s3://b", "rows:1/2"})
    EXPECT_FALSE(is_remote(text)) << text;
}

TEST(Uri, AWebAddressKeepsItsQueryAndDoesNotShowIt) {
  const auto uri = parse_uri("https://host:8443/a b.csv?X-Amz-Signature=SECRET#x");
  ASSERT_TRUE(uri) << uri.error().text();
  EXPECT_EQ(uri->base, "https://host:8443");
  EXPECT_EQ(uri->key, "/a%20b.csv?X-Amz-Signature=SECRET");
  EXPECT_EQ(uri->shown, "https://host:8443/a b.csv");
  EXPECT_EQ(parse_uri("http://host")->key, "/");
}

TEST(Uri, APasswordIsRefusedAndNotShown) {
  const auto uri = parse_uri("https://me:hunter2@host/a");
  ASSERT_FALSE(uri);
  EXPECT_THAT(uri.error().text(), Not(HasSubstr("hunter2")));
}

TEST(Uri, AnotherSchemeNamesThoseThatThereAre) {
  const auto uri = parse_uri("ftp://host/secret-path");
  ASSERT_FALSE(uri);
  EXPECT_THAT(uri.error().text(), HasSubstr("s3://, gs://, https://"));
}

TEST(Uri, ADataSetIsAFileOfHuggingFace) {
  const auto uri = parse_uri("hf://datasets/me/my set/data/a.jsonl");
  ASSERT_TRUE(uri) << uri.error().text();
  EXPECT_EQ(uri->base, "https://huggingface.co");
  EXPECT_EQ(uri->key, "/datasets/me/my%20set/resolve/main/data/a.jsonl");
  for (const char* text : {"hf://me/set/a", "hf://datasets/me/set", "hf://datasets/me//a"})
    EXPECT_FALSE(parse_uri(text)) << text;
}

}  // namespace
}  // namespace sluice::place
