// TLS over memory: ciphertext goes in, plaintext comes out, and the other way round. No socket is
// touched here, so client and server share it.
//
// Threads: the loop's.
//
// Invariants:
//   1. TLS 1.2 or newer. A client always verifies the certificate chain and the host name (or the
//      IP address); there is no switch to turn that off.
//   2. Input is borrowed: what feed() was given must be used up by handshake() and read() before
//      the bytes go.
//   3. An error is a message that a user can act on, and holds no secret.
#pragma once

#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/error.h"

namespace sluice::net {

using TlsContext = std::shared_ptr<SSL_CTX>;

// Trusts the certificates of `ca_file` (PEM) and no others; those of the system when it is empty.
core::Result<TlsContext> client_tls_context(const std::string& ca_file);
core::Result<TlsContext> server_tls_context(const std::string& certificate_file,
                                            const std::string& key_file);

// The newest session that an origin's server has offered, so that the next handshake is short.
// Several connections may resume one session: those that have no newer one.
// Must outlive the Tls objects that use it.
class TlsSessionCache {
 public:
  // `on_kept` is called in the middle of OpenSSL's work: it may take note, and do nothing else.
  explicit TlsSessionCache(std::function<void()> on_kept) : on_kept_(std::move(on_kept)) {}
  // Takes ownership.
  void keep(SSL_SESSION* session) {
    session_.reset(session);
    on_kept_();
  }
  SSL_SESSION* get() const { return session_.get(); }

 private:
  struct Free {
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
  };
  std::unique_ptr<SSL_SESSION, Free> session_;
  std::function<void()> on_kept_;
};

class Tls {
 public:
  // `host` is a DNS name (sent as SNI) or an IP address.
  static std::unique_ptr<Tls> client(const TlsContext& context, const std::string& host,
                                     TlsSessionCache& sessions);
  static std::unique_ptr<Tls> server(const TlsContext& context);
  ~Tls();
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;

  enum class Step : std::uint8_t {
    want_input,
    done,    // handshake(): complete. read(): `into` is full
    closed,  // the peer has said that nothing more comes
    failed,  // trouble() says why, is_final() whether it will be the same next time
  };

  void feed(std::string_view input) { input_ = input; }
  Step handshake();
  // Appends to `into` from `count` on.
  Step read(std::span<char> into, std::size_t& count);
  void write(std::string_view plain);
  void close();  // says that nothing more comes

  // Ciphertext to be sent; the caller takes from it.
  std::string& output() { return output_; }
  const std::string& problem() const { return problem_; }
  bool is_final() const { return final_; }
  bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  explicit Tls(const TlsContext& context);
  Step step(int result);
  void set_problem(std::string words, bool final) {
    if (!problem_.empty()) return;
    problem_ = std::move(words);
    final_ = final;
  }
  // OpenSSL's callbacks.
  static const BIO_METHOD* bio_method();
  static int verify(int good, X509_STORE_CTX* store);
  static int new_session(SSL* ssl, SSL_SESSION* session);

  friend core::Result<TlsContext> client_tls_context(const std::string& ca_file);

  std::unique_ptr<SSL, Free> ssl_;
  std::string host_;
  TlsSessionCache* sessions_ = nullptr;
  std::string_view input_;
  std::string output_;
  std::string problem_;
  bool final_ = false;
};

}  // namespace sluice::net
