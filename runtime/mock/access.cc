#include "mock/access.h"

#include <memory>
#include <utility>
#include <vector>

#include "wire/date.h"
#include "wire/objects.h"

namespace sluice::mock {
namespace {

using wire::Credential;
using wire::Refusal;
using wire::Why;

constexpr core::Duration kMostSkew = std::chrono::minutes(5);

Refusal refused(Why why, std::string message = {}, std::string code = {}) {
  Refusal refusal;
  refusal.why = why;
  refusal.message = std::move(message);
  refusal.code = std::move(code);
  return refusal;
}

}  // namespace

Access::Access(const Options& options)
    : key_(options.require_key),
      aws_keys_(options.aws_keys.begin(), options.aws_keys.end()),
      life_(options.token_life),
      seed_(options.seed) {}

std::optional<Refusal> Access::refusal(const wire::Service& service,
                                       const http::ServerRequest& request,
                                       core::WallTime wall_now) const {
  const Credential credential = service.credential(request);
  switch (credential.kind) {
    case Credential::Kind::several:
      return refused(Why::bad_key);
    case Credential::Kind::signature:
      return signature_refusal(credential.value, request, wall_now);
    case Credential::Kind::none:
    case Credential::Kind::key:
    case Credential::Kind::bearer:
      break;
  }
  return bearer_refusal(service, credential, wall_now);
}

std::optional<Refusal> Access::bearer_refusal(const wire::Service& service,
                                              const Credential& credential,
                                              core::WallTime wall_now) const {
  if (!key_.empty() && credential.value == key_.reveal()) return std::nullopt;
  const bool bearer =
      credential.kind == Credential::Kind::bearer && credential.value.starts_with(kBearerPrefix);
  if (const Issued* token = bearer ? issued(credential.value) : nullptr) {
    if (wall_now < token->expires) return std::nullopt;
    return refused(Why::expired_token);
  }
  // Where tokens expire, one that nobody issued is as good as one that has.
  const bool google = &service == &wire::kVertex ||
                      (&service == &wire::kObjects && credential.kind == Credential::Kind::bearer);
  if (life_ && google && credential.kind != Credential::Kind::key)
    return refused(Why::expired_token);
  if (key_.empty()) return std::nullopt;
  return refused(Why::bad_key);
}

std::optional<Refusal> Access::signature_refusal(std::string_view authorization,
                                                 const http::ServerRequest& request,
                                                 core::WallTime wall_now) const {
  const auto claim = auth::read_signature(authorization);
  const auto date_text = request.headers.find("x-amz-date");
  const auto date = date_text ? wire::read_basic_date(*date_text) : std::nullopt;
  if (!claim || !date) {
    return refused(Why::bad_signature,
                   "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature', "
                   "and an x-amz-date as 20260101T000000Z beside it.",
                   "IncompleteSignatureException");
  }
  if (*date + kMostSkew < wall_now || wall_now + kMostSkew < *date) {
    const bool early = *date + kMostSkew < wall_now;
    return refused(Why::bad_signature,
                   std::string("Signature ") + (early ? "expired: " : "not yet current: ") +
                       wire::basic_date(*date) + " is " +
                       (early ? "earlier than " : "later than ") +
                       wire::basic_date(early ? wall_now - kMostSkew : wall_now + kMostSkew) +
                       " (" + wire::basic_date(wall_now) + (early ? " - 5 min.)" : " + 5 min.)"));
  }
  const Issued* temporary = issued(claim->key_id);
  const auto lasting = aws_keys_.find(claim->key_id);
  if (!temporary && lasting == aws_keys_.end()) {
    // Without a key to hold it against, a signature is taken on trust.
    if (aws_keys_.empty() && key_.empty() && !life_) return std::nullopt;
    return refused(Why::bad_key);
  }
  if (temporary) {
    if (request.headers.find("x-amz-security-token").value_or("") != temporary->session.reveal())
      return refused(Why::bad_key);
    if (wall_now >= temporary->expires) return refused(Why::expired_token);
  }
  const auto body = std::make_shared<const std::string>(request.body);
  const std::vector<std::shared_ptr<const std::string>> pieces = {body};
  const std::vector<auth::SigningHeader> headers(request.headers.begin(), request.headers.end());
  auth::RequestView view;
  view.method = request.method;
  view.path = request.target;
  view.body = pieces;
  const core::Secret& secret = temporary ? temporary->secret : lasting->second;
  const bool path_as_written = claim->service == "s3";  // all others write it twice
  if (auth::sigv4_fits(*claim, secret, path_as_written, view, headers)) return std::nullopt;
  return refused(
      Why::bad_signature,
      "The request signature we calculated does not match the signature you provided. Check your "
      "AWS Secret Access Key and signing method.");
}

const Access::Issued* Access::issued(std::string_view name) const {
  const auto found = issued_.find(name);
  return found == issued_.end() ? nullptr : &found->second;
}

}  // namespace sluice::mock
