// OpenAI's files and batches (docs/providers.md, Batch APIs), and how Azure's and Groq's differ.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "wire/batch.h"
#include "wire/batch_lists.h"

namespace sluice::wire {
namespace {

constexpr std::array kOpenaiExpiryFields = {
    Field{.name = "anchor", .kinds = kString, .required = true, .choices = "created_at"},
    Field{
        .name = "seconds", .kinds = kInteger, .required = true, .least = 3600, .most = 2'592'000}};
const Fields kOpenaiExpiry = {.list = kOpenaiExpiryFields};
constexpr std::array kOpenaiCreateFields = {
    Field{.name = "input_file_id", .kinds = kString, .required = true},
    Field{.name = "endpoint",
          .kinds = kString,
          .required = true,
          .choices = "/v1/chat/completions|/v1/responses|/v1/embeddings|/chat/completions|"
                     "/responses|/embeddings"},
    Field{.name = "completion_window", .kinds = kString, .required = true},
    Field{.name = "metadata", .kinds = kObject | kNull},
    Field{.name = "output_expires_after", .kinds = kObject | kNull, .inside = &kOpenaiExpiry}};
const Fields kOpenaiCreate = {.list = kOpenaiCreateFields};

// Azure's clients leave out the "/v1" of an endpoint.
std::string openai_endpoint_of(std::string_view text) {
  return text.starts_with("/v1/") ? std::string(text) : "/v1" + std::string(text);
}

// "24h", "7d".
std::optional<core::Duration> openai_window_of(std::string_view text) {
  std::int64_t number = 0;
  if (text.size() < 2 || text.size() > 4) return std::nullopt;
  for (const char c : text.substr(0, text.size() - 1)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  if (text.back() == 'h') return std::chrono::hours(number);
  if (text.back() == 'd') return std::chrono::hours(24 * number);
  return std::nullopt;
}

std::expected<BatchOrder, Refusal> openai_read_order(const Request& request, bool any_window) {
  const Element& body = request.body;
  if (auto mistake = mistake_in(body, kOpenaiCreate)) {
    Refusal refusal;
    refusal.mistake = std::move(*mistake);
    return std::unexpected(std::move(refusal));
  }
  BatchOrder order;
  order.input = text_at(body, "input_file_id");
  order.endpoint = openai_endpoint_of(text_at(body, "endpoint"));
  const std::string_view window = text_at(body, "completion_window");
  const auto asked = openai_window_of(window);
  if (!asked || (!any_window && window != "24h")) {
    return bad_request(fmt::format("Invalid value: '{}'. Supported values are: '24h'.", window),
                       "completion_window", "invalid_value");
  }
  if (any_window) order.window = *asked;
  order.extra = window;
  Element metadata;
  if (body["metadata"].get(metadata) == simdjson::SUCCESS && metadata.is_object()) {
    constexpr std::size_t kMostPairs = 16;
    constexpr std::size_t kLongestKey = 64;
    constexpr std::size_t kLongestValue = 512;
    const simdjson::dom::object pairs = metadata.get_object().value_unsafe();
    if (pairs.size() > kMostPairs)
      return bad_request("Invalid 'metadata': too many properties. Expected at most 16.",
                         "metadata", "object_above_max_properties");
    for (const auto [key, value] : pairs) {
      std::string_view text;
      if (value.get(text) != simdjson::SUCCESS || text.size() > kLongestValue ||
          key.size() > kLongestKey) {
        return bad_request(fmt::format("Invalid 'metadata.{}': a string of at most 512 characters "
                                       "under a name of at most 64 is expected.",
                                       key.substr(0, kLongestKey)),
                           fmt::format("metadata.{}", key.substr(0, kLongestKey)), "invalid_type");
      }
    }
    order.metadata = simdjson::minify(metadata);
    order.label = label_in(metadata);
  }
  return order;
}

std::expected<BatchOrder, Refusal> openai_order(const Request& request) {
  return openai_read_order(request, false);
}

std::expected<BatchOrder, Refusal> groq_order(const Request& request) {
  return openai_read_order(request, true);
}

std::string openai_id(std::uint64_t draw, const BatchOrder&) {
  return fmt::format("batch_{:016x}", draw);
}

std::expected<BatchLine, BatchMistake> openai_line(const Element& line, const BatchOrder& order) {
  const auto wrong = [](std::string code, std::string message, std::string field = {}) {
    return std::unexpected(BatchMistake{std::move(code), std::move(message), 0, std::move(field)});
  };
  if (!line.is_object())
    return wrong("invalid_json_line", "This line is not parseable as valid JSON.");
  BatchLine read;
  for (const std::string_view key : {"custom_id", "method", "url", "body"}) {
    Element value;
    const bool there = line[key].get(value) == simdjson::SUCCESS;
    if (!there || (key == "body" ? !value.is_object() : !value.is_string())) {
      return wrong("missing_required_parameter",
                   fmt::format("Missing required parameter: '{}'.", key), std::string(key));
    }
  }
  read.id = text_at(line, "custom_id");
  const std::string url = openai_endpoint_of(text_at(line, "url"));
  if (url != order.endpoint) {
    return wrong("invalid_url",
                 fmt::format("The URL provided for this request does not match the batch endpoint: "
                             "{} and {}.",
                             url, order.endpoint),
                 "url");
  }
  if (text_at(line, "method") != "POST")
    return wrong("invalid_method", "The method of a request must be POST.", "method");
  const Element body = line["body"].value_unsafe();
  if (flag_at(body, "stream"))
    return wrong("streaming_unsupported", "Streaming is not supported in a batch.", "body.stream");
  read.request.method = "POST";
  read.request.target = url;
  read.request.body = simdjson::minify(body);
  return read;
}

void openai_write_line(core::JsonWriter& w, const LineResult& line) {
  using Kind = LineResult::Kind;
  w.open('{');
  w.field("id", fmt::format("batch_req_{:016x}", line.number));
  w.field("custom_id", line.id);
  w.key("response");
  const bool ran = line.kind == Kind::answered || line.kind == Kind::refused;
  if (!ran || line.null_response) {
    w.null();
  } else {
    w.open('{');
    w.field("status_code", line.status);
    w.field("request_id", fmt::format("req_{:016x}", line.number));
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
    const bool expired = line.kind == Kind::expired;
    w.open('{');
    w.field("code", expired ? "batch_expired" : "batch_cancelled");
    w.field("message",
            expired ? "This request could not be executed before the completion window expired."
                    : "This request was not executed before the batch was cancelled.");
    w.close('}');
  }
  w.close('}');
}

BatchPlaces openai_places(const BatchJob&, std::uint64_t draw) {
  return {openai_file_id(draw), openai_file_id(draw + 1), {}};
}

std::string_view openai_state_name(BatchState state) {
  switch (state) {
    case BatchState::validating:
      return "validating";
    case BatchState::running:
      return "in_progress";
    case BatchState::finalizing:
      return "finalizing";
    case BatchState::completed:
      return "completed";
    case BatchState::failed:
      return "failed";
    case BatchState::expired:
      return "expired";
    case BatchState::cancelling:
      return "cancelling";
    case BatchState::cancelled:
      break;
  }
  return "cancelled";
}

void openai_write_mistakes(core::JsonWriter& w, const std::vector<BatchMistake>& mistakes) {
  if (mistakes.empty()) return w.null();
  w.open('{');
  w.field("object", "list");
  w.key("data");
  w.open('[');
  for (const BatchMistake& mistake : mistakes) {
    w.open('{');
    w.field("code", mistake.code);
    w.field("message", mistake.message);
    w.key("param");
    if (mistake.field.empty()) {
      w.null();
    } else {
      w.value(mistake.field);
    }
    w.key("line");
    if (mistake.line == 0) {
      w.null();
    } else {
      w.value(mistake.line);
    }
    w.close('}');
  }
  w.close(']');
  w.close('}');
}

void openai_write_usage(core::JsonWriter& w, const BatchUsage& usage) {
  w.raw(fmt::format(R"({{"input_tokens":{},"input_tokens_details":{{"cached_tokens":{}}},)"
                    R"("output_tokens":{},"output_tokens_details":{{"reasoning_tokens":{}}},)"
                    R"("total_tokens":{}}})",
                    usage.input, usage.cached, usage.output, usage.reasoning,
                    usage.input + usage.output));
}

void openai_write_job(core::JsonWriter& w, const BatchJob& job) {
  const auto text = [&](std::string_view name, std::string_view value) {
    w.key(name);
    if (value.empty()) {
      w.null();
    } else {
      w.value(value);
    }
  };
  const auto stamp = [&](std::string_view name, std::optional<core::WallTime> at,
                         bool there = true) {
    w.key(name);
    if (at && there) {
      w.value(unix_seconds(*at));
    } else {
      w.null();
    }
  };
  w.open('{');
  w.field("id", job.id);
  w.field("object", "batch");
  w.field("endpoint", job.order->endpoint);
  text("model", job.model);
  w.key("errors");
  openai_write_mistakes(w, job.mistakes);
  w.field("input_file_id", job.order->input);
  w.field("completion_window", job.order->extra);
  w.field("status", openai_state_name(job.state));
  text("output_file_id", job.output);
  text("error_file_id", job.errors);
  w.field("created_at", unix_seconds(job.created));
  stamp("in_progress_at", job.started);
  stamp("expires_at", job.expires);
  stamp("finalizing_at", job.finalizing);
  stamp("completed_at", job.ended, job.state == BatchState::completed);
  stamp("failed_at", job.ended, job.state == BatchState::failed);
  stamp("expired_at", job.ended, job.state == BatchState::expired);
  stamp("cancelling_at", job.cancelling);
  stamp("cancelled_at", job.ended, job.state == BatchState::cancelled);
  w.key("request_counts");
  w.open('{');
  w.field("total", job.state == BatchState::validating ? 0 : job.counts.total);
  w.field("completed", job.counts.succeeded);
  w.field("failed", job.counts.failed);
  w.close('}');
  if (job.usage) {
    w.key("usage");
    openai_write_usage(w, *job.usage);
  }
  w.key("metadata");
  if (job.order->metadata.empty()) {
    w.null();
  } else {
    w.raw(job.order->metadata);
  }
  w.close('}');
}

void openai_reply(BatchAct, const BatchJob& job, http::ServerResponse& response) {
  core::JsonWriter w(response.body);
  openai_write_job(w, job);
}

ListPart openai_part(const http::ServerRequest& request) {
  ListPart part;
  part.after = query_value(request.target, "after").value_or("");
  part.limit = query_count(request, "limit", 20, 100);
  return part;
}

void openai_write_jobs(core::JsonWriter& w, std::span<const BatchJob> jobs, const ListEnds& ends) {
  open_list(w);
  for (const BatchJob& job : jobs) openai_write_job(w, job);
  close_list(w, jobs.empty() ? "" : jobs.front().id, jobs.empty() ? "" : jobs.back().id, ends.more);
}

constexpr BatchApi openai_like(const Service& service) {
  return {.name = service.name,
          .service = service,
          .window = std::chrono::hours(24),
          .most_lines = 50'000,
          .queue_full_fails = true,
          .order = openai_order,
          .id = openai_id,
          .line = openai_line,
          .write_line = openai_write_line,
          .places = openai_places,
          .reply = openai_reply,
          .part = openai_part,
          .write_list = openai_write_jobs,
          .files = &kOpenAiFiles};
}

// It runs on beyond the day that it aims at.
constexpr BatchApi azure() {
  BatchApi api = openai_like(kAzure);
  api.window = {};
  api.most_lines = 100'000;
  return api;
}

// Windows from a day to a week; without room it refuses.
constexpr BatchApi groq() {
  BatchApi api = openai_like(kGroq);
  api.queue_full_fails = false;
  api.order = groq_order;
  return api;
}

}  // namespace

const BatchApi kOpenAiBatch = openai_like(kOpenAi);
const BatchApi kAzureBatch = azure();
const BatchApi kGroqBatch = groq();

}  // namespace sluice::wire
