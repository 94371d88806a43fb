// Reads a file as rows, or writes JSON lines as one, and nothing else (bench/formats.py). The format is
// told by the file's name.
//
//   bench_formats read FILE | write FILE.jsonl FILE
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <fstream>

#include "format/column.h"
#include "format/json_value.h"
#include "format/record_writer.h"
#include "source/sources.h"

namespace {

using namespace sluice;

// Rows are JSON texts. Those of JSON lines stand in the file: they are parsed, as a run does, so that
// what is no JSON is found.
core::Result<std::uint64_t> read(const std::string& path) {
  auto source = source::open({.paths = {path}, .format = {}}, path);
  if (!source) return std::unexpected(source.error());
  const bool parses = path.ends_with(".jsonl");
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  std::uint64_t rows = 0;
  const format::RecordSource::Take take = [&](const format::Record& record) {
    if (record.reject == nullptr &&
        (!parses || format::parse_json(parser, record.text, object) == simdjson::SUCCESS))
      ++rows;
    return true;
  };
  while (true) {
    const auto state = (*source)->read(take);
    if (!state) return std::unexpected(state.error());
    if (*state == format::RecordSource::State::end) return rows;
  }
}

// As `sluice export --columns` does: the columns and their types are found first.
core::Result<std::uint64_t> write(const std::string& from, const std::string& to) {
  std::string line;
  format::ColumnFinder finder;
  for (std::ifstream in(from); std::getline(in, line);) finder.add(line);
  auto file = storage::AtomicFile::create(to);
  if (!file) return std::unexpected(file.error());
  const auto writer = format::output_format_of(to)->make(**file, finder.columns());
  if (auto begun = writer->begin(); !begun) return std::unexpected(begun.error());
  std::uint64_t rows = 0;
  for (std::ifstream in(from); std::getline(in, line); ++rows)
    if (auto written = writer->write(line); !written) return std::unexpected(written.error());
  if (auto done = writer->finish(); !done) return std::unexpected(done.error());
  if (auto done = (*file)->finish(); !done) return std::unexpected(done.error());
  return rows;
}

}  // namespace

int main(int count, char** arguments) {
  const auto start = std::chrono::steady_clock::now();
  const bool reads = count == 3 && std::string_view(arguments[1]) == "read";
  if (!reads && count != 4) return 2;
  const auto rows = reads ? read(arguments[2]) : write(arguments[2], arguments[3]);
  if (!rows) {
    fmt::print(stderr, "{}\n", rows.error().text());
    return 1;
  }
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  fmt::print("{{\"rows\":{},\"seconds\":{:.3f},\"peak_mb\":{:.0f}}}\n", *rows, took.count(),
             static_cast<double>(used.ru_maxrss) / 1024);
}
