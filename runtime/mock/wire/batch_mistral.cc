// Mistral's batch jobs, with the requests in a file or in the call (docs/providers.md, Batch APIs).
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "wire/batch.h"
#include "wire/batch_lists.h"
#include "wire/date.h"
#include "wire/wires.h"

namespace sluice::wire {
namespace {

constexpr std::array kMistralRequestFields = {
    Field{.name = "custom_id", .kinds = kString | kNull},
    Field{.name = "body", .kinds = kObject, .required = true}};
const Fields kMistralRequest = {.list = kMistralRequestFields};
constexpr std::array kMistralJobFields = {
    Field{.name = "endpoint",
          .kinds = kString,
          .required = true,
          .choices = "/v1/chat/completions|/v1/embeddings"},
    Field{.name = "input_files", .kinds = kArray | kNull},
    Field{.name = "requests", .kinds = kArray | kNull, .inside = &kMistralRequest, .most = 10'000},
    Field{.name = "model", .kinds = kString | kNull},
    Field{.name = "agent_id", .kinds = kNull},
    Field{.name = "metadata", .kinds = kObject | kNull},
    Field{.name = "timeout_hours", .kinds = kInteger, .least = 1, .most = 168}};
const Fields kMistralJob = {.list = kMistralJobFields};

std::expected<BatchOrder, Refusal> mistral_read_order(const Request& request) {
  const Element& body = request.body;
  if (auto mistake = mistake_in(body, kMistralJob)) {
    Refusal refusal;
    refusal.mistake = std::move(*mistake);
    return std::unexpected(std::move(refusal));
  }
  BatchOrder order;
  order.endpoint = text_at(body, "endpoint");
  order.model = text_at(body, "model");
  order.window = std::chrono::hours(count_at(body, "timeout_hours").value_or(24));
  Element metadata;
  if (body["metadata"].get(metadata) == simdjson::SUCCESS && metadata.is_object()) {
    order.metadata = simdjson::minify(metadata);
    order.label = label_in(metadata);
  }
  simdjson::dom::array requests;
  simdjson::dom::array files;
  if (body["requests"].get(requests) == simdjson::SUCCESS) {
    order.inline_lines = true;
    for (const Element one : requests) {
      order.lines += simdjson::minify(one);
      order.lines += '\n';
    }
    return order;
  }
  if (body["input_files"].get(files) != simdjson::SUCCESS)
    return bad_request("Either input_files or requests must be given.");
  if (files.size() != 1) return bad_request("The mock takes one file in input_files.");
  std::string_view file;
  if (files.at(0).get(file) != simdjson::SUCCESS)
    return bad_request("input_files must be a list of ids.");
  order.input = file;
  return order;
}

std::expected<BatchLine, BatchMistake> mistral_read_line(const Element& line,
                                                         const BatchOrder& order) {
  simdjson::dom::object body;
  if (line["body"].get(body) != simdjson::SUCCESS) {
    return std::unexpected(BatchMistake{
        "invalid_line", "Each line must be an object with a \"body\" object.", 0, "body"});
  }
  BatchLine read;
  read.id = text_at(line, "custom_id");
  read.request.method = "POST";
  read.request.target = order.endpoint;
  core::JsonWriter w(read.request.body);
  // The job's model, where it has one.
  w.open('{');
  if (!order.model.empty()) w.field("model", order.model);
  for (const auto [key, value] : body) {
    if (key == "model" && !order.model.empty()) continue;
    w.key(key);
    w.raw(simdjson::minify(value));
  }
  w.close('}');
  return read;
}

void mistral_write_line(core::JsonWriter& w, const LineResult& line) {
  using Kind = LineResult::Kind;
  const bool ran = line.kind == Kind::answered || line.kind == Kind::refused;
  w.open('{');
  w.field("id", fmt::format("batch-{:016x}", line.number));
  w.field("custom_id", line.id);
  w.key("response");
  if (!ran || line.null_response) {
    w.null();
  } else {
    w.open('{');
    w.field("status_code", line.status);
    w.key("body");
    if (line.body_text) {
      w.value(line.body);
    } else {
      w.raw(line.body);
    }
    w.close('}');
  }
  w.key("error");
  if (ran) {
    w.null();
  } else {
    w.open('{');
    w.field("message", line.kind == Kind::expired
                           ? "The job exceeded its timeout before this request."
                           : "The job was cancelled before this request.");
    w.close('}');
  }
  w.close('}');
}

std::string mistral_batch_id(std::uint64_t draw, const BatchOrder&) {
  return uuid_of(draw);
}

BatchPlaces mistral_places(const BatchJob&, std::uint64_t draw) {
  return {uuid_of(draw), uuid_of(draw + 1), {}};
}

std::string_view mistral_state_name(BatchState state) {
  switch (state) {
    case BatchState::validating:
      return "QUEUED";
    case BatchState::running:
    case BatchState::finalizing:
      return "RUNNING";
    case BatchState::completed:
      return "SUCCESS";
    case BatchState::failed:
      return "FAILED";
    case BatchState::expired:
      return "TIMEOUT_EXCEEDED";
    case BatchState::cancelling:
      return "CANCELLATION_REQUESTED";
    case BatchState::cancelled:
      break;
  }
  return "CANCELLED";
}

void mistral_write_job(core::JsonWriter& w, const BatchJob& job) {
  const BatchOrder& order = *job.order;
  const auto text = [&](std::string_view name, std::string_view value) {
    w.key(name);
    if (value.empty()) {
      w.null();
    } else {
      w.value(value);
    }
  };
  const auto stamp = [&](std::string_view name, std::optional<core::WallTime> at) {
    w.key(name);
    if (at) {
      w.value(unix_seconds(*at));
    } else {
      w.null();
    }
  };
  w.open('{');
  w.field("id", job.id);
  w.field("object", "batch");
  w.key("input_files");
  w.open('[');
  if (!order.inline_lines) w.value(order.input);
  w.close(']');
  w.key("metadata");
  if (order.metadata.empty()) {
    w.null();
  } else {
    w.raw(order.metadata);
  }
  w.field("endpoint", order.endpoint);
  text("model", job.model);
  text("output_file", job.output);
  text("error_file", job.errors);
  w.key("outputs");
  if (job.results.empty()) {
    w.null();
  } else {
    w.open('[');
    write_lines(w, job.results);
    w.close(']');
  }
  w.key("errors");
  w.open('[');
  for (const BatchMistake& mistake : job.mistakes) {
    w.open('{');
    w.field("message", mistake.line > 0 ? fmt::format("line {}: {}", mistake.line, mistake.message)
                                        : mistake.message);
    w.field("count", 1);
    w.close('}');
  }
  w.close(']');
  w.field("status", mistral_state_name(job.state));
  w.field("created_at", unix_seconds(job.created));
  stamp("started_at", job.started);
  stamp("completed_at", job.ended);
  w.field("total_requests", job.counts.total);
  w.field("completed_requests", job.counts.succeeded + job.counts.failed);
  w.field("succeeded_requests", job.counts.succeeded);
  w.field("failed_requests", job.counts.failed);
  w.close('}');
}

void mistral_reply(BatchAct act, const BatchJob& job, http::ServerResponse& response) {
  core::JsonWriter w(response.body);
  if (act != BatchAct::remove) return mistral_write_job(w, job);
  w.open('{');
  w.field("id", job.id);
  w.field("object", "batch");
  w.field("deleted", true);
  w.close('}');
}

ListPart mistral_part_of(const http::ServerRequest& request) {
  ListPart part;
  part.limit = query_count(request, "page_size", 100, 1000);
  part.skip = part.limit * query_count(request, "page", 0, 1'000'000);
  return part;
}

// Each parameter that is not one of the call's own is a field of the metadata.
bool mistral_listed(const BatchJob& job, const http::ServerRequest& request) {
  constexpr std::array<std::string_view, 6> kOwn = {"page",          "page_size", "agent_id",
                                                    "created_by_me", "order_by",  "inline"};
  simdjson::dom::parser parser;
  Element metadata;
  const bool has_metadata = !job.order->metadata.empty() &&
                            parser.parse(job.order->metadata).get(metadata) == simdjson::SUCCESS;
  bool states = false;  // some are asked for
  bool state = false;   // and this one's is among them
  std::string_view query = request.target;
  query.remove_prefix(std::min(query.find('?'), query.size()));
  while (!query.empty()) {
    query.remove_prefix(1);
    const std::string_view pair = query.substr(0, std::min(query.find('&'), query.size()));
    query.remove_prefix(pair.size());
    const std::size_t equal = std::min(pair.find('='), pair.size());
    const std::string key = decoded(pair.substr(0, equal));
    const std::string value = decoded(pair.substr(std::min(equal + 1, pair.size())));
    if (key == "status") {
      states = true;
      state = state || value == mistral_state_name(job.state);
    } else if (key == "model") {
      if (value != job.model) return false;
    } else if (key == "created_after") {
      if (value > rfc3339(job.created)) return false;
    } else if (std::find(kOwn.begin(), kOwn.end(), key) == kOwn.end()) {
      if (!has_metadata || text_at(metadata, key) != value) return false;
    }
  }
  return !states || state;
}

bool mistral_shows_results(const BatchJob&, const http::ServerRequest& request) {
  return query_value(request.target, "inline") == "true";
}

void mistral_write_list(core::JsonWriter& w, std::span<const BatchJob> jobs, const ListEnds& ends) {
  w.open('{');
  w.field("object", "list");
  w.field("total", ends.total);
  w.key("data");
  w.open('[');
  for (const BatchJob& job : jobs) mistral_write_job(w, job);
  w.close(']');
  w.close('}');
}

}  // namespace

const BatchApi kMistralBatch = {.name = "mistral",
                                .service = kMistral,
                                .window = std::chrono::hours(24),
                                .most_lines = 1'000'000,
                                .order = mistral_read_order,
                                .id = mistral_batch_id,
                                .line = mistral_read_line,
                                .write_line = mistral_write_line,
                                .places = mistral_places,
                                .reply = mistral_reply,
                                .shows_results = mistral_shows_results,
                                .part = mistral_part_of,
                                .listed = mistral_listed,
                                .write_list = mistral_write_list,
                                .files = &kMistralFiles};

}  // namespace sluice::wire
