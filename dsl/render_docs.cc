#include "dsl/render_docs.h"

#include <fmt/format.h>

#include <algorithm>

#include "dsl/options.h"
#include "script/meter.h"
#include "script/project.h"

namespace sluice::dsl {
namespace {

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string out(text);
  for (std::size_t at = out.find(from); at != out.npos; at = out.find(from, at + to.size())) {
    out.replace(at, from.size(), to);
  }
  return out;
}

// As a sentence begins.
std::string capital(std::string_view text) {
  std::string out(text);
  if (!out.empty() && out[0] >= 'a' && out[0] <= 'z')
    out[0] = static_cast<char>(out[0] - 'a' + 'A');
  return out;
}

// For a cell of a Markdown table.
std::string cell(std::string_view text) {
  return replaced(text, "|", "\\|");
}

std::string type_cell(const Option& option) {
  if (option.type != ValueType::choice) return std::string(type_description(option.type));
  return fmt::format("\"{}\"", replaced(option.choices, "|", "\", \""));
}

std::string bounds_cell(const Option& option) {
  const std::string_view unit =
      option.type == ValueType::text || option.type == ValueType::secret ? " bytes" : "";
  if (option.min && option.max) return fmt::format("{} to {}{}", *option.min, *option.max, unit);
  if (option.min) return fmt::format("at least {}{}", *option.min, unit);
  if (option.max) return fmt::format("at most {}{}", *option.max, unit);
  return {};
}

void append_section(std::string& page, const Section& section) {
  const bool table = section.kind == SectionKind::table;
  page += fmt::format("### {}{}\n\n{}.\n\n```lua\n{}\n```\n\n", table ? "" : "s.", section.name,
                      capital(section.meaning), section.example);
  const Positional& positional = section.positional;
  if (section.kind == SectionKind::step) {
    page += fmt::format("Called with a **{}**: {}.\n\n", positional.word, positional.meaning);
  } else if (!positional.word.empty()) {
    page += fmt::format("Without a name: **{}** ({}{}): {}.\n\n", positional.word, positional.type,
                        positional.least == 0  ? ", may be left out"
                        : positional.most == 1 ? ", one"
                        : positional.least == 1
                            ? ", one or more"
                            : fmt::format(", {} to {}", positional.least, positional.most),
                        positional.meaning);
  }
  if (section.fields) page += "Each other name is a field: `name = field type`.\n\n";
  if (section.options.empty()) return;
  page += "| option | type | default | bounds | meaning | example |\n|---|---|---|---|---|---|\n";
  for (const Option& option : section.options) {
    page +=
        fmt::format("| `{}` | {} | {} | {} | {} | `{}` |\n", option.name, cell(type_cell(option)),
                    option.required ? "**required**" : cell(option.fallback), bounds_cell(option),
                    cell(option.meaning), cell(option.example));
  }
  page += '\n';
}

// The constructors whose options are those of `section`, but for the columns of this table.
void append_services(std::string& page, const Section& section) {
  std::string rows;
  for (const Section& service : sections()) {
    if (service.same_as != section.name) continue;
    rows += fmt::format("| `s.{}` | {} | `{}` | {} | `{}` |\n", service.name,
                        capital(service.meaning), find_option(service, "base_url")->fallback,
                        cell(find_option(service, "structured")->fallback), service.example);
  }
  if (rows.empty()) return;
  page += fmt::format(
      "These constructors take the options of `s.{0}`. Each means its own service, wherever its "
      "`base_url` is;\n`s.{0}` with a `base_url` means the service that the host belongs to, if it "
      "is one of these.\n\n"
      "| constructor | for | `base_url` | `structured` | example |\n|---|---|---|---|---|\n{1}\n",
      section.name, rows);
}

constexpr std::string_view kHead = R"(# Pipeline options

Made from the option tables in `dsl/options.cc`; `SLUICE_REGENERATE=1` with the test `dsl.Docs` writes
it anew. An option in a file that is not here is an error.

A pipeline file is Lua 5.4. `local s = require "sluice"` gives the constructors below; the file returns
`s.pipeline { … }`.

)";

