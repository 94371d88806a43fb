// The constructors of endpoints: s.openai { … }, s.groq { … }, …
#include <fmt/format.h>

#include <algorithm>

#include "codec/registry.h"
#include "dsl/constructors.h"
#include "dsl/node.h"
#include "dsl/option_places.h"
#include "dsl/option_tables.h"
#include "dsl/tiers.h"
#include "http/proxy.h"

namespace sluice::dsl {
namespace {

using provider::EndpointSpec;
using provider::StructuredOutput;

// "host:port" of "http://host:port/path"; empty when it is no such URL.
std::string_view host_of(std::string_view url) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!url.starts_with(scheme)) continue;
    url.remove_prefix(scheme.size());
    return url.substr(0, url.find('/'));
  }
  return {};
}

// What comes behind base_url, and is easily copied with it.
constexpr std::string_view kRequestPaths[] = {"/chat/completions", "/completions", "/responses",
                                              "/messages",         "/models",      "/embeddings"};

std::string read_base_url(const Arguments& arguments) {
  std::string url = *arguments.text("base_url");
  const std::string_view host = host_of(url);
  if (host.find('@') != host.npos) {
    arguments.fail_value("base_url", "base_url must not hold a password",
                         "give it as key = s.secret \"NAME\"");
  }
  if (host.empty() || host.starts_with(':') || url.find_first_of("?#") != url.npos ||
      std::ranges::any_of(
          url, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7F; })) {
    arguments.fail_value("base_url",
                         "base_url must be a http:// or https:// address without a query",
                         "for example base_url = \"http://127.0.0.1:8080/v1\"");
  }
  while (url.ends_with('/')) url.pop_back();
  for (const std::string_view path : kRequestPaths) {
    if (!url.ends_with(path)) continue;
    arguments.fail_value(
        "base_url", fmt::format("base_url holds the path of the requests as well, '{}'", path),
        fmt::format("write base_url = \"{}\"", url.substr(0, url.size() - path.size())));
  }
  return url;
}

// One that comes from s.secret was looked at there. The line is not shown: the key stands in it.
core::Secret read_key(lua_State* lua, const Arguments& arguments) {
  core::Secret key = arguments.secret("key");
  if (key.empty()) return key;
  if (const auto wrong = core::wrong_with_secret(key.reveal()))
    raise_at(lua, nullptr, {}, fmt::format("key {}, which no key does", *wrong),
             "give it as key = s.secret \"NAME\"");
  return key;
}

// One that comes from s.secret is looked at when the run begins: `sluice check` may not have it.
core::Secret read_proxy(lua_State* lua, const Arguments& arguments) {
  core::Secret proxy = arguments.secret("proxy");
  if (!arguments.text("proxy") || proxy.reveal() == "none") return proxy;
  const auto parsed = http::parse_proxy(proxy.reveal());
  if (parsed) return proxy;
  const std::string what = "proxy " + parsed.error().message;
  constexpr std::string_view kHint = "for example proxy = \"http://proxy:3128\", or \"none\"";
  // The line is not shown when a password may stand in it.
  if (proxy.reveal().find('@') != std::string::npos) raise_at(lua, nullptr, {}, what, kHint);
  arguments.fail_key("proxy", what, kHint);
}

StructuredOutput read_structured(const Arguments& arguments, const provider::Profile& profile) {
  const auto how = arguments.text("structured");
  if (!how) return profile.structured;
  if (*how == "json_object") return StructuredOutput::json_object;
  if (*how == "instruction") return StructuredOutput::instruction;
  return StructuredOutput::json_schema;
}

// In lower case, as headers come to the codecs.
std::string read_charge_header(const Arguments& arguments) {
  std::string name = arguments.text("charge_header").value_or("");
  for (char& c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '_') {
      arguments.fail_value("charge_header", "charge_header must be the name of a header",
                           "letters, digits and '-'");
    }
    if (letter) c = static_cast<char>(c | 0x20);
  }
  return name;
}

bool takes(const provider::Profile& profile, std::string_view option) {
  return std::ranges::find(profile.options, option) != profile.options.end();
}

