#include "distances/wasserstein.hpp"
#include "jko/gaussian_problem.hpp"
#include "jko/jko_claims.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/adaptive_quadrature.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <Eigen/LU>

#include <cmath>
#include <functional>

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
          .instances = gaussian_families(evaluate),
          .tight = {translate("translate", evaluate, 0.0)},
          .controls = {translate("0.99 W₂²", low_action, 0.0),
                       {.name = "a rotation is free",
                        .draw = [](Trial& t) { return attained_by(t, with_rotation); }},
                       {.name = "linear covariance is shortest",
                        .draw = [](Trial& t) { return attained_by(t, linear_covariance); }}},
          .on_target = on_gaussian_target(evaluate),
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
