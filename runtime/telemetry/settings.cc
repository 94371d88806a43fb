#include "telemetry/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "http/url.h"

namespace sluice::telemetry {
namespace {

constexpr std::uint64_t kMostSpans = 100'000;                 // that wait: some 10 MB
constexpr core::Duration kNoTimeout = std::chrono::hours(1);  // 0 stands for no limit
// Those that the client writes, or that follow from what is sent.
constexpr std::array<std::string_view, 8> kOwnHeaders = {
    "host",         "content-length",   "connection", "accept-encoding",
    "content-type", "content-encoding", "user-agent", "transfer-encoding"};

struct Names {
  std::string_view infix;  // of the signal's own variables
  std::string_view path;
  std::string exporter;
};

Names names_of(Signal signal) {
  if (signal == Signal::traces) return {"TRACES_", "/v1/traces", "OTEL_TRACES_EXPORTER"};
  return {"METRICS_", "/v1/metrics", "OTEL_METRICS_EXPORTER"};
}

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return text;
}

bool is_header_name(std::string_view name) {
  constexpr std::string_view kSigns = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::ranges::all_of(name, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kSigns.contains(c);
  });
}

struct Reader {
  Variables& variables;
  Signal signal;
  Names names = names_of(signal);

  std::optional<Variables::Found> option(std::string_view end) const {
    return variables.find(fmt::format("OTEL_EXPORTER_OTLP_{}{}", names.infix, end),
                          fmt::format("OTEL_EXPORTER_OTLP_{}", end));
  }

  bool wanted() {
    const auto exporter = variables.find(names.exporter);
    if (!exporter || exporter->value == "otlp") return true;
    if (exporter->value == "none") return false;
    variables.note(fmt::format(
        "{}: sluice has no other exporter than otlp, which is used; none turns the {} off",
        names.exporter, signal_name(signal)));
    return true;
  }

  // True when the target has an address.
  bool read_address(Target& target) {
    const auto found = option("ENDPOINT");
    if (!found) return false;
    const bool own = found->name.contains(names.infix);
    auto url = http::parse_url(found->value);
    if (!url) {
      // Without the address, which may hold a password.
      std::string_view why = url.error().message;
      const std::size_t quoted = why.rfind('\'');
      why.remove_prefix(quoted == why.npos ? std::string_view("base_url ").size() : quoted + 2);
      variables.note(
          fmt::format("{} {}: no {} are exported", found->name, why, signal_name(signal)));
      return false;
    }
    target.base_url = fmt::format("http{}://{}", url->tls ? "s" : "", url->authority());
    // A signal's own address is taken as it stands, a slash at its end included.
    if (!own) {
      target.path = url->path + std::string(names.path);
    } else {
      target.path = url->path;
      if (found->value.ends_with('/') || target.path.empty()) target.path += '/';
    }
    return true;
  }

  core::Status read_protocol() {
    const auto found = option("PROTOCOL");
    if (!found || found->value == "http/json") return {};
    if (found->value == "grpc")
      return core::fail(core::ErrorCode::usage,
                        fmt::format("{} is grpc, which sluice does not speak: set it to http/json, "
                                    "and let the endpoint name the "
                                    "collector's HTTP port (4318, where that of gRPC is 4317), or "
                                    "turn the {} off with {}=none",
                                    found->name, signal_name(signal), names.exporter));
    variables.note(
        found->value == "http/protobuf"
            ? fmt::format("{} is http/protobuf: the {} are sent as http/json, which collectors "
                          "take at the same address",
                          found->name, signal_name(signal))
            : fmt::format("{} is not a protocol that sluice knows: the {} are sent as http/json",
                          found->name, signal_name(signal)));
    return {};
  }

  void read_headers(Target& target) {
    const auto found = option("HEADERS");
    const auto pairs = variables.pairs(found);
    if (!pairs) return;
    std::string lines;
    for (const auto& [name, value] : *pairs) {
      std::optional<std::string_view> wrong;
      if (!is_header_name(name)) {
        variables.note(fmt::format(
            "{}: one of its names is not a valid header name: it is not sent", found->name));
        continue;
      }
      if (std::ranges::find(kOwnHeaders, lower_case(name)) != kOwnHeaders.end())
        wrong = "is written by sluice itself";
      else if (!value.empty())
        wrong = core::wrong_with_secret(value);
      if (wrong) {
        variables.note(
            fmt::format("{}: the header {} {}: it is not sent", found->name, name, *wrong));
        continue;
      }
      lines += fmt::format("{}: {}\r\n", name, value);
    }
    target.headers = core::Secret(std::move(lines));
  }

