// What must hold of every reply, however spoilt: for the tests and the fuzz target of
// answer/salvage. It reads with another JSON library, and knows nothing of how salvage() works.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "answer/salvage.h"

namespace sluice::answer {

// A JSON value at the start of `text`, with anything behind it.
inline nlohmann::json value_at(std::string_view text) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && depth > 0 && --depth == 0) {
      return nlohmann::json::parse(text.substr(0, i + 1), nullptr, false);
    }
  }
  return nlohmann::json(nlohmann::json::value_t::discarded);
}

// Without the commas that JSON does not have, wherever it is no string.
inline std::string without_trailing_commas(std::string_view text) {
  std::string out;
  bool in_string = false;
  bool escaped = false;
  for (const char c : text) {
    if (in_string) {
      in_string = c != '"' || escaped;
      escaped = c == '\\' && !escaped;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '}' || c == ']') {
      const std::size_t last = out.find_last_not_of(" \t\r\n");
      if (last != out.npos && out[last] == ',') out.erase(last, 1);
    }
    out += c;
  }
  return out;
}

// Whether `"id":` stands somewhere in the reply with exactly this object behind it.
inline bool stands_under(std::string_view reply, const std::string& id,
                         const nlohmann::json& object) {
  const std::string name = '"' + id + '"';
  for (std::size_t at = reply.find(name); at != reply.npos; at = reply.find(name, at + 1)) {
    const std::size_t colon = reply.find_first_not_of(" \t\r\n", at + name.size());
    if (colon == reply.npos || reply[colon] != ':') continue;
    const std::size_t value = reply.find_first_not_of(" \t\r\n", colon + 1);
    if (value == reply.npos || reply[value] != '{') continue;
    const auto found = value_at(without_trailing_commas(reply.substr(value)));
    if (!found.is_discarded() && found == object) return true;
  }
  return false;
}

// A line for every row; objects as text, since their parser is used again.
inline std::string salvaged_text(const Salvaged& found) {
  std::string out;
  for (const auto& [row, object] : found.answers)
    out += std::to_string(row) + ' ' + simdjson::minify(object) + '\n';
  for (const std::size_t row : found.conflicting)
    out += "conflicting " + std::to_string(row) + '\n';
  return out + std::to_string(found.unknown_id) + ' ' + std::to_string(found.missing_id) + ' ' +
         std::to_string(found.unusable) + (found.truncated ? " truncated" : "");
}

// What is wrong with what salvage() makes of the reply; empty when all is well.
inline std::string salvage_mistake(std::string_view reply, std::span<const std::string> ids,
                                   simdjson::dom::parser& parser) {
  const Salvaged found = salvage(reply, ids, parser);
  std::vector<int> times(ids.size());
  for (const auto& [row, element] : found.answers) {
    if (row >= ids.size() || ++times[row] > 1) return "a row is answered twice, or is none";
    const auto object = nlohmann::json::parse(simdjson::minify(element), nullptr, false);
    if (!object.is_object()) return "an answer is no object";
    const auto own = object.find("id");
    if (own == object.end()) {
      if (object.empty()) return "an answer says nothing";
      if (!stands_under(reply, ids[row], object)) return "an answer stands under no id";
    } else {
      if (object.size() < 2) return "an answer says nothing";
      const bool same =
          own->is_string() ? *own == ids[row] : own->is_number() && own->dump() == ids[row];
      if (!same) return "an answer carries another row's id";
    }
  }
  for (const std::size_t row : found.conflicting) {
    if (row >= ids.size() || ++times[row] > 1) return "a conflicting row is answered, or is none";
  }
  // Words before the first value change nothing; they keep the reply from being read in one go, so
  // this also compares the quick way with the careful one.
  const std::string text = salvaged_text(found);
  const bool extra_text = found.extra_text;
  const Salvaged again = salvage("So: " + std::string(reply), ids, parser);
  if (!again.extra_text) return "words were not noticed";
  if (const std::string other = salvaged_text(again); other != text)
    return "after words it is\n" + other + "\nand without\n" + text;
  // This library takes a zero byte for the end of the text.
  if (extra_text && reply.find('\0') == reply.npos &&
      nlohmann::json::parse(reply, nullptr, false).is_structured())
    return "JSON throughout is said to be noisy";
  return "";
}

}  // namespace sluice::answer
