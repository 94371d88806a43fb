// Replies and lines of results of every batch API in the registry. The input is a byte that chooses
// the service, then the bytes, which are read as each kind of reply in turn.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codec/registry.h"

namespace sluice::provider {
namespace {

constexpr std::string_view kBaseUrl = "http://127.0.0.1/v1";

void demand(bool holds) {
  if (!holds) std::abort();
}

struct Service {
  std::unique_ptr<BatchApi> api;
  std::unique_ptr<Codec> codec;
};

std::vector<Service> services() {
  std::vector<Service> all;
  for (const Provider& provider : codec::providers()) {
    if (provider.profile->batch == nullptr) continue;
    EndpointSpec spec;
    spec.provider = provider;
    spec.base_url = kBaseUrl;
    spec.model = "m";
    spec.project = "p";
    spec.batch_role = "r";
    for (const char* bucket : {"gs://b/f", "s3://b/f"}) {
      spec.batch_bucket = bucket;
      auto api = codec::make_batch_api(spec);
      if (api == nullptr) continue;
      all.push_back({std::move(api), codec::make_codec(spec)});
      break;
    }
  }
  return all;
}

// Whatever a reply names, a call stays with the host, and is one line of a request's head.
void check_call(const BatchCall& call) {
  demand(call.path.starts_with('/') || call.path.starts_with("http://127.0.0.1/"));
  demand(std::ranges::all_of(call.path, [](char c) { return c > ' ' && c < '\x7f'; }));
}

void check_calls(const std::vector<BatchCall>& calls) {
  for (const BatchCall& call : calls) check_call(call);
}

void check_status(const BatchApi& api, const BatchStatus& status) {
  demand(!status.refused || status.ended);
  const BatchJob job{
      .nonce = "n", .input = status.input, .id = status.id, .results = status.results};
  check_call(api.poll(job));
  check_call(api.cancel(job));
  check_calls(api.downloads(job));
  check_calls(api.clean_up(job));
  for (const std::string& place : api.places_of_results(job))
    demand(place.starts_with("gs://b/f/sluice-n/") || place.starts_with("s3://b/f/sluice-n/"));
}

void check_line(const Service& service, const BatchLine& line) {
  demand(!line.custom_id.empty());
  if (line.kind != BatchLine::Kind::reply) return;
  demand(line.status > 0 && line.status <= 599);
  const Reply reply =
      service.codec->read(line.status, {}, line.body, core::ManualClock().wall_now());
  demand(line.status == 200 || reply.outcome.action != Action::none || line.status < 300);
}

void fuzz_batch(std::string_view input) {
  static const std::vector<Service> kServices = services();
  if (input.empty()) return;
  const Service& service = kServices[static_cast<std::uint8_t>(input[0]) % kServices.size()];
  const BatchApi& api = *service.api;
  input.remove_prefix(1);
  const std::vector<HeaderView> headers = {{"x-goog-upload-url", input}};
  if (const auto status = api.status({headers, input})) {
    demand(!status->id.empty());
    check_status(api, *status);
  }
  if (const auto page = api.page({headers, input, "7"})) {
    for (const BatchStatus& status : page->batches) check_status(api, status);
    check_call(api.list({.nonce = "n"}, page->next));
  }
  for (int number = 0; number < api.uploads(); ++number)
    if (const auto file = api.uploaded({.nonce = "n"}, number, {headers, input})) {
      const BatchJob job{.nonce = "n", .input = *file};
      if (number + 1 < api.uploads()) check_call(api.upload(job, number + 1));
      check_calls(api.clean_up(job));
    }
  if (const auto line = api.line(input)) check_line(service, *line);
  if (!api.results_in_pages()) return;
  if (const auto page = api.result_page({.nonce = "n", .results = "r"}, {headers, input})) {
    if (page->next) check_call(*page->next);
    for (const std::string& text : page->lines)
      if (const auto line = api.line(text)) check_line(service, *line);
  }
}

}  // namespace
}  // namespace sluice::provider

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::provider::fuzz_batch({reinterpret_cast<const char*>(data), size});
  return 0;
}
