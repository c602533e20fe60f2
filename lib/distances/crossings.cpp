#include "distances/crossings.hpp"

#include "numerics/round_off.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace flowcheck {
namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

PanelArray equidistant(double a, double b) {
  PanelArray x;
  const double step = (b - a) / static_cast<double>(panel_nodes - 1);
  for (std::size_t n = 0; n < panel_nodes; ++n) x[n] = a + step * static_cast<double>(n);
  x.back() = b;
  return x;
}

// The first zero or suspected pair of zeros well inside [a, b]; NaN: none.
double first_cut(double a, double b, const BatchFunction& g) {
  const double margin = 1e-9 * (b - a);
  const PanelArray x = equidistant(a, b);
  PanelArray values;
  g(x, values);
  for (std::size_t n = 1; n < panel_nodes; ++n) {
    if ((values[n - 1] < 0.0) != (values[n] < 0.0)) {
      double low = x[n - 1];
      double high = x[n];
      for (int round = 0; round < 12; ++round) {
        if (high - low <= 4.0 * unit_round_off * std::max(std::abs(low), std::abs(high))) break;
        const PanelArray finer = equidistant(low, high);
        PanelArray at;
        g(finer, at);
        std::size_t k = 1;
        while (k + 1 < panel_nodes && (at[k - 1] < 0.0) == (at[k] < 0.0)) ++k;
        low = finer[k - 1];
        high = finer[k];
      }
      const double zero = 0.5 * (low + high);
      if (zero > a + margin && zero < b - margin) return zero;
      continue;  // a cut made before, seen from its other side
    }
    if (n + 1 == panel_nodes || (values[n] < 0.0) != (values[n + 1] < 0.0)) continue;
    const double before = std::abs(values[n - 1]);
    const double here = std::abs(values[n]);
    const double after = std::abs(values[n + 1]);
    if (!(here < before && here < after)) continue;
    const double bend = before - 2.0 * here + after;
    const double tilt = 0.5 * (after - before);
    if (here - 0.5 * tilt * tilt / bend < 0.1 * here) {
      const double vertex = x[n] - tilt / bend * (x[n] - x[n - 1]);
      if (vertex > a + margin && vertex < b - margin) return vertex;
    }
  }
  return not_a_number;
}

}  // namespace

std::vector<double> marks_with_crossings(const std::vector<double>& marks, const BatchFunction& g) {
  constexpr std::size_t most_cuts = 64;  // a panel: more zeros than that are noise
  std::vector<double> result;
  for (std::size_t i = 0; i + 1 < marks.size(); ++i) {
    result.push_back(marks[i]);
    std::vector<double> ends = {marks[i + 1]};  // of the pieces still to be looked at, last first
    std::size_t cuts = 0;
    while (!ends.empty()) {
      const double cut = cuts < most_cuts ? first_cut(result.back(), ends.back(), g) : not_a_number;
      if (std::isnan(cut)) {
        result.push_back(ends.back());
        ends.pop_back();
      } else {
        ends.push_back(cut);
        ++cuts;
      }
    }
    result.pop_back();  // the next panel's beginning
  }
  if (!marks.empty()) result.push_back(marks.back());
  return result;
}

}  // namespace flowcheck
