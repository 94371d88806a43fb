#include "format/duckdb_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/json.h"
#include "format/duckdb.h"
#include "format/json_value.h"

namespace sluice::format::duckdb {
namespace {

bool is_null(const Api& api, Vector vector, Count row) {
  const std::uint64_t* there = api.vector_get_validity(vector);
  return there != nullptr && (there[row / 64] >> (row % 64) & 1) == 0;
}

bool is_json(const Api& api, Type type) {
  char* alias = api.logical_type_get_alias(type);
  const bool json = alias != nullptr && std::string_view(alias) == "JSON";
  if (alias != nullptr) api.free(alias);
  return json;
}

template <class Value>
const Value& value_at(const Api& api, Vector vector, Count row) {
  return static_cast<const Value*>(api.vector_get_data(vector))[row];
}

std::string_view text_at(const Api& api, Vector vector, Count row) {
  const String& text = value_at<String>(api, vector, row);
  return {text.data(), text.length};
}

template <class Number>
void append_integer(Number number, std::string& out) {
  char digits[24];
  char* const end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

// The shortest digits that read back as the same; a whole number as 1.0, so that it is seen what it is.
template <class Number>
void append_float(Number number, std::string& out) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  char digits[32];
  char* const end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  const std::string_view text(digits, static_cast<std::size_t>(end - digits));
  out += text;
  if (text.find_first_of(".e") == text.npos) out += ".0";
}

// RFC 4648 with its padding.
void append_base64(std::string_view bytes, std::string& out) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  out += '"';
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k)
      bits = bits << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k)
      out += k <= count ? kLetters[bits >> (18 - 6 * k) & 63] : '=';
  }
  out += '"';
}

// "2024-01-02 03:04:05.5" as "2024-01-02T03:04:05.5"; "+00" at its end as "Z".
void append_timestamp(std::string_view text, std::string& out) {
  const std::size_t start = out.size();
  core::append_json_string(out, text);
  if (const std::size_t space = out.find(' ', start); space != out.npos) out[space] = 'T';
  if (out.ends_with("+00\"")) out.replace(out.size() - 4, 3, "Z");
}

}  // namespace

core::Status ValueForm::nest(const Api& api, Type owned, std::string_view name) {
  auto inner = of(api, owned);
  api.destroy_logical_type(&owned);
  if (!inner) return std::unexpected(inner.error());
  inner_.push_back(std::move(*inner));
  if (kind_ != Kind::record) return {};
  names_.emplace_back(name);
  core::append_json_string(keys_.emplace_back(), name);
  keys_.back() += ':';
  return {};
}

struct ValueForm::Leaf {
  TypeId id;
  Kind kind;
  std::string_view title;
  bool cast = false;  // to text, as DuckDB writes it
};

constexpr ValueForm::Leaf ValueForm::kLeaves[] = {
    {TypeId::boolean, Kind::boolean, "BOOLEAN"},
    {TypeId::int8, Kind::int8, "TINYINT"},
    {TypeId::int16, Kind::int16, "SMALLINT"},
    {TypeId::int32, Kind::int32, "INTEGER"},
    {TypeId::int64, Kind::int64, "BIGINT"},
    {TypeId::uint8, Kind::uint8, "UTINYINT"},
    {TypeId::uint16, Kind::uint16, "USMALLINT"},
    {TypeId::uint32, Kind::uint32, "UINTEGER"},
    {TypeId::uint64, Kind::uint64, "UBIGINT"},
    {TypeId::float32, Kind::float32, "FLOAT"},
    {TypeId::float64, Kind::float64, "DOUBLE"},
    {TypeId::text, Kind::text, "VARCHAR"},  // or JSON, which it calls itself
    {TypeId::blob, Kind::blob, "BLOB"},
    {TypeId::null, Kind::null, "NULL", true},
    {TypeId::int128, Kind::digits, "HUGEINT", true},
    {TypeId::uint128, Kind::digits, "UHUGEINT", true},
    {TypeId::decimal, Kind::digits, "DECIMAL", true},
    {TypeId::date, Kind::text, "DATE", true},
    {TypeId::time, Kind::text, "TIME", true},
    {TypeId::time_ns, Kind::text, "TIME_NS", true},
    {TypeId::time_zone, Kind::text, "TIME WITH TIME ZONE", true},
    {TypeId::interval, Kind::text, "INTERVAL", true},
    {TypeId::uuid, Kind::text, "UUID", true},
    {TypeId::bits, Kind::text, "BIT", true},
    {TypeId::enumeration, Kind::text, "ENUM", true},
    {TypeId::timestamp, Kind::timestamp, "TIMESTAMP", true},
    {TypeId::timestamp_s, Kind::timestamp, "TIMESTAMP_S", true},
    {TypeId::timestamp_ms, Kind::timestamp, "TIMESTAMP_MS", true},
    {TypeId::timestamp_ns, Kind::timestamp, "TIMESTAMP_NS", true},
    {TypeId::timestamp_zone, Kind::timestamp, "TIMESTAMP WITH TIME ZONE", true},
};

