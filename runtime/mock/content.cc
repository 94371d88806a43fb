#include "mock/content.h"

#include <algorithm>
#include <utility>

#include "mock/answerer.h"
#include "simulate/random.h"

namespace sluice::mock {
namespace {

using provider::FramedRow;

std::string_view without_feedback(std::string_view text) {
  if (!text.ends_with(provider::kFeedbackEnd)) return text;
  return text.substr(0, text.rfind(provider::kFeedback));
}

bool is_asked(const std::vector<FramedRow>& rows, std::string_view id) {
  return std::any_of(rows.begin(), rows.end(), [&](const FramedRow& row) { return row.id == id; });
}

// `id` with its last letter changed, so that it is nobody's.
std::string misspelt(std::string_view id, const std::vector<FramedRow>& rows) {
  std::string other(id.substr(0, id.empty() ? 0 : id.size() - 1));
  for (const char letter : std::string_view("xq7kz3mw")) {
    other += letter;
    if (!is_asked(rows, other)) return other;
    other.pop_back();
  }
  while (is_asked(rows, other) || other.empty()) other += 'x';
  return other;
}

// The places 0…count-1 in another order than that, where there is one.
std::vector<std::size_t> shuffled(std::size_t count, std::uint64_t draw) {
  std::vector<std::size_t> order(count);
  for (std::size_t i = 0; i < count; ++i) order[i] = i;
  for (std::size_t i = count; i > 1; --i)
    std::swap(order[i - 1], order[simulate::mix(draw, i) % i]);
  if (std::is_sorted(order.begin(), order.end()) && count > 1)
    std::rotate(order.begin(), order.begin() + 1, order.end());
  return order;
}

// An entry for `id` that differs from `first`, if the schema allows for two.
std::string another_entry(const AnswerPlan& plan, std::string_view id, const std::string& first,
                          std::uint64_t draw) {
  constexpr std::uint64_t kTries = 32;
  std::string entry;
  for (std::uint64_t i = 0; i < kTries && (entry.empty() || entry == first); ++i) {
    entry.clear();
    plan.fill_entry(entry, id, "", simulate::mix(draw, i));
  }
  return entry;
}

std::string pack_content(const AnswerPlan& plan, const std::vector<FramedRow>& rows,
                         std::uint64_t seed, Fault fault, std::uint64_t draw) {
  const std::size_t spoilt = rows.empty() ? 0 : draw % rows.size();
  std::vector<std::string> entries;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Fault here = i == spoilt ? fault : Fault::none;
    if (here == Fault::drop_row) continue;
    std::string id(rows[i].id);
    if (here == Fault::foreign_id) id.insert(0, "foreign-");
    if (here == Fault::re_id) id = misspelt(id, rows);
    std::string entry;
    plan.fill_entry(entry, id, rows[i].text, seed);
    if (here == Fault::double_row) {
      const bool differs = (simulate::mix(draw) & 1) != 0;
      entries.push_back(differs ? another_entry(plan, id, entry, draw) : entry);
    }
    entries.push_back(std::move(entry));
  }
  std::vector<std::size_t> order(entries.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  if (fault == Fault::reorder) order = shuffled(entries.size(), draw);
  std::string out = R"({"answers":[)";
  for (const std::size_t i : order) {
    if (out.back() != '[') out += ',';
    out += entries[i];
  }
  return out + "]}";
}

// Commas before the brackets that end it.
void add_commas(std::string& content) {
  if (!content.ends_with('}') || content.ends_with("{}")) return;
  if (content.ends_with("]}") && !content.ends_with("[]}"))
    content.insert(content.size() - 2, 1, ',');
  content.insert(content.size() - 1, 1, ',');
}

}  // namespace

std::vector<FramedRow> rows_of(std::string_view user, const AnswerPlan* plan) {
  if (!plan || !plan->is_pack()) return {{"", without_feedback(user)}};
  std::vector<FramedRow> rows = provider::read_framed(user);
  for (FramedRow& row : rows) row.text = without_feedback(row.text);
  return rows;
}

std::string content_for(const AnswerPlan* plan, const std::vector<FramedRow>& rows,
                        std::uint64_t seed, Fault fault, std::uint64_t draw) {
  if (!plan) return free_text_for(rows.front().text, seed);
  std::string out;
  if (plan->is_pack()) {
    out = pack_content(*plan, rows, seed, fault, draw);
  } else {
    plan->fill(out, rows.front().text, seed);
  }
  if (fault == Fault::trailing_comma) add_commas(out);
  if (fault == Fault::fence)
    return "Here is what you asked for:\n\n```json\n" + out + "\n```\n\nI hope this helps.";
  return out;
}

void cut_text(std::string& content, std::size_t bytes) {
  if (bytes >= content.size()) return;
  while (bytes > 0 && (static_cast<unsigned char>(content[bytes]) & 0xC0) == 0x80) --bytes;
  content.resize(bytes);
}

std::string garbled(std::string_view content) {
  return "Certainly! This is what I make of it: " + std::string(content.substr(0, 20)) + " …";
}

}  // namespace sluice::mock
