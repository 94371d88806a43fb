// Where a program with an OpenSSL of its own finds the CA certificates of the distribution that it runs on.
#include "net/system_cas.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "certificates.h"

namespace sluice::net {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// The environment without OpenSSL's variables, or with the one given.
class Environment {
 public:
  Environment() {
    for (const char* name : kNames) {
      const char* value = std::getenv(name);
      before_.push_back(value ? std::optional<std::string>(value) : std::nullopt);
      ::unsetenv(name);
    }
  }
  ~Environment() {
    for (std::size_t i = 0; i < before_.size(); ++i) {
      if (before_[i]) {
        ::setenv(kNames[i], before_[i]->c_str(), 1);
      } else {
        ::unsetenv(kNames[i]);
      }
    }
  }

 private:
  static constexpr const char* kNames[] = {"SSL_CERT_FILE", "SSL_CERT_DIR"};
  std::vector<std::optional<std::string>> before_;
};

class SystemCasTest : public testing::Test {
 protected:
  SystemCasTest() : context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {}

  // The machine has the bundle of this CA at `path`.
  void put(const http::Certificates& ca, const std::string& path) const {
    fs::create_directories(fs::path(root() + path).parent_path());
    fs::copy_file(ca.ca_file(), root() + path, fs::copy_options::overwrite_existing);
  }
  std::string root() const { return first_.directory() + "/machine"; }
  core::Status load() const { return load_system_cas(context_.get(), root()); }
  // The names of the CAs that are trusted, one after the other.
  std::string trusted() const {
    std::string names;
    STACK_OF(X509_OBJECT)* all = X509_STORE_get0_objects(SSL_CTX_get_cert_store(context_.get()));
    for (int i = 0; i < sk_X509_OBJECT_num(all); ++i) {
      char name[256] = "";
      const X509* certificate = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i));
      X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
                                sizeof name);
      names += std::string(names.empty() ? "" : ", ") + name;
    }
    return names;
  }

  Environment environment_;
  http::Certificates first_{"First CA"};
  http::Certificates second_{"Second CA"};
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
};

TEST_F(SystemCasTest, AreFoundWhereEachDistributionKeepsThem) {
  for (const char* path :
       {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/ssl/cert.pem", "/var/lib/ca-certificates/ca-bundle.pem"}) {
    SCOPED_TRACE(path);
    fs::remove_all(root());
    context_.reset(SSL_CTX_new(TLS_client_method()));
    put(first_, path);
    ASSERT_TRUE(load().has_value());
    EXPECT_EQ(trusted(), "First CA");
  }
}

TEST_F(SystemCasTest, OfOpenSslsOwnPlaceComeFirst) {
  put(first_, X509_get_default_cert_file());
  put(second_, "/etc/pki/tls/certs/ca-bundle.crt");
  ASSERT_TRUE(load().has_value());
  EXPECT_EQ(trusted(), "First CA");
}

TEST_F(SystemCasTest, AFolderThatHoldsNothingAndADamagedBundleArePassedOver) {
  fs::create_directories(root() + X509_get_default_cert_dir());
  fs::create_directories(root() + "/etc/ssl/certs/ca-certificates.crt");  // a folder of that name
  put(second_, "/etc/pki/tls/certs/ca-bundle.crt");
  ASSERT_TRUE(load().has_value());
  EXPECT_EQ(trusted(), "Second CA");
}

TEST_F(SystemCasTest, TheEnvironmentComesBeforeThemAll) {
  put(first_, "/etc/pki/tls/certs/ca-bundle.crt");
  ::setenv("SSL_CERT_FILE", second_.ca_file().c_str(), 1);
  ASSERT_TRUE(load().has_value());
  EXPECT_EQ(trusted(), "Second CA");
}

TEST_F(SystemCasTest, WhereThereAreNoneAtAllTheErrorSaysWhatToDo) {
  const auto loaded = load();
  ASSERT_FALSE(loaded.has_value());
  EXPECT_THAT(loaded.error().message, HasSubstr("ca-certificates"));
  EXPECT_THAT(loaded.error().message, HasSubstr("SSL_CERT_FILE"));
  EXPECT_THAT(loaded.error().message, HasSubstr("ca_file"));
  EXPECT_THAT(loaded.error().message, HasSubstr("/etc/pki/tls/certs/ca-bundle.crt"));
}

}  // namespace
}  // namespace sluice::net
