#include "auth/jwt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>

#include "tests/auth/rfc7515_key.h"

namespace sluice::auth {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

std::string private_pem(EVP_PKEY* key, const char* passphrase = nullptr) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
  PEM_write_bio_PKCS8PrivateKey(out.get(), key, passphrase ? EVP_aes_256_cbc() : nullptr, nullptr,
                                0, nullptr, const_cast<char*>(passphrase));
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

std::string unbase64url(std::string_view text) {
  std::string base64(text);
  for (char& c : base64) c = c == '-' ? '+' : c == '_' ? '/' : c;
  const std::size_t padding = (4 - base64.size() % 4) % 4;
  base64.append(padding, '=');
  std::string bytes(base64.size() / 4 * 3, '\0');
  EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                  reinterpret_cast<const unsigned char*>(base64.data()),
                  static_cast<int>(base64.size()));
  return bytes.substr(0, bytes.size() - padding);
}

bool is_signed_by(std::string_view token, std::string_view public_pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> in(
      BIO_new_mem_buf(public_pem.data(), static_cast<int>(public_pem.size())), BIO_free);
  const Key key(PEM_read_bio_PUBKEY(in.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  const std::size_t dot = token.rfind('.');
  const std::string signature = unbase64url(token.substr(dot + 1));
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                          signature.size(), reinterpret_cast<const unsigned char*>(token.data()),
                          dot) == 1;
}

TEST(Base64Url, HasNoPaddingAndNoCharacterThatAUrlEscapes) {
  for (const auto& [bytes, text] : {std::pair<std::string_view, std::string_view>{"", ""},
                                    {"f", "Zg"},
                                    {"fo", "Zm8"},
                                    {"foo", "Zm9v"},
                                    {"foob", "Zm9vYg"},
                                    {"fooba", "Zm9vYmE"},
                                    {"foobar", "Zm9vYmFy"},
                                    {"\xfb\xff\xfe", "-__-"}})
    EXPECT_EQ(base64url(bytes), text);
}

TEST(Jwt, IsThatOfTheExampleInItsStandard) {
  const auto token =
      sign_rs256(kRfc7515Header, kRfc7515Claims, core::Secret(std::string(kRfc7515PrivateKey)));
  ASSERT_TRUE(token) << token.error().text();
  EXPECT_EQ(*token, kRfc7515Token);
}

TEST(Jwt, IsVerifiedByThePublicKeyUnlessItWasChanged) {
  auto token = sign_rs256("{}", "{\"a\":1}", core::Secret(std::string(kRfc7515PrivateKey)));
  ASSERT_TRUE(token) << token.error().text();
  EXPECT_TRUE(is_signed_by(*token, kRfc7515PublicKey));
  (*token)[1] = 'x';
  EXPECT_FALSE(is_signed_by(*token, kRfc7515PublicKey));
}

TEST(Jwt, WithAnyOtherKeyIsAnErrorThatDoesNotShowIt) {
  const Key small(EVP_RSA_gen(1024), EVP_PKEY_free);
  const Key curve(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const Key locked(EVP_RSA_gen(2048), EVP_PKEY_free);
  for (const auto& [pem, message] :
       {std::pair<std::string, std::string>{"", "PEM text"},
        {"nothing of the kind", "PEM text"},
        {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "PEM text"},
        {private_pem(locked.get(), "open sesame"), "without a passphrase"},
        {private_pem(small.get()), "2048 to 8192 bits"},
        {private_pem(curve.get()), "not an RSA key"}}) {
    const auto token = sign_rs256("{}", "{}", core::Secret(pem));
    ASSERT_FALSE(token);
    EXPECT_EQ(token.error().code, core::ErrorCode::pipeline);
    EXPECT_THAT(token.error().message, testing::HasSubstr(message));
    EXPECT_THAT(token.error().message, testing::Not(testing::HasSubstr("AAAA")));
  }
}

}  // namespace
}  // namespace sluice::auth
