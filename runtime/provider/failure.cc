#include "provider/failure.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "core/printable.h"
#include "provider/no_json.h"
#include "provider/retry_after.h"

namespace sluice::provider {
namespace {

constexpr std::size_t kLongestMessage = 300;
constexpr std::size_t kShortestSecret = 8;

std::string code_text(const Element& object, std::string_view key) {
  Element found;
  if (object[key].get(found) != simdjson::SUCCESS) return {};
  std::string_view text;
  if (found.get(text) == simdjson::SUCCESS) return std::string(text);
  std::int64_t number = 0;
  if (found.get(number) == simdjson::SUCCESS) return std::to_string(number);
  return {};
}

// The finer name: Anthropic details.error_code, OpenRouter metadata.error_type, Azure
// innererror.code; for Google, whose details are a list, the quota that was violated.
void read_details(const Element& error, ErrorBody& body) {
  if (const auto metadata = member(error, "metadata"))
    body.detail = text_at(*metadata, "error_type");
  if (const auto inner = member(error, "innererror")) body.detail = text_at(*inner, "code");
  const auto details = member(error, "details");
  if (!details) return;
  simdjson::dom::array list;
  if (details->get(list) != simdjson::SUCCESS) {
    if (const auto code = text_at(*details, "error_code"); !code.empty()) body.detail = code;
    return;
  }
  for (const Element entry : list) {
    if (const auto delay = text_at(entry, "retryDelay"); !delay.empty()) {
      body.retry_after = read_go_duration(delay);
    }
    if (const auto violations = member(entry, "violations")) {
      if (const auto first = first_of(*violations)) body.detail = text_at(*first, "quotaId");
    }
  }
}

// FastAPI servers: {"detail":"text"} or {"detail":[{"msg":"text"}]}; Mistral's 422 nests the same
// list one deeper.
std::string_view detail_message(const Element& reply) {
  if (const auto text = text_at(reply, "detail"); !text.empty()) return text;
  auto list = member(reply, "detail");
  if (const auto message = member(reply, "message"); !list && message) {
    list = member(*message, "detail");
  }
  if (!list) return {};
  const auto first = first_of(*list);
  return first ? text_at(*first, "msg") : std::string_view();
}

// AWS: "com.amazon.coral.service#AccessDeniedException", "ThrottlingException:http://…".
std::string_view exception_name(std::string_view text) {
  text = text.substr(0, text.find(':'));
  return text.substr(text.find('#') + 1);  // npos + 1 is 0
}

void read_names(const Element& object, ErrorBody& body) {
  body.code = code_text(object, "code");
  body.type = text_at(object, "type");
  if (body.type.empty()) body.type = text_at(object, "status");
  if (body.type.empty()) body.type = exception_name(text_at(object, "__type"));
}

// The name in the header that the service has for it wins over the body's.
void read_name_in_header(const Profile& profile, const std::vector<HeaderView>& headers,
                         ErrorBody& body) {
  if (profile.error_header.empty()) return;
  const auto found = std::ranges::find(headers, profile.error_header, &HeaderView::first);
  if (found == headers.end()) return;
  body.type = exception_name(found->second);
  body.code.clear();
}

ErrorFacts facts_of(int status, const ErrorBody& body) {
  ErrorFacts facts;
  facts.status = status;
  facts.type = body.type;
  facts.code = body.code;
  facts.detail = body.detail;
  facts.message = body.message;
  return facts;
}

// "HTTP 429 (insufficient_quota): You exceeded …"
std::string describe(int status, const ErrorBody& body, const core::Secret& key) {
  std::string text = fmt::format("HTTP {}", status);
  const std::string_view name = !body.detail.empty()                  ? body.detail
                                : body.code.empty()                   ? body.type
                                : body.code == std::to_string(status) ? body.type
                                                                      : std::string_view(body.code);
  if (!name.empty()) text += fmt::format(" ({})", name);
  if (!body.message.empty()) text.append(": ").append(body.message);
  return safe_message(text, key);
}

std::optional<bool> should_retry(const std::vector<HeaderView>& headers) {
  for (const auto& [name, value] : headers) {
    if (name != "x-should-retry") continue;
    if (value == "true") return true;
    if (value == "false") return false;
  }
  return std::nullopt;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

bool key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '*' || c == '.';
}

// How secrets begin, and how many characters such a token has at least: what is shorter is a word
// that begins alike.
struct KeyForm {
  std::string_view prefix;
  std::size_t at_least = 0;
  bool capitals = false;  // letters and digits of one case, and no more than that many
};
constexpr std::array kKeyForms = {
    KeyForm{"sk-"},             // OpenAI, Anthropic, DeepSeek, OpenRouter
    KeyForm{"gsk_", 12},        // Groq
    KeyForm{"xai-", 12},        // xAI
    KeyForm{"AIza", 20},        // Google's API keys
    KeyForm{"AQ.", 20},         // the same, newer
    KeyForm{"ya29.", 12},       // Google's access tokens
    KeyForm{"eyJ", 20},         // a JSON Web Token
    KeyForm{"AKIA", 20, true},  // AWS: the name of a key,
    KeyForm{"ASIA", 20, true},  // and of one that expires
};

bool has_form(std::string_view token, const KeyForm& form) {
  if (!token.starts_with(form.prefix) || token.size() < form.at_least) return false;
  if (!form.capitals) return true;
  return token.size() == form.at_least && std::ranges::all_of(token, [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '*';
         });
}

// Servers quote back the key that they did not like, whole or starred: "sk-abc***xyz". Of a whole
// token nothing stays.
void hide_keys(std::string& text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!key_character(text[at])) continue;
    std::size_t end = at;
    while (end < text.size() && key_character(text[end])) ++end;
    std::string_view token = std::string_view(text).substr(at, end - at);
    while (token.ends_with('.')) token.remove_suffix(1);  // the end of a sentence
    if (std::ranges::any_of(kKeyForms,
                            [&](const KeyForm& form) { return has_form(token, form); })) {
      text.replace(at, end - at, "***");
      end = at + 3;
    }
    at = end;
  }
}

