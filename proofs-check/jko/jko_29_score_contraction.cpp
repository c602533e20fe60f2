#include "jko/convergence.hpp"
#include "jko/jko_claims.hpp"
#include "jko/line_laws.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"

#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <variant>

namespace flowcheck {
namespace jko_29 {

constexpr int steps = 4;

// ℓ_n = sup |∇log(p_n/q)| of an exact chain, and by how much what the stored steps leave undone
// can have moved it against ℓ_{n−1}.
struct Slopes {
  double step_size = 1.0;
  Estimate convexity = 0.0;            // λ
  std::vector<Estimate> slope = {};    // ℓ_0 … ℓ_N
  std::vector<double> undone = {0.0};  // of the step to p_n
  std::vector<Estimate> move = {};     // W_∞(p_{n−1}, p_n), from n = 1 on
  double slope_terms = 0.0;            // of whose size the terms of ℓ are, and those of a move
  double move_terms = 0.0;
};

Outcome contraction(const Slopes& s, double factor = 1.0) {
  const Estimate a = factor * s.step_size * s.convexity;
  std::vector<Bound> bounds;
  Estimate start = s.slope[0];  // (1 + a)ⁿℓ_n is at most this
  for (std::size_t n = 1; n < s.slope.size(); ++n) {
    bounds.push_back({.lhs = (1.0 + a) * s.slope[n],
                      .rhs = s.slope[n - 1] + s.undone[n],
                      .part = "score",
                      .scale = s.slope_terms});
    const Estimate decay = 1.0 / pow(1.0 + a, static_cast<int>(n));
    start = start + s.undone[n] / decay;
    bounds.push_back({.lhs = s.move[n - 1],
                      .rhs = s.step_size * decay * start,
                      .part = "W_∞",
                      .scale = s.move_terms});
  }
  return bounds;
}

// What rounding can do to the discrete score at each node: its terms are V' and neighbours of 1/dᵢ.
Vector score_terms(const LineFunctional& G, const LineMap& p) {
  const Vector& w = p.grid().node_masses();
  const Vector pressure = p.grid().edge_masses().array() / p.increments().array();
  Vector terms(w.size());
  G.potential.values({p.values().data(), static_cast<std::size_t>(w.size())}, nullptr, terms.data(),
                     nullptr);
  terms = terms.cwiseAbs();
  terms.head(pressure.size()) += pressure.cwiseQuotient(w.head(pressure.size()));
  terms.tail(pressure.size()) += pressure.cwiseQuotient(w.tail(pressure.size()));
  return terms;
}

// On the line the discrete steps obey the claim node by node: where u = (T_n − T_{n+1})/γ is
// largest, the cell on the left grows and the one on the right shrinks, so that the score there was
// at least u + γλu. With scores off by r from being u, (1 + a)max|u_{n+1}| ≤ max|u_n| + max|r_n| +
// max|r_{n+1}|, and r is measured.
Slopes on_the_line(const LineMap& start, const LineFunctional& G, double gamma, int count) {
  const auto rounding = [&](const LineMap& p) -> Vector {
    return 64.0 * unit_round_off * score_terms(G, p);
  };
  const Vector score = slope(G, start).field;
  Slopes result{.step_size = gamma, .convexity = G.convexity()};
  const Vector error = rounding(start);
  result.slope.push_back(Estimate::closed_form(score.lpNorm<Eigen::Infinity>(), error.maxCoeff()));
  LineMap p = start;
  double last = 0.0;  // max|r_n|
  for (int n = 1; n <= count; ++n) {
    const LineMap next = answered_line_step(p, G, gamma).step;
    const Vector u = (p.values() - next.values()) / gamma;
    const Vector r = (slope(G, next).field - u).cwiseAbs() + rounding(next);
    const double size =
        std::max(p.values().lpNorm<Eigen::Infinity>(), next.values().lpNorm<Eigen::Infinity>());
    const double largest = u.lpNorm<Eigen::Infinity>();
    const double noise = 8.0 * unit_round_off * size;
    result.slope.push_back(Estimate::closed_form(largest, noise / gamma));
    result.move.push_back(Estimate::closed_form(gamma * largest, noise));
    result.undone.push_back(last + r.maxCoeff());
    last = r.maxCoeff();
    p = next;
  }
  return result;
}

// p_0 ∝ q e^{c sin(kx + φ)}, the dossier's with c = 1.2, k = 1.7, φ = 0.
LineMeasure tilted(const LineMeasure& q, double c, double k, double phase) {
  LinePotential V = q.potential();
  V.value = [=, value = V.value](double x) { return value(x) - c * std::sin(k * x + phase); };
  V.slope = [=, slope = V.slope](double x) { return slope(x) - c * k * std::cos(k * x + phase); };
  V.curvature = [=, curvature = V.curvature](double x) {
    return curvature(x) + c * k * k * std::sin(k * x + phase);
  };
  return LineMeasure({.value = V.value,
                      .slope = V.slope,
                      .curvature = V.curvature,
                      .oscillation = V.oscillation + 2.0 * c});
}

Instance on_the_line(std::string name, int target) {
  return {.name = std::move(name), .draw = [target](Trial& trial) {
            Rng& rng = trial.rng;
            const double c = rng.uniform(0.2, 2.0);
            const double k = rng.uniform(0.5, 3.0);
            const double phase = rng.uniform(0.0, 2.0 * std::numbers::pi);
            const LineMap start = line_map(claim_grid(), tilted(line_law(target), c, k, phase));
            const double gamma = rng.log_uniform(0.05, 2.0);
            return contraction(on_the_line(start, line_target(target), gamma, steps));
          }};
}

// Gaussians: log(p₀/q) is Lipschitz only for translates of q, with ℓ = |A(m − μ)|. The means of
// stored steps are off by at most γε.
Slopes of_translates(const GaussianProblem& problem) {
  const JkoChain chain = problem.exact().chain(steps);
  const Gaussian& q = problem.target;
  const Matrix A = q.precision();
  const double stiffness = 1.0 / q.eigenvalues()(0);
  const double length = problem.length() + q.mean().norm();
  Slopes result{.step_size = problem.step_size,
                .convexity = problem.convexity(),
                .slope_terms = stiffness * length,
                .move_terms = length};
  for (int n = 0; n <= steps; ++n) {
    const Vector shift = chain[n].mean() - q.mean();
    const double size = chain[n].mean().norm() + q.mean().norm();
    result.slope.push_back(
        Estimate::closed_form((A * shift).norm(), round_off(stiffness * size, q.dimension())));
    if (n == 0) continue;
    const double move = (chain[n].mean() - chain[n - 1].mean()).norm();
    const double rounding = problem.step_size * chain.error(n).upper;
    result.move.push_back(Estimate::closed_form(move, round_off(size, q.dimension()) + rounding));
    result.undone.push_back(stiffness * rounding);
  }
  return result;
}

Outcome of_gaussians(const GaussianProblem& problem) {
  const Matrix difference = problem.start.covariance() - problem.target.covariance();
  if (!difference.isZero(0.0)) {
    return Outcome::not_applicable(
        "log(p₀/q) is Lipschitz, which of a Gaussian p₀ asks for the covariance of q");
  }
  return contraction(of_translates(problem));
}

// On the line, from where log(p₀/q) is known to be Lipschitz.
Outcome of_line(const LineJkoProblem& problem) {
  Slopes slopes = on_the_line(problem.start, problem.objective, problem.step_size, steps);
  slopes.slope_terms = slopes.slope[0].value;
  slopes.move_terms = problem.length();
  return contraction(slopes);
}

// A mixture's score is that of its widest components far out: −x/s² up to a constant.
std::function<Outcome(const Target&)> on_target() {
  return [of_chains = on_chain_target(of_gaussians, of_line)](const Target& target) -> Outcome {
    if (std::holds_alternative<PointCloud>(target.start)) {
      return Outcome::not_applicable("p₀ has a density");
    }
    const auto* p = std::get_if<GaussianMixture>(&target.start);
    if (!p || p->dimension() != 1 || !target.reference.has_density()) return of_chains(target);
    if (!p->has_density()) return Outcome::not_applicable("p₀ has a density");
    double widest = 0.0;
    for (Index k = 0; k < p->size(); ++k) {
      if (p->weights()[k] > 0.0) widest = std::max(widest, p->covariance(k)(0, 0));
    }
    const double variance = target.reference.covariance()(0, 0);
    if (widest == variance) return of_chains(target);
    return Outcome::not_applicable(
        fmt::format("log(p₀/q) is Lipschitz, which asks for the variance of q, {:.6g}, of p₀'s "
                    "widest component, whose is {:.6g}",
                    variance, widest));
  };
}

Outcome translate_of_target(Trial& trial) {
  GaussianProblem problem = draw_random_pair(trial.rng, 8, true);
  const Gaussian& q = problem.target;
  problem.start = Gaussian(q.mean() + 2.0 * trial.rng.normal_vector(q.dimension()), q.covariance());
  return of_gaussians(problem);
}

// log(p_{n+1}/q) = Σ cⱼ sin(kⱼ·x + φⱼ), V = |x|²/2 + c Σxᵢ⁴/4. Then T = x + γ∇log(p_{n+1}/q) is
// optimal where γΣ|cⱼ||kⱼ|² < 1, and p_{n+1} is the exact step from T_# p_{n+1}.
struct Waves {
  double quartic = 0.0;
  double step_size = 1.0;
  Matrix k = {};  // a wave a column
  Vector c = {};
  Vector phase = {};

