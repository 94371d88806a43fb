#include "listen/routes.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "core/json.h"
#include "listen/line_search.h"
#include "listen/status_json.h"
#include "observe/metric_text.h"
#include "provider/url_text.h"
#include "web/embedded.h"

namespace sluice::listen {
namespace {

using http::ServerRequest;
using http::ServerResponse;

constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src "
    "'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

struct PageFile {
  std::string_view path;
  std::string_view file;  // in web/
  std::string_view type;
};
constexpr std::array<PageFile, 5> kPage = {
    {{"/", "dashboard.html", "text/html; charset=utf-8"},
     {"/dashboard.css", "dashboard.css", "text/css; charset=utf-8"},
     {"/dashboard.js", "dashboard.js", "text/javascript; charset=utf-8"},
     {"/chart.js", "uPlot.iife.min.js", "text/javascript; charset=utf-8"},
     {"/chart.css", "uPlot.min.css", "text/css; charset=utf-8"}}};

constexpr std::array<std::pair<std::string_view, Source::Order>, 4> kOrders = {
    {{"/api/stop", Source::Order::stop},
     {"/api/pause", Source::Order::pause},
     {"/api/resume", Source::Order::resume},
     {"/api/budget", Source::Order::budget}}};

ServerResponse json(std::string body, int status = 200) {
  ServerResponse response;
  response.status = status;
  response.body = std::move(body);
  response.body += '\n';
  return response;
}

ServerResponse refusal(int status, std::string_view why) {
  std::string body;
  core::JsonWriter w(body);
  w.open('{');
  w.field("error", why);
  w.close('}');
  return json(std::move(body), status);
}

ServerResponse refusal(const core::Error& error) {
  return refusal(error.code == core::ErrorCode::usage ? 409 : 503, error.text());
}

std::optional<ServerResponse> page_file(std::string_view path) {
  for (const PageFile& page : kPage) {
    if (page.path != path) continue;
    const auto file = web::embedded_file(page.file);
    if (!file) return std::nullopt;
    ServerResponse response;
    response.content_type = page.type;
    response.body = file->text;
    response.headers = {{"Content-Security-Policy", std::string(kPolicy)},
                        {"Referrer-Policy", "no-referrer"}};
    return response;
  }
  return std::nullopt;
}

std::optional<std::string> parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), one.size() + 1));
    const std::size_t equals = one.find('=');
    if (one.substr(0, equals) != name) continue;
    return equals == one.npos ? std::string() : provider::form_decoded(one.substr(equals + 1));
  }
  return std::nullopt;
}

template <class Number>
std::optional<Number> number(const std::optional<std::string>& text) {
  Number value = 0;
  if (!text) return std::nullopt;
  const auto read = std::from_chars(text->data(), text->data() + text->size(), value);
  return read.ec == std::errc() && read.ptr == text->data() + text->size() ? std::optional(value)
                                                                           : std::nullopt;
}

// {"usd":"25.50"}, or a number.
std::optional<core::Money> budget_in(std::string_view body) {
  simdjson::dom::parser parser;
  const simdjson::padded_string padded(body);
  simdjson::dom::element usd;
  if (core::not_starved(parser.parse(padded))["usd"].get(usd)) return std::nullopt;
  std::string_view text;
  if (!usd.get(text)) return core::Money::parse(text);
  double amount = 0;
  if (!usd.get(amount)) return core::Money::from_dollars(amount);
  return std::nullopt;
}

}  // namespace

ServerResponse Routes::answer(const ServerRequest& request) {
  const std::string_view target = request.target;
  const std::size_t mark = target.find('?');
  const std::string_view path = target.substr(0, mark);
  const std::string_view query = mark == target.npos ? std::string_view() : target.substr(mark + 1);
  const bool changes = request.method == "POST";
  const bool open = path == "/healthz" || !(path.starts_with("/api/") || path == "/metrics");
  ServerResponse response;
  switch (gate_.ask(request.headers.find("host").value_or(""),
                    request.headers.find("authorization").value_or(""), changes, open)) {
    case Gate::Refusal::host:
      response =
          refusal(421, "this listener is for this machine: ask it as localhost or 127.0.0.1");
      break;
    case Gate::Refusal::token:
      response = refusal(401,
                         "the header \"Authorization: Bearer TOKEN\" is missing, or is not of "
                         "SLUICE_LISTEN_TOKEN");
      response.headers.emplace_back("WWW-Authenticate", "Bearer");
      break;
    case Gate::Refusal::control_off:
      response = refusal(
          403, "nothing can be changed here: the run was started without SLUICE_LISTEN_TOKEN");
      break;
    case Gate::Refusal::none:
      if (changes) {
        response = post(path, request.body);
      } else if (request.method == "GET" || request.method == "HEAD") {
        response = get(path, query, request.headers.find("accept").value_or(""));
      } else {
        response = refusal(405, "only GET, HEAD and POST are known here");
        response.headers.emplace_back("Allow", "GET, HEAD, POST");
      }
  }
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  return response;
}

ServerResponse Routes::get(std::string_view path, std::string_view query, std::string_view accept) {
  if (auto page = page_file(path)) return std::move(*page);
  if (path == "/healthz") {
    ServerResponse response;
    response.content_type = "text/plain; charset=utf-8";
    response.body = "ok\n";
    return response;
  }
  if (path == "/metrics") {
    const auto status = source_.status();
    if (!status) return refusal(status.error());
    const observe::MetricForm form = observe::form_for(accept);
    ServerResponse response;
    response.content_type = observe::content_type(form);
    response.body = observe::as_text(metrics_of(*status, process_()), form);
    return response;
  }
  if (path == "/api/state") {
    const auto status = source_.status();
    if (!status) return refusal(status.error());
    source_.shown(*status);
    return json(
        state_json(*status, {.control = gate_.control(), .token_needed = gate_.token_needed()}));
  }
  if (path == "/api/timeline") {
    auto series = source_.series();
    if (!series) return refusal(series.error());
    return json(std::move(*series));
  }
  if (path == "/api/answers") return lines(source_.files().answers, query);
  if (path == "/api/rejects") return lines(source_.files().rejects, query);
  return refusal(404, "there is nothing at this address");
}

ServerResponse Routes::lines(const std::string& file, std::string_view query) {
  LineQuery wanted;
  wanted.text = parameter(query, "q").value_or("");
  wanted.limit = number<std::size_t>(parameter(query, "limit")).value_or(wanted.limit);
  wanted.before = number<std::uint64_t>(parameter(query, "before"));
  const auto found = find_lines(file, wanted);
  if (!found) return refusal(found.error());
  return json(found_json(*found));
}

ServerResponse Routes::post(std::string_view path, std::string_view body) {
  for (const auto& [at, order] : kOrders) {
    if (at != path) continue;
    core::Money budget;
    if (order == Source::Order::budget) {
      const auto wanted = budget_in(body);
      if (!wanted) return refusal(400, "a budget is sent as {\"usd\":\"25.50\"}");
      budget = *wanted;
    }
    const auto state = source_.order(order, budget);
    if (!state) return refusal(state.error());
    return json(fmt::format(R"({{"ok":true,"state":"{}"}})", state_name(*state)));
  }
  return refusal(404, "there is nothing at this address");
}

}  // namespace sluice::listen
