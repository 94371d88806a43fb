// Both sides of each batch API, written apart from each other: what provider::BatchApi asks, the mock
// does; what the mock answers, the API and the service's codec read.
#include "codec/registry.h"
#include "tests/mock/batch_support.h"

namespace sluice::mock {
namespace {

using namespace std::chrono_literals;

constexpr int kLines = 3;

// A service's batch API, held against the mock.
class ApiOnMock {
 public:
  ApiOnMock(const std::string& constructor, const std::string& root, const std::string& model)
      : mock_(batch_options()), root_(root) {
    spec_.provider = codec::find_provider(constructor);
    spec_.base_url = "http://mock" + root;
    spec_.model = model;
    spec_.batch = true;
    api_ = codec::make_batch_api(spec_);
    codec_ = codec::make_codec(spec_);
    provider::PromptFrame prompt;
    prompt.system = "Be brief.";
    const provider::BodyFrame frame = codec_->frame(prompt);
    for (int i = 0; i < kLines; ++i) {
      if (i > 0) file_ += api_->between_items();
      file_ += api_->item("n1-" + std::to_string(i), frame.prefix + R"("row")" + frame.suffix);
    }
    job_ = {.nonce = "n1", .lines = kLines, .bytes = file_.size()};
  }

  http::ServerResponse ask(const provider::BatchCall& call) {
    Headers headers;
    for (const auto& [name, value] : codec_->headers())
      if (name != "content-type" && name != "accept") headers.emplace_back(name, value);
    for (auto [name, value] : call.headers) {
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      headers.emplace_back(name, value);
    }
    std::string target = call.path;
    if (target.starts_with("http://mock"))
      target.erase(0, std::string_view("http://mock").size());
    else
      target = root_ + target;
    const std::string body =
        call.body.before + (call.body.file ? file_ : std::string()) + call.body.after;
    auto response = mock_.call(call.method, target, body, headers).response;
    EXPECT_TRUE(response.status >= 200 && response.status < 300)
        << call.method << " " << target << ": " << response.status << " " << response.body;
    return response;
  }
  static std::vector<provider::HeaderView> views(const http::ServerResponse& response) {
    return {response.headers.begin(), response.headers.end()};
  }

  void hand_over() {
    for (int i = 0; i < api_->uploads(); ++i) {
      const auto response = ask(api_->upload(job_, i));
      const auto headers = views(response);
      const auto input = api_->uploaded(job_, i, {headers, response.body});
      ASSERT_TRUE(input) << input.error().text();
      job_.input = *input;
    }
    const auto status = take(ask(api_->create(job_)));
    EXPECT_FALSE(status.ended);
    job_.id = status.id;
  }
  provider::BatchStatus take(const http::ServerResponse& response) {
    const auto headers = views(response);
    const auto status = api_->status({headers, response.body});
    EXPECT_TRUE(status) << status.error().text() << response.body;
    return status.value_or(provider::BatchStatus());
  }
  provider::BatchStatus poll() { return take(ask(api_->poll(job_))); }
  std::vector<provider::BatchStatus> listed() {
    const auto response = ask(api_->list(job_, ""));
    const auto headers = views(response);
    const auto page = api_->page({headers, response.body});
    EXPECT_TRUE(page) << response.body;
    return page ? page->batches : std::vector<provider::BatchStatus>();
  }
  // Of the answers, by their names.
  std::map<std::string, std::string> results(const provider::BatchStatus& status) {
    std::map<std::string, std::string> texts;
    job_.results = status.results;
    for (const provider::BatchCall& call : api_->downloads(job_)) {
      const std::string text = ask(call).body;
      for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const auto line = api_->line(std::string_view(text).substr(at, end - at));
        EXPECT_TRUE(line) << line.error().text() << text;
        if (line) {
          const auto reply = codec_->read(line->status, {}, line->body, mock_.wall());
          EXPECT_EQ(reply.outcome.action, provider::Action::none) << reply.outcome.text();
          texts[line->custom_id] = reply.text;
        }
        at = end + 1;
      }
    }
    return texts;
  }
  void clean_up() {
    for (const provider::BatchCall& call : api_->clean_up(job_)) ask(call);
  }

  BatchMock mock_;
  std::string root_;
  provider::EndpointSpec spec_;
  std::unique_ptr<provider::BatchApi> api_;
  std::unique_ptr<provider::Codec> codec_;
  std::string file_;
  provider::BatchJob job_;
};

struct ApiOfService {
  const char* constructor;
  const char* root;
  const char* model;
};
class BatchApis : public testing::TestWithParam<ApiOfService> {};

TEST_P(BatchApis, BringHomeWhatTheyHandOver) {
  ApiOnMock on(GetParam().constructor, GetParam().root, GetParam().model);
  ASSERT_NO_FATAL_FAILURE(on.hand_over());
  on.mock_.wait(10s);
  EXPECT_FALSE(on.poll().ended);
  const auto listed = on.listed();
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].id, on.job_.id);
  EXPECT_TRUE(listed[0].nonce == "n1" || (listed[0].nonce.empty() && listed[0].total == kLines));
  on.mock_.wait(200s);
  const provider::BatchStatus ended = on.poll();
  EXPECT_TRUE(ended.ended) << ended.word;
  EXPECT_FALSE(ended.refused);
  EXPECT_EQ(ended.done, static_cast<std::uint64_t>(kLines));
  const auto texts = on.results(ended);
  EXPECT_EQ(texts.size(), static_cast<std::size_t>(kLines));
  for (const auto& [name, text] : texts) {
    EXPECT_TRUE(name.starts_with("n1-"));
    EXPECT_FALSE(text.empty()) << name;
  }
  EXPECT_EQ(on.mock_.stats().batch.lines, static_cast<std::uint64_t>(kLines));
  on.clean_up();
}

TEST_P(BatchApis, EndSoonAfterTheyAreCancelled) {
  ApiOnMock on(GetParam().constructor, GetParam().root, GetParam().model);
  ASSERT_NO_FATAL_FAILURE(on.hand_over());
  on.mock_.wait(10s);
  on.ask(on.api_->cancel(on.job_));
  on.mock_.wait(1h);
  const provider::BatchStatus ended = on.poll();
  EXPECT_TRUE(ended.ended) << ended.word;
  EXPECT_FALSE(ended.refused);
}

INSTANTIATE_TEST_SUITE_P(All, BatchApis,
                         testing::Values(ApiOfService{"openai", "/v1", "gpt-5.4-mini"},
                                         ApiOfService{"groq", "/openai/v1",
                                                      "llama-3.3-70b-versatile"},
                                         ApiOfService{"anthropic", "/v1", "claude-haiku-4-5"},
                                         ApiOfService{"gemini", "/v1beta", "gemini-3.5-flash-lite"},
                                         ApiOfService{"mistral", "/v1", "mistral-small-latest"}),
                         [](const auto& info) { return std::string(info.param.constructor); });

}  // namespace
}  // namespace sluice::mock
