// Rows of a Parquet file, read by DuckDB (duckdb.h) from an open descriptor: so it is the file that was
// looked at, whatever its name has of wildcards, and no name of it is a URL.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "core/json.h"
#include "core/printable.h"
#include "format/duckdb.h"
#include "format/duckdb_json.h"
#include "format/file_kind.h"
#include "format/readers.h"

namespace sluice::format {
namespace {

using duckdb::Count;

constexpr std::string_view kMark = "PAR1";
constexpr std::string_view kEncrypted = "PARE";

// DuckDB reads so many rows at a time, whatever they hold, and has some of it twice: measured with texts
// of half a MB each, 2.4 times their bytes.
constexpr double kRowsAtOnce = 2048;
constexpr double kHeldTimes = 2.4;
constexpr double kMuchMemory = 512e6;  // bytes; what is less needs no word

std::unexpected<core::Error> not_parquet(std::string what, const std::string& path) {
  return core::fail(core::ErrorCode::io, std::move(what), path);
}

class ParquetSource final : public RecordSource {
 public:
  explicit ParquetSource(const std::string& path) : path_(path) {}
  ~ParquetSource() override {
    rows_.reset();
    connection_.reset();
    if (fd_ >= 0) ::close(fd_);
  }

  core::Status open(bool by_name, std::span<const storage::FileId> written) {
    if (auto opened = open_file(written); !opened) return opened;
    if (auto whole = look(by_name); !whole) return whole;
    auto connection = duckdb::Connection::open();
    if (!connection) return core::fail(connection.error().code, connection.error().text(), path_);
    connection_ = std::move(*connection);
    if (auto found = find_columns(); !found) return found;
    const std::string metadata = fmt::format("FROM parquet_file_metadata('{}')", inside());
    const auto count = connection_->number("SELECT num_rows " + metadata);
    const auto groups = connection_->number("SELECT num_row_groups " + metadata);
    if (!count || !groups) return failed((count ? groups : count).error());
    total_ = static_cast<Count>(*count);
    row_groups_ = *groups;
    if (auto measured = measure_rows(); !measured) return measured;
    auto rows = connection_->stream(fmt::format("SELECT {} FROM {}", selected_, table()));
    if (!rows) return failed(rows.error());
    rows_ = std::move(*rows);
    return {};
  }

  core::Result<State> read(const Take& take) override {
    const auto chunk = rows_->next();
    if (!chunk) return std::unexpected(failed(chunk.error()).error());
    if (*chunk == nullptr) return State::end;
    const duckdb::Api& api = connection_->api();
    const Count count = api.data_chunk_get_size(*chunk);
    std::vector<duckdb::Vector> vectors;
    for (Count c = 0; c < forms_.size(); ++c)
      vectors.push_back(api.data_chunk_get_vector(*chunk, c));
    for (Count row = 0; row < count; ++row) {
      ++number_;
      json_ = '{';
      for (std::size_t c = 0; c < forms_.size(); ++c) {
        if (c != 0) json_ += ',';
        json_ += keys_[c];
        forms_[c].append(api, vectors[c], row, json_);
      }
      json_ += '}';
      if (json_.size() > core::kMaxRowBytes)
        return core::fail(core::ErrorCode::io,
                          fmt::format("as JSON this row is longer than {} MiB, the most that a row "
                                      "may have",
                                      core::kMaxRowBytes >> 20),
                          place(path_, number_));
      if (!take({.text = json_, .line = number_})) return State::stopped;
    }
    passed_.store(
        bytes_ * static_cast<double>(number_) / static_cast<double>(std::max<Count>(total_, 1)),
        std::memory_order_relaxed);
    return State::more;
  }

  RecordReader::Description description() const override {
    RecordReader::Description described;
    described.format =
        fmt::format("Parquet, {} row{} in {} row group{}", total_, total_ == 1 ? "" : "s",
                    row_groups_, row_groups_ == 1 ? "" : "s");
    if (memory_ > kMuchMemory)
      described.format += fmt::format(
          ", {:.0f} KB a row: to read it takes some {:.1f} GB of memory, since 2,048 rows are read "
          "at a time",
          row_bytes_ / 1e3, memory_ / 1e9);
    for (std::size_t i = 0; i < forms_.size(); ++i)
      described.columns.push_back(fmt::format("{} {}", names_[i], forms_[i].title()));
    return described;
  }

