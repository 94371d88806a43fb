#include "place/failure_text.h"

#include <fmt/format.h>

#include "core/printable.h"
#include "place/xml.h"

namespace sluice::place {
namespace {

std::string_view permission(Doing doing, Scheme scheme) {
  const bool s3 = scheme == Scheme::s3;
  switch (doing) {
    case Doing::reading:
      return s3 ? "s3:GetObject" : "storage.objects.get";
    case Doing::listing:
      return s3 ? "s3:ListBucket" : "storage.objects.list";
    case Doing::writing:
      return s3 ? "s3:PutObject" : "storage.objects.create";
  }
  return {};
}

std::string_view verb(Doing doing) {
  return doing == Doing::reading   ? "cannot be read"
         : doing == Doing::listing ? "cannot be listed"
                                   : "cannot be written";
}

std::string region_of(const Answer& answer) {
  if (const auto header = answer.headers.find("x-amz-bucket-region")) return std::string(*header);
  return text_of(answer.body, "Region");
}

std::string forbidden(const Answer& answer, Doing doing, const Uri& uri, const Service& service) {
  if (answer.code == "InvalidAccessKeyId")
    return fmt::format("the server does not know the key of {}; {}", service.asks_as,
                       service.advice);
  if (answer.code == "SignatureDoesNotMatch")
    return fmt::format("the signature is wrong: the secret of {} is not that of its key; {}",
                       service.asks_as, service.advice);
  if (answer.code == "RequestTimeTooSkewed")
    return "this machine's clock is wrong: the server takes no signature of another time";
  if (uri.scheme == Scheme::web) return std::string(service.advice);
  return fmt::format("asked as {}, which may not do it (it takes the permission {}{}); {}",
                     service.asks_as, permission(doing, uri.scheme),
                     doing == Doing::reading
                         ? "; without that to list, an object that is not there looks the same"
                         : "",
                     service.advice);
}

std::string meaning(const Answer& answer, Doing doing, const Uri& uri, const Service& service) {
  const int status = answer.status;
  const std::string& code = answer.code;
  if (code == "ExpiredToken" || code == "TokenRefreshRequired")
    return fmt::format(
        "the session of {} has expired, and there is none newer: renew it, then go "
        "on with the job",
        service.asks_as);
  const std::string region = region_of(answer);
  if ((status == 301 || code == "AuthorizationHeaderMalformed" || code == "PermanentRedirect" ||
       code == "IllegalLocationConstraintException") &&
      uri.scheme == Scheme::s3)
    return region.empty() || region == service.region
               ? "the bucket is in another region, or at another endpoint: name it with "
                 "s3 = { region = \"…\" }"
               : fmt::format(
                     "the bucket is in the region {}, and was looked for in {}: add "
                     "s3 = {{ region = \"{}\" }}",
                     core::printable(region), service.region, core::printable(region));
  if (status == 401 || status == 403) return forbidden(answer, doing, uri, service);
  if (code == "NoSuchBucket")
    return fmt::format("there is no bucket '{}' at {}: check the name, the region and the endpoint",
                       uri.bucket, service.server->base_url);
  if (status == 404)
    return doing == Doing::writing ? "there is no such bucket" : "there is no such file";
  if (status == 412) return "the file was changed while it was read: start again when it rests";
  if (status == 429 || status >= 500)
    return fmt::format("tried {} times, and the server always answered so: go on later",
                       answer.tries);
  if (status >= 300 && status < 400) return "the server sends on to another address too often";
  return "that is not an answer to what was asked; is this the right endpoint?";
}

}  // namespace

core::Error refused(const Answer& answer, Doing doing, const Uri& uri, const Service& service) {
  const std::string code = core::printable(answer.code).substr(0, 80);
  return {core::ErrorCode::io,
          fmt::format("{} ({}{}{}): {}", verb(doing), answer.status, code.empty() ? "" : " ", code,
                      meaning(answer, doing, uri, service)),
          uri.shown};
}

core::Error unanswered(core::Error error, const Uri& uri) {
  error.where = uri.shown;
  return error;
}

}  // namespace sluice::place
