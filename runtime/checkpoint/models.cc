#include "checkpoint/models.h"

#include <algorithm>

namespace sluice::checkpoint {

Models::Models(const std::vector<store::StoredModel>& stored,
               const std::vector<std::string>& valid) {
  for (const store::StoredModel& model : stored) {
    const auto number = static_cast<std::uint32_t>(model.id);
    numbers_.emplace(model.name, number);
    last_ = std::max(last_, number);
  }
  for (const std::string& name : valid) valid_.emplace(number(name), name);
}

std::uint32_t Models::number(std::string_view name) {
  if (lately_number_ != 0 && name == lately_) return lately_number_;
  lately_ = name;
  const auto [at, added] = numbers_.try_emplace(lately_, last_ + 1);
  if (added) unwritten_.push_back({++last_, lately_});
  return lately_number_ = at->second;
}

core::Status Models::write(store::SqliteStore& store) {
  for (const store::StoredModel& model : unwritten_)
    if (auto status = store.put_model(model); !status) return status;
  unwritten_.clear();
  return {};
}

const std::string* Models::valid(std::uint32_t number) const {
  const auto found = valid_.find(number);
  return found == valid_.end() ? nullptr : &found->second;
}

}  // namespace sluice::checkpoint
