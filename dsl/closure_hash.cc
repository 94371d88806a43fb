#include "dsl/closure_hash.h"

#include <cstring>
#include <set>
#include <string>
#include <unordered_map>

#include "dsl/arguments.h"
#include "dsl/node.h"
#include "script/bytecode.h"
#include "script/sandbox.h"

namespace sluice::dsl {
namespace {

const char kNamesKey = 0;    // registry: the library's functions and tables → their names
const char kContentKey = 0;  // registry: the library's tables → copies of them

constexpr int kDeepest = 1000;                  // of values in values: bounds the stack
constexpr std::size_t kFoldBytes = 256 * 1024;  // bytes collected before they are hashed

std::string code_of(lua_State* lua, int index) {
  std::string dump;
  const auto append = [](lua_State*, const void* bytes, std::size_t size, void* into) {
    static_cast<std::string*>(into)->append(static_cast<const char*>(bytes), size);
    return 0;
  };
  lua_pushvalue(lua, index);
  lua_dump(lua, append, &dump, 1);
  lua_pop(lua, 1);
  return dump;
}

// Notes the value on top of the stack under `name`; of a table its content too.
void remember(lua_State* lua, const std::string& name) {
  lua_rawgetp(lua, LUA_REGISTRYINDEX, &kNamesKey);
  lua_pushvalue(lua, -2);
  if (lua_rawget(lua, -2) != LUA_TNIL) return lua_pop(lua, 2);
  lua_pop(lua, 1);
  lua_pushvalue(lua, -2);
  lua_pushstring(lua, name.c_str());
  lua_rawset(lua, -3);
  lua_pop(lua, 1);
  if (!lua_istable(lua, -1)) return;
  if (lua_getmetatable(lua, -1) != 0) {
    remember(lua, name + " metatable");
    lua_pop(lua, 1);
  }
  const int table = lua_gettop(lua);
  lua_newtable(lua);
  const int copy = lua_gettop(lua);
  lua_pushnil(lua);
  while (lua_next(lua, table) != 0) {
    if (lua_type(lua, -1) == LUA_TTABLE || lua_type(lua, -1) == LUA_TFUNCTION)
      remember(lua, name + "." + (lua_type(lua, -2) == LUA_TSTRING ? lua_tostring(lua, -2) : ""));
    lua_pushvalue(lua, -2);
    lua_insert(lua, -2);
    lua_rawset(lua, copy);
  }
  lua_rawgetp(lua, LUA_REGISTRYINDEX, &kContentKey);
  lua_pushvalue(lua, table);
  lua_pushvalue(lua, copy);
  lua_rawset(lua, -3);
  lua_pop(lua, 2);
}

class Hasher {
 public:
  Hasher(lua_State* lua, bool all_globals) : lua_(lua), all_globals_(all_globals) {}

  core::Hash128 run(int function) {
    library_changes("string");  // methods of strings reach it without its name
    value(function, 0);
    globals();
    add("end");
    fold();
    return hash_;
  }

 private:
  void add(std::string_view bytes) {
    script::Sandbox::of(lua_).charge(1 + bytes.size() / script::kBytesPerWork);
    bytes_ += std::to_string(bytes.size());
    bytes_ += ':';
    bytes_ += bytes;
    if (bytes_.size() >= kFoldBytes) fold();
  }
  template <class T>
  void add_bits(std::string_view kind, T number) {
    char bits[sizeof number];
    std::memcpy(bits, &number, sizeof number);
    add(kind);
    add({bits, sizeof number});
  }
  void fold() {
    hash_ = core::combine(hash_, core::hash128(bytes_));
    bytes_.clear();
  }

  void value(int index, int depth) {
    if (depth > kDeepest) luaL_error(lua_, "values are nested too deeply");
    luaL_checkstack(lua_, 12, "values are nested too deeply");
    index = lua_absindex(lua_, index);
    switch (lua_type(lua_, index)) {
      case LUA_TNIL:
        return add("nil");
      case LUA_TBOOLEAN:
        return add(lua_toboolean(lua_, index) != 0 ? "true" : "false");
      case LUA_TNUMBER:
        return lua_isinteger(lua_, index) != 0 ? add_bits("integer", lua_tointeger(lua_, index))
                                               : add_bits("float", lua_tonumber(lua_, index));
      case LUA_TSTRING:
        add("text");
        return add(text_at(lua_, index));
      case LUA_TTABLE:
      case LUA_TFUNCTION:
        return reference(index, depth);
      default:
        if (const Node* node = to_node(lua_, index)) return add(node->name);
        luaL_error(lua_, "a %s has no content", luaL_typename(lua_, index));
    }
  }

  // A table or function: by its number when it has come before, so that cycles end.
  void reference(int index, int depth) {
    if (is_globals(index)) {
      all_globals_ = globals_reached_ = true;
      return add("globals");
    }
    const auto [at, first] = seen_.emplace(lua_topointer(lua_, index), seen_.size());
    if (!first) return add_bits("again", at->second);
    if (const std::string name = library_name(index); !name.empty()) {
      if (name == "_G.require" || name.starts_with("sluice"))
        luaL_error(lua_, "%s brings in what is not closed over", name.c_str());
      add("library");
      add(name);
      return changes(index, depth);
    }
    if (lua_isfunction(lua_, index)) return function(index, depth);
    add("table");
    table(index, depth, 0);
    metatable(index, depth);
    add("end");
  }

