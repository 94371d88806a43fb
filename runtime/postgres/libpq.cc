#include "postgres/libpq.h"

#include <dlfcn.h>

namespace sluice::postgres {
namespace {

constexpr char kLibrary[] = "libpq.so.5";

struct Loaded {
  Libpq functions{};
  bool there = false;
};

Loaded load() {
  Loaded loaded;
  void* library = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return loaded;
  loaded.there = true;
  const auto take = [&]<class Function>(Function& function, const char* name) {
    function = reinterpret_cast<Function>(::dlsym(library, name));
    if (function == nullptr) loaded.there = false;
  };
  Libpq& f = loaded.functions;
  take(f.clear, "PQclear");
  take(f.cmd_tuples, "PQcmdTuples");
  take(f.connect, "PQconnectdbParams");
  take(f.conninfo_free, "PQconninfoFree");
  take(f.conninfo_parse, "PQconninfoParse");
  take(f.consume_input, "PQconsumeInput");
  take(f.db, "PQdb");
  take(f.error_message, "PQerrorMessage");
  take(f.escape_literal, "PQescapeLiteral");
  take(f.exec, "PQexec");
  take(f.exec_params, "PQexecParams");
  take(f.finish, "PQfinish");
  take(f.fname, "PQfname");
  take(f.freemem, "PQfreemem");
  take(f.getisnull, "PQgetisnull");
  take(f.getlength, "PQgetlength");
  take(f.get_result, "PQgetResult");
  take(f.getvalue, "PQgetvalue");
  take(f.host, "PQhost");
  take(f.is_busy, "PQisBusy");
  take(f.nfields, "PQnfields");
  take(f.ntuples, "PQntuples");
  take(f.port, "PQport");
  take(f.put_copy_data, "PQputCopyData");
  take(f.put_copy_end, "PQputCopyEnd");
  take(f.result_error_field, "PQresultErrorField");
  take(f.result_status, "PQresultStatus");
  take(f.send_query, "PQsendQuery");
  take(f.send_query_params, "PQsendQueryParams");
  take(f.set_notice_receiver, "PQsetNoticeReceiver");
  take(f.set_single_row_mode, "PQsetSingleRowMode");
  take(f.socket, "PQsocket");
  take(f.status, "PQstatus");
  return loaded;
}

}  // namespace

core::Result<const Libpq*> libpq() {
  static const Loaded loaded = load();
  if (loaded.there) return &loaded.functions;
  return core::fail(core::ErrorCode::io,
                    "PostgreSQL needs its client library, libpq.so.5, which is not installed here: "
                    "apt-get install libpq5, or dnf install libpq",
                    kLibrary);
}

}  // namespace sluice::postgres
