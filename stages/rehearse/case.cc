#include "rehearse/case.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <functional>
#include <span>

#include "format/json_value.h"
#include "rehearse/json_text.h"

namespace sluice::rehearse {
namespace {

namespace dom = simdjson::dom;
using Value = dom::element;

struct Wrong {  // thrown and caught in this file
  Mistake mistake;
};
[[noreturn]] void fail(std::string_view word, std::string what, std::string hint) {
  throw Wrong{{std::string(word), std::move(what), std::move(hint), {}}};
}

std::string text_of(std::string_view name, const Value& value) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS)
    fail(name, fmt::format("{} must be text, got {}", name, json_of(value)),
         fmt::format("write {} = \"…\"", name));
  return std::string(text);
}

std::uint64_t whole_of(std::string_view name, const Value& value, std::uint64_t least) {
  std::uint64_t number = 0;
  if (value.get(number) != simdjson::SUCCESS || number < least)
    fail(name,
         fmt::format("{} must be a whole number from {}, got {}", name, least, json_of(value)),
         fmt::format("for example {} = {}", name, least + 1));
  return number;
}

bool is_empty_table(const Value& value) {
  dom::array list;
  return value.get(list) == simdjson::SUCCESS && list.size() == 0;
}

dom::object object_of(std::string_view name, const Value& value) {
  dom::object object;
  if (value.get(object) != simdjson::SUCCESS)
    fail(name, fmt::format("{} must be a table of names, got {}", name, json_of(value)),
         fmt::format("write {} = {{ … }}", name));
  return object;
}

std::vector<std::string> list_of(std::string_view name, const Value& value, bool objects) {
  std::vector<std::string> items;
  dom::array list;
  if (value.get(list) != simdjson::SUCCESS)
    fail(name, fmt::format("{} must be a list, got {}", name, json_of(value)),
         objects ? fmt::format("write {} = {{ {{ … }}, {{ … }} }}", name)
                 : fmt::format("write {} = {{ \"…\" }}", name));
  for (const Value item : list) {
    dom::object object;
    if (objects && item.get(object) != simdjson::SUCCESS && !is_empty_table(item))
      fail(name,
           fmt::format("item {} of {} must be a table of fields, got {}", items.size() + 1, name,
                       json_of(item)),
           fmt::format("write {} = {{ {{ field = value }} }}", name));
    items.push_back(objects ? (is_empty_table(item) ? "{}" : json_of(item)) : text_of(name, item));
  }
  return items;
}

// A field and what is done with its value.
struct Field {
  std::string_view name;
  std::function<void(const Value&)> take;
};

void read_fields(std::string_view where, const dom::object& object, std::span<const Field> fields) {
  for (const auto [name, value] : object) {
    const auto found = std::ranges::find(fields, name, &Field::name);
    if (found == fields.end()) {
      std::string all;
      std::vector<std::string> names;
      for (const Field& field : fields) {
        all += (all.empty() ? "" : ", ") + std::string(field.name);
        names.emplace_back(field.name);
      }
      throw Wrong{{std::string(name), fmt::format("unknown name '{}' in {}", name, where),
                   fmt::format("{} takes: {}", where, all), std::move(names)}};
    }
    found->take(value);
  }
}

std::string rows_of(const Value& value) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS)
    return text.ends_with('\n') ? std::string(text) : std::string(text) + "\n";
  std::string lines;
  for (const std::string& row : list_of("rows", value, true)) lines += row + "\n";
  return lines;
}

// A parameter's value as --set takes it.
std::string setting_of(std::string_view name, const Value& value) {
  if (value.is_string()) return text_of(name, value);
  if (value.is_object() || value.is_array() || value.is_null())
    fail(name, fmt::format("parameter '{}' must be text, a number or a boolean", name), "");
  return json_of(value);
}

