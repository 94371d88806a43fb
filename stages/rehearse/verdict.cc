#include "rehearse/verdict.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "core/json.h"
#include "format/json_value.h"
#include "rehearse/json_text.h"

namespace sluice::rehearse {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kShownBytes = 400;  // of a request's text

// Rows of the output, or rejects, by the names that they have in a diff.
struct Lines {
  std::string_view word;   // "row"
  std::string_view place;  // "the output"
  std::string key_field;
  bool whole = false;  // every field counts
};

std::string title(const Lines& kind, std::string_view line, std::size_t number) {
  const std::string key = value_of(line, kind.key_field);
  return key.empty() ? fmt::format("{} {}", kind.word, number)
                     : fmt::format("{} {} {}", kind.word, kind.key_field, key);
}

bool is_as_expected(const Lines& kind, const std::string& expected, const std::string& actual) {
  return kind.whole ? equal(expected, actual) : matches(expected, actual);
}

// Which of the actual lines each expected one is: first those that fit, then by key, then the rest
// in their order.
std::vector<std::optional<std::size_t>> pairs(const Lines& kind,
                                              const std::vector<std::string>& expected,
                                              const std::vector<std::string>& actual) {
  std::vector<std::optional<std::size_t>> pairs(expected.size());
  std::vector<bool> taken(actual.size());
  const auto pair = [&](const auto& like) {
    for (std::size_t i = 0; i < expected.size(); ++i) {
      for (std::size_t j = 0; j < actual.size() && !pairs[i]; ++j) {
        if (taken[j] || !like(expected[i], actual[j])) continue;
        pairs[i] = j;
        taken[j] = true;
      }
    }
  };
  pair([&](const auto& a, const auto& b) { return is_as_expected(kind, a, b); });
  pair([&](const auto& a, const auto& b) {
    const std::string key = value_of(a, kind.key_field);
    return !key.empty() && key == value_of(b, kind.key_field);
  });
  pair([&](const auto& a, const auto& b) {
    return value_of(a, kind.key_field).empty() || value_of(b, kind.key_field).empty();
  });
  return pairs;
}

void compare_lines(const Lines& kind, const std::vector<std::string>& expected,
                   const std::vector<std::string>& actual, Diff& diff) {
  const auto found = pairs(kind, expected, actual);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (!found[i]) {
      diff.push_back(
          {' ', fmt::format("{} is not in {}:", title(kind, expected[i], i + 1), kind.place)});
      diff.push_back({'-', expected[i]});
      continue;
    }
    Diff fields = differing_fields(expected[i], actual[*found[i]], kind.whole);
    if (fields.empty()) continue;
    diff.push_back({' ', title(kind, expected[i], i + 1)});
    diff.insert(diff.end(), fields.begin(), fields.end());
  }
  for (std::size_t j = 0; j < actual.size(); ++j) {
    if (std::ranges::find(found, j) != found.end()) continue;
    diff.push_back({' ', fmt::format("{} is in {}, and is not expected:",
                                     title(kind, actual[j], j + 1), kind.place)});
    diff.push_back({'+', actual[j]});
  }
}

// A line of the rejects as a test names it: its row's fields are looked at by name as well.
std::string reject_of(const std::string& line, const std::string& key_field) {
  dom::parser parser;
  dom::object object;
  dom::element value;
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  if (format::parse_json(parser, line, object) == simdjson::SUCCESS) {
    const auto add = [&](std::string_view from, std::string_view name) {
      if (object[from].get(value) != simdjson::SUCCESS) return;
      w.key(name);
      w.raw(json_of(value));
    };
    add("key", key_field.empty() ? "key" : key_field);
    for (const std::string_view name : {"stage", "reason", "detail", "row"}) add(name, name);
  }
  w.close('}');
  return out;
}

// `detail` is for people and long: an expectation names a part of it.
std::string with_part_of_detail(const std::string& expected, const std::string& actual) {
  dom::parser one;
  dom::parser two;
  dom::object a;
  dom::object b;
  std::string_view part;
  std::string_view whole;
  if (format::parse_json(one, expected, a) || format::parse_json(two, actual, b) ||
      a["detail"].get(part) || b["detail"].get(whole) || !whole.contains(part))
    return actual;
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  for (const auto [name, value] : b) {
    w.key(name);
    if (name == "detail") {
      w.value(part);
    } else {
      w.raw(json_of(value));
    }
  }
  w.close('}');
  return out;
}

void compare_rejects(const std::vector<std::string>& expected,
                     const std::vector<std::string>& lines, const std::string& key_field,
                     Diff& diff) {
  const Lines kind{.word = "reject", .place = "the rejects", .key_field = key_field};
  std::vector<std::string> actual;
  for (const std::string& line : lines) {
    std::string reject = reject_of(line, key_field);
    for (const std::string& one : expected) {
      std::string shortened = with_part_of_detail(one, reject);
      if (!matches(one, shortened)) continue;
      reject = std::move(shortened);
      break;
    }
    actual.push_back(std::move(reject));
  }
  compare_lines(kind, expected, actual, diff);
}

