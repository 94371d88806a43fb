// The values of options: their types, their bounds, and reading them.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "dsl/arguments.h"
#include "dsl/node.h"
#include "dsl/other_words.h"
#include "script/diagnostic.h"

namespace sluice::dsl {
namespace {

constexpr double kLongestSeconds = 100.0 * 365 * 86400;

std::optional<core::Duration> from_seconds(double seconds) {
  if (!(seconds > 0) || seconds > kLongestSeconds) return std::nullopt;
  return core::Duration(std::llround(seconds * 1e9));
}

bool is_number(lua_State* lua, int index) {
  return lua_type(lua, index) == LUA_TNUMBER && std::isfinite(lua_tonumber(lua, index));
}
bool is_whole(lua_State* lua, int index) {
  return is_number(lua, index) && lua_tonumber(lua, index) == std::floor(lua_tonumber(lua, index));
}

std::optional<core::Duration> duration_at(lua_State* lua, int index) {
  if (lua_type(lua, index) == LUA_TNUMBER) return from_seconds(lua_tonumber(lua, index));
  if (lua_type(lua, index) == LUA_TSTRING) return parse_duration(text_at(lua, index));
  return std::nullopt;
}

std::optional<core::Money> money_at(lua_State* lua, int index) {
  std::optional<core::Money> money;
  if (lua_type(lua, index) == LUA_TNUMBER)
    money = core::Money::from_dollars(lua_tonumber(lua, index));
  if (lua_type(lua, index) == LUA_TSTRING) money = core::Money::parse(text_at(lua, index));
  return money > core::Money() ? money : std::nullopt;
}

std::vector<std::string_view> split_choices(std::string_view choices) {
  std::vector<std::string_view> all;
  while (true) {
    const std::size_t bar = choices.find('|');
    all.push_back(choices.substr(0, bar));
    if (bar == choices.npos) return all;
    choices.remove_prefix(bar + 1);
  }
}

// What is on top of the stack.
bool is_secret(lua_State* lua) {
  const Node* node = to_node(lua, -1);
  return lua_type(lua, -1) == LUA_TSTRING ||
         (node != nullptr && std::holds_alternative<core::Secret>(node->value));
}
core::Secret top_secret(lua_State* lua) {
  if (lua_type(lua, -1) == LUA_TSTRING) {
    std::string plain(text_at(lua, -1));
    script::Sandbox::of(lua).charge(plain.size());
    return core::Secret(std::move(plain));
  }
  const Node* node = to_node(lua, -1);
  return node != nullptr ? std::get<core::Secret>(node->value) : core::Secret();
}

// Whether the value on top of the stack is of the option's type, its range apart.
bool fits(lua_State* lua, ValueType type) {
  const int found = lua_type(lua, -1);
  switch (type) {
    case ValueType::text:
    case ValueType::choice:
      return found == LUA_TSTRING;
    case ValueType::whole:
      return is_whole(lua, -1);
    case ValueType::number:
      return is_number(lua, -1);
    case ValueType::boolean:
      return found == LUA_TBOOLEAN;
    case ValueType::scalar:
      return found == LUA_TSTRING || found == LUA_TBOOLEAN || is_number(lua, -1);
    case ValueType::duration:
      return duration_at(lua, -1).has_value();
    case ValueType::money:
      return money_at(lua, -1).has_value();
    case ValueType::secret:
      return is_secret(lua);
    case ValueType::function:
      return found == LUA_TFUNCTION;
    case ValueType::prompt:
      return found == LUA_TSTRING || found == LUA_TFUNCTION;
    case ValueType::columns:
      return found == LUA_TSTRING || found == LUA_TTABLE;
    case ValueType::secrets:
    case ValueType::names:
    case ValueType::types:
    case ValueType::settings:
    case ValueType::fields:
    case ValueType::table:
      return found == LUA_TTABLE;
    case ValueType::table_or_zero:
      return found == LUA_TTABLE || (is_number(lua, -1) && lua_tonumber(lua, -1) == 0);
  }
  return false;
}

}  // namespace

void Arguments::wrong_type(const Option& option) const {
  const bool text = lua_type(lua_, -1) == LUA_TSTRING;
  const bool short_text = text && text_at(lua_, -1).size() <= 40;
  const bool says_more = option.type == ValueType::duration || option.type == ValueType::money;
  const std::string got =
      says_more && short_text ? fmt::format("\"{}\"", text_at(lua_, -1)) : describe(lua_, -1);
  if (text && option.type == ValueType::money) {
    if (const std::string dollars = dollars_for(text_at(lua_, -1)); !dollars.empty())
      fail_value(option.name,
                 fmt::format("{} must be an amount in US dollars, got {}", option.name, got),
                 fmt::format("prices are in US dollars: write what it may cost as {} = \"{}\"",
                             option.name, dollars));
  }
  std::string meant;
  if (text && option.type == ValueType::duration) meant = as_duration(text_at(lua_, -1));
  if (text && option.type == ValueType::money) meant = as_money(text_at(lua_, -1));
  fail_value(option.name,
             fmt::format("{} must be {}, got {}", option.name, type_description(option.type), got),
             meant.empty() ? fmt::format("for example {} = {}", option.name, option.example)
                           : fmt::format("write {} = \"{}\"", option.name, meant));
}

void Arguments::check_option(const Option& option) const {
  push(option.name);
  if (!fits(lua_, option.type)) wrong_type(option);
  switch (option.type) {
    case ValueType::whole:
    case ValueType::number:
      check_bounds(option, lua_tonumber(lua_, -1), "");
      break;
    case ValueType::text:
    case ValueType::secret:
      if (lua_type(lua_, -1) == LUA_TSTRING) {
        check_bounds(option, static_cast<double>(text_at(lua_, -1).size()), " bytes long");
      }
      break;
    case ValueType::choice:
      check_choice(option);
      break;
    case ValueType::columns:
    case ValueType::names:
      check_columns(option);
      break;
    case ValueType::secrets:
      check_secrets(option);
      break;
    default:
      break;
  }
  lua_pop(lua_, 1);
}

void Arguments::check_secrets(const Option& option) const {
  // The line is not shown: a key may stand in it.
  const auto wrong = [&](std::string_view got) {
    raise_at(lua_, nullptr, {},
             fmt::format("{} must be {}, got {}", option.name, type_description(option.type), got),
             fmt::format("for example {} = {}", option.name, option.example));
  };
  const auto count = static_cast<lua_Integer>(lua_rawlen(lua_, -1));
  lua_Integer entries = 0;
  for (lua_pushnil(lua_); lua_next(lua_, -2) != 0; lua_pop(lua_, 1)) ++entries;
  script::Sandbox::of(lua_).charge(static_cast<std::uint64_t>(10 * entries));
  if (count == 0 || entries != count) wrong(count == 0 ? "an empty list" : "a table with names");
  if (static_cast<double>(count) > option.max.value_or(static_cast<double>(count)))
    wrong(fmt::format("{} of them", count));
  for (lua_Integer i = 1; i <= count; ++i) {
    lua_rawgeti(lua_, -1, i);
    if (!is_secret(lua_)) wrong(fmt::format("a list with {}", describe(lua_, -1)));
    lua_pop(lua_, 1);
  }
}

void Arguments::check_bounds(const Option& option, double value, std::string_view unit) const {
  if (value >= option.min.value_or(value) && value <= option.max.value_or(value)) return;
  std::string range;
  if (option.min && option.max) {
    range = fmt::format("between {} and {}", *option.min, *option.max);
  } else {
    range = option.min ? fmt::format("at least {}", *option.min)
                       : fmt::format("at most {}", option.max.value_or(0));
  }
  const std::string got =
      unit.empty() ? fmt::format("got {}", value) : fmt::format("this is {}", value);
  fail_value(option.name, fmt::format("{} must be {}{}, {}", option.name, range, unit, got),
             fmt::format("for example {} = {}", option.name, option.example));
}

void Arguments::check_choice(const Option& option) const {
  const std::vector<std::string_view> choices = split_choices(option.choices);
  const std::string_view got = text_at(lua_, -1);
  if (std::ranges::find(choices, got) != choices.end()) return;
  fail_value(option.name,
             fmt::format("{} must be one of \"{}\", got \"{}\"", option.name,
                         fmt::join(choices, "\", \""), got.substr(0, 40)),
             script::did_you_mean(got, choices,
                                  fmt::format("for example {} = {}", option.name, option.example)));
}

void Arguments::check_columns(const Option& option) const {
  const auto wrong = [&](std::string_view got) {
    fail_value(
        option.name,
        fmt::format("{} must be {}, got {}", option.name, type_description(option.type), got),
        fmt::format("for example {} = {}", option.name, option.example));
  };
  if (lua_type(lua_, -1) == LUA_TSTRING) {
    if (text_at(lua_, -1) != "row") wrong("other text");
    return;
  }
  const auto count = static_cast<lua_Integer>(lua_rawlen(lua_, -1));
  if (count == 0) wrong("an empty table");
  for (lua_Integer i = 1; i <= count; ++i) {
    script::Sandbox::of(lua_).charge(10);
    lua_rawgeti(lua_, -1, i);
    if (lua_type(lua_, -1) != LUA_TSTRING) wrong(fmt::format("a list with {}", describe(lua_, -1)));
    lua_pop(lua_, 1);
  }
}

std::optional<std::string> Arguments::text(std::string_view name) const {
  push(name);
  std::optional<std::string> value;
  if (lua_type(lua_, -1) == LUA_TSTRING) {
    value = std::string(text_at(lua_, -1));
    script::Sandbox::of(lua_).charge(
        value->size());  // C++ memory that the state's limit does not see
  }
  lua_pop(lua_, 1);
  return value;
}

std::string Arguments::text_item(std::size_t number) const {
  push_item(number);
  std::string value(text_at(lua_, -1));
  lua_pop(lua_, 1);
  script::Sandbox::of(lua_).charge(value.size());
  return value;
}

std::optional<double> Arguments::number(std::string_view name) const {
  push(name);
  std::optional<double> value;
  if (is_number(lua_, -1)) value = lua_tonumber(lua_, -1);
  lua_pop(lua_, 1);
  return value;
}

std::optional<int> Arguments::whole(std::string_view name) const {
  const auto value = number(name);
  return value ? std::optional(static_cast<int>(*value)) : std::nullopt;
}

bool Arguments::flag(std::string_view name) const {
  push(name);
  const bool value = lua_toboolean(lua_, -1) != 0;
  lua_pop(lua_, 1);
  return value;
}

std::optional<core::Duration> Arguments::duration(std::string_view name) const {
  push(name);
  const auto value = duration_at(lua_, -1);
  lua_pop(lua_, 1);
  return value;
}

std::optional<core::Money> Arguments::money(std::string_view name) const {
  push(name);
  const auto value = money_at(lua_, -1);
  lua_pop(lua_, 1);
  return value;
}

core::Secret Arguments::secret(std::string_view name) const {
  push(name);
  core::Secret value = top_secret(lua_);
  lua_pop(lua_, 1);
  return value;
}

std::vector<core::Secret> Arguments::secrets(std::string_view name) const {
  std::vector<core::Secret> values;
  push(name);
  const auto count = lua_type(lua_, -1) == LUA_TTABLE ? lua_rawlen(lua_, -1) : 0;
  for (lua_Unsigned i = 1; i <= count; ++i) {
    lua_rawgeti(lua_, -1, static_cast<lua_Integer>(i));
    values.push_back(top_secret(lua_));
    lua_pop(lua_, 1);
  }
  lua_pop(lua_, 1);
  return values;
}

std::vector<std::string> Arguments::columns(std::string_view name) const {
  std::vector<std::string> values;
  push(name);
  const auto count = lua_type(lua_, -1) == LUA_TTABLE ? lua_rawlen(lua_, -1) : 0;
  for (lua_Unsigned i = 1; i <= count; ++i) {
    lua_rawgeti(lua_, -1, static_cast<lua_Integer>(i));
    values.emplace_back(text_at(lua_, -1));
    lua_pop(lua_, 1);
    script::Sandbox::of(lua_).charge(values.back().size());
  }
  lua_pop(lua_, 1);
  return values;
}

std::optional<core::Duration> parse_duration(std::string_view text) {
  double seconds = 0;
  while (!text.empty()) {
    double amount = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), amount, std::chars_format::fixed);
    if (error != std::errc() || amount < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    constexpr std::pair<std::string_view, double> kUnits[] = {
        {"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    const auto unit =
        std::ranges::find_if(kUnits, [&](const auto& u) { return text.starts_with(u.first); });
    if (unit == std::end(kUnits)) return std::nullopt;
    text.remove_prefix(unit->first.size());
    seconds += amount * unit->second;
  }
  return from_seconds(seconds);
}

}  // namespace sluice::dsl