  Vector angles(const Vector& x) const { return k.transpose() * x + phase; }
  Vector gradient(const Vector& x) const {
    return k * (c.array() * angles(x).array().cos()).matrix();
  }
  Matrix hessian(const Vector& x) const {
    return -k * (c.array() * angles(x).array().sin()).matrix().asDiagonal() * k.transpose();
  }
  // (D²h)² + D³h∇h, the Hessian of ½|∇h|².
  Matrix curvature_along(const Vector& x, const Vector& h) const {
    const Matrix H = hessian(x);
    const Vector weights = c.array() * angles(x).array().cos() * (k.transpose() * h).array();
    return H * H - k * weights.asDiagonal() * k.transpose();
  }
  Vector force(const Vector& x) const { return x + quartic * x.array().cube().matrix(); }  // ∇V

  // ∇log(p_n/q) at T(x): the score of p_{n+1} carried along, and ∇V there.
  Vector slope_before(const Vector& x) const {
    const Index d = x.size();
    const Matrix inverse = (Matrix::Identity(d, d) + step_size * hessian(x)).inverse();
    const Vector stretch = (k.transpose() * inverse * k).diagonal();
    const Vector log_det =
        -step_size *
        (k * (c.array() * angles(x).array().cos() * stretch.array()).matrix());  // ∇log det DT
    const Vector h = gradient(x);
    return inverse * (h - force(x) - log_det) + force(x + step_size * h);
  }
};

Waves draw_waves(Rng& rng) {
  const Index d = 2 + rng.uniform_index(3);
  const Index count = d + 1;
  Waves waves{.quartic = rng.uniform(0.0, 1.0),
              .step_size = rng.log_uniform(0.05, 2.0),
              .k = rng.normal_matrix(d, count),
              .c = rng.normal_vector(count),
              .phase = Vector::NullaryExpr(
                  count, [&] { return rng.uniform(0.0, 2.0 * std::numbers::pi); })};
  const double stretch = waves.c.cwiseAbs().dot(waves.k.colwise().squaredNorm());
  waves.c *= rng.uniform(0.2, 0.9) / (waves.step_size * stretch);
  return waves;
}

// A local maximum of ½|∇h|², to where |D²h∇h| is `tolerance` of what it can be: Newton's method on
// it, along every eigenvector uphill, with steps that are short against the waves.
Vector summit(const Waves& waves, Vector x, double tolerance) {
  const double frequency = waves.k.colwise().norm().maxCoeff();
  const double steepest = waves.c.cwiseAbs().dot(waves.k.colwise().norm().transpose());
  const double curvature = steepest * steepest * frequency * frequency;
  for (int i = 0; i < 10'000; ++i) {
    const Vector h = waves.gradient(x);
    const Vector uphill = waves.hessian(x) * h;
    if (uphill.norm() <= tolerance * frequency * steepest * h.norm()) return x;
    const Eigen::SelfAdjointEigenSolver<Matrix> spectrum(waves.curvature_along(x, h));
    const Vector scales = spectrum.eigenvalues().cwiseAbs().cwiseMax(1e-9 * curvature);
    const Matrix& E = spectrum.eigenvectors();
    Vector step = E * (E.transpose() * uphill).cwiseQuotient(scales);
    step *= std::min(1.0, 0.3 / (frequency * step.norm()));
    const double enough = (1.0 - 4.0 * unit_round_off) * h.norm();
    while (waves.gradient(x + step).norm() < enough) step *= 0.5;
    x += step;
  }
  require(false, "JKO-29: the climb to a largest score did not converge");
  return x;
}

// The claim's proof is at a local maximum x of |∇log(p_{n+1}/q)|: there (1 + a) times it is at most
// |∇log(p_n/q)| at T(x). Found twice, to two tolerances; the difference is its error.
Outcome manufactured(Trial& trial) {
  const Waves waves = draw_waves(trial.rng);
  const Index d = waves.k.rows();
  const Vector rough = summit(waves, trial.rng.normal_vector(d), 1e-6);
  const Vector fine = summit(waves, rough, 1e-9);
  const auto refined = [&](double coarse, double value) {
    return Estimate::converged(value, std::abs(value - coarse), round_off(value, d * d));
  };
  const Estimate before =
      refined(waves.slope_before(rough).norm(), waves.slope_before(fine).norm());
  const Estimate after = refined(waves.gradient(rough).norm(), waves.gradient(fine).norm());
  return Bound{.lhs = (1.0 + Estimate(waves.step_size)) * after,
               .rhs = before,
               .part = "score at a maximum"};
}

// Equality at the rate of q's flattest direction, on the line in the discrete scheme as well.
Outcome attained(Trial& trial) {
  return of_gaussians(draw_translate(trial.rng, 0.0));
}

Slopes line_translates(Rng& rng) {
  const LineFunctional G = relative_entropy(quadratic_energy(rng.log_uniform(0.3, 3.0)));
  const LineMap target = line_minimiser(claim_grid(), G).step;
  return on_the_line(translated(target, rng.uniform(1.0, 5.0)), G, rng.log_uniform(0.05, 2.0),
                     steps);
}

Outcome attained_on_the_line(Trial& trial) {
  return contraction(line_translates(trial.rng));
}

Outcome fast(Trial& trial) {
  const GaussianProblem problem = draw_translate(trial.rng, 0.0);
  return contraction(of_translates(problem), 1.1);
}

}  // namespace jko_29

Claim jko_29_score_contraction() {
  using namespace jko_29;
  return {
      .id = "JKO-29",
      .statement =
          "−log q is λ-convex, ℓₙ = Lip(log(pₙ/q)) < ∞, exact steps ⇒ (1 + γλ)ℓₙ₊₁ ≤ ℓₙ, so "
          "W_∞(pₙ, pₙ₊₁) ≤ γ(1 + γλ)^{−(n+1)}ℓ₀",
      .source = "[FerrariSantambrogio2021], there on bounded convex domains",
      .provenance = Provenance::quoted,
      .hypotheses = {"∇²V ⪰ λI",
                     "log(p₀/q) is Lipschitz, which of a Gaussian p₀ asks for the covariance of q",
                     "exact steps"},
      .instances = {on_the_line("V = x²/2, ripples", 0),
                    on_the_line("V = x²/2 + x⁴/4, ripples", 1),
                    on_the_line("V = x²/4 + ½log 2cosh 2x, ripples", 2),
                    on_the_line("V = log 2cosh x, ripples", 3),
                    {.name = "translates, d = 1 … 8", .draw = translate_of_target},
                    {.name = "manufactured, d = 2 … 4", .draw = manufactured}},
      .tight = {{.name = "translate", .draw = attained},
                {.name = "translate on the line", .draw = attained_on_the_line}},
      .controls = {{.name = "rate 1/(1 + 1.1γλ)", .draw = fast}},
      .on_target = on_target(),
      .file = __FILE__,
      .grade = Grade::converged,
      .without_error = true};
}

}  // namespace flowcheck
