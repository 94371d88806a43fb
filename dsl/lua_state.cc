#include "dsl/lua_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "dsl/closure_hash.h"
#include "dsl/module.h"
#include "dsl/node.h"
#include "dsl/option_places.h"
#include "script/diagnostic.h"
#include "script/global_names.h"

namespace sluice::dsl {
namespace {

constexpr std::size_t kMostUndefined = 20;  // globals that are named

const char kPipelineKey = 0;   // registry: the node that the file returned
const char kFunctionsKey = 0;  // registry: the list of its functions

// A script's error with its place found: the place that its message begins with, as error() writes
// it, else the innermost Lua function's.
struct Located {
  const script::Source* source = nullptr;
  int line = 0;
  std::string what;
};

Located locate(const script::Project& project, const script::ScriptError& wrong) {
  Located found{project.find_chunk(wrong.place.chunk), wrong.place.line, wrong.message};
  const std::string& message = wrong.message;
  for (std::size_t i = message.find(": "); i != message.npos; i = message.find(": ", i + 1)) {
    const std::size_t colon = message.rfind(':', i - 1);
    if (i == 0 || colon == message.npos || colon + 1 == i) continue;
    const std::string digits = message.substr(colon + 1, i - colon - 1);
    if (digits.size() > 7 ||
        !std::ranges::all_of(digits, [](unsigned char c) { return std::isdigit(c) != 0; }))
      continue;
    const script::Source* source = project.find_chunk(message.substr(0, colon));
    if (source == nullptr) continue;
    found = {source, std::stoi(digits), message.substr(i + 2)};
    break;
  }
  return found;
}

// The first name token `word` in the table or call that begins on `line`: what a function says of
// one of its options.
std::optional<script::Span> find_in_call(const script::Source& source, int line,
                                         std::string_view word) {
  int depth = 0;
  bool opened = false;
  for (const script::Token& token : source.tokens()) {
    if (token.line < line) continue;
    const std::string_view text = source.token_text(token);
    if (text == "{" || text == "(") ++depth;
    if (text == "}" || text == ")") --depth;
    opened = opened || depth > 0;
    if (depth < 0 || (depth == 0 && (opened || token.line > line))) {
      if (token.line > line) return std::nullopt;
      continue;
    }
    if (token.kind == script::TokenKind::name && text == word) return script::Source::span(token);
  }
  return std::nullopt;
}

// The word of the line that the message names: "… (global 'sytem')".
script::Span named_span(const Located& error) {
  const std::string& what = error.what;
  for (std::size_t open = what.find('\''); open != what.npos; open = what.find('\'', open + 1)) {
    const std::size_t close = what.find('\'', open + 1);
    if (close == what.npos) break;
    std::string word = what.substr(open + 1, close - open - 1);
    word.erase(0, word.rfind('.') + 1);  // "math.random"
    if (const auto span = error.source->find_name(error.line, word)) return *span;
    if (const auto span = find_in_call(*error.source, error.line, word)) return *span;
  }
  if (const auto call = error.source->find_name(error.line, "error")) return *call;
  return error.source->first_on(error.line).value_or(script::Span{0, 0, error.line});
}

std::string global_hint(std::string_view name, const script::Source& source);

// Of a message of two lines the second one is the hint: error("what\nhint").
std::string run_time_hint(const Located& error, std::string_view given) {
  if (!given.empty()) return std::string(given);
  const std::string_view what = error.what;
  if (what.find("limit of") != what.npos)
    return "loading must be short: leave work to the functions";
  if (what.find("attempt to ") == what.npos) return {};
  if (what.find("a nil value") == what.npos) return "the value is not of a type that can do this";
  const std::size_t global = what.find("(global '");
  if (global == what.npos) return "it has no value here";
  return global_hint(what.substr(global + 9, what.find('\'', global + 9) - global - 9),
                     *error.source);
}

std::string global_hint(std::string_view name, const script::Source& source) {
  std::vector<std::string_view> candidates = {"require",  "ipairs", "pairs",  "tostring",
                                              "tonumber", "type",   "string", "table",
                                              "math",     "select", "error",  "assert"};
  for (const script::Token& token : source.tokens()) {
    const std::string_view text = source.token_text(token);
    if (token.kind == script::TokenKind::name && text != name) candidates.push_back(text);
  }
  return script::did_you_mean(name, candidates, "nothing of that name is defined above");
}

script::Span last_token(const script::Source& source) {
  const auto& tokens = source.tokens();
  return tokens.size() < 2 ? script::Span{0, 0, 1}
                           : script::Source::span(tokens[tokens.size() - 2]);
}

// The last `return` of a source; its last token when it has none.
script::Span return_span(const script::Source& source) {
  script::Span span = last_token(source);
  for (const script::Token& token : source.tokens()) {
    if (token.kind == script::TokenKind::keyword && source.token_text(token) == "return")
      span = script::Source::span(token);
  }
  return span;
}

// A global that is read and has no value: a misspelt name would otherwise leave out an option.
int undefined_global(lua_State* lua) {
  if (lua_type(lua, 2) != LUA_TSTRING) return 0;
  lua_pushvalue(lua, lua_upvalueindex(1));  // knows what is left out of Lua's library
  lua_pushvalue(lua, 1);
  lua_pushvalue(lua, 2);
  lua_call(lua, 2, 0);
  const std::string name(text_at(lua, 2));
  const script::ScriptPlace at = script::place_of(lua);
  const script::Source* source = loader_of(lua).project.find_chunk(at.chunk);
  if (source == nullptr) return 0;
  // Lua counts the line of the token behind it.
  constexpr int kLinesBack = 5;
  std::optional<script::Span> span;
  for (int line = at.line; !span && line > 0 && line > at.line - kLinesBack; --line)
    span = source->find_name(line, name);
  if (!span) span = source->first_on(at.line);
  raise_at(lua, source, span.value_or(script::Span{0, 0, at.line}),
           fmt::format("'{}' has no value", name), global_hint(name, *source));
}

// From here on reading one is a mistake. Leaves the globals' metatable and its own __index on the
// stack.
void watch_globals(lua_State* lua) {
  lua_pushglobaltable(lua);
  lua_getmetatable(lua, -1);
  lua_remove(lua, -2);
  lua_getfield(lua, -1, "__index");
  lua_pushvalue(lua, -1);
  lua_pushcclosure(lua, undefined_global, 1);
  lua_setfield(lua, -3, "__index");
}

}  // namespace

State::State(std::shared_ptr<script::Project> project, Returns returns)
    : project_(std::move(project)),
      loader_{.project = *project_, .sandbox = sandbox_, .error = {}},
      returns_(returns) {}

core::Result<std::unique_ptr<State>> State::load(std::shared_ptr<script::Project> project,
                                                 Returns returns) {
  if (auto source = project->source(project->file()); !source) {
    return std::unexpected(script::error_in(project->file(), source.error().message,
                                            "give the path of a pipeline file"));
  }
  std::unique_ptr<State> state(new State(std::move(project), returns));
  const auto wrong = state->sandbox_.protected_call(run_file, state.get(), script::kLoadWork,
                                                    script::kLoadSeconds);
  if (state->loader_.error) return std::unexpected(*state->loader_.error);
  if (wrong) return std::unexpected(state->load_error(*wrong));
  return state;
}

int State::run_file(lua_State* lua) {
  auto& state = *static_cast<State*>(lua_touserdata(lua, 1));
  set_loader(lua, &state.loader_);
  open_module(lua);
  remember_library(lua);
  const script::Source& source = **state.project_->source(state.project_->file());
  watch_globals(lua);  // while it loads: functions have other ways to look
  push_chunk(lua, source);
  lua_call(lua, 0, 1);
  lua_insert(lua, -3);
  lua_setfield(lua, -2, "__index");
  lua_pop(lua, 1);
  if (state.returns_ == Returns::tests) {
    state.tests_ = read_test_cases(lua);
    lua_rawsetp(lua, LUA_REGISTRYINDEX, &kFunctionsKey);
    return 0;
  }
  if (lua_istable(lua, -1)) {  // a test file with a pipeline of its own
    lua_pushliteral(lua, "pipeline");
    lua_rawget(lua, -2);
    if (to_node(lua, -1) == nullptr) lua_pop(lua, 1);
  }
  const Node* node = to_node(lua, -1);
  const auto* pipeline = node == nullptr ? nullptr : std::get_if<Pipeline>(&node->value);
  if (pipeline == nullptr) {
    const bool nothing = lua_isnil(lua, -1);
    raise_at(lua, &source, nothing ? last_token(source) : return_span(source),
             fmt::format("the file returns {}, not a pipeline", describe(lua, -1)),
             "end it with return s.pipeline { … }");
  }
  state.pipeline_ = pipeline;
  lua_getiuservalue(lua, -1, 1);
  lua_rawsetp(lua, LUA_REGISTRYINDEX, &kFunctionsKey);
  lua_rawsetp(lua, LUA_REGISTRYINDEX, &kPipelineKey);
  return 0;
}

core::Error State::load_error(const script::ScriptError& wrong) const {
  Located error = locate(*project_, wrong);
  if (error.source == nullptr || error.line == 0)
    return script::error_in(project_->file(), wrong.message, "");
  const std::size_t end = std::min(error.what.find('\n'), error.what.size());
  const std::string given = error.what.substr(std::min(end + 1, error.what.size()));
  error.what.resize(end);
  return script::error_at(*error.source, named_span(error), error.what,
                          run_time_hint(error, given));
}

void push_function(lua_State* lua, std::size_t function) {
  lua_rawgetp(lua, LUA_REGISTRYINDEX, &kFunctionsKey);
  lua_rawgeti(lua, -1, static_cast<lua_Integer>(function) + 1);
  lua_remove(lua, -2);
}

core::Hash128 State::version(std::size_t function) {
  struct Hashing {
    std::size_t function;
    bool all_globals;
    core::Hash128 hash;
  } hashing{function, project_->names("_ENV"), {}};
  const auto cannot = sandbox_.protected_call(
      [](lua_State* lua) {
        auto& now = *static_cast<Hashing*>(lua_touserdata(lua, 1));
        push_function(lua, now.function);
        now.hash = closure_hash(lua, now.all_globals);
        return 0;
      },
      &hashing, script::kCallWork, script::kCallSeconds);
  return cannot ? project_->version() : hashing.hash;
}

std::vector<stages::UndefinedGlobal> State::undefined_globals() {
  if (project_->names("_ENV") || project_->names("_G")) return {};
  struct Dumping {
    const script::Source* source;
    std::string dump;
  };
  struct Found {
    const script::Source* source;
    script::GlobalNames::Use use;
  };
  std::vector<Found> read;
  std::set<std::string> assigned;
  for (const script::Source* source : project_->own_sources()) {
    Dumping dumping{source, {}};
    const auto cannot = sandbox_.protected_call(
        [](lua_State* lua) {
          auto& now = *static_cast<Dumping*>(lua_touserdata(lua, 1));
          push_chunk(lua, *now.source);
          lua_dump(
              lua,
              [](lua_State*, const void* bytes, std::size_t size, void* into) {
                static_cast<std::string*>(into)->append(static_cast<const char*>(bytes), size);
                return 0;
              },
              &now.dump, 0);
          return 0;
        },
        &dumping, script::kCallWork, script::kCallSeconds);
    if (cannot) return {};
    script::GlobalNames names = script::global_names(dumping.dump);
    assigned.merge(names.assigned);
    for (script::GlobalNames::Use& use : names.read_in_functions)
      read.push_back({source, std::move(use)});
  }
  std::set<std::string> seen;
  std::vector<stages::UndefinedGlobal> undefined;
  for (const auto& [source, use] : read) {
    if (undefined.size() == kMostUndefined) break;
    if (assigned.contains(use.name) || !seen.insert(use.name).second || has_global(use.name))
      continue;
    const script::Span span =
        source->find_name(use.line, use.name)
            .value_or(source->first_on(use.line).value_or(script::Span{0, 0, use.line}));
    undefined.push_back({.name = use.name,
                         .hint = global_hint(use.name, *source),
                         .place = place_of(*source, span)});
  }
  return undefined;
}

bool State::has_global(const std::string& name) {
  struct Asking {
    const std::string* name;
    bool there;
  } asking{&name, true};
  const auto cannot = sandbox_.protected_call(
      [](lua_State* lua) {
        auto& now = *static_cast<Asking*>(lua_touserdata(lua, 1));
        lua_pushglobaltable(lua);
        lua_pushlstring(lua, now.name->data(), now.name->size());
        now.there = lua_rawget(lua, -2) != LUA_TNIL;
        return 0;
      },
      &asking, script::kCallWork, script::kCallSeconds);
  return cannot || asking.there;
}

bool State::takes_two(std::size_t function) const {
  lua_Debug about;
  push_function(sandbox_.lua(), function);
  lua_getinfo(sandbox_.lua(), ">u", &about);
  return about.nparams >= 2 || about.isvararg != 0;
}

std::string State::place(std::size_t function) const {
  lua_Debug about;
  push_function(sandbox_.lua(), function);
  lua_getinfo(sandbox_.lua(), ">S", &about);
  const script::Source* source = project_->find_chunk(about.short_src);
  return fmt::format("{}:{}", source != nullptr ? source->name() : project_->file(),
                     about.linedefined);
}

std::optional<std::string> State::call(std::size_t function, lua_CFunction body, void* context) {
  constexpr std::size_t kLongestMessage = 2000;
  loader_.error.reset();
  const auto wrong =
      sandbox_.protected_call(body, context, script::kCallWork, script::kCallSeconds);
  if (!wrong) return std::nullopt;
  if (loader_.error) return loader_.error->text();
  const Located error = locate(*project_, *wrong);
  const std::string where = error.source != nullptr && error.line > 0
                                ? fmt::format("{}:{}", error.source->name(), error.line)
                                : place(function);
  return fmt::format("{}: {}", where, std::string_view(error.what).substr(0, kLongestMessage));
}

}  // namespace sluice::dsl
