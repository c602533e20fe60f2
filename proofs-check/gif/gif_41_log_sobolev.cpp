#include "gif/functional_inequality.hpp"
#include "gif/gif_claims.hpp"
#include "measures/line_laws.hpp"
#include "numerics/round_off.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

namespace flowcheck {
namespace gif_41 {

struct TestFunction {
  std::function<double(double)> value = {};
  std::function<double(double)> slope = {};
};

// Ent(f²)/(2E f′²), a lower bound of the log-Sobolev constant. With M = E f² the entropy is
// M E φ(f²/M), φ(u) = u log u − u + 1 ≥ 0, which does not cancel where f is nearly constant.
Estimate entropy_ratio(const LineMeasure& p, const TestFunction& f) {
  const Estimate M = p.expectation([&](double x) { return f.value(x) * f.value(x); });
  const double m = M.value;
  Estimate mean = p.expectation([&](double x) {
    const double u = f.value(x) * f.value(x) / m;
    if (u == 0.0) return 1.0;
    return u * (u < 0.5 ? std::log(u) : std::log1p(u - 1.0)) - (u - 1.0);
  });
  // φ is a difference of terms of size |u − 1|; the mean is stationary in M.
  const double spread = std::sqrt(std::max(0.0, mean.value));
  mean = widened(mean, round_off(spread + mean.value, 1));
  const Estimate energy = p.expectation([&](double x) { return f.slope(x) * f.slope(x); });
  return M * mean / (2.0 * energy);
}

TestFunction exponential(double theta) {
  return {.value = [theta](double x) { return std::exp(0.5 * theta * x); },
          .slope = [theta](double x) { return 0.5 * theta * std::exp(0.5 * theta * x); }};
}

// 1 + s tanh(c(x − m)).
TestFunction step(double s, double c, double m) {
  return {.value = [=](double x) { return 1.0 + s * std::tanh(c * (x - m)); },
          .slope =
              [=](double x) {
                const double cosh = std::cosh(c * (x - m));
                return s * c / (cosh * cosh);
              }};
}

// The best of steps, from one in the middle by halved steps in (log s, log c, m).
Estimate largest_ratio(const LineMeasure& p) {
  const double centre = p.mean().value;
  const double deviation = std::sqrt(p.variance().value);
  const auto at = [&](const std::array<double, 3>& x) {
    return entropy_ratio(
        p, step(std::exp(x[0]), std::exp(x[1]) / deviation, centre + deviation * x[2]));
  };
  std::array<double, 3> x = {-1.0, -0.5, 0.0};
  Estimate best = at(x);
  for (double size = 1.0; size > 0.1; size *= 0.5) {
    for (std::size_t k = 0; k < 3; ++k) {
      for (const double sign : {-1.0, 1.0}) {
        std::array<double, 3> moved = x;
        moved[k] = std::clamp(moved[k] + sign * size, -5.0, k == 0 ? 0.0 : 3.0);  // f ≥ 0
        const Estimate there = at(moved);
        if (there.value > best.value) {
          best = there;
          x = moved;
        }
      }
    }
  }
  return best;
}

// A random exponential and a random step; one of small s and c is a test of Poincaré's inequality.
Outcome on_the_line(const LineMeasure& p, Trial& trial) {
  Rng& rng = trial.rng;
  const double centre = p.mean().value;
  const double deviation = std::sqrt(p.variance().value);
  const TestFunction e = exponential(rng.uniform(-2.0, 2.0) / deviation);
  const TestFunction f = step(rng.log_uniform(0.02, 1.0), rng.log_uniform(0.1, 3.0) / deviation,
                              centre + deviation * rng.normal());
  return below_squared_lipschitz(max(entropy_ratio(p, e), entropy_ratio(p, f)), regularity(p));
}

Outcome on_gaussian(Trial& trial) {
  const double deviation = trial.rng.log_uniform(0.2, 3.0);
  const LineMeasure p = gaussian_law(trial.rng.normal(), deviation);
  const double theta = trial.rng.uniform(0.3, 1.5) / deviation;
  return Bound{.lhs = entropy_ratio(p, exponential(theta)),
               .rhs = squared_lipschitz(regularity(p), "κ"),
               .part = "κ"};
}

}  // namespace gif_41

Claim gif_41_log_sobolev() {
  using namespace gif_41;
  return {.id = "GIF-41",
          .statement =
              "ν = T_#γ, ‖∇T‖ ≤ Λ ⇒ Ent_ν(f²) ≤ 2Λ² E_ν|∇f|²: Λ² = 1/κ; Z_D(κ)²/2π; "
              "σ²e^{R²/σ²}; erfcx(−L/√2)²",
          .source =
              "derived from the Lipschitz constants of the flow; classes as in "
              "[GaoHuangJiao2024]",
          .provenance = Provenance::derived,
          .hypotheses = {"κ > 0, or κ ∈ ℝ on a convex support of diameter 2D, or ν = N(0, σ²I) * ρ "
                         "with supp ρ in a ball of radius R, or log dν/dγ L-Lipschitz"},
          .scope = "the functions tried: e^{θx/2} and 1 + s tanh c(x − m)",
          .instances = line_law_families(on_the_line),
          .tight = {{"Gaussian and e^{θx/2}", on_gaussian}},
          .controls = {{.name = "Λ² = σ² for centres ±σ",
                        .draw =
                            [](Trial&) {
                              return Bound{.lhs = largest_ratio(two_centres(1.0)), .rhs = 1.0};
                            },
                        .repeat = false}},
          .file = __FILE__,
          .grade = Grade::converged};
}

}  // namespace flowcheck
