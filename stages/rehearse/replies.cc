#include "rehearse/replies.h"

#include <fmt/format.h>

#include "core/json.h"
#include "format/json_value.h"

namespace sluice::rehearse {
namespace {

namespace dom = simdjson::dom;

std::expected<ReplyList, std::string> read_list(const dom::element& value,
                                                const stages::Question& question) {
  ReplyList replies;
  dom::array list;
  const bool is_list = value.get(list) == simdjson::SUCCESS && list.size() > 0;
  // A list of numbers is one vector; a list of lists are the vectors of successive attempts.
  const bool vector = is_list && question.vectors && list.at(0).is_number();
  if (is_list && !vector) {
    for (const dom::element each : list) {
      auto reply = read_reply(each, question);
      if (!reply) return std::unexpected(std::move(reply.error()));
      replies.push_back(std::move(*reply));
    }
    return replies;
  }
  auto reply = read_reply(value, question);
  if (!reply) return std::unexpected(std::move(reply.error()));
  replies.push_back(std::move(*reply));
  return replies;
}

}  // namespace

std::string bare_key(std::string_view key_json) {
  dom::parser parser;
  dom::element value;
  std::string_view text;
  if (format::parse_json(parser, key_json, value) == simdjson::SUCCESS &&
      value.get(text) == simdjson::SUCCESS)
    return std::string(text);
  return std::string(key_json);
}

std::expected<Replies, std::string> Replies::make(const ReplyTexts& texts,
                                                  const stages::Question& question) {
  Replies made(question);
  made.function_ = texts.function;
  dom::parser parser;
  dom::element value;
  if (!texts.any.empty()) {
    if (format::parse_json(parser, texts.any, value))
      return std::unexpected("reply cannot be read");
    auto list = read_list(value, question);
    if (!list) return std::unexpected("reply: " + list.error());
    made.any_ = std::move(*list);
  }
  if (texts.by_row.empty()) return made;
  if (format::parse_json(parser, texts.by_row, value))
    return std::unexpected("replies cannot be read");
  dom::array list;
  dom::object object;
  if (value.get(list) == simdjson::SUCCESS) {
    for (const dom::element each : list) {
      auto replies = read_list(each, question);
      if (!replies)
        return std::unexpected(
            fmt::format("item {} of replies: {}", made.by_line_.size() + 1, replies.error()));
      made.by_line_.push_back(std::move(*replies));
    }
    return made;
  }
  if (value.get(object) != simdjson::SUCCESS)
    return std::unexpected(
        "replies is a table of replies by key, { [\"17\"] = { … } }, or a list in the order of the "
        "rows");
  for (const auto [key, each] : object) {
    auto replies = read_list(each, question);
    if (!replies) return std::unexpected(fmt::format("replies of '{}': {}", key, replies.error()));
    made.by_key_.emplace(key, std::move(*replies));
  }
  return made;
}

std::string Replies::name_of(const stages::Item& item) {
  return item.row.key_json.empty() ? item.row.raw : item.row.key_json;
}

const ReplyList* Replies::list_for(const stages::Item& item) const {
  if (const auto found = by_key_.find(bare_key(item.row.key_json)); found != by_key_.end())
    return &found->second;
  if (item.row.line > 0 && item.row.line <= by_line_.size()) return &by_line_[item.row.line - 1];
  return any_.empty() ? nullptr : &any_;
}

std::expected<Reply, std::string> Replies::call(const stages::Item& item, std::size_t attempt,
                                                const provider::EndpointSpec& endpoint) const {
  std::string ask;
  core::JsonWriter w(ask);
  w.open('{');
  w.field("prompt", item.prompt);
  w.field("attempt", attempt + 1);
  if (!item.row.key_json.empty()) {
    w.key("key");
    w.raw(item.row.key_json);
  }
  w.field("endpoint", endpoint.name);
  w.field("model", endpoint.model);
  w.close('}');
  const auto text = function_(item.row.raw, ask);
  if (!text) return std::unexpected(text.error().text());
  dom::parser parser;
  dom::element value;
  if (format::parse_json(parser, *text, value)) return std::unexpected("reply cannot be read");
  auto reply = read_reply(value, *question_);
  if (!reply) return std::unexpected("reply: " + reply.error());
  return reply;
}

std::expected<Reply, std::string> Replies::next(const stages::Item& item,
                                                const provider::EndpointSpec& endpoint) {
  const auto attempts = attempts_.find(name_of(item));
  const std::size_t attempt = attempts == attempts_.end() ? 0 : attempts->second;
  const ReplyList* list = list_for(item);
  if (list != nullptr) return (*list)[std::min(attempt, list->size() - 1)];
  if (function_) return call(item, attempt, endpoint);
  const std::string key = bare_key(item.row.key_json);
  return std::unexpected(
      key.empty() ? fmt::format("no reply for the row {}; give the case reply = …", item.row.raw)
                  : fmt::format("no reply for the row '{}'; give the case replies = {{ [\"{}\"] = "
                                "… }}, or reply = … for all rows",
                                key, key));
}

}  // namespace sluice::rehearse
