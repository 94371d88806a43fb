// A Parquet file, written by DuckDB (duckdb.h): a thread runs COPY over a table function that takes the
// records, batch by batch, as they are written; what it makes stands in a file without a name until it
// is whole. Memory: two batches, and a row group.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>

#include "core/printable.h"
#include "format/duckdb.h"
#include "format/duckdb_columns.h"
#include "format/writers.h"
#include "storage/spill_file.h"

namespace sluice::format {
namespace {

using duckdb::Count;

constexpr std::size_t kBatchBytes = 4 << 20;
constexpr std::size_t kRowGroupRows = 60 * duckdb::kChunkRows;
constexpr std::size_t kRowGroupBytes = 64 << 20;  // as DuckDB holds them in memory
constexpr std::size_t kCopyBytes = 1 << 20;

struct Batch {
  std::string text;               // records, one behind the other
  std::vector<std::size_t> ends;  // of each, in `text`
};

// From who writes records to the thread that runs COPY; one batch waits, and who brings another one
// waits until it is taken.
class Feed {
 public:
  enum class End : std::uint8_t { complete, abandoned };
  // False: nothing is taken any more.
  bool put(Batch batch) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !next_ || closed_; });
    if (closed_) return false;
    next_ = std::move(batch);
    changed_.notify_all();
    return true;
  }
  void end(End how) {
    const std::lock_guard lock(mutex_);
    ended_ = how;
    changed_.notify_all();
  }
  // None: there are no more, because of `how`.
  std::optional<Batch> take(End& how) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return next_ || ended_; });
    if (!next_ || ended_ == End::abandoned) {
      how = ended_.value_or(End::abandoned);
      return std::nullopt;
    }
    auto batch = std::exchange(next_, std::nullopt);
    changed_.notify_all();
    return batch;
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;  // guards all of it
  std::condition_variable changed_;
  std::optional<Batch> next_;
  std::optional<End> ended_;
  bool closed_ = false;
};

class ParquetWriter final : public RecordWriter {
 public:
  ParquetWriter(storage::AtomicFile& file, std::vector<Column> columns)
      : file_(file), wanted_(std::move(columns)) {}
  ~ParquetWriter() override {
    feed_.end(Feed::End::abandoned);
    if (copying_.joinable()) copying_.join();
  }

  core::Status begin() override {
    if (auto fits = names_differ(); !fits) return fits;
    auto connection = duckdb::Connection::open(duckdb::Connection::Purpose::writing);
    if (!connection) return std::unexpected(connection.error());
    connection_ = std::move(*connection);
    columns_.emplace(connection_->api(), wanted_);
    const char* named = std::getenv("TMPDIR");
    folder_ = named == nullptr || *named == '\0' ? "/tmp" : named;
    auto made = storage::SpillFile::make(folder_);
    if (!made) return std::unexpected(made.error());
    made_.emplace(std::move(*made));
    return {};
  }

  core::Status write(std::string_view record) override {
    batch_.text += record;
    batch_.ends.push_back(batch_.text.size());
    if (batch_.ends.size() < duckdb::kChunkRows && batch_.text.size() < kBatchBytes) return {};
    return hand_on();
  }

  core::Status finish() override {
    if (auto handed = hand_on(); !handed) return handed;
    feed_.end(Feed::End::complete);
    copying_.join();
    if (!copied_) return std::unexpected(copied_.error());
    std::error_code error;
    const std::uint64_t size = std::filesystem::file_size(made_->path(), error);
    if (error) return core::fail_errno("cannot read what was made", error.value(), folder_);
    std::string bytes;
    for (std::uint64_t at = 0; at < size; at += bytes.size()) {
      bytes.resize(std::min<std::uint64_t>(kCopyBytes, size - at));
      if (auto read = made_->read(at, std::as_writable_bytes(std::span(bytes))); !read) return read;
      if (auto written = file_.write(bytes); !written) return written;
    }
    return {};
  }

