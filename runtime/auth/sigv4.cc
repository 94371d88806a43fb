#include "auth/sigv4.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <stdexcept>

#include "auth/hmac.h"
#include "provider/url_text.h"

namespace sluice::auth {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kUnsignedBody = "UNSIGNED-PAYLOAD";

void openssl_can(bool went_well) {
  if (!went_well)
    throw std::runtime_error(
        "OpenSSL has no SHA-256, by which requests to AWS are signed: is its configuration "
        "(OPENSSL_CONF) in order?");
}

using Digest = Sha256Digest;

std::string hex_of(const Digest& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * digest.size());
  for (const unsigned char byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 0xF];
  }
  return text;
}

// The algorithm is looked up once, and each thread keeps its context.
class BodyDigest {
 public:
  BodyDigest() : context_(EVP_MD_CTX_new()) {
    static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    openssl_can(context_ != nullptr && algorithm != nullptr &&
                EVP_DigestInit_ex2(context_.get(), algorithm, nullptr) == 1);
  }
  void begin() { openssl_can(EVP_DigestInit_ex2(context_.get(), nullptr, nullptr) == 1); }
  void add(std::string_view bytes) {
    openssl_can(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
  }
  std::string end() {
    Digest digest;
    openssl_can(EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) == 1);
    return hex_of(digest);
  }
  static BodyDigest& of_this_thread() {
    thread_local BodyDigest digest;
    return digest;
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

std::string text_hash(std::string_view text) {
  BodyDigest& digest = BodyDigest::of_this_thread();
  digest.begin();
  digest.add(text);
  return digest.end();
}

std::string make_day_key(const std::string& secret, std::string_view day, std::string_view region,
                         std::string_view service) {
  Digest key = hmac_sha256("AWS4" + secret, day);
  key = hmac_sha256(bytes_of(key), region);
  key = hmac_sha256(bytes_of(key), service);
  key = hmac_sha256(bytes_of(key), "aws4_request");
  return std::string(bytes_of(key));
}

// "20260101T000000Z"
std::string stamp_of(core::WallTime now) {
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(now - day));
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count());
}

// Without empty and dot segments; a slash at the end stays.
std::string normal_path(std::string_view path) {
  std::vector<std::string_view> segments;
  std::size_t at = 0;
  while (at < path.size()) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view segment = path.substr(at, end - at);
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (!segment.empty() && segment != ".") {
      segments.push_back(segment);
    }
    at = end + 1;
  }
  std::string normal;
  for (const std::string_view segment : segments) normal.append("/").append(segment);
  if (normal.empty() || path.ends_with('/')) normal += '/';
  return normal;
}

std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    pairs.emplace_back(pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size())));
  }
  std::ranges::sort(pairs);
  std::string text;
  for (const auto& [name, value] : pairs) {
    if (!text.empty()) text += '&';
    text.append(name).append("=").append(value);
  }
  return text;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

// Runs of blanks are one space, none at the ends.
void append_header_value(std::string& out, std::string_view value) {
  bool blank = false;
  bool begun = false;
  for (const char c : value) {
    if (is_blank(c)) {
      blank = begun;
      continue;
    }
    if (blank) out += ' ';
    blank = false;
    begun = true;
    out += c;
  }
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return lower;
}

// Name in lower case to value; several of one name are joined by commas, in their order.
using SignedHeaders = std::map<std::string, std::string, std::less<>>;

void add_signed(SignedHeaders& headers, std::string_view name, std::string_view value) {
  const auto [found, added] = headers.try_emplace(lower_case(name));
  if (!added) found->second += ',';
  append_header_value(found->second, value);
}

std::string names_of(const SignedHeaders& headers) {
  std::string names;
  for (const auto& [name, value] : headers) {
    if (!names.empty()) names += ';';
    names += name;
  }
  return names;
}

std::string canonical_request(const RequestView& request, bool path_as_written,
                              const SignedHeaders& headers, std::string_view hash) {
  const std::size_t mark = std::min(request.path.find('?'), request.path.size());
  const std::string_view path = request.path.substr(0, mark);
  std::string text(request.method);
  text += '\n';
  if (path_as_written) {
    text += path.empty() ? "/" : path;
  } else {
    text += provider::path_text(normal_path(path));
  }
  text += '\n';
  text += canonical_query(request.path.substr(std::min(mark + 1, request.path.size())));
  text += '\n';
  for (const auto& [name, value] : headers) text.append(name).append(":").append(value) += '\n';
  text.append("\n").append(names_of(headers)).append("\n").append(hash);
  return text;
}

std::string signature_of(std::string_view day_key, std::string_view stamp, std::string_view scope,
                         std::string_view canonical) {
  const std::string text =
      fmt::format("{}\n{}\n{}\n{}", kAlgorithm, stamp, scope, text_hash(canonical));
  return hex_of(hmac_sha256(day_key, text));
}

