#include "provider/url_text.h"

#include <fmt/format.h>

#include <iterator>

namespace sluice::provider {
namespace {

bool unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

std::string encoded(std::string_view text, bool slashes_too) {
  std::string out;
  for (const char c : text) {
    if (unreserved(c) || (c == '/' && !slashes_too)) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace

std::string segment_text(std::string_view text) {
  return encoded(text, true);
}

std::string path_text(std::string_view text) {
  return encoded(text, false);
}

}  // namespace sluice::provider
