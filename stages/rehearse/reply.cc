#include "rehearse/reply.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/json.h"
#include "dispatch/transport_outcome.h"
#include "format/json_value.h"
#include "rehearse/json_text.h"

namespace sluice::rehearse {
namespace {

namespace dom = simdjson::dom;
using FailureKind = http::Failure::Kind;

struct ErrorWord {
  std::string_view word;
  FailureKind kind;
  bool sent;
};
constexpr std::array<ErrorWord, 5> kErrors = {{{"timeout", FailureKind::timeout, true},
                                               {"reset", FailureKind::reset, true},
                                               {"unreachable", FailureKind::connect, false},
                                               {"certificate", FailureKind::tls, false},
                                               {"not_http", FailureKind::protocol, true}}};

bool has_column(const stages::Question& question, std::string_view name) {
  return !question.plain_text &&
         std::ranges::find(question.answer, name, &answer::Field::name) != question.answer.end();
}

std::expected<Reply, std::string> read_failure(const dom::object& object) {
  Reply reply;
  std::int64_t number = 0;
  std::string_view text;
  for (const auto [name, value] : object) {
    if (name == "status" && value.get(number) == simdjson::SUCCESS && number >= 200 &&
        number <= 599) {
      reply.kind = Reply::Kind::status;
      reply.status = static_cast<int>(number);
    } else if (name == "retry_after" && value.get(number) == simdjson::SUCCESS && number >= 0) {
      reply.retry_after = static_cast<std::uint64_t>(number);
    } else if (name == "body" && value.get(text) == simdjson::SUCCESS) {
      reply.text = text;
    } else if (name == "error" && value.get(text) == simdjson::SUCCESS &&
               std::ranges::find(kErrors, text, &ErrorWord::word) != kErrors.end()) {
      reply.kind = Reply::Kind::error;
      reply.text = text;
    } else if (name == "error") {
      return std::unexpected(
          fmt::format("error is one of {}; got {}", error_words(), json_of(value)));
    } else if (name == "status") {
      return std::unexpected(
          fmt::format("status is a number such as 429 or 503; got {}", json_of(value)));
    } else {
      return std::unexpected(fmt::format(
          "a failure takes status, retry_after (seconds) and body (text), or error; not {} = {}",
          name, json_of(value)));
    }
  }
  if (reply.kind == Reply::Kind::answer)
    return std::unexpected("a failure needs a status or an error");
  return reply;
}

std::string default_body(int status) {
  return fmt::format(R"({{"error":{{"message":"the test replies with {}","type":"test"}}}})",
                     status);
}

}  // namespace

std::string_view error_words() {
  return "timeout, reset, unreachable, certificate, not_http";
}

std::expected<Reply, std::string> read_reply(const dom::element& value,
                                             const stages::Question& question) {
  Reply reply;
  bool flag = true;
  if (value.get(flag) == simdjson::SUCCESS && !flag) {
    reply.kind = Reply::Kind::missing;
    return reply;
  }
  if (dom::array numbers; question.vectors && value.get(numbers) == simdjson::SUCCESS) {
    for (const dom::element number : numbers)
      if (!number.is_number())
        return std::unexpected(
            fmt::format("a vector is a list of numbers; got {}", json_of(value)));
    if (numbers.size() == 0) return std::unexpected("a vector needs at least one number");
    reply.text = json_of(value);
    return reply;
  }
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS && !question.vectors) {
    const bool free_text = question.answer.size() == 1 && question.answer[0].name == "answer";
    if (question.packed && free_text) {  // one row's own text among others
      core::JsonWriter w(reply.text);
      w.open('{');
      w.field("answer", text);
      w.close('}');
    } else {
      reply.kind = Reply::Kind::text;
      reply.text = text;
    }
    return reply;
  }
  dom::array list;
  if (value.get(list) == simdjson::SUCCESS && list.size() == 0) {  // {} in Lua
    reply.text = "{}";
    return reply;
  }
  dom::object object;
  if (value.get(object) != simdjson::SUCCESS)
    return std::unexpected(fmt::format(
        "a reply is an answer {{ column = value }}, text, a failure {{ status = 429 }}, or "
        "false for a row that the reply leaves out; got {}",
        json_of(value)));
  const auto names = [&](std::string_view name) {
    return object[name].error() == simdjson::SUCCESS && !has_column(question, name);
  };
  dom::object inner;
  if (names("fail")) {
    if (object["fail"].get(inner) != simdjson::SUCCESS)
      return std::unexpected("fail holds a table, as in { fail = { status = 429 } }");
    return read_failure(inner);
  }
  if (names("raw") && !question.vectors) {
    if (object["raw"].get(text) != simdjson::SUCCESS)
      return std::unexpected("raw holds text, as in { raw = \"not JSON\" }");
    reply.kind = Reply::Kind::text;
    reply.text = text;
    return reply;
  }
  if (names("status") || names("error")) return read_failure(object);
  if (question.vectors)
    return std::unexpected(
        "this question is an s.embed, so its reply is a vector: a list of numbers");
  if (question.plain_text)
    return std::unexpected(
        "this question declares no answer, so its reply is text: \"…\", not a table");
  reply.text = json_of(value);
  return reply;
}

provider::Reply failed_reply(const Reply& reply, const provider::Codec& codec,
                             core::WallTime wall_now) {
  if (reply.kind == Reply::Kind::error) {
    const auto found = std::ranges::find(kErrors, std::string_view(reply.text), &ErrorWord::word);
    http::Failure failure;
    failure.kind = found->kind;
    failure.sent = found->sent;
    failure.message = fmt::format("{} (said by the test)", found->word);
    provider::Reply out;
    out.outcome = dispatch::outcome_of(failure);
    return out;
  }
  std::vector<provider::HeaderView> headers = {{"content-type", "application/json"}};
  const std::string after = reply.retry_after ? std::to_string(*reply.retry_after) : "";
  if (reply.retry_after) headers.emplace_back("retry-after", after);
  const std::string body = reply.text.empty() ? default_body(reply.status) : reply.text;
  return codec.read(reply.status, headers, body, wall_now);
}

}  // namespace sluice::rehearse
