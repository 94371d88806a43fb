#include "format/duckdb_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <utility>

#include "core/printable.h"
#include "format/duckdb.h"
#include "format/json_value.h"

namespace sluice::format::duckdb {
namespace {

TypeId type_id(ColumnType type) {
  switch (type) {
    case ColumnType::integer:
      return TypeId::int64;
    case ColumnType::number:
      return TypeId::float64;
    case ColumnType::boolean:
      return TypeId::boolean;
    default:
      return TypeId::text;
  }
}

std::string_view title_of(ColumnType type) {
  switch (type) {
    case ColumnType::integer:
      return "an integer of 64 bits";
    case ColumnType::number:
      return "a number";
    case ColumnType::boolean:
      return "true or false";
    default:
      return "text";
  }
}

}  // namespace

void ColumnFiller::declare(Info info) const {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const Column& column = columns_[i];
    Type type = api_.create_logical_type(type_id(column.element.value_or(column.type)));
    if (column.element) {
      Type element = std::exchange(type, api_.create_list_type(type));
      api_.destroy_logical_type(&element);
    } else if (column.type == ColumnType::json) {
      api_.logical_type_set_alias(type, "JSON");
    }
    api_.bind_add_result_column(info, fmt::format("c{}", i).c_str(), type);
    api_.destroy_logical_type(&type);
  }
}

std::string ColumnFiller::selected() const {
  std::string all;
  for (std::size_t i = 0; i < columns_.size(); ++i)
    all += fmt::format("{}c{} AS {}", i == 0 ? "" : ", ", i, quoted_name(columns_[i].name));
  return all;
}

core::Status ColumnFiller::fill(std::string_view records, const std::vector<std::size_t>& ends,
                                Chunk chunk) {
  vectors_.clear();
  for (Count i = 0; i < columns_.size(); ++i)
    vectors_.push_back(api_.data_chunk_get_vector(chunk, i));
  elements_.assign(columns_.size(), 0);
  std::size_t start = 0;
  for (Count row = 0; row < ends.size(); ++row) {
    const std::string_view record = records.substr(start, ends[row] - start);
    start = ends[row];
    ++number_;
    if (auto filled = fill_row(record, row); !filled) return filled;
  }
  api_.data_chunk_set_size(chunk, ends.size());
  return {};
}

core::Status ColumnFiller::fill_row(std::string_view record, Count row) {
  simdjson::dom::object object;
  if (parse_json(parser_, record, object) != simdjson::SUCCESS)
    return core::fail(core::ErrorCode::corrupt, "a stored line is not a JSON object");
  there_.assign(columns_.size(), false);
  std::size_t likely = 0;  // records have their members in one order, mostly
  for (const auto& [name, value] : object) {
    std::size_t at = likely;
    if (at >= columns_.size() || columns_[at].name != name)
      at = static_cast<std::size_t>(std::ranges::find(columns_, name, &Column::name) -
                                    columns_.begin());
    if (at == columns_.size()) continue;
    likely = at + 1;
    if (there_[at]) continue;
    there_[at] = true;
    const bool as_text = (columns_[at].type == ColumnType::json && !columns_[at].element) ||
                         columns_[at].type == ColumnType::text;
    const std::string_view text =  // where its numbers are to be as they were written
        as_text && has_own_form(value) ? member_text(object, record, name) : std::string_view();
    if (auto put = put_value(columns_[at], at, row, value, text); !put) return put;
  }
  for (std::size_t i = 0; i < columns_.size(); ++i)
    if (!there_[i]) put_null(i, row);
  return {};
}

void ColumnFiller::put_null(std::size_t at, Count row) {
  set_invalid(vectors_[at], row);
  if (columns_[at].element)
    static_cast<ListEntry*>(api_.vector_get_data(vectors_[at]))[row] = {elements_[at], 0};
}

void ColumnFiller::set_invalid(Vector vector, Count row) {
  api_.vector_ensure_validity_writable(vector);
  api_.vector_get_validity(vector)[row / 64] &= ~(std::uint64_t{1} << (row % 64));
}

core::Status ColumnFiller::put_value(const Column& column, std::size_t at, Count row,
                                     const simdjson::dom::element& value, std::string_view text) {
  if (value.is_null()) {
    put_null(at, row);
    return {};
  }
  if (!column.element) {
    if (put_scalar(column.type, vectors_[at], row, value, text)) return {};
    return wrong(column, title_of(column.type), value);
  }
  simdjson::dom::array list;
  if (value.get(list) != simdjson::SUCCESS) return wrong(column, "a list", value);
  return put_list(column, at, row, list);
}

core::Status ColumnFiller::put_list(const Column& column, std::size_t at, Count row,
                                    const simdjson::dom::array& list) {
  const Count first = elements_[at];
  const Count count = static_cast<Count>(list.size());
  if (api_.list_vector_reserve(vectors_[at], first + count) != 0 ||
      api_.list_vector_set_size(vectors_[at], first + count) != 0)
    throw std::bad_alloc();
  const Vector child = api_.list_vector_get_child(vectors_[at]);
  Count place = first;
  for (const simdjson::dom::element element : list) {
    if (element.is_null()) {
      set_invalid(child, place);
    } else if (!put_scalar(*column.element, child, place, element, {})) {
      return wrong(column, fmt::format("a list of {}", title_of(*column.element)), element);
    }
    ++place;
  }
  static_cast<ListEntry*>(api_.vector_get_data(vectors_[at]))[row] = {first, count};
  elements_[at] = place;
  return {};
}

// False: it is not of this type.
bool ColumnFiller::put_scalar(ColumnType type, Vector vector, Count row,
                              const simdjson::dom::element& value, std::string_view text) {
  void* const data = api_.vector_get_data(vector);
  switch (type) {
    case ColumnType::integer:
      return value.get(static_cast<std::int64_t*>(data)[row]) == simdjson::SUCCESS;
    case ColumnType::number:
      return value.get(static_cast<double*>(data)[row]) == simdjson::SUCCESS;
    case ColumnType::boolean:
      return value.get(static_cast<bool*>(data)[row]) == simdjson::SUCCESS;
    case ColumnType::text: {
      std::string_view plain;
      if (value.get(plain) == simdjson::SUCCESS) {
        api_.vector_assign_string_element_len(vector, row, plain.data(), plain.size());
        return true;
      }
      break;
    }
    case ColumnType::json:
      break;
  }
  json_.clear();
  append_as_written(json_, value, text);
  api_.vector_assign_string_element_len(vector, row, json_.data(), json_.size());
  return true;
}

std::unexpected<core::Error> ColumnFiller::wrong(const Column& column, std::string_view wanted,
                                                 const simdjson::dom::element& value) const {
  std::string shown = simdjson::minify(value);
  if (shown.size() > 60) shown = shown.substr(0, 60) + "…";
  return core::fail(
      core::ErrorCode::io,
      fmt::format("row {}: '{}' is {}, and its column in Parquet is to be {}", number_,
                  core::printable(column.name), core::printable(shown), wanted));
}

}  // namespace sluice::format::duckdb
