#include "interpolation/compass_search.hpp"

#include <utility>

namespace flowcheck {

CompassResult compass_search(const std::function<double(const Vector&)>& f,
                             Vector start,
                             double step) {
  CompassResult best{std::move(start)};
  best.value = f(best.at);
  constexpr int most_sweeps = 200;
  for (int i = 0; i < most_sweeps && step > 1e-7 * (1.0 + best.at.norm()); ++i) {
    bool moved = false;
    for (Index k = 0; k < best.at.size(); ++k) {
      for (const double sign : {-1.0, 1.0}) {
        Vector there = best.at;
        there(k) += sign * step;
        const double value = f(there);
        if (value > best.value) {
          best = {std::move(there), value};
          moved = true;
        }
      }
    }
    step *= moved ? 1.6 : 0.4;
  }
  return best;
}

}  // namespace flowcheck