  void metatable(int index, int depth) {
    if (lua_getmetatable(lua_, index) == 0) return;
    add("metatable");
    value(-1, depth + 1);
    lua_pop(lua_, 1);
  }

  // The pairs of a table, but for those that the table at `but` has as well; 0: all.
  void table(int index, int depth, int but) {
    script::push_ordered_keys(lua_, index);
    const int keys = lua_gettop(lua_);
    for (lua_Integer i = 1; lua_rawgeti(lua_, keys, i) != LUA_TNIL; ++i) {
      const int key = lua_gettop(lua_);
      lua_pushvalue(lua_, key);
      lua_rawget(lua_, index);
      bool same = false;
      if (but != 0) {
        lua_pushvalue(lua_, key);
        lua_rawget(lua_, but);
        same = lua_rawequal(lua_, -1, -2) != 0;
        lua_pop(lua_, 1);
      }
      if (!same) {
        value(key, depth + 1);
        value(-1, depth + 1);
      }
      lua_settop(lua_, keys);
    }
    lua_settop(lua_, keys - 1);
  }

  // What a script has put into a table of the library, and what it has replaced or taken out.
  void changes(int index, int depth) {
    if (!lua_istable(lua_, index)) return;
    lua_rawgetp(lua_, LUA_REGISTRYINDEX, &kContentKey);
    lua_pushvalue(lua_, index);
    if (lua_rawget(lua_, -2) == LUA_TTABLE) {
      const int before = lua_gettop(lua_);
      table(index, depth, before);
      table(before, depth, index);
    }
    lua_pop(lua_, 2);
    metatable(index, depth);
  }

  void library_changes(const char* name) {
    lua_rawgetp(lua_, LUA_REGISTRYINDEX, &kContentKey);
    lua_pushglobaltable(lua_);
    lua_rawget(lua_, -2);  // the globals as they were
    lua_getfield(lua_, -1, name);
    value(-1, 0);
    lua_pop(lua_, 3);
  }

  void function(int index, int depth) {
    if (lua_iscfunction(lua_, index) != 0) luaL_error(lua_, "an iterator has no content");
    const std::string dump = code_of(lua_, index);
    const auto code = script::read_code(dump);
    add("function");
    add(code ? code->bytes : dump);
    if (code) {
      names_.insert(code->strings.begin(), code->strings.end());
    } else {
      all_globals_ = true;
    }
    for (int i = 1; lua_getupvalue(lua_, index, i) != nullptr; ++i) {
      if (is_globals(-1)) {
        globals_reached_ = true;
      } else {
        value(-1, depth + 1);
      }
      lua_pop(lua_, 1);
    }
    add("end");
  }

  // The globals that the code met so far names, and those that the code of these names.
  void globals() {
    lua_rawgetp(lua_, LUA_REGISTRYINDEX, &kContentKey);
    lua_pushglobaltable(lua_);
    const int now = lua_gettop(lua_);
    lua_pushvalue(lua_, now);
    lua_rawget(lua_, -3);
    const int before = lua_gettop(lua_);
    std::set<std::string> done;
    for (bool more = true; more && globals_reached_;) {
      if (all_globals_ || names_.contains("_G")) return table(now, 0, before);
      more = false;
      for (const std::string& name : std::set<std::string>(names_)) {
        if (!done.insert(name).second) continue;
        more = true;
        lua_pushlstring(lua_, name.data(), name.size());
        lua_rawget(lua_, now);
        lua_pushlstring(lua_, name.data(), name.size());
        lua_rawget(lua_, before);
        const bool own = lua_rawequal(lua_, -1, -2) == 0;
        lua_pop(lua_, 1);
        const bool library = lua_istable(lua_, -1) || lua_isfunction(lua_, -1);
        if (own || library) {  // of the library: where a script has changed it
          add(name);
          value(-1, 0);
        }
        lua_pop(lua_, 1);
      }
    }
  }

  bool is_globals(int index) {
    lua_pushvalue(lua_, index);
    lua_pushglobaltable(lua_);
    const bool same = lua_rawequal(lua_, -1, -2) != 0;
    lua_pop(lua_, 2);
    return same;
  }

  // Empty for what a script made.
  std::string library_name(int index) {
    lua_rawgetp(lua_, LUA_REGISTRYINDEX, &kNamesKey);
    lua_pushvalue(lua_, index);
    const std::string name =
        lua_rawget(lua_, -2) == LUA_TSTRING ? std::string(text_at(lua_, -1)) : std::string();
    lua_pop(lua_, 2);
    return name;
  }

  lua_State* lua_;
  bool all_globals_;
  bool globals_reached_ = false;
  std::set<std::string> names_;  // text constants of the code met so far
  std::unordered_map<const void*, std::size_t> seen_;
  std::string bytes_;  // not yet in hash_
  core::Hash128 hash_ = core::hash128("sluice closure 1");
};

}  // namespace

void remember_library(lua_State* lua) {
  for (const char* key : {&kNamesKey, &kContentKey}) {
    lua_newtable(lua);
    lua_rawsetp(lua, LUA_REGISTRYINDEX, key);
  }
  lua_getfield(lua, LUA_REGISTRYINDEX, "sluice");
  remember(lua, "sluice");
  lua_pushglobaltable(lua);
  remember(lua, "_G");
  lua_pop(lua, 2);
}

core::Hash128 closure_hash(lua_State* lua, bool all_globals) {
  return Hasher(lua, all_globals).run(lua_gettop(lua));
}

}  // namespace sluice::dsl