bool ValueForm::casts() const {
  return cast_ || std::ranges::any_of(inner_, &ValueForm::casts);
}

core::Result<ValueForm> ValueForm::of(const Api& api, Type type) {
  ValueForm form;
  const TypeId id = api.get_type_id(type);
  if (const auto* leaf = std::ranges::find(kLeaves, id, &Leaf::id); leaf != std::end(kLeaves)) {
    form.kind_ = leaf->kind;
    form.title_ = leaf->title;
    form.cast_ = leaf->cast;
    form.sql_ = leaf->cast ? "VARCHAR" : leaf->title;
    if (id == TypeId::text && is_json(api, type)) {
      form.kind_ = Kind::json;
      form.sql_ = form.title_ = "JSON";
      form.parser_ = std::make_shared<simdjson::dom::parser>();
    }
    if (id == TypeId::decimal)
      form.title_ =
          fmt::format("DECIMAL({}, {})", api.decimal_width(type), api.decimal_scale(type));
    return form;
  }
  core::Status status;
  const auto same = [&](auto text) {  // of both, by what each inner one has
    form.sql_ = text(&ValueForm::sql_);
    form.title_ = text(&ValueForm::title_);
  };
  switch (id) {
    case TypeId::list:
      form.kind_ = Kind::list;
      status = form.nest(api, api.list_type_child_type(type));
      if (status) same([&](auto text) { return form.inner_[0].*text + "[]"; });
      break;
    case TypeId::array:
      form.kind_ = Kind::array;
      form.size_ = api.array_type_array_size(type);
      status = form.nest(api, api.array_type_child_type(type));
      if (status)
        same([&](auto text) { return fmt::format("{}[{}]", form.inner_[0].*text, form.size_); });
      break;
    case TypeId::map:
      form.kind_ = Kind::map;
      status = form.nest(api, api.map_type_key_type(type));
      if (status) status = form.nest(api, api.map_type_value_type(type));
      if (status)
        same([&](auto text) {
          return fmt::format("MAP({}, {})", form.inner_[0].*text, form.inner_[1].*text);
        });
      break;
    case TypeId::record:
      form.kind_ = Kind::record;
      for (Count i = 0; i < api.struct_type_child_count(type) && status; ++i) {
        char* name = api.struct_type_child_name(type, i);
        status = form.nest(api, api.struct_type_child_type(type, i), name);
        api.free(name);
      }
      same([&](auto text) {
        std::string fields;
        for (std::size_t i = 0; i < form.inner_.size(); ++i)
          fields += fmt::format("{}{} {}", i == 0 ? "" : ", ", quoted_name(form.names_[i]),
                                form.inner_[i].*text);
        return "STRUCT(" + fields + ")";
      });
      break;
    default:
      return core::fail(core::ErrorCode::io,
                        fmt::format("is of a type that has no form in JSON here (DuckDB's type {})",
                                    static_cast<int>(id)));
  }
  if (!status) return std::unexpected(status.error());
  return form;
}

