// CSV and TSV as RFC 4180 has them, and as they are met: other delimiters, no header, lines ended by
// "\n", "\r\n" or "\r", quotes in the middle of a cell. The cells are libcsv's work; here are the lines
// and columns, and a JSON object of each record. Empty lines are passed over.
#include <csv.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <new>
#include <optional>

#include "core/json.h"
#include "core/printable.h"
#include "format/csv_dialect.h"
#include "format/readers.h"

namespace sluice::format {
namespace {

// The cells of the records that one call of libcsv has ended, one behind the other.
class Cells {
 public:
  explicit Cells(char delimiter) {
    if (::csv_init(&parser_, 0) != 0) throw std::bad_alloc();
    ::csv_set_delim(&parser_, static_cast<unsigned char>(delimiter));
    // Spaces belong to a cell.
    ::csv_set_space_func(&parser_, [](unsigned char) { return 0; });
  }
  ~Cells() { ::csv_free(&parser_); }
  Cells(const Cells&) = delete;
  Cells& operator=(const Cells&) = delete;

  void feed(std::string_view bytes) {
    if (::csv_parse(&parser_, bytes.data(), bytes.size(), cell, record, this) != bytes.size())
      throw std::bad_alloc();  // nothing else is an error but in strict mode
  }
  // At the end of the file. False: a quote was never closed.
  bool finish() {
    ::csv_set_opts(&parser_, CSV_STRICT | CSV_STRICT_FINI);
    if (::csv_fini(&parser_, cell, record, this) == 0) return true;
    if (::csv_error(&parser_) != CSV_EPARSE) throw std::bad_alloc();
    return false;
  }

  std::size_t records() const { return records_.size(); }
  std::size_t count(std::size_t of) const { return records_[of] - first(of); }
  std::string_view cell(std::size_t of, std::size_t which) const {
    const std::size_t at = first(of) + which;
    const std::size_t begin = at == 0 ? 0 : ends_[at - 1];
    return std::string_view(text_).substr(begin, ends_[at] - begin);
  }
  void clear() {
    text_.clear();
    ends_.clear();
    records_.clear();
  }

 private:
  std::size_t first(std::size_t of) const { return of == 0 ? 0 : records_[of - 1]; }
  static void cell(void* text, std::size_t size, void* self) {
    auto& cells = *static_cast<Cells*>(self);
    if (size > 0) cells.text_.append(static_cast<const char*>(text), size);
    cells.ends_.push_back(cells.text_.size());
  }
  static void record(int, void* self) {
    auto& cells = *static_cast<Cells*>(self);
    cells.records_.push_back(cells.ends_.size());
  }