Expected read_expected(const Value& value) {
  Expected expected;
  if (is_empty_table(value)) return expected;
  const auto requests = [&](const Value& v) {
    if (!v.is_object()) {
      expected.requests = whole_of("requests", v, 0);
      return;
    }
    const Field fields[] = {
        {"count", [&](const Value& n) { expected.requests = whole_of("count", n, 0); }},
        {"with", [&](const Value& n) { expected.with = list_of("with", n, false); }},
        {"without", [&](const Value& n) { expected.without = list_of("without", n, false); }}};
    read_fields("requests", object_of("requests", v), fields);
  };
  const auto cost = [&](const Value& v) {
    double dollars = 0;
    expected.cost = v.get(dollars) == simdjson::SUCCESS ? core::Money::from_dollars(dollars)
                                                        : core::Money::parse(text_of("cost", v));
    if (!expected.cost)
      fail("cost", fmt::format("cost must be an amount, got {}", json_of(v)),
           "the most that the case may cost, for example cost = \"$0.01\"");
  };
  const Field fields[] = {
      {"rows", [&](const Value& v) { expected.rows = list_of("rows", v, true); }},
      {"rejects", [&](const Value& v) { expected.rejects = list_of("rejects", v, true); }},
      {"snapshot",
       [&](const Value& v) {
         if (v.get(expected.snapshot) != simdjson::SUCCESS)
           fail("snapshot", "snapshot must be true or false", "write snapshot = true");
       }},
      {"requests", requests},
      {"cost", cost},
      {"stops", [&](const Value& v) { expected.stops = text_of("stops", v); }}};
  read_fields("expect", object_of("expect", value), fields);
  return expected;
}

constexpr std::array<std::string_view, 8> kFunctions = {"map",   "keep", "explode", "validate",
                                                        "check", "user", "parse",   "escalate"};

Call::Function function_of(const Value& value) {
  const std::string name = text_of("call", value);
  const auto found = std::ranges::find(kFunctions, name);
  if (found == kFunctions.end())
    fail("call", fmt::format("call must name a function of the pipeline, got '{}'", name),
         "one of map, keep, explode, validate, check, user, parse, escalate");
  return static_cast<Call::Function>(found - kFunctions.begin());
}

class CaseReader {
 public:
  Case read(const dom::object& object) {
    const auto reply = [&](const Value& v) { case_.replies[0].any = json_of(v); };
    const auto replies = [&](const Value& v) { case_.replies[0].by_row = json_of(v); };
    case_.replies.resize(1);
    const Field fields[] = {
        {"name", [&](const Value& v) { case_.name = text_of("name", v); }},
        {"rows", [&](const Value& v) { rows(v); }},
        {"row", [&](const Value& v) { row(v); }},
        {"set", [&](const Value& v) { set(v); }},
        {"reply", reply},
        {"replies", replies},
        {"questions", [&](const Value& v) { questions(v); }},
        {"expect",
         [&](const Value& v) {
           case_.expected = read_expected(v);
           expects_ = true;
         }},
        {"call", [&](const Value& v) { called().function = function_of(v); }},
        {"nth", [&](const Value& v) { called().nth = whole_of("nth", v, 1); }},
        {"answer", [&](const Value& v) { called().answers.push_back(json_of(v)); }},
        {"answers", [&](const Value& v) { called().answers = list_of("answers", v, true); }},
        {"returns", [&](const Value& v) { returns_ = v; }},
        {"fails", [&](const Value& v) { called().fails = text_of("fails", v); }}};
    read_fields("a case", object, fields);
    finish(object);
    return std::move(case_);
  }

 private:
  Call& called() { return case_.call ? *case_.call : case_.call.emplace(); }

