// Least squares for a handful of coefficients, none of them negative, each point's weight lowered where it is far off.
//
// Threads: one for an object; any for the functions.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace sluice::simulate {

constexpr std::size_t kMostCoefficients = 5;
using Coefficients = std::array<double, kMostCoefficients>;

// Rows of "coefficients · terms = 1": relative errors, when a row's terms are divided by what was measured.
class RelativeSquares {
 public:
  explicit RelativeSquares(std::size_t count) : count_(count) {}

  void add(const Coefficients& terms) { rows_.push_back(terms); }
  // A row "coefficients · terms = 0" that always counts in full: what is expected before any point is seen.
  void expect(const Coefficients& terms) { expected_.push_back(terms); }

  // Errors above `usual`, or one and a half times the median one, count in proportion, not squared.
  Coefficients solve(double usual) const;

 private:
  std::size_t count_;
  std::vector<Coefficients> rows_;
  std::vector<Coefficients> expected_;
};

}  // namespace sluice::simulate
