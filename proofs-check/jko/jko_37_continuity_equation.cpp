#include "distances/monotone_transport.hpp"
#include "jko/chain_problem.hpp"
#include "jko/jko_claims.hpp"
#include "jko/line_laws.hpp"
#include "numerics/observed_order.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"
#include "proximal/ornstein_uhlenbeck.hpp"

#include <array>
#include <cmath>

namespace flowcheck {
namespace jko_37 {

// An affine velocity at one time, seen through what expectations need of it:
// v(x) = u + H(x − m), with HΣ in place of H.
struct Velocity {
  Vector constant = {};     // u
  Matrix correlation = {};  // HΣ = E[(v − u)(x − m)ᵀ]
};

// −∇log(ρ_t/q): u = −A(m − μ), HΣ = I − AΣ.
Velocity fokker_planck_velocity(const Gaussian& law, const Gaussian& target) {
  const Matrix A = target.precision();
  const Index d = law.dimension();
  return {.constant = -A * (law.mean() - target.mean()),
          .correlation = Matrix::Identity(d, d) - A * law.covariance()};
}

// A test function with E φ and E⟨∇φ, v⟩ under a Gaussian in closed form.
enum class TestFunction { quadratic, cosine, exponential };
constexpr std::array<TestFunction, 3> test_functions = {
    TestFunction::quadratic, TestFunction::cosine, TestFunction::exponential};
constexpr std::array<const char*, 3> names = {"quadratic φ", "cosine φ", "exponential φ"};

struct Test {
  TestFunction kind = TestFunction::quadratic;
  Matrix M = {};  // φ = ½xᵀMx
  Vector k = {};  // φ = cos(k·x + 1) or exp(k·x)

  double mean(const Gaussian& p) const {
    const double spread = 0.5 * k.dot(p.covariance() * k);
    switch (kind) {
      case TestFunction::quadratic:
        return 0.5 * (p.mean().dot(M * p.mean()) + M.cwiseProduct(p.covariance()).sum());
      case TestFunction::cosine:
        return std::exp(-spread) * std::cos(k.dot(p.mean()) + 1.0);
      case TestFunction::exponential:
        return std::exp(k.dot(p.mean()) + spread);
    }
    return 0.0;
  }

  // By Gaussian integration by parts, E[f(x)(x − m)] = Σ E∇f.
  double transport(const Gaussian& p, const Velocity& v) const {
    const double drift = k.dot(v.constant);
    const double spread = k.dot(v.correlation * k);
    const double phase = k.dot(p.mean()) + 1.0;
    const double damping = std::exp(-0.5 * k.dot(p.covariance() * k));
    switch (kind) {
      case TestFunction::quadratic:
        return (M * p.mean()).dot(v.constant) + M.cwiseProduct(v.correlation).sum();
      case TestFunction::cosine:
        return -damping * (std::sin(phase) * drift + std::cos(phase) * spread);
      case TestFunction::exponential:
        return mean(p) * (drift + spread);
    }
    return 0.0;
  }

