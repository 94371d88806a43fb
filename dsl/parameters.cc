// s.param: a value that the command line gives.
//
//   s.param("rows", 20)                                       of its default's type
//   s.param { "rows", type = "whole", default = 20, help = "rows a request" }
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "dsl/constructors.h"
#include "dsl/option_tables.h"
#include "script/diagnostic.h"

namespace sluice::dsl {
namespace {

constexpr std::uint64_t kWorkOfParameter = 500;  // what is kept outside of the state's memory

constexpr Option kOptions[] = {
    {.name = "type",
     .type = ValueType::choice,
     .meaning = "what it must be",
     .example = "\"whole\"",
     .fallback = "the default's type; text without one",
     .choices = "text|whole|number|boolean"},
    {.name = "default",
     .type = ValueType::scalar,
     .meaning = "what holds where it is not given",
     .example = "20",
     .fallback = "it must be given"},
    {.name = "choices",
     .type = ValueType::table,
     .meaning = "a list of the texts that it may be",
     .example = "{ \"dev\", \"prod\" }",
     .fallback = "any"},
    {.name = "min", .type = ValueType::number, .meaning = "at least", .example = "1"},
    {.name = "max", .type = ValueType::number, .meaning = "at most", .example = "100"},
    {.name = "help",
     .type = ValueType::text,
     .meaning = "what it is, in a few words; check shows it",
     .example = "\"rows a request\"",
     .fallback = "none"},
};
constexpr Section kParam{.name = "param",
                         .kind = SectionKind::table,
                         .meaning = "a value that --set gives",
                         .example = "s.param { \"rows\", type = \"whole\", default = 20 }",
                         .options = kOptions,
                         .positional = {.word = "name",
                                        .type = "text",
                                        .luals = "string",
                                        .meaning = "the name in --set",
                                        .example = "\"rows\"",
                                        .least = 1,
                                        .most = 1}};

// What a parameter is declared to be.
struct Declared {
  Place place;
  std::string name;
  std::string type;  // "text", "whole", "number", "boolean"
  std::vector<std::string> choices;
  std::optional<double> min;
  std::optional<double> max;
  std::string help;
};

std::string_view type_words(std::string_view type) {
  if (type == "whole") return "a whole number";
  if (type == "number") return "a number";
  return type == "boolean" ? "true or false" : "text";
}

// The value on top of the stack as --set takes it.
std::string shown(lua_State* lua) {
  if (lua_isnil(lua, -1)) return {};
  if (lua_isboolean(lua, -1)) return lua_toboolean(lua, -1) != 0 ? "true" : "false";
  std::string text(luaL_tolstring(lua, -1, nullptr));
  lua_pop(lua, 1);
  return text;
}

class Parameter {
 public:
  Parameter(lua_State* lua, Declared declared) : lua_(lua), declared_(std::move(declared)) {}

  // With the default, or nil, on top of the stack; leaves the value there.
  int push() {
    script::Project& project = loader_of(lua_).project;
    const std::string& fallback = fallback_ = shown(lua_);
    const bool optional = !lua_isnil(lua_, -1);
    const auto value = project.parameter(declared_.name);
    project.declare({.name = declared_.name,
                     .type = declared_.type,
                     .value = value.value_or(fallback),
                     .help = declared_.help,
                     .choices = declared_.choices,
                     .given = value.has_value()});
    if (value) {
      lua_pop(lua_, 1);
      push_given(*value);
    } else if (!optional) {
      fail(fmt::format("parameter '{}' is not given{}", declared_.name,
                       declared_.help.empty() ? "" : ": " + declared_.help),
           fmt::format("run with --set {}=…, or give a default: s.param(\"{}\", …)", declared_.name,
                       declared_.name));
    }
    check(value ? *value : fallback);
    return 1;
  }

 private:
  [[noreturn]] void fail(std::string_view what, std::string_view hint) const {
    raise_at(lua_, declared_.place.source, declared_.place.argument, what, hint);
  }
  [[noreturn]] void wrong(std::string_view words, std::string_view got,
                          std::string_view example) const {
    fail(fmt::format("parameter '{}' must be {}, got '{}'", declared_.name, words, got),
         fmt::format("give it as --set {}={}", declared_.name, example));
  }

  void push_given(const std::string& value) {
    if (declared_.type == "whole" || declared_.type == "number") {
      if (lua_stringtonumber(lua_, value.c_str()) != value.size() + 1)
        wrong(type_words(declared_.type), value, fallback_.empty() ? "20" : fallback_);
    } else if (declared_.type == "boolean") {
      if (value != "true" && value != "false") wrong("true or false", value, "true");
      lua_pushboolean(lua_, value == "true" ? 1 : 0);
    } else {
      lua_pushlstring(lua_, value.data(), value.size());
    }
  }