 private:
  core::Status open_file(std::span<const storage::FileId> written) {
    if (path_ == "-")
      return not_parquet(
          "Parquet is read from its end, which standard input does not have yet: name the file",
          "standard input");
    fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd_ < 0) return core::fail_errno("cannot open the input", errno, path_);
    struct stat info{};
    if (::fstat(fd_, &info) != 0) return core::fail_errno("cannot read the input", errno, path_);
    if (S_ISDIR(info.st_mode))
      return not_parquet("this input is a folder: name its files, as in \"folder/*.parquet\"",
                         path_);
    if (!S_ISREG(info.st_mode))
      return not_parquet(
          "Parquet is read from its end, which a pipe does not have: write it to a file first",
          path_);
    if (std::ranges::find(written, storage::id_of(info)) != written.end())
      return not_parquet(
          "this input is a file that the job itself writes, under this or another name: "
          "give s.read the job's input alone",
          path_);
    bytes_ = static_cast<double>(info.st_size);
    size_ = info.st_size;
    return {};
  }

  // Its first and last bytes tell most of what can be wrong.
  core::Status look(bool by_name) const {
    std::array<char, 512> start;
    std::array<char, 4> end{};
    const ssize_t count = ::pread(fd_, start.data(), start.size(), 0);
    const std::string_view head(start.data(), count < 0 ? 0 : static_cast<std::size_t>(count));
    if (head.empty()) return not_parquet("is empty, which no Parquet file is", path_);
    if (head.starts_with("\x1f\x8b") || head.starts_with("\x28\xb5\x2f\xfd"))
      return not_parquet(
          "is compressed as a whole, and Parquet is read from its end: inflate it first (gunzip, "
          "unzstd); inside, Parquet is compressed already",
          path_);
    if (head.starts_with(kEncrypted))
      return not_parquet("is an encrypted Parquet file: decrypt it first", path_);
    if (!head.starts_with(kMark)) {
      const FileKind* kind = kind_of(head);
      const std::string advice =
          kind == nullptr ? "set format in s.read to what it is"
          : !kind->format.empty()
              ? fmt::format("set format = \"{0}\" in s.read, or name it .{0}", kind->format)
              : std::string(kind->advice);
      return core::fail(
          core::ErrorCode::pipeline,
          fmt::format("is read as Parquet{}, but {}{}: {}", by_name ? " by its ending" : "",
                      kind != nullptr ? "looks like " : "is not",
                      kind != nullptr ? kind->title : "", advice),
          path_);
    }
    const ssize_t last = size_ < 12 ? 0 : ::pread(fd_, end.data(), end.size(), size_ - 4);
    const std::string_view tail(end.data(), last < 0 ? 0 : static_cast<std::size_t>(last));
    if (tail == kEncrypted)
      return not_parquet("is an encrypted Parquet file: decrypt it first", path_);
    if (tail != kMark)
      return not_parquet(
          "is a Parquet file that is cut off: its end, with the table of its columns, is missing; "
          "copy it again, or wait until it is written",
          path_);
    return {};
  }

  core::Status find_columns() {
    auto none = connection_->stream(fmt::format("FROM {} LIMIT 0", table()));
    if (!none) return failed(none.error());
    auto own = own_names();
    if (!own) return std::unexpected(own.error());
    const duckdb::Api& api = connection_->api();
    for (Count i = 0; i < (*none)->columns(); ++i) {
      duckdb::Rows::Column column = (*none)->column(i);
      auto form = duckdb::ValueForm::of(api, column.type);
      api.destroy_logical_type(&column.type);
      if (!form)
        return not_parquet(
            fmt::format("column '{}' {}", core::printable(column.name), form.error().message),
            path_);
      forms_.push_back(std::move(*form));
      selected_ += fmt::format("{}{}", i == 0 ? "" : ", ", duckdb::quoted_name(column.name));
      if (const std::string cast = forms_.back().cast(); !cast.empty()) selected_ += "::" + cast;
      names_.push_back(i < own->size() ? (*own)[i] : std::move(column.name));
      core::append_json_string(keys_.emplace_back(), names_.back());
      keys_.back() += ':';
    }
    return {};
  }

