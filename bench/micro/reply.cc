// From a response's bytes to answers: HTTP, the provider's codec, the parse stage.
#include "codec/registry.h"
#include "core/json.h"
#include "http/message_parser.h"
#include "micro/measure.h"
#include "micro/samples.h"
#include "stages/output_line.h"
#include "stages/parse.h"

namespace sluice::bench {
namespace {

void http_response(benchmark::State& state) {
  struct Batcher final : http::MessageParser::Sink {
    bool on_head(http::MessageHead&& given) override {
      head = std::move(given);
      return true;
    }
    bool on_body(std::string_view bytes) override {
      body.append(bytes);
      return true;
    }
    http::MessageHead head;
    std::string body;
  };
  std::string bytes = "HTTP/1.1 200 OK\r\n";
  for (const auto& [name, value] : completion_headers())
    bytes.append(name).append(": ").append(value).append("\r\n");
  bytes.append("\r\n").append(completion_body());
  Batcher batcher;
  http::MessageParser parser(http::MessageParser::Type::response, batcher);
  for (auto _ : state) {
    batcher.body.clear();
    parser.start();
    if (parser.parse(bytes).progress != http::MessageParser::Progress::complete)
      return state.SkipWithError("not one message");
    benchmark::DoNotOptimize(batcher);
  }
  report_rows(state, 1);
}
BENCHMARK(http_response);

provider::Reply read_reply(const provider::Codec& codec) {
  std::vector<provider::HeaderView> headers;
  headers.reserve(completion_headers().size());
  for (const auto& [name, value] : completion_headers()) headers.emplace_back(name, value);
  return codec.read(200, headers, completion_body(), core::WallTime());
}

void codec_read(benchmark::State& state) {
  const auto codec = codec::make_codec(tickets(1).dispatch.endpoints.front());
  for (auto _ : state) benchmark::DoNotOptimize(read_reply(*codec));
  report_rows(state, 1);
}
BENCHMARK(codec_read);

// The answer to a pack, as models write it.
std::string packed_reply(const stages::Request& request) {
  std::string text;
  core::JsonWriter w(text);
  w.open('{');
  w.key("answers");
  w.open('[');
  for (const std::string& id : request.ids) {
    w.open('{');
    w.field("id", id);
    w.field("queue", "billing");
    w.field("urgency", 3);
    w.close('}');
  }
  w.close(']');
  w.close('}');
  return text;
}

// A burst of completions, as the graph brings them; every answer is good.
void parse(benchmark::State& state) {
  constexpr std::size_t kBurst = 64;
  const stages::PipelineSpec spec = tickets(static_cast<int>(state.range(0)));
  const stages::Question question = stages::make_question(spec);
  const stages::LineWriter lines(spec, question.answer_names());
  const provider::EndpointSpec& endpoint = spec.dispatch.endpoints.front();
  const stages::Parser parser(spec, question, lines, {stages::model_identity(endpoint)});
  const auto codec = codec::make_codec(endpoint);
  stages::Completions completions;
  for (const stages::RequestPtr& request : built_requests(spec, question, kBurst)) {
    stages::Completion completion;
    completion.request = request;
    completion.reply = read_reply(*codec);
    if (question.packed) completion.reply.text = packed_reply(*request);
    completion.settlement.attempt = request->id;
    completions.push_back(std::move(completion));
  }
  const std::size_t rows = kBurst * static_cast<std::size_t>(spec.pack.rows);
  if (parser.run(stages::Completions(completions)).results.entries.size() != rows)
    return state.SkipWithError("not every row was answered");
  measure(
      state, rows, [&] { return completions; },
      [&](stages::Completions&& fresh) { return parser.run(std::move(fresh)); });
}
BENCHMARK(parse)->Arg(1)->Arg(20);

}  // namespace
}  // namespace sluice::bench
