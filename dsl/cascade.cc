// s.cascade { small, large, escalate = … }, and what s.dispatch asks: endpoints, or a cascade.
#include <fmt/format.h>

#include <algorithm>

#include "dsl/constructors.h"
#include "dsl/node.h"
#include "dsl/option_tables.h"

namespace sluice::dsl {
namespace {

using enum ValueType;

constexpr Option kCascade[] = {
    {.name = "escalate",
     .type = function,
     .meaning = "function(answer, row) that returns true where the next level is to be asked, or "
                "false where the answer stands; a row without an answer is asked at the next level "
                "in any case",
     .example = "function(answer, row) return answer.sure < 80 end",
     .required = true,
     .luals = "fun(answer: table, row: table): boolean"},
};

constexpr Section kCascadeSection[] = {
    {.name = "cascade",
     .kind = SectionKind::cascade,
     .meaning = "in dispatch: a cheap model is asked about every row, and a dearer one where its "
                "answer is not good enough",
     .example = "s.dispatch { s.cascade { small, large, escalate = function(answer) return "
                "answer.sure < 80 end }, budget = \"$20\" }",
     .options = kCascade,
     .positional = {.word = "level",
                    .type = "an endpoint or a list of them",
                    .luals = "sluice.Endpoint|sluice.Endpoint[]",
                    .meaning =
                        "who is asked, the cheapest first; all get the same prompt, and keep "
                        "to the same answer and parse. A level begins when the one before "
                        "has ended",
                    .example = "s.openai { model = \"gpt-5.4-nano\", key = s.secret "
                               "\"OPENAI_API_KEY\" }",
                    .least = 2,
                    .most = 5}},
};

constexpr std::string_view kEndpointExample =
    "for example s.openai { model = \"gpt-5.4-mini\", key = s.secret \"OPENAI_API_KEY\" }";

// Names unique among the endpoints of a level: the second "a" is "a#2".
void make_unique(std::vector<provider::EndpointSpec>& endpoints) {
  std::vector<std::string> taken;
  for (provider::EndpointSpec& endpoint : endpoints) {
    const std::string wanted = endpoint.name;
    for (int n = 2; std::ranges::find(taken, endpoint.name) != taken.end(); ++n) {
      endpoint.name = fmt::format("{}#{}", wanted, n);
    }
    taken.push_back(endpoint.name);
  }
}

// What is on top of the stack, where it is an endpoint: several, where it has tiers or keys.
bool take_endpoint(lua_State* lua, std::vector<provider::EndpointSpec>& endpoints,
                   std::vector<Mark>& marks) {
  const Node* node = to_node(lua, -1);
  const auto* some =
      node == nullptr ? nullptr : std::get_if<std::vector<provider::EndpointSpec>>(&node->value);
  if (some == nullptr) return false;
  endpoints.insert(endpoints.end(), some->begin(), some->end());
  marks.insert(marks.end(), some->size(), node->marks.front());
  return true;
}

// The level on top of the stack: an endpoint, or a list of them.
std::vector<provider::EndpointSpec> read_level(lua_State* lua, const Arguments& cascade,
                                               std::size_t number, std::vector<Mark>& marks) {
  std::vector<provider::EndpointSpec> endpoints;
  if (take_endpoint(lua, endpoints, marks)) return endpoints;
  if (!lua_istable(lua, -1)) {
    cascade.fail_item(
        number,
        fmt::format("level {} of cascade must be an endpoint or a list of them, got {}", number,
                    describe(lua, -1)),
        kEndpointExample);
  }
  const auto count = static_cast<lua_Integer>(lua_rawlen(lua, -1));
  lua_Integer keys = 0;
  for (lua_pushnil(lua); lua_next(lua, -2) != 0; lua_pop(lua, 1)) ++keys;
  script::Sandbox::of(lua).charge(static_cast<std::uint64_t>(keys));
  if (count == 0 || keys != count) {
    cascade.fail_item(number, fmt::format("level {} of cascade is not a list of endpoints", number),
                      "write an endpoint, or { endpoint, endpoint }, without names and holes");
  }
  for (lua_Integer i = 1; i <= count; ++i) {
    lua_rawgeti(lua, -1, i);
    if (!take_endpoint(lua, endpoints, marks)) {
      cascade.fail_item(
          number,
          fmt::format("endpoint {} in level {} of cascade must be an endpoint, got {}", i, number,
                      describe(lua, -1)),
          kEndpointExample);
    }
    lua_pop(lua, 1);
  }
  make_unique(endpoints);
  return endpoints;
}

}  // namespace

std::span<const Section> cascade_sections() {
  return kCascadeSection;
}

int construct_cascade(lua_State* lua) {
  const Arguments arguments(lua, section("cascade"));
  Cascade cascade;
  std::vector<Mark> marks;
  for (std::size_t i = 1; i <= arguments.items(); ++i) {
    arguments.push_item(i);
    cascade.levels.push_back(read_level(lua, arguments, i, marks));
    lua_pop(lua, 1);
  }
  arguments.push("escalate");
  const Place& place = arguments.place();
  push_node(lua, Node{.name = "cascade",
                      .source = place.source,
                      .span = place.whole,
                      .value = std::move(cascade),
                      .marks = std::move(marks)});
  lua_insert(lua, -2);
  lua_setiuservalue(lua, -2, 1);
  return 1;
}

Asked read_asked(lua_State* lua, const Arguments& dispatch) {
  Asked asked;
  asked.levels.emplace_back();
  for (std::size_t i = 1; i <= dispatch.items(); ++i) {
    dispatch.push_item(i);
    const Node* node = to_node(lua, -1);
    const auto* cascade = node == nullptr ? nullptr : std::get_if<Cascade>(&node->value);
    if (cascade != nullptr && dispatch.items() > 1) {
      dispatch.fail_item(
          i, "a cascade stands alone in dispatch",
          "put the endpoints into it: a level may be a list, { endpoint, endpoint }");
    }
    if (cascade != nullptr) {
      asked.levels = cascade->levels;
      asked.marks = node->marks;
      asked.cascade = true;
      lua_getiuservalue(lua, -1, 1);
      lua_remove(lua, -2);
      return asked;
    }
    const std::size_t first = asked.levels.front().size();
    if (!take_endpoint(lua, asked.levels.front(), asked.marks)) {
      dispatch.fail_item(
          i, fmt::format("endpoint of dispatch must be an endpoint, got {}", describe(lua, -1)),
          kEndpointExample);
    }
    for (const OptionMark& one : node->options)
      asked.options.push_back({.option = one.option, .item = first, .mark = one.mark});
    lua_pop(lua, 1);
  }
  make_unique(asked.levels.front());
  return asked;
}

}  // namespace sluice::dsl
