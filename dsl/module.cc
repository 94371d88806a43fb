#include "dsl/module.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "dsl/constructors.h"
#include "dsl/node.h"
#include "dsl/option_tables.h"
#include "dsl/other_words.h"
#include "pipelines/embedded.h"
#include "script/diagnostic.h"

namespace sluice::dsl {
namespace {

using answer::FieldType;

// What a file, variable or parameter that is asked for takes outside of the state's memory.
constexpr std::uint64_t kWorkOfCall = 500;
constexpr std::size_t kMostVariables = 100;

const char kLoadedKey = 0;  // registry: modules loaded, by name

// The place of the running function's call, and its first argument as text.
struct TextCall {
  Place place;
  std::string text;
};
TextCall text_call(lua_State* lua, std::string_view function, std::string_view example) {
  TextCall call{.place = call_place(lua, function), .text = {}};
  std::size_t length = 0;
  if (lua_type(lua, 1) != LUA_TSTRING) {
    raise_at(lua, call.place.source, call.place.argument,
             fmt::format("{} takes text, got {}", function, describe(lua, 1)),
             fmt::format("write {}", example));
  }
  const char* text = lua_tolstring(lua, 1, &length);
  call.text.assign(text, length);
  script::Sandbox::of(lua).charge(kWorkOfCall + length);
  return call;
}

int construct_file(lua_State* lua) {
  const TextCall call = text_call(lua, "file", "s.file \"prompts/triage.md\"");
  script::Project& project = loader_of(lua).project;
  const auto path = project.find(call.text);
  const auto bytes = path ? project.text(*path) : std::unexpected(path.error());
  if (!bytes) {
    raise_at(
        lua, call.place.source, call.place.argument, bytes.error().message,
        "s.file looks beside the pipeline file; --lib FOLDER or SLUICE_LIB adds another folder");
  }
  script::Sandbox::of(lua).charge(bytes->size());  // kept under each name that it is asked for by
  lua_pushlstring(lua, bytes->data(), bytes->size());
  return 1;
}

int construct_files(lua_State* lua) {
  TextCall call = text_call(lua, "files", "s.files \"contracts/*.txt\"");
  if (call.text.empty() || call.text == "-") {
    raise_at(lua, call.place.source, call.place.argument,
             "files needs the name of a file, or a pattern",
             "for example s.files \"contracts/*.txt\"");
  }
  push_node(lua, Node{.name = "files",
                      .source = call.place.source,
                      .span = call.place.whole,
                      .value = InputFiles{std::move(call.text)}});
  return 1;
}

int construct_secret(lua_State* lua) {
  const TextCall call = text_call(lua, "secret", "s.secret \"OPENAI_API_KEY\"");
  script::Project& project = loader_of(lua).project;
  if (project.variables().size() >= kMostVariables) {
    raise_at(lua, call.place.source, call.place.argument,
             fmt::format("this file asks for more than {} environment variables", kMostVariables),
             "nobody could look through what it asks for");
  }
  auto secret = project.secret(call.text);
  if (!secret) {
    raise_at(lua, call.place.source, call.place.argument,
             fmt::format("environment variable {} is not set", call.text),
             fmt::format("run: export {}=…", call.text));
  }
  if (const auto wrong = core::wrong_with_variable(secret->reveal())) {
    raise_at(
        lua, call.place.source, call.place.argument,
        fmt::format("environment variable {} {}, which no key does", call.text, *wrong),
        fmt::format("run: export {0}=\"$(printf %s \"${0}\" | tr -d '[:cntrl:] ')\"", call.text));
  }
  push_node(lua, Node{.name = "secret",
                      .source = call.place.source,
                      .span = call.place.whole,
                      .value = std::move(*secret)});
  return 1;
}

// The module's own functions, and its field types; the endpoints' are in the option tables.
constexpr std::pair<const char*, lua_CFunction> kFunctions[] = {
    {"pipeline", construct_pipeline},
    {"read", construct_read},
    {"map", construct_map},
    {"keep", construct_keep},
    {"explode", construct_explode},
    {"validate", construct_validate},
    {"cascade", construct_cascade},
    {"embed", construct_embed},
    {"pack", construct_pack},
    {"dispatch", construct_dispatch},
    {"parse", construct_parse},
    {"sink", construct_sink},
    {"file", construct_file},
    {"files", construct_files},
    {"secret", construct_secret},
    {"param", construct_param},
    {"postgres", construct_postgres},
    {"sqlite", construct_sqlite},
    {"redis_stream", construct_redis_stream},
    {"sqs", construct_sqs},
    {"kafka", construct_kafka},
    {"pubsub", construct_pubsub}};
constexpr std::pair<const char*, FieldType> kFieldTypes[] = {
    {"text", FieldType::text},    {"int", FieldType::integer},   {"number", FieldType::number},
    {"bool", FieldType::boolean}, {"one_of", FieldType::one_of}, {"list", FieldType::list},
    {"object", FieldType::object}};

std::vector<std::string_view> constructors() {
  std::vector<std::string_view> names;
  for (const auto& [name, function] : kFunctions) names.emplace_back(name);
  for (const Section& endpoint : endpoint_sections())
    if (endpoint.kind == SectionKind::endpoint) names.push_back(endpoint.name);
  for (const auto& [name, type] : kFieldTypes) names.emplace_back(name);
  return names;
}

// s.anything else.
int unknown_name(lua_State* lua) {
  const std::string name =
      lua_type(lua, 2) == LUA_TSTRING ? std::string(text_at(lua, 2)) : describe(lua, 2);
  const script::ScriptPlace at = script::place_of(lua);
  const script::Source* source = loader_of(lua).project.find_chunk(at.chunk);
  script::Span span;
  if (source != nullptr) {
    span = source->find_name(at.line, name, ".")
               .value_or(source->first_on(at.line).value_or(script::Span{}));
  }
  const std::vector<std::string_view> known = constructors();
  const std::string_view near = meant(name, known);
  raise_at(lua, source, span, fmt::format("sluice has no '{}'", name),
           near.empty() ? fmt::format("sluice has: {}", fmt::join(known, ", "))
                        : fmt::format("did you mean 's.{}'?", near));
}

void push_module(lua_State* lua) {
  lua_newtable(lua);
  for (const auto& [name, function] : kFunctions) {
    lua_pushcfunction(lua, function);
    lua_setfield(lua, -2, name);
  }
  push_endpoint_constructors(lua);
  for (const auto& [name, type] : kFieldTypes) {
    push_bare_field(lua, type);
    lua_setfield(lua, -2, name);
  }
  lua_createtable(lua, 0, 2);
  lua_pushcfunction(lua, unknown_name);
  lua_setfield(lua, -2, "__index");
  lua_pushboolean(lua, 0);
  lua_setfield(lua, -2, "__metatable");
  lua_setmetatable(lua, -2);
}

bool is_module_name(std::string_view name) {
  return !name.empty() && name.size() <= 100 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

// "sluice.recipes.classify": lower-case words with dots between.
bool is_embedded_name(std::string_view name) {
  return name.starts_with("sluice.") && name.size() <= 100 &&
         std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || c == '.'; });
}

// The names of the modules inside the program.
std::vector<std::string> embedded_names() {
  constexpr std::string_view kFolder = "recipes/";
  std::vector<std::string> names;
  for (const auto& file : pipelines::embedded_files()) {
    if (!file.path.starts_with(kFolder) || !file.path.ends_with(".lua")) continue;
    const std::string_view stem =
        file.path.substr(kFolder.size(), file.path.size() - kFolder.size() - 4);
    names.push_back(fmt::format("sluice.recipes.{}", stem));
  }
  return names;
}

// suggest(word, list): the one of the list that was most likely meant, or "". What the modules
// inside the program are called with.
int suggest(lua_State* lua) {
  std::vector<std::string_view> candidates;
  const auto count = static_cast<lua_Integer>(lua_rawlen(lua, 2));
  luaL_checkstack(lua, static_cast<int>(count) + 4, "a list is too long");
  script::Sandbox::of(lua).charge(static_cast<std::uint64_t>(count) * 100);
  for (lua_Integer i = 1; i <= count; ++i) {  // they stay on the stack while they are looked at
    lua_rawgeti(lua, 2, i);
    if (lua_type(lua, -1) == LUA_TSTRING) candidates.push_back(text_at(lua, -1));
  }
  const std::string_view near = script::nearest(luaL_checkstring(lua, 1), candidates);
  lua_pushlstring(lua, near.data(), near.size());
  return 1;
}

// require "name": name.lua from beside the pipeline file or a library, or a module inside the
// program; once.
int require(lua_State* lua) {
  const TextCall call = text_call(lua, "require", "require \"name\"");
  const auto wrong = [&](std::string_view what, std::string_view hint) {
    raise_at(lua, call.place.source, call.place.argument, what, hint);
  };
  const bool embedded = is_embedded_name(call.text);
  if (!embedded && !is_module_name(call.text)) {
    wrong(fmt::format("no such module: '{}'", call.text),
          "require \"name\" loads name.lua from beside the pipeline file, and from nowhere else");
  }
  lua_rawgetp(lua, LUA_REGISTRYINDEX, &kLoadedKey);
  const int loaded = lua_gettop(lua);
  if (lua_getfield(lua, loaded, call.text.c_str()) != LUA_TNIL) {
    if (lua_islightuserdata(lua, -1) != 0) {
      wrong(fmt::format("module '{}' requires itself", call.text),
            "move what both need into a third file");
    }
    return 1;
  }
  script::Project& project = loader_of(lua).project;
  const script::Source* source = embedded ? project.embedded(call.text) : nullptr;
  if (embedded && source == nullptr) {
    const std::vector<std::string> names = embedded_names();
    const std::vector<std::string_view> known(names.begin(), names.end());
    wrong(
        fmt::format("sluice has no module '{}'", call.text),
        script::did_you_mean(call.text, known, fmt::format("it has: {}", fmt::join(known, ", "))));
  }
  if (!embedded) {
    const auto path = project.find(call.text + ".lua");
    const auto read = path ? project.source(*path)
                           : core::Result<const script::Source*>(std::unexpected(path.error()));
    if (!read)
      wrong(
          read.error().message,
          "require looks beside the pipeline file; --lib FOLDER or SLUICE_LIB adds another folder");
    source = *read;
  }
  script::Sandbox::of(lua).charge(4 * source->text().size());  // its text and tokens
  lua_pushlightuserdata(lua, &project);                        // being loaded
  lua_setfield(lua, loaded, call.text.c_str());
  push_chunk(lua, *source);
  if (embedded) lua_pushcfunction(lua, suggest);
  lua_call(lua, embedded ? 1 : 0, 1);
  if (lua_isnil(lua, -1)) {
    lua_pop(lua, 1);
    lua_pushboolean(lua, 1);
  }
  lua_pushvalue(lua, -1);
  lua_setfield(lua, loaded, call.text.c_str());
  return 1;
}

// What Lua says of a chunk that does not compile: "NAME:LINE: WHAT near TOKEN".
struct SyntaxMistake {
  int line = 0;
  std::string what;
  std::string token;  // empty = the end of the file
};

SyntaxMistake read_message(std::string_view message) {
  SyntaxMistake mistake;
  // The chunk's name may hold anything: the line number stands before the first ": " that has one.
  for (std::size_t i = message.find(": "); i != message.npos; i = message.find(": ", i + 1)) {
    const std::size_t colon = message.substr(0, i).rfind(':');
    if (colon == message.npos) continue;
    const std::string_view digits = message.substr(colon + 1, i - colon - 1);
    if (digits.empty() || digits.find_first_not_of("0123456789") != digits.npos) continue;
    mistake.line = std::atoi(std::string(digits).c_str());
    mistake.what = message.substr(i + 2);
    break;
  }
  const std::size_t near = mistake.what.rfind(" near ");
  if (near == std::string::npos) return mistake;
  const std::string token = mistake.what.substr(near + 6);
  if (token.size() >= 2 && token.front() == '\'') mistake.token = token.substr(1, token.size() - 2);
  return mistake;
}

// The message of Lua for `text` as a chunk, empty when it compiles.
std::string compile_error(lua_State* lua, std::string_view text) {
  std::string message;
  if (luaL_loadbufferx(lua, text.data(), text.size(), "=x", "t") != LUA_OK)
    message = lua_tostring(lua, -1);
  lua_pop(lua, 1);
  return message;
}

// The token that Lua stumbled over: the first of that text on that line up to which the source does
// not compile for another reason than its end.
script::Span offending(lua_State* lua, const script::Source& source, const SyntaxMistake& mistake) {
  const auto& tokens = source.tokens();
  constexpr int kMostTries = 100;  // each compiles the file up to there
  int tries = 0;
  const script::Token* last_seen = nullptr;
  for (const script::Token& token : tokens) {
    const std::string_view text = source.token_text(token);
    const bool same = !mistake.token.empty() &&
                      (text == mistake.token ||
                       (token.kind == script::TokenKind::bad && text.starts_with(mistake.token)));
    if (!same || token.line > mistake.line) continue;
    last_seen = &token;
    if (token.line < mistake.line && token.kind != script::TokenKind::bad) continue;
    const std::string_view until =
        std::string_view(source.text()).substr(0, token.offset + token.length);
    if (++tries > kMostTries) break;
    if (!compile_error(lua, until).ends_with("near <eof>")) return script::Source::span(token);
  }
  if (last_seen != nullptr && last_seen->line == mistake.line)
    return script::Source::span(*last_seen);
  if (!mistake.token.empty())
    return source.first_on(mistake.line).value_or(script::Span{0, 0, mistake.line});
  // The end of the file: behind its last token.
  if (tokens.size() < 2) return {0, 0, 1};
  const script::Token& last = tokens[tokens.size() - 2];
  const int ends_on =
      last.line + static_cast<int>(std::ranges::count(source.token_text(last), '\n'));
  return {last.offset + last.length, 0, ends_on};
}

std::string_view syntax_hint(const script::Source& source, const SyntaxMistake& mistake) {
  const std::string_view what = mistake.what;
  if (what.ends_with("near <eof>")) return "the file ends here, in the middle of something";
  for (const script::Token& token : source.tokens()) {
    const bool open_quote = token.kind == script::TokenKind::bad && token.length > 1;
    if (open_quote && token.line == mistake.line)
      return "a quote or bracket in this line is never closed";
  }
  if (what.starts_with("'}' expected")) return "is a comma or a '}' missing before this?";
  if (what.starts_with("')' expected")) return "is a comma or a ')' missing before this?";
  if (what.starts_with("'end' expected")) return "is an 'end' missing before this?";
  if (what.starts_with("'=' expected"))
    return "is this a call without its parentheses, or a name without '='?";
  if (what.starts_with("unexpected symbol")) return "nothing can begin with this here";
  if (what.starts_with("'<eof>' expected"))
    return "is there one 'end' or '}' too many before this?";
  return "Lua's grammar does not allow this here";
}

}  // namespace

void push_chunk(lua_State* lua, const script::Source& source) {
  const std::string chunk = "@" + source.name();
  const int status =
      luaL_loadbufferx(lua, source.text().data(), source.text().size(), chunk.c_str(), "t");
  if (status == LUA_OK) return;
  if (status != LUA_ERRSYNTAX) lua_error(lua);
  const SyntaxMistake mistake = read_message(lua_tostring(lua, -1));
  if (mistake.line == 0) {  // bytecode, for one
    raise_at(lua, &source, {0, 0, 1}, "this is not Lua source text",
             "a pipeline file is plain text");
  }
  raise_at(lua, &source, offending(lua, source, mistake), mistake.what,
           syntax_hint(source, mistake));
}

void open_module(lua_State* lua) {
  register_nodes(lua, construct_field);
  push_module(lua);
  lua_pushvalue(lua, -1);
  lua_setfield(lua, LUA_REGISTRYINDEX, "sluice");
  lua_newtable(lua);
  lua_insert(lua, -2);
  lua_setfield(lua, -2, "sluice");
  lua_rawsetp(lua, LUA_REGISTRYINDEX, &kLoadedKey);
  lua_pushcfunction(lua, require);
  lua_setglobal(lua, "require");
}

}  // namespace sluice::dsl
