#include "inspect/request_text.h"

#include <simdjson.h>

#include "auth/make_credentials.h"
#include "codec/registry.h"
#include "format/json_value.h"
#include "inspect/line_identity.h"
#include "provider/user_content.h"

namespace sluice::inspect {
namespace {

constexpr std::size_t kShortestSecret = 8;

}  // namespace

std::string masked(std::string_view text, const core::Secret& key) {
  std::string out(text);
  const std::string& secret = key.reveal();
  if (secret.size() < kShortestSecret) return out;
  for (std::size_t at = 0; (at = out.find(secret, at)) != out.npos;)
    out.replace(at, secret.size(), "***");
  return out;
}

RequestText request_text(const provider::EndpointSpec& spec, const dispatch::Endpoint& endpoint,
                         const stages::Request& request) {
  RequestText text{"POST", spec.base_url + std::string(endpoint.codec->path()), {}, {}};
  text.headers = endpoint.codec->headers();
  for (auto& header : auth::masked_headers(spec, *codec::provider_of(spec).profile))
    text.headers.push_back(std::move(header));
  // Files by their beginnings and sizes.
  const auto content =
      std::make_shared<const std::string>(provider::shortened(*request.user_content));
  text.body =
      *endpoint.form->prefix() + *endpoint.codec->content(content) + *endpoint.form->suffix();
  return text;
}

void write_request(core::JsonWriter& w, const RequestText& request) {
  w.field("method", request.method);
  w.field("url", request.url);
  w.key("headers");
  w.open('{');
  for (const auto& [name, value] : request.headers) w.field(name, value);
  w.close('}');
  w.key("body");
  w.raw(request.body);
}

std::string row_name_of(const core::Row& row) {
  return row.key_json.empty() ? line_start(row.raw) : row.key_json;
}

std::string json_name(std::string_view name) {
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element value;
  const bool key = format::parse_json(parser, name, value) == simdjson::SUCCESS &&
                   (value.is_string() || value.is_number());
  if (key) return std::string(name);
  std::string json;
  core::append_json_string(json, name);
  return json;
}

}  // namespace sluice::inspect
