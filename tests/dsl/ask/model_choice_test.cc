// Whose a model is, by its name.
#include "ask/model_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::ask {
namespace {

using testing::HasSubstr;

// "constructor model base_url key", or the error.
std::string chosen(const ModelRequest& request) {
  const auto choice = choose_endpoint(request);
  if (!choice) return choice.error().message;
  return choice->constructor + ' ' + choice->model + ' ' + choice->base_url + ' ' +
         choice->key_variable;
}
std::string chosen(const std::string& model) {
  return chosen(ModelRequest{.model = model, .endpoint = {}, .base_url = {}, .key_variable = {}});
}

TEST(ModelChoice, VendorsAreKnownByTheirNames) {
  EXPECT_EQ(chosen("gpt-5.4-mini"), "openai gpt-5.4-mini  OPENAI_API_KEY");
  EXPECT_EQ(chosen("o4-mini"), "openai o4-mini  OPENAI_API_KEY");
  EXPECT_EQ(chosen("claude-haiku-4-5"), "anthropic claude-haiku-4-5  ANTHROPIC_API_KEY");
  EXPECT_EQ(chosen("grok-4.3"), "xai grok-4.3  XAI_API_KEY");
  EXPECT_EQ(chosen("mistral-small-latest"), "mistral mistral-small-latest  MISTRAL_API_KEY");
  EXPECT_EQ(chosen("deepseek-chat"), "deepseek deepseek-chat  DEEPSEEK_API_KEY");
  EXPECT_EQ(chosen("gemini-2.5-flash"),
            "openai gemini-2.5-flash https://generativelanguage.googleapis.com/v1beta/openai "
            "GEMINI_API_KEY");
}

TEST(ModelChoice, AServiceBeforeTheNameWins) {
  EXPECT_EQ(chosen("groq/openai/gpt-oss-120b"), "groq openai/gpt-oss-120b  GROQ_API_KEY");
  EXPECT_EQ(chosen("openrouter/openai/gpt-5-mini"),
            "openrouter openai/gpt-5-mini  OPENROUTER_API_KEY");
  EXPECT_EQ(chosen("vllm/Qwen/Qwen3-8B"), "vllm Qwen/Qwen3-8B  ");
  EXPECT_EQ(
      chosen({.model = "Qwen/Qwen3-8B", .endpoint = "sglang", .base_url = {}, .key_variable = {}}),
      "sglang Qwen/Qwen3-8B  ");
}

TEST(ModelChoice, AnAddressTakesAnyName) {
  EXPECT_EQ(chosen({.model = "groq/x",
                    .endpoint = {},
                    .base_url = "http://127.0.0.1:8080/v1",
                    .key_variable = {}}),
            "openai groq/x http://127.0.0.1:8080/v1 ");
  EXPECT_EQ(chosen({.model = "m",
                    .endpoint = {},
                    .base_url = "https://api.groq.com/openai/v1",
                    .key_variable = {}}),
            "openai m https://api.groq.com/openai/v1 GROQ_API_KEY");
  EXPECT_EQ(chosen({.model = "m",
                    .endpoint = "vllm",
                    .base_url = "http://gpu:8000/v1",
                    .key_variable = "K"}),
            "vllm m http://gpu:8000/v1 K");
}

TEST(ModelChoice, AnUnknownNameIsToldWhatToWrite) {
  EXPECT_THAT(chosen("qwen3-32b"), HasSubstr("put the service before it, as in groq/qwen3-32b"));
  EXPECT_THAT(chosen("gpt-oss-120b"),
              HasSubstr("groq/openai/gpt-oss-120b, or cerebras/gpt-oss-120b"));
  EXPECT_THAT(chosen("llama-3.3-70b-versatile"), HasSubstr("--model groq/llama-3.3-70b-versatile"));
  EXPECT_THAT(chosen("groq/"), HasSubstr("names a service and no model"));
  EXPECT_THAT(chosen(""), HasSubstr("a name is missing"));
  EXPECT_THAT(chosen({.model = "m", .endpoint = "grog", .base_url = {}, .key_variable = {}}),
              HasSubstr("did you mean 'groq'?"));
}

TEST(ModelChoice, AHostOfAKnownServiceHasItsKey) {
  const auto at = [](const std::string& url) {
    return choose_endpoint({.model = "m", .endpoint = {}, .base_url = url, .key_variable = {}})
        ->key_variable;
  };
  EXPECT_EQ(at("https://api.openai.com/v1"), "OPENAI_API_KEY");
  EXPECT_EQ(at("https://generativelanguage.googleapis.com/v1beta/openai"), "GEMINI_API_KEY");
  EXPECT_EQ(at("https://api.anthropic.com/v1"), "ANTHROPIC_API_KEY");
  EXPECT_EQ(at("https://api.openai.com.example/v1"), "");
}

// With OPENAI_API_KEY and GROQ_API_KEY set.
std::string unsent(const std::string& base_url, const std::string& key = {}) {
  const auto choice =
      choose_endpoint({.model = "m", .endpoint = {}, .base_url = base_url, .key_variable = key});
  return unsent_key(*choice, [](std::string_view variable) {
    return variable == "OPENAI_API_KEY" || variable == "GROQ_API_KEY";
  });
}

TEST(ModelChoice, AKeyThatIsNotSentToAnUnknownHostIsNamed) {
  EXPECT_EQ(unsent("http://gpu:8000/v1"),
            "no key is sent to gpu:8000: OPENAI_API_KEY is set, and --key-env OPENAI_API_KEY "
            "sends it");
  EXPECT_EQ(unsent("http://gpu:8000/v1", "GPU_KEY"), "");
  EXPECT_EQ(unsent("https://api.groq.com/openai/v1"), "");
  for (const char* here : {"http://127.0.0.1:8080/v1", "http://localhost/v1", "http://[::1]:80/v1"})
    EXPECT_EQ(unsent(here), "") << here;
  const auto none = choose_endpoint(
      {.model = "m", .endpoint = {}, .base_url = "http://gpu:8000/v1", .key_variable = {}});
  EXPECT_EQ(unsent_key(*none, [](std::string_view) { return false; }), "");
}

}  // namespace
}  // namespace sluice::ask
