#include "dsl/sinks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "dsl/constructors.h"
#include "dsl/option_places.h"
#include "dsl/place_options.h"
#include "format/formats.h"
#include "format/record_writer.h"
#include "place/uri.h"

namespace sluice::dsl {
namespace {

bool is_compressed(std::string_view path) {
  return path.ends_with(".gz") || path.ends_with(".zst");
}

// A file that is neither appended to nor written whole.
void check_sink_ending(const Arguments& arguments, const std::string& path) {
  if (place::is_remote(path)) {
    const auto uri = place::parse_uri(path);
    if (!uri) arguments.fail_item(1, uri.error().text(), "for example \"s3://bucket/answers.csv\"");
    if (uri->scheme == place::Scheme::web)
      arguments.fail_item(1, "sink cannot write to a web address",
                          "name an object at s3:// or gs://, or a file of this machine");
  }
  if (can_be_appended(path) || format::output_format_of(path) != nullptr) return;
  std::vector<std::string_view> endings;
  for (const format::OutputFormat& format : format::output_formats())
    if (!format.compressed) endings.push_back(format.endings.front());
  arguments.fail_item(
      1, "sink cannot tell which format is compressed here",
      fmt::format("name it {}, and .gz or .zst behind that", fmt::join(endings, ", ")));
}

// "out/tickets.jsonl" → "out/tickets.rejects.jsonl"; rejects are JSON lines, whatever the output is
std::string default_rejects(std::string path) {
  const format::OutputFormat* format = format::output_format_of(path);
  const bool lines = format == nullptr || format->name == "jsonl";
  for (const std::string_view ending : {".gz", ".zst"})
    if (path.ends_with(ending)) path.resize(path.size() - ending.size());
  const std::size_t name = path.rfind('/') + 1;  // npos + 1 = 0
  const std::size_t dot = path.rfind('.');
  if (dot == path.npos || dot <= name) return path + ".rejects";
  return path.substr(0, dot) + ".rejects" + (lines ? path.substr(dot) : ".jsonl");
}

std::string file_name(std::string name) {
  std::ranges::replace(name, '/', '_');
  return name;
}

// Those of a table, a queue or an object stand beside the pipeline file: "answers.rejects.jsonl".
std::string default_rejects(const stages::SinkSpec& sink) {
  if (sink.queue) return file_name(queue::short_name_of(*sink.queue)) + ".rejects.jsonl";
  if (!sink.table)
    return default_rejects(place::is_remote(sink.path) ? sink.path.substr(sink.path.rfind('/') + 1)
                                                       : sink.path);
  return file_name(sink.table->table) + ".rejects.jsonl";
}

bool keeps_the_same(const stages::SinkSpec& a, const stages::SinkSpec& b) {
  return a.keep_row == b.keep_row && a.keep == b.keep;
}

// What lines have to keep, so that each sink finds what it keeps. `key`: that of s.read.
void keep_for_all(std::span<const stages::SinkSpec> sinks, const std::string& key,
                  stages::SinkSpec& lines) {
  const auto keeps_all = [&](const stages::SinkSpec& sink) {
    return sink.keep_row || (sink.keep.empty() && key.empty());
  };
  lines.keep_row = std::ranges::any_of(sinks, keeps_all);
  lines.keep.clear();
  if (lines.keep_row) return;
  const auto add = [&](const std::string& name) {
    if (std::ranges::find(lines.keep, name) == lines.keep.end()) lines.keep.push_back(name);
  };
  for (const stages::SinkSpec& sink : sinks) {
    if (sink.keep.empty()) add(key);
    for (const std::string& name : sink.keep) add(name);
  }
}

// A row takes the place of the one with its key, so it has one, and keeps it.
void check_upsert(lua_State* lua, const Node& node, const std::string& key) {
  const auto& sink = std::get<stages::SinkSpec>(node.value);
  if (!sink.table || sink.table->mode != table::Mode::upsert) return;
  const auto fail = [&](const std::string& what, const std::string& hint) {
    raise_at(lua, node.source, node.span, what, hint);
  };
  if (key.empty())
    fail("mode = \"upsert\" needs rows with a key",
         "name it in s.read: key = \"id\", which is the table's primary key then");
  if (!sink.keep_row && !sink.keep.empty() && std::ranges::find(sink.keep, key) == sink.keep.end())
    fail(fmt::format("mode = \"upsert\" needs the key, and keep leaves '{}' out", key),
         fmt::format("keep = {{ \"{}\", … }}", key));
}

}  // namespace

bool can_be_appended(const std::string& path) {
  const format::OutputFormat* format = format::output_format_of(path);
  if (is_compressed(path) || place::is_remote(path)) return false;
  return format == nullptr || format->name == "jsonl" || format->name == "csv" ||
         format->name == "tsv";
}

void join_sinks(lua_State* lua, std::span<const Node* const> nodes,
                stages::PipelineSpec& question) {
  std::vector<stages::SinkSpec> sinks;
  for (const Node* node : nodes) sinks.push_back(std::get<stages::SinkSpec>(node->value));
  for (std::size_t i = 1; i < sinks.size(); ++i) {
    const auto fail = [&](const std::string& what, std::string_view hint) {
      raise_at(lua, nodes[i]->source, nodes[i]->span, what, hint);
    };
    if (sinks[i].rejects != default_rejects(sinks[i]))
      fail("rejects of a second sink", "a job has one file of rejects: name it in the first sink");
    if (sinks[i].keep_missing)
      fail("keep_missing of a second sink", "it holds for all sinks: set it in the first");
    for (std::size_t j = 0; j < i; ++j)
      if (sinks[j].path == sinks[i].path)
        fail(fmt::format("a second sink of '{}'", sinks[i].path), "give one of them another name");
  }
  for (const Node* node : nodes) check_upsert(lua, *node, question.read.key);
  stages::SinkSpec& lines = question.sink;
  lines = sinks.front();
  const bool appended = !lines.table && !lines.queue && can_be_appended(lines.path);
  if (sinks.size() == 1 && appended) return;
  const bool same = std::ranges::all_of(
      sinks, [&](const stages::SinkSpec& sink) { return keeps_the_same(sink, sinks.front()); });
  const format::OutputFormat* format = format::output_format_of(lines.path);
  const bool first_is_lines = same && appended && (format == nullptr || format->name == "jsonl");
  if (!first_is_lines) {
    lines.written_path = lines.path;
    lines.path = question.checkpoint.directory + "/answers.jsonl";
    lines.path_is_own = true;
    keep_for_all(sinks, question.read.key, lines);
  }
  for (const stages::SinkSpec& sink : std::span(sinks).subspan(first_is_lines ? 1 : 0))
    lines.deliveries.push_back({.path = sink.path,
                                .keep_row = sink.keep_row,
                                .keep = sink.keep,
                                .table = sink.table,
                                .queue = sink.queue,
                                .places = sink.places});
  lines.table.reset();
  lines.queue.reset();
}

int construct_sink(lua_State* lua) {
  const Arguments arguments(lua, section("sink"));
  stages::SinkSpec spec;
  arguments.push_item(1);
  const Node* node = to_node(lua, -1);
  lua_pop(lua, 1);
  if (node != nullptr && std::holds_alternative<queue::Spec>(node->value)) {
    spec.queue = sink_queue(arguments, *node);
  } else if (node != nullptr) {
    spec.table = sink_table(arguments, *node);
  }
  spec.path = spec.queue   ? queue::name_of(*spec.queue)
              : spec.table ? table::name_of(*spec.table)
                           : arguments.text_item(1);
  if (spec.path == "-") {
    arguments.fail_item(
        1, "sink needs a file: a job that goes on cuts its output back to what is sure",
        "for example s.sink { \"out/answers.jsonl\" }");
  }
  if (!spec.table && !spec.queue) check_sink_ending(arguments, spec.path);
  spec.rejects = arguments.text("rejects").value_or(default_rejects(spec));
  if (const format::Format* format = format::format_by_ending(spec.rejects);
      format != nullptr && format->name != "jsonl") {
    arguments.fail_value("rejects", "rejects are JSON lines, whatever the output is",
                         "for example rejects = \"out/rejects.jsonl\"");
  }
  if (!can_be_appended(spec.rejects)) {
    arguments.fail_value("rejects", "rejects are appended to one by one, in a file of this machine",
                         "for example rejects = \"out/rejects.jsonl\"");
  }
  if (spec.rejects == spec.path) {
    arguments.fail_value("rejects", "rejects is the same file as the output",
                         "give it a name of its own");
  }
  arguments.push("keep");
  spec.keep_row = lua_type(lua, -1) == LUA_TSTRING;
  lua_pop(lua, 1);
  spec.keep = arguments.columns("keep");
  spec.keep_missing = arguments.flag("keep_missing");
  spec.places = read_places(arguments);
  std::vector<OptionMark> options;
  add_item_marks(options, arguments, "keep");
  const Place& place = arguments.place();
  push_node(lua, Node{.name = "sink",
                      .source = place.source,
                      .span = place.whole,
                      .value = std::move(spec),
                      .options = std::move(options)});
  return 1;
}

}  // namespace sluice::dsl
