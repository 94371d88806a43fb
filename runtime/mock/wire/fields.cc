#include "wire/fields.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace sluice::wire {
namespace {

constexpr std::size_t kMostShown = 80;  // of a wrong value, in a message

std::string joined(std::string_view path, std::string_view name) {
  std::string out(path);
  if (!out.empty()) out += '.';
  return out += name;
}

bool is_choice(std::string_view choices, std::string_view value) {
  while (!choices.empty()) {
    const std::size_t end = std::min(choices.find('|'), choices.size());
    if (choices.substr(0, end) == value) return true;
    choices.remove_prefix(std::min(end + 1, choices.size()));
  }
  return false;
}

bool named(const Fields& fields, const Field& field, std::string_view name) {
  return field.name == name || (fields.snake && snake_case(field.name) == name);
}

const Field* field_named(const Fields& fields, std::string_view name) {
  for (const Field& field : fields.list) {
    if (named(fields, field, name)) return &field;
  }
  return nullptr;
}

Mistake mistake(Mistake::What what, std::string_view path, const Element& value) {
  Mistake found;
  found.what = what;
  found.path = path;
  found.got = kind_of(value);
  found.value = simdjson::minify(value);
  if (found.value.size() > kMostShown) found.value = found.value.substr(0, kMostShown) + " …";
  return found;
}

std::optional<Mistake> object_mistake(const Element& value, const Fields& fields,
                                      std::string_view path);

std::optional<Mistake> value_mistake(const Element& value, const Field& field,
                                     std::string_view path) {
  const unsigned kind = kind_of(value);
  const bool whole_for_number = kind == kInteger && (field.kinds & kNumber) != 0;
  if ((field.kinds & kind) == 0 && !whole_for_number) {
    Mistake found = mistake(Mistake::What::kind, path, value);
    found.kinds = field.kinds;
    return found;
  }
  const auto bounded = [&](double amount, Mistake::What what) -> std::optional<Mistake> {
    if (amount >= field.least && amount <= field.most) return std::nullopt;
    Mistake found = mistake(what, path, value);
    found.too_small = amount < field.least;
    found.bound = found.too_small ? field.least : field.most;
    return found;
  };
  double number = 0;
  if (value.get(number) == simdjson::SUCCESS) return bounded(number, Mistake::What::range);
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) {
    if (field.choices.empty() || is_choice(field.choices, text)) return std::nullopt;
    Mistake found = mistake(Mistake::What::choice, path, value);
    found.choices = field.choices;
    return found;
  }
  if (kind == kObject && field.inside) return object_mistake(value, *field.inside, path);
  simdjson::dom::array entries;
  if (value.get(entries) != simdjson::SUCCESS) return std::nullopt;
  if (auto found = bounded(static_cast<double>(entries.size()), Mistake::What::length))
    return found;
  if (!field.inside) return std::nullopt;
  std::size_t at = 0;
  for (const Element entry : entries) {
    if (entry.is_object()) {
      if (auto found = object_mistake(entry, *field.inside, joined(path, std::to_string(at))))
        return found;
    }
    ++at;
  }
  return std::nullopt;
}

std::optional<Mistake> object_mistake(const Element& value, const Fields& fields,
                                      std::string_view path) {
  simdjson::dom::object object;
  if (value.get(object) != simdjson::SUCCESS) {
    Mistake found = mistake(Mistake::What::kind, path, value);
    found.kinds = kObject;
    return found;
  }
  std::uint64_t seen = 0;  // bits of the list's fields
  for (const auto [name, entry] : object) {
    const Field* field = field_named(fields, name);
    if (!field) {
      const bool known = fields.open || std::find(fields.also.begin(), fields.also.end(), name) !=
                                            fields.also.end();
      if (!known) return mistake(Mistake::What::unknown, joined(path, name), entry);
      continue;
    }
    seen |= std::uint64_t{1} << (field - fields.list.data());
    if (auto found = value_mistake(entry, *field, joined(path, name))) return found;
  }
  for (std::size_t i = 0; i < fields.list.size(); ++i) {
    const Field& field = fields.list[i];
    if (!field.required || (seen >> i & 1) != 0 || field.name == fields.optional) continue;
    Mistake found;
    found.what = Mistake::What::missing;
    found.path = joined(path, field.name);
    return found;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Mistake> mistake_in(const Element& value, const Fields& fields) {
  return object_mistake(value, fields, "");
}

unsigned kind_of(const Element& value) {
  using simdjson::dom::element_type;
  switch (value.type()) {
    case element_type::STRING:
      return kString;
    case element_type::INT64:
    case element_type::UINT64:
      return kInteger;
    case element_type::DOUBLE:
      return kNumber;
    case element_type::BOOL:
      return kBoolean;
    case element_type::OBJECT:
      return kObject;
    case element_type::ARRAY:
      return kArray;
    default:
      return kNull;
  }
}

std::string kinds_text(unsigned kinds) {
  using Name = std::pair<unsigned, std::string_view>;
  constexpr std::array kNames = {Name(kString, "a string"),  Name(kInteger, "an integer"),
                                 Name(kNumber, "a number"),  Name(kBoolean, "a boolean"),
                                 Name(kObject, "an object"), Name(kArray, "an array"),
                                 Name(kNull, "null")};
  std::string out;
  for (const auto& [kind, name] : kNames) {
    if ((kinds & kind) == 0) continue;
    if (!out.empty()) out += " or ";
    out += name;
  }
  return out;
}

std::string choices_text(std::string_view choices, std::string_view last) {
  std::string out;
  while (!choices.empty()) {
    const std::size_t end = std::min(choices.find('|'), choices.size());
    if (!out.empty()) out += end == choices.size() ? last : ", ";
    out += '\'';
    out += choices.substr(0, end);
    out += '\'';
    choices.remove_prefix(std::min(end + 1, choices.size()));
  }
  return out;
}

std::string bracketed(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('.'), path.size());
    const std::string_view part = path.substr(0, end);
    const bool place =
        std::all_of(part.begin(), part.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
    if (place && !out.empty()) {
      out += '[';
      out += part;
      out += ']';
    } else {
      if (!out.empty()) out += '.';
      out += part;
    }
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return out;
}

std::string snake_case(std::string_view camel) {
  std::string out;
  for (const char c : camel) {
    if (c >= 'A' && c <= 'Z') {
      out += '_';
      out += static_cast<char>(c - 'A' + 'a');
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace sluice::wire