void compare_requests(const Expected& expected, const Outcome& outcome, Diff& diff) {
  if (expected.requests && *expected.requests != outcome.requests.size()) {
    diff.push_back({'-', fmt::format("requests: {}", *expected.requests)});
    diff.push_back({'+', fmt::format("requests: {}", outcome.requests.size())});
  }
  const auto holder = [&](const std::string& text) {
    return std::ranges::find_if(outcome.requests, [&](const Sent& sent) {
      return sent.system.contains(text) || sent.user.contains(text);
    });
  };
  bool shown = false;
  for (const std::string& text : expected.with) {
    if (holder(text) != outcome.requests.end()) continue;
    diff.push_back({'-', fmt::format("a request with \"{}\"", text)});
    if (outcome.requests.empty()) {
      diff.push_back({'+', "no request was sent"});
    } else if (!std::exchange(shown, true)) {
      const std::string& first = outcome.requests.front().user;
      diff.push_back({'+', fmt::format("the first request asks: {}{}", first.substr(0, kShownBytes),
                                       first.size() > kShownBytes ? "…" : "")});
    }
  }
  for (const std::string& text : expected.without) {
    const auto found = holder(text);
    if (found == outcome.requests.end()) continue;
    diff.push_back({'-', fmt::format("no request with \"{}\"", text)});
    diff.push_back(
        {'+', fmt::format("request {} holds it", 1 + (found - outcome.requests.begin()))});
  }
}

// The items of one of the lists in a recorded line.
std::vector<std::string> recorded(const std::string& snapshot, std::string_view name) {
  std::vector<std::string> items;
  dom::parser parser;
  dom::object object;
  dom::array list;
  if (format::parse_json(parser, snapshot, object) || object[name].get(list)) return items;
  for (const dom::element item : list) items.push_back(json_of(item));
  return items;
}

// What is recorded of a reject: no text that is for people.
std::string recorded_reject(const std::string& line, const std::string& key_field) {
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  for (const auto& [from, name] :
       {std::pair<std::string, std::string>("key", key_field.empty() ? "key" : key_field),
        {"stage", "stage"},
        {"reason", "reason"}}) {
    const std::string json = value_of(line, from);
    if (json.empty()) continue;
    w.key(name);
    w.raw(json);
  }
  w.close('}');
  return out;
}

std::vector<std::string> recorded_rejects(const Outcome& outcome, const std::string& key_field) {
  std::vector<std::string> lines;
  for (const std::string& line : outcome.rejects) lines.push_back(recorded_reject(line, key_field));
  return lines;
}

void compare_snapshot(const Outcome& outcome, const std::string& key_field,
                      const std::optional<std::string>& snapshot, Diff& diff) {
  if (!snapshot) {
    diff.push_back({'-', "a snapshot of this case: none is recorded yet; run with --update"});
    for (const std::string& row : outcome.rows) diff.push_back({'+', row});
    return;
  }
  compare_lines({.word = "row", .place = "the output", .key_field = key_field, .whole = true},
                recorded(*snapshot, "rows"), outcome.rows, diff);
  compare_lines({.word = "reject", .place = "the rejects", .key_field = key_field, .whole = true},
                recorded(*snapshot, "rejects"), recorded_rejects(outcome, key_field), diff);
}

}  // namespace

std::string snapshot_of(const Case& test, const Outcome& outcome, const std::string& key_field) {
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  w.field("case", test.name);
  w.key("rows");
  w.open('[');
  for (const std::string& row : outcome.rows) w.raw(row);
  w.close(']');
  w.key("rejects");
  w.open('[');
  for (const std::string& reject : recorded_rejects(outcome, key_field)) w.raw(reject);
  w.close(']');
  w.close('}');
  return out;
}

std::string case_of(std::string_view snapshot) {
  dom::parser parser;
  dom::object object;
  std::string_view name;
  if (format::parse_json(parser, snapshot, object) || object["case"].get(name)) return {};
  return std::string(name);
}

Diff differences(const Expected& expected, const Outcome& outcome, const std::string& key_field,
                 const std::optional<std::string>& snapshot) {
  if (!outcome.problem.empty()) return {{' ', outcome.problem}};
  Diff diff;
  if (expected.stops.empty() && !outcome.stopped.empty()) {
    diff.push_back({'-', "the run finishes"});
    diff.push_back({'+', "it stops: " + outcome.stopped});
  } else if (!outcome.stopped.contains(expected.stops)) {
    diff.push_back({'-', fmt::format("the run stops: {}", expected.stops)});
    diff.push_back({'+', outcome.stopped.empty() ? "it finishes" : "it stops: " + outcome.stopped});
  }
  if (expected.rows)
    compare_lines({.word = "row", .place = "the output", .key_field = key_field}, *expected.rows,
                  outcome.rows, diff);
  if (expected.snapshot) {
    compare_snapshot(outcome, key_field, snapshot, diff);
  } else {
    compare_rejects(expected.rejects.value_or(std::vector<std::string>()), outcome.rejects,
                    key_field, diff);
  }
  compare_requests(expected, outcome, diff);
  if (expected.cost && outcome.cost > *expected.cost) {
    diff.push_back({'-', fmt::format("cost: at most {}", expected.cost->text())});
    diff.push_back({'+', fmt::format("cost: {}", outcome.cost.text())});
  }
  return diff;
}

}  // namespace sluice::rehearse
