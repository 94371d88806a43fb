// profile = { … } of an endpoint, read.
#include "provider/own_profile.h"

#include <algorithm>
#include <array>
#include <utility>

#include "dsl/constructors.h"
#include "dsl/option_tables.h"
#include "dsl/tiers.h"

namespace sluice::dsl {
namespace {

using provider::Action;
using provider::Cause;
using provider::OwnProfile;
using provider::RateHeader;

constexpr std::pair<std::string_view, Action> kActions[] = {{"retry", Action::retry},
                                                            {"move", Action::move},
                                                            {"reject", Action::dead},
                                                            {"split", Action::split},
                                                            {"stop", Action::stop}};

constexpr std::pair<std::string_view, double> kSeconds[] = {
    {"second", 1}, {"minute", 60}, {"hour", 3600}, {"day", 86400}};

constexpr std::pair<std::string_view, RateHeader::Part> kParts[] = {
    {"limit", RateHeader::Part::limit},
    {"remaining", RateHeader::Part::remaining},
    {"reset", RateHeader::Part::reset}};

// The choice has been checked: it is one of them.
template <class T, std::size_t N>
T meant_by(const std::pair<std::string_view, T> (&choices)[N], std::string_view name) {
  return std::ranges::find(choices, name, &std::pair<std::string_view, T>::first)->second;
}

Cause cause_of(const Arguments& rule, Action action) {
  if (const auto name = rule.text("cause")) {
    for (int c = 0; c <= static_cast<int>(Cause::cancelled); ++c)
      if (cause_name(static_cast<Cause>(c)) == *name) return static_cast<Cause>(c);
  }
  switch (action) {
    case Action::stop:
      return Cause::forbidden;
    case Action::split:
      return Cause::too_large;
    case Action::dead:
      return Cause::bad_request;
    case Action::move:
      return Cause::capacity;
    default:
      return Cause::rate_limit;
  }
}

void read_error(const Arguments& rule, OwnProfile& own) {
  const int from = *rule.whole("status");
  const int to = rule.whole("to").value_or(from);
  if (to < from)
    rule.fail_value("to", "to must not be less than status", "write the smaller one as status");
  const Action action = meant_by(kActions, *rule.text("action"));
  // The first kind of all, so that the file's word holds against whatever is known.
  own.add(provider::ErrorRule{.kind = provider::ErrorKind::money,
                              .from = from,
                              .to = to,
                              .name = own.keep(rule.text("name").value_or("")),
                              .words = own.keep(rule.text("words").value_or("")),
                              .action = action,
                              .cause = cause_of(rule, action)});
}

std::string lower(std::string name) {
  std::ranges::transform(name, name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  });
  return name;
}

void read_header(const Arguments& header, OwnProfile& own) {
  const std::string quota = *header.text("quota");
  const double window = quota.ends_with('d') ? 86400 : 60;
  const auto per = header.text("per");
  own.add(RateHeader{.name = own.keep(lower(*header.text("name"))),
                     .quota = meant_by(kQuotaNames, quota),
                     .part = meant_by(kParts, *header.text("part")),
                     .scale = per ? window / meant_by(kSeconds, *per) : 1});
}

}  // namespace

std::shared_ptr<const provider::Profile> read_own_profile(const Arguments& endpoint,
                                                          const provider::Profile& base) {
  using provider::AuthScheme;
  using provider::SchemaKeywords;
  constexpr std::pair<std::string_view, AuthScheme> kSchemes[] = {
      {"bearer", AuthScheme::bearer},
      {"api-key", AuthScheme::api_key},
      {"x-api-key", AuthScheme::x_api_key}};
  constexpr std::pair<std::string_view, SchemaKeywords> kKeywords[] = {
      {"all", SchemaKeywords::all},
      {"no_text_lengths", SchemaKeywords::no_text_lengths},
      {"no_text_limits", SchemaKeywords::no_text_limits},
      {"none", SchemaKeywords::none}};

  const Arguments from(endpoint, section("profile"), "profile");
  auto own = std::make_unique<OwnProfile>(base);
  provider::Profile& profile = own->profile();
  if (auto title = from.text("title")) profile.title = own->keep(std::move(*title));
  if (const auto auth = from.text("auth")) profile.auth = meant_by(kSchemes, *auth);
  if (auto field = from.text("output_limit")) profile.output_limit = own->keep(std::move(*field));
  if (const auto schema = from.text("schema")) profile.schema = meant_by(kKeywords, *schema);
  if (from.has("cached_beside_input"))
    profile.usage.cached_beside_input = from.flag("cached_beside_input");
  if (from.has("reasoning_beside_output"))
    profile.usage.reasoning_beside_output = from.flag("reasoning_beside_output");
  if (auto header = from.text("wait_header"))
    profile.wait_header = own->keep(lower(std::move(*header)));
  if (from.has("errors")) {
    const Arguments rules(from, section("errors"), "errors");
    for (std::size_t n = 1; n <= rules.items(); ++n)
      read_error(Arguments(rules, section("error"), n), *own);
  }
  if (from.has("rate_headers")) {
    const Arguments headers(from, section("rate_headers"), "rate_headers");
    for (std::size_t n = 1; n <= headers.items(); ++n)
      read_header(Arguments(headers, section("rate_header"), n), *own);
  }
  return OwnProfile::finish(std::move(own));
}

}  // namespace sluice::dsl
