#include "auth/google_key.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/json.h"
#include "core/printable.h"
#include "http/proxy_environment.h"
#include "http/url.h"
#include "provider/wire_json.h"

namespace sluice::auth {
namespace {

using provider::Element;
using provider::text_at;

constexpr std::string_view kUniverse = "googleapis.com";
constexpr std::size_t kLongestField = 16 * 1024;

// Reads one file; the first thing that is wrong stays.
class GoogleKeyReader {
 public:
  GoogleKeyReader(const Element& root, const std::string& where) : root_(root), where_(where) {}

  // What a file of this type must have: text that can stand in a header, a claim or a form.
  std::string field(std::string_view name) {
    const std::string_view text = text_at(root_, name);
    if (text.empty()) {
      fail(fmt::format("the Google credential file has no \"{}\": download it again", name));
    } else if (text.size() > kLongestField || core::wrong_with_secret(text)) {
      fail(fmt::format("\"{}\" of the Google credential file is not a value of its kind", name));
    }
    return std::string(text);
  }

  std::string optional_field(std::string_view name) {
    return text_at(root_, name).empty() ? std::string() : field(name);
  }

  // A PEM text has lines; whether it is one, the first signature shows (jwt.h).
  core::Secret private_key() {
    const std::string_view text = text_at(root_, "private_key");
    if (!text.contains("-----BEGIN"))
      fail("the Google credential file has no \"private_key\" in PEM form: download it again");
    return core::Secret(std::string(text));
  }

  void token_address(GoogleKey& key);

  void fail(std::string message) {
    if (!error_) error_ = core::Error{core::ErrorCode::pipeline, std::move(message), where_};
  }
  const std::optional<core::Error>& error() const { return error_; }

 private:
  const Element& root_;
  const std::string& where_;
  std::optional<core::Error> error_;
};

bool is_googles(const http::Url& url) {
  if (!url.tls || url.port != 443) return false;
  return url.host == kUniverse || url.host.ends_with(fmt::format(".{}", kUniverse)) ||
         url.host == "accounts.google.com";  // in files of before 2018
}

void GoogleKeyReader::token_address(GoogleKey& key) {
  const std::string_view text = text_at(root_, "token_uri");
  if (text.empty()) return;
  const auto url = http::parse_url(text);
  if (url && is_googles(*url)) return;  // all of them give tokens at the one address
  if (!url || !http::is_this_machine(*url)) {
    return fail(
        "token_uri of the Google credential file is not an address of Google's: its secret is not "
        "sent there. Download the file again, or take token_uri out of it");
  }
  key.token_base = fmt::format("{}://{}", url->tls ? "https" : "http", url->authority());
  key.token_path = url->path.empty() ? "/" : url->path;
}

std::string unsupported(std::string_view type) {
  constexpr std::string_view kInstead =
      "Give the key file of a service account, run on a machine that has a service account, or "
      "give a token as key: key = s.secret \"TOKEN\" with TOKEN=\"$(gcloud auth "
      "application-default print-access-token)\", which is good for an hour";
  if (type.empty())
    return "this is not a Google credential file: it has no \"type\". It should be the key of a "
           "service account, or what `gcloud auth application-default login` writes";
  return fmt::format("Google credentials of the type {} are not supported. {}",
                     core::printable(std::string(type.substr(0, 60))), kInstead);
}

}  // namespace

core::Result<GoogleKey> read_google_key(std::string_view json, const std::string& where) {
  thread_local simdjson::dom::parser parser;
  Element root;
  if (json.size() > kLongestGoogleKey)
    return core::fail(core::ErrorCode::pipeline, "too large for a Google credential file", where);
  if (core::not_starved(parser.parse(json.data(), json.size())).get(root) != simdjson::SUCCESS ||
      !root.is_object())
    return core::fail(core::ErrorCode::pipeline,
                      "this is not a Google credential file: it is not a JSON object", where);
  GoogleKeyReader reader(root, where);
  GoogleKey key;
  const std::string_view type = text_at(root, "type");
  if (type == "service_account") {
    key.client_email = reader.field("client_email");
    key.private_key_id = reader.optional_field("private_key_id");
    key.private_key = reader.private_key();
  } else if (type == "authorized_user") {
    key.kind = GoogleKey::Kind::authorized_user;
    key.client_id = reader.field("client_id");
    key.client_secret = core::Secret(reader.field("client_secret"));
    key.refresh_token = core::Secret(reader.field("refresh_token"));
    key.quota_project = reader.optional_field("quota_project_id");
  } else {
    reader.fail(unsupported(type));
  }
  if (const std::string_view domain = text_at(root, "universe_domain");
      !domain.empty() && domain != kUniverse)
    reader.fail(
        "Google credentials of another universe_domain than googleapis.com are not supported");
  reader.token_address(key);
  if (reader.error()) return std::unexpected(*reader.error());
  return key;
}

}  // namespace sluice::auth
