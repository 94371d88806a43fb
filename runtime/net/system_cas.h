// The certificates of the authorities that this machine trusts. OpenSSL looks for them where it was built to
// look, and distributions keep them in different places: a program with an OpenSSL of its own inside
// (the `portable` preset) would find none on most of them.
//
// Threads: any.
#pragma once

#include <openssl/ssl.h>

#include <string>

#include "core/error.h"

namespace sluice::net {

// Loads the first that is there, and nothing further down:
//   1. what the environment names, SSL_CERT_FILE and SSL_CERT_DIR, as OpenSSL reads them
//   2. OpenSSL's own places
//   3. the bundles of other distributions, in the order of Go's crypto/x509/root_linux.go
// An error says which places were looked at. `root` stands before each path of 2 and 3, for tests.
core::Status load_system_cas(SSL_CTX* context, const std::string& root = "");

}  // namespace sluice::net
