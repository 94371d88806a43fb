// The options of s.read that say what its files are.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "dsl/constructors.h"
#include "format/formats.h"
#include "script/diagnostic.h"

namespace sluice::dsl {
namespace {

// What `types = { … }` takes: columns and nothing else.
constexpr Section kTypes{.name = "types",
                         .kind = SectionKind::table,
                         .meaning = "types of columns",
                         .example = "types = { id = \"int\" }",
                         .options = {},
                         .fields = true};
constexpr std::array<std::pair<std::string_view, format::CellType>, 4> kCellTypes = {
    {{"text", format::CellType::text},
     {"int", format::CellType::integer},
     {"number", format::CellType::number},
     {"bool", format::CellType::boolean}}};

bool is_csv(const format::Format& format) {
  return format.name == "csv" || format.name == "tsv";
}

void read_types(const Arguments& read, format::CsvOptions& csv) {
  const Arguments types(read, kTypes, "types");
  for (const std::string& column : types.names()) {
    const auto given = types.text(column);
    const auto type = given ? std::ranges::find(kCellTypes, std::string_view(*given),
                                                [](const auto& known) { return known.first; })
                            : kCellTypes.end();
    if (type == kCellTypes.end())
      types.fail_value(
          column,
          fmt::format("the type of column '{}' must be \"int\", \"number\", \"bool\" or "
                      "\"text\"",
                      column),
          "for example types = { id = \"int\" }");
    csv.types.emplace_back(column, type->second);
  }
  std::ranges::sort(csv.types);
}

void read_csv(const Arguments& read, format::CsvOptions& csv) {
  if (const auto delimiter = read.text("delimiter")) {
    csv.delimiter = delimiter->front();
    if (std::string_view("\"\r\n").contains(csv.delimiter) || csv.delimiter == '\0')
      read.fail_value("delimiter", "delimiter cannot be a quote or a line end",
                      "for example delimiter = \";\"");
  }
  if (read.has("columns") && !read.has("header"))
    read.fail_key("columns", "columns does not say whether the files have a header",
                  "add header = true (its names are replaced) or header = false (there is none)");
  if (read.has("header")) csv.header = read.flag("header");
  csv.columns = read.columns("columns");
  csv.null = read.text("null");
  if (read.has("types")) read_types(read, csv);
}

}  // namespace

format::FormatOptions read_format(const Arguments& read, const std::vector<std::string>& paths,
                                  bool files) {
  format::FormatOptions options;
  options.name = read.text("format").value_or("");
  options.encoding = read.text("encoding").value_or("");
  if (files) {
    if (read.has("format"))
      read.fail_key("format", "format has no effect on s.files, which reads whole files",
                    "leave it out, or name the paths without s.files");
    options.name = "file";
  }
  options.path = read.text("path").value_or("");
  const auto any = [&](auto is) {
    return std::ranges::any_of(
        paths, [&](const std::string& path) { return is(format::format_of(options, path)); });
  };
  const auto only_for = [&](std::string_view name, std::string_view what, std::string_view hint) {
    if (read.has(name))
      read.fail_key(name,
                    fmt::format("{} is for {}, and no file of this read is {}", name, what, what),
                    hint);
  };
  if (!any(is_csv)) {
    for (const std::string_view name : {"delimiter", "header", "columns", "types", "null"})
      only_for(name, "CSV", "name the files .csv or .tsv, or add format = \"csv\"");
  }
  if (!any([](const format::Format& format) { return format.name == "json"; }))
    only_for("path", "JSON", "name the files .json, or add format = \"json\"");
  if (!any([](const format::Format& format) { return format.make != nullptr; }))
    only_for("encoding", "text", "leave it out: Parquet says itself how its text is encoded");
  read_csv(read, options.csv);
  return options;
}

}  // namespace sluice::dsl
