#include "place/xml.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

namespace sluice::place {
namespace {

constexpr std::array<std::pair<std::string_view, char>, 5> kEntities = {
    {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}}};

void append_utf8(std::string& out, std::uint32_t code) {
  const auto byte = [&](std::uint32_t value) { out += static_cast<char>(value); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0 | code >> 6);
    byte(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    byte(0xE0 | code >> 12);
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  } else {
    byte(0xF0 | code >> 18);
    byte(0x80 | (code >> 12 & 0x3F));
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  }
}

// Of what stands between '&' and ';'. False: it is none.
bool append_entity(std::string& out, std::string_view name) {
  for (const auto& [known, c] : kEntities) {
    if (name != known) continue;
    out += c;
    return true;
  }
  if (!name.starts_with('#')) return false;
  name.remove_prefix(1);
  const int base = name.starts_with('x') ? 16 : 10;
  if (base == 16) name.remove_prefix(1);
  std::uint32_t code = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), code, base);
  if (error != std::errc() || end != name.data() + name.size() || code > 0x10FFFF) return false;
  append_utf8(out, code);
  return true;
}

}  // namespace

std::optional<std::string_view> take_element(std::string_view& xml, std::string_view name) {
  std::size_t at = 0;
  while ((at = xml.find('<', at)) != xml.npos) {
    ++at;
    const std::string_view tag = xml.substr(at, name.size() + 1);
    if (tag.size() <= name.size() || !tag.starts_with(name)) continue;
    if (tag.back() != '>' && tag.back() != ' ' && tag.back() != '/') continue;
    const std::size_t close = xml.find('>', at);
    if (close == xml.npos) return std::nullopt;
    if (xml[close - 1] == '/') {  // <name/>
      xml.remove_prefix(close + 1);
      return std::string_view();
    }
    const std::string end = "</" + std::string(name) + ">";
    const std::size_t last = xml.find(end, close);
    if (last == xml.npos) return std::nullopt;
    const std::string_view inside = xml.substr(close + 1, last - close - 1);
    xml.remove_prefix(last + end.size());
    return inside;
  }
  return std::nullopt;
}

std::string text_of(std::string_view xml, std::string_view name) {
  const std::string_view raw = take_element(xml, name).value_or("");
  std::string text;
  for (std::size_t at = 0; at < raw.size();) {
    if (raw[at] == '&') {
      const std::size_t end = raw.find(';', at);
      if (end != raw.npos && append_entity(text, raw.substr(at + 1, end - at - 1))) {
        at = end + 1;
        continue;
      }
    }
    text += raw[at++];
  }
  return text;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace sluice::place
