// PostgreSQL's client library, loaded when the first connection wants it, and not linked: so the program runs
// where it is not installed, and the portable program needs none of what Debian's archive of it drags in
// (Kerberos, LDAP). Its interface under the name libpq.so.5 has only grown since 2005.
//
// Threads: any; what the functions themselves say holds for the rest.
#pragma once

#include <libpq-fe.h>

#include "core/error.h"

namespace sluice::postgres {

struct Libpq {
  decltype(&PQclear) clear;
  decltype(&PQcmdTuples) cmd_tuples;
  decltype(&PQconnectdbParams) connect;
  decltype(&PQconninfoFree) conninfo_free;
  decltype(&PQconninfoParse) conninfo_parse;
  decltype(&PQconsumeInput) consume_input;
  decltype(&PQdb) db;
  decltype(&PQerrorMessage) error_message;
  decltype(&PQescapeLiteral) escape_literal;
  decltype(&PQexec) exec;
  decltype(&PQexecParams) exec_params;
  decltype(&PQfinish) finish;
  decltype(&PQfname) fname;
  decltype(&PQfreemem) freemem;
  decltype(&PQgetisnull) getisnull;
  decltype(&PQgetlength) getlength;
  decltype(&PQgetResult) get_result;
  decltype(&PQgetvalue) getvalue;
  decltype(&PQhost) host;
  decltype(&PQisBusy) is_busy;
  decltype(&PQnfields) nfields;
  decltype(&PQntuples) ntuples;
  decltype(&PQport) port;
  decltype(&PQputCopyData) put_copy_data;
  decltype(&PQputCopyEnd) put_copy_end;
  decltype(&PQresultErrorField) result_error_field;
  decltype(&PQresultStatus) result_status;
  decltype(&PQsendQuery) send_query;
  decltype(&PQsendQueryParams) send_query_params;
  decltype(&PQsetNoticeReceiver) set_notice_receiver;
  decltype(&PQsetSingleRowMode) set_single_row_mode;
  decltype(&PQsocket) socket;
  decltype(&PQstatus) status;
};

// An Error says what to install.
core::Result<const Libpq*> libpq();

}  // namespace sluice::postgres