  // Size of φ's terms under p, what rounding is relative to.
  double size(const Gaussian& p) const {
    const double second_moment = p.mean().squaredNorm() + p.covariance().trace();
    switch (kind) {
      case TestFunction::quadratic:
        return M.norm() * second_moment;
      case TestFunction::cosine:
        return 1.0 + k.norm() * std::sqrt(second_moment);
      case TestFunction::exponential:
        return mean(p) *
               (1.0 + k.norm() * std::sqrt(second_moment) + k.squaredNorm() * second_moment);
    }
    return 0.0;
  }
};

// φ varies by about one over the measures at hand.
Test draw_test(const GaussianProblem& problem, TestFunction kind) {
  Rng rng(problem.seed, static_cast<std::uint64_t>(kind));
  const Index d = problem.start.dimension();
  const double length = problem.length() + problem.target.mean().norm();
  return {.kind = kind,
          .M = symmetrised(rng.normal_matrix(d, d)) / (length * length),
          .k = rng.normal_vector(d).normalized() / length};
}

double central_difference(const Test& phi, const GaussianProblem& problem, double t, double h) {
  return (phi.mean(ou_law(problem.start, problem.target, t + h)) -
          phi.mean(ou_law(problem.start, problem.target, t - h))) /
         (2.0 * h);
}

// When the derivative is looked at: while the stiffest direction is still on its way.
double moment(const Gaussian& target) {
  return std::min(0.3, target.eigenvalues()(0));
}

// d/dt E φ by Richardson's extrapolation of central differences, with steps h and h/2 of it.
Estimate time_derivative(const Test& phi, const GaussianProblem& problem, double t) {
  const double h = 0.01 * moment(problem.target);
  const auto extrapolated = [&](double step) {
    const double coarse = central_difference(phi, problem, t, step);
    const double fine = central_difference(phi, problem, t, 0.5 * step);
    return fine + (fine - coarse) / 3.0;
  };
  const double value = extrapolated(0.5 * h);
  const Gaussian law = ou_law(problem.start, problem.target, t);
  // Rounding of E φ over the smallest difference.
  const double noise =
      round_off((phi.size(law) + phi.size(problem.target)) * problem.target.condition_number() / h,
                law.dimension());
  return Estimate::converged(value, std::abs(value - extrapolated(h)), noise);
}

Estimate transport(const Test& phi, const GaussianProblem& problem, double t, const Velocity& v) {
  const Gaussian law = ou_law(problem.start, problem.target, t);
  const double scale = phi.size(law) * (1.0 + v.constant.norm() + v.correlation.norm()) *
                       problem.target.condition_number();
  return Estimate::closed_form(phi.transport(law, v), round_off(scale, law.dimension()));
}

// On the line, of a mixture ρ_t towards N(0, 1): E φ in closed form, E φ'v by quadrature with the
// velocity itself.
double mean_of(const Test& phi, const GaussianMixture& p) {
  double sum = 0.0;
  for (Index k = 0; k < p.size(); ++k) sum += p.weights()[k] * phi.mean(p.component(k));
  return sum;
}

double slope_of(const Test& phi, double x) {
  const double k = phi.k[0];
  switch (phi.kind) {
    case TestFunction::quadratic:
      return phi.M(0, 0) * x;
    case TestFunction::cosine:
      return -k * std::sin(k * x + 1.0);
    case TestFunction::exponential:
      return k * std::exp(k * x);
  }
  return 0.0;
}

Bound continuity_on_the_line(const GaussianMixture& start, TestFunction kind, double sign) {
  constexpr double time = 0.3;
  constexpr double h = 0.01 * time;
  const double length = 1.0 + std::sqrt(start.covariance()(0, 0)) + std::abs(start.mean()[0]);
  const Test phi{.kind = kind,
                 .M = Matrix::Constant(1, 1, 1.0 / (length * length)),
                 .k = Vector::Constant(1, 1.0 / length)};
  const auto mean_at = [&](double t) { return mean_of(phi, ou_law(start, t)); };
  const auto extrapolated = [&](double step) {
    const auto difference = [&](double s) {
      return (mean_at(time + s) - mean_at(time - s)) / (2.0 * s);
    };
    return difference(0.5 * step) + (difference(0.5 * step) - difference(step)) / 3.0;
  };
  const double value = extrapolated(0.5 * h);
  const double noise = round_off(4.0 * (1.0 + std::abs(mean_at(time))) / h, start.size());
  const LineMeasure law = line_measure(ou_law(start, time));
  const Estimate transported =
      law.expectation([&](double x) { return sign * slope_of(phi, x) * (-x - law.score(x)); });
  return identity(Estimate::converged(value, std::abs(value - extrapolated(h)), noise), transported,
                  names.at(static_cast<std::size_t>(kind)), 1.0);
}

Outcome on_the_line(const GaussianMixture& start, double) {
  std::vector<Bound> bounds;
  for (const TestFunction kind : test_functions) {
    bounds.push_back(continuity_on_the_line(start, kind, 1.0));
  }
  return bounds;
}

Outcome mixtures_on_the_line(Trial& trial) {
  return on_the_line(draw_mixture(trial.rng, 3), 0.0);
}

Outcome reversed_on_the_line(Trial& trial) {
  return continuity_on_the_line(draw_mixture(trial.rng, 3), TestFunction::quadratic, -1.0);
}

Matrix rotation_generator(const Matrix& like) {
  Matrix J = Matrix::Zero(like.rows(), like.cols());
  if (J.rows() > 1) {
    J(0, 1) = 1.0;
    J(1, 0) = -1.0;
  }
  return J;
}

using Alter = Velocity (*)(const Velocity& v, const Gaussian& law);

Outcome continuity(const GaussianProblem& problem, Alter alter, bool alone) {
  const double time = moment(problem.target);
  const Gaussian law = ou_law(problem.start, problem.target, time);
  const Velocity v = alter(fokker_planck_velocity(law, problem.target), law);
  std::vector<Bound> bounds;
  for (const TestFunction kind : test_functions) {
    if (alone && kind != TestFunction::quadratic) continue;
    const Test phi = draw_test(problem, kind);
    const double scale = phi.size(law) * (1.0 + v.constant.norm() + v.correlation.norm());
    bounds.push_back(identity(time_derivative(phi, problem, time), transport(phi, problem, time, v),
                              names.at(static_cast<std::size_t>(kind)), scale));
  }
  return bounds;
}

Velocity unaltered(const Velocity& v, const Gaussian&) {
  return v;
}

// JΣ⁻¹(x − m), J antisymmetric, rotates ρ_t into itself; HΣ gains J.
Velocity with_preserving_rotation(const Velocity& v, const Gaussian&) {
  return {.constant = v.constant, .correlation = v.correlation + rotation_generator(v.correlation)};
}

// J(x − m) does not, unless Σ commutes with J.
Velocity with_other_rotation(const Velocity& v, const Gaussian& law) {
  return {.constant = v.constant,
          .correlation = v.correlation + rotation_generator(v.correlation) * law.covariance()};
}

Velocity reversed(const Velocity& v, const Gaussian&) {
  return {.constant = -v.constant, .correlation = -v.correlation};
}

Outcome evaluate(const GaussianProblem& problem) {
  std::vector<Bound> bounds = continuity(problem, unaltered, false).bounds;
  for (Bound bound : continuity(problem, with_preserving_rotation, false).bounds) {
    bound.part += ", v and a rotation of ρ";
    bounds.push_back(bound);
  }
  return bounds;
}

std::vector<Instance> families() {
  return with(gaussian_families(evaluate),
              {.name = "mixtures on the line", .draw = mixtures_on_the_line});
}

// Plain central differences have order 2. φ = |x − μ|²/2 from a start wider than q in every
// direction: all derivatives of E φ have one sign there, so that no term of the error vanishes.
Outcome order_of_difference(Trial& trial) {
  GaussianProblem problem = draw_random_pair(trial.rng, 8, true);
  const Index d = problem.target.dimension();
  problem.target = Gaussian(Vector::Zero(d), problem.target.covariance());
  problem.start = Gaussian(Vector::Ones(d), 4.0 * problem.target.covariance());
  const Test phi{.M = Matrix::Identity(d, d), .k = Vector::Zero(d)};
  const double time = moment(problem.target);
  const Gaussian law = ou_law(problem.start, problem.target, time);
  const double truth = phi.transport(law, fokker_planck_velocity(law, problem.target));
  std::vector<double> steps;
  std::vector<double> errors;
  for (int k = 0; k < 5; ++k) {
    steps.push_back(std::ldexp(0.1 * time, -k));
    errors.push_back(std::abs(central_difference(phi, problem, time, steps.back()) - truth));
  }
  return order(observed_order(steps, errors), 2.0, "order of the difference");
}

// On three dimensions, where a rotation changes a random ρ.
Outcome altered(Trial& trial, Alter alter) {
  GaussianProblem problem = draw_random_pair(trial.rng, 8, true);
  while (problem.target.dimension() < 2) problem = draw_random_pair(trial.rng, 8, true);
  return continuity(problem, alter, true);
}

}  // namespace jko_37

Claim jko_37_continuity_equation() {
  using namespace jko_37;
  return {.id = "JKO-37",
          .statement =
              "∂ₜρ + ∇·(ρv) = 0 ⇒ d/dt E φ(xₜ) = E⟨∇φ(xₜ), v(xₜ)⟩ for every φ; of the "
              "Fokker–Planck flow v = −∇log(ρₜ/q)",
          .source = "derived",
          .provenance = Provenance::derived,
          .hypotheses = {"φ smooth, of at most exponential growth"},
          .instances = families(),
          .tight = {{.name = "halving h", .draw = order_of_difference}},
          .controls = {{.name = "v and a rotation that changes ρ",
                        .draw = [](Trial& t) { return altered(t, with_other_rotation); }},
                       {.name = "−v", .draw = [](Trial& t) { return altered(t, reversed); }},
                       {.name = "−v, mixtures on the line", .draw = reversed_on_the_line}},
          .on_target = on_line_law_target(evaluate, on_the_line),
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
