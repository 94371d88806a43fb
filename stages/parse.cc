#include "stages/parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "answer/field_check.h"
#include "answer/salvage.h"
#include "core/json.h"
#include "format/json_value.h"
#include "stages/vector_text.h"

namespace sluice::stages {
namespace {

constexpr std::size_t kUsualMembers = 128;  // bytes
constexpr std::size_t kQuotedBytes = 200;   // of a model's words, in a detail

std::string quoted_start(std::string_view text) {
  return fmt::format("{}{}", text.substr(0, kQuotedBytes), text.size() > kQuotedBytes ? "…" : "");
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == text.npos;
}

// Why a reply that was cut off at the output limit gives nothing.
std::string cut_off(const provider::Reply& reply) {
  const provider::Usage& usage = reply.outcome.usage;
  if (usage.output == 0)
    return "the answer was cut off at the output limit: raise max_output_tokens, or ask for less";
  if (is_blank(reply.text) && usage.reasoning > 0)
    return fmt::format(
        "the model spent its output limit on thinking ({} of {} output tokens) and wrote no "
        "answer: raise max_output_tokens, or let it think less",
        usage.reasoning, usage.output);
  return fmt::format(
      "the answer was cut off at the output limit, after {} tokens: raise "
      "max_output_tokens, or ask for less",
      usage.output);
}

std::string members_of(const simdjson::dom::object& object,
                       const std::vector<answer::Field>& fields) {
  std::string members;
  members.reserve(kUsualMembers);
  for (const answer::Field& field : fields) {
    if (!members.empty()) members += ',';
    core::append_json_string(members, field.name);
    members += ':';
    simdjson::dom::element value;
    if (object[field.name].get(value) == simdjson::SUCCESS) {
      format::append_json(members, value);
    } else {
      members += "null";
    }
  }
  return members;
}

}  // namespace

Parser::Parser(const PipelineSpec& spec, const Question& question, const LineWriter& lines,
               std::vector<std::string> models)
    : spec_(spec), question_(question), lines_(lines), models_(std::move(models)) {}

Parser::Out Parser::run(Completions&& completions) const {
  Out out;
  std::size_t rows = 0;
  for (const Completion& completion : completions) rows += completion.request->items.size();
  out.results.settlements.reserve(completions.size());
  out.results.entries.reserve(rows);
  for (Completion& completion : completions) {
    if (completion.settlement.intended()) out.results.settlements.push_back(completion.settlement);
    read(completion, out);
  }
  return out;
}

void Parser::read(Completion& completion, Out& out) const {
  const provider::Reply& reply = completion.reply;
  const Request& request = *completion.request;
  PackSize::Reply pack{.asked = request.items.size(),
                       .output_tokens = reply.outcome.usage.output,
                       .epoch = request.size_epoch.value_or(0)};
  const std::uint64_t single_before = out.single_bytes;
  const std::size_t ended_before = out.results.entries.size();
  if (reply.finish == provider::Finish::refusal) {
    pack_failed(completion, {"refused", "the model refused: " + quoted_start(reply.text)}, true,
                out);
  } else if (reply.finish == provider::Finish::content_filter) {
    pack_failed(completion, {"content_filter", "the provider's content filter stopped the answer"},
                true, out);
  } else if (question_.vectors) {
    read_vectors(completion, out);
  } else if (question_.plain_text) {
    read_text(completion, out);
  } else if (!question_.packed) {
    read_one(completion, out);
  } else {
    read_pack(completion, out);
  }
  pack.answered = out.results.entries.size() - ended_before;
  if (question_.packed && request.size_epoch) out.packs.push_back(pack);
  if (!question_.packed) return;
  out.packed.push_back({.endpoint = completion.endpoint(),
                        .content_bytes = request.user_content ? request.user_content->size() : 0,
                        .input_tokens = reply.outcome.usage.input,
                        .rows_answered = pack.answered,
                        .single_bytes = out.single_bytes - single_before});
}

// Free text: whatever came, if it came whole.
void Parser::read_text(Completion& completion, Out& out) const {
  const provider::Reply& reply = completion.reply;
  if (reply.finish == provider::Finish::length)
    return pack_failed(completion, {"truncated", cut_off(reply)}, false, out);
  if (is_blank(reply.text))
    return pack_failed(completion, {"empty_answer", "the answer is empty"}, false, out);
  std::string members = "\"answer\":";
  core::append_json_string(members, reply.text);
  give(completion.request->items.front(), members, completion, out);
}

void Parser::read_one(Completion& completion, Out& out) const {
  thread_local simdjson::dom::parser parser;
  const provider::Reply& reply = completion.reply;
  if (reply.finish == provider::Finish::length)
    return pack_failed(completion, {"truncated", cut_off(reply)}, false, out);
  if (is_blank(reply.text))
    return pack_failed(completion, {"empty_answer", "the answer is empty"}, false, out);
  const auto object = answer::salvage_object(reply.text, parser);
  if (!object)
    return pack_failed(
        completion,
        {"bad_answer", "the answer is not one JSON object: " + quoted_start(reply.text)}, false,
        out);
  take_answer(completion.request->items.front(), *object, completion, out);
}

void Parser::read_pack(Completion& completion, Out& out) const {
  thread_local simdjson::dom::parser parser;
  const provider::Reply& reply = completion.reply;
  Items& items = completion.request->items;
  const answer::Salvaged found = answer::salvage(reply.text, completion.request->ids, parser);
  if (found.answers.empty()) {
    if (reply.finish == provider::Finish::length)
      return pack_failed(completion, {"truncated", cut_off(reply)}, false, out);
    if (is_blank(reply.text))
      return pack_failed(completion, {"empty_answer", "the answer is empty"}, false, out);
    return pack_failed(
        completion,
        {"bad_answer", "no answer in the reply carries a row's id: " + quoted_start(reply.text)},
        false, out);
  }

  std::vector<const answer::Salvaged::Found*> by_row(items.size());
  for (const answer::Salvaged::Found& answer : found.answers) by_row[answer.row] = &answer;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (by_row[i] != nullptr) {
      take_answer(items[i], by_row[i]->object, completion, out);
    } else if (std::ranges::find(found.conflicting, i) != found.conflicting.end()) {
      row_failed(std::move(items[i]), {"missing_answer", "two different answers came for it"},
                 items.size() == 1, out);
    } else if (reply.finish == provider::Finish::length) {
      row_failed(std::move(items[i]), {"truncated", cut_off(reply)}, items.size() == 1, out);
    } else {
      row_failed(std::move(items[i]), {"missing_answer", "no answer came for it"},
                 items.size() == 1, out);
    }
  }
}

