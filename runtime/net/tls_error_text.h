// What goes wrong with TLS, in words that a user can act on, and the loading of PEM files, where
// most of it goes wrong.
//
// Threads: any.
#pragma once

#include <openssl/ssl.h>

#include <string>

#include "core/error.h"

namespace sluice::net {

// Why verification refused the certificate: `code` is an X509_V_ERR_…, `certificate` the one at
// `depth` (0 = the server's own; may be null), `host` what the user wanted to reach.
std::string certificate_error(int code, X509* certificate, int depth, const std::string& host);
// Why OpenSSL gave up, from its error queue (0 = the queue was empty).
std::string library_error(unsigned long error);
// Whether that is about what the two sides are (certificate, name, version, cipher, a port without
// TLS), and so the same next time. A connection that ended in the handshake is not: servers
// restart.
bool is_final(unsigned long error);

void set_common_options(SSL_CTX* context);
core::Status load_ca_file(SSL_CTX* context, const std::string& path);
core::Status load_certificate(SSL_CTX* context, const std::string& certificate_file,
                              const std::string& key_file);

}  // namespace sluice::net
