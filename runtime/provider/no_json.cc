#include "provider/no_json.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::provider {
namespace {

constexpr std::size_t kLongestTitle = 80;
constexpr std::size_t kLongestAddress = 200;

std::string_view without_space_around(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t start = text.find_first_not_of(kSpace);
  if (start == text.npos) return {};
  return text.substr(start, text.find_last_not_of(kSpace) - start + 1);
}

std::string_view title_of(std::string_view page) {
  const auto find = [&](std::string_view tag) {
    const auto at = std::ranges::search(page, tag, [](char a, char b) {
      return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + ('a' - 'A')) : a) == b;
    });
    return at.empty() ? page.npos : static_cast<std::size_t>(at.begin() - page.begin());
  };
  const std::size_t tag = find("<title");
  const std::size_t start = tag == page.npos ? tag : page.find('>', tag);
  const std::size_t end = find("</title");
  if (start == page.npos || end == page.npos || end <= start) return {};
  const std::string_view title = without_space_around(page.substr(start + 1, end - start - 1));
  return title.size() <= kLongestTitle ? title : std::string_view();
}

// "https://host:port" and the rest of a URL.
std::pair<std::string_view, std::string_view> cut_at_path(std::string_view url) {
  const std::size_t slashes = url.find("://");
  if (slashes == url.npos) return {};
  const std::size_t path = url.find('/', slashes + 3);
  return {url.substr(0, path), path == url.npos ? "" : url.substr(path)};
}

// Absolute, without query, fragment and credentials; "" when it cannot be told.
std::string target_of(std::string_view location, std::string_view base_url) {
  location = location.substr(0, location.find_first_of("?#"));
  const std::string_view origin = cut_at_path(base_url).first;
  std::string url;
  if (location.starts_with("//")) {
    url = fmt::format("{}{}", base_url.substr(0, base_url.find(':') + 1), location);
  } else if (location.starts_with('/')) {
    url = fmt::format("{}{}", origin, location);
  } else if (location.starts_with("http://") || location.starts_with("https://")) {
    url = location;
  }
  const std::size_t host = url.find("://") + 3;
  const std::size_t at = url.substr(0, url.find('/', host)).rfind('@');
  if (at != url.npos && at > host) url.erase(host, at + 1 - host);
  return url.size() > kLongestAddress ? "" : url;
}

}  // namespace

NoJson looks_like(std::string_view body) {
  const std::string_view text = without_space_around(body);
  if (text.empty()) return NoJson::nothing;
  if (text.front() == '<') return NoJson::page;
  const bool events = text.starts_with("data:") || text.starts_with("event:");
  return events ? NoJson::events : NoJson::text;
}

std::string name_of(NoJson what, std::string_view body) {
  switch (what) {
    case NoJson::nothing:
      return "an empty body";
    case NoJson::page: {
      const std::string_view title = title_of(body);
      return title.empty() ? "an HTML page" : fmt::format("an HTML page ({})", title);
    }
    case NoJson::events:
      return "a stream of events, which was not asked for";
    case NoJson::text:
      break;
  }
  return "the body is not JSON";
}

std::string explain_redirect(int status, std::string_view location, std::string_view base_url,
                             std::string_view path) {
  std::string text = fmt::format("HTTP {}: redirects are not followed; ", status);
  const std::string target = target_of(location, base_url);
  if (target.empty()) return text + "correct base_url";
  const std::string_view base = std::string_view(target).substr(0, target.rfind(path));
  if (target.ends_with(path) && base != base_url)
    return text + fmt::format("write base_url = \"{}\"", base);
  return text + fmt::format("this one points to {}: correct base_url", target);
}

}  // namespace sluice::provider
