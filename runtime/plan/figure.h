// A number that is not known exactly: what is expected, how far off it may be, and where it comes from.
//
// Threads: plain values.
#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>

namespace sluice::plan {

enum class Origin : std::uint8_t {
  declared,  // the pipeline file, the price list or the command line says it
  measured,  // at this job's own requests, or counted in its input
  prior,     // what is usual elsewhere
};

// Of errors that have nothing to do with each other. (std::hypot() wants a newer glibc than packages may.)
inline double root_sum_square(double a, double b) {
  return std::sqrt(a * a + b * b);
}

struct Figure {
  double value = 0;
  // Nine times in ten the truth lies between value / e^spread and value · e^spread.
  double spread = 0;
  Origin origin = Origin::prior;

  double low() const { return value * std::exp(-spread); }
  double high() const { return value * std::exp(spread); }
};

constexpr std::string_view origin_name(Origin origin) {
  switch (origin) {
    case Origin::declared:
      return "declared";
    case Origin::measured:
      return "measured";
    case Origin::prior:
      return "prior";
  }
  return {};
}

// Of what is known least.
constexpr Origin weaker(Origin a, Origin b) {
  return a > b ? a : b;
}

inline Figure operator*(const Figure& a, const Figure& b) {
  return {a.value * b.value, root_sum_square(a.spread, b.spread), weaker(a.origin, b.origin)};
}
inline Figure operator*(const Figure& a, double factor) {
  return {a.value * factor, a.spread, a.origin};
}
// Errors that have nothing to do with each other.
inline Figure operator+(const Figure& a, const Figure& b) {
  const double sum = a.value + b.value;
  if (sum <= 0) return {sum, 0, weaker(a.origin, b.origin)};
  return {sum, root_sum_square(a.value * a.spread, b.value * b.spread) / sum,
          a.value == 0   ? b.origin
          : b.value == 0 ? a.origin
                         : weaker(a.origin, b.origin)};
}

}  // namespace sluice::plan
