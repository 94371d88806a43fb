#include "wire/media.h"

#include <fmt/format.h>

#include "core/base64.h"
#include "core/hash.h"
#include "core/media_type.h"

namespace sluice::wire {

std::expected<void, Refusal> add_media(Asked& asked, std::string_view media,
                                       std::string_view base64) {
  const auto bytes = core::read_base64(base64);
  if (!bytes || bytes->empty())
    return bad_request("The data of an image or document is not valid base64.");
  const std::string_view is = core::media_type_of(*bytes);
  if (is != media) {
    return bad_request(fmt::format("Could not process the file: it was said to be {}, and is {}.",
                                   media, is.empty() ? "of no kind that is supported" : is));
  }
  asked.prompt_tokens += kMediaTokens;
  asked.media.push_back(
      fmt::format("{} of {} bytes, {}", media, bytes->size(), core::hash128(*bytes).hex()));
  return {};
}

std::expected<void, Refusal> add_media_url(Asked& asked, std::string_view url,
                                           std::string_view field) {
  constexpr std::string_view kData = "data:";
  constexpr std::string_view kBase64 = ";base64,";
  if (url.starts_with("https://") || url.starts_with("http://")) {
    asked.prompt_tokens += kMediaTokens;
    asked.media.push_back(fmt::format("at {}", url));
    return {};
  }
  const std::size_t at = url.find(kBase64);
  if (!url.starts_with(kData) || at == url.npos) {
    return bad_request(fmt::format("Invalid '{}'. Expected a URL or a base64-encoded data URL with "
                                   "its MIME type (e.g. 'data:image/png;base64,…').",
                                   field),
                       std::string(field), "invalid_value");
  }
  return add_media(asked, url.substr(kData.size(), at - kData.size()),
                   url.substr(at + kBase64.size()));
}

std::string media_text(const Asked& asked) {
  std::string text;
  for (const std::string& one : asked.media) text += fmt::format("[{}] ", one);
  return text;
}

}  // namespace sluice::wire
