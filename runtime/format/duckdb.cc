#include "format/duckdb.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <utility>
#include <vector>

namespace sluice::format::duckdb {
namespace {

constexpr const char* kVariable = "SLUICE_DUCKDB";
constexpr std::string_view kAdvice =
    "docs/data.md, Parquet, has the command that fetches it; or convert the file to CSV or JSON "
    "lines";

std::vector<std::string> places() {
  if (const char* named = std::getenv(kVariable); named != nullptr && *named != '\0')
    return {named};
  std::vector<std::string> all;
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) {
    const auto folder = program.parent_path();
    all = {folder / "libduckdb.so", folder.parent_path() / "lib" / "libduckdb.so"};
    std::erase_if(all, [](const std::string& path) {
      std::error_code ignored;
      return !std::filesystem::exists(path, ignored);
    });
  }
  all.emplace_back("libduckdb.so");
  return all;
}

core::Status bind(void* library, const std::string& path, Api& api) {
  std::string missing;
  const auto find = [&](auto& function, const char* name) {
    void* address = ::dlsym(library, name);
    if (address == nullptr && missing.empty()) missing = name;
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(address);
  };
#define SLUICE_DUCKDB_FIND(Returned, name, Taken) find(api.name, "duckdb_" #name);
  SLUICE_DUCKDB_FUNCTIONS(SLUICE_DUCKDB_FIND)
#undef SLUICE_DUCKDB_FIND
  const std::string version = api.library_version == nullptr ? "" : api.library_version();
  if (!version.starts_with(fmt::format("v{}.", kVersion)))
    return core::fail(core::ErrorCode::io,
                      fmt::format("is not DuckDB {}.x{}: {}", kVersion,
                                  version.empty() ? "" : " but " + version, kAdvice),
                      path);
  if (!missing.empty())
    return core::fail(core::ErrorCode::io,
                      fmt::format("is DuckDB {}, but has no {}: {}", version, missing, kAdvice),
                      path);
  return {};
}

core::Result<Api> find_library() {
  std::string why;
  for (const std::string& path : places()) {
    void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      const char* error = ::dlerror();
      if (why.empty()) why = error == nullptr ? path : error;
      continue;
    }
    Api api;
    auto bound = bind(library, path, api);
    if (bound) return api;
    ::dlclose(library);
    return std::unexpected(bound.error());
  }
  return core::fail(
      core::ErrorCode::io,
      fmt::format("Parquet is read and written by DuckDB's library, libduckdb.so {}, which is not "
                  "here ({}): put it beside the program or set {} to its path; {}",
                  kVersion, why, kVariable, kAdvice));
}

// "Invalid Input Error: …", the first line of what DuckDB says.
std::unexpected<core::Error> failed(const char* said) {
  const std::string_view all = said == nullptr ? "DuckDB failed without a word" : said;
  return core::fail(core::ErrorCode::io, std::string(all.substr(0, all.find('\n'))));
}

// Never closed: a thread may still compute in it when the program ends.
core::Result<Database> make_database(const Api& api, Connection::Purpose purpose) {
  const std::array<std::array<const char*, 2>, 6> settings = {{
      {"threads", "1"},
      {"preserve_insertion_order", purpose == Connection::Purpose::reading ? "true" : "false"},
      {"memory_limit", kMemory.data()},
      {"temp_directory", ""},
      {"autoinstall_known_extensions", "false"},
      {"autoload_known_extensions", "false"},
  }};
  Config config = nullptr;
  State state = api.create_config(&config);
  for (const auto& [name, value] : settings)
    if (state == 0) state = api.set_config(config, name, value);
  Database database = nullptr;
  char* said = nullptr;
  if (state == 0) state = api.open_ext(nullptr, &database, config, &said);
  api.destroy_config(&config);
  if (state == 0) return database;
  auto error = failed(said);
  if (said != nullptr) api.free(said);
  return error;
}

// Of what is not known to be valid UTF-8 or short: names in messages and in SQL.
std::string quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  return out += quote;
}

}  // namespace

