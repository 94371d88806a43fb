#include "table/tables.h"

#include <utility>

#include "table/postgres_source.h"
#include "table/postgres_target.h"
#include "table/sqlite_source.h"
#include "table/sqlite_target.h"

namespace sluice::table {

std::string name_of(const Spec& spec) {
  const std::string database =
      spec.database == Database::sqlite ? "sqlite:" + spec.file + ":" : "postgres:";
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

std::unique_ptr<format::RecordTarget> make_target(Target target) {
  if (!target.spec.mode) target.spec.mode = Mode::append;
  switch (target.spec.database) {
    case Database::sqlite:
      return make_sqlite_target(std::move(target));
    case Database::postgres:
      return make_postgres_target(std::move(target));
  }
  std::unreachable();
}

}  // namespace sluice::table