std::string functions_part() {
  return fmt::format(
      R"(## Texts, secrets, parameters, modules

| call | gives |
|---|---|
| `s.file "prompts/triage.md"` | the bytes of a file, as text; looked for beside the pipeline file, then in the folders of `--lib`; at most {0} MiB; nothing outside of these folders, whatever the name or a symbolic link says |
| `s.files "contracts/*.txt"` | in `s.read`: each file that the pattern fits is a row, with the fields `path`, `name` and `text` |
| `s.secret "OPENAI_API_KEY"` | the value of an environment variable, for `key`; a script cannot read it |
| `s.param("rows", 20)` | what `--set rows=…` gave, else the default; of the default's type (text, number or boolean); without a default it must be given |
| `s.param {{ "rows", type = "whole", default = 20, min = 1, help = "rows a request" }}` | the same with a type (`text`, `whole`, `number`, `boolean`), bounds (`min`, `max`), `choices = {{ "dev", "prod" }}`, and `help`, which `check` shows |
| `require "name"` | what `name.lua` returns; looked for as with `s.file` |

## Functions

| function | gets | returns |
|---|---|---|
| in `s.map` | row | the row, changed or new, or nil and the reason to reject the row |
| in `s.keep` | row | true, or false when the row is not part of the job |
| in `s.explode` | row | a list of rows, which may be empty, or nil and the reason to reject the row |
| `check` in `s.validate` | row | true, or false and the reason to reject the row |
| `user` in `s.pack` | row | the prompt as text, or nil and the reason to reject the row |
| in `s.parse` | answer, row | the answer, changed or not, or nil and the reason to ask again |
| `escalate` in `s.cascade` | answer, row | true where the next level is to be asked, or false where the answer stands |

A row or answer is a table. A field that is null is absent; a whole number is an integer; a null in a list
leaves a hole. An answer that a function returns is written with the declared columns first. A row from
`s.map` or `s.explode` is written with its names in byte order: what was null is then absent, an empty table
is a list, a number that was not changed is as it was written, and others are written in the shortest form
that reads back the same. A whole number beyond 64 bits is a value of its own, with these digits as text;
arithmetic takes it for the nearest decimal. After a question, a row has all fields that it had and those of
the answer. The levels of a cascade are one question: each gets the row as it was.

Functions run in several threads, each with a state of its own in which the file has been executed again:
a variable that one call changes is not seen by the others. A function's error rejects the row with the
reason `script_error`.

A function must give the same each time for the same row: else each run makes other prompts, and asks and
pays for rows that were answered before. `check` and `run` call the functions on the first 20 rows of the
input, in two states and in opposite orders, and refuse a file whose functions give something else the
second time.

What a function depends on decides what is asked again when the file changes: its own code, the values and
functions that it has closed over and the globals that it names, wherever they come from (modules, `--set`,
`s.file`). Another `parse` asks all rows again; another `user`, or another step, asks for the rows whose
prompts it changes; another `escalate` asks only rows that it now escalates, and no level below again; an edit that no function reaches, such as another budget, asks nothing. Where what a function
depends on cannot be told (an iterator that it has closed over, `s` or `require` used inside of it), each
edit of the file, its modules, its texts and parameters counts. A `parse` that takes the row makes rows with
one prompt questions of their own, as far as the rows differ.

## The sandbox

There are the basic functions, `string`, `table`, `math` and `utf8` of Lua 5.4. There are no `io`, `os`,
`debug`, `package`, `coroutine`, `load`, `loadstring`, `loadfile`, `dofile`, `collectgarbage`, `print`,
`warn`, `string.dump`, `math.random` and `math.randomseed`, and no `__gc`: a file means the same in each
run. `pairs` goes through whole numbers in order, then through texts in byte order; several tables or functions as
keys, which only their addresses could order, are an error. So is the text of a table or function
(`tostring`, `%s`), which would be its address, and `%p`. `table.sort` keeps the order of what is equal.
`xpcall` calls its handler after the error has left the function.

| limit | |
|---|---|
| memory of one state | {1} MiB |
| one call of a function | {2} million instructions |
| loading the file and its modules | {3} million instructions |
| processor time of a call / of loading | {4} / {5} seconds |

What a C function does counts as instructions too: a step of pattern matching, an element moved or sorted,
{6} bytes allocated. `pcall` does not catch a passed limit. A pattern has at most 4096 bytes and 200
repeated items.
)",
      script::kMaxFileBytes >> 20, script::kMemoryLimit >> 20, script::kCallWork / 1'000'000,
      script::kLoadWork / 1'000'000, script::kCallSeconds, script::kLoadSeconds,
      script::kBytesPerWork);
}

