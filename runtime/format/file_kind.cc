#include "format/file_kind.h"

#include <algorithm>

namespace sluice::format {
namespace {

struct Signature {
  std::string_view bytes;
  FileKind kind;
};
constexpr std::string_view kConvert = "write it as CSV or JSON lines first";
constexpr Signature kSignatures[] = {
    {"PAR1", {"a Parquet file", "parquet", "name it in s.read, without s.files"}},
    {"PK\x03\x04",
     {"a zip archive (an Excel or Word file is one)", "", "save the sheet as CSV, or unpack it"}},
    {"\xD0\xCF\x11\xE0", {"an old Excel or Word file", "", "save the sheet as CSV"}},
    {"%PDF-", {"a PDF file", "", "take its text out first, as with pdftotext"}},
    {"SQLite format 3",
     {"an SQLite database", "",
      "read a table of it: s.read { s.sqlite { \"x.db\", table = \"…\" } }"}},
    {"Obj\x01", {"an Avro file", "", kConvert}},
    {"ARROW1", {"an Arrow file", "", kConvert}},
};
constexpr FileKind kBinary = {"binary, or UTF-16 without a byte order mark", "",
                              "if it is text, set encoding = \"utf-16\" or \"utf-16be\" in s.read"};
constexpr FileKind kJsonLines = {"JSON lines", "jsonl", "", true};
constexpr FileKind kJsonDocument = {"JSON", "json", "", true};

constexpr std::string_view kBlank = " \t\r\n";
constexpr std::size_t kLookedAt = 512;

// Of text that begins with '{' or '[': an object on each line, or any JSON.
const FileKind* json_kind(std::string_view text) {
  const std::size_t next = text.find_first_not_of(kBlank, 1);
  if (next == text.npos) return nullptr;
  const char c = text[next];
  if (text.front() == '[') return c == '{' || c == '[' || c == ']' ? &kJsonDocument : nullptr;
  if (c != '"' && c != '}') return nullptr;
  const std::string_view line = text.substr(0, text.find('\n'));
  return line.size() == text.size() || line.find_last_of('}') == line.find_last_not_of(kBlank)
             ? &kJsonLines
             : &kJsonDocument;
}

}  // namespace

const FileKind* kind_of(std::string_view start) {
  const auto* signature = std::ranges::find_if(
      kSignatures, [&](const Signature& s) { return start.starts_with(s.bytes); });
  if (signature != std::end(kSignatures)) return &signature->kind;
  if (start.substr(0, kLookedAt).contains('\0')) return &kBinary;
  const std::size_t first = start.find_first_not_of(kBlank);
  if (first == start.npos || (start[first] != '{' && start[first] != '[')) return nullptr;
  return json_kind(start.substr(first));
}

}  // namespace sluice::format
