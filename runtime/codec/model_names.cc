#include "codec/model_names.h"

#include <algorithm>
#include <array>

namespace sluice::codec {
namespace {

// Of Bedrock's inference profiles. "global." has the price of the name without it.
constexpr std::array<std::string_view, 7> kRegions = {"us.", "eu.", "apac.", "us-gov.",
                                                      "jp.", "au.", "ca."};
constexpr std::string_view kGlobal = "global.";

bool digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}
bool digits(std::string_view text, std::size_t count) {
  return text.size() == count && digits(text);
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

// Without Bedrock's version at its end: ":0", "-v1:0".
std::string_view without_version(std::string_view model) {
  const std::size_t colon = model.rfind(':');
  if (colon == model.npos || !digits(model.substr(colon + 1))) return model;
  model = model.substr(0, colon);
  const std::size_t version = model.rfind("-v");
  if (version != model.npos && digits(model.substr(version + 2))) return model.substr(0, version);
  return model;
}

class Names {
 public:
  // `model`, and what it is without date and version.
  void add(std::string_view model, bool regional) {
    add_one(model, regional);
    add_one(without_date(model), regional);
    add_one(without_version(model), regional);
    add_one(without_date(without_version(model)), regional);
  }
  std::vector<ListedName> take() { return std::move(names_); }

 private:
  void add_one(std::string_view model, bool regional) {
    if (model.empty() || std::ranges::find(names_, model, &ListedName::name) != names_.end())
      return;
    names_.push_back({std::string(model), regional});
    // Gateways write "claude-haiku-4.5" for Anthropic's "claude-haiku-4-5".
    if (model.starts_with("claude-") && model.contains('.')) {
      std::string dashed(model);
      std::ranges::replace(dashed, '.', '-');
      names_.push_back({std::move(dashed), regional});
    }
  }

  std::vector<ListedName> names_;
};

// "anthropic." of "anthropic.claude-…"; nothing where the point belongs to a version, as in "gpt-4.1".
std::string_view vendor_of(std::string_view model) {
  const std::size_t point = model.find('.');
  if (point == model.npos || point == 0) return {};
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  if (!std::ranges::all_of(model.substr(0, point), letter)) return {};
  return model.substr(0, point + 1);
}

}  // namespace

std::vector<ListedName> listed_names(std::string_view name) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  Names names;
  std::string_view model = lower;
  for (;;) {
    names.add(model, false);
    const std::size_t slash = model.find('/');
    if (slash == model.npos) break;
    model.remove_prefix(slash + 1);
  }
  bool regional = false;
  const auto* region = std::ranges::find_if(
      kRegions, [&](std::string_view prefix) { return model.starts_with(prefix); });
  if (region != kRegions.end()) {
    model.remove_prefix(region->size());
    regional = true;
    names.add(model, regional);
  } else if (model.starts_with(kGlobal)) {
    model.remove_prefix(kGlobal.size());
    names.add(model, regional);
  }
  if (const std::string_view vendor = vendor_of(model); !vendor.empty())
    names.add(model.substr(vendor.size()), regional);
  return names.take();
}

}  // namespace sluice::codec
