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

std::string_view authority_of(std::string_view url) {
  if (const auto scheme = url.find("://"); scheme != url.npos) url.remove_prefix(scheme + 3);
  return url.substr(0, url.find('/'));
}

// The key that a service wants, empty where none is known or needed.
std::string key_of(const ModelChoice& choice) {
  const Profile* profile = codec::find_provider(choice.constructor, choice.base_url).profile;
  if (profile != nullptr && !profile->key_variable.empty())
    return std::string(profile->key_variable);
  if (choice.base_url.empty()) return {};
  const std::string_view authority = authority_of(choice.base_url);
  for (const Family& family : kFamilies)
    if (!family.base_url.empty() && authority_of(family.base_url) == authority)
      return std::string(family.key_variable);
  // A vendor of another format may speak OpenAI's as well.
  const std::string host = '.' + std::string(authority.substr(0, authority.find(':')));
  for (const provider::Dialect& dialect : codec::dialects())
    for (const std::string_view domain : dialect.vendor->hosts)
      if (host.ends_with('.' + std::string(domain)))
        return std::string(dialect.vendor->key_variable);
  return {};
}

bool is_loopback(std::string_view authority) {
  const std::string_view host = authority.starts_with('[')
                                    ? authority.substr(0, authority.find(']') + 1)
                                    : authority.substr(0, authority.find(':'));
  return host == "localhost" || host.ends_with(".localhost") || host == "[::1]" ||
         host.starts_with("127.");
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

std::string unsent_key(const ModelChoice& choice,
                       const std::function<bool(std::string_view variable)>& is_set) {
  const std::string_view authority = authority_of(choice.base_url);
  if (authority.empty() || !choice.key_variable.empty() || is_loopback(authority)) return {};
  for (const provider::Provider& provider : codec::providers()) {
    const std::string_view variable = provider.profile->key_variable;
    if (variable.empty() || !is_set(variable)) continue;
    return fmt::format("no key is sent to {0}: {1} is set, and --key-env {1} sends it", authority,
                       variable);
  }
  return {};
}

}  // namespace sluice::ask
