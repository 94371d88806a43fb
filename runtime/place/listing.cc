#include "place/listing.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <charconv>

#include "place/failure_text.h"
#include "place/xml.h"
#include "provider/url_text.h"

namespace sluice::place {
namespace {

constexpr std::string_view kWild = "*?[";
constexpr int kTries = 5;  // of a page: a run that has not begun should not wait in silence

// What all names begin with that the pattern fits.
std::string prefix_of(std::string_view pattern) {
  std::string prefix;
  for (std::size_t i = 0; i < pattern.size() && !kWild.contains(pattern[i]); ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
    prefix += pattern[i];
  }
  return prefix;
}

struct Wanted {
  explicit Wanted(const std::string& key)
      : pattern(key),
        below(key.empty() || key.ends_with('/')),
        prefix(below && !key.empty() ? unescaped(key) : prefix_of(key)),
        flags(key.contains("**") ? 0 : FNM_PATHNAME | FNM_PERIOD) {}
  bool fits(const std::string& key, std::uint64_t size) const {
    if (below) return size > 0 && !key.ends_with('/');
    return ::fnmatch(pattern.c_str(), key.c_str(), flags) == 0;
  }
  // No folder below that of the prefix can have a name that fits: the server need not list them.
  bool one_folder() const {
    return !below && flags != 0 &&
           std::string_view(pattern).substr(pattern.find_first_of(kWild)).find('/') ==
               std::string_view::npos;
  }
  const std::string pattern;
  const bool below;
  const std::string prefix;
  const int flags;
};

void take_page(std::string_view xml, const Wanted& wanted, Listing& listing) {
  const bool encoded = text_of(xml, "EncodingType") == "url";
  while (const auto object = take_element(xml, "Contents")) {
    std::string key = text_of(*object, "Key");
    if (encoded) key = provider::form_decoded(key);
    const std::string size_text = text_of(*object, "Size");
    std::uint64_t size = 0;
    std::from_chars(size_text.data(), size_text.data() + size_text.size(), size);
    if (!wanted.fits(key, size)) continue;
    listing.keys.push_back(std::move(key));
    listing.bytes += size;
  }
}

}  // namespace

bool is_pattern(std::string_view key) {
  if (key.empty() || key.ends_with('/')) return true;
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (key[i] == '\\') {
      ++i;
    } else if (kWild.contains(key[i])) {
      return true;
    }
  }
  return false;
}

std::string unescaped(std::string_view key) {
  std::string out;
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (key[i] == '\\' && i + 1 < key.size()) ++i;
    out += key[i];
  }
  return out;
}

bool takes_in(const Uri& input, const Uri& name) {
  if (input.scheme == Scheme::web || input.scheme != name.scheme || input.bucket != name.bucket)
    return false;
  if (!is_pattern(input.key)) return unescaped(input.key) == name.key;
  const Wanted wanted(input.key);
  return name.key.starts_with(wanted.prefix) && wanted.fits(name.key, 1);
}

core::Result<Listing> list_objects(Web& web, const Uri& uri, const Service& service,
                                   bool first_page_only) {
  const Wanted wanted(uri.key);
  Listing listing;
  std::string token;
  do {
    // The signature wants the names in order, and they are.
    std::string path = "/?";
    if (!token.empty())
      path += fmt::format("continuation-token={}&", provider::segment_text(token));
    if (wanted.one_folder()) path += "delimiter=%2F&";
    path += fmt::format("encoding-type=url&list-type=2&max-keys=1000&prefix={}",
                        provider::segment_text(wanted.prefix));
    auto answer = web.ask(service.server, {.path = std::move(path), .tries = kTries});
    if (!answer) return std::unexpected(unanswered(std::move(answer.error()), uri));
    if (answer->status != 200 || !answer->body.contains("ListBucketResult"))
      return std::unexpected(refused(*answer, Doing::listing, uri, service));
    take_page(answer->body, wanted, listing);
    const std::string before =
        std::exchange(token, text_of(answer->body, "IsTruncated") == "true"
                                 ? text_of(answer->body, "NextContinuationToken")
                                 : std::string());
    if (!token.empty() && token == before)
      return core::fail(core::ErrorCode::io, "the server lists the same objects again and again",
                        uri.shown);
  } while (!token.empty() && !(first_page_only && !listing.keys.empty()));
  std::ranges::sort(listing.keys);
  return listing;
}

}  // namespace sluice::place