  csv_parser parser_;
  std::string text_;
  std::vector<std::size_t> ends_;     // of the cells, in text_
  std::vector<std::size_t> records_;  // how many cells there are up to the end of each
};

std::string_view type_name(CellType type) {
  return type == CellType::integer ? "int" : type == CellType::number ? "number" : "bool";
}

// As JSON has it: "007" and "1,5" are not numbers.
bool is_number(std::string_view text, bool whole) {
  const auto digits = [&] {
    const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(count);
    return count;
  };
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool zero = text.starts_with('0');
  const std::size_t before = digits();
  if (before == 0 || (zero && before > 1)) return false;
  if (!whole && text.starts_with('.')) {
    text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  if (!whole && (text.starts_with('e') || text.starts_with('E'))) {
    text.remove_prefix(1);
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  return text.empty();
}

class CsvReader final : public RecordReader {
 public:
  CsvReader(CsvOptions options, std::string path)
      : options_(std::move(options)), path_(std::move(path)) {}

  core::Result<Progress> read(std::string_view bytes, bool at_end, const Take& take) override {
    if (!cells_) {
      const auto found = find_dialect(bytes, at_end, options_.delimiter);
      if (!found) return Progress{};
      dialect_ = *found;
      cells_.emplace(dialect_.delimiter);
      start_ = fed_ = dialect_.skipped;
      line_ = begins_ = dialect_.skipped > 0 ? 2 : 1;
    }
    while (fed_ < bytes.size()) {
      if (start_ == fed_ && (bytes[fed_] == '\n' || bytes[fed_] == '\r')) {
        line_ += bytes[fed_] == dialect_.line_end ? 1 : 0;
        begins_ = line_;
        start_ = ++fed_;
        continue;
      }
      // Up to a line end, which may stand inside of quotes.
      const std::size_t end = bytes.find(dialect_.line_end, fed_);
      const std::size_t next = end == bytes.npos ? bytes.size() : end + 1;
      cells_->feed(bytes.substr(fed_, next - fed_));
      fed_ = next;
      if (end != bytes.npos) ++line_;
      if (fed_ - start_ > core::kMaxRowBytes) return too_long();
      if (cells_->records() == 0) continue;
      auto more = take_records(bytes.substr(start_, fed_ - start_), take);
      if (!more || !*more)
        return more ? core::Result<Progress>(Progress{fed_, false}) : std::unexpected(more.error());
      start_ = fed_;
      begins_ = line_;
    }
    if (at_end) {
      if (!cells_->finish()) {
        return wrong(
            "the quote of a cell of this row is never closed: the file is cut off, or a \" "
            "inside of a cell is not doubled");
      }
      auto more = take_records(bytes.substr(start_, fed_ - start_), take);
      if (!more) return std::unexpected(more.error());
      return Progress{bytes.size(), *more};
    }
    const std::size_t used = std::exchange(start_, 0);
    fed_ -= used;
    return Progress{used, true};
  }

  Description description() const override {
    const std::string delimiter =
        dialect_.delimiter == '\t' ? "tabs" : fmt::format("'{}'", dialect_.delimiter);
    return {.format = fmt::format("CSV, separated by {}", delimiter), .columns = columns_};
  }

 private:
  std::unexpected<core::Error> wrong(std::string what) const {
    return core::fail(core::ErrorCode::io, std::move(what), place(path_, begins_));
  }
  std::unexpected<core::Error> too_long() const {
    return wrong(
        fmt::format("this row is longer than {} MiB, the most that one may have: is a quote "
                    "in it never closed?",
                    core::kMaxRowBytes >> 20));
  }

  // `text`: theirs. Most often it is one.
  core::Result<bool> take_records(std::string_view text, const Take& take) {
    if (cells_->records() > 0 && !simdjson::validate_utf8(text)) {
      return wrong(
          "this row is not UTF-8: if the file is in Windows-1252 or Latin-1, set encoding "
          "= \"latin1\" in s.read");
    }
    while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
    bool more = true;
    for (std::size_t i = 0; more && i < cells_->records(); ++i) {
      if (names_.empty()) {
        if (auto named = name_columns(i); !named) return std::unexpected(named.error());
        if (options_.header) continue;
      }
      auto taken = take_record(i, text, take);
      if (!taken) return taken;
      more = *taken;
    }
    cells_->clear();
    return more;
  }

  // By the header, which may leave a name out, as tables are written with the numbers of their rows.
  std::string name_of(std::size_t record, std::size_t column) const {
    const std::string_view named =
        options_.header ? cells_->cell(record, column) : std::string_view();
    return named.empty() ? fmt::format("column{}", column + 1) : std::string(named);
  }

  // By the options, else by this record, which is the first.
  core::Status name_columns(std::size_t record) {
    const std::size_t count = cells_->count(record);
    columns_ = options_.columns;
    if (columns_.empty()) {
      for (std::size_t i = 0; i < count; ++i) columns_.push_back(name_of(record, i));
    } else if (columns_.size() != count) {
      return wrong(
          fmt::format("this row has {} cells (separated by {}), but columns in s.read names "
                      "{}",
                      count, shown_delimiter(), columns_.size()));
    }
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string& name = columns_[i];
      const auto first = std::ranges::find(columns_, name) - columns_.begin();
      constexpr std::string_view kAdvice =
          "name them in s.read: header = true, columns = { \"…\", … } replaces the header's names, "
          "header = false keeps this line as a row";
      if (first < static_cast<std::ptrdiff_t>(i))
        return wrong(fmt::format("columns {} and {} of the header are both named '{}': {}",
                                 first + 1, i + 1, core::printable(name), kAdvice));
      std::string json = i == 0 ? "{" : ",";
      core::append_json_string(json, name);
      names_.push_back(std::move(json) + ":");
    }
    types_.assign(columns_.size(), CellType::text);
    for (const auto& [name, type] : options_.types) {
      const auto at = std::ranges::find(columns_, name);
      if (at == columns_.end()) {
        return core::fail(
            core::ErrorCode::pipeline,
            fmt::format("types in s.read names a column '{}', and there is none; there "
                        "are: {}",
                        name, core::printable(fmt::format("{}", fmt::join(columns_, ", ")))),
            place(path_, begins_));
      }
      types_[static_cast<std::size_t>(at - columns_.begin())] = type;
    }
    return {};
  }

  core::Result<bool> take_record(std::size_t record, std::string_view text, const Take& take) {
    Record made{.text = text, .line = begins_};
    if (auto why = misfit(record)) {
      made.reject = &*why;
      return take(made);
    }
    json_.clear();
    for (std::size_t i = 0; i < names_.size(); ++i) {
      json_ += names_[i];
      append_cell(cells_->cell(record, i), types_[i]);
    }
    json_ += '}';
    if (json_.size() > core::kMaxRowBytes) return too_long();
    made.text = json_;
    return take(made);
  }

  // Why it is not a row.
  std::optional<core::Reject> misfit(std::size_t record) const {
    const std::size_t count = cells_->count(record);
    const auto reject = [](std::string reason, std::string detail) {
      return core::Reject{core::Stage::read, std::move(reason), std::move(detail), {}};
    };
    if (count != names_.size())
      return reject("wrong_cells",
                    fmt::format("this row has {} cell{} where there are {} columns "
                                "(separated by {})",
                                count, count == 1 ? "" : "s", names_.size(), shown_delimiter()));
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const std::string_view cell = cells_->cell(record, i);
      if (fits(cell, types_[i])) continue;
      return reject("wrong_type", fmt::format("the cell '{}' of column '{}' is not of type {}",
                                              core::printable(cell.substr(0, 80)), columns_[i],
                                              type_name(types_[i])));
    }
    return std::nullopt;
  }

  bool is_null(std::string_view cell, CellType type) const {
    return (options_.null && cell == *options_.null) || (type != CellType::text && cell.empty());
  }
  bool fits(std::string_view cell, CellType type) const {
    if (type == CellType::text || is_null(cell, type)) return true;
    if (type == CellType::boolean) return boolean(cell).has_value();
    return is_number(cell, type == CellType::integer);
  }
  static std::optional<bool> boolean(std::string_view cell) {
    for (const auto& [word, value] : {std::pair("true", true), std::pair("false", false)}) {
      if (std::ranges::equal(cell, std::string_view(word),
                             [](char a, char b) { return (a | 0x20) == b; }))
        return value;
    }
    return std::nullopt;
  }
  void append_cell(std::string_view cell, CellType type) {
    if (is_null(cell, type)) {
      json_ += "null";
    } else if (type == CellType::text) {
      core::append_json_string(json_, cell);
    } else if (type == CellType::boolean) {
      json_ += *boolean(cell) ? "true" : "false";
    } else {
      json_ += cell;
    }
  }

  std::string shown_delimiter() const {
    return dialect_.delimiter == '\t' ? "tabs" : fmt::format("'{}'", dialect_.delimiter);
  }

  const CsvOptions options_;
  const std::string path_;
  CsvDialect dialect_;
  std::optional<Cells> cells_;  // once the dialect is known
  // In the bytes that are handed over: where the record begins, and how far libcsv has them.
  std::size_t start_ = 0;
  std::size_t fed_ = 0;
  std::uint64_t line_ = 1;    // of fed_
  std::uint64_t begins_ = 1;  // of start_
  std::vector<std::string> columns_;
  std::vector<std::string> names_;  // as members of an object begin: {"id": then ,"text":
  std::vector<CellType> types_;
  std::string json_;
};

}  // namespace

std::unique_ptr<RecordReader> make_csv_reader(const FormatOptions& options, std::string path) {
  return std::make_unique<CsvReader>(options.csv, std::move(path));
}

std::unique_ptr<RecordReader> make_tsv_reader(const FormatOptions& options, std::string path) {
  CsvOptions csv = options.csv;
  if (csv.delimiter == '\0') csv.delimiter = '\t';
  return std::make_unique<CsvReader>(std::move(csv), std::move(path));
}

}  // namespace sluice::format