std::string class_name(const Section& section) {
  return fmt::format("sluice.{}Options", section.same_as.empty() ? section.name : section.same_as);
}

std::string luals_type(const Option& option) {
  if (!option.luals.empty()) return std::string(option.luals);
  switch (option.type) {
    case ValueType::text:
      return "string";
    case ValueType::whole:
      return "integer";
    case ValueType::number:
      return "number";
    case ValueType::boolean:
      return "boolean";
    case ValueType::scalar:
      return "string|number|boolean";
    case ValueType::duration:
    case ValueType::money:
      return "string|number";
    case ValueType::choice:
      return fmt::format("\"{}\"", replaced(option.choices, "|", "\"|\""));
    case ValueType::secret:
      return "sluice.Secret|string";
    case ValueType::secrets:
      return "(sluice.Secret|string)[]";
    case ValueType::function:
      return "fun(row: table): boolean, string?";
    case ValueType::prompt:
      return "string|fun(row: table): string?, string?";
    case ValueType::columns:
      return "\"row\"|string[]";
    case ValueType::names:
      return "string[]";
    case ValueType::types:
      return "table<string, \"text\"|\"int\"|\"number\"|\"bool\">";
    case ValueType::settings:
      return "table<string, sluice.Secret|string>";
    case ValueType::fields:
      return "table<string, sluice.Field>";
    case ValueType::table:
      return fmt::format("sluice.{}Options", option.name);
    case ValueType::table_or_zero:
      return fmt::format("sluice.{}Options|0", option.name);
  }
  return "any";
}

std::string_view result_class(const Section& section) {
  switch (section.kind) {
    case SectionKind::pipeline:
      return "sluice.Pipeline";
    case SectionKind::stage:
    case SectionKind::step:
      return "sluice.Stage";
    case SectionKind::endpoint:
      return "sluice.Endpoint";
    case SectionKind::cascade:
      return "sluice.Cascade";
    case SectionKind::database:
      return "sluice.Table";
    case SectionKind::field:
    case SectionKind::table:
      return "sluice.Field";
  }
  return {};
}

void append_class(std::string& page, const Section& section) {
  if (section.kind == SectionKind::step || !section.same_as.empty()) return;
  page +=
      fmt::format("---{}.\n---@class (exact) {}\n", capital(section.meaning), class_name(section));
  for (const Option& option : section.options) {
    page += fmt::format("---@field {}{} {} {}\n", option.name, option.required ? "" : "?",
                        luals_type(option), option.meaning);
  }
  const Positional& positional = section.positional;
  if (!positional.word.empty()) {
    page += fmt::format("---@field [integer] {} {}\n", positional.luals, positional.meaning);
  }
  if (section.fields) page += "---@field [string] sluice.Field a field\n";
  page += '\n';
}

