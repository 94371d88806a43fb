#include "stages/parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/json.h"
#include "stages/field_check.h"

namespace sluice::stages {
namespace {

constexpr std::size_t kQuotedBytes = 200;  // of a model's words, in a detail
constexpr unsigned kAlone = 20;            // a shrink that leaves one row of any pack

// The JSON inside a reply that wraps it in one Markdown code fence.
std::string_view without_fence(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == text.npos) return {};
  text.remove_prefix(first);
  if (!text.starts_with("```")) return text;
  const auto line_end = text.find('\n');
  const auto fence = text.rfind("```");
  if (line_end == text.npos || fence <= line_end) return text;
  return text.substr(line_end + 1, fence - line_end - 1);
}

std::string quoted_start(std::string_view text) {
  return fmt::format("{}{}", text.substr(0, kQuotedBytes), text.size() > kQuotedBytes ? "…" : "");
}

std::string members_of(const simdjson::dom::object& object, const std::vector<Field>& fields) {
  std::string members;
  for (const Field& field : fields) {
    if (!members.empty()) members += ',';
    core::append_json_string(members, field.name);
    members += ':';
    simdjson::dom::element value;
    members +=
        object[field.name].get(value) == simdjson::SUCCESS ? simdjson::minify(value) : "null";
  }
  return members;
}

}  // namespace

Parser::Parser(const PipelineSpec& spec, const Question& question, const LineWriter& lines,
               std::vector<std::string> models)
    : spec_(spec), question_(question), lines_(lines), models_(std::move(models)) {}

Parser::Out Parser::run(Completions&& completions) const {
  Out out;
  for (Completion& completion : completions) {
    checkpoint::Settlement settlement;
    settlement.attempt = completion.attempt;
    settlement.endpoint = completion.endpoint;
    settlement.answered = true;
    settlement.billing = completion.reply.outcome.billing;
    settlement.usage = completion.reply.outcome.usage;
    settlement.cost = completion.cost;
    settlement.estimate = completion.estimate;
    settlement.charged = completion.reply.outcome.charged;
    out.results.settlements.push_back(settlement);
    read(completion, out);
  }
  return out;
}

void Parser::read(Completion& completion, Out& out) const {
  const provider::Reply& reply = completion.reply;
  switch (reply.finish) {
    case provider::Finish::refusal:
      return pack_failed(completion, {"refused", "the model refused: " + quoted_start(reply.text)},
                         true, out);
    case provider::Finish::content_filter:
      return pack_failed(completion,
                         {"content_filter", "the provider's content filter stopped the answer"},
                         true, out);
    case provider::Finish::length:
      return pack_failed(completion, {"truncated", "the answer was cut off at the output limit"},
                         false, out);
    case provider::Finish::stop:
    case provider::Finish::other:
      break;
  }
  read_rows(completion, without_fence(reply.text), out);
}