// A vector for each input, in their order: the API has no ids, so a reply of another number is of
// no use as a whole.
void Parser::read_vectors(Completion& completion, Out& out) const {
  const provider::Reply& reply = completion.reply;
  Items& items = completion.request->items;
  const std::size_t dimensions = reply.dimensions;
  if (reply.vectors.size() != items.size() * dimensions || dimensions == 0) {
    const std::size_t came = dimensions == 0 ? 0 : reply.vectors.size() / dimensions;
    return pack_failed(
        completion,
        {"missing_answer", fmt::format("{} vectors came for {} texts", came, items.size())}, false,
        out);
  }
  std::string name;
  core::append_json_string(name, question_.answer.front().name);
  name += ':';
  for (std::size_t i = 0; i < items.size(); ++i) {
    std::string members = name;
    append_vector(members, std::span(reply.vectors).subspan(i * dimensions, dimensions));
    give(items[i], members, completion, out);
  }
}

void Parser::take_answer(Item& item, const simdjson::dom::object& object,
                         const Completion& completion, Out& out) const {
  if (auto wrong = answer::misfit(object, question_.answer))
    return row_failed(std::move(item), {"bad_answer", std::move(*wrong)},
                      completion.request->items.size() == 1, out);
  give(item, members_of(object, question_.answer), completion, out);
}

void Parser::give(Item& item, const std::string& members, const Completion& completion,
                  Out& out) const {
  if (!spec_.parse.parse) return answered(item, members, completion, out);
  const std::string answer = "{" + members + "}";
  const auto parsed = spec_.parse.parse(answer, item.row);
  if (parsed)
    return answered(item, std::string_view(*parsed).substr(1, parsed->size() - 2), completion, out);
  if (!parsed.error().script_error)
    return row_failed(std::move(item), {"bad_answer", parsed.error().message},
                      completion.request->items.size() == 1, out);
  // The function will not do better on a second answer, and this one is paid for: keep it.
  item.history.push_back("the answer was " + answer);
  reject(std::move(item), {"script_error", parsed.error().message}, out);
}

// The reply as a whole is of no use. In a pack nobody knows which row is to blame: it is asked
// again in two halves, until the one to blame stands alone. `final`: what will come again of a row
// alone.
void Parser::pack_failed(Completion& completion, const Failed& failed, bool final, Out& out) const {
  Items& items = completion.request->items;
  if (items.size() == 1) {
    if (final) return reject(std::move(items.front()), failed, out);
    return row_failed(std::move(items.front()), failed, true, out);
  }
  for (Item& item : items) {
    ++item.failed_packs;
    item.history.push_back(fmt::format("in a pack of {}: {}", items.size(), failed.detail));
  }
  for (Items& half : halves_of(std::move(items))) out.halves.push_back(std::move(half));
}

void Parser::row_failed(Item&& item, Failed failed, bool alone, Out& out) const {
  const int failures = item.asked_again + (alone ? item.failed_packs : 0);
  if (failures >= spec_.parse.retries) return reject(std::move(item), std::move(failed), out);
  ++item.asked_again;
  item.history.push_back(failed.detail);
  item.validation_feedback = std::move(failed.detail);
  if (!alone || !question_.packed) return out.again.push_back(std::move(item));
  out.halves.emplace_back();  // it may be the row to blame: it goes alone again
  out.halves.back().push_back(std::move(item));
}

void Parser::reject(Item&& item, Failed failed, Out& out) const {
  const core::Reject why{core::Stage::parse, std::move(failed.reason), std::move(failed.detail),
                         item.history};
  end(item, lines_.reject(item, why), out);
  out.rejected.emplace_back(item.question, why);
}

void Parser::answered(const Item& item, std::string_view members, const Completion& completion,
                      Out& out) const {
  store::Entry entry = lines_.answer(item, members, models_[completion.endpoint()]);
  entry.fresh = true;  // pack.h: only what has no answer is asked
  end(item, std::move(entry), out);
}

void Parser::end(const Item& item, store::Entry entry, Out& out) const {
  out.ended += weight_of(item);
  if (question_.packed) out.single_bytes += core::json_string_bytes(item.prompt);
  out.results.entries.push_back(std::move(entry));
}

}  // namespace sluice::stages
