// Appends a parsed JSON value as compact JSON. The same bytes as simdjson::minify(), which the
// hashes of keys stand on, without its detour through a buffer of its own. Any thread.
#pragma once

#include <simdjson.h>

#include <string>

namespace sluice::stages {

void append_json(std::string& out, const simdjson::dom::element& value);

}  // namespace sluice::stages
