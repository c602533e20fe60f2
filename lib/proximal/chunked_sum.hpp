#pragma once

#include "numerics/compensated_sum.hpp"
#include "numerics/round_off.hpp"

#include <algorithm>
#include <cmath>

namespace flowcheck {

/// Σ and Σ|·| of many terms, and a bound for what their summation and a few roundings in each term
/// lose.
struct ChunkedSum {
  double sum = 0.0;
  double magnitude = 0.0;

  double round_off() const { return flowcheck::round_off(magnitude, 2); }
};

/// Σᵢ term(i), i = 0 … n − 1, in chunks of 256 by four accumulators, chunks compensated: a rounding
/// error of at most 66u Σ|term|, whatever n.
template <class Term>
ChunkedSum chunked_sum(Index n, const Term& term) {
  CompensatedSum total;
  CompensatedSum magnitude;
  for (Index begin = 0; begin < n; begin += 256) {
    double sums[4] = {};
    double sizes[4] = {};
    const Index end = std::min(begin + 256, n);
    const auto take = [&](Index i, int lane) {
      const double x = term(i);
      sums[lane] += x;
      sizes[lane] += std::abs(x);
    };
    Index i = begin;
    for (; i + 4 <= end; i += 4) {
      take(i, 0);
      take(i + 1, 1);
      take(i + 2, 2);
      take(i + 3, 3);
    }
    for (; i < end; ++i) take(i, 0);
    total.add((sums[0] + sums[1]) + (sums[2] + sums[3]));
    magnitude.add((sizes[0] + sizes[1]) + (sizes[2] + sizes[3]));
  }
  return {total.value(), magnitude.value()};
}

}  // namespace flowcheck
