#include "ask/model_choice.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "codec/registry.h"
#include "script/diagnostic.h"

namespace sluice::ask {
namespace {

using provider::Profile;

// Names that one vendor alone gives. Where there is an address, the vendor has no constructor of
// its own (docs/providers.md, Services).
struct Family {
  std::string_view prefix;
  std::string_view constructor;
  std::string_view base_url = {};
  std::string_view key_variable = {};
};
constexpr Family kFamilies[] = {
    {"gpt-oss", ""},  // open weights: many services have them
    {"gpt-", "openai"},
    {"chatgpt-", "openai"},
    {"o1", "openai"},
    {"o3", "openai"},
    {"o4", "openai"},
    {"claude-", "anthropic"},
    {"grok-", "xai"},
    {"mistral-", "mistral"},
    {"ministral-", "mistral"},
    {"magistral-", "mistral"},
    {"codestral-", "mistral"},
    {"deepseek-chat", "deepseek"},
    {"deepseek-reasoner", "deepseek"},
    {"deepseek-v", "deepseek"},
    {"gemini-", "openai", "https://generativelanguage.googleapis.com/v1beta/openai",
     "GEMINI_API_KEY"},
};

std::vector<std::string_view> constructors() {
  std::vector<std::string_view> names;
  for (const provider::Provider& provider : codec::providers())
    if (!provider.profile->base_url.empty()) names.push_back(provider.profile->name);
  return names;
}

// The key that a service wants, empty where none is known or needed.
std::string key_of(const ModelChoice& choice) {
  const Profile* profile = codec::find_provider(choice.constructor, choice.base_url).profile;
  return profile == nullptr ? std::string() : std::string(profile->key_variable);
}

// "groq/openai/gpt-oss-120b" of each service that lists it, under this name or as its last part.
std::vector<std::string> sold_as(std::string_view model) {
  std::vector<std::string> names;
  for (const provider::Provider& provider : codec::providers()) {
    if (provider.profile->base_url.empty()) continue;
    for (const provider::Model& sold : provider.profile->models) {
      if (sold.name == model || sold.name.ends_with(fmt::format("/{}", model)))
        names.push_back(fmt::format("{}/{}", provider.profile->name, sold.name));
    }
  }
  return names;
}

std::unexpected<core::Error> unknown(const std::string& model) {
  const std::vector<std::string> sold = sold_as(model);
  const std::string what =
      sold.empty() ? fmt::format(
                         "put the service before it, as in groq/{} or vllm/{} ({}); or give the "
                         "address of a server with --base-url",
                         model, model, fmt::join(constructors(), ", "))
                   : fmt::format("several services may have it; say which one, as in --model {}",
                                 fmt::join(sold, ", or "));
  return core::fail(core::ErrorCode::usage,
                    fmt::format("--model: who has the model '{}'? {}", model, what));
}

}  // namespace

core::Result<ModelChoice> choose_endpoint(const ModelRequest& request) {
  const std::vector<std::string_view> names = constructors();
  ModelChoice choice{request.endpoint, request.model, request.base_url, {}};
  if (choice.model.empty())
    return core::fail(core::ErrorCode::usage,
                      "--model: a name is missing, for example gpt-5.4-mini");
  if (!choice.constructor.empty()) {
    if (std::ranges::find(names, choice.constructor) == names.end())
      return core::fail(
          core::ErrorCode::usage,
          fmt::format("--endpoint: there is no service '{}'; {}", choice.constructor,
                      script::did_you_mean(choice.constructor, names,
                                           fmt::format("there are {}", fmt::join(names, ", ")))));
  } else if (!choice.base_url.empty()) {
    choice.constructor = "openai";
  } else {
    const std::string_view prefix =
        std::string_view(choice.model).substr(0, choice.model.find('/'));
    if (prefix.size() < choice.model.size() && std::ranges::find(names, prefix) != names.end()) {
      choice.constructor = prefix;
      choice.model = choice.model.substr(prefix.size() + 1);
    } else {
      const auto* family = std::ranges::find_if(
          kFamilies, [&](const Family& one) { return choice.model.starts_with(one.prefix); });
      if (family == std::end(kFamilies) || family->constructor.empty())
        return unknown(choice.model);
      choice.constructor = family->constructor;
      choice.base_url = family->base_url;
      choice.key_variable = family->key_variable;
    }
  }
  if (choice.model.empty())
    return core::fail(core::ErrorCode::usage,
                      fmt::format("--model: '{}' names a service and no model, as in {}/NAME",
                                  request.model, choice.constructor));
  if (choice.key_variable.empty()) choice.key_variable = key_of(choice);
  if (!request.key_variable.empty()) choice.key_variable = request.key_variable;
  return choice;
}

}  // namespace sluice::ask
