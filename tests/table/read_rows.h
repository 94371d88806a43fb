// The rows of a source, to its end.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "table/tables.h"

namespace sluice::table {

struct Rows {
  std::vector<std::string> rows;  // a rejected one with "!" and its detail before it
  std::vector<std::string> columns;
  std::string error;  // code and text; empty = none
};

// `between`: after each read() of the source.
inline Rows rows_of(const Spec& spec, const std::function<void()>& between = [] {}) {
  Rows got;
  const auto error = [&](const core::Error& e) {
    got.error = e.text();
    return got;
  };
  auto source = open_source(spec);
  if (!source) return error(source.error());
  using State = format::RecordSource::State;
  std::uint64_t line = 0;
  while (true) {
    const auto state = (*source)->read([&](const format::Record& record) {
      got.rows.push_back(record.reject != nullptr ? "!" + record.reject->detail
                                                  : std::string(record.text));
      return record.line == ++line;
    });
    if (!state) return error(state.error());
    between();
    if (*state != State::more && *state != State::waiting) break;
  }
  got.columns = (*source)->description().columns;
  return got;
}

}  // namespace sluice::table
