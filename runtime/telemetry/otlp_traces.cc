#include "telemetry/otlp_traces.h"

#include "core/json.h"
#include "provider/tier.h"
#include "telemetry/resource.h"

namespace sluice::telemetry {
namespace {

using provider::Cause;

// trace.proto: SpanKind, StatusCode.
constexpr int kInternal = 1;
constexpr int kClient = 3;
constexpr int kError = 2;

struct SpanWriter {
  core::JsonWriter out;
  const ClockAnchor& anchor;

  void status(std::string_view message) {
    out.key("status");
    out.open('{');
    out.field("code", kError);
    out.field("message", message);
    out.close('}');
  }

  void ids(const TraceId& trace, std::uint64_t span) {
    out.field("traceId", trace.hex());
    out.field("spanId", span_hex(span));
  }

  void times(const SpanRecord& record) {
    write_time(out, "startTimeUnixNano", anchor.wall_of(record.began));
    write_time(out, "endTimeUnixNano", anchor.wall_of(record.ended));
  }

  void request(const SpanRecord& record) {
    ids(record.trace, request_span(record.trace));
    out.field("name", "request");
    out.field("kind", kInternal);
    times(record);
    {
      AttributeWriter attributes(out);
      attributes.text("sluice.result", observe::how_name(record.how));
      attributes.number("sluice.rows", record.rows);
      attributes.number("sluice.attempts", record.attempts);
    }
    if (record.how == observe::RequestEnded::How::rejected) status("rejected");
  }

  void attempt(const SpanRecord& record) {
    const EndpointInfo& endpoint = *record.endpoint;
    ids(record.trace, attempt_span(record.trace, record.attempt));
    out.field("parentSpanId", span_hex(request_span(record.trace)));
    out.field("name", endpoint.model.empty() ? endpoint.operation
                                             : endpoint.operation + " " + endpoint.model);
    out.field("kind", kClient);
    times(record);
    // A hedge's loser did not fail: its answer was not needed any more.
    const bool cancelled = record.cause == Cause::cancelled;
    const bool failed = record.cause != Cause::none && !cancelled;
    {
      AttributeWriter attributes(out);
      attributes.text("gen_ai.operation.name", endpoint.operation);
      attributes.text("gen_ai.provider.name", endpoint.provider);
      attributes.text("gen_ai.request.model", endpoint.model);
      if (record.billing == provider::Billing::known) usage(attributes, record.usage);
      if (!endpoint.address.empty()) {
        attributes.text("server.address", endpoint.address);
        attributes.number("server.port", endpoint.port);
      }
      if (record.status > 0)
        attributes.number("http.response.status_code", static_cast<std::uint64_t>(record.status));
      if (failed) attributes.text("error.type", provider::cause_name(record.cause));
      if (cancelled) attributes.flag("sluice.cancelled", true);
      attributes.text("sluice.endpoint", endpoint.name);
      attributes.number("sluice.attempt", record.attempts);
      attributes.number("sluice.rows", record.rows);
      attributes.real("sluice.cost_dollars", record.cost.dollars());
      // A worst case: the provider may have charged for it.
      if (record.billing == provider::Billing::possible)
        attributes.flag("sluice.maybe_billed", true);
      const std::string_view served = provider::tier_name(record.tier);
      const std::string_view tier = served.empty() ? std::string_view(endpoint.tier) : served;
      if (!tier.empty()) attributes.text("sluice.tier", tier);
    }
    if (failed) status(provider::cause_name(record.cause));
  }

  static void usage(AttributeWriter& attributes, const provider::Usage& usage) {
    attributes.number("gen_ai.usage.input_tokens", usage.input);
    attributes.number("gen_ai.usage.output_tokens", usage.output);
    const std::uint64_t written = usage.cache_write + usage.cache_write_1h;
    if (usage.cached_input > 0)
      attributes.number("gen_ai.usage.cache_read.input_tokens", usage.cached_input);
    if (written > 0) attributes.number("gen_ai.usage.cache_creation.input_tokens", written);
    if (usage.reasoning > 0)
      attributes.number("gen_ai.usage.reasoning.output_tokens", usage.reasoning);
  }
};

}  // namespace

std::string traces_body(std::span<const SpanRecord> spans, const ClockAnchor& anchor,
                        const Pairs& resource, std::string_view version) {
  std::string json;
  SpanWriter writer{core::JsonWriter(json), anchor};
  core::JsonWriter& out = writer.out;
  out.open('{');
  out.key("resourceSpans");
  out.open('[');
  out.open('{');
  open_scope(out, resource, "scopeSpans", version);
  out.key("spans");
  out.open('[');
  for (const SpanRecord& record : spans) {
    out.open('{');
    if (record.kind == SpanRecord::Kind::request)
      writer.request(record);
    else
      writer.attempt(record);
    out.close('}');
  }
  out.close(']');
  out.close('}');
  out.close(']');
  out.close('}');
  out.close(']');
  out.close('}');
  return json;
}

}  // namespace sluice::telemetry
