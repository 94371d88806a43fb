#include "certificates.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

namespace sluice::http {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

Key make_key() {
  return Key(EVP_EC_gen("P-256"), EVP_PKEY_free);
}

void add_extension(X509* certificate, int nid, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Certificate make_certificate(EVP_PKEY* key, const std::string& common_name, int serial,
                             int from_days, int to_days) {
  Certificate certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), from_days * 86'400L);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), to_days * 86'400L);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                             0);
  return certificate;
}

void write_certificate(const std::string& path, X509* certificate) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  PEM_write_X509(file, certificate);
  std::fclose(file);
}

}  // namespace

struct Certificates::Authority {
  Key key = make_key();
  Certificate certificate{nullptr, X509_free};
};

Certificates::Certificates(const std::string& ca_name) : authority_(new Authority) {
  authority_->certificate = make_certificate(authority_->key.get(), ca_name, 1, -10, 10);
  std::string pattern = testing::TempDir() + "/sluice-certificates-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) std::abort();
  directory_ = pattern;
  X509* ca = authority_->certificate.get();
  X509_set_issuer_name(ca, X509_get_subject_name(ca));
  add_extension(ca, NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(ca, authority_->key.get(), EVP_sha256());
  write_certificate(ca_file(), ca);
}

Certificates::~Certificates() {
  delete authority_;
  std::filesystem::remove_all(directory_);
}

std::string Certificates::ca_file() const {
  return directory_ + "/ca.pem";
}

CertificateFiles Certificates::make(const std::vector<std::string>& names, int from_days,
                                    int to_days, bool self_signed) {
  const Key key = make_key();
  const Certificate certificate =
      make_certificate(key.get(), "leaf", 2 + made_, from_days, to_days);
  X509* issuer = self_signed ? certificate.get() : authority_->certificate.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer));
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ",") + name;
  if (!all.empty()) add_extension(certificate.get(), NID_subject_alt_name, all);
  X509_sign(certificate.get(), self_signed ? key.get() : authority_->key.get(), EVP_sha256());

  const std::string base = directory_ + "/" + std::to_string(++made_);
  CertificateFiles files{base + ".pem", base + ".key"};
  write_certificate(files.certificate, certificate.get());
  std::FILE* file = std::fopen(files.key.c_str(), "wb");
  PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  return files;
}

}  // namespace sluice::http
