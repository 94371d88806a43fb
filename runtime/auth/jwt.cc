#include "auth/jwt.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>

namespace sluice::auth {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

constexpr int kFewestBits = 2048;  // RFC 7518 §3.3
constexpr int kMostBits = 8192;    // more would hold up the loop

std::unexpected<core::Error> bad_key(std::string what) {
  ERR_clear_error();
  return core::fail(core::ErrorCode::pipeline, std::move(what));
}

// OpenSSL would ask for it at the terminal.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

core::Result<Key> read_key(const core::Secret& pem) {
  const std::string& text = pem.reveal();
  const std::unique_ptr<BIO, decltype(&BIO_free)> bytes(
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free);
  if (!bytes) throw std::bad_alloc();
  Key key(PEM_read_bio_PrivateKey(bytes.get(), nullptr, no_passphrase, nullptr), EVP_PKEY_free);
  if (!key) return bad_key("the private key is not a PEM text without a passphrase");
  if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA)
    return bad_key("the private key is not an RSA key");
  const int bits = EVP_PKEY_get_bits(key.get());
  if (bits < kFewestBits || bits > kMostBits)
    return bad_key("the private key does not have 2048 to 8192 bits");
  return key;
}

}  // namespace

std::string base64url(std::string_view bytes) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (held += 8; held >= 6; held -= 6) out += kLetters[bits >> (held - 6) & 63];
  }
  if (held > 0) out += kLetters[bits << (6 - held) & 63];
  return out;
}

core::Result<std::string> sign_rs256(std::string_view header, std::string_view claims,
                                     const core::Secret& pem) {
  const auto key = read_key(pem);
  if (!key) return std::unexpected(key.error());
  std::string token = base64url(header) + '.' + base64url(claims);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key->get())), '\0');
  std::size_t size = signature.size();
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key->get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     reinterpret_cast<const unsigned char*>(token.data()), token.size()) != 1)
    return bad_key("the private key cannot sign");
  signature.resize(size);
  return token + '.' + base64url(signature);
}

}  // namespace sluice::auth
