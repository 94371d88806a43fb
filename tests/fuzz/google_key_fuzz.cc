// Google credential files. Whatever the bytes: a key that is read sends its secret to Google or to this machine alone, has
// nothing that would break a header, and written down again reads the same; an error shows nothing of a secret.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "auth/google_key.h"
#include "core/json.h"

namespace sluice::auth {
namespace {

void demand(bool holds) {
  if (!holds) std::abort();
}

bool fits_a_header(std::string_view text) {
  return text.empty() || !core::wrong_with_secret(text);
}

std::string written(const GoogleKey& key) {
  std::string json;
  core::JsonWriter w(json);
  w.open('{');
  if (key.token_base != "https://oauth2.googleapis.com")
    w.field("token_uri", key.token_base + key.token_path);
  if (key.kind == GoogleKey::Kind::service_account) {
    w.field("type", "service_account");
    w.field("client_email", key.client_email);
    w.field("private_key_id", key.private_key_id);
    w.field("private_key", key.private_key.reveal());
  } else {
    w.field("type", "authorized_user");
    w.field("client_id", key.client_id);
    w.field("client_secret", key.client_secret.reveal());
    w.field("refresh_token", key.refresh_token.reveal());
    w.field("quota_project_id", key.quota_project);
  }
  w.close('}');
  return json;
}

bool same(const GoogleKey& a, const GoogleKey& b) {
  return a.kind == b.kind && a.token_base == b.token_base && a.token_path == b.token_path &&
         a.client_email == b.client_email && a.private_key_id == b.private_key_id &&
         a.private_key.reveal() == b.private_key.reveal() && a.client_id == b.client_id &&
         a.client_secret.reveal() == b.client_secret.reveal() &&
         a.refresh_token.reveal() == b.refresh_token.reveal() && a.quota_project == b.quota_project;
}

bool is_this_machine(std::string_view base) {
  const std::string_view host = base.substr(base.find("://") + 3);
  return host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[") ||
         host.contains(".localhost");
}

void fuzz_key(std::string_view json) {
  const auto key = read_google_key(json, "key.json");
  if (!key) {
    // Only the name of an unsupported type is shown, and no more of it than a name has.
    demand(key.error().message.size() < 500);
    for (const char c : key.error().message) demand(static_cast<unsigned char>(c) >= 0x20);
    return;
  }
  demand((key->token_base == "https://oauth2.googleapis.com" && key->token_path == "/token") ||
         is_this_machine(key->token_base));
  demand(fits_a_header(key->quota_project) && fits_a_header(key->client_email));
  const std::string again = written(*key);
  if (again.size() > kLongestGoogleKey) return;
  const auto read = read_google_key(again, "key.json");
  demand(read && same(*key, *read));
}

}  // namespace
}  // namespace sluice::auth

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::auth::fuzz_key({reinterpret_cast<const char*>(data), size});
  return 0;
}