  void rows(const Value& value) { case_.rows = rows_of(value); }
  void row(const Value& value) {
    single_ = true;
    if (!is_empty_table(value)) object_of("row", value);
    case_.rows = is_empty_table(value) ? "{}\n" : json_of(value) + "\n";
  }
  void set(const Value& value) {
    for (const auto [name, setting] : object_of("set", value))
      case_.set[std::string(name)] = setting_of(name, setting);
  }
  void questions(const Value& value) {
    std::size_t k = 0;
    dom::array list;
    if (value.get(list) != simdjson::SUCCESS)
      fail("questions", "questions must be a list, one item for each question",
           "write questions = { { reply = … }, { reply = … } }");
    for (const Value item : list) {
      if (case_.replies.size() <= k) case_.replies.emplace_back();
      ReplyTexts& texts = case_.replies[k++];
      if (is_empty_table(item)) continue;
      const Field fields[] = {{"reply", [&](const Value& v) { texts.any = json_of(v); }},
                              {"replies", [&](const Value& v) { texts.by_row = json_of(v); }}};
      read_fields("an item of questions", object_of("questions", item), fields);
    }
  }

  void finish(const dom::object& object) {
    if (case_.name.empty()) fail("", "a case has no name", "give it name = \"what it shows\"");
    if (case_.rows.empty())
      fail("name", fmt::format("case '{}' has no rows", case_.name),
           "add rows = { { field = value }, … }");
    const bool call = object["call"].error() == simdjson::SUCCESS;
    if (case_.call && !call)
      fail("name", fmt::format("case '{}' has options of a call, but no call", case_.name),
           "add call = \"map\", or take nth, answer, returns, fails out");
    if (!call && returns_)
      fail("returns", "returns is for a case that calls a function",
           "add call = \"map\", or write expect = { rows = { … } }");
    if (!call && !expects_)
      fail("name", fmt::format("case '{}' expects nothing", case_.name),
           "add expect = { rows = { … } }");
    if (call) finish_call();
  }

  void finish_call() {
    Call& call = *case_.call;
    const auto rows = static_cast<std::size_t>(std::ranges::count(case_.rows, '\n'));
    if (expects_)
      fail("expect", "a case that calls a function has no expect",
           "write returns = … or fails = \"…\"");
    if (returns_.has_value() == !call.fails.empty())
      fail("call", fmt::format("case '{}' needs returns or fails, one of them", case_.name),
           "write returns = what it gives, or fails = \"part of the reason\"");
    if (returns_) {
      dom::array list;
      if (single_) {
        call.returns.push_back(json_of(*returns_));
      } else if (returns_->get(list) == simdjson::SUCCESS) {
        for (const Value item : list) call.returns.push_back(json_of(item));
      }
      if (call.returns.size() != rows)
        fail("returns", fmt::format("returns has {} values for {} rows", call.returns.size(), rows),
             "one for each row; with row = { … }, the value itself");
    }
    const bool parse = call.function == Call::Function::parse;
    if ((parse || call.function == Call::Function::escalate) && call.answers.size() != rows)
      fail("call",
           fmt::format("{} has {} answers for {} rows", parse ? "parse" : "escalate",
                       call.answers.size(), rows),
           "add answer = { column = value }, or answers = { … }, one for each row");
  }

  Case case_;
  bool single_ = false;
  bool expects_ = false;
  std::optional<Value> returns_;
};

}  // namespace

std::string name_of(std::string_view json) {
  dom::parser parser;
  dom::object object;
  std::string_view name;
  if (format::parse_json(parser, json, object) || object["name"].get(name)) return {};
  return std::string(name);
}

std::expected<Case, Mistake> read_case(std::string_view json) {
  dom::parser parser;
  dom::object object;
  if (format::parse_json(parser, json, object) != simdjson::SUCCESS)
    return std::unexpected(
        Mistake{"", "a case must be a table", "write { name = \"…\", rows = { … }, … }", {}});
  try {
    return CaseReader().read(object);
  } catch (Wrong& wrong) {
    return std::unexpected(std::move(wrong.mistake));
  }
}

}  // namespace sluice::rehearse