void ValueForm::append_json_text(std::string_view text, std::string& out) {
  simdjson::dom::element value;
  if (parse_json(*parser_, text, value) == simdjson::SUCCESS)
    append_as_written(out, value, text);
  else
    core::append_json_string(out, text);
}

void ValueForm::append_elements(const Api& api, Vector child, Count first, Count length,
                                std::string& out) {
  out += '[';
  for (Count i = first; i < first + length; ++i) {
    if (i != first) out += ',';
    inner_[0].append(api, child, i, out);
  }
  out += ']';
}

// An object: a key that is not text is its JSON as text.
void ValueForm::append_map(const Api& api, Vector entries, ListEntry entry, std::string& out) {
  const Vector keys = api.struct_vector_get_child(entries, 0);
  const Vector values = api.struct_vector_get_child(entries, 1);
  std::string key;
  out += '{';
  for (Count i = entry.offset; i < entry.offset + entry.length; ++i) {
    if (i != entry.offset) out += ',';
    key.clear();
    inner_[0].append(api, keys, i, key);
    if (key.starts_with('"'))
      out += key;
    else
      core::append_json_string(out, key);
    out += ':';
    inner_[1].append(api, values, i, out);
  }
  out += '}';
}

void ValueForm::append(const Api& api, Vector vector, Count row, std::string& out) {
  if (kind_ == Kind::null || is_null(api, vector, row)) {
    out += "null";
    return;
  }
  switch (kind_) {
    case Kind::boolean:
      out += value_at<bool>(api, vector, row) ? "true" : "false";
      break;
    case Kind::int8:
      append_integer(value_at<std::int8_t>(api, vector, row), out);
      break;
    case Kind::int16:
      append_integer(value_at<std::int16_t>(api, vector, row), out);
      break;
    case Kind::int32:
      append_integer(value_at<std::int32_t>(api, vector, row), out);
      break;
    case Kind::int64:
      append_integer(value_at<std::int64_t>(api, vector, row), out);
      break;
    case Kind::uint8:
      append_integer(value_at<std::uint8_t>(api, vector, row), out);
      break;
    case Kind::uint16:
      append_integer(value_at<std::uint16_t>(api, vector, row), out);
      break;
    case Kind::uint32:
      append_integer(value_at<std::uint32_t>(api, vector, row), out);
      break;
    case Kind::uint64:
      append_integer(value_at<std::uint64_t>(api, vector, row), out);
      break;
    case Kind::float32:
      append_float(value_at<float>(api, vector, row), out);
      break;
    case Kind::float64:
      append_float(value_at<double>(api, vector, row), out);
      break;
    case Kind::text:
      core::append_json_string(out, text_at(api, vector, row));
      break;
    case Kind::digits:
      out += text_at(api, vector, row);
      break;
    case Kind::timestamp:
      append_timestamp(text_at(api, vector, row), out);
      break;
    case Kind::blob:
      append_base64(text_at(api, vector, row), out);
      break;
    case Kind::json:
      append_json_text(text_at(api, vector, row), out);
      break;
    case Kind::list: {
      const ListEntry entry = value_at<ListEntry>(api, vector, row);
      append_elements(api, api.list_vector_get_child(vector), entry.offset, entry.length, out);
      break;
    }
    case Kind::array:
      append_elements(api, api.array_vector_get_child(vector), row * size_, size_, out);
      break;
    case Kind::map:
      append_map(api, api.list_vector_get_child(vector), value_at<ListEntry>(api, vector, row),
                 out);
      break;
    case Kind::record:
      out += '{';
      for (std::size_t i = 0; i < inner_.size(); ++i) {
        if (i != 0) out += ',';
        out += keys_[i];
        inner_[i].append(api, api.struct_vector_get_child(vector, i), row, out);
      }
      out += '}';
      break;
    case Kind::null:
      break;
  }
}

}  // namespace sluice::format::duckdb
