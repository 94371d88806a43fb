#include "net/tls.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "net/system_cas.h"
#include "net/tls_error_text.h"

namespace sluice::net {
namespace {

bool is_address(const std::string& host) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

}  // namespace

// A BIO that reads from `input_` and appends to `output_`: OpenSSL's own memory BIO would keep a
// second copy of both for as long as the connection lives.
const BIO_METHOD* Tls::bio_method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sluice memory");
    BIO_meth_set_read(m, [](BIO* bio, char* into, int size) {
      std::string_view& input = static_cast<Tls*>(BIO_get_data(bio))->input_;
      BIO_clear_retry_flags(bio);
      if (input.empty()) {
        BIO_set_retry_read(bio);
        return -1;
      }
      const std::size_t count = std::min(input.size(), static_cast<std::size_t>(size));
      std::memcpy(into, input.data(), count);
      input.remove_prefix(count);
      return static_cast<int>(count);
    });
    BIO_meth_set_write(m, [](BIO* bio, const char* from, int size) {
      BIO_clear_retry_flags(bio);
      static_cast<Tls*>(BIO_get_data(bio))->output_.append(from, static_cast<std::size_t>(size));
      return size;
    });
    BIO_meth_set_ctrl(m, [](BIO*, int command, long, void*) -> long {
      return command == BIO_CTRL_FLUSH ? 1 : 0;
    });
    return m;
  }();
  return method;
}

Tls::Tls(const TlsContext& context) : ssl_(SSL_new(context.get())) {
  BIO* bio = ssl_ ? BIO_new(bio_method()) : nullptr;
  if (bio == nullptr) throw std::bad_alloc();  // the only way for either to fail
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_app_data(ssl_.get(), this);
}

Tls::~Tls() {
  // Without this OpenSSL takes a connection that ends without a full shutdown for a broken one and
  // makes its session useless for resumption.
  SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

std::unique_ptr<Tls> Tls::client(const TlsContext& context, const std::string& host,
                                 TlsSessionCache& sessions) {
  std::unique_ptr<Tls> tls(new Tls(context));
  SSL* ssl = tls->ssl_.get();
  tls->host_ = host;
  tls->sessions_ = &sessions;
  X509_VERIFY_PARAM* param = SSL_get0_param(ssl);
  if (is_address(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(param, host.c_str());
  } else {
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    X509_VERIFY_PARAM_set1_host(param, host.c_str(), host.size());
    SSL_set_tlsext_host_name(ssl, host.c_str());
  }
  if (SSL_SESSION* session = sessions.get(); session && SSL_SESSION_is_resumable(session) == 1) {
    SSL_set_session(ssl, session);
  }
  SSL_set_connect_state(ssl);
  return tls;
}

std::unique_ptr<Tls> Tls::server(const TlsContext& context) {
  std::unique_ptr<Tls> tls(new Tls(context));
  SSL_set_accept_state(tls->ssl_.get());
  return tls;
}

Tls::Step Tls::step(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Step::want_input;
    case SSL_ERROR_ZERO_RETURN:
      return Step::closed;
    default: {
      const unsigned long error = ERR_peek_error();
      set_problem("TLS: " + library_error(error), net::is_final(error));
      ERR_clear_error();
      return Step::failed;
    }
  }
}

Tls::Step Tls::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  return result == 1 ? Step::done : step(result);
}

Tls::Step Tls::read(std::span<char> into, std::size_t& count) {
  while (count < into.size()) {
    ERR_clear_error();
    std::size_t got = 0;
    const int result = SSL_read_ex(ssl_.get(), into.data() + count, into.size() - count, &got);
    if (result != 1) return step(result);
    count += got;
  }
  return Step::done;
}

void Tls::write(std::string_view plain) {
  if (plain.empty()) return;
  ERR_clear_error();
  std::size_t written = 0;
  if (SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &written) != 1) step(0);
}

void Tls::close() {
  ERR_clear_error();
  if (SSL_is_init_finished(ssl_.get()) == 1) SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

int Tls::verify(int good, X509_STORE_CTX* store) {
  if (good == 1) return 1;
  auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* tls = static_cast<Tls*>(SSL_get_app_data(ssl));
  tls->set_problem("TLS: " + certificate_error(X509_STORE_CTX_get_error(store),
                                               X509_STORE_CTX_get_current_cert(store),
                                               X509_STORE_CTX_get_error_depth(store), tls->host_),
                   true);
  return 0;
}

int Tls::new_session(SSL* ssl, SSL_SESSION* session) {
  try {
    static_cast<Tls*>(SSL_get_app_data(ssl))->sessions_->keep(session);
  } catch (...) {  // not through OpenSSL: this session is not resumed, that is all
    return 0;
  }
  return 1;  // ours now
}

core::Result<TlsContext> client_tls_context(const std::string& ca_file) {
  TlsContext context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  if (!context) throw std::bad_alloc();
  SSL_CTX* ctx = context.get();
  set_common_options(ctx);
  const core::Status loaded = ca_file.empty() ? load_system_cas(ctx) : load_ca_file(ctx, ca_file);
  if (!loaded) return std::unexpected(loaded.error());
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, &Tls::verify);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(ctx, &Tls::new_session);
  constexpr unsigned char kProtocols[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(ctx, kProtocols, sizeof kProtocols - 1);
  return context;
}

core::Result<TlsContext> server_tls_context(const std::string& certificate_file,
                                            const std::string& key_file) {
  TlsContext context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) throw std::bad_alloc();
  SSL_CTX* ctx = context.get();
  set_common_options(ctx);
  if (auto loaded = load_certificate(ctx, certificate_file, key_file); !loaded) {
    return std::unexpected(loaded.error());
  }
  constexpr unsigned char kContext[] = "sluice";
  SSL_CTX_set_session_id_context(ctx, kContext, sizeof kContext - 1);
  SSL_CTX_set_alpn_select_cb(
      ctx,
      [](SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
         unsigned offered_size, void*) {
        static constexpr unsigned char kOurs[] = "\x08http/1.1";
        unsigned char* chosen = nullptr;
        const int found = SSL_select_next_proto(&chosen, out_size, kOurs, sizeof kOurs - 1, offered,
                                                offered_size);
        *out = chosen;
        return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
      },
      nullptr);
  return context;
}

}  // namespace sluice::net
