// The table that a constructor is called with, checked against its section of dsl/options.h:
// unknown names, types, bounds, what is missing. After construction what is there is of the right
// type, so the readers below cannot fail.
//
// Threads: as the Lua state, inside one C function call. Errors are raised into Lua.
#pragma once

#include <cstdint>
#include <lua.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "core/money.h"
#include "core/secret.h"
#include "dsl/durations.h"
#include "dsl/options.h"
#include "script/project.h"
#include "script/sandbox.h"

namespace sluice::dsl {

// The string at `index`, borrowed for as long as Lua keeps it; what stands there must be one.
std::string_view text_at(lua_State* lua, int index);

// One execution of a pipeline file in a state.
struct Loader {
  script::Project& project;
  script::Sandbox& sandbox;
  std::optional<core::Error> error;  // what ended it
};
Loader& loader_of(lua_State* lua);
void set_loader(lua_State* lua, Loader* loader);

// Where a constructor is called and what its table says, as far as the source shows it.
struct Place {
  const script::Source* source = nullptr;
  script::Span whole;     // "s.pack"
  script::Span argument;  // what it is called with
  std::vector<script::Entry> entries;

  script::Span key(std::string_view name) const;
  script::Span value(std::string_view name) const;
  script::Span item(std::size_t number) const;  // from 1
  const script::Entry* entry_of_item(
      std::size_t number) const;  // null: the source does not show it
};

// The place of the running C function's call as `function`, its table naming `keys`.
Place call_place(lua_State* lua, std::string_view function, const std::set<std::string>& keys = {});

// Ends the load with a mistake.
[[noreturn]] void raise_at(lua_State* lua, const script::Source* source, const script::Span& span,
                           std::string_view what, std::string_view hint);

// "text", "a number", "s.secret", …: what stands at `index`.
std::string describe(lua_State* lua, int index);

class Arguments {
 public:
  // The running constructor's argument.
  Arguments(lua_State* lua, const Section& section);
  // The table that stands in `parent` under `name`.
  Arguments(const Arguments& parent, const Section& section, std::string_view name);
  // The table that stands in `list` as its item of this number, from 1.
  Arguments(const Arguments& list, const Section& section, std::size_t number);

  const Place& place() const { return place_; }
  bool has(std::string_view name) const;
  std::size_t items() const { return items_; }
  // Names in the order of the source; in byte order when the source does not show it.
  const std::vector<std::string>& names() const { return names_; }

  void push(std::string_view name) const;
  void push_item(std::size_t number) const;

  std::optional<std::string> text(std::string_view name) const;
  std::string text_item(std::size_t number) const;
  std::optional<double> number(std::string_view name) const;
  std::optional<int> whole(std::string_view name) const;
  bool flag(std::string_view name) const;
  std::optional<core::Duration> duration(std::string_view name) const;
  std::optional<core::Money> money(std::string_view name) const;
  core::Secret secret(std::string_view name) const;
  std::vector<core::Secret> secrets(std::string_view name) const;
  // "row", or the fields listed.
  std::vector<std::string> columns(std::string_view name) const;

  [[noreturn]] void fail(std::string_view what, std::string_view hint) const;
  [[noreturn]] void fail_key(std::string_view name, std::string_view what,
                             std::string_view hint) const;
  [[noreturn]] void fail_value(std::string_view name, std::string_view what,
                               std::string_view hint) const;
  [[noreturn]] void fail_item(std::size_t number, std::string_view what,
                              std::string_view hint) const;

 private:
  // Of the table within `parent` that is on top of the stack.
  void read_inner(const Arguments& parent, const script::Span& span, const script::Entry* entry);
  void collect_keys();
  void order_names();
  void check();
  void check_items() const;
  void check_option(const Option& option) const;
  void check_bounds(const Option& option, double value, std::string_view unit) const;
  void check_choice(const Option& option) const;
  void check_columns(const Option& option) const;
  void check_secrets(const Option& option) const;
  [[noreturn]] void wrong_type(const Option& option) const;

  lua_State* lua_;
  const Section& section_;
  int table_;  // its index on the stack
  std::vector<std::string> names_;
  std::size_t items_ = 0;
  Place place_;
};

}  // namespace sluice::dsl
