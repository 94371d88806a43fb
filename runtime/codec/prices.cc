#include "codec/prices.h"

#include <algorithm>
#include <span>
#include <string>

#include "codec/registry.h"

namespace sluice::codec {
namespace {

using provider::Model;
using provider::model;
using provider::ModelFacts;
using provider::Profile;

constexpr std::string_view kSnapshotDate = "2026-08-01";

// Of services that have no profile: Bedrock's names, which gateways pass on.
constexpr Model kModels[] = {
    // clang-format off
    model("amazon.nova-2-lite-v1:0", 0.3, 0.075, 2.5, 1000000, 64000),
    model("amazon.nova-lite-v1:0", 0.06, 0.06, 0.24, 300000, 10000),
    model("amazon.nova-micro-v1:0", 0.035, 0.035, 0.14, 128000, 10000),
    model("anthropic.claude-haiku-4-5-20251001-v1:0", 1, 0.1, 5, 200000, 64000),
    model("us.anthropic.claude-haiku-4-5-20251001-v1:0", 1.1, 0.11, 5.5, 200000, 64000),
    model("us.anthropic.claude-sonnet-5", 3.3, 0.33, 16.5, 1000000, 128000),
    // clang-format on
};

const Model* find(std::span<const Model> models, std::string_view name) {
  const auto found = std::ranges::find(models, name, &Model::name);
  return found == models.end() ? nullptr : &*found;
}

// What the service that is asked sells under this name; else the dearest of all that do.
std::optional<ModelFacts> exact(std::string_view name, const Profile* asked) {
  if (asked != nullptr) {
    if (const Model* model = find(asked->models, name)) return model->facts;
  }
  const Model* dearest = find(kModels, name);
  for (const provider::Provider& other : providers()) {
    const Model* model = find(other.profile->models, name);
    if (model == nullptr) continue;
    if (dearest == nullptr || model->facts.price.output > dearest->facts.price.output)
      dearest = model;
  }
  return dearest == nullptr ? std::nullopt : std::optional(dearest->facts);
}

bool digits(std::string_view text, std::size_t count) {
  return text.size() == count &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// `model` without a date at its end: "-2025-08-07", "-20251001", "@20251001", "-0613", "-latest".
std::string_view without_date(std::string_view model) {
  constexpr std::string_view kLatest = "-latest";
  if (model.ends_with(kLatest)) return model.substr(0, model.size() - kLatest.size());
  const std::size_t mark = model.find_last_of("-@");
  if (mark == model.npos) return model;
  const std::string_view tail = model.substr(mark + 1);
  if (digits(tail, 8) || digits(tail, 4)) return model.substr(0, mark);
  constexpr std::size_t kIsoDate = 11;  // "-2025-08-07"
  if (model.size() > kIsoDate) {
    const std::string_view date = model.substr(model.size() - kIsoDate);
    if (date[0] == '-' && digits(date.substr(1, 4), 4) && date[5] == '-' &&
        digits(date.substr(6, 2), 2) && date[8] == '-' && digits(date.substr(9), 2)) {
      return model.substr(0, model.size() - kIsoDate);
    }
  }
  return model;
}

std::optional<ModelFacts> exact_or_dated(std::string_view model, const Profile* asked) {
  if (auto facts = exact(model, asked)) return facts;
  return exact(without_date(model), asked);
}

}  // namespace

std::optional<ModelFacts> model_facts(std::string_view name, const Profile* asked) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  std::string_view model = lower;
  if (model.ends_with(":free")) return ModelFacts{};
  for (;;) {
    if (auto facts = exact_or_dated(model, asked)) return facts;
    if (model.starts_with("claude-") && model.find('.') != model.npos) {
      // Gateways write "claude-haiku-4.5" for Anthropic's "claude-haiku-4-5".
      std::string dashed(model);
      std::replace(dashed.begin(), dashed.end(), '.', '-');
      if (auto facts = exact_or_dated(dashed, asked)) return facts;
    }
    const std::size_t slash = model.find('/');
    if (slash == model.npos) return std::nullopt;
    model.remove_prefix(slash + 1);
  }
}

std::optional<core::Price> price_of(const provider::EndpointSpec& endpoint) {
  if (endpoint.price) return endpoint.price;
  const auto facts = model_facts(endpoint.model, provider_of(endpoint).profile);
  return facts ? std::optional(facts->price) : std::nullopt;
}

std::string_view price_snapshot_date() {
  return kSnapshotDate;
}

}  // namespace sluice::codec
