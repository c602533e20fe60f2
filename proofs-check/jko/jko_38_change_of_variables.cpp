#include "flows/flow.hpp"
#include "jko/chain_problem.hpp"
#include "jko/fokker_planck.hpp"
#include "jko/jko_claims.hpp"
#include "jko/line_laws.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/observed_order.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"
#include "proximal/ornstein_uhlenbeck.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>

namespace flowcheck {
namespace jko_38 {

// A field with its Jacobian, and a run of it.
struct Flow {
  VelocityField field = {};
  VelocityJacobian jacobian = {};
};

struct Point {
  Vector x0 = {};
  double t0 = 0.0;
  double t1 = 1.0;
};

TangentFlowResult run(const Flow& flow, const Point& from, int steps) {
  TangentFlowResult result =
      integrate_tangent(flow.field, flow.jacobian, from.x0, from.t0, from.t1,
                        {.method = FlowMethod::runge_kutta4, .steps = steps});
  if (result.termination != Termination::converged)
    throw std::runtime_error("integrate_tangent: did not converge");
  return result;
}

// A number found from the end of a run, extrapolated from n and 2n steps: the error's h⁴ is gone
// from the value, and what it was at 2n steps is its uncertainty.
using Readout = std::function<double(const TangentFlowResult&)>;

Estimate resolved(const Flow& flow, const Point& from, int steps, const Readout& read) {
  const double coarse = read(run(flow, from, steps));
  const double fine = read(run(flow, from, 2 * steps));
  const double value = fine + (fine - coarse) / 15.0;
  // The sums' rounding errors, as many as steps, add up like a random walk.
  const double rounding =
      round_off(std::sqrt(2.0 * steps) * (1.0 + std::abs(value)), from.x0.size());
  return Estimate::converged(value, std::abs(value - fine), rounding);
}

double log_determinant(const TangentFlowResult& run) {
  return log_abs_determinant(run.jacobian);
}
double divergence(const TangentFlowResult& run) {
  return run.divergence_integral;
}

// ẋ = Sx, log det e^S = tr S.
Flow linear_flow(const Matrix& S) {
  return {.field = [S](double, const Vector& x) -> Vector { return S * x; },
          .jacobian = [S](double, const Vector&) { return S; }};
}

// ẋ = −x³ in each coordinate, log det = −(3/2) Σ log(1 + 2x²T).
Flow cubic_flow() {
  return {.field = [](double, const Vector& x) -> Vector { return -x.array().cube(); },
          .jacobian = [](double, const Vector& x) -> Matrix {
            return (-3.0 * x.array().square()).matrix().asDiagonal();
          }};
}

// ẋ = tanh(Wx + bt), a layer of a network; no closed form.
Flow network_flow(const Matrix& W, const Vector& b) {
  return {.field = [W, b](double t, const Vector& x) -> Vector {
            return (W * x + t * b).array().tanh();
          },
          .jacobian = [W, b](double t, const Vector& x) -> Matrix {
            const Vector cosh = (W * x + t * b).array().cosh();
            return cosh.array().square().inverse().matrix().asDiagonal() * W;
          }};
}

constexpr int steps = 128;

Matrix random_generator(Rng& rng, Index d) {
  return rng.normal_matrix(d, d) / std::sqrt(static_cast<double>(d));
}

Outcome linear(Trial& trial) {
  const Index d = 1 + trial.rng.uniform_index(5);
  const Matrix S = random_generator(trial.rng, d);
  const Point from{.x0 = trial.rng.normal_vector(d)};
  const Estimate trace = Estimate::closed_form(S.trace(), round_off(S.norm(), d));
  return std::vector<Bound>{
      identity(resolved(linear_flow(S), from, steps, log_determinant), trace, "log|det F| = tr S",
               1.0),
      identity(resolved(linear_flow(S), from, steps, divergence), trace, "∫div = tr S", 1.0)};
}

Estimate cubic_log_determinant(const Point& from) {
  const double value = -1.5 * (2.0 * (from.t1 - from.t0) * from.x0.array().square()).log1p().sum();
  return Estimate::closed_form(value, round_off(1.0 + std::abs(value), from.x0.size()));
}

Outcome cubic(Trial& trial) {
  const Point from{.x0 = Vector::Constant(1, trial.rng.uniform(-1.5, 1.5)),
                   .t1 = trial.rng.uniform(0.2, 1.0)};
  const Estimate truth = cubic_log_determinant(from);
  return std::vector<Bound>{
      identity(resolved(cubic_flow(), from, 2 * steps, log_determinant), truth, "log|det F|", 1.0),
      identity(resolved(cubic_flow(), from, 2 * steps, divergence), truth, "∫div", 1.0)};
}

Outcome network(Trial& trial) {
  const Index d = 1 + trial.rng.uniform_index(5);
  const Flow flow = network_flow(random_generator(trial.rng, d), trial.rng.normal_vector(d));
  const Point from{.x0 = trial.rng.normal_vector(d)};
  return identity(resolved(flow, from, steps, log_determinant),
                  resolved(flow, from, steps, divergence), "log|det F| = ∫div", 1.0);
}

// A density carried along: the probability flow of Fokker–Planck, v = −∇log(ρ_t/q), whose laws are
// known. log ρ_T(x_T) = log ρ_0(x_0) − sign ∫div.
Outcome carried_density(const GaussianProblem& problem, double sign) {
  const Gaussian& p = problem.start;
  const Gaussian& q = problem.target;
  if (!p.has_density()) return Outcome::not_applicable("ρ₀ has a density");
  // The method asks for each time two to four times in a row.
  double known_time = 0.0;
  Gaussian known = p;
  const auto law = [&](double t) -> const Gaussian& {
    if (t != known_time) known = ou_law(p, q, t);
    known_time = t;
    return known;
  };
  const Flow flow{
      .field = [&](double t, const Vector& x) -> Vector { return q.score(x) - law(t).score(x); },
      .jacobian = [&](double t, const Vector&) -> Matrix {
        return law(t).precision() - q.precision();
      }};
  Rng rng(problem.seed);
  const Point from{.x0 = p.mean() + p.factor() * rng.normal_vector(p.dimension()),
                   .t1 = 0.5 / (1.0 / q.eigenvalues()(0) + 1.0 / p.eigenvalues()(0))};
  const FokkerPlanckLaw end = fokker_planck_law(p, q, from.t1);
  const Estimate carried = resolved(flow, from, 32, [&](const TangentFlowResult& result) {
    return end.law.log_density(result.end) + sign * result.divergence_integral;
  });
  const double start = p.log_density(from.x0);
  // −log ρ = ½|Σ^{-1/2}(x − m)|² + ½log det(2πΣ): κ is for the inverse and for the least
  // eigenvalue.
  const double square = (p.inverse_factor() * (from.x0 - p.mean())).squaredNorm();
  // A narrow law far from the origin loses digits in x − m already.
  const double kappa = p.condition_number() + q.condition_number();
  const double places = from.x0.norm() + p.mean().norm() + q.mean().norm();
  const double lost = places * p.inverse_factor().norm() * std::sqrt(square);
  const double error = round_off(kappa * (1.0 + square) + std::abs(start) + lost, p.dimension());
  return identity(widened(carried, error), Estimate::closed_form(start, error),
                  "log density along the flow", 1.0 + square + std::abs(start));
}

Outcome evaluate(const GaussianProblem& problem) {
  return carried_density(problem, 1.0);
}

// The same of a mixture on the line towards N(0, 1), from x₀, for half the
// time in which its narrowest component doubles its variance.
Bound carried_density(const GaussianMixture& start, const Vector& x0, double sign) {
  double narrowest = 1.0;
  for (Index k = 0; k < start.size(); ++k) {
    narrowest = std::min(narrowest, start.covariance(k)(0, 0));
  }
  double known_time = 0.0;
  GaussianMixture known = start;
  const auto law = [&](double t) -> const GaussianMixture& {
    if (t != known_time) known = ou_law(start, t);
    known_time = t;
    return known;
  };
  const Flow flow{
      .field = [&](double t, const Vector& x) -> Vector { return -x - law(t).score(x); },
      .jacobian = [&](double t, const Vector& x) -> Matrix {
        return -Matrix::Identity(1, 1) - law(t).log_density_hessian(x);
      }};
  const Point from{.x0 = x0, .t1 = 0.5 / (1.0 + 1.0 / narrowest)};
  const GaussianMixture end = ou_law(start, from.t1);
  const Estimate carried = resolved(flow, from, steps, [&](const TangentFlowResult& result) {
    return end.log_density(result.end) + sign * result.divergence_integral;
  });
  const double before = start.log_density(x0);
  // A component's exponent (x − m)²/(2s²) is off by u times (|x| + |m|)²/s².
  const double places = x0.norm() + start.means().cwiseAbs().maxCoeff();
  const double terms = 1.0 + std::abs(before) + places * places / narrowest;
  return identity(widened(carried, round_off(terms, 1)),
                  Estimate::closed_form(before, round_off(terms, 1)), "log density along the flow",
                  1.0 + std::abs(before));
}

Outcome on_the_line(const GaussianMixture& start, double) {
  Rng rng(1);
  const Matrix points = sample(start, 4, rng);
  std::vector<Bound> bounds;
  for (Index i = 0; i < points.cols(); ++i) {
    bounds.push_back(carried_density(start, points.col(i), 1.0));
  }
  return bounds;
}

Outcome mixtures_on_the_line(Trial& trial) {
  return on_the_line(draw_mixture(trial.rng, 3), 0.0);
}

// Hutchinson's estimator eᵀDv e of tr Dv, E eeᵀ = variance · I.
double hutchinson(const Matrix& Dv, const Vector& e) {
  return e.dot(Dv * e);
}

// Mean and variance of f over all sign vectors: exact.
struct Moments {
  double mean = 0.0;
  double variance = 0.0;
};

Moments over_signs(Index d, const std::function<double(const Vector&)>& f) {
  const auto sign_vector = [d](std::uint64_t word) {
    Vector e(d);
    for (Index i = 0; i < d; ++i) e(i) = (word >> i) & 1U ? 1.0 : -1.0;
    return e;
  };
  const std::uint64_t count = std::uint64_t{1} << d;
  const double weight = 1.0 / static_cast<double>(count);
  Moments moments;
  for (std::uint64_t w = 0; w < count; ++w) moments.mean += weight * f(sign_vector(w));
  for (std::uint64_t w = 0; w < count; ++w) {
    const double gap = f(sign_vector(w)) - moments.mean;
    moments.variance += weight * gap * gap;
  }
  return moments;
}

// The same under N(0, I) by the product of three-point Gauss–Hermite rules, nodes 0 and ±√3 with
// weights 2/3 and 1/6: exact to degree five in each coordinate, and a squared form has four.
Moments over_normals(Index d, const std::function<double(const Vector&)>& f) {
  const auto visit = [d](const std::function<void(const Vector&, double)>& at) {
    Vector e(d);
    const auto descend = [&](const auto& self, Index i, double weight) -> void {
      if (i == d) return at(e, weight);
      for (const double node : {-1.0, 0.0, 1.0}) {
        e(i) = std::sqrt(3.0) * node;
        self(self, i + 1, weight * (node == 0.0 ? 2.0 / 3.0 : 1.0 / 6.0));
      }
    };
    descend(descend, 0, 1.0);
  };
  Moments moments;
  visit([&](const Vector& e, double weight) { moments.mean += weight * f(e); });
  visit([&](const Vector& e, double weight) {
    const double gap = f(e) - moments.mean;
    moments.variance += weight * gap * gap;
  });
  return moments;
}

// 2(‖S‖_F² − ΣS_ii²) for signs, 2‖S‖_F² for normals, S = sym Dv.
double sign_variance(const Matrix& Dv) {
  const Matrix S = symmetrised(Dv);
  return 2.0 * (S.squaredNorm() - S.diagonal().squaredNorm());
}
double normal_variance(const Matrix& Dv) {
  return 2.0 * symmetrised(Dv).squaredNorm();
}

Outcome hutchinson_moments(Trial& trial) {
  const Index d = 1 + trial.rng.uniform_index(5);
  const Matrix Dv = random_generator(trial.rng, d);
  const auto form = [&](const Vector& e) { return hutchinson(Dv, e); };
  const auto exactly = [&](double value, double scale) {
    return Estimate::closed_form(value, round_off(9.0 * scale, d * d));
  };
  const double size = static_cast<double>(d) * Dv.norm();
  const Moments signs = over_signs(d, form);
  const Moments normals = over_normals(d, form);
  const auto same = [&](double measured, double claimed, double scale, const char* part) {
    return identity(exactly(measured, scale), exactly(claimed, scale), part, 1.0 + scale);
  };
  return std::vector<Bound>{
      same(signs.mean, Dv.trace(), size, "E eᵀDv e, signs"),
      same(normals.mean, Dv.trace(), size, "E eᵀDv e, normals"),
      same(signs.variance, sign_variance(Dv), size * size, "variance, signs"),
      same(normals.variance, normal_variance(Dv), size * size, "variance, normals")};
}

// The estimator on drawn vectors: its bias is below a tenth of its standard deviation. The
// half-width is Bernstein's for signs, |eᵀSe − tr S| ≤ Σ_{i≠j}|S_ij|, and the χ² tail
//   P(mean of n off by more than 2‖S‖_F √(x/n) + 2‖S‖ x/n) ≤ 2e^{−x}
// of a quadratic form for normals: neither assumes normality.
enum class Probe { signs, normals };

Outcome drawn_estimator(Trial& trial, Probe probe, double variance) {
  const Index d = 2 + trial.rng.uniform_index(4);
  const Matrix Dv = 3.0 * Matrix::Identity(d, d) + random_generator(trial.rng, d);
  const Matrix S = symmetrised(Dv);
  constexpr int n = 30'000;
  double sum = 0.0;
  Vector e(d);
  for (int i = 0; i < n; ++i) {
    if (probe == Probe::signs) {
      for (double& entry : e) entry = (trial.rng.bits() >> 63) != 0 ? 1.0 : -1.0;
    } else {
      e = trial.rng.normal_vector(d);
    }
    sum += hutchinson(Dv, std::sqrt(variance) * e);
  }
  const double x = std::log(2.0 / trial.false_alarm);
  const double range = S.cwiseAbs().sum() - S.diagonal().cwiseAbs().sum();
  const double deviation =
      std::sqrt(probe == Probe::signs ? sign_variance(Dv) : normal_variance(Dv));
  const double half_width = probe == Probe::signs
                                ? deviation * std::sqrt(2.0 * x / n) + 2.0 * range * x / (3.0 * n)
                                : deviation * std::sqrt(2.0 * x / n) + 2.0 * S.norm() * x / n;
  const Estimate mean = Estimate::statistical(sum / n, variance * half_width,
                                              round_off(std::sqrt(n) * S.cwiseAbs().sum(), d));
  return Bound{.lhs = abs(mean - Dv.trace()),
               .rhs = 0.1 * deviation,
               .part = probe == Probe::signs ? "bias, signs" : "bias, normals",
               .auxiliary = true};
}

Outcome drawn_estimators(Trial& trial) {
  return std::vector<Bound>{drawn_estimator(trial, Probe::signs, 1.0).bounds.front(),
                            drawn_estimator(trial, Probe::normals, 1.0).bounds.front()};
}

// Tight: the method's own order on S negative definite, where tr S⁵ ≠ 0 is its error's constant.
Outcome order_of_method(Trial& trial) {
  const Index d = 1 + trial.rng.uniform_index(3);
  const Gaussian spread =
      random_gaussian(trial.rng, d, {.smallest_variance = 1.0, .largest_variance = 2.0});
  const Flow flow = linear_flow(-spread.covariance());
  const Point from{.x0 = trial.rng.normal_vector(d)};
  std::vector<double> h;
  std::vector<double> errors;
  for (const int n : {8, 16, 32, 64, 128}) {
    const TangentFlowResult result = run(flow, from, n);
    h.push_back(1.0 / n);
    errors.push_back(std::abs(log_determinant(result) - divergence(result)));
  }
  return order(observed_order(h, errors), 4.0, "order of |log det F − ∫div|");
}

// With a one-sided difference (v(x + σe) − v(x))/σ in place of Dv e, e a sign vector: for a frozen
// e the error is O(σ), and odd moments vanish, so the mean's is O(σ²).
Outcome order_of_one_sided_difference(Trial&) {
  constexpr Index d = 3;
  Rng rng(5);
  const Flow flow = network_flow(random_generator(rng, d), Vector::Zero(d));
  const Vector x = rng.normal_vector(d);
  const Vector v = flow.field(0.0, x);
  const Matrix Dv = flow.jacobian(0.0, x);
  std::vector<double> sigmas;
  std::vector<double> biases;
  std::vector<double> frozen;
  for (int k = 0; k < 5; ++k) {
    const double sigma = std::ldexp(0.02, -k);
    const auto difference = [&](const Vector& e) {
      return e.dot(flow.field(0.0, x + sigma * e) - v) / sigma;
    };
    sigmas.push_back(sigma);
    biases.push_back(std::abs(over_signs(d, difference).mean - Dv.trace()));
    frozen.push_back(std::abs(difference(Vector::Ones(d)) - hutchinson(Dv, Vector::Ones(d))));
  }
  return std::vector<Bound>{order(observed_order(sigmas, biases), 2.0, "mean bias in σ"),
                            order(observed_order(sigmas, frozen), 1.0, "error at a frozen e")};
}

// Not on translates, whose flow has no divergence.
Outcome wrong_sign(Trial& trial) {
  return carried_density(draw_random_pair(trial.rng, 8, true), -1.0);
}

Outcome wrong_sign_on_the_line(Trial&) {
  const GaussianMixture narrow =
      GaussianMixture::isotropic(Vector{{0.4, 0.6}}, Matrix{{-1.5, 1.2}}, 0.25);
  return carried_density(narrow, Vector::Constant(1, 1.0), -1.0);
}

// div v at the starting point for the whole time.
Outcome frozen_divergence(Trial&) {
  const Point from{.x0 = Vector::Constant(1, 1.2)};
  const double frozen = cubic_flow().jacobian(0.0, from.x0).trace() * (from.t1 - from.t0);
  return identity(resolved(cubic_flow(), from, steps, log_determinant), frozen);
}

}  // namespace jko_38

Claim jko_38_change_of_variables() {
  using namespace jko_38;
  return {
      .id = "JKO-38",
      .statement =
          "ẋ = v(t, x) ⇒ log|det ∂x_T/∂x₀| = ∫div v dt, log p_T(x_T) = log p₀(x₀) − "
          "∫div v dt; E eᵀDv e = tr Dv, variance 2(‖S‖² − ΣS_ii²) for signs, 2‖S‖² "
          "for normals",
      .source = "[ChenRubanovaBettencourtDuvenaud2018]",
      .provenance = Provenance::derived,
      .hypotheses = {"v is C¹", "ρ₀ has a density"},
      .instances =
          [] {
            std::vector<Instance> all = gaussian_families(evaluate);
            all.push_back({.name = "mixtures on the line", .draw = mixtures_on_the_line});
            all.push_back({.name = "linear field", .draw = linear});
            all.push_back({.name = "v = −x³", .draw = cubic});
            all.push_back({.name = "network field", .draw = network});
            all.push_back({.name = "Hutchinson, all signs", .draw = hutchinson_moments});
            all.push_back(
                {.name = "Hutchinson, drawn", .draw = drawn_estimators, .confidence_intervals = 2});
            return all;
          }(),
      .tight = {{.name = "Runge–Kutta, halving h", .draw = order_of_method},
                {.name = "one-sided difference, halving σ",
                 .draw = order_of_one_sided_difference,
                 .repeat = false}},
      .controls = {{.name = "+ ∫div", .draw = wrong_sign},
                   {.name = "+ ∫div, mixture on the line",
                    .draw = wrong_sign_on_the_line,
                    .repeat = false},
                   {.name = "div frozen at x₀", .draw = frozen_divergence, .repeat = false},
                   {.name = "e of variance 4",
                    .draw = [](Trial& t) { return drawn_estimator(t, Probe::normals, 4.0); },
                    .confidence_intervals = 1}},
      .on_target = on_line_mixture_target(evaluate, on_the_line),
      .file = __FILE__,
      .grade = Grade::statistical,
      .without_error = true};
}

}  // namespace flowcheck