  // The value on top of the stack, given or not: its range.
  void check(const std::string& text) const {
    if (declared_.type == "whole") {
      int exact = 0;
      const lua_Integer whole = lua_tointegerx(lua_, -1, &exact);
      if (exact == 0) wrong("a whole number", text, "20");
      lua_pop(lua_, 1);
      lua_pushinteger(lua_, whole);
    }
    if (lua_type(lua_, -1) == LUA_TNUMBER) {
      const double number = lua_tonumber(lua_, -1);
      if (declared_.min && number < *declared_.min)
        wrong(fmt::format("at least {}", *declared_.min), text, fmt::format("{}", *declared_.min));
      if (declared_.max && number > *declared_.max)
        wrong(fmt::format("at most {}", *declared_.max), text, fmt::format("{}", *declared_.max));
    }
    if (declared_.choices.empty() ||
        std::ranges::find(declared_.choices, text) != declared_.choices.end())
      return;
    const std::vector<std::string_view> choices(declared_.choices.begin(), declared_.choices.end());
    fail(fmt::format("parameter '{}' must be one of {}, got '{}'", declared_.name,
                     fmt::join(declared_.choices, ", "), text),
         script::did_you_mean(
             text, choices,
             fmt::format("give it as --set {}={}", declared_.name, declared_.choices.front())));
  }

  lua_State* lua_;
  Declared declared_;
  std::string fallback_;  // as --set takes it
};

std::string type_of_default(lua_State* lua) {
  switch (lua_type(lua, -1)) {
    case LUA_TNUMBER:
      return "number";
    case LUA_TBOOLEAN:
      return "boolean";
    default:
      return "text";
  }
}

int construct_from_table(lua_State* lua) {
  const Arguments arguments(lua, kParam);
  Declared declared{.place = arguments.place(),
                    .name = arguments.text_item(1),
                    .type = arguments.text("type").value_or(""),
                    .choices = {},
                    .min = arguments.number("min"),
                    .max = arguments.number("max"),
                    .help = arguments.text("help").value_or("")};
  declared.place.argument = declared.place.item(1);
  script::Sandbox::of(lua).charge(kWorkOfParameter + declared.name.size() + declared.help.size());
  arguments.push("choices");
  if (lua_istable(lua, -1)) {
    const auto count = static_cast<lua_Integer>(lua_rawlen(lua, -1));
    for (lua_Integer i = 1; i <= count; ++i) {
      lua_rawgeti(lua, -1, i);
      if (lua_type(lua, -1) != LUA_TSTRING)
        arguments.fail_value("choices", "choices must be a list of texts",
                             "for example choices = { \"dev\", \"prod\" }");
      script::Sandbox::of(lua).charge(10 + text_at(lua, -1).size());
      declared.choices.emplace_back(text_at(lua, -1));
      lua_pop(lua, 1);
    }
    if (count == 0)
      arguments.fail_value("choices", "choices has nothing to choose from",
                           "for example choices = { \"dev\", \"prod\" }");
  }
  lua_pop(lua, 1);
  arguments.push("default");
  const std::string of_default = type_of_default(lua);
  if (declared.type.empty()) declared.type = of_default;
  const bool number = declared.type == "whole" || declared.type == "number";
  if (!lua_isnil(lua, -1) && of_default != (number ? "number" : declared.type))
    arguments.fail_value("default",
                         fmt::format("the default of parameter '{}' must be {}, got {}",
                                     declared.name, type_words(declared.type), describe(lua, -1)),
                         "a default is of the parameter's type");
  return Parameter(lua, std::move(declared)).push();
}

}  // namespace

int construct_param(lua_State* lua) {
  if (lua_type(lua, 1) == LUA_TTABLE) return construct_from_table(lua);
  Place place = call_place(lua, "param");
  if (lua_type(lua, 1) != LUA_TSTRING) {
    raise_at(lua, place.source, place.argument,
             fmt::format("param takes text, got {}", describe(lua, 1)),
             "write s.param(\"model\", \"gpt-5.4-mini\")");
  }
  const std::string name(text_at(lua, 1));
  script::Sandbox::of(lua).charge(kWorkOfParameter + name.size());
  lua_settop(lua, 2);
  const int type = lua_type(lua, 2);
  if (type != LUA_TNIL && type != LUA_TSTRING && type != LUA_TNUMBER && type != LUA_TBOOLEAN) {
    raise_at(lua, place.source, place.argument,
             fmt::format("the default of parameter '{}' must be text, a number or a boolean, got "
                         "{}",
                         name, describe(lua, 2)),
             "for example s.param(\"rows\", 20)");
  }
  return Parameter(lua, {.place = std::move(place),
                         .name = name,
                         .type = type_of_default(lua),
                         .choices = {},
                         .min = {},
                         .max = {},
                         .help = {}})
      .push();
}

}  // namespace sluice::dsl
