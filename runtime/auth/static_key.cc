#include "auth/static_key.h"

namespace sluice::auth {
namespace {

class StaticKey final : public Credentials {
 public:
  explicit StaticKey(std::string headers)
      : headers_(std::make_shared<const std::string>(std::move(headers))) {}

  std::optional<Proof> prove(const RequestView&, core::WallTime) override {
    return Proof{headers_, 0};
  }
  void refresh(Refreshed) override {}  // prove() always has something
  bool refused(std::uint64_t) override { return false; }
  void accepted(std::uint64_t) override {}

 private:
  const std::shared_ptr<const std::string> headers_;
};

}  // namespace

std::optional<std::pair<std::string, std::string>> key_header(provider::AuthScheme scheme,
                                                              const core::Secret& key) {
  using provider::AuthScheme;
  const std::string& text = key.reveal();
  if (text.empty()) return std::nullopt;
  switch (scheme) {
    case AuthScheme::x_api_key:
      return {{"x-api-key", text}};
    case AuthScheme::x_goog_api_key:
      return {{"x-goog-api-key", text}};
    case AuthScheme::google:
      if (provider::is_google_api_key(text)) return {{"x-goog-api-key", text}};
      break;
    case AuthScheme::api_key:
      // A JWT, as Entra ID gives them out, is a bearer token.
      if (!text.starts_with("eyJ")) return {{"api-key", text}};
      break;
    case AuthScheme::bearer:
    case AuthScheme::aws:
      break;
  }
  return {{"authorization", "Bearer " + text}};
}

std::unique_ptr<Credentials> make_static_key(provider::AuthScheme scheme, const core::Secret& key,
                                             std::string head) {
  if (const auto header = key_header(scheme, key))
    head.append(header->first).append(": ").append(header->second).append("\r\n");
  return std::make_unique<StaticKey>(std::move(head));
}

}  // namespace sluice::auth
