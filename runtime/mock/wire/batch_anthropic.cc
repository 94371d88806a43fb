// Anthropic's Message Batches (docs/providers.md, Batch APIs).
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "wire/batch.h"
#include "wire/date.h"

namespace sluice::wire {
namespace {

constexpr std::size_t kAnthropicMostBody = 256 << 20;

constexpr std::array kAnthropicRequestFields = {
    Field{.name = "custom_id", .kinds = kString, .required = true},
    Field{.name = "params", .kinds = kObject, .required = true}};
const Fields kAnthropicRequest = {.list = kAnthropicRequestFields};
constexpr std::array kAnthropicBatchFields = {Field{.name = "requests",
                                                    .kinds = kArray,
                                                    .required = true,
                                                    .inside = &kAnthropicRequest,
                                                    .least = 1,
                                                    .most = 100'000}};
const Fields kAnthropicBody = {.list = kAnthropicBatchFields};

std::expected<BatchOrder, Refusal> anthropic_read_order(const Request& request) {
  if (auto mistake = mistake_in(request.body, kAnthropicBody)) {
    Refusal refusal;
    refusal.mistake = std::move(*mistake);
    return std::unexpected(std::move(refusal));
  }
  BatchOrder order;
  order.inline_lines = true;
  simdjson::dom::array requests;
  if (request.body["requests"].get(requests) != simdjson::SUCCESS) return order;  // it is there
  for (const Element one : requests) {
    order.lines += simdjson::minify(one);
    order.lines += '\n';
  }
  return order;
}

bool anthropic_is_custom_id(std::string_view id) {
  constexpr std::size_t kLongest = 64;
  return !id.empty() && id.size() <= kLongest && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-';
  });
}

std::expected<BatchLine, BatchMistake> anthropic_read_line(const Element& line, const BatchOrder&) {
  BatchLine read;
  read.id = text_at(line, "custom_id");
  if (!anthropic_is_custom_id(read.id)) {
    return std::unexpected(BatchMistake{
        "invalid_request_error",
        fmt::format(
            "requests: custom_id: String should match pattern '^[a-zA-Z0-9_-]{{1,64}}$', not "
            "'{}'",
            std::string_view(read.id).substr(0, 100)),
        0,
        {}});
  }
  Element params;
  if (line["params"].get(params) != simdjson::SUCCESS) return read;  // it is there
  read.request.method = "POST";
  read.request.target = "/v1/messages";
  read.request.headers.add("anthropic-version", "2023-06-01");
  read.request.body = simdjson::minify(params);
  // What a call may say and a batch may not is found out when the line is run.
  const bool none = count_at(params, "max_tokens") == 0;
  if (flag_at(params, "stream") || none || params["speed"].error() == simdjson::SUCCESS) {
    read.refusal.emplace();
    read.refusal->message = "stream, speed and a max_tokens of 0 are not supported in a batch.";
  }
  return read;
}

void anthropic_write_line(core::JsonWriter& w, const LineResult& line) {
  using Kind = LineResult::Kind;
  w.open('{');
  w.field("custom_id", line.id);
  w.key("result");
  if (line.null_response) {
    w.null();
    w.close('}');
    return;
  }
  w.open('{');
  switch (line.kind) {
    case Kind::answered:
      w.field("type", "succeeded");
      w.key("message");
      if (line.body_text) {
        w.value(line.body);
      } else {
        w.raw(line.body);
      }
      break;
    case Kind::refused:
      w.field("type", "errored");
      w.key("error");
      w.raw(line.body);
      break;
    case Kind::expired:
      w.field("type", "expired");
      break;
    case Kind::cancelled:
      w.field("type", "canceled");
      break;
  }
  w.close('}');
  w.close('}');
}

std::string anthropic_batch_id(std::uint64_t draw, const BatchOrder&) {
  return fmt::format("msgbatch_01{:016x}", draw);
}

BatchPlaces anthropic_places(const BatchJob& job, std::uint64_t) {
  return {job.id + "/results", {}, {}};
}

void anthropic_write_job(core::JsonWriter& w, const BatchJob& job) {
  const bool over = job.ended.has_value();
  const auto stamp = [&](std::string_view name, std::optional<core::WallTime> at) {
    w.key(name);
    if (at) {
      w.value(rfc3339(*at));
    } else {
      w.null();
    }
  };
  w.open('{');
  w.field("id", job.id);
  w.field("type", "message_batch");
  w.field("processing_status", over                                  ? "ended"
                               : job.state == BatchState::cancelling ? "canceling"
                                                                     : "in_progress");
  // The others are zero until all is over.
  const BatchCounts counts = over ? job.counts : BatchCounts{.total = job.counts.total};
  w.key("request_counts");
  w.open('{');
  w.field("processing", counts.left());
  w.field("succeeded", counts.succeeded);
  w.field("errored", counts.failed);
  w.field("canceled", counts.cancelled);
  w.field("expired", counts.expired);
  w.close('}');
  stamp("ended_at", job.ended);
  stamp("created_at", job.created);
  stamp("expires_at", job.expires.value_or(job.created + std::chrono::hours(24)));
  stamp("cancel_initiated_at", job.cancelling);
  stamp("archived_at", std::nullopt);
  w.key("results_url");
  if (over && !job.output.empty()) {
    w.value(fmt::format("{}/v1/messages/batches/{}/results", job.base, job.id));
  } else {
    w.null();
  }
  w.close('}');
}

void anthropic_reply(BatchAct act, const BatchJob& job, http::ServerResponse& response) {
  core::JsonWriter w(response.body);
  if (act != BatchAct::remove) return anthropic_write_job(w, job);
  w.open('{');
  w.field("id", job.id);
  w.field("type", "message_batch_deleted");
  w.close('}');
}

ListPart anthropic_part_of(const http::ServerRequest& request) {
  ListPart part;
  part.after = query_value(request.target, "after_id").value_or("");
  part.limit = query_count(request, "limit", 20, 1000);
  return part;
}

void anthropic_write_list(core::JsonWriter& w, std::span<const BatchJob> jobs,
                          const ListEnds& ends) {
  w.open('{');
  w.key("data");
  w.open('[');
  for (const BatchJob& job : jobs) anthropic_write_job(w, job);
  w.close(']');
  w.field("has_more", ends.more);
  for (const auto& [name, job] : {std::pair("first_id", jobs.empty() ? nullptr : &jobs.front()),
                                  std::pair("last_id", jobs.empty() ? nullptr : &jobs.back())}) {
    w.key(name);
    if (job) {
      w.value(job->id);
    } else {
      w.null();
    }
  }
  w.close('}');
}

}  // namespace

const BatchApi kAnthropicBatch = {.name = "anthropic",
                                  .service = kAnthropic,
                                  .window = std::chrono::hours(24),
                                  .most_lines = 100'000,
                                  .most_body = kAnthropicMostBody,
                                  .mistakes_refuse = true,
                                  .order = anthropic_read_order,
                                  .id = anthropic_batch_id,
                                  .line = anthropic_read_line,
                                  .write_line = anthropic_write_line,
                                  .places = anthropic_places,
                                  .reply = anthropic_reply,
                                  .part = anthropic_part_of,
                                  .write_list = anthropic_write_list};

}  // namespace sluice::wire
