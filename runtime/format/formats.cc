#include "format/formats.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "format/readers.h"

namespace sluice::format {
namespace {

constexpr std::string_view kJsonl[] = {".jsonl", ".ndjson"};
constexpr std::string_view kCsv[] = {".csv"};
constexpr std::string_view kTsv[] = {".tsv", ".tab"};

// Any text can be cells, but what is meant as something else is not.
bool known_otherwise(std::string_view, const FileKind* kind) {
  return kind != nullptr;
}

constexpr Format kFormats[] = {
    {"jsonl", "JSON lines", kJsonl, make_jsonl_reader},
    {"csv", "CSV", kCsv, make_csv_reader, known_otherwise},
    {"tsv", "TSV", kTsv, make_tsv_reader, known_otherwise},
};

constexpr std::string_view kCompressed[] = {".gz", ".zst"};

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
  for (const std::string_view ending : kCompressed)
    if (path.ends_with(ending)) path.remove_suffix(ending.size());
  for (const Format& format : kFormats)
    for (const std::string_view ending : format.endings)
      if (path.ends_with(ending)) return &format;
  return nullptr;
}

const Format& format_of(const FormatOptions& options, std::string_view path) {
  const Format* format = options.name.empty() ? format_by_ending(path) : format_named(options.name);
  return format != nullptr ? *format : kFormats[0];
}

}  // namespace sluice::format
