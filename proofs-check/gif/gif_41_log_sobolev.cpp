#include "distances/monotone_transport.hpp"
#include "gif/functional_inequality.hpp"
#include "gif/gif_claims.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/line_laws.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <variant>

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

// Of f = e^{⟨θ, x − m⟩/2} on a mixture of mean m all is known: with M(θ) = E f² = Σ wₖ e^{⟨θ, mₖ −
// m⟩ + ½⟨θ, Σₖθ⟩}, Ent f² = M(⟨θ, ∇log M⟩ − log M) and E|∇f|² = ¼|θ|²M. Exponents of size e cost
// that many u; the tilted mixture's weights make of them an error of its mean exponent.
Estimate exponential_ratio(const GaussianMixture& p, const Vector& theta) {
  const Vector along = (p.means().colwise() - p.mean()).transpose() * theta;
  Vector squares(p.size());
  for (Index k = 0; k < p.size(); ++k) squares(k) = theta.dot(p.covariance(k) * theta);
  const Vector exponents = along + 0.5 * squares;
  const double largest = exponents.maxCoeff();
  const Vector tilted = p.weights().array() * (exponents.array() - largest).exp();
  const double log_M = largest + std::log(tilted.sum());
  const double slope = tilted.dot(along + squares) / tilted.sum();
  const double reach = theta.norm() * (p.means().colwise().norm().maxCoeff() + p.mean().norm());
  const double size = reach + squares.maxCoeff() + std::abs(log_M);
  const double error = round_off(1.0 + size * (1.0 + size), p.dimension());
  return 2.0 * Estimate::closed_form(slope - log_M, error) / Estimate(theta.squaredNorm());
}

// Largest of exponentials along the covariance's axes, from a tenth of a deviation to three.
Estimate largest_exponential_ratio(const GaussianMixture& p) {
  const SymmetricEigen axes = symmetric_eigen(p.covariance());
  Estimate best = 0.0;
  for (Index i = 0; i < p.dimension(); ++i) {
    if (!(axes.values(i) > 0.0)) continue;
    for (const double length : {-3.0, -1.0, -0.3, 0.1, 0.3, 1.0, 3.0}) {
      const Vector theta = length / std::sqrt(axes.values(i)) * axes.vectors.col(i);
      const Estimate here = exponential_ratio(p, theta);
      if (here.value > best.value) best = here;
    }
  }
  return best;
}

// The functions' own inequality: an instance each, no supremum over all f.
Outcome on_mixture(const GaussianMixture& p) {
  constexpr Index most_components = 100;  // of what is tabulated
  std::vector<Bound> bounds =
      below_squared_lipschitz(largest_exponential_ratio(p), regularity(p), ", e^{⟨θ, x⟩/2}");
  const char* const steps = ", best step";
  if (p.dimension() > 1) {
    bounds.push_back(left_out("best step", "d = 1"));
  } else if (p.size() > most_components) {
    bounds.push_back(left_out("best step", "left out: at most 100 components are tabulated"));
  } else {
    const LineMeasure law = line_measure(p);
    const std::vector<Bound> of_steps =
        below_squared_lipschitz(largest_ratio(law), regularity(p), steps);
    bounds.insert(bounds.end(), of_steps.begin(), of_steps.end());
  }
  return bounds;
}

Outcome on_target(const Target& target) {
  if (dimension(target.start) > 16) return Outcome::not_applicable("left out: d ≤ 16");
  const char* const of_a_class =
      "κ > 0, or κ ∈ ℝ on a convex support, or ν = N(0, σ²I) * ρ with σ > 0, or log-Lipschitz";
  const auto* gaussian = std::get_if<Gaussian>(&target.start);
  if (gaussian != nullptr && gaussian->has_density()) return on_mixture(GaussianMixture(*gaussian));
  const auto* p = std::get_if<GaussianMixture>(&target.start);
  if (p == nullptr || !p->has_density()) return Outcome::not_applicable(of_a_class);
  return on_mixture(*p);
}

// 0.9 Λ² of a Gaussian in the plane, along its longest axis.
Outcome shortened_in_the_plane() {
  const Gaussian p(Vector{{0.5, -1.0}}, Matrix{{2.0, 0.3}, {0.3, 0.5}});
  return Bound{.lhs = largest_exponential_ratio(GaussianMixture(p)),
               .rhs = 0.9 * squared_lipschitz(regularity(p), "κ")};
}

Outcome mixtures_in_space(Trial& trial) {
  const Index d = 2 + trial.rng.uniform_index(3);
  const GaussianMixture p = draw_isotropic_mixture(trial.rng, d, 5);
  return below_squared_lipschitz(largest_exponential_ratio(p), regularity(p), ", e^{⟨θ, x⟩/2}");
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
          .scope = "the functions tried: e^{⟨θ, x⟩/2}, and on the line 1 + s tanh c(x − m)",
          .instances =
              [] {
                std::vector<Instance> all = line_law_families(on_the_line);
                all.push_back({"mixtures, d = 2 … 4, exponentials", mixtures_in_space});
                return all;
              }(),
          .tight = {{"Gaussian and e^{θx/2}", on_gaussian}},
          .controls = {{.name = "Λ² = σ² for centres ±σ",
                        .draw =
                            [](Trial&) {
                              return Bound{.lhs = largest_ratio(two_centres(1.0)), .rhs = 1.0};
                            },
                        .repeat = false},
                       {.name = "0.9 Λ² of a Gaussian in the plane",
                        .draw = [](Trial&) { return shortened_in_the_plane(); },
                        .repeat = false}},
          .on_target = on_target,
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
