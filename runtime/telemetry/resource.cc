#include "telemetry/resource.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::telemetry {

Pairs resource_of(const Pairs& environment, const Source& source) {
  Pairs out = environment;
  const auto add = [&](std::string_view name, std::string_view value) {
    if (value.empty() || std::ranges::any_of(out, [&](const auto& p) { return p.first == name; }))
      return;
    out.emplace_back(name, value);
  };
  add("service.version", source.version);
  add("service.instance.id", source.instance);
  add("sluice.job", source.job);
  add("telemetry.sdk.language", "cpp");
  add("telemetry.sdk.name", "sluice");
  add("telemetry.sdk.version", source.version);
  return out;
}

void AttributeWriter::begin(std::string_view name, std::string_view type) {
  out_.open('{');
  out_.field("key", name);
  out_.key("value");
  out_.open('{');
  out_.key(type);
}

void AttributeWriter::end() {
  out_.close('}');
  out_.close('}');
}

void AttributeWriter::text(std::string_view name, std::string_view value) {
  begin(name, "stringValue");
  out_.value(value);
  end();
}

void AttributeWriter::number(std::string_view name, std::uint64_t value) {
  begin(name, "intValue");
  write_integer(out_, value);
  end();
}

void AttributeWriter::real(std::string_view name, double value) {
  begin(name, "doubleValue");
  out_.value(value);
  end();
}

void AttributeWriter::flag(std::string_view name, bool value) {
  begin(name, "boolValue");
  out_.value(value);
  end();
}

void write_integer(core::JsonWriter& out, std::uint64_t value) {
  out.raw(fmt::format("\"{}\"", value));
}

void write_time(core::JsonWriter& out, std::string_view name, core::WallTime time) {
  out.key(name);
  write_integer(out, static_cast<std::uint64_t>(time.time_since_epoch().count()));
}

void open_scope(core::JsonWriter& out, const Pairs& resource, std::string_view scopes,
                std::string_view version) {
  out.key("resource");
  out.open('{');
  {
    AttributeWriter attributes(out);
    for (const auto& [name, value] : resource) attributes.text(name, value);
  }
  out.close('}');
  out.key(scopes);
  out.open('[');
  out.open('{');
  out.key("scope");
  out.open('{');
  out.field("name", "sluice");
  if (!version.empty()) out.field("version", version);
  out.close('}');
}

}  // namespace sluice::telemetry
