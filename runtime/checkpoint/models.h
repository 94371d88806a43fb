// The models' names as the small numbers that stand in key records.
//
// Threads: add() on one; valid() and name_of_valid() on any, since what they read is fixed once
// open.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/sqlite_store.h"

namespace sluice::checkpoint {

class Models {
 public:
  // `valid`: Options::models. Those that are not stored yet are written by write().
  Models(const std::vector<store::StoredModel>& stored, const std::vector<std::string>& valid);

  std::uint32_t number(std::string_view name);
  // Writes those that are new, in the store's transaction.
  core::Status write(store::SqliteStore& store);

  // Whose answers hold in this run; nullptr when this one's do not.
  const std::string* valid(std::uint32_t number) const;

 private:
  std::unordered_map<std::string, std::uint32_t> numbers_;
  std::unordered_map<std::uint32_t, std::string> valid_;  // fixed after construction
  std::vector<store::StoredModel> unwritten_;
  std::uint32_t last_ = 0;  // 0 itself stands for none: rejects
  std::string lately_;      // entries of one model come in a row
  std::uint32_t lately_number_ = 0;
};

}  // namespace sluice::checkpoint
