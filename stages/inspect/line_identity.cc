#include "inspect/line_identity.h"

#include <simdjson.h>

#include <algorithm>

#include "core/printable.h"
#include "format/csv_record.h"
#include "format/json_value.h"

namespace sluice::inspect {

namespace {

std::string json_of(const simdjson::dom::element& value, std::string_view text) {
  std::string json;
  format::append_as_written(json, value, text);
  return json;
}

}  // namespace

std::string line_start(std::string_view line, std::size_t bytes) {
  if (line.size() <= bytes) return core::printable(line);
  while (bytes > 0 && (static_cast<unsigned char>(line[bytes]) & 0xC0) == 0x80) --bytes;
  return core::printable(line.substr(0, bytes)) + "…";
}

LineIdentity LineReader::identify(std::string_view line, store::Kind kind) const {
  thread_local simdjson::dom::parser parser;
  LineIdentity identity;
  identity.name = line_start(line);
  simdjson::dom::object object;
  if (format::parse_json(parser, line, object)) return identity;
  identity.whole = true;

  const bool answer = kind == store::Kind::answer;
  simdjson::dom::element inside;
  if (answer && for_next_level_ && object["row"].get(inside) == simdjson::SUCCESS) {
    const std::string_view text = format::member_text(object, line, "row");
    identity.row = core::name128("row of a line", {json_of(inside, text)});
    simdjson::dom::object fields;
    simdjson::dom::element key;
    if (!key_field_.empty() && inside.get(fields) == simdjson::SUCCESS &&
        fields[key_field_].get(key) == simdjson::SUCCESS)
      identity.name = json_of(key, format::member_text(fields, text, key_field_));
    return identity;
  }
  std::string row;
  bool named = false;
  const std::string_view key = answer ? std::string_view(key_field_) : "key";
  format::MemberTexts texts(line);
  for (const auto& [name, value] : object) {
    const std::string_view text = texts.next();
    // The answer's columns come last, and a row's own column of such a name is left out.
    if (answer && std::ranges::find(answer_names_, name) != answer_names_.end()) break;
    if (!answer && name != "key" && name != "row") continue;
    std::string json;
    format::append_as_written(json, value, text);
    row.append(name).append(":").append(json).append(",");
    if (!key.empty() && name == key) {
      identity.name = json;
      named = true;
    } else if (!answer && !named) {
      identity.name = line_start(json);  // a reject without a key: the row itself
    }
  }
  identity.row = core::name128("row of a line", {row});
  return identity;
}

LineIdentity LineReader::identify_record(std::string_view record,
                                         const format::LineForm& form) const {
  LineIdentity identity;
  identity.name = line_start(record);
  const std::vector<std::string> cells = format::csv_cells(record, form.delimiter());
  if (cells.size() != form.columns().size()) return identity;
  identity.whole = true;
  std::string row;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string& name = form.columns()[i];
    if (std::ranges::find(answer_names_, name) != answer_names_.end()) break;
    row.append(name).append(":").append(cells[i]).append(",");
    if (!key_field_.empty() && name == key_field_) identity.name = line_start(cells[i]);
  }
  identity.row = core::name128("row of a line", {row});
  return identity;
}

}  // namespace sluice::inspect
