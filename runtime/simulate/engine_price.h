// What tokens of a server of one's own cost, which is paid by the hour whether it works or not, and from how much work on it is
// cheaper than one that is paid by the token.
//
// Threads: pure functions; any. Money is in dollars, since all of it is an estimate.
#pragma once

#include <optional>

namespace sluice::simulate {

struct ServerPrice {
  double dollars_per_hour = 0;
  double utilisation = 1;  // the share of its hours in which it works as fast as it can, 0 to 1
};

// Of a million requests, or tokens, of which it does so many a second. None where it never works.
inline std::optional<double> dollars_per_million(const ServerPrice& price, double per_second) {
  const double millions_an_hour = per_second * 3600 * price.utilisation / 1e6;
  if (!(millions_an_hour > 0)) return std::nullopt;
  return price.dollars_per_hour / millions_an_hour;
}

struct TokenPrice {
  double input_per_million = 0;  // dollars
  double output_per_million = 0;
  double batch_share = 1;  // of these prices, as batches and flex are sold: 0.5
};

inline double dollars_per_request(const TokenPrice& price, double input_tokens,
                                  double output_tokens) {
  return price.batch_share *
         (price.input_per_million * input_tokens + price.output_per_million * output_tokens) / 1e6;
}

// The utilisation above which the server is cheaper than paying for each request, where it does `requests_per_second` while
// it works. Above 1: it never is.
inline std::optional<double> break_even_utilisation(double dollars_per_hour,
                                                    double requests_per_second,
                                                    double dollars_per_request) {
  const double worth =
      requests_per_second * 3600 * dollars_per_request;  // of an hour's work elsewhere
  if (!(worth > 0)) return std::nullopt;
  return dollars_per_hour / worth;
}

}  // namespace sluice::simulate