// AWS quotes the headers of a request whose signature is wrong, a session token among them.
void hide_session_tokens(std::string& text) {
  constexpr std::string_view kName = "x-amz-security-token:";
  for (std::size_t at = text.find(kName); at != text.npos; at = text.find(kName, at)) {
    at += kName.size();
    std::size_t end = at;
    while (end < text.size() && static_cast<unsigned char>(text[end]) > ' ' && text[end] != '\\')
      ++end;
    text.replace(at, end - at, "***");
  }
}

}  // namespace

std::optional<ErrorBody> error_in(const Element& reply) {
  if (reply.is_array()) {
    const auto first = first_of(reply);
    if (!first || first->is_array()) return std::nullopt;
    return error_in(*first);
  }
  ErrorBody body;
  if (const auto error = member(reply, "error")) {
    std::string_view text;
    simdjson::dom::object object;
    if (error->get(text) == simdjson::SUCCESS) {
      read_names(reply, body);
      body.message = text;
      return body;
    }
    if (error->get(object) == simdjson::SUCCESS && object.size() > 0) {
      read_names(*error, body);
      body.message = text_at(*error, "message");
      read_details(*error, body);
      return body;
    }
  }
  body.message = text_at(reply, "message");
  if (body.message.empty()) body.message = text_at(reply, "Message");  // AWS, at times
  if (body.message.empty()) body.message = detail_message(reply);
  const bool marked = text_at(reply, "object") == "error" || text_at(reply, "type") == "error" ||
                      !text_at(reply, "__type").empty();
  if (body.message.empty() && !marked) return std::nullopt;
  read_names(reply, body);
  return body;
}

void fill_failure(Outcome& outcome, const Profile& profile, const std::vector<HeaderView>& headers,
                  const std::optional<Element>& reply, std::string_view body,
                  const core::Secret& key) {
  ErrorBody error;
  std::string page;
  if (reply) {
    error = error_in(*reply).value_or(ErrorBody());
  } else {
    const NoJson what = looks_like(body);
    if (what == NoJson::page) page = name_of(what, body);
    error.message = what == NoJson::page ? std::string_view(page) : body;
  }
  read_name_in_header(profile, headers, error);
  if (!outcome.hints.retry_after) outcome.hints.retry_after = error.retry_after;
  ErrorFacts facts = facts_of(outcome.status, error);
  facts.retry_after = outcome.hints.retry_after;
  facts.should_retry = should_retry(headers);

  const Verdict verdict = classify(facts, profile.errors);
  outcome.action = verdict.action;
  outcome.cause = verdict.cause;
  outcome.billing = verdict.billing;
  if (verdict.pause > core::Duration::zero())
    outcome.hints.retry_after =
        std::max(outcome.hints.retry_after.value_or(verdict.pause), verdict.pause);
  outcome.message = describe(outcome.status, error, key);
  // A network that wants a login first (RFC 6585 §6).
  if (outcome.status == 511) outcome.contact = Contact::unusable;
}

void fill_failure_inside_ok(Outcome& outcome, const Profile& profile, const ErrorBody& error,
                            const core::Secret& key, int meant) {
  // OpenRouter puts the HTTP status that it meant into the code.
  int status = meant;
  if (meant == 0) std::from_chars(error.code.data(), error.code.data() + error.code.size(), status);
  // Money is recognised by its names as well, which the table knows as those of a 4xx.
  const Verdict verdict =
      classify(facts_of(status >= 400 && status < 600 ? status : 429, error), profile.errors);
  const bool final =
      meant != 0 || (verdict.action != Action::retry && verdict.action != Action::move);
  outcome.action = final ? verdict.action : Action::move;
  outcome.cause = final ? verdict.cause : Cause::upstream_error;
  outcome.message = describe(outcome.status, error, key);
}

std::string safe_message(std::string_view text, const core::Secret& key) {
  // Cutting comes last, so that no half of a key is left at the end; what is not looked at is not
  // kept.
  std::string safe(text.substr(0, 16 * kLongestMessage));
  if (key.reveal().size() >= kShortestSecret) replace_all(safe, key.reveal(), "***");
  hide_keys(safe);
  hide_session_tokens(safe);
  safe = core::printable(safe);
  if (safe.size() > kLongestMessage) {
    std::size_t end = kLongestMessage;
    while (end > 0 && (static_cast<unsigned char>(safe[end]) & 0xC0) == 0x80) --end;
    safe.resize(end);
    safe += "…";
  }
  return safe;
}

}  // namespace sluice::provider
