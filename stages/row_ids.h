// The ids by which the rows of a pack are told apart: three letters and digits that are hard to mistake
// for one another or for a word. They differ from pack to pack, so that an answer that belongs
// elsewhere shows itself, and follow from the first row's question, so that they need not be kept.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/hash.h"

namespace sluice::stages {

inline std::string row_id(const core::Hash128& first_question, std::uint64_t position) {
  constexpr std::string_view kAlphabet = "bcdfghjkmnpqrstvwxz23456789";
  constexpr std::uint64_t kIds = 27 * 27 * 27;
  std::uint64_t n = first_question.low % kIds + position;
  std::string id;
  for (int i = 0; i < 3; ++i) {
    id += kAlphabet[n % kAlphabet.size()];
    n /= kAlphabet.size();
  }
  return id;
}

}  // namespace sluice::stages
