#include "place/uri.h"

#include <fmt/format.h>

#include <algorithm>

#include "http/url.h"
#include "provider/url_text.h"

namespace sluice::place {
namespace {

constexpr std::string_view kMark = "://";

std::unexpected<core::Error> bad(std::string why, std::string_view shown) {
  return core::fail(core::ErrorCode::pipeline, std::move(why), std::string(shown));
}

bool in_bucket(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}

core::Result<Uri> parse_object(Scheme scheme, std::string_view text) {
  const std::string_view name = scheme == Scheme::s3 ? "s3" : "gs";
  const std::string_view rest = text.substr(name.size() + kMark.size());
  const std::size_t slash = rest.find('/');
  const std::string_view bucket = rest.substr(0, slash);
  if (bucket.size() < 3 || bucket.size() > 222 || !std::ranges::all_of(bucket, in_bucket) ||
      bucket.front() == '.' || bucket.front() == '-' || bucket.contains(".."))
    return bad(fmt::format("is not the name of an object: write {}://BUCKET/KEY", name), text);
  return Uri{.scheme = scheme,
             .bucket = std::string(bucket),
             .key = std::string(slash == rest.npos ? "" : rest.substr(slash + 1)),
             .base = {},
             .shown = std::string(text)};
}

// What a client may not send is encoded; what is encoded already stays.
std::string sendable(std::string_view path) {
  std::string out;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte >= 0x7f || c == '"' || c == '<' || c == '>') {
      fmt::format_to(std::back_inserter(out), "%{:02X}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

core::Result<Uri> parse_web(std::string_view text) {
  std::string shown = without_query(text);
  const std::size_t host = text.find(kMark) + kMark.size();
  std::size_t path = text.find_first_of("/?#", host);
  if (path == text.npos) path = text.size();
  if (text.substr(host, path - host).contains('@'))
    return bad("an address must not hold a user name or a password",
               fmt::format("{}://…", text.substr(0, text.find(kMark))));
  if (auto url = http::parse_url(text.substr(0, path)); !url)
    return bad(url.error().message, shown);
  std::string_view rest = text.substr(path);
  rest = rest.substr(0, rest.find('#'));
  return Uri{.scheme = Scheme::web,
             .bucket = {},
             .key = (rest.starts_with('/') ? "" : "/") + sendable(rest),
             .base = std::string(text.substr(0, path)),
             .shown = std::move(shown)};
}

core::Result<Uri> parse_dataset(std::string_view text) {
  constexpr std::string_view kStart = "hf://datasets/";
  std::string_view rest = text;
  if (!rest.starts_with(kStart)) rest = {};
  rest.remove_prefix(std::min(kStart.size(), rest.size()));
  const std::size_t owner = rest.find('/');
  const std::size_t name = owner == rest.npos ? owner : rest.find('/', owner + 1);
  if (name == rest.npos || owner == 0 || name == owner + 1 || name + 1 == rest.size())
    return bad("is not a file of a data set: write hf://datasets/OWNER/NAME/PATH", text);
  return Uri{
      .scheme = Scheme::web,
      .bucket = {},
      .key = fmt::format("/datasets/{}/resolve/main/{}", provider::path_text(rest.substr(0, name)),
                         provider::path_text(rest.substr(name + 1))),
      .base = "https://huggingface.co",
      .shown = std::string(text)};
}

}  // namespace

bool is_remote(std::string_view name) {
  const std::size_t mark = name.find(kMark);
  return mark != name.npos && mark > 0 && std::ranges::all_of(name.substr(0, mark), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '+';
         });
}

std::string without_query(std::string_view text) {
  if (!text.starts_with("http://") && !text.starts_with("https://")) return std::string(text);
  return std::string(text.substr(0, text.find_first_of("?#")));
}

core::Result<Uri> parse_uri(std::string_view text) {
  if (text.starts_with("s3://")) return parse_object(Scheme::s3, text);
  if (text.starts_with("gs://")) return parse_object(Scheme::gs, text);
  if (text.starts_with("https://") || text.starts_with("http://")) return parse_web(text);
  if (text.starts_with("hf://")) return parse_dataset(text);
  return bad(
      "files are on this machine, or at s3://, gs://, https://, http:// or hf://datasets/: this is "
      "another scheme",
      fmt::format("{}://…", text.substr(0, text.find(kMark))));
}

}  // namespace sluice::place
