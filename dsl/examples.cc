// examples = { { row = { … }, answer = { … } }, … } of s.pack: rendered and checked at load, so
// that no request goes out with a wrong one.
#include "stages/examples.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/json.h"
#include "dsl/constructors.h"
#include "dsl/values.h"
#include "script/diagnostic.h"
#include "stages/prompt_template.h"

namespace sluice::dsl {
namespace {

constexpr std::array<std::string_view, 2> kExampleParts = {"row", "answer"};
constexpr std::string_view kShape =
    "an example is { row = { body = \"…\" }, answer = { queue = \"bug\" } }";

class ExampleReader {
 public:
  ExampleReader(lua_State* lua, const Arguments& pack, const Arguments& examples,
                const stages::PackSpec& spec)
      : lua_(lua), pack_(pack), examples_(examples), spec_(spec) {}

  stages::Example read(std::size_t number) {
    number_ = number;
    examples_.push_item(number);
    check_names();
    stages::Example example;
    example.prompt = prompt();
    if (example.prompt.empty()) fail("has an empty prompt", "give its row something to ask");
    example.answer = spec_.answer.empty() ? text_answer() : declared_answer();
    lua_pop(lua_, 1);
    script::Sandbox::of(lua_).charge(example.prompt.size() + example.answer.size());
    return example;
  }

 private:
  [[noreturn]] void fail(std::string_view what, std::string_view hint) const {
    examples_.fail_item(number_, fmt::format("example {} {}", number_, what), hint);
  }

  void check_names() const {
    lua_pushnil(lua_);
    while (lua_next(lua_, -2) != 0) {
      lua_pop(lua_, 1);
      const std::string name =
          lua_type(lua_, -1) == LUA_TSTRING ? std::string(text_at(lua_, -1)) : describe(lua_, -1);
      if (std::ranges::find(kExampleParts, name) == kExampleParts.end())
        fail(fmt::format("has '{}'", name.substr(0, 40)),
             script::did_you_mean(name, kExampleParts, std::string(kShape)));
    }
  }

  // Pushes the example's own `name`, which is of `type`.
  void push(const char* name, int type, std::string_view words) const {
    lua_pushstring(lua_, name);
    lua_rawget(lua_, -2);
    if (lua_type(lua_, -1) == type) return;
    fail(fmt::format("needs {} as {}, got {}", name, words, describe(lua_, -1)), kShape);
  }

  std::string prompt() {
    push("row", LUA_TTABLE, "a table");
    std::string row;
    append_row(lua_, -1, {}, row);
    lua_pop(lua_, 1);
    return spec_.user_template.empty() ? called(row) : rendered(row);
  }

  std::string rendered(const std::string& row) {
    const auto parsed = stages::PromptTemplate::parse(spec_.user_template);
    auto text = parsed->render(parser_.parse(row).get_object());
    if (!text) {
      fail(fmt::format("lacks the field '{}', which the template needs", text.error()),
           "an example's row has the fields that the template names");
    }
    return std::move(*text);
  }

  // As a row is rendered: the function gets what JSON leaves of the table.
  std::string called(const std::string& row) {
    pack_.push("user");
    WrittenNumbers written;
    push_object(lua_, parser_, row, written);
    lua_call(lua_, 1, 2);
    if (lua_isstring(lua_, -2) == 0) {
      const std::string why =
          lua_type(lua_, -1) == LUA_TSTRING ? std::string(text_at(lua_, -1)) : describe(lua_, -2);
      fail(fmt::format("gets no prompt from the user function: {}", why.substr(0, 200)),
           "user returns the prompt as text");
    }
    std::string text(text_at(lua_, -2));
    lua_pop(lua_, 2);
    return text;
  }

  std::string text_answer() {
    push("answer", LUA_TSTRING, "text (pack declares no answer)");
    std::string json;
    core::JsonWriter writer(json);
    writer.open('{');
    writer.field("answer", text_at(lua_, -1));
    writer.close('}');
    lua_pop(lua_, 1);
    return json;
  }

  std::string declared_answer() {
    push("answer", LUA_TTABLE, "a table");
    std::string json;
    append_object(lua_, -1, spec_.answer, {}, json);
    lua_pop(lua_, 1);
    auto whole = stages::example_answer(parser_.parse(json).get_object(), spec_.answer);
    if (!whole) {
      fail(fmt::format("has an answer that does not fit: {}", whole.error()),
           "an example's answer keeps to the declaration in answer");
    }
    return std::move(*whole);
  }

  lua_State* lua_;
  const Arguments& pack_;
  const Arguments& examples_;
  const stages::PackSpec& spec_;
  simdjson::dom::parser parser_;
  std::size_t number_ = 0;
};

}  // namespace

std::vector<stages::Example> read_examples(lua_State* lua, const Arguments& pack,
                                           const stages::PackSpec& spec) {
  std::vector<stages::Example> read;
  if (!pack.has("examples")) return read;
  const Arguments examples(pack, section("examples"), "examples");
  ExampleReader reader(lua, pack, examples, spec);
  for (std::size_t i = 1; i <= examples.items(); ++i) read.push_back(reader.read(i));
  return read;
}

}  // namespace sluice::dsl
