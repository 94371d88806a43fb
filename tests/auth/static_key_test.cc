#include "auth/static_key.h"

#include <gtest/gtest.h>

namespace sluice::auth {
namespace {

using provider::AuthScheme;

std::string lines(AuthScheme scheme, const std::string& key) {
  return *make_static_key(scheme, core::Secret(key), "a: b\r\n")->prove({}, {})->headers;
}

TEST(StaticKey, TravelsInTheHeaderThatTheServiceTakes) {
  EXPECT_EQ(lines(AuthScheme::bearer, "k"), "a: b\r\nauthorization: Bearer k\r\n");
  EXPECT_EQ(lines(AuthScheme::x_api_key, "k"), "a: b\r\nx-api-key: k\r\n");
  EXPECT_EQ(lines(AuthScheme::x_goog_api_key, "k"), "a: b\r\nx-goog-api-key: k\r\n");
  EXPECT_EQ(lines(AuthScheme::api_key, "k"), "a: b\r\napi-key: k\r\n");
}

TEST(StaticKey, OfEntraIsABearerToken) {
  EXPECT_EQ(lines(AuthScheme::api_key, "eyJh.x.y"), "a: b\r\nauthorization: Bearer eyJh.x.y\r\n");
}

TEST(StaticKey, AddsNothingWhereThereIsNone) {
  EXPECT_EQ(lines(AuthScheme::bearer, ""), "a: b\r\n");
}

TEST(StaticKey, ThatIsRefusedStaysRefused) {
  EXPECT_FALSE(make_static_key(AuthScheme::bearer, core::Secret("k"), "")->refused(0));
}

}  // namespace
}  // namespace sluice::auth
