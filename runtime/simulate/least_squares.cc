#include "simulate/least_squares.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace sluice::simulate {
namespace {

// Sums of products of terms: what the minimum depends on.
struct NormalEquations {
  std::array<Coefficients, kMostCoefficients> products{};
  Coefficients right{};

  void add(const Coefficients& terms, double value, double weight, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      right[i] += weight * terms[i] * value;
      for (std::size_t j = 0; j < count; ++j) products[i][j] += weight * terms[i] * terms[j];
    }
  }
};

double dot(const Coefficients& a, const Coefficients& b, std::size_t count) {
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

// By Cholesky's method, of the coefficients in `set` alone; nullopt where they cannot be told apart. Terms differ by ten
// powers of ten, so each is measured by itself first.
std::optional<Coefficients> solve_set(const NormalEquations& equations, unsigned set,
                                      std::size_t count) {
  std::array<std::size_t, kMostCoefficients> index{};
  std::array<double, kMostCoefficients> scale{};
  std::size_t n = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if ((set >> i & 1) == 0) continue;
    if (!(equations.products[i][i] > 0)) return std::nullopt;
    scale[n] = std::sqrt(equations.products[i][i]);
    index[n++] = i;
  }
  std::array<Coefficients, kMostCoefficients> lower{};
  std::array<double, kMostCoefficients> y{};
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = equations.products[index[i]][index[j]] / (scale[i] * scale[j]);
      for (std::size_t k = 0; k < j; ++k) sum -= lower[i][k] * lower[j][k];
      if (i != j) {
        lower[i][j] = sum / lower[j][j];
      } else if (sum > 1e-10) {
        lower[i][i] = std::sqrt(sum);
      } else {
        return std::nullopt;
      }
    }
    y[i] = equations.right[index[i]] / scale[i];
    for (std::size_t k = 0; k < i; ++k) y[i] -= lower[i][k] * y[k];
    y[i] /= lower[i][i];
  }
  Coefficients found{};
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) y[i] -= lower[k][i] * y[k];
    y[i] /= lower[i][i];
    if (y[i] < 0) return std::nullopt;
    found[index[i]] = y[i] / scale[i];
  }
  return found;
}

// The minimum without negative coefficients is the minimum of some set of them, the rest being zero: with so few, all sets
// are tried.
Coefficients least(const NormalEquations& equations, std::size_t count) {
  Coefficients best{};
  double least = 0;  // of all zero, less what does not depend on them
  for (unsigned set = 1; set < 1U << count; ++set) {
    const auto found = solve_set(equations, set, count);
    if (!found) continue;
    double value = -2 * dot(*found, equations.right, count);
    for (std::size_t i = 0; i < count; ++i)
      value += (*found)[i] * dot(equations.products[i], *found, count);
    if (value < least) {
      least = value;
      best = *found;
    }
  }
  return best;
}

}  // namespace

Coefficients RelativeSquares::solve(double usual) const {
  constexpr int kRounds = 8;
  constexpr double kPastMedian = 1.5;
  std::vector<double> weights(rows_.size(), 1.0);
  std::vector<double> errors(rows_.size());
  Coefficients found{};
  for (int round = 0; round < kRounds; ++round) {
    NormalEquations equations;
    for (std::size_t i = 0; i < rows_.size(); ++i) equations.add(rows_[i], 1, weights[i], count_);
    for (const Coefficients& terms : expected_) equations.add(terms, 0, 1, count_);
    found = least(equations, count_);
    for (std::size_t i = 0; i < rows_.size(); ++i)
      errors[i] = std::abs(dot(found, rows_[i], count_) - 1);
    if (errors.empty()) break;
    std::vector<double> sorted = errors;
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
    std::ranges::nth_element(sorted, middle);
    const double limit = std::max(usual, kPastMedian * *middle);
    for (std::size_t i = 0; i < rows_.size(); ++i)
      weights[i] = std::min(1.0, limit / std::max(errors[i], 1e-12));
  }
  return found;
}

}  // namespace sluice::simulate
