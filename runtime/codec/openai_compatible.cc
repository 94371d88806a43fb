// The services and servers that speak OpenAI's chat completions, each with what is different there:
// a row of kServices. To add one: a row here, and its fixture tests/codec/fixtures/NAME.md, which
// codec_test asks for. Facts and their sources: docs/providers.md.
#include <array>

#include "codec/azure.h"
#include "codec/dialects.h"
#include "codec/mistral_batch.h"
#include "codec/openai_batch.h"
#include "codec/openrouter_batch.h"
#include "codec/price_rows.h"
#include "codec/shared_rows.h"
#include "codec/xai_batch.h"

namespace sluice::codec {

using namespace provider;  // a codec is written in its words
using namespace shared_rows;

namespace {

using enum RateHeader::Part;

constexpr double kPerSecond = 60;  // a limit per second, as a limit per minute

// Windows in the names. Hourly ones have no Quota here and are left out.
constexpr RateHeader kWindowInName[] = {
    {"x-ratelimit-limit-requests-minute", Quota::requests_per_minute, limit},
    {"x-ratelimit-remaining-requests-minute", Quota::requests_per_minute, remaining},
    {"x-ratelimit-reset-requests-minute", Quota::requests_per_minute, reset},
    {"x-ratelimit-limit-requests-day", Quota::requests_per_day, limit},
    {"x-ratelimit-remaining-requests-day", Quota::requests_per_day, remaining},
    {"x-ratelimit-reset-requests-day", Quota::requests_per_day, reset},
    {"x-ratelimit-limit-tokens-minute", Quota::tokens_per_minute, limit},
    {"x-ratelimit-remaining-tokens-minute", Quota::tokens_per_minute, remaining},
    {"x-ratelimit-reset-tokens-minute", Quota::tokens_per_minute, reset},
    {"x-ratelimit-limit-tokens-day", Quota::tokens_per_day, limit},
    {"x-ratelimit-remaining-tokens-day", Quota::tokens_per_day, remaining},
    {"x-ratelimit-reset-tokens-day", Quota::tokens_per_day, reset},
};

// --- Azure OpenAI, Google

constexpr std::string_view kAzureHosts[] = {"openai.azure.com", "cognitiveservices.azure.com",
                                            "services.ai.azure.com"};
constexpr std::string_view kAzureOptions[] = {"resource", "api_version", "credentials"};

// --- Groq

constexpr std::string_view kGroqHosts[] = {"groq.com"};
// The model's own mistake, which another attempt may not repeat. No 5xx is charged.
constexpr ErrorRule kGroqErrors[] = {
    // clang-format off
    {Kind::other, 400, 400, "json_validate_failed", "", false, Action::retry, Cause::unprocessable},
    {Kind::other, 422, 422, "", "", false, Action::retry, Cause::unprocessable},
    {Kind::server, 500, 599, "", "", false, Action::retry, Cause::server_error},
    // clang-format on
};
// OpenAI's names, but the requests are those of a day.
constexpr RateHeader kGroqHeaders[] = {
    {"x-ratelimit-limit-requests", Quota::requests_per_day, limit},
    {"x-ratelimit-remaining-requests", Quota::requests_per_day, remaining},
    {"x-ratelimit-reset-requests", Quota::requests_per_day, reset},
    {"x-ratelimit-limit-tokens", Quota::tokens_per_minute, limit},
    {"x-ratelimit-remaining-tokens", Quota::tokens_per_minute, remaining},
    {"x-ratelimit-reset-tokens", Quota::tokens_per_minute, reset},
};
constexpr SoldTier kGroqTiers[] = {
    {"flex", "flex"}, {"standard", "on_demand"}, {"priority", "performance"}};

// --- Cerebras, SambaNova

constexpr std::string_view kCerebrasHosts[] = {"cerebras.ai"};
constexpr std::string_view kSambaNovaHosts[] = {"sambanova.ai"};

// --- Together

constexpr std::string_view kTogetherHosts[] = {"together.xyz", "together.ai"};
// More tokens than the context holds; the key's own errors are 401 there.
constexpr ErrorRule kTogetherErrors[] = {
    // clang-format off
    {Kind::access, 403, 403, "", "", false, Action::split, Cause::too_large},
    // clang-format on
};
// Per second. What remains of this second says nothing about a minute, so only limits are read.
constexpr RateHeader kTogetherHeaders[] = {
    {"x-ratelimit-limit", Quota::requests_per_minute, limit, kPerSecond},
    {"x-tokenlimit-limit", Quota::tokens_per_minute, limit, kPerSecond},
};

// --- Fireworks

constexpr std::string_view kFireworksHosts[] = {"fireworks.ai"};
constexpr ErrorRule kFireworksErrors[] = {
    // clang-format off
    {Kind::money, 412, 412, "", "", false, Action::stop, Cause::payment},  // suspended
    // clang-format on
};
constexpr RateHeader kFireworksHeaders[] = {
    {"x-ratelimit-limit-tokens-prompt", Quota::input_tokens_per_minute, limit, kPerSecond},
    {"x-ratelimit-limit-tokens-generated", Quota::output_tokens_per_minute, limit, kPerSecond},
};

// --- xAI

constexpr std::string_view kXaiHosts[] = {"x.ai"};
constexpr ErrorRule kXaiErrors[] = {
    // clang-format off
    {Kind::access, 400, 400, "", "incorrect api key", false, Action::stop, Cause::auth},
    // clang-format on
};
// The window of the request headers is not known, so only tokens are read.
constexpr RateHeader kXaiHeaders[] = {
    {"x-ratelimit-limit-tokens", Quota::tokens_per_minute, limit},
    {"x-ratelimit-remaining-tokens", Quota::tokens_per_minute, remaining},
};

// --- Mistral

constexpr std::string_view kMistralHosts[] = {"mistral.ai"};
// "By size" means tokens.
constexpr RateHeader kMistralHeaders[] = {
    {"x-ratelimitbysize-limit-minute", Quota::tokens_per_minute, limit},
    {"x-ratelimitbysize-remaining-minute", Quota::tokens_per_minute, remaining},
    {"ratelimitbysize-reset", Quota::tokens_per_minute, reset},
};

// --- DeepSeek

constexpr std::string_view kDeepSeekHosts[] = {"deepseek.com"};

// --- OpenRouter

constexpr std::string_view kOpenRouterHosts[] = {"openrouter.ai"};
constexpr ErrorRule kOpenRouterErrors[] = {
    // clang-format off
    {Kind::content, 403, 403, "", "guardrail", false, Action::dead, Cause::content_filter},
    {Kind::content, 403, 403, "", "moderation", false, Action::dead, Cause::content_filter},
    {Kind::content, 403, 403, "", "flagged", false, Action::dead, Cause::content_filter},
    {Kind::server, 524, 524, "", "", false, Action::move, Cause::server_error, Billing::possible},
    {Kind::server, 529, 529, "", "", false, Action::move, Cause::overloaded},
    {Kind::server, 503, 503, "provider_overloaded", "", false, Action::move, Cause::overloaded},
    // clang-format on
};

// --- Batch APIs of OpenAI's form (docs/providers.md, Batch APIs)

constexpr provider::BatchService kGroqBatch = {.make = make_openai_batch,
                                               .limits = {.bytes = std::uint64_t{100'000'000}}};
constexpr provider::BatchService kTogetherBatch = {.make = make_openai_batch,
                                                   .limits = {.bytes = std::uint64_t{100'000'000}},
                                                   .purpose = "batch-api",
                                                   .upload_path = "/files/upload",
                                                   .metadata = false};
// It runs on beyond its window; what was cancelled or done is kept.
constexpr provider::BatchService kAzureBatch = {.make = make_openai_batch,
                                                .limits = {.window = std::chrono::hours(72)}};

constexpr std::array kServices = {
    Profile{.name = "groq",
            .title = "Groq",
            .base_url = "https://api.groq.com/openai/v1",
            .hosts = kGroqHosts,
            .example_model = "llama-3.3-70b-versatile",
            .key_variable = "GROQ_API_KEY",
            .errors = kGroqErrors,
            .rate_headers = kGroqHeaders,
            .tiers = kGroqTiers,
            .batch = &kGroqBatch,
            .models = price_rows::kGroq},
    Profile{.name = "cerebras",
            .title = "Cerebras",
            .base_url = "https://api.cerebras.ai/v1",
            .hosts = kCerebrasHosts,
            .example_model = "gpt-oss-120b",
            .key_variable = "CEREBRAS_API_KEY",
            .rate_headers = kWindowInName,
            .tiers = kOpenAiTiers,
            .models = price_rows::kCerebras},
    Profile{.name = "sambanova",
            .title = "SambaNova",
            .base_url = "https://api.sambanova.ai/v1",
            .hosts = kSambaNovaHosts,
            .example_model = "Meta-Llama-3.3-70B-Instruct",
            .key_variable = "SAMBANOVA_API_KEY",
            .embeddings = kUsualEmbeddings,
            .rate_headers = kWindowInName,
            .models = price_rows::kSambaNova},
    Profile{.name = "together",
            .title = "Together",
            .base_url = "https://api.together.xyz/v1",
            .hosts = kTogetherHosts,
            .example_model = "meta-llama/Llama-3.3-70B-Instruct-Turbo",
            .key_variable = "TOGETHER_API_KEY",
            .embeddings = kUsualEmbeddings,
            .errors = kTogetherErrors,
            .rate_headers = kTogetherHeaders,
            .wait_header = "x-ratelimit-reset",
            .batch = &kTogetherBatch,
            .models = price_rows::kTogether},
    Profile{.name = "fireworks",
            .title = "Fireworks",
            .base_url = "https://api.fireworks.ai/inference/v1",
            .hosts = kFireworksHosts,
            .example_model = "accounts/fireworks/models/gpt-oss-120b",
            .key_variable = "FIREWORKS_API_KEY",
            .embeddings = kUsualEmbeddings,
            .errors = kFireworksErrors,
            .rate_headers = kFireworksHeaders,
            .models = price_rows::kFireworks},
    Profile{.name = "xai",
            .title = "xAI",
            .base_url = "https://api.x.ai/v1",
            .hosts = kXaiHosts,
            .example_model = "grok-4.3",
            .key_variable = "XAI_API_KEY",
            .usage = {.reasoning_beside_output = true},
            .errors = kXaiErrors,
            .rate_headers = kXaiHeaders,
            .batch = &kXaiBatch,
            .models = price_rows::kXai},
    Profile{.name = "mistral",
            .title = "Mistral",
            .base_url = "https://api.mistral.ai/v1",
            .hosts = kMistralHosts,
            .example_model = "mistral-small-latest",
            .key_variable = "MISTRAL_API_KEY",
            .embeddings = {.inputs = 512, .tokens = 16'384, .input_tokens = 8192},
            .rate_headers = kMistralHeaders,
            .batch = &kMistralBatch,
            .models = price_rows::kMistral},
    Profile{.name = "deepseek",
            .title = "DeepSeek",
            .base_url = "https://api.deepseek.com",
            .hosts = kDeepSeekHosts,
            .example_model = "deepseek-v4-flash",
            .key_variable = "DEEPSEEK_API_KEY",
            .structured = StructuredOutput::json_object,  // it takes no schema
            .models = price_rows::kDeepSeek},
    Profile{.name = "openrouter",  // its rate headers have a unit that is not documented
            .title = "OpenRouter",
            .base_url = "https://openrouter.ai/api/v1",
            .hosts = kOpenRouterHosts,
            .example_model = "openai/gpt-5-mini",
            .key_variable = "OPENROUTER_API_KEY",
            .embeddings = kUsualEmbeddings,
            .errors = kOpenRouterErrors,
            .batch = &kOpenRouterBatch},
    // Own servers. Their grammars take all limits, they send no rate headers, and need no key.
    Profile{.name = "vllm",
            .title = "vLLM",
            .base_url = "http://127.0.0.1:8000/v1",
            .example_model = "Qwen/Qwen3-8B",
            .schema = SchemaKeywords::all,
            .embeddings = kUsualEmbeddingsAsBytes},
    Profile{.name = "sglang",
            .title = "SGLang",
            .base_url = "http://127.0.0.1:30000/v1",
            .example_model = "Qwen/Qwen3-8B",
            .schema = SchemaKeywords::all,
            .embeddings = kUsualEmbeddings},
    Profile{.name = "llama_cpp",
            .title = "llama.cpp",
            .base_url = "http://127.0.0.1:8080/v1",
            .example_model = "qwen3-8b",
            .schema = SchemaKeywords::all,
            .embeddings = kUsualEmbeddingsAsBytes},
    Profile{.name = "ollama",
            .title = "Ollama",
            .base_url = "http://127.0.0.1:11434/v1",
            .example_model = "qwen3:8b",
            .schema = SchemaKeywords::all,
            .embeddings = kUsualEmbeddings},
    Profile{
        .name = "azure",
        .title = "Azure OpenAI",
        .base_url = "https://my-resource.openai.azure.com/openai/v1",
        .address = azure_address,
        .options = kAzureOptions,
        .hosts = kAzureHosts,
        .example_model = "my-deployment",
        .example_options = "resource = \"my-resource\", key = s.secret \"AZURE_OPENAI_API_KEY\"",
        .key_variable = "AZURE_OPENAI_API_KEY",
        .auth = AuthScheme::api_key,
        .output_limit = "max_completion_tokens",
        .embeddings = kOpenAiEmbeddings,
        .rate_headers = kOpenAiRateHeaders,
        .batch = &kAzureBatch,
        .models = price_rows::kAzure},
    // Recognised by their hosts alone.
    Profile{.name = "google",
            .title = "Google",
            .hosts = kGoogleHosts,
            .embeddings = {.inputs = 100, .tokens = 100 * 2048, .input_tokens = 2048},
            .errors = kGoogleErrors,
            .models = price_rows::kGoogle},
    Profile{.name = "anthropic_chat",  // its own address for this format
            .title = "Anthropic",
            .hosts = kAnthropicHosts,
            .errors = kAnthropicErrors,
            .rate_headers = kAnthropicRateHeaders},
};

// A gateway, a proxy, the mock, an own server.
constexpr Profile kElsewhere = {.name = "compatible",
                                .title = "any other host",
                                .schema = SchemaKeywords::all,
                                .embeddings = kUsualEmbeddings,
                                .rate_headers = kOpenAiRateHeaders,
                                .tiers = kOpenAiTiers,
                                .batch = &kOpenAiBatch};

}  // namespace

std::span<const Profile> openai_services() {
  return kServices;
}

const Profile* openai_elsewhere() {
  return &kElsewhere;
}

}  // namespace sluice::codec
