// name128(): OpenSSL's SHA-256 over
//
//   SHA-256(length:u64 `what` (length:u64 part)*), lengths little-endian; the digest's first 16
//   bytes as high and low, most significant byte first.
#include <openssl/evp.h>

#include <array>
#include <bit>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "core/hash.h"

namespace sluice::core {
namespace {

// OpenSSL's part of a name takes as long as the hashing of a row: so the algorithm is looked up
// once, and each thread keeps its context.
class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new()) {
    static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    check(context_ != nullptr && algorithm != nullptr &&
          EVP_DigestInit_ex2(context_.get(), algorithm, nullptr) == 1);
  }

  void begin() { check(EVP_DigestInit_ex2(context_.get(), nullptr, nullptr) == 1); }
  void add(std::string_view bytes) {
    check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
  }
  using Digest = std::array<unsigned char, 32>;
  Digest end() {
    Digest digest;
    check(EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) == 1);
    return digest;
  }

 private:
  static void check(bool went_well) {
    if (!went_well)
      throw std::runtime_error(
          "OpenSSL has no SHA-256, by which questions are named: is its configuration "
          "(OPENSSL_CONF) in order?");
  }
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

// Gathers short parts, since each call of OpenSSL has its price.
class Gathered {
 public:
  explicit Gathered(Sha256& hash) : hash_(hash) {}
  void add(std::string_view bytes) {
    if (bytes.empty()) return;
    if (bytes.size() > buffer_.size() - size_) flush();
    if (bytes.size() > buffer_.size()) return hash_.add(bytes);
    std::memcpy(buffer_.data() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void add_with_length(std::string_view bytes) {
    static_assert(std::endian::native == std::endian::little, "as it is stored");
    const std::uint64_t length = bytes.size();
    add({reinterpret_cast<const char*>(&length), sizeof length});
    add(bytes);
  }
  void flush() {
    if (size_ > 0) hash_.add({buffer_.data(), size_});
    size_ = 0;
  }

 private:
  Sha256& hash_;
  std::array<char, 512> buffer_;
  std::size_t size_ = 0;
};

std::uint64_t big_endian(const unsigned char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return std::byteswap(word);
}

}  // namespace

Hash128 name128(std::string_view what, std::initializer_list<std::string_view> parts) {
  thread_local Sha256 hash;
  hash.begin();
  Gathered gathered(hash);
  gathered.add_with_length(what);
  for (const std::string_view part : parts) gathered.add_with_length(part);
  gathered.flush();
  const Sha256::Digest digest = hash.end();
  return {big_endian(digest.data()), big_endian(digest.data() + 8)};
}

}  // namespace sluice::core