// What a constructor takes: a plain list, too, where nothing else must be said.
std::string options_type(const Section& section) {
  const bool list =
      !section.positional.word.empty() && std::ranges::none_of(section.options, &Option::required);
  if (!list) return class_name(section);
  const std::string_view one = section.positional.luals;
  return one.contains('|') ? fmt::format("{}|({})[]", class_name(section), one)
                           : fmt::format("{}|{}[]", class_name(section), one);
}

void append_function(std::string& page, const Section& section) {
  if (section.kind == SectionKind::table) return;
  if (section.kind == SectionKind::step) {
    page +=
        fmt::format("---{}: `{}`.\n---@param f {} {}\n---@return {}\nfunction sluice.{}(f) end\n\n",
                    capital(section.meaning), section.example, section.positional.luals,
                    section.positional.meaning, result_class(section), section.name);
    return;
  }
  if (section.kind == SectionKind::field) {
    // Works bare and called.
    page += fmt::format(
        "---@class sluice.{0}Field : sluice.Field\n---@overload fun(options: {1}): sluice.Field\n\n"
        "---{2}: `{3}`.\n---@type sluice.{0}Field\nsluice.{0} = nil\n\n",
        section.name, options_type(section), capital(section.meaning), section.example);
    return;
  }
  page += fmt::format(
      "---{}.\n---@param options {}\n---@return {}\nfunction sluice.{}(options) end\n\n",
      capital(section.meaning), options_type(section), result_class(section), section.name);
}

}  // namespace

std::string render_options_page() {
  std::string page(kHead);
  page += "## The job and its stages\n\n";
  for (const Section& section : sections()) {
    if (section.kind == SectionKind::field || !section.same_as.empty()) continue;
    append_section(page, section);
    append_services(page, section);
  }
  page +=
      "## Field types\n\nFor `validate`, `answer` and `s.object`. Each but the last three works "
      "bare "
      "(`s.text`) and with options.\n\n";
  for (const Section& section : sections()) {
    if (section.kind == SectionKind::field) append_section(page, section);
  }
  return page + functions_part();
}

std::string render_editor_types() {
  std::string page =
      "---@meta sluice\n\n"
      "-- For EmmyLua's and LuaLS's language servers: docs/editor.md.\n"
      "-- Made from the option tables in dsl/options.cc; SLUICE_REGENERATE=1 with the test "
      "dsl.Docs\n"
      "-- writes it anew.\n\n"
      "---@class sluice.Stage\n---@class sluice.Endpoint\n---@class sluice.Cascade\n---@class "
      "sluice.Field\n"
      "---@class sluice.Secret\n---@class sluice.Files\n---@class sluice.Table\n---@class "
      "sluice.Pipeline\n\n"
      "---@class sluice.paramOptions\n"
      "---@field [1] string the name in --set\n"
      "---@field type? \"text\"|\"whole\"|\"number\"|\"boolean\" what it must be\n"
      "---@field default? string|number|boolean what holds where it is not given\n"
      "---@field choices? string[] the texts that it may be\n"
      "---@field min? number at least\n---@field max? number at most\n"
      "---@field help? string what it is, in a few words\n\n";
  for (const Section& section : sections()) append_class(page, section);
  page += "local sluice = {}\n\n";
  for (const Section& section : sections()) append_function(page, section);
  page +=
      "---The bytes of a file beside the pipeline file, as text.\n"
      "---@param path string\n---@return string\nfunction sluice.file(path) end\n\n"
      "---In s.read: each file that the pattern fits is a row.\n"
      "---@param pattern string\n---@return sluice.Files\nfunction sluice.files(pattern) end\n\n"
      "---The value of an environment variable, for `key`.\n"
      "---@param name string\n---@return sluice.Secret\nfunction sluice.secret(name) end\n\n"
      "---What --set gave, else the default.\n"
      "---@generic T: string|number|boolean\n---@param name string\n---@param default? T\n"
      "---@return T\n"
      "---@overload fun(options: sluice.paramOptions): any\n"
      "function sluice.param(name, default) end\n\n"
      "return sluice\n";
  return page;
}

}  // namespace sluice::dsl
