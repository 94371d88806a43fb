// Who sends telemetry, and what both signals' bodies begin with.
//
// Threads: plain values, plain functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/json.h"
#include "telemetry/variables.h"

namespace sluice::telemetry {

// Who exports. What OTEL_RESOURCE_ATTRIBUTES says of the same wins.
struct Source {
  std::string job;
  std::string version;   // of the program
  std::string instance;  // unique among those that export at a time
};

// The attributes of the resource: those of the environment, then ours.
Pairs resource_of(const Pairs& environment, const Source& source);

// Attributes as OTLP's JSON has them: [{"key":…,"value":{"stringValue":…}}, …]. 64-bit integers are
// strings there. https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
class AttributeWriter {
 public:
  explicit AttributeWriter(core::JsonWriter& out) : out_(out) {
    out_.key("attributes");
    out_.open('[');
  }
  ~AttributeWriter() { out_.close(']'); }
  AttributeWriter(const AttributeWriter&) = delete;

  void text(std::string_view name, std::string_view value);
  void number(std::string_view name, std::uint64_t value);
  void real(std::string_view name, double value);
  void flag(std::string_view name, bool value);

 private:
  void begin(std::string_view name, std::string_view type);
  void end();

  core::JsonWriter& out_;
};

void write_integer(core::JsonWriter& out, std::uint64_t value);  // "123"
void write_time(core::JsonWriter& out, std::string_view name, core::WallTime time);
// "resource":{…}, then "SCOPES":[{"scope":{…}, which the caller goes on with and closes.
void open_scope(core::JsonWriter& out, const Pairs& resource, std::string_view scopes,
                std::string_view version);

}  // namespace sluice::telemetry
