#include "answer/salvage_entries.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace sluice::answer {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::size_t kFewMembers = 16;  // up to here every pair is compared

// An id as text: a string, or a number that has but one way to be written.
class IdText {
 public:
  bool read(const element& id) {
    if (id.get(text_) == simdjson::SUCCESS) return true;
    std::uint64_t number = 0;
    if (!id.is_uint64() && !id.is_int64()) return false;
    if (id.get(number) != simdjson::SUCCESS) return false;
    const auto end = std::to_chars(digits_.data(), digits_.data() + digits_.size(), number).ptr;
    text_ = {digits_.data(), static_cast<std::size_t>(end - digits_.data())};
    return true;
  }
  std::string_view text() const { return text_; }

 private:
  std::array<char, 24> digits_;
  std::string_view text_;
};

}  // namespace

std::size_t RowIds::find(std::string_view id) {
  if (next_ < ids_.size() && ids_[next_] == id) return next_++;
  if (sorted_.empty()) {
    sorted_.resize(ids_.size());
    for (std::size_t i = 0; i < sorted_.size(); ++i) sorted_[i] = i;
    std::sort(sorted_.begin(), sorted_.end(),
              [&](std::size_t a, std::size_t b) { return ids_[a] < ids_[b]; });
  }
  const auto at =
      std::lower_bound(sorted_.begin(), sorted_.end(), id,
                       [&](std::size_t i, std::string_view wanted) { return ids_[i] < wanted; });
  if (at == sorted_.end() || ids_[*at] != id) return kNone;
  next_ = *at + 1;
  return *at;
}

bool repeats_a_member(const object& object) {
  std::array<std::string_view, kFewMembers> few;
  std::size_t count = 0;
  for (const auto [name, value] : object) {
    if (count == few.size()) {
      std::vector<std::string_view> names;
      for (const auto [each, ignored] : object) names.push_back(each);
      std::sort(names.begin(), names.end());
      return std::adjacent_find(names.begin(), names.end()) != names.end();
    }
    if (std::find(few.begin(), few.begin() + count, name) != few.begin() + count) return true;
    few[count++] = name;
  }
  return false;
}

bool EntryCollector::add(const object& object, std::optional<std::string_view> key) {
  std::size_t ids = 0;
  std::size_t others = 0;
  element id;
  for (const auto [name, value] : object) {
    if (name == "id") {
      ++ids;
      id = value;
    } else {
      ++others;
    }
  }
  if (ids == 0 && !key) return false;
  IdText own;
  if (ids > 1 || (ids == 1 && !own.read(id)) || (ids == 1 && key && own.text() != *key)) {
    ++out_.missing_id;
    return true;
  }
  const std::size_t row = ids_.find(key ? *key : own.text());
  if (row == RowIds::kNone) {
    ++out_.unknown_id;
  } else if (others == 0 || repeats_a_member(object)) {
    ++out_.unusable;
  } else {
    give(rows_[row], object);
  }
  return true;
}

void EntryCollector::give(Row& row, const object& object) {
  switch (row.state) {
    case Row::State::none:
      row.state = Row::State::answered;
      row.object = object;
      return;
    case Row::State::answered:
      if (row.text.empty()) row.text = simdjson::minify(row.object);
      if (simdjson::minify(object) != row.text) row.state = Row::State::conflicting;
      return;
    case Row::State::conflicting:
      return;
  }
}

Salvaged EntryCollector::finish() {
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (rows_[i].state == Row::State::answered) out_.answers.push_back({i, rows_[i].object});
    if (rows_[i].state == Row::State::conflicting) out_.conflicting.push_back(i);
  }
  return std::move(out_);
}

}  // namespace sluice::answer
