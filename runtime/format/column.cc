#include "format/column.h"

#include <algorithm>

#include "format/json_value.h"

namespace sluice::format {
namespace {

using simdjson::dom::element_type;

ColumnType type_of(const simdjson::dom::element& value) {
  switch (value.type()) {
    case element_type::STRING:
      return ColumnType::text;
    case element_type::INT64:
      return ColumnType::integer;
    case element_type::DOUBLE:
      return ColumnType::number;
    case element_type::BOOL:
      return ColumnType::boolean;
    default:  // also UINT64: more than 63 bits, of which a double would lose some
      return ColumnType::json;
  }
}

ColumnType joined(ColumnType a, ColumnType b) {
  if (a == b) return a;
  const auto numeric = [](ColumnType type) {
    return type == ColumnType::integer || type == ColumnType::number;
  };
  return numeric(a) && numeric(b) ? ColumnType::number : ColumnType::json;
}

}  // namespace

bool ColumnFinder::add(std::string_view record) {
  simdjson::dom::object object;
  if (parse_json(parser_, record, object) != simdjson::SUCCESS) return false;
  std::size_t likely = 0;  // records have their members in one order, mostly
  for (const auto& [name, value] : object) {
    std::size_t at = likely;
    if (at >= found_.size() || found_[at].column.name != name)
      at = static_cast<std::size_t>(
          std::ranges::find_if(found_, [&](const Found& f) { return f.column.name == name; }) -
          found_.begin());
    if (at == found_.size()) {
      const auto known = std::ranges::find(known_, name, &Column::name);
      const bool is_known = known != known_.end();
      found_.push_back({is_known ? *known : Column{std::string(name)}, is_known});
    }
    Found& found = found_[at];
    likely = at + 1;
    const bool fixed = found.known && found.column.type != ColumnType::json;
    if (!fixed && !value.is_null()) add_value(found, value);
  }
  return true;
}

void ColumnFinder::add_value(Found& found, const simdjson::dom::element& value) {
  const ColumnType type = type_of(value);
  if (!found.known) found.column.type = found.seen ? joined(found.column.type, type) : type;
  found.seen = true;
  simdjson::dom::array list;
  if (!found.lists || value.get(list) != simdjson::SUCCESS) {
    found.lists = false;
    return;
  }
  for (const simdjson::dom::element element : list) {
    if (element.is_null()) continue;
    const ColumnType one = type_of(element);
    found.element = found.has_element ? joined(found.element, one) : one;
    found.has_element = true;
  }
}

std::vector<Column> ColumnFinder::columns() const {
  std::vector<Column> all;
  for (const Found& found : found_) {
    all.push_back(found.column);
    if (found.seen && found.lists && found.element != ColumnType::json)
      all.back().element = found.element;
  }
  for (const Column& column : known_)
    if (std::ranges::find(all, column.name, &Column::name) == all.end()) all.push_back(column);
  return all;
}

}  // namespace sluice::format
