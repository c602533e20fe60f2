#include "distances/monotone_transport.hpp"
#include "distances/wasserstein.hpp"
#include "jko/chain_problem.hpp"
#include "jko/jko_claims.hpp"
#include "jko/line_laws.hpp"
#include "measures/line_laws.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/adaptive_quadrature.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"
#include "numerics/special_functions.hpp"

#include <Eigen/LU>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

namespace flowcheck {
namespace jko_35 {

// A path of Gaussians with the affine velocity that carries it, v_t(x) = ṁ + K_t(x − m_t), on [0,
// 1].
struct PathPoint {
  Matrix velocity = {};  // K_t
  Matrix covariance = {};
};
using Path = std::function<PathPoint(double t)>;

struct Ends {
  Gaussian from;
  Gaussian to;
  Vector shift() const { return to.mean() - from.mean(); }
};

// ∫_0^duration E|v|² dt for the path run through in that time; v is 1/duration of the unit one's.
Estimate action(const Ends& ends, const Path& path, double duration = 1.0) {
  const double amplification = std::sqrt(ends.from.condition_number());
  const double scale =
      ends.shift().squaredNorm() + ends.from.covariance().trace() + ends.to.covariance().trace();
  const double error =
      round_off(scale * amplification / (duration * duration), ends.from.dimension());
  const auto power = [&](double time) {
    const PathPoint point = path(time / duration);
    const Matrix image = point.velocity * point.covariance;
    const double squares = ends.shift().squaredNorm() + image.cwiseProduct(point.velocity).sum();
    return Estimate::closed_form(squares / (duration * duration), error);
  };
  return quadrature(power, {0.0, duration}, {.relative_tolerance = 1e-13, .most_panels = 1'000});
}

// Straight lines x ↦ (1 − t)x + tT(x): K_t = (B − I)C_t⁻¹, C_t = (1 − t)I + tB.
Path geodesic(const Ends& ends) {
  const Matrix B = optimal_map(ends.from, ends.to).linear;
  const Matrix Sigma = ends.from.covariance();
  return [B, Sigma](double t) {
    const Matrix I = Matrix::Identity(B.rows(), B.cols());
    const Matrix C = (1.0 - t) * I + t * B;
    // C is symmetric and commutes with B.
    const Matrix K = C.partialPivLu().solve(B - I);
    return PathPoint{.velocity = symmetrised(K), .covariance = symmetrised(C * Sigma * C)};
  };
}

// The geodesic's laws with JΣ_t⁻¹(x − m_t) added, J antisymmetric: it rotates every ρ_t into
// itself.
Path with_rotation(const Ends& ends) {
  const Index d = ends.from.dimension();
  Matrix J = Matrix::Zero(d, d);
  J(0, 1) = 0.5;
  J(1, 0) = -0.5;
  return [J, straight = geodesic(ends)](double t) {
    PathPoint point = straight(t);
    point.velocity += point.covariance.partialPivLu().solve(J.transpose()).transpose();
    return point;
  };
}

// Σ_t = (1 − t)Σ_0 + tΣ_1 with the least velocity that does it, K_tΣ_t + Σ_tK_t = Σ_1 − Σ_0.
Path linear_covariance(const Ends& ends) {
  return [ends](double t) {
    const Matrix rate = ends.to.covariance() - ends.from.covariance();
    const Matrix Sigma = symmetrised(ends.from.covariance() + t * rate);
    const SymmetricEigen eigen = symmetric_eigen(Sigma);
    Matrix K = eigen.vectors.transpose() * rate * eigen.vectors;
    for (Index i = 0; i < K.rows(); ++i) {
      for (Index j = 0; j < K.cols(); ++j) K(i, j) /= eigen.values(i) + eigen.values(j);
    }
    return PathPoint{.velocity = symmetrised(eigen.vectors * K * eigen.vectors.transpose()),
                     .covariance = Sigma};
  };
}

Ends ends_of(const GaussianProblem& problem) {
  return {.from = problem.start, .to = problem.target};
}

Outcome evaluate(const GaussianProblem& problem) {
  if (!problem.start.has_density()) return Outcome::not_applicable("both ends have a density");
  const Ends ends = ends_of(problem);
  const double gamma = problem.step_size;
  const double scale = problem.length() * problem.length();
  const Estimate squared = squared_w2(ends.from, ends.to);
  std::vector<Bound> bounds = {identity(action(ends, geodesic(ends)), squared, "geodesic", scale),
                               identity(action(ends, geodesic(ends), gamma), squared / gamma,
                                        "geodesic in time γ", scale / gamma),
                               {.lhs = squared,
                                .rhs = action(ends, linear_covariance(ends)),
                                .part = "path of linear covariance",
                                .scale = scale}};
  if (ends.to.dimension() > 1) {
    bounds.push_back({.lhs = squared,
                      .rhs = action(ends, with_rotation(ends)),
                      .part = "geodesic and a rotation",
                      .scale = scale});
  } else {
    bounds.push_back(left_out("geodesic and a rotation", "d ≥ 2"));
  }
  return bounds;
}

// On the line, from p to q = N(0, 1): a point at quantile Φ(z) of p goes straight to z.
Estimate straight_action(const LineMeasure& p) {
  const double two_pi = 2.0 * std::numbers::pi;
  const Estimate root = sqrt(Estimate::closed_form(two_pi, unit_round_off * two_pi));
  const auto power = [&](double z) {
    const Estimate from = z < 0.0 ? p.enclosed_quantile(normal_cdf(z))
                                  : p.enclosed_quantile_of_survival(normal_cdf(-z));
    return exp(-0.5 * square(Estimate(z))) / root * square(z - from);
  };
  // Beyond |z| = 12 there is less than 1e-32 of q.
  return quadrature(power, {-12.0, 0.0, 12.0}, {.relative_tolerance = 1e-12, .most_panels = 500});
}

// (1 − t)p + tq: mass F_p − F_q a unit of time passes x, so that the action is
//
//   ∫∫₀¹ (F_p − F_q)²/((1 − t)p + tq) dt dx = ∫ (F_p − F_q)² log(p/q)/(p − q) dx.
Estimate mixing_action(const LineMeasure& p, const LineMeasure& q) {
  const auto power = [&](double x) -> Estimate {
    const double a = p.density(x);
    const double b = q.density(x);
    if (std::min(a, b) < 1e-150) return 0.0;  // what is left out makes the action larger
    const double r = (b - a) / a;
    // 1/a for r = 0; log(b/a) itself where 1 + r has lost digits.
    const double mean = r == 0.0            ? 1.0
                        : std::abs(r) < 0.5 ? std::log1p(r) / r
                                            : (q.log_density(x) - p.log_density(x)) / r;
    const double error = 8.0 * unit_round_off + p.relative_error(x) + q.relative_error(x);
    const Estimate passed = p.median() < x ? q.enclosed_survival(x) - p.enclosed_survival(x)
                                           : p.enclosed_cdf(x) - q.enclosed_cdf(x);
    return square(passed) * Estimate::closed_form(mean / a, 4.0 * error * std::abs(mean / a));
  };
  std::vector<double> marks = p.panel_ends();
  const std::vector<double> more = q.panel_ends();
  marks.insert(marks.end(), more.begin(), more.end());
  std::ranges::sort(marks);
  marks.erase(std::unique(marks.begin(), marks.end()), marks.end());
  return quadrature(power, marks, {.relative_tolerance = 1e-10, .most_panels = 2'000});
}

Outcome on_the_line(const GaussianMixture& start, double gamma) {
  const LineMeasure p = line_measure(start);
  const LineMeasure q = gaussian_law();
  const Estimate squared = squared_w2(p, q);
  const Estimate straight = straight_action(p);
  const double scale = 1.0 + squared.value;
  return std::vector<Bound>{
      identity(straight, squared, "geodesic", scale),
      identity(straight / gamma, squared / gamma, "geodesic in time γ", scale / gamma),
      {.lhs = squared, .rhs = mixing_action(p, q), .part = "path of mixed densities"}};
}

Outcome mixtures_on_the_line(Trial& trial) {
  const GaussianMixture start = draw_mixture(trial.rng, 3);
  return on_the_line(start, trial.rng.log_uniform(0.05, 2.0));
}

// The path of mixed densities is claimed to be the least.
Outcome mixing(Trial& trial) {
  const LineMeasure p = line_measure(draw_mixture(trial.rng, 3));
  return identity(mixing_action(p, gaussian_law()), squared_w2(p, gaussian_law()));
}

std::vector<Instance> families() {
  return with(gaussian_families(evaluate),
              {.name = "mixtures on the line", .draw = mixtures_on_the_line});
}

// The least action, 1 % too low.
Outcome low_action(const GaussianProblem& problem) {
  const Ends ends = ends_of(problem);
  return Bound{.lhs = action(ends, geodesic(ends)), .rhs = 0.99 * squared_w2(ends.from, ends.to)};
}

// Another path or another field is claimed to be the least.
Outcome attained_by(Trial& trial, Path (*path)(const Ends&)) {
  const Ends ends{.from = random_gaussian(trial.rng, 3), .to = random_gaussian(trial.rng, 3)};
  return identity(action(ends, path(ends)), squared_w2(ends.from, ends.to));
}

}  // namespace jko_35

Claim jko_35_benamou_brenier() {
  using namespace jko_35;
  return {.id = "JKO-35",
          .statement =
              "W₂²(μ, ν) = min ∫₀¹E|vₜ|²dt over ∂ₜρ + ∇·(ρv) = 0 from μ to ν, attained by "
              "straight lines; in time γ the least action is W₂²/γ",
          .source = "[BenamouBrenier2000]",
          .provenance = Provenance::derived,
          .hypotheses = {"both ends have a density"},
          .instances = families(),
          .tight = {translate("translate", evaluate, 0.0)},
          .controls = {translate("0.99 W₂²", low_action, 0.0),
                       {.name = "a rotation is free",
                        .draw = [](Trial& t) { return attained_by(t, with_rotation); }},
                       {.name = "linear covariance is shortest",
                        .draw = [](Trial& t) { return attained_by(t, linear_covariance); }},
                       {.name = "mixed densities are shortest", .draw = mixing}},
          .on_target = on_line_mixture_target(evaluate, on_the_line),
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