  // Not of small rows, of which there may be many groups to add up.
  core::Status measure_rows() {
    constexpr double kSmallRow = 1000;  // bytes of the file
    if (total_ == 0 || bytes_ / static_cast<double>(total_) < kSmallRow) return {};
    const auto bytes = connection_->number(fmt::format(
        "SELECT coalesce(sum(total_uncompressed_size), 0)::BIGINT FROM parquet_metadata('{}')",
        inside()));
    if (!bytes) return failed(bytes.error());
    row_bytes_ = static_cast<double>(*bytes) / static_cast<double>(total_);
    memory_ = row_bytes_ * std::min(kRowsAtOnce, static_cast<double>(total_)) * kHeldTimes;
    return {};
  }

  // The columns' names as they stand in the file: DuckDB renames those that differ by case alone. None
  // where two are the same.
  core::Result<std::vector<std::string>> own_names() {
    auto rows = connection_->stream(fmt::format(
        "SELECT name, coalesce(num_children, 0)::BIGINT FROM parquet_schema('{}')", inside()));
    if (!rows) return failed(rows.error());
    std::vector<std::string> names;
    std::int64_t passed_over = -1;  // of what is inside of columns; the first is the file itself
    while (true) {
      const auto chunk = (*rows)->next();
      if (!chunk) return failed(chunk.error());
      if (*chunk == nullptr) break;
      const duckdb::Api& api = connection_->api();
      const auto* texts = static_cast<const duckdb::String*>(
          api.vector_get_data(api.data_chunk_get_vector(*chunk, 0)));
      const auto* children = static_cast<const std::int64_t*>(
          api.vector_get_data(api.data_chunk_get_vector(*chunk, 1)));
      for (Count i = 0; i < api.data_chunk_get_size(*chunk); ++i) {
        if (passed_over < 0) {
          passed_over = 0;
          continue;
        }
        if (passed_over == 0) names.emplace_back(texts[i].data(), texts[i].length);
        passed_over += children[i] - (passed_over == 0 ? 0 : 1);
      }
    }
    std::vector<std::string> sorted = names;
    std::ranges::sort(sorted);
    if (std::ranges::adjacent_find(sorted) != sorted.end()) names.clear();
    return names;
  }

  std::string inside() const { return fmt::format("/proc/self/fd/{}", fd_); }
  std::string table() const {
    return fmt::format("read_parquet('{}', hive_partitioning = false)", inside());
  }

  // DuckDB's error, with the file's name for that of the descriptor.
  std::unexpected<core::Error> failed(const core::Error& error) const {
    std::string said = error.message;
    const std::string name = inside();
    for (std::size_t at = 0; (at = said.find(name, at)) != said.npos; at += path_.size())
      said.replace(at, name.size(), path_);
    const bool memory = said.starts_with("Out of Memory");
    return core::fail(
        error.code,
        fmt::format("cannot be read as Parquet{}: {}",
                    number_ == 0 ? "" : fmt::format(" after row {}", number_),
                    memory ? fmt::format("it takes more than {}; write it again with smaller row "
                                         "groups ({})",
                                         duckdb::kMemory, core::printable(said))
                           : core::printable(said)),
        path_);
  }

  const std::string path_;
  int fd_ = -1;
  off_t size_ = 0;
  double bytes_ = 0;
  std::unique_ptr<duckdb::Connection> connection_;
  std::unique_ptr<duckdb::Rows> rows_;
  std::string selected_;  // in SQL: the columns, cast as their forms want them
  std::vector<std::string> names_;
  std::vector<std::string> keys_;  // "\"name\":"
  std::vector<duckdb::ValueForm> forms_;
  Count total_ = 0;
  std::int64_t row_groups_ = 0;
  double row_bytes_ = 0;  // of each, inflated; 0: not known, of small ones
  double memory_ = 0;     // that reading them takes, by these
  Count number_ = 0;      // rows that were handed over
  std::string json_;
};

}  // namespace

core::Result<std::unique_ptr<RecordSource>> open_parquet(const FormatOptions& options,
                                                         const std::string& path,
                                                         std::span<const storage::FileId> written) {
  auto source = std::make_unique<ParquetSource>(path);
  if (auto opened = source->open(options.name.empty(), written); !opened)
    return std::unexpected(opened.error());
  return source;
}

}  // namespace sluice::format
