#include "redis/script.h"

#include <openssl/evp.h>

#include <array>
#include <new>

namespace sluice::redis {

Script make_script(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1)
    throw std::bad_alloc();
  Script script{std::string(text), {}};
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (unsigned i = 0; i < size; ++i) {
    script.sha1 += kDigits[digest[i] >> 4];
    script.sha1 += kDigits[digest[i] & 15];
  }
  return script;
}

}  // namespace sluice::redis