  void read_compression(Target& target) {
    const auto found = option("COMPRESSION");
    if (!found) return;
    target.gzip = found->value == "gzip";
    if (!target.gzip && found->value != "none")
      variables.note(found->name + " is neither gzip nor none: nothing is compressed");
  }

  core::Result<Target> read() {
    Target target;
    if (!wanted() || !read_address(target)) return Target();
    if (auto protocol = read_protocol(); !protocol) return std::unexpected(protocol.error());
    read_headers(target);
    read_compression(target);
    if (const auto file = option("CERTIFICATE")) {
      target.ca_file = file->value;
      target.ca_variable = file->name;
    }
    for (const char* end : {"CLIENT_CERTIFICATE", "CLIENT_KEY"})
      if (const auto client = option(end))
        variables.note(client->name +
                       " is ignored: sluice shows collectors no certificate of its own");
    if (const auto timeout = variables.milliseconds(option("TIMEOUT"), 0))
      target.timeout = *timeout == core::Duration() ? kNoTimeout : *timeout;
    return target;
  }
};

double read_sampler(Variables& variables) {
  const auto found = variables.find("OTEL_TRACES_SAMPLER");
  if (!found) return 1;
  // A request has no parent here, so what a sampler does with one never matters.
  std::string_view sampler = found->value;
  constexpr std::string_view kParent = "parentbased_";
  if (sampler.starts_with(kParent)) sampler.remove_prefix(kParent.size());
  if (sampler == "always_on") return 1;
  if (sampler == "always_off") return 0;
  if (sampler == "traceidratio") return variables.share("OTEL_TRACES_SAMPLER_ARG").value_or(1);
  variables.note(
      "OTEL_TRACES_SAMPLER is none of always_on, always_off, traceidratio and these with "
      "parentbased_ in front: every request is traced");
  return 1;
}

Pairs read_resource(Variables& variables) {
  Pairs out = variables.pairs(variables.find("OTEL_RESOURCE_ATTRIBUTES")).value_or(Pairs());
  const auto name = variables.find("OTEL_SERVICE_NAME");
  const auto is_name = [](const auto& pair) { return pair.first == "service.name"; };
  const auto there = std::ranges::find_if(out, is_name);
  if (there == out.end())
    out.emplace_back("service.name", name ? name->value : "sluice");
  else if (name)
    there->second = name->value;
  return out;
}

}  // namespace

std::string_view signal_name(Signal signal) {
  return signal == Signal::traces ? "traces" : "metrics";
}

core::Result<Settings> read_settings(const http::Environment& environment) {
  Variables variables(environment);
  Settings settings;
  if (variables.flag("OTEL_SDK_DISABLED")) return settings;
  auto traces = Reader{variables, Signal::traces}.read();
  if (!traces) return std::unexpected(traces.error());
  auto metrics = Reader{variables, Signal::metrics}.read();
  if (!metrics) return std::unexpected(metrics.error());
  settings.traces = std::move(*traces);
  settings.metrics = std::move(*metrics);
  if (settings.on()) settings.resource = read_resource(variables);
  if (settings.metrics.on())
    settings.metric_interval =
        variables.milliseconds(variables.find("OTEL_METRIC_EXPORT_INTERVAL"), 1)
            .value_or(settings.metric_interval);
  if (settings.traces.on()) {
    settings.sampled = read_sampler(variables);
    if (settings.sampled == 0) settings.traces = Target();
    settings.span_delay = variables.milliseconds(variables.find("OTEL_BSP_SCHEDULE_DELAY"), 1)
                              .value_or(settings.span_delay);
    settings.span_queue =
        variables.number("OTEL_BSP_MAX_QUEUE_SIZE", 1, kMostSpans).value_or(settings.span_queue);
    settings.span_batch = variables.number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 1, kMostSpans)
                              .value_or(settings.span_batch);
    settings.span_batch = std::min(settings.span_batch, settings.span_queue);
  }
  settings.notes = variables.take_notes();
  // What is wrong with a variable of both signals is said once.
  std::vector<std::string> once;
  for (std::string& note : settings.notes)
    if (std::ranges::find(once, note) == once.end()) once.push_back(std::move(note));
  settings.notes = std::move(once);
  return settings;
}

}  // namespace sluice::telemetry