void Parser::read_rows(Completion& completion, std::string_view text, Out& out) const {
  Items& items = completion.request->items;
  const std::string& model = models_[completion.endpoint];
  if (question_.plain_text) {
    if (completion.reply.text.empty())
      return pack_failed(completion, {"empty_answer", "the answer is empty"}, false, out);
    std::string members = "\"answer\":";
    core::append_json_string(members, completion.reply.text);
    return end(items.front(), lines_.answer(items.front(), members, model), out);
  }

  thread_local simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (text.empty())
    return pack_failed(completion, {"empty_answer", "the answer is empty"}, false, out);
  if (parser.parse(text.data(), text.size()).get(document)) {
    return pack_failed(completion, {"bad_answer", "the answer is not JSON: " + quoted_start(text)},
                       false, out);
  }

  // The answers by row: found once, found more often, not found.
  struct Found {
    int times = 0;
    simdjson::dom::object object;
  };
  std::vector<Found> found(items.size());
  if (!question_.packed) {
    found[0].times = document.get(found[0].object) == simdjson::SUCCESS ? 1 : 0;
  } else {
    simdjson::dom::array answers;
    if (document["answers"].get(answers) && document.get(answers)) {
      return pack_failed(completion,
                         {"bad_answer", "the reply has no list of answers: " + quoted_start(text)},
                         false, out);
    }
    for (const simdjson::dom::element entry : answers) {
      std::string_view id;
      if (entry["id"].get(id)) continue;
      const auto& ids = completion.request->ids;
      const auto at = std::find(ids.begin(), ids.end(), id);
      if (at == ids.end()) continue;
      Found& row = found[static_cast<std::size_t>(at - ids.begin())];
      ++row.times;
      row.times += entry.get(row.object) == simdjson::SUCCESS ? 0 : 1;
    }
  }

  if (std::none_of(found.begin(), found.end(), [](const Found& f) { return f.times == 1; })) {
    return pack_failed(completion, {"missing_answer", "no answer in the reply carries a row's id"},
                       false, out);
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (found[i].times != 1) {
      const char* why =
          found[i].times == 0 ? "no answer came for it" : "more than one answer came for it";
      row_failed(std::move(items[i]), {"missing_answer", why}, out);
    } else if (auto members = answer(found[i].object, items[i])) {
      end(items[i], lines_.answer(items[i], *members, model), out);
    } else if (members.error().reason == "script_error") {
      // The function will not do better on a second answer, and this one is paid for: keep it.
      Item& item = items[i];
      item.history.push_back("the answer was " + simdjson::minify(found[i].object));
      reject(std::move(item), std::move(members.error()), out);
    } else {
      row_failed(std::move(items[i]), std::move(members.error()), out);
    }
  }
}

std::expected<std::string, Parser::Failed> Parser::answer(const simdjson::dom::object& object,
                                                          const Item& item) const {
  if (auto wrong = misfit(object, question_.answer))
    return std::unexpected(Failed{"bad_answer", std::move(*wrong)});
  std::string members = members_of(object, question_.answer);
  if (!spec_.parse.parse) return members;
  auto parsed = spec_.parse.parse("{" + members + "}", item.row);
  if (!parsed) {
    const bool script = parsed.error().script_error;
    return std::unexpected(
        Failed{script ? "script_error" : "bad_answer", std::move(parsed.error().message)});
  }
  return parsed->substr(1, parsed->size() - 2);
}

// The reply as a whole is of no use. In a pack nobody knows which row is to blame: all are asked
// again in packs of half the size (or each alone), until the one to blame stands alone.
void Parser::pack_failed(Completion& completion, const Failed& failed, bool alone, Out& out) const {
  Items& items = completion.request->items;
  if (items.size() == 1) {
    // What will be refused again is not asked again.
    if (alone) return reject(std::move(items.front()), failed, out);
    return row_failed(std::move(items.front()), failed, out);
  }
  for (Item& item : items) {
    item.shrink = alone ? kAlone : item.shrink + 1;
    item.history.push_back(fmt::format("in a pack of {}: {}", items.size(), failed.detail));
    out.again.push_back(std::move(item));
  }
}

void Parser::row_failed(Item&& item, Failed failed, Out& out) const {
  if (item.asked_again >= spec_.parse.retries)
    return reject(std::move(item), std::move(failed), out);
  ++item.asked_again;
  ++item.shrink;
  item.history.push_back(failed.detail);
  item.complaint = std::move(failed.detail);
  out.again.push_back(std::move(item));
}

void Parser::reject(Item&& item, Failed failed, Out& out) const {
  const core::Reject why{core::Stage::parse, std::move(failed.reason), std::move(failed.detail),
                         item.history};
  end(item, lines_.reject(item, why), out);
  out.rejected.emplace_back(item.question, why);
}

void Parser::end(const Item& item, checkpoint::Entry entry, Out& out) const {
  out.ended += weight_of(item.row);
  out.results.entries.push_back(std::move(entry));
}

}  // namespace sluice::stages
