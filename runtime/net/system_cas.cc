#include "net/system_cas.h"

#include <fmt/format.h>
#include <openssl/x509.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "net/tls_error_text.h"

namespace sluice::net {
namespace {

constexpr const char* kBundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Arch, Gentoo
    "/etc/pki/tls/certs/ca-bundle.crt",                   // Fedora, RHEL and their kin, Amazon
    "/etc/ssl/ca-bundle.pem",                             // openSUSE
    "/etc/pki/tls/cacert.pem",                            // OpenELEC
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // RHEL 7 and newer, Fedora 42
    "/etc/ssl/cert.pem",                                  // Alpine
    "/etc/ssl/certs/ca-bundle.crt",                       // NixOS
    "/var/lib/ca-certificates/ca-bundle.pem",             // openSUSE, newer
};

bool holds_files(const std::string& folder) {
  std::error_code ignored;
  const std::filesystem::directory_iterator first(folder, ignored);
  return first != std::filesystem::directory_iterator();
}

}  // namespace

core::Status load_system_cas(SSL_CTX* context, const std::string& root) {
  if (std::getenv("SSL_CERT_FILE") != nullptr || std::getenv("SSL_CERT_DIR") != nullptr) {
    if (SSL_CTX_set_default_verify_paths(context) == 1) return {};
    return core::fail(core::ErrorCode::io,
                      "TLS: the certificates that SSL_CERT_FILE or SSL_CERT_DIR name cannot be "
                      "read; correct the variable, or name a file with ca_file");
  }
  const std::string own_file = root + X509_get_default_cert_file();
  const std::string own_folder = root + X509_get_default_cert_dir();
  const bool has_file = load_ca_file(context, own_file).has_value();
  // Certificates of a folder are read when one is asked for.
  const bool has_folder =
      holds_files(own_folder) && SSL_CTX_load_verify_dir(context, own_folder.c_str()) == 1;
  if (has_file || has_folder) return {};
  std::string looked = own_folder;
  for (const char* bundle : kBundles) {
    if (load_ca_file(context, root + bundle)) return {};
    looked += ", " + root + bundle;
  }
  return core::fail(
      core::ErrorCode::io,
      fmt::format("TLS: this machine's CA certificates were not found; install the package "
                  "ca-certificates, set SSL_CERT_FILE, or name a file with ca_file (looked at {})",
                  looked));
}

}  // namespace sluice::net
