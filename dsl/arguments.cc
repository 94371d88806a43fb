#include "dsl/arguments.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "dsl/node.h"
#include "dsl/other_words.h"
#include "script/diagnostic.h"

namespace sluice::dsl {
std::string_view text_at(lua_State* lua, int index) {
  std::size_t length = 0;
  const char* text = lua_tolstring(lua, index, &length);
  return {text, length};
}

namespace {

const char kLoaderKey = 0;

std::vector<std::string_view> option_names(const Section& section) {
  std::vector<std::string_view> names;
  for (const Option& option : section.options) names.push_back(option.name);
  return names;
}

std::string takes(const Section& section) {
  const auto names = option_names(section);
  if (names.empty()) return fmt::format("{} takes no options", section.name);
  return fmt::format("{} takes: {}", section.name, fmt::join(names, ", "));
}

}  // namespace

Loader& loader_of(lua_State* lua) {
  lua_rawgetp(lua, LUA_REGISTRYINDEX, &kLoaderKey);
  auto* loader = static_cast<Loader*>(lua_touserdata(lua, -1));
  lua_pop(lua, 1);
  return *loader;
}

void set_loader(lua_State* lua, Loader* loader) {
  lua_pushlightuserdata(lua, loader);
  lua_rawsetp(lua, LUA_REGISTRYINDEX, &kLoaderKey);
}

script::Span Place::key(std::string_view name) const {
  const auto found = std::ranges::find(entries, name, &script::Entry::key);
  return found == entries.end() ? whole : found->key_span;
}

script::Span Place::value(std::string_view name) const {
  const auto found = std::ranges::find(entries, name, &script::Entry::key);
  return found == entries.end() ? whole : found->value;
}

const script::Entry* Place::entry_of_item(std::size_t number) const {
  for (const script::Entry& entry : entries) {
    if (entry.key.empty() && --number == 0) return &entry;
  }
  return nullptr;
}

script::Span Place::item(std::size_t number) const {
  const script::Entry* entry = entry_of_item(number);
  return entry == nullptr ? whole : entry->value;
}

namespace {

// The innermost call that stands in a file of the user's, where the running function was called by a
// module inside the program; the name is that of the module's function.
std::optional<std::pair<script::ScriptPlace, std::string>> call_of_module(lua_State* lua) {
  lua_Debug frame{};
  std::string function;
  for (int level = 0; lua_getstack(lua, level, &frame) != 0; ++level) {
    lua_getinfo(lua, "Sln", &frame);
    if (frame.currentline < 0) continue;
    if (!std::string_view(frame.short_src).starts_with("sluice.")) {
      if (function.empty()) return std::nullopt;
      return std::pair(script::ScriptPlace{frame.short_src, frame.currentline}, function);
    }
    function = frame.name != nullptr ? frame.name : "require";
  }
  return std::nullopt;
}

}  // namespace

Place call_place(lua_State* lua, std::string_view function, const std::set<std::string>& keys) {
  if (const auto outer = call_of_module(lua)) {
    Place place{.source = loader_of(lua).project.find_chunk(outer->first.chunk),
                .whole = {},
                .argument = {},
                .entries = {}};
    if (place.source == nullptr) return place;
    place.whole = place.argument =
        place.source->find_name(outer->first.line, outer->second)
            .value_or(place.source->first_on(outer->first.line).value_or(script::Span{}));
    return place;
  }
  const script::ScriptPlace at = script::place_of(lua);
  Place place{.source = loader_of(lua).project.find_chunk(at.chunk),
              .whole = {},
              .argument = {},
              .entries = {}};
  if (place.source == nullptr) return place;
  script::Sandbox::of(lua).charge(place.source->tokens().size());  // they are gone through
  if (const auto call = place.source->find_call(at.line, function, keys)) {
    place.whole = call->function;
    place.argument = call->argument.value_or(call->function);
    if (call->table) place.entries = place.source->entries(*call->table);
  } else {
    place.whole = place.argument = place.source->first_on(at.line).value_or(script::Span{});
  }
  return place;
}

void raise_at(lua_State* lua, const script::Source* source, const script::Span& span,
              std::string_view what, std::string_view hint) {
  Loader& loader = loader_of(lua);
  if (!loader.error) {
    loader.error = source != nullptr ? script::error_at(*source, span, what, hint)
                                     : script::error_in(loader.project.file(), what, hint);
  }
  loader.sandbox.abort();
  lua_pushliteral(lua, "mistake");  // never shown: the loader has the error
  lua_error(lua);
  std::unreachable();
}

std::string describe(lua_State* lua, int index) {
  if (const Node* node = to_node(lua, index)) return fmt::format("s.{}", node->name);
  switch (lua_type(lua, index)) {
    case LUA_TNIL:
    case LUA_TNONE:
      return "nothing";
    case LUA_TSTRING:
      return "text";
    case LUA_TNUMBER:
      return fmt::format("{:g}", lua_tonumber(lua, index));
    case LUA_TBOOLEAN:
      return lua_toboolean(lua, index) != 0 ? "true" : "false";
    default:
      return fmt::format("a {}", luaL_typename(lua, index));
  }
}

Arguments::Arguments(lua_State* lua, const Section& section)
    : lua_(lua), section_(section), table_(1) {
  if (lua_type(lua, 1) == LUA_TTABLE) collect_keys();
  place_ = call_place(lua, section.name, {names_.begin(), names_.end()});
  lua_getfield(lua, LUA_REGISTRYINDEX, "sluice");
  const bool method = lua_rawequal(lua, 1, -1) != 0;
  lua_pop(lua, 1);
  if (method) {
    fail(fmt::format("{} is called with a colon", section.name),
         fmt::format("write s.{} with a dot", section.name));
  }
  if (lua_type(lua, 1) != LUA_TTABLE || lua_gettop(lua) > 1) {
    raise_at(lua, place_.source, place_.argument,
             fmt::format("{} takes one table, got {}", section.name,
                         describe(lua, lua_gettop(lua) > 1 ? 2 : 1)),
             fmt::format("write {}", section.example));
  }
  check();
}

Arguments::Arguments(const Arguments& parent, const Section& section, std::string_view name)
    : lua_(parent.lua_), section_(section) {
  parent.push(name);
  const auto entry = std::ranges::find(parent.place_.entries, name, &script::Entry::key);
  read_inner(parent, parent.place_.value(name),
             entry == parent.place_.entries.end() ? nullptr : &*entry);
}

Arguments::Arguments(const Arguments& list, const Section& section, std::size_t number)
    : lua_(list.lua_), section_(section) {
  list.push_item(number);
  read_inner(list, list.place_.item(number), list.place_.entry_of_item(number));
}

// What is on top of the stack stays there until the C function returns.
void Arguments::read_inner(const Arguments& parent, const script::Span& span,
                           const script::Entry* entry) {
  table_ = lua_gettop(lua_);
  luaL_checkstack(lua_, 20, "too many tables");
  collect_keys();
  place_.source = parent.place_.source;
  place_.whole = place_.argument = span;
  if (entry != nullptr && place_.source != nullptr) {
    const script::Token& first = place_.source->tokens()[entry->value_token];
    if (place_.source->token_text(first) == "{") {
      place_.entries = place_.source->entries(entry->value_token);
    }
  }
  check();
}

void Arguments::collect_keys() {
  script::Sandbox& sandbox = script::Sandbox::of(lua_);
  lua_pushnil(lua_);
  while (lua_next(lua_, table_) != 0) {
    lua_pop(lua_, 1);
    sandbox.charge(10);
    if (lua_type(lua_, -1) == LUA_TSTRING) {
      names_.emplace_back(text_at(lua_, -1));
      sandbox.charge(names_.back().size());
    } else if (lua_isinteger(lua_, -1) != 0 && lua_tointeger(lua_, -1) > 0) {
      items_ = std::max(items_, static_cast<std::size_t>(lua_tointeger(lua_, -1)));
    } else {
      place_ = call_place(lua_, section_.name);
      fail(fmt::format("{} has a key that is neither a name nor a list position: {}", section_.name,
                       describe(lua_, -1)),
           takes(section_));
    }
  }
  std::ranges::sort(names_);
}

// Lua's tables have no order; the source does. A table that is not written where it is used (a
// variable, a module's result) is looked for by its names.
void Arguments::order_names() {
  std::unordered_map<std::string_view, std::size_t> positions;
  const auto shows_all = [&](const std::vector<script::Entry>& entries) {
    positions.clear();
    for (const script::Entry& entry : entries) positions.emplace(entry.key, positions.size());
    return std::ranges::all_of(names_,
                               [&](const std::string& name) { return positions.contains(name); });
  };
  std::vector<script::Entry> elsewhere;
  if (!shows_all(place_.entries)) {
    elsewhere = loader_of(lua_).project.find_table({names_.begin(), names_.end()});  // in any file
    if (!shows_all(elsewhere)) return;
  }
  std::ranges::sort(names_, {}, [&](const std::string& name) { return positions.at(name); });
}

void Arguments::check() {
  if (names_.size() > 1) order_names();
  for (const std::string& name : names_) {
    const Option* option = find_option(section_, name);
    push(name);
    // In a table of fields a name that is also an option's is a field when it holds a field type.
    const bool field = section_.fields && to_node(lua_, -1) != nullptr;
    lua_pop(lua_, 1);
    if (field || (section_.fields && option == nullptr)) continue;
    if (option == nullptr) {
      const std::string_view ours = meant(name, option_names(section_));
      fail_key(name, fmt::format("unknown option '{}' for {}", name, section_.name),
               ours.empty() ? takes(section_) : fmt::format("did you mean '{}'?", ours));
    }
    check_option(*option);
  }
  check_items();
  for (const Option& option : section_.options) {
    if (option.required && !has(option.name)) {
      fail(fmt::format("missing option '{}' for {}", option.name, section_.name),
           fmt::format("add {} = {}", option.name, option.example));
    }
  }
}

void Arguments::check_items() const {
  const Positional& positional = section_.positional;
  const auto most = static_cast<std::size_t>(positional.most);
  if (items_ > most) {
    const std::string hint = takes(section_);
    if (most == 0)
      fail_item(1, fmt::format("{} takes no value without a name", section_.name), hint);
    if (most == 1) {
      fail_item(2, fmt::format("{} takes one {}, got {}", section_.name, positional.word, items_),
                hint);
    }
    fail(fmt::format("{} takes at most {} {}s", section_.name, most, positional.word), hint);
  }
  if (items_ < static_cast<std::size_t>(positional.least)) {
    if (positional.least > 1)
      fail(
          fmt::format("{} needs at least {} {}s", section_.name, positional.least, positional.word),
          fmt::format("for example {}", section_.example));
    fail(fmt::format("{} needs {} {}", section_.name, most > 1 ? "at least one" : "one",
                     positional.word),
         fmt::format("for example {}", section_.example));
  }
  for (std::size_t i = 1; i <= items_; ++i) {
    push_item(i);
    const int type = lua_type(lua_, -1);
    const std::string got = describe(lua_, -1);
    const bool text = positional.type.starts_with("text");
    const Node* node = to_node(lua_, -1);
    const bool files = node != nullptr && std::holds_alternative<InputFiles>(node->value);
    const bool table = node != nullptr && std::holds_alternative<table::Spec>(node->value);
    const bool queue = node != nullptr && std::holds_alternative<queue::Spec>(node->value);
    const bool right = text ? type == LUA_TSTRING ||
                                  (files && positional.type.starts_with("text, s.files")) ||
                                  (table && positional.type.contains("a table of a database")) ||
                                  (queue && positional.type.contains("a queue")) ||
                                  (type == LUA_TTABLE && positional.type == "text or a table")
                       : positional.type == "a function" ? type == LUA_TFUNCTION
                       : positional.type == "a table"    ? type == LUA_TTABLE
                       : positional.type == "a stage" || positional.type.ends_with("a list of them")
                           ? type == LUA_TUSERDATA || type == LUA_TTABLE
                           : type == LUA_TUSERDATA;
    const bool empty = text && type == LUA_TSTRING && text_at(lua_, -1).empty();
    lua_pop(lua_, 1);
    if (!right) {
      fail_item(i,
                fmt::format("{} of {} must be {}, got {}", positional.word, section_.name,
                            positional.type, got),
                fmt::format("for example {}", positional.example));
    }
    if (empty) {
      fail_item(i, fmt::format("{} of {} is empty", positional.word, section_.name),
                fmt::format("for example {}", positional.example));
    }
  }
}

bool Arguments::has(std::string_view name) const {
  return std::ranges::find(names_, name) != names_.end();
}

void Arguments::push(std::string_view name) const {
  lua_pushlstring(lua_, name.data(), name.size());
  lua_rawget(lua_, table_);
}

void Arguments::push_item(std::size_t number) const {
  lua_rawgeti(lua_, table_, static_cast<lua_Integer>(number));
}

void Arguments::fail(std::string_view what, std::string_view hint) const {
  raise_at(lua_, place_.source, place_.whole, what, hint);
}
void Arguments::fail_key(std::string_view name, std::string_view what,
                         std::string_view hint) const {
  raise_at(lua_, place_.source, place_.key(name), what, hint);
}
void Arguments::fail_value(std::string_view name, std::string_view what,
                           std::string_view hint) const {
  raise_at(lua_, place_.source, place_.value(name), what, hint);
}
void Arguments::fail_item(std::size_t number, std::string_view what, std::string_view hint) const {
  raise_at(lua_, place_.source, place_.item(number), what, hint);
}

}  // namespace sluice::dsl
