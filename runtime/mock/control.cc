#include "mock/control.h"

#include <simdjson.h>

namespace sluice::mock {

core::Result<Control> read_control(const std::string& body) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  std::string_view name;
  Control control;
  double seconds = 0;
  const bool parsed = parser.parse(body).get(document) == simdjson::SUCCESS;
  if (parsed && document["batch_seconds"].get(seconds) == simdjson::SUCCESS) {
    if (!(seconds > 0 && seconds < 1e9))
      return core::fail(core::ErrorCode::usage, "\"batch_seconds\" is more than none.");
    control.batch_skip = core::Duration(static_cast<std::int64_t>(seconds * 1e9));
    if (document["outage"].error() != simdjson::SUCCESS) return control;
  }
  if (!parsed || document["outage"].get(name) != simdjson::SUCCESS) {
    return core::fail(core::ErrorCode::usage,
                      "The body is not JSON, or lacks \"outage\" and \"batch_seconds\".");
  }
  control.switches = true;
  control.outage = outage_kind(name);
  if (!control.outage && name != "none") {
    return core::fail(core::ErrorCode::usage,
                      "\"outage\" is one of \"error\", \"hang\", \"refuse\", \"none\".");
  }
  if (document["seconds"].get(seconds) == simdjson::SUCCESS) {
    if (!(seconds > 0 && seconds < 1e9))
      return core::fail(core::ErrorCode::usage, "\"seconds\" is more than none.");
    control.lasts = core::Duration(static_cast<std::int64_t>(seconds * 1e9));
  }
  if (control.outage == OutageKind::refuse && !control.lasts) {
    return core::fail(core::ErrorCode::usage,
                      "\"refuse\" needs \"seconds\": nobody could reach the mock to end it.");
  }
  return control;
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace sluice::mock
