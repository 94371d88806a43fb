// Certificates made for one test run: P-256 keys, PEM files in a directory of their own.
#pragma once

#include <string>
#include <vector>

namespace sluice::http {

struct CertificateFiles {
  std::string certificate;  // paths
  std::string key;
};

class Certificates {
 public:
  explicit Certificates(const std::string& ca_name = "Test CA");
  ~Certificates();  // removes the files
  Certificates(const Certificates&) = delete;

  std::string ca_file() const;
  // `names` as OpenSSL writes them: "DNS:localhost", "IP:127.0.0.1". Valid from `from_days` to
  // `to_days` from today. Signed by the CA, or by itself.
  CertificateFiles make(const std::vector<std::string>& names, int from_days = -1, int to_days = 1,
                        bool self_signed = false);
  const std::string& directory() const { return directory_; }

 private:
  struct Authority;
  std::string directory_;
  Authority* authority_;
  int made_ = 0;
};

}  // namespace sluice::http
