// s.read, s.map, s.keep, s.explode, s.validate, s.pack, s.dispatch and s.parse.
#include <fmt/format.h>

#include <algorithm>

#include "dsl/constructors.h"
#include "dsl/images.h"
#include "dsl/node.h"
#include "dsl/option_places.h"
#include "dsl/place_options.h"
#include "format/formats.h"
#include "stages/prompt_template.h"

namespace sluice::dsl {
namespace {

// What `answer = { … }` takes: fields and nothing else.
constexpr Section kAnswer{.name = "answer",
                          .kind = SectionKind::table,
                          .meaning = "columns of the answer",
                          .example = "answer = { queue = s.text }",
                          .options = {},
                          .fields = true};

Node& push_stage(lua_State* lua, const Arguments& arguments, std::string_view name,
                 Node::Value spec, std::vector<Mark> marks = {},
                 std::vector<OptionMark> options = {}) {
  const Place& place = arguments.place();
  return push_node(lua, Node{.name = name,
                             .source = place.source,
                             .span = place.whole,
                             .value = std::move(spec),
                             .marks = std::move(marks),
                             .options = std::move(options)});
}

// Moves the function on top of the stack into the node below it.
void keep_function(lua_State* lua) {
  lua_setiuservalue(lua, -2, 1);
}

// A step is called with its function, and with nothing else.
int construct_step(lua_State* lua, std::string_view name, Node::Value step) {
  const Place place = call_place(lua, name);
  if (lua_gettop(lua) != 1 || lua_type(lua, 1) != LUA_TFUNCTION) {
    raise_at(lua, place.source, place.argument,
             fmt::format("{} takes one function, got {}", name,
                         describe(lua, lua_gettop(lua) > 1 && lua_isfunction(lua, 1) ? 2 : 1)),
             fmt::format("write {}", section(name).example));
  }
  push_node(
      lua,
      Node{.name = name, .source = place.source, .span = place.whole, .value = std::move(step)});
  lua_pushvalue(lua, 1);
  keep_function(lua);
  return 1;
}

}  // namespace

int construct_read(lua_State* lua) {
  const Arguments arguments(lua, section("read"));
  stages::ReadSpec spec;
  std::size_t files = 0;
  for (std::size_t i = 1; i <= arguments.items(); ++i) {
    arguments.push_item(i);
    const Node* node = to_node(lua, -1);
    lua_pop(lua, 1);
    if (node != nullptr && std::holds_alternative<table::Spec>(node->value)) {
      if (i > 1)
        arguments.fail_item(i, fmt::format("read takes either paths or one s.{}", node->name),
                            "name the table alone; a query can join several");
      spec.table = read_table(arguments, *node);
      break;
    }
    if (node != nullptr && std::holds_alternative<queue::Spec>(node->value)) {
      if (i > 1)
        arguments.fail_item(i, fmt::format("read takes either paths or one s.{}", node->name),
                            "name the queue alone");
      spec.queue = read_queue(arguments, *node);
      break;
    }
    if (node != nullptr) ++files;
    spec.paths.push_back(node == nullptr ? arguments.text_item(i)
                                         : std::get<InputFiles>(node->value).pattern);
    if (files != 0 && files != i)
      arguments.fail_item(i, "read takes either paths or s.files, not both",
                          "name all of them by s.files, so that each file is a row, or none");
  }
  spec.places = read_places(arguments);
  for (std::size_t i = 0; i < spec.paths.size(); ++i) {
    if (!place::is_remote(spec.paths[i])) continue;
    auto name = spec.places->name(spec.paths[i]);
    if (!name)
      arguments.fail_item(i + 1, name.error().text(),
                          "for example \"s3://bucket/rows/*.jsonl.gz\"");
    spec.paths[i] = std::move(*name);
  }
  spec.key = arguments.text("key").value_or("");
  spec.format = read_format(arguments, spec.paths, files > 0);
  push_stage(lua, arguments, "read", std::move(spec));
  return 1;
}

int construct_map(lua_State* lua) {
  return construct_step(lua, "map", stages::MapStep());
}
int construct_keep(lua_State* lua) {
  return construct_step(lua, "keep", stages::KeepStep());
}
int construct_explode(lua_State* lua) {
  return construct_step(lua, "explode", stages::ExplodeStep());
}

int construct_validate(lua_State* lua) {
  const Section& options = section("validate");
  const Arguments arguments(lua, options);
  stages::ValidateSpec spec;
  spec.fields = read_fields(lua, arguments, options);
  arguments.push("check");
  const bool function = lua_type(lua, -1) == LUA_TFUNCTION;
  if (!function && spec.fields.empty()) {
    arguments.fail("validate checks nothing", fmt::format("for example {}", options.example));
  }
  push_stage(lua, arguments, "validate", std::move(spec));
  if (function) {
    lua_pushvalue(lua, -2);
    keep_function(lua);
  }
  return 1;
}

int construct_pack(lua_State* lua) {
  const Arguments arguments(lua, section("pack"));
  stages::PackSpec spec;
  spec.rows = arguments.whole("rows").value_or(spec.rows);
  spec.tokens = arguments.whole("tokens").value_or(spec.tokens);
  spec.output_tokens = arguments.whole("output_tokens");
  spec.system = arguments.text("system").value_or("");
  if (auto text = arguments.text("user")) {
    const auto parsed = stages::PromptTemplate::parse(*text);
    if (!parsed) {
      arguments.fail_value("user", parsed.error().message,
                           "write a row's field as {{field}} or {{a.b}}");
    }
    spec.user_template = std::move(*text);
    if (spec.user_template.empty()) {
      arguments.fail_value("user", "user is empty", "for example user = \"{{body}}\"");
    }
  }
  read_images(arguments, spec);
  std::vector<OptionMark> options = marks_of(arguments, {"user"});
  if (arguments.has("answer")) {
    const Arguments answer(arguments, kAnswer, "answer");
    spec.answer = read_fields(lua, answer, kAnswer);
    if (spec.rows > 1 && answer.has("id")) {
      answer.fail_key("id", "answer must not have a column 'id' when a request has several rows",
                      "it carries the row's own id there; call the column otherwise");
    }
    if (spec.answer.empty()) {
      answer.fail("answer has no fields",
                  "add one, as in { queue = s.text }, or leave answer out for free text");
    }
    for (std::size_t i = 0; i < spec.answer.size(); ++i)
      options.push_back({.option = "answer",
                         .item = i,
                         .mark = {answer.place().source, answer.place().key(spec.answer[i].name)}});
  }
  spec.examples = read_examples(lua, arguments, spec);
  arguments.push("user");
  const bool function = lua_type(lua, -1) == LUA_TFUNCTION;
  push_stage(lua, arguments, "pack", std::move(spec), {}, std::move(options));
  if (function) {
    lua_pushvalue(lua, -2);
    keep_function(lua);
  }
  return 1;
}

int construct_dispatch(lua_State* lua) {
  const Arguments arguments(lua, section("dispatch"));
  Asked asked = read_asked(lua, arguments);
  stages::DispatchSpec spec;
  spec.deadline = arguments.duration("deadline");
  spec.budget = arguments.money("budget");
  const bool tiers = std::ranges::any_of(asked.levels, [](const auto& endpoints) {
    return std::ranges::any_of(endpoints, &provider::EndpointSpec::of_tiers);
  });
  const std::string route = arguments.text("route").value_or(tiers ? "deadline" : "cheapest");
  spec.route = route == "in_order"   ? schedule::Route::in_order
               : route == "spread"   ? schedule::Route::spread
               : route == "deadline" ? schedule::Route::deadline
                                     : schedule::Route::cheapest;
  spec.retries = arguments.whole("retries").value_or(spec.retries);
  spec.hedge = arguments.flag("hedge");
  spec.prices = arguments.text("prices").value_or("");
  const Place& place = arguments.place();
  asked.marks.push_back(Mark{place.source, place.value("prices")});
  asked.marks.push_back(spec.budget ? Mark{place.source, place.value("budget")} : Mark{});
  Dispatch dispatch;
  for (auto& endpoints : asked.levels) {
    spec.endpoints = std::move(endpoints);
    dispatch.levels.push_back(spec);
  }
  push_stage(lua, arguments, "dispatch", std::move(dispatch), std::move(asked.marks),
             std::move(asked.options));
  if (asked.cascade) {
    lua_pushvalue(lua, -2);
    keep_function(lua);
  }
  return 1;
}

int construct_parse(lua_State* lua) {
  const Arguments arguments(lua, section("parse"));
  stages::ParseSpec spec;
  spec.retries = arguments.whole("retries").value_or(spec.retries);
  push_stage(lua, arguments, "parse", std::move(spec));
  if (arguments.items() == 1) {
    arguments.push_item(1);
    keep_function(lua);
  }
  return 1;
}

}  // namespace sluice::dsl
