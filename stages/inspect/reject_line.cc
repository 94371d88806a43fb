#include "inspect/reject_line.h"

#include <simdjson.h>

#include "format/json_value.h"
#include "inspect/line_identity.h"

namespace sluice::inspect {

RejectLine read_reject(std::string_view line) {
  thread_local simdjson::dom::parser parser;
  RejectLine reject;
  simdjson::dom::object object;
  if (format::parse_json(parser, line, object)) return reject;
  const auto text = [&](const char* name) {
    std::string_view value;
    return object[name].get(value) ? std::string() : std::string(value);
  };
  reject.stage = text("stage");
  reject.reason = text("reason");
  reject.detail = text("detail");
  simdjson::dom::element element;
  if (object["key"].get(element) == simdjson::SUCCESS) {
    format::append_as_written(reject.name, element, format::member_text(object, line, "key"));
  } else if (object["row"].get(element) == simdjson::SUCCESS) {
    std::string row;
    format::append_as_written(row, element, format::member_text(object, line, "row"));
    reject.name = line_start(row);
  }
  simdjson::dom::array history;
  if (object["history"].get(history) == simdjson::SUCCESS) {
    for (const simdjson::dom::element step : history) {
      std::string_view words;
      if (!step.get(words)) reject.history.emplace_back(words);
    }
  }
  return reject;
}

}  // namespace sluice::inspect