 private:
  core::Status names_differ() const {
    if (wanted_.empty())
      return core::fail(core::ErrorCode::usage,
                        "a Parquet file has at least one column, and there is none to write");
    std::vector<std::string> names;
    for (const Column& column : wanted_) {
      if (column.name.empty())
        return core::fail(
            core::ErrorCode::usage,
            "a column has an empty name, which Parquet cannot have here: leave it out, "
            "as by --columns or keep");
      names.push_back(column.name);
      for (char& c : names.back())
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    std::ranges::sort(names);
    const auto same = std::ranges::adjacent_find(names);
    if (same == names.end()) return {};
    return core::fail(core::ErrorCode::usage,
                      fmt::format("two columns have the name '{}', but for upper and lower case, "
                                  "which Parquet's readers do not tell apart: leave one out, as by "
                                  "--columns or keep",
                                  core::printable(*same)));
  }

  // Gives the batch to the thread that runs COPY, which begins with the first.
  core::Status hand_on() {
    if (!copying_.joinable()) {
      if (auto registered = register_function(); !registered) return registered;
      copying_ = std::thread([this] { copy(); });
    }
    if (batch_.ends.empty()) return {};
    if (feed_.put(std::exchange(batch_, {}))) return {};
    copying_.join();
    return copied_ ? core::fail(core::ErrorCode::internal, "writing Parquet ended too early")
                   : std::unexpected(copied_.error());
  }

  core::Status register_function() {
    static std::atomic<unsigned> made{0};  // a name that no other writer of this process has
    name_ = fmt::format("sluice_records_{}", ++made);
    const duckdb::Api& api = connection_->api();
    duckdb::TableFunction function = api.create_table_function();
    api.table_function_set_name(function, name_.c_str());
    api.table_function_set_extra_info(function, this, nullptr);
    api.table_function_set_bind(function, [](duckdb::Info info) {
      static_cast<ParquetWriter*>((*duckdb::load())->bind_get_extra_info(info))
          ->columns_->declare(info);
    });
    api.table_function_set_init(function, [](duckdb::Info) {});
    api.table_function_set_function(function, [](duckdb::Info info, duckdb::Chunk chunk) {
      const duckdb::Api& called = **duckdb::load();
      static_cast<ParquetWriter*>(called.function_get_extra_info(info))->fill(info, chunk);
    });
    const duckdb::State state = api.register_table_function(connection_->session(), function);
    api.destroy_table_function(&function);
    if (state == 0) return {};
    return core::fail(core::ErrorCode::internal, "DuckDB takes no table function");
  }

  // Below: on the thread that runs COPY.
  void copy() {
    copied_ = connection_->run(fmt::format(
        "COPY (SELECT {} FROM {}()) TO '{}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {}, "
        "ROW_GROUP_SIZE_BYTES {}, USE_TMP_FILE false)",
        columns_->selected(), name_, made_->path(), kRowGroupRows, kRowGroupBytes));
    if (failed_) copied_ = std::unexpected(*failed_);
    if (!copied_ && !failed_) {
      std::string said = copied_.error().message;
      if (const std::size_t at = said.find(made_->path()); at != said.npos)
        said.replace(at, made_->path().size(), folder_);
      copied_ = core::fail(copied_.error().code,
                           fmt::format("cannot write Parquet: {}", core::printable(said)));
    }
    feed_.close();
  }

  void fill(duckdb::Info info, duckdb::Chunk chunk) noexcept {
    const duckdb::Api& api = connection_->api();
    try {
      auto how = Feed::End::complete;
      const auto batch = feed_.take(how);
      if (!batch) {
        api.data_chunk_set_size(chunk, 0);
        if (how == Feed::End::abandoned) api.function_set_error(info, "abandoned");
        return;
      }
      if (auto filled = columns_->fill(batch->text, batch->ends, chunk); !filled)
        failed_ = filled.error();
    } catch (...) {
      failed_ = core::caught();
    }
    if (failed_) api.function_set_error(info, failed_->message.c_str());
  }

  storage::AtomicFile& file_;
  const std::vector<Column> wanted_;
  std::unique_ptr<duckdb::Connection> connection_;
  std::optional<duckdb::ColumnFiller> columns_;
  std::optional<storage::SpillFile> made_;
  std::string folder_;  // where it is made
  std::string name_;    // of the table function
  Batch batch_;
  Feed feed_;
  std::thread copying_;
  core::Status copied_;                // once it has been joined
  std::optional<core::Error> failed_;  // what a callback could not do
};

}  // namespace

std::unique_ptr<RecordWriter> make_parquet_writer(storage::AtomicFile& file,
                                                  std::vector<Column> columns) {
  return std::make_unique<ParquetWriter>(file, std::move(columns));
}

core::Status parquet_available() {
  const auto library = duckdb::load();
  return library ? core::Status() : std::unexpected(library.error());
}

}  // namespace sluice::format
