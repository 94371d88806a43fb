// Reading members of a reply that may lack them or hold something else: each function then gives
// the empty value. For the codecs' own .cc files; the views live as long as the parser's document.
#pragma once

#include <simdjson.h>

#include <array>
#include <optional>
#include <string_view>

namespace sluice::provider {

using Element = simdjson::dom::element;

inline std::optional<Element> member(const Element& object, std::string_view key) {
  Element found;
  if (object[key].get(found) != simdjson::SUCCESS || found.is_null()) return std::nullopt;
  return found;
}

// Several members in one pass: member() looks from the first one each time. Null is absent.
template <std::size_t N>
std::array<std::optional<Element>, N> members(const Element& object,
                                              const std::array<std::string_view, N>& keys) {
  std::array<std::optional<Element>, N> found;
  simdjson::dom::object fields;
  if (object.get(fields) != simdjson::SUCCESS) return found;
  for (const auto [name, value] : fields) {
    for (std::size_t i = 0; i < N; ++i) {
      if (name != keys[i]) continue;
      if (!found[i] && !value.is_null()) found[i] = value;
      break;
    }
  }
  return found;
}

inline std::optional<Element> first_of(const Element& array) {
  Element found;
  if (array.at(0).get(found) != simdjson::SUCCESS) return std::nullopt;
  return found;
}

inline std::string_view text_at(const Element& object, std::string_view key) {
  std::string_view text;
  if (object[key].get(text) != simdjson::SUCCESS) return {};
  return text;
}

inline std::string_view text_of(const std::optional<Element>& element) {
  std::string_view text;
  if (!element || element->get(text) != simdjson::SUCCESS) return {};
  return text;
}

}  // namespace sluice::provider
