// Field types: s.text, s.int { min = 1 }, s.one_of { … }, s.list { … }, s.object { … }.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "dsl/constructors.h"
#include "dsl/node.h"

namespace sluice::dsl {
namespace {

using answer::Field;
using answer::FieldType;

struct FieldName {
  FieldType type;
  std::string_view name;
};
constexpr std::array<FieldName, 7> kNames = {{{FieldType::text, "text"},
                                              {FieldType::integer, "int"},
                                              {FieldType::number, "number"},
                                              {FieldType::boolean, "bool"},
                                              {FieldType::one_of, "one_of"},
                                              {FieldType::list, "list"},
                                              {FieldType::object, "object"}}};

std::string_view name_of(FieldType type) {
  return std::ranges::find(kNames, type, &FieldName::type)->name;
}

// Work that compiling a regular expression counts as: it may take a megabyte that the state's limit
// does not see.
constexpr std::uint64_t kPatternWork = 1'000'000;

constexpr std::size_t kMostFields = 1000;  // of one table; each answer is looked through for each

bool stands_alone(FieldType type) {
  return type != FieldType::one_of && type != FieldType::list && type != FieldType::object;
}

// What is wrong with the value at `index` as a field type; nothing when it is one. `hint` is set
// with it.
std::string wrong_field(lua_State* lua, int index, std::string& hint) {
  hint = "for example s.text, s.int { min = 1, max = 5 } or s.one_of { \"a\", \"b\" }";
  const Node* node = to_node(lua, index);
  if (node == nullptr) return fmt::format("must be a field type, got {}", describe(lua, index));
  if (std::holds_alternative<Field>(node->value)) return {};
  const auto* bare = std::get_if<BareField>(&node->value);
  if (bare == nullptr) return fmt::format("must be a field type, got {}", describe(lua, index));
  if (stands_alone(bare->type)) return {};
  hint = fmt::format("write {}", section(node->name).example);
  return fmt::format("is {} without its table", describe(lua, index));
}

Field to_field(lua_State* lua, int index) {
  const Node* node = to_node(lua, index);
  if (const auto* bare = std::get_if<BareField>(&node->value)) {
    Field field;
    field.type = bare->type;
    return field;
  }
  return std::get<Field>(node->value);
}

// What a copy of the field takes in memory that the state's limit does not see.
std::size_t bytes_of(const Field& field) {
  std::size_t bytes =
      sizeof field + field.name.size() + field.description.size() + field.pattern.text().size();
  for (const std::string& choice : field.choices) bytes += sizeof(std::string) + choice.size();
  for (const Field& member : field.members) bytes += bytes_of(member);
  return bytes;
}

void check_range(const Arguments& arguments, const Field& field) {
  if (!field.min || !field.max || *field.min <= *field.max) return;
  arguments.fail_value(
      "max", fmt::format("max must not be less than min, got {} and {}", *field.max, *field.min),
      "swap them");
}

answer::Pattern read_pattern(lua_State* lua, const Arguments& arguments) {
  auto text = arguments.text("pattern");
  if (!text) return {};
  script::Sandbox::of(lua).charge(kPatternWork);
  auto pattern = answer::Pattern::compile(std::move(*text));
  if (!pattern) {
    arguments.fail_value(
        "pattern", fmt::format("pattern is no regular expression: {}", pattern.error().message),
        "the syntax is RE2's; in Lua text a backslash is written twice, or stands in [[…]]");
  }
  return std::move(*pattern);
}

std::vector<std::string> read_choices(const Arguments& arguments) {
  std::vector<std::string> choices;
  for (std::size_t i = 1; i <= arguments.items(); ++i) {
    std::string choice = arguments.text_item(i);
    if (std::ranges::find(choices, choice) != choices.end()) {
      arguments.fail_item(
          i, fmt::format("choice \"{}\" of one_of is there twice", choice.substr(0, 40)),
          "take one out");
    }
    choices.push_back(std::move(choice));
  }
  return choices;
}

Field read_element(lua_State* lua, const Arguments& arguments) {
  arguments.push_item(1);
  std::string hint;
  if (const std::string wrong = wrong_field(lua, -1, hint); !wrong.empty()) {
    arguments.fail_item(1, "element of list " + wrong, hint);
  }
  Field element = to_field(lua, -1);
  script::Sandbox::of(lua).charge(bytes_of(element));
  lua_pop(lua, 1);
  return element;
}

}  // namespace

void push_bare_field(lua_State* lua, FieldType type) {
  push_node(lua,
            Node{.name = name_of(type), .source = nullptr, .span = {}, .value = BareField{type}});
}

std::vector<Field> read_fields(lua_State* lua, const Arguments& arguments, const Section& section) {
  std::vector<Field> fields;
  if (arguments.names().size() > kMostFields) {
    arguments.fail(fmt::format("{} has more than {} fields", section.name, kMostFields),
                   "a list of objects takes what repeats");
  }
  for (const std::string& name : arguments.names()) {
    arguments.push(name);
    const bool option = find_option(section, name) != nullptr && to_node(lua, -1) == nullptr;
    if (!option) {
      std::string hint;
      if (const std::string wrong = wrong_field(lua, -1, hint); !wrong.empty()) {
        arguments.fail_value(name, fmt::format("field '{}' of {} {}", name, section.name, wrong),
                             hint);
      }
      if (name.empty()) arguments.fail("a field has an empty name", "give it a name");
      fields.push_back(to_field(lua, -1));
      fields.back().name = name;
      script::Sandbox::of(lua).charge(bytes_of(fields.back()));
    }
    lua_pop(lua, 1);
  }
  return fields;
}

int construct_field(lua_State* lua) {
  const Node* self = to_node(lua, 1);
  const auto* bare = self == nullptr ? nullptr : std::get_if<BareField>(&self->value);
  if (bare == nullptr) return luaL_error(lua, "attempt to call %s", describe(lua, 1).c_str());
  const FieldType type = bare->type;
  const Section& options = section(self->name);
  lua_remove(lua, 1);
  const Arguments arguments(lua, options);

  Field field;
  field.type = type;
  field.min = arguments.number("min");
  field.max = arguments.number("max");
  if (type != FieldType::object) {
    field.optional = arguments.flag("optional");
    field.description = arguments.text("description").value_or("");
  }
  check_range(arguments, field);
  if (type == FieldType::text) field.pattern = read_pattern(lua, arguments);
  if (type == FieldType::one_of) field.choices = read_choices(arguments);
  if (type == FieldType::list) field.members.push_back(read_element(lua, arguments));
  if (type == FieldType::object) {
    // Here the two names are options unless they hold a field type.
    field.members = read_fields(lua, arguments, options);
    const auto is_member = [&field](std::string_view name) {
      return std::ranges::find(field.members, name, &Field::name) != field.members.end();
    };
    if (!is_member("optional")) field.optional = arguments.flag("optional");
    if (!is_member("description")) field.description = arguments.text("description").value_or("");
    if (field.members.empty())
      arguments.fail("object needs at least one field",
                     fmt::format("for example {}", options.example));
  }
  const Place& place = arguments.place();
  push_node(lua, Node{.name = options.name,
                      .source = place.source,
                      .span = place.whole,
                      .value = std::move(field)});
  return 1;
}

}  // namespace sluice::dsl
