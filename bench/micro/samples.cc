#include "micro/samples.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <iterator>

#include "stages/pack.h"
#include "stages/prepare.h"

namespace sluice::bench {
namespace {

constexpr std::size_t kBodyBytes = 330;

answer::Field field(std::string name, answer::FieldType type) {
  answer::Field made;
  made.name = std::move(name);
  made.type = type;
  return made;
}

}  // namespace

std::string row_json(std::uint64_t i) {
  constexpr std::array<std::string_view, 16> kWords = {
      "alpha", "bravo",  "charlie", "delta", "echo", "foxtrot",  "golf",  "hotel",
      "india", "juliet", "kilo",    "lima",  "mike", "november", "oscar", "papa"};
  std::string body;
  for (std::uint64_t n = i + 1; body.size() < kBodyBytes;) {
    n = n * 6364136223846793005ULL + 1442695040888963407ULL;
    body.append(kWords[n >> 60]).append(" ");
  }
  return fmt::format(R"({{"id":"T-{0:08}","subject":"ticket {0}","body":"{1}"}})", i, body);
}

core::RowBatch rows(std::size_t count) {
  core::RowBatch batch(count);
  for (std::size_t i = 0; i < count; ++i) {
    batch[i].raw = row_json(i);
    batch[i].line = i + 1;
  }
  return batch;
}

stages::PipelineSpec tickets(int rows_a_request) {
  using answer::FieldType;
  stages::PipelineSpec spec;
  spec.name = "tickets";
  spec.read.key = "id";
  answer::Field body = field("body", FieldType::text);
  body.min = 1;
  body.max = 20000;
  spec.validate = stages::ValidateSpec{{field("subject", FieldType::text), body}, {}, {}};
  spec.pack.rows = rows_a_request;
  spec.pack.system = "Sort the ticket.";
  spec.pack.user_template = "{{subject}}\n\n{{body}}";
  answer::Field queue = field("queue", FieldType::one_of);
  queue.choices = {"billing", "bug", "access", "sales", "other"};
  answer::Field urgency = field("urgency", FieldType::integer);
  urgency.min = 1;
  urgency.max = 5;
  spec.pack.answer = {queue, urgency};
  provider::EndpointSpec endpoint;
  endpoint.name = endpoint.model = "gpt-5.4-mini";
  endpoint.base_url = "https://api.openai.com/v1";
  spec.dispatch.endpoints = {endpoint};
  spec.sink.path = "out.jsonl";
  spec.sink.rejects = "out.rejects.jsonl";
  return spec;
}

stages::Items prepared(const stages::PipelineSpec& spec, const stages::Question& question,
                       std::size_t count) {
  return stages::Prepare::make(spec, question)->run(rows(count));
}

std::vector<stages::RequestPtr> built_requests(const stages::PipelineSpec& spec,
                                               const stages::Question& question,
                                               std::size_t count) {
  const auto each = static_cast<std::size_t>(spec.pack.rows);
  stages::Items items = prepared(spec, question, count * each);
  std::vector<stages::RequestPtr> requests;
  for (std::size_t i = 0; i < count; ++i) {
    auto request = std::make_shared<stages::Request>();
    request->id = i + 1;
    request->size_epoch = 0;
    const auto from = items.begin() + static_cast<std::ptrdiff_t>(i * each);
    request->items.assign(std::make_move_iterator(from),
                          std::make_move_iterator(from + static_cast<std::ptrdiff_t>(each)));
    stages::build(*request, question.packed);
    requests.push_back(std::move(request));
  }
  return requests;
}

std::string_view completion_body() {
  return R"({"id":"chatcmpl-C8u1mQ4pVb2xN7sKd0aRt6yHwZ3Lf","object":"chat.completion",)"
         R"("created":1794300000,"model":"gpt-5.4-mini-2026-03-17","choices":[{"index":0,)"
         R"("message":{"role":"assistant","content":"{\"queue\":\"billing\",\"urgency\":3}",)"
         R"("refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":146,)"
         R"("completion_tokens":12,"total_tokens":158,"prompt_tokens_details":{"cached_tokens":0,)"
         R"("audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0}},)"
         R"("service_tier":"default","system_fingerprint":"fp_a1b2c3d4e5f6a7b8c9d0e1"})";
}

const HeaderLines& completion_headers() {
  static const HeaderLines headers = {
      {"date", "Tue, 10 Nov 2026 12:00:00 GMT"},
      {"content-type", "application/json"},
      {"content-length", std::to_string(completion_body().size())},
      {"connection", "keep-alive"},
      {"openai-organization", "org-0123456789abcdef"},
      {"openai-processing-ms", "412"},
      {"openai-version", "2020-10-01"},
      {"x-ratelimit-limit-requests", "30000"},
      {"x-ratelimit-limit-tokens", "150000000"},
      {"x-ratelimit-remaining-requests", "29999"},
      {"x-ratelimit-remaining-tokens", "149999842"},
      {"x-ratelimit-reset-requests", "2ms"},
      {"x-ratelimit-reset-tokens", "0s"},
      {"x-request-id", "req_0123456789abcdef0123456789abcdef"},
      {"strict-transport-security", "max-age=31536000; includeSubDomains; preload"},
      {"x-content-type-options", "nosniff"},
      {"server", "cloudflare"},
  };
  return headers;
}

Scratch::Scratch() {
  std::string pattern = (std::filesystem::current_path() / "sluice-micro-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    std::perror("cannot make a scratch folder here");
    std::exit(1);
  }
  path_ = pattern;
}

Scratch::~Scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace sluice::bench
