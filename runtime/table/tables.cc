#include "table/tables.h"

#include <utility>

#include "table/postgres_source.h"
#include "table/sqlite_source.h"

namespace sluice::table {

std::string name_of(const Spec& spec) {
  const std::string database = spec.database == Database::sqlite ? "sqlite:" : "postgres:";
  return database + (spec.table.empty() ? "query" : spec.table);
}

core::Result<std::unique_ptr<format::RecordSource>> open_source(const Spec& spec) {
  switch (spec.database) {
    case Database::sqlite:
      return open_sqlite_source(spec);
    case Database::postgres:
      return open_postgres_source(spec);
  }
  std::unreachable();
}

}  // namespace sluice::table
