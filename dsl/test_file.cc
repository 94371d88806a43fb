#include "dsl/test_file.h"

#include <simdjson.h>

#include "dsl/lua_state.h"
#include "dsl/values.h"
#include "script/diagnostic.h"

namespace sluice::dsl {
namespace {

struct ReplyCall {
  std::size_t function;
  const std::string& row;
  const std::string& ask;
  std::string reply;

  static int run(lua_State* lua) {
    auto& call = *static_cast<ReplyCall*>(lua_touserdata(lua, 1));
    simdjson::dom::parser parser;
    WrittenNumbers written;
    push_function(lua, call.function);
    push_object(lua, parser, call.row, written);
    push_object(lua, parser, call.ask, written);
    lua_call(lua, 2, 1);
    if (lua_isnil(lua, -1)) return luaL_error(lua, "reply returned nothing");
    // A table of one field, so that any value can be written.
    lua_createtable(lua, 1, 0);
    lua_insert(lua, -2);
    lua_rawseti(lua, -2, 1);
    append_list(lua, -1, "reply", call.reply);
    return 0;
  }
};

// The token in `source` that is the text `name`; null when there is none.
const script::Token* find_text(const script::Source& source, std::string_view name) {
  for (const script::Token& token : source.tokens()) {
    const std::string_view text = source.token_text(token);
    if (text.size() == name.size() + 2 && text.substr(1, name.size()) == name &&
        (text.front() == '"' || text.front() == '\''))
      return &token;
  }
  return nullptr;
}

class LoadedTests final : public TestFile {
 public:
  LoadedTests(std::shared_ptr<script::Project> project, std::unique_ptr<State> state)
      : project_(std::move(project)), state_(std::move(state)) {}

  const TestCases& tests() const override { return state_->tests(); }
  core::Result<std::string> reply(std::size_t function, const std::string& row,
                                  const std::string& ask) override;
  core::Error mistake(std::string_view name, std::string_view word, std::string_view what,
                      std::string_view hint,
                      const std::vector<std::string>& instead) const override;
  std::string place(std::string_view name) const override;

 private:
  std::shared_ptr<script::Project> project_;
  std::unique_ptr<State> state_;
};

core::Result<std::string> LoadedTests::reply(std::size_t function, const std::string& row,
                                             const std::string& ask) {
  ReplyCall call{.function = function, .row = row, .ask = ask, .reply = {}};
  if (const auto wrong = state_->call(function, ReplyCall::run, &call))
    return core::fail(core::ErrorCode::pipeline, *wrong);
  return call.reply.substr(1, call.reply.size() - 2);  // without the list's brackets
}

core::Error LoadedTests::mistake(std::string_view name, std::string_view word,
                                 std::string_view what, std::string_view otherwise,
                                 const std::vector<std::string>& instead) const {
  const std::vector<std::string_view> candidates(instead.begin(), instead.end());
  const std::string hint = script::did_you_mean(word, candidates, std::string(otherwise));
  const script::Source& source = **project_->source(project_->file());
  const script::Token* title = name.empty() ? nullptr : find_text(source, name);
  if (title == nullptr) return script::error_in(project_->file(), what, hint);
  for (const script::Token& token : source.tokens()) {
    if (!word.empty() && token.offset > title->offset && source.token_text(token) == word)
      return script::error_at(source, script::Source::span(token), what, hint);
  }
  return script::error_at(source, script::Source::span(*title), what, hint);
}

std::string LoadedTests::place(std::string_view name) const {
  const script::Source& source = **project_->source(project_->file());
  const script::Token* title = find_text(source, name);
  return title == nullptr ? project_->file() : project_->file() + ":" + std::to_string(title->line);
}

}  // namespace

core::Result<std::unique_ptr<TestFile>> TestFile::load(const std::string& path,
                                                       const LoadOptions& options) {
  auto project = std::make_shared<script::Project>(
      path, options.parameters,
      options.environment ? options.environment
                          : [](const std::string&) { return std::optional<std::string>(); },
      options.libraries);
  auto state = State::load(project, Returns::tests);
  if (!state) return std::unexpected(std::move(state.error()));
  return std::make_unique<LoadedTests>(std::move(project), std::move(*state));
}

}  // namespace sluice::dsl
