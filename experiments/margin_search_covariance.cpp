// Posterior covariances of interpolation flows, in units in which the clock drops out: a posterior
// of a κ-semi-log-concave law is k-semi-log-concave with k = κ + r², one of an L-log-Lipschitz law
// is ℓ-log-Lipschitz in units of q = (1 + r²)^{−½}, ℓ = Lq.

#include "interpolation/covariance_envelope.hpp"
#include "margin_spaces.hpp"
#include "measures/enclosing_ball.hpp"
#include "measures/tilted_moments.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

namespace flowcheck {
namespace {

using CovarianceBoundOf = std::function<Estimate(double k, double D)>;

Estimate sharp_variance(double k, double D) {
  return bounded_semi_log_concave_bound(k, D).covariance(0.0);
}

Estimate short_variance(double k, double D) {
  return sharp_variance(k, 0.95 * D);
}

// e^{⟨s, x⟩ − k|x|²/2} on the hull of seven points, D = ½ diam; all lengths in units of D.
Statement on_polygons(CovarianceBoundOf bound, bool enclosed) {
  return [=](SearchPoint& at) -> Bound {
    Matrix points(2, 7);
    for (Index i = 0; i < 7; ++i) {
      const std::string number = std::to_string(i + 1);
      points(0, i) = at.uniform("x_" + number, -1.0, 1.0);
      points(1, i) = at.uniform("y_" + number, -1.0, 1.0);
    }
    const double k_in_units = at.uniform("k", -12.0, 12.0);
    const double s_1 = at.uniform("tilt_1", -6.0, 6.0);
    const double s_2 = at.uniform("tilt_2", -6.0, 6.0);
    const Matrix hull = convex_hull(points);
    const Estimate D = diameter(points) / 2.0;
    // The determinant is what is left of the covariance where the polygon is a segment.
    if (hull.cols() < 3 || D.value < 0.1) return left_out("", "a polygon");
    const double k = k_in_units / (D.value * D.value);
    double error = 0.0;
    const PosteriorMoments moments = polygon_gaussian_moments(hull, Vector{{s_1, s_2}} / D.value, k,
                                                              enclosed ? &error : nullptr);
    return {.lhs = Estimate::converged(largest_eigenpair(moments.covariance).value, error),
            .rhs = bound(k, D.upper)};
  };
}

// e^{−g(x) + sx − kx²/2} on [−1, 1], g convex with four kinks.
Statement on_intervals(CovarianceBoundOf bound) {
  return [=](SearchPoint& at) -> Bound {
    PiecewiseLinear g;
    for (int i = 1; i <= 4; ++i) {
      g.knots.push_back(at.uniform("kink_" + std::to_string(i), -1.0, 1.0));
    }
    std::ranges::sort(g.knots);
    double slope = at.uniform("tilt", -12.0, 12.0);
    g.slopes.push_back(slope);
    for (int i = 1; i <= 4; ++i) {
      slope -= at.log_uniform("bend_" + std::to_string(i), 1e-6, 20.0);
      g.slopes.push_back(slope);
    }
    const double k = at.uniform("k", -12.0, 12.0);
    const LineMoments moments = piecewise_gaussian_moments(g, 0.0, k, -1.0, 1.0);
    return {.lhs = Estimate::converged(moments.variance, moments.error), .rhs = bound(k, 1.0)};
  };
}

enum class Side { above, below };

// e^h γ on the line, h with six kinks and slopes in [−ℓ, ℓ]; the bound for `factor` ℓ.
Statement piecewise_linear(Side side, double factor) {
  return [=](SearchPoint& at) -> Bound {
    const double l = at.log_uniform("l", 0.1, 4.0);
    PiecewiseLinear h;
    for (int i = 1; i <= 6; ++i) {
      h.knots.push_back(at.uniform("kink_" + std::to_string(i), -5.0, 5.0));
    }
    std::ranges::sort(h.knots);
    for (int i = 0; i <= 6; ++i) {
      h.slopes.push_back(l * at.uniform("slope_" + std::to_string(i), -1.0, 1.0));
    }
    // Beyond it there is e^{−50} of the law.
    const double end = l + 10.0;
    const LineMoments moments = piecewise_gaussian_moments(h, 0.0, 1.0, -end, end);
    const Estimate variance = Estimate::converged(moments.variance, moments.error);
    if (side == Side::above) {
      return {.lhs = variance, .rhs = log_lipschitz_bound(factor * l).covariance(0.0)};
    }
    return {.lhs = log_lipschitz_lower_bound(factor * l).covariance(0.0), .rhs = variance};
  };
}

// Σ wₖ N(uₖ, I) with |uₖ| ≤ ℓ, d = 2 or 3: I + Cov_w(u).
Statement tilt_mixtures(Index d, double factor) {
  return [=](SearchPoint& at) -> Bound {
    const double l = at.log_uniform("l", 0.1, 4.0);
    constexpr Index centres = 4;
    Matrix u(d, centres);
    Vector w(centres);
    for (Index k = 0; k < centres; ++k) {
      const std::string number = std::to_string(k + 1);
      for (Index i = 0; i < d; ++i) {
        u(i, k) = l * at.uniform("u_" + number + "_" + std::to_string(i + 1), -1.0, 1.0);
      }
      u.col(k) *= std::min(1.0, l / u.col(k).norm());
      w(k) = at.log_uniform("weight_" + number, 1e-4, 1.0);
    }
    w /= w.sum();
    const Matrix centred = u.colwise() - u * w;
    const Matrix covariance = centred * w.asDiagonal() * centred.transpose();
    const double largest = 1.0 + largest_eigenpair(symmetrised(covariance)).value;
    return {.lhs = Estimate::closed_form(largest, round_off(1.0 + l * l, d)),
            .rhs = log_lipschitz_bound(factor * l).covariance(0.0)};
  };
}

}  // namespace

std::vector<SearchSpace> covariance_search_spaces() {
  const std::string short_D = "0.95 D";
  const std::string short_L = "0.9 L";
  return {{.claim = "GIF-09",
           .part = "polygons",
           .statement = on_polygons(sharp_variance, false),
           .wrong = short_D,
           .control = on_polygons(short_variance, true),
           .careful = on_polygons(sharp_variance, true)},
          {.claim = "GIF-09",
           .part = "intervals",
           .statement = on_intervals(sharp_variance),
           .wrong = short_D,
           .control = on_intervals(short_variance)},
          {.claim = "GIF-11",
           .part = "line: from above",
           .statement = piecewise_linear(Side::above, 1.0),
           .wrong = short_L,
           .control = piecewise_linear(Side::above, 0.9)},
          {.claim = "GIF-11",
           .part = "line: from below",
           .statement = piecewise_linear(Side::below, 1.0),
           .wrong = short_L,
           .control = piecewise_linear(Side::below, 0.9)},
          {.claim = "GIF-11",
           .part = "tilts: d = 2",
           .statement = tilt_mixtures(2, 1.0),
           .wrong = short_L,
           .control = tilt_mixtures(2, 0.9)},
          {.claim = "GIF-11",
           .part = "tilts: d = 3",
           .statement = tilt_mixtures(3, 1.0),
           .wrong = short_L,
           .control = tilt_mixtures(3, 0.9)}};
}

}  // namespace flowcheck