// Those that only this profile's constructor has.
void read_own_options(const Arguments& arguments, const provider::Profile& profile,
                      EndpointSpec& spec) {
  const auto text = [&](std::string_view name) {
    return takes(profile, name) ? arguments.text(name).value_or("") : std::string();
  };
  spec.region = text("region");
  spec.project = text("project");
  spec.batch_bucket = text("batch_bucket");
  spec.batch_role = text("batch_role");
  spec.resource = text("resource");
  spec.api = text("api");
  if (const std::string cache = text("cache"); !cache.empty())
    spec.cache_writes = cache == "1h" ? core::CacheWrites::hour : core::CacheWrites::brief;
  spec.api_version = text("api_version");
  if (takes(profile, "credentials")) spec.credentials = arguments.secret("credentials");
}

// Where it is unless base_url says so; looks at its own options in any case.
std::string address_of(const Arguments& arguments, const provider::Profile& profile,
                       const EndpointSpec& spec) {
  if (profile.address == nullptr) return std::string(profile.base_url);
  auto address = profile.address(spec);
  if (!address) arguments.fail(address.error().message, address.error().where);
  return std::move(*address);
}

int construct_endpoint(lua_State* lua) {
  const auto& options = *static_cast<const Section*>(lua_touserdata(lua, lua_upvalueindex(1)));
  const provider::Profile& profile = *codec::find_provider(options.name).profile;
  const Arguments arguments(lua, options);
  EndpointSpec spec;
  spec.model = *arguments.text("model");
  spec.key = read_key(lua, arguments);
  read_limits(arguments, spec.limits);
  if (arguments.has("price")) spec.price = read_price(arguments);
  spec.max_output_tokens = arguments.whole("max_output_tokens");
  spec.temperature = arguments.number("temperature");
  spec.weight = arguments.number("weight");
  spec.service_tier = arguments.text("service_tier").value_or("");
  spec.structured = read_structured(arguments, profile);
  spec.structured_fixed = arguments.has("structured");
  spec.timeout = arguments.duration("timeout").value_or(provider::kDefaultTimeout);
  spec.connect_timeout =
      arguments.duration("connect_timeout").value_or(provider::kDefaultConnectTimeout);
  spec.first_byte_timeout = arguments.duration("first_byte_timeout");
  spec.ca_file = arguments.text("ca_file").value_or("");
  spec.charge_header = read_charge_header(arguments);
  spec.proxy = read_proxy(lua, arguments);
  read_own_options(arguments, profile, spec);
  // The address below is then the first region's; expand() has those of all.
  if (arguments.has("regions")) spec.region = arguments.columns("regions").front();
  if (arguments.has("base_url")) spec.base_url = read_base_url(arguments);
  std::string address = address_of(arguments, profile, spec);
  if (arguments.has("base_url")) {
    spec.name = fmt::format("{}/{}", host_of(spec.base_url), spec.model);
  } else {
    spec.base_url = std::move(address);
    spec.name = fmt::format("{}/{}", options.name, spec.model);
    if (spec.key.empty() && !arguments.has("keys") && !profile.key_variable.empty() &&
        !takes(profile, "credentials")) {
      arguments.fail(fmt::format("missing option 'key' for {}", options.name),
                     fmt::format("add key = {}", find_option(options, "key")->example));
    }
  }
  spec.provider =
      codec::find_provider(options.name, arguments.has("base_url") ? spec.base_url : "");
  if (arguments.has("profile")) {
    spec.own_profile = read_own_profile(arguments, *spec.provider.profile);
    spec.provider.profile = spec.own_profile.get();
  }
  if (auto name = arguments.text("name")) spec.name = std::move(*name);
  const Place& place = arguments.place();
  push_node(lua, Node{.name = options.name,
                      .source = place.source,
                      .span = place.whole,
                      .value = expand(lua, arguments, std::move(spec)),
                      .marks = {{place.source, place.value("model")}},
                      .options = marks_of(arguments, {"weight", "base_url"})});
  return 1;
}

}  // namespace

void push_endpoint_constructors(lua_State* lua) {
  for (const Section& options : endpoint_sections()) {
    if (options.kind != SectionKind::endpoint) continue;
    lua_pushlightuserdata(lua, const_cast<Section*>(&options));
    lua_pushcclosure(lua, construct_endpoint, 1);
    lua_setfield(lua, -2, std::string(options.name).c_str());
  }
}

}  // namespace sluice::dsl
