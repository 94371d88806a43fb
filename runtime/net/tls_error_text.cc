#include "net/tls_error_text.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <memory>
#include <vector>

namespace sluice::net {
namespace {

std::string day_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return "an unknown day";
  return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

// The certificate decides what stands in it: keep control characters out of terminals and logs.
std::string printable(const unsigned char* bytes, int size) {
  std::string out;
  for (int i = 0; i < size; ++i)
    out += bytes[i] > ' ' && bytes[i] < 127 ? static_cast<char>(bytes[i]) : '?';
  return out;
}

std::string address_text(const ASN1_OCTET_STRING* address) {
  char text[INET6_ADDRSTRLEN] = "";
  const int size = ASN1_STRING_length(address);
  if (size == 4 || size == 16) {
    inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(address), text, sizeof text);
  }
  return text;
}

// The names that a certificate is for: its alternative names, else its common name.
std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> alternatives(
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free);
  for (int i = 0; alternatives && i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(alternatives.get(), i);
    if (name->type == GEN_DNS) {
      names.push_back(
          printable(ASN1_STRING_get0_data(name->d.dNSName), ASN1_STRING_length(name->d.dNSName)));
    } else if (name->type == GEN_IPADD) {
      names.push_back(address_text(name->d.iPAddress));
    }
  }
  if (names.empty()) {
    unsigned char common[256];
    const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                               reinterpret_cast<char*>(common), sizeof common);
    if (size > 0) names.push_back(printable(common, size));
  }
  return names;
}

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 3;
  std::string out;
  for (std::size_t i = 0; i < names.size() && i < kShown; ++i) {
    out += fmt::format("{}'{}'", i == 0 ? "" : ", ", names[i]);
  }
  if (names.size() > kShown) out += fmt::format(" and {} more", names.size() - kShown);
  return out.empty() ? "no name" : out;
}

std::string pem_error() {
  const unsigned long error = ERR_peek_last_error();
  std::string text;
  if (ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE) {
    text = "it holds no PEM block of that kind";
  } else if (const char* reason = ERR_reason_error_string(error)) {
    text = reason;
  } else {
    text = "it is damaged";
  }
  ERR_clear_error();
  return text;
}

core::Status readable(const std::string& what, const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr)
    return core::fail_errno(fmt::format("cannot read the {}", what), errno, path);
  // A directory opens and then cannot be read.
  errno = 0;
  const bool bad = std::fgetc(file) == EOF && std::ferror(file) != 0;
  const int number = errno;
  std::fclose(file);
  if (bad) return core::fail_errno(fmt::format("cannot read the {}", what), number, path);
  return {};
}

}  // namespace

std::string certificate_error(int code, X509* certificate, int depth, const std::string& host) {
  const std::string whose = depth == 0 ? fmt::format("certificate of {}", host)
                                       : fmt::format("a certificate in the chain of {}", host);
  switch (code) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return fmt::format("certificate is for {}, not '{}'",
                         certificate ? listed(names_of(certificate)) : "another name", host);
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return fmt::format("{} has expired on {}", whose,
                         day_of(certificate ? X509_get0_notAfter(certificate) : nullptr));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return fmt::format("{} is valid only from {} (is this machine's clock right?)", whose,
                         day_of(certificate ? X509_get0_notBefore(certificate) : nullptr));
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return fmt::format(
          "certificate of {} is not trusted: self-signed certificate (use ca_file if this is your "
          "own CA)",
          host);
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return fmt::format(
          "certificate of {} is not trusted: unknown certificate authority (use ca_file if this is "
          "your own CA)",
          host);
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return fmt::format(
          "certificate of {} is not trusted: a certificate authority of the right name has another "
          "key (is ca_file out of date?)",
          host);
    default:
      return fmt::format("{} is not accepted: {}", whose, X509_verify_cert_error_string(code));
  }
}

std::string library_error(unsigned long error) {
  if (error == 0) return "the connection ended unexpectedly";
  const int reason = ERR_GET_REASON(error);
  if (ERR_GET_LIB(error) == ERR_LIB_SSL) {
    switch (reason) {
      case SSL_R_WRONG_VERSION_NUMBER:
      case SSL_R_HTTP_REQUEST:
      case SSL_R_PACKET_LENGTH_TOO_LONG:
        return "the other side does not speak TLS on this port (http:// instead of https://?)";
      case SSL_R_UNSUPPORTED_PROTOCOL:
      case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
        return "the other side offers no TLS version of 1.2 or newer";
      default:
        break;
    }
    // Reasons above 1000 are alerts that the other side has sent (RFC 8446 §6).
    if (reason > SSL_AD_REASON_OFFSET) {
      return fmt::format("the other side refused: {}", ERR_reason_error_string(error));
    }
  }
  const char* words = ERR_reason_error_string(error);
  return words ? words : fmt::format("OpenSSL error {:#x}", error);
}

bool is_final(unsigned long error) {
  if (ERR_GET_LIB(error) != ERR_LIB_SSL) return false;
  switch (ERR_GET_REASON(error)) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
    // The port speaks something else.
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    // No version or cipher in common.
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
    case SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY:
    case SSL_AD_REASON_OFFSET + SSL_AD_NO_APPLICATION_PROTOCOL:
    // The server knows no such name, or wants a client's certificate.
    case SSL_R_TLSV1_UNRECOGNIZED_NAME:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return true;
    default:
      return false;
  }
}

void set_common_options(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // An idle connection should not hold two 16 KiB buffers.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
}

core::Status load_ca_file(SSL_CTX* context, const std::string& path) {
  if (auto file = readable("CA file", path); !file) return file;
  ERR_clear_error();
  if (SSL_CTX_load_verify_file(context, path.c_str()) != 1) {
    return core::fail(
        core::ErrorCode::io,
        fmt::format("cannot use the CA file: {} (PEM certificates are expected)", pem_error()),
        path);
  }
  return {};
}

core::Status load_certificate(SSL_CTX* context, const std::string& certificate_file,
                              const std::string& key_file) {
  if (auto file = readable("certificate file", certificate_file); !file) return file;
  if (auto file = readable("key file", key_file); !file) return file;
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1) {
    return core::fail(core::ErrorCode::io,
                      fmt::format("cannot use the certificate file: {}", pem_error()),
                      certificate_file);
  }
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return core::fail(core::ErrorCode::io, fmt::format("cannot use the key file: {}", pem_error()),
                      key_file);
  }
  return {};
}

}  // namespace sluice::net
