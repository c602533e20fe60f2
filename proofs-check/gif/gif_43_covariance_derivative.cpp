#include "gif/digits.hpp"
#include "gif/functional_inequality.hpp"
#include "gif/gif_claims.hpp"
#include "interpolation/covariance_extremes.hpp"
#include "measures/enclosing_ball.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/line_posterior.hpp"
#include "measures/posterior_moments.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <cmath>
#include <utility>
#include <variant>

namespace flowcheck {
namespace gif_43 {

// w³/(6√3), the largest third central moment on an interval of length w.
Estimate largest_third_moment(const Estimate& length) {
  return pow(length, 3) / (6.0 * sqrt(Estimate(3.0)));
}

// |∇_y λ_max C| of N(0, σ²I) * Σ wₖδ_{mₖ}, from Σ pₖ⟨e, cₖ⟩² cₖ with cₖ = mₖ − m_W and e the
// largest eigenvector of C_W: r/v³ times its length. Any unit e obeys the bound, so that a double
// eigenvalue does no harm.
Bound derivative(const GaussianMixture& p, double r, const Vector& y, double factor = 1.0) {
  const double v = 1.0 + p.common_variance() * r * r;
  const Vector weights = posterior_weights(p, r, 1.0, y);
  const Matrix centred = p.means().colwise() - p.means() * weights;
  const Vector e =
      largest_eigenpair(symmetrised(centred * weights.asDiagonal() * centred.transpose())).vector;
  const Vector along = centred.transpose() * e;
  const Vector third = centred * (weights.array() * along.array().square()).matrix();

  const Matrix centres = distinct_centres(p);
  const Estimate width = diameter(centres);
  // The exponents −|y − rmₖ|²/(2v), whose rounding is that of the weights, and mₖ − m_W.
  double reach = 0.0;
  for (const auto& m : centres.colwise()) {
    const double apart = (y - r * m).norm();
    reach = std::max(reach, apart * (y.norm() + r * m.norm()) / v);
  }
  const double largest = std::sqrt(centres.colwise().squaredNorm().maxCoeff());
  const double scale = r / (v * v * v);
  const double square = std::pow(width.value, 2);
  const double error = round_off(((2.0 + reach) * width.value + largest) * square, p.dimension());
  return {.lhs = scale * Estimate::closed_form(third.norm(), error),
          .rhs = factor * scale * largest_third_moment(width)};
}

bool is_point_set_or_mixture(const GaussianMixture& p) {
  return p.common_variance() >= 0.0;
}

// y in and around r times the hull, where the posterior changes.
Vector draw_place(Rng& rng, const GaussianMixture& p, double r) {
  Vector mix = Vector::NullaryExpr(p.size(), [&] { return rng.uniform(); });
  mix /= mix.sum();
  const double v = 1.0 + p.common_variance() * r * r;
  return r * (p.means() * mix) + rng.uniform(0.0, 1.0) * v / r * rng.normal_vector(p.dimension());
}

// The log-odds at which two centres have their largest third moment: a weight of (3 − √3)/6.
const double steepest_share = (3.0 - std::sqrt(3.0)) / 6.0;
const double steepest_log_odds = std::log(steepest_share / (1.0 - steepest_share));

// y on either side of even odds of two centres, where they would attain the bound were there no
// others: a peak of width v/(r|gap|), which no draw from the hull finds where they are far apart.
Vector draw_steep_place(Rng& rng, const GaussianMixture& p, const Matrix& centres, double r) {
  const Index first = rng.uniform_index(centres.cols());
  const Index second = (first + 1 + rng.uniform_index(centres.cols() - 1)) % centres.cols();
  const Vector gap = centres.col(second) - centres.col(first);
  const double v = 1.0 + p.common_variance() * r * r;
  return even_odds(p, centres.col(first), centres.col(second), r) +
         v * steepest_log_odds / (r * gap.squaredNorm()) * gap;
}

GaussianMixture draw_points(Rng& rng, double variance) {
  const Index d = 1 + rng.uniform_index(3);
  const Index n = 2 + rng.uniform_index(5);
  Vector weights = Vector::NullaryExpr(n, [&] { return rng.log_uniform(0.01, 1.0); });
  weights /= weights.sum();
  return GaussianMixture::isotropic(std::move(weights), rng.normal_matrix(d, n), variance);
}

Outcome random_points(Trial& trial, double variance) {
  const GaussianMixture p = draw_points(trial.rng, variance);
  const double r = trial.rng.log_uniform(0.1, 20.0);
  return derivative(p, r, draw_place(trial.rng, p, r));
}

Outcome on_interval(Trial& trial) {
  Rng& rng = trial.rng;
  const double D = rng.log_uniform(0.3, 2.0);
  const double kappa = rng.uniform(-10.0, 10.0) / (D * D);
  const double r = rng.log_uniform(0.1, 20.0);
  const double y = r * rng.uniform(-1.5, 1.5) * D + rng.normal() / (r * D);
  const LinePosteriorMoments posterior = truncated_gaussian_posterior(kappa, D, r, y);
  return Bound{.lhs = r * abs(posterior.third_moment),
               .rhs = r * largest_third_moment(2.0 * Estimate(D))};
}

// Two points in ℝᵈ where the posterior has weight p = (3 − √3)/6 on the second.
Bound two_points(Rng& rng, double variance, double factor) {
  const Index d = 1 + rng.uniform_index(3);
  const Vector w = Vector::Constant(2, 0.5);
  const GaussianMixture p = GaussianMixture::isotropic(w, rng.normal_matrix(d, 2), variance);
  const double r = rng.log_uniform(0.3, 4.0);
  const Vector gap = p.means().col(1) - p.means().col(0);
  const Vector middle = 0.5 * (p.means().col(0) + p.means().col(1));
  const double v = 1.0 + variance * r * r;
  // ⟨gap, y − r middle⟩ r/v are the log-odds.
  const Vector y = r * middle + v * steepest_log_odds / (r * gap.squaredNorm()) * gap;
  return derivative(p, r, y, factor);
}

// At places drawn around the hull and at the steep ones, there for r of the noise's scale and of
// the centres': where r|m| is large, the squares |y − rm|² leave the weights no digits.
std::vector<Bound> of_mixture(const GaussianMixture& p) {
  constexpr int places = 100;
  const Matrix centres = distinct_centres(p);
  const double half_width = 0.5 * diameter(centres).value;
  std::vector<Bound> bounds;
  const auto add = [&](double r, const Vector& y) {
    Bound bound = derivative(p, r, y);
    const double width = bound.lhs.width() + bound.rhs.width();
    bounds.push_back(with_digits(std::move(bound), width,
                                 "left out: rounding leaves the posterior weights no digits"));
  };
  Rng rng(43);
  for (int i = 0; i < places; ++i) {
    const double r = rng.log_uniform(0.1, 20.0);
    add(r, draw_place(rng, p, r));
  }
  for (int i = 0; i < places; ++i) {
    const double r = rng.log_uniform(0.1, 20.0) / (i % 2 == 0 ? half_width : 1.0);
    add(r, draw_steep_place(rng, p, centres, r));
  }
  return bounds;
}

Outcome on_target(const Target& target) {
  constexpr Index largest_dimension = 16;
  constexpr const char* hypothesis =
      "left out: it is computed for Σ wₖ N(mₖ, σ²I) and points, d ≤ 16";
  if (dimension(target.start) > largest_dimension) return Outcome::not_applicable(hypothesis);
  const auto check = [](const GaussianMixture& p) -> Outcome {
    if (!is_point_set_or_mixture(p)) return Outcome::not_applicable(hypothesis);
    if (distinct_centres(p).cols() < 2) return Outcome::not_applicable("more than one point");
    return of_mixture(p);
  };
  if (const auto* p = std::get_if<GaussianMixture>(&target.start)) return check(*p);
  if (const auto* p = std::get_if<PointCloud>(&target.start)) {
    return check(GaussianMixture::isotropic(p->weights(), p->points(), 0.0));
  }
  return check(GaussianMixture(std::get<Gaussian>(target.start)));
}

}  // namespace gif_43

Claim gif_43_covariance_derivative() {
  using namespace gif_43;
  const auto tight = [](double factor) {
    return [factor](Trial& trial) {
      return Outcome(two_points(trial.rng, trial.rng.uniform() < 0.5 ? 0.0 : 0.3, factor));
    };
  };
  return {.id = "GIF-43",
          .statement =
              "diam supp ν = 2D ⇒ |∇_y λ_max C(r, y)| ≤ r(2D)³/(6√3); of N(0, σ²I) * ρ with "
              "diam supp ρ = 2D over (1 + σ²r²)³",
          .source = "derived",
          .provenance = Provenance::derived,
          .hypotheses = {"bounded support, or a Gaussian convolution of such a law"},
          .instances = {{"points, d ≤ 3", [](Trial& trial) { return random_points(trial, 0.0); }},
                        {"mixtures, d ≤ 3",
                         [](Trial& trial) {
                           return random_points(trial, trial.rng.log_uniform(0.01, 2.0));
                         }},
                        {"e^{−κx²/2} on an interval", on_interval}},
          .tight = {{"two points", tight(1.0)}},
          .controls = {{"constant × 0.99", tight(0.99)}},
          .on_target = on_target,
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
