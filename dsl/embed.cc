#include "dsl/embed.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "codec/registry.h"
#include "dsl/constructors.h"
#include "stages/prompt_template.h"

namespace sluice::dsl {
namespace {

// A reply that is not asked for as bytes has so many for a number, and must stay below what the
// client takes (http/client.h: 64 MiB).
constexpr std::size_t kNumberBytes = 14;
constexpr std::size_t kReplyBytes = 56 * 1024 * 1024;
constexpr std::size_t kMostDimensions = 4096;  // where the pipeline does not say

// An option of the endpoint that an embedding has no use for; empty: none.
std::string_view meaningless(const provider::EndpointSpec& endpoint) {
  if (endpoint.api == "responses") return "api";
  if (endpoint.temperature) return "temperature";
  if (endpoint.max_output_tokens) return "max_output_tokens";
  if (endpoint.structured_fixed) return "structured";
  if (!endpoint.service_tier.empty()) return "service_tier";
  return {};
}

int inputs_of(const provider::EmbeddingLimits& limits, int dimensions) {
  if (limits.base64) return limits.inputs;
  const std::size_t numbers =
      dimensions > 0 ? static_cast<std::size_t>(dimensions) : kMostDimensions;
  return std::min(limits.inputs, static_cast<int>(kReplyBytes / (kNumberBytes * numbers)));
}

}  // namespace

void fit_endpoints(lua_State* lua, stages::PipelineSpec& question, std::span<const Mark> marks,
                   bool has_parse) {
  stages::PackSpec& pack = question.pack;
  stages::EmbedSpec& embed = *pack.embed;
  const int dimensions = embed.dimensions.value_or(0);
  int rows = 0;
  int tokens = 0;
  for (std::size_t e = 0; e < question.dispatch.endpoints.size(); ++e) {
    provider::EndpointSpec& endpoint = question.dispatch.endpoints[e];
    const auto fail = [&](const std::string& what, const std::string& hint) {
      raise_at(lua, marks[e].source, marks[e].span, what, hint);
    };
    const provider::Profile& profile = *codec::provider_of(endpoint).profile;
    const provider::EmbeddingLimits& limits = profile.embeddings;
    if (limits.inputs == 0)
      fail(fmt::format("{} embeds no texts", profile.title),
           "s.embed asks s.openai, s.gemini, s.mistral, or an own server, such as s.vllm");
    if (const std::string_view option = meaningless(endpoint); !option.empty())
      fail(fmt::format("{} has no meaning for a model that embeds texts", option),
           fmt::format("leave {} out of this endpoint", option));
    if (endpoint.model != question.dispatch.endpoints.front().model)
      fail(
          "the endpoints of an s.embed must have the same model: vectors of different models "
          "cannot be compared",
          fmt::format("write model = \"{}\" here too, or make it a job of its own",
                      question.dispatch.endpoints.front().model));
    endpoint.api = "embeddings";
    endpoint.dimensions = dimensions;
    const auto least = [](int& so_far, int limit) {
      if (limit > 0) so_far = so_far == 0 ? limit : std::min(so_far, limit);
    };
    least(rows, inputs_of(limits, dimensions));
    least(tokens, limits.tokens);
    least(embed.input_tokens, limits.input_tokens);
  }
  if (pack.rows == 0) pack.rows = rows;
  if (pack.tokens == 0) pack.tokens = tokens;
  if (has_parse)
    raise_at(lua, marks[0].source, marks[0].span,
             "s.parse takes no function where the question is an s.embed",
             "a vector is written as it comes; leave the function out");
}

int construct_embed(lua_State* lua) {
  const Arguments arguments(lua, section("embed"));
  stages::PackSpec spec;
  stages::EmbedSpec& embed = spec.embed.emplace();
  embed.dimensions = arguments.whole("dimensions");
  embed.as = arguments.text("as").value_or(embed.as);
  spec.rows = arguments.whole("rows").value_or(0);  // 0: as the endpoints take
  spec.tokens = arguments.whole("tokens").value_or(0);
  if (auto text = arguments.text("text")) {
    const auto parsed = stages::PromptTemplate::parse(*text);
    if (!parsed)
      arguments.fail_value("text", parsed.error().message,
                           "write a row's field as {{field}} or {{a.b}}");
    if (text->empty())
      arguments.fail_value("text", "text is empty", "for example text = \"{{body}}\"");
    spec.user_template = std::move(*text);
  }
  const Place& place = arguments.place();
  arguments.push("text");
  const bool function = lua_type(lua, -1) == LUA_TFUNCTION;
  push_node(
      lua,
      Node{.name = "embed", .source = place.source, .span = place.whole, .value = std::move(spec)});
  if (function) {
    lua_pushvalue(lua, -2);
    lua_setiuservalue(lua, -2, 1);
  }
  return 1;
}

}  // namespace sluice::dsl