core::Result<const Api*> load() {
  static std::mutex mutex;  // guards `api`
  static std::unique_ptr<const Api> api;
  const std::lock_guard lock(mutex);
  if (!api) {
    auto found = find_library();
    if (!found) return std::unexpected(found.error());
    api = std::make_unique<const Api>(*found);
  }
  return api.get();
}

core::Result<std::unique_ptr<Connection>> Connection::open(Purpose purpose) {
  static std::mutex mutex;  // guards `databases`
  static std::array<Database, 2> databases = {};
  const auto api = load();
  if (!api) return std::unexpected(api.error());
  const std::lock_guard lock(mutex);
  Database& database = databases[static_cast<std::size_t>(purpose)];
  if (database == nullptr) {
    auto made = make_database(**api, purpose);
    if (!made) return std::unexpected(made.error());
    database = *made;
  }
  Session session = nullptr;
  if ((*api)->connect(database, &session) != 0) return failed(nullptr);
  auto connection = std::make_unique<Connection>(**api, session);
  // Files are opened by descriptors, whose names come again for other files.
  for (const char* setting : {"SET enable_external_file_cache = false", "SET TimeZone = 'UTC'",
                              // Chunks that wait are counted without their texts: one at a time.
                              "SET streaming_buffer_size = '1KB'"})
    if (auto set = connection->run(setting); !set) return std::unexpected(set.error());
  return connection;
}

core::Status Connection::run(const std::string& sql) {
  Result result{};
  const State state = api_.query(session_, sql.c_str(), &result);
  core::Status status;
  if (state != 0) status = failed(api_.result_error(&result));
  api_.destroy_result(&result);
  return status;
}

core::Result<std::unique_ptr<Rows>> Connection::stream(const std::string& sql) {
  Statement statement = nullptr;
  if (api_.prepare(session_, sql.c_str(), &statement) != 0) {
    auto error = failed(api_.prepare_error(statement));
    api_.destroy_prepare(&statement);
    return error;
  }
  Pending pending = nullptr;
  core::Status status;
  Result result{};
  if (api_.pending_prepared_streaming(statement, &pending) != 0) {
    status = failed(api_.pending_error(pending));
  } else if (api_.execute_pending(pending, &result) != 0) {
    status = failed(api_.result_error(&result));
    api_.destroy_result(&result);
  }
  api_.destroy_pending(&pending);
  if (status) return std::make_unique<Rows>(api_, statement, result);
  api_.destroy_prepare(&statement);
  return std::unexpected(status.error());
}

core::Result<std::int64_t> Connection::number(const std::string& sql) {
  auto rows = stream(fmt::format("SELECT ({})::BIGINT", sql));
  if (!rows) return std::unexpected(rows.error());
  const auto chunk = (*rows)->next();
  if (!chunk) return std::unexpected(chunk.error());
  if (*chunk == nullptr) return 0;
  const Vector vector = api_.data_chunk_get_vector(*chunk, 0);
  const std::uint64_t* there = api_.vector_get_validity(vector);
  if (there != nullptr && (there[0] & 1) == 0) return 0;
  return *static_cast<const std::int64_t*>(api_.vector_get_data(vector));
}

Rows::~Rows() {
  if (chunk_ != nullptr) api_.destroy_data_chunk(&chunk_);
  api_.destroy_result(&result_);
  api_.destroy_prepare(&statement_);
}

core::Result<Chunk> Rows::next() {
  if (chunk_ != nullptr) api_.destroy_data_chunk(&chunk_);
  chunk_ = api_.fetch_chunk(result_);
  if (chunk_ != nullptr) return chunk_;
  if (const char* said = api_.result_error(&result_); said != nullptr && *said != '\0')
    return failed(said);
  return nullptr;
}

std::string quoted_name(std::string_view name) {
  return quoted(name, '"');
}

std::string quoted_text(std::string_view text) {
  return quoted(text, '\'');
}

}  // namespace sluice::format::duckdb
