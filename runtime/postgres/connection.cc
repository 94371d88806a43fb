#include "postgres/connection.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>

namespace sluice::postgres {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  if (from.empty()) return;
  for (std::size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

// A connection that is ended before its first statement: how often it is made again.
constexpr int kConnectTries = 5;

// nullopt: it is not one.
std::optional<Address> parse(const Libpq& pq, const std::string& url) {
  char* why = nullptr;
  PQconninfoOption* options = pq.conninfo_parse(url.c_str(), &why);
  pq.freemem(why);  // it may show a part of the address
  if (options == nullptr) return std::nullopt;
  Address address;
  for (const PQconninfoOption* o = options; o->keyword != nullptr; ++o) {
    if (o->val == nullptr) continue;
    if (std::string_view(o->keyword) == "user") address.user = o->val;
    if (std::string_view(o->keyword) == "password") address.password = o->val;
  }
  pq.conninfo_free(options);
  return address;
}

// What libpq says of a connection that failed, in one line, without who asks.
std::string safe(std::string text, const Address& address) {
  while (text.ends_with('\n')) text.pop_back();
  replace_all(text, "\n", "; ");
  replace_all(text, "\t", "");
  if (!address.user.empty()) replace_all(text, '"' + address.user + '"', "\"***\"");
  if (address.password.size() > 2) replace_all(text, address.password, "***");
  return text;
}

bool is_transient(std::string_view state) {
  constexpr std::array<std::string_view, 8> kStates = {
      "40001",  // serialization_failure
      "40P01",  // deadlock_detected
      "53300",  // too_many_connections
      "55P03",  // lock_not_available
      "57P01",  // admin_shutdown
      "57P02",  // crash_shutdown
      "57P03",  // cannot_connect_now
      "57P05",  // idle_session_timeout
  };
  return state.starts_with("08") || std::ranges::find(kStates, state) != kStates.end();
}

std::vector<const char*> pointers(const std::vector<std::string>& texts) {
  std::vector<const char*> all;
  for (const std::string& text : texts) all.push_back(text.c_str());
  return all;
}

}  // namespace

core::Result<std::unique_ptr<Connection>> Connection::connect(const core::Secret& url,
                                                              const Settings& settings) {
  auto pq = libpq();
  if (!pq) return std::unexpected(pq.error());
  const auto address = parse(**pq, url.reveal());
  if (!address)
    return core::fail(
        core::ErrorCode::pipeline,
        settings.called +
            " is not one: it is written postgresql://user:password@host:5432/database "
            "(what is special in a password as %40 and so on), or \"host=… dbname=… "
            "user=…\"");
  for (int tries = 0; tries < kConnectTries; ++tries) {
    auto made = try_connect(**pq, url, *address, settings);
    if (!made) return std::unexpected(made.error());
    if (*made) return std::move(**made);
  }
  return core::fail(core::ErrorCode::io,
                    "the server ends each connection at once: its log tells why");
}

core::Result<std::optional<std::unique_ptr<Connection>>> Connection::try_connect(
    const Libpq& pq, const core::Secret& url, const Address& address, const Settings& settings) {
  auto made = std::unique_ptr<Connection>(new Connection(pq));
  // What stands before dbname holds where the address says nothing else; what stands behind it, always.
  const std::string seconds = std::to_string(settings.connect_timeout.count());
  const std::string unacknowledged = std::to_string(settings.tcp_user_timeout.count());
  const std::pair<const char*, const char*> options[] = {
      {"connect_timeout", seconds.c_str()},
      {"keepalives_idle", "30"},
      {"keepalives_interval", "10"},
      {"keepalives_count", "3"},
      {"tcp_user_timeout", unacknowledged.c_str()},
      {"target_session_attrs", settings.writable ? "read-write" : "any"},
      {"fallback_application_name", "sluice"},
      {"dbname", url.reveal().c_str()},
      {"client_encoding", "UTF8"},
      {nullptr, nullptr}};
  std::vector<const char*> keys, values;
  for (const auto& [key, value] : options) {
    keys.push_back(key);
    values.push_back(value);
  }
  made->connection_ = {pq.connect(keys.data(), values.data(), 1), Finish{&pq}};
  PGconn* c = made->connection_.get();
  if (c == nullptr) return core::fail(core::ErrorCode::memory, "no memory for a connection");
  const char* host = pq.host(c);
  const char* port = pq.port(c);
  const char* db = pq.db(c);
  const bool local = host == nullptr || *host == '\0' || *host == '/';
  made->place_ = local ? fmt::format("postgresql:///{}", db == nullptr ? "" : db)
                       : fmt::format("postgresql://{}:{}/{}", host, port == nullptr ? "" : port,
                                     db == nullptr ? "" : db);
  if (pq.status(c) != CONNECTION_OK)
    return core::fail(core::ErrorCode::io, "cannot connect: " + safe(pq.error_message(c), address),
                      made->place_);
  pq.set_notice_receiver(c, [](void*, const PGresult*) {}, nullptr);
  if (settings.session.empty()) return made;
  const auto set = made->checked(PgResult(pq, pq.exec(c, settings.session.c_str())));
  if (!set && set.error().transient) return std::nullopt;
  if (!set) return std::unexpected(made->error(set.error()));
  return made;
}

SqlError Connection::lost() const {
  return {.state = {}, .message = "the connection was lost", .transient = true, .lost = true};
}

SqlError Connection::error_of(const PgResult& result) const {
  if (result.raw() == nullptr) return lost();
  const auto field = [&](int code) {
    const char* text = pq_.result_error_field(result.raw(), code);
    return std::string(text == nullptr ? "" : text);
  };
  SqlError error;
  error.state = field(PG_DIAG_SQLSTATE);
  error.lost = pq_.status(connection_.get()) != CONNECTION_OK;
  error.message = field(PG_DIAG_MESSAGE_PRIMARY);
  if (error.message.empty()) return lost();
  if (const std::string detail = field(PG_DIAG_MESSAGE_DETAIL); !detail.empty())
    error.message += " (" + detail + ")";
  error.transient = error.lost || is_transient(error.state);
  return error;
}

SqlResult<PgResult> Connection::checked(PgResult result) const {
  switch (result.raw() == nullptr ? PGRES_FATAL_ERROR : result.status()) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_SINGLE_TUPLE:
    case PGRES_COPY_IN:
      return result;
    default:
      return std::unexpected(error_of(result));
  }
}

