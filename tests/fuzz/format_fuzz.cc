// Whatever a file holds, its records are the same in whatever pieces its bytes come, each is one line of
// JSON or has a reject, and what CSV is made of a row's cells is read back as these cells. The first
// byte chooses format and encoding, the second the pieces.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "format/csv_record.h"
#include "format/formats.h"

namespace {

using namespace sluice;

std::string all_of(const format::FormatOptions& options, std::string_view input, std::size_t piece,
                   std::vector<std::string>* texts = nullptr) {
  const auto reader = format::open_records(options, "in");
  std::string seen;
  const format::RecordReader::Take take = [&](const format::Record& record) {
    seen += std::to_string(record.line) + ":" + std::to_string(record.column) + ":";
    if (record.reject != nullptr) seen += record.reject->reason;
    seen.append(record.text).append("\n");
    if (record.reject == nullptr && record.text.contains('\n')) std::abort();
    if (texts != nullptr && record.reject == nullptr) texts->emplace_back(record.text);
    return true;
  };
  std::string buffer;
  for (std::size_t at = 0;;) {
    const std::string_view more = input.substr(at, piece);
    buffer += more;
    at += more.size();
    const auto read = reader->read(buffer, more.empty(), take);
    if (!read) return seen + read.error().text();
    if (read->used > buffer.size()) std::abort();
    buffer.erase(0, read->used);
    if (more.empty()) return seen;
  }
}

void cells_come_back(std::string_view text) {
  std::vector<std::string> cells(1);
  for (const char c : text) {
    if (c == '\0') {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  if (format::csv_cells(format::csv_header(cells)) != cells) std::abort();
  // A header that can be one is read as these columns, too.
  format::FormatOptions options;
  options.name = "csv";
  options.csv.delimiter = ',';
  options.csv.header = false;
  std::string file = format::csv_header(cells) + "\r\n";
  if (text.empty() || file.front() == '{' || file.front() == '[') return;
  static_cast<void>(all_of(options, file, 7));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  constexpr std::string_view kEncodings[] = {"", "utf-16", "utf-16be", "latin1"};
  format::FormatOptions options;
  const format::Format& format = format::formats()[data[0] % format::formats().size()];
  if (format.make == nullptr) return 0;  // another's library reads these files
  options.name = format.name;
  options.encoding = kEncodings[data[0] / 16 % 4];
  options.csv.header = (data[0] & 64) == 0;
  // The delimiter is looked for in what there is, so that it is named here.
  if (options.name == "csv") options.csv.delimiter = (data[0] & 128) != 0 ? ';' : ',';
  if (options.name == "json" && (data[0] & 128) != 0) options.path = "a.b";
  if (all_of(options, input, 1 + data[1] % 32) != all_of(options, input, 4096)) std::abort();
  cells_come_back(input);
  return 0;
}
