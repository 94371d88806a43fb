#include "format/formats.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "format/readers.h"
#include "format/record_writer.h"
#include "format/writers.h"

namespace sluice::format {
namespace {

constexpr std::string_view kJsonlEndings[] = {".jsonl", ".ndjson"};
constexpr std::string_view kCsvEndings[] = {".csv"};
constexpr std::string_view kJsonEndings[] = {".json"};
constexpr std::string_view kLinesEndings[] = {".txt"};
constexpr std::string_view kParquetEndings[] = {".parquet", ".parq", ".pq"};
constexpr std::string_view kTsvEndings[] = {".tsv", ".tab"};

// Any text can be cells, but what is meant as something else is not.
bool known_otherwise(std::string_view, const FileKind* kind) {
  return kind != nullptr;
}

bool not_text(std::string_view, const FileKind* kind) {
  return kind != nullptr && !kind->text;
}
bool not_json(std::string_view start, const FileKind* kind) {
  const std::size_t first = start.find_first_not_of(" \t\r\n");
  return not_text(start, kind) ||
         (first != start.npos && start[first] != '[' && start[first] != '{');
}

constexpr Format kFormats[] = {
    {.name = "jsonl",
     .title = "JSON lines",
     .endings = kJsonlEndings,
     .make = make_jsonl_reader,
     .of_lines = true},
    {.name = "csv",
     .title = "CSV",
     .endings = kCsvEndings,
     .make = make_csv_reader,
     .refuses = known_otherwise,
     .of_lines = true},
    {.name = "tsv",
     .title = "TSV",
     .endings = kTsvEndings,
     .make = make_tsv_reader,
     .refuses = known_otherwise,
     .of_lines = true},
    {"json", "JSON", kJsonEndings, make_json_reader, not_json,
     "JSON begins with [ or {; if it is CSV, set format = \"csv\" in s.read, or name it .csv"},
    {.name = "lines",
     .title = "lines of text",
     .endings = kLinesEndings,
     .make = make_lines_reader,
     .refuses = not_text,
     .of_lines = true},
    {.name = "parquet",
     .title = "Parquet",
     .endings = kParquetEndings,
     .make = nullptr,
     .open = open_parquet},
    {"file", "a file a row", {}, make_file_reader},  // what s.files means
};

constexpr OutputFormat kOutputFormats[] = {
    {"jsonl", "JSON lines", kJsonlEndings, make_jsonl_writer},
    {"json", "a JSON list", kJsonEndings, make_json_writer},
    {"csv", "CSV", kCsvEndings, make_csv_writer, true},
    {"tsv", "TSV", kTsvEndings, make_tsv_writer, true},
    {"parquet", "Parquet", kParquetEndings, make_parquet_writer, true, true, true,
     parquet_available},
};

constexpr std::string_view kCompressed[] = {".gz", ".zst"};

template <class Any>
const Any* by_ending(std::span<const Any> formats, std::string_view path) {
  for (const std::string_view ending : kCompressed)
    if (path.ends_with(ending)) path.remove_suffix(ending.size());
  for (const Any& format : formats)
    for (const std::string_view ending : format.endings)
      if (path.ends_with(ending)) return &format;
  return nullptr;
}

}  // namespace

std::string place(const std::string& path, std::uint64_t line) {
  return fmt::format("{}:{}", path == "-" ? "standard input" : path, line);
}

std::span<const Format> formats() {
  return kFormats;
}

const Format* format_named(std::string_view name) {
  const auto* found = std::ranges::find(kFormats, name, &Format::name);
  return found == std::end(kFormats) ? nullptr : found;
}

const Format* format_by_ending(std::string_view path) {
  return by_ending(formats(), path);
}

std::span<const OutputFormat> output_formats() {
  return kOutputFormats;
}

const OutputFormat* output_format_of(std::string_view path) {
  const OutputFormat* format = by_ending(output_formats(), path);
  const bool packed = std::ranges::any_of(
      kCompressed, [&](std::string_view ending) { return path.ends_with(ending); });
  return format != nullptr && format->compressed && packed ? nullptr : format;
}

const Format& format_of(const FormatOptions& options, std::string_view path) {
  const Format* format = options.name.empty() ? format_by_ending(path) : format_named(options.name);
  return format != nullptr ? *format : kFormats[0];
}

}  // namespace sluice::format