SqlResult<PgResult> Connection::run(const std::string& sql,
                                    const std::vector<std::string>& parameters) {
  const std::vector<const char*> values = pointers(parameters);
  return checked(
      PgResult(pq_, pq_.exec_params(connection_.get(), sql.c_str(), static_cast<int>(values.size()),
                                    nullptr, values.data(), nullptr, nullptr, 0)));
}

SqlResult<PgResult> Connection::run_by(const std::string& statements,
                                       std::chrono::steady_clock::time_point deadline,
                                       const std::atomic<bool>& stop) {
  using std::chrono::milliseconds;
  constexpr milliseconds kLook{50};
  if (pq_.send_query(connection_.get(), statements.c_str()) != 1) return std::unexpected(lost());
  std::optional<SqlResult<PgResult>> last;
  while (true) {
    if (pq_.is_busy(connection_.get()) == 0) {
      PGresult* raw = pq_.get_result(connection_.get());
      if (raw == nullptr) break;
      last = checked(PgResult(pq_, raw));
      continue;
    }
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    if (stop || left <= milliseconds(0)) {
      connection_.reset();
      SqlError error = lost();
      error.message = "the server has not answered in time";
      return std::unexpected(error);
    }
    pollfd socket{pq_.socket(connection_.get()), POLLIN, 0};
    if (::poll(&socket, 1, static_cast<int>(std::min(left, kLook).count())) > 0 &&
        pq_.consume_input(connection_.get()) != 1)
      return std::unexpected(lost());
  }
  return last ? std::move(*last) : SqlResult<PgResult>(std::unexpected(lost()));
}