// Takes what stands before `mark` off the front; all of it where there is no mark.
std::string_view take_until(std::string_view& text, char mark) {
  const std::string_view part = text.substr(0, text.find(mark));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return part;
}

}  // namespace

std::string body_hash(std::span<const std::shared_ptr<const std::string>> body) {
  BodyDigest& digest = BodyDigest::of_this_thread();
  digest.begin();
  for (const auto& piece : body) digest.add(*piece);
  return digest.end();
}

std::string SigV4::lines(const Token& keys, const RequestView& request,
                         std::span<const SigningHeader> headers, core::WallTime now) {
  const std::string stamp = stamp_of(now);
  const std::string day = stamp.substr(0, 8);
  if (day != day_ || keys.value.reveal() != secret_) {
    day_ = day;
    secret_ = keys.value.reveal();
    day_key_ = make_day_key(secret_, day_, scope_.region, scope_.service);
  }
  const std::string hash = body_hash(request.body);
  SignedHeaders all;
  for (const auto& [name, value] : headers) add_signed(all, name, value);
  add_signed(all, "host", request.authority);
  std::string lines;
  const auto add = [&](std::string_view name, std::string_view value) {
    lines.append(name).append(": ").append(value).append("\r\n");
    add_signed(all, name, value);
  };
  add("x-amz-date", stamp);
  if (!keys.session.empty()) add("x-amz-security-token", keys.session.reveal());
  if (scope_.sends_body_hash) add("x-amz-content-sha256", hash);
  const std::string scope =
      fmt::format("{}/{}/{}/aws4_request", day, scope_.region, scope_.service);
  const std::string signature = signature_of(
      day_key_, stamp, scope, canonical_request(request, scope_.path_as_written, all, hash));
  return lines +
         fmt::format("authorization: {} Credential={}/{}, SignedHeaders={}, Signature={}\r\n",
                     kAlgorithm, keys.key_id, scope, names_of(all), signature);
}

std::optional<SignatureClaim> read_signature(std::string_view authorization) {
  if (take_until(authorization, ' ') != kAlgorithm) return std::nullopt;
  std::map<std::string_view, std::string_view> parts;
  while (!authorization.empty()) {
    std::string_view part = take_until(authorization, ',');
    while (!part.empty() && is_blank(part.front())) part.remove_prefix(1);
    const std::string_view name = take_until(part, '=');
    parts[name] = part;
  }
  SignatureClaim claim;
  std::string_view credential = parts["Credential"];
  claim.key_id = take_until(credential, '/');
  claim.day = take_until(credential, '/');
  claim.region = take_until(credential, '/');
  claim.service = take_until(credential, '/');
  std::string_view names = parts["SignedHeaders"];
  while (!names.empty()) claim.signed_headers.emplace_back(take_until(names, ';'));
  claim.signature = parts["Signature"];
  if (credential != "aws4_request" || claim.signed_headers.empty() || claim.signature.size() != 64)
    return std::nullopt;
  return claim;
}

bool sigv4_fits(const SignatureClaim& claim, const core::Secret& secret, bool path_as_written,
                const RequestView& request, std::span<const SigningHeader> headers) {
  SignedHeaders all;
  for (const auto& [name, value] : headers) add_signed(all, name, value);
  const auto is_signed = [&](std::string_view name) {
    return std::ranges::find(claim.signed_headers, name) != claim.signed_headers.end();
  };
  for (const char* name : {"host", "x-amz-date"})
    if (!all.contains(name) || !is_signed(name)) return false;
  for (const char* name : {"x-amz-security-token", "x-amz-content-sha256"})
    if (all.contains(name) && !is_signed(name)) return false;
  const std::string stamp = all.find("x-amz-date")->second;
  if (stamp.size() != 16 || !stamp.starts_with(claim.day)) return false;
  std::string hash = body_hash(request.body);
  if (const auto sent = all.find("x-amz-content-sha256"); sent != all.end()) {
    if (sent->second != hash && sent->second != kUnsignedBody) return false;
    hash = sent->second;
  }
  std::erase_if(all, [&](const auto& header) { return !is_signed(header.first); });
  if (all.size() != claim.signed_headers.size()) return false;
  const std::string signature =
      signature_of(make_day_key(secret.reveal(), claim.day, claim.region, claim.service), stamp,
                   fmt::format("{}/{}/{}/aws4_request", claim.day, claim.region, claim.service),
                   canonical_request(request, path_as_written, all, hash));
  return CRYPTO_memcmp(signature.data(), claim.signature.data(), signature.size()) == 0;
}

}  // namespace sluice::auth