std::string Connection::quoted(std::string_view text) const {
  char* made = pq_.escape_literal(connection_.get(), text.data(), text.size());
  if (made == nullptr) return "NULL";
  std::string quoted(made);
  pq_.freemem(made);
  return quoted;
}

SqlResult<PgResult> Connection::run_within(std::chrono::milliseconds limit, const std::string& sql,
                                           const std::vector<SqlValue>& values, bool binary) {
  std::vector<const char*> pointers;
  std::vector<int> sizes, formats;
  for (const SqlValue& value : values) {
    pointers.push_back(value.bytes.c_str());
    sizes.push_back(static_cast<int>(value.bytes.size()));
    formats.push_back(value.binary ? 1 : 0);
  }
  if (pq_.send_query_params(connection_.get(), sql.c_str(), static_cast<int>(values.size()),
                            nullptr, pointers.data(), sizes.data(), formats.data(),
                            binary ? 1 : 0) != 1)
    return std::unexpected(lost());
  const auto until = std::chrono::steady_clock::now() + limit;
  std::optional<SqlResult<PgResult>> last;
  while (true) {
    while (pq_.is_busy(connection_.get()) != 0) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          until - std::chrono::steady_clock::now());
      pollfd socket{pq_.socket(connection_.get()), POLLIN, 0};
      if (left.count() <= 0 || ::poll(&socket, 1, static_cast<int>(left.count())) == 0) {
        SqlError late = lost();
        late.message = fmt::format("it has not answered for {} s", limit.count() / 1000);
        return std::unexpected(late);
      }
      if (pq_.consume_input(connection_.get()) != 1) return std::unexpected(lost());
    }
    PGresult* raw = pq_.get_result(connection_.get());
    if (raw == nullptr) return last ? std::move(*last) : std::unexpected(lost());
    last = checked(PgResult(pq_, raw));
  }
}

SqlResult<PgResult> Connection::copy(const std::string& sql, std::string_view bytes) {
  if (auto begun = run(sql); !begun) return begun;
  constexpr std::size_t kPiece = 1 << 20;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(kPiece, bytes.size())))
    if (pq_.put_copy_data(connection_.get(), bytes.data(),
                          static_cast<int>(std::min(kPiece, bytes.size()))) != 1)
      return std::unexpected(lost());
  if (pq_.put_copy_end(connection_.get(), nullptr) != 1) return std::unexpected(lost());
  auto ended = checked(PgResult(pq_, pq_.get_result(connection_.get())));
  while (PGresult* more = pq_.get_result(connection_.get())) pq_.clear(more);
  return ended;
}

SqlResult<bool> Connection::send(const std::string& sql,
                                 const std::vector<std::string>& parameters) {
  const std::vector<const char*> values = pointers(parameters);
  if (pq_.send_query_params(connection_.get(), sql.c_str(), static_cast<int>(values.size()),
                            nullptr, values.data(), nullptr, nullptr, 0) != 1 ||
      pq_.set_single_row_mode(connection_.get()) != 1)
    return std::unexpected(lost());
  return true;
}

SqlResult<std::optional<PgResult>> Connection::next(std::chrono::milliseconds wait, bool& busy) {
  busy = false;
  while (true) {
    if (pq_.is_busy(connection_.get()) != 0) {
      pollfd socket{pq_.socket(connection_.get()), POLLIN, 0};
      if (::poll(&socket, 1, static_cast<int>(wait.count())) == 0) {
        busy = true;
        return std::nullopt;
      }
      if (pq_.consume_input(connection_.get()) != 1) return std::unexpected(lost());
      continue;
    }
    PGresult* raw = pq_.get_result(connection_.get());
    if (raw == nullptr) return std::nullopt;
    auto result = checked(PgResult(pq_, raw));
    if (!result) return std::unexpected(result.error());
    if (result->rows() > 0) return std::move(*result);
  }
}

core::Error Connection::error(const SqlError& error, std::string_view doing) const {
  std::string text(doing);
  if (!text.empty()) text += ": ";
  return {error.lost || error.transient ? core::ErrorCode::io : core::ErrorCode::pipeline,
          text + error.message, place_};
}

}  // namespace sluice::postgres
