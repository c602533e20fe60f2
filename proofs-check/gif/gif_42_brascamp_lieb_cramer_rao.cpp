#include "gif/functional_inequality.hpp"
#include "gif/gif_claims.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/line_laws.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <Eigen/Cholesky>

#include <cmath>
#include <functional>
#include <string>
#include <utility>

namespace flowcheck {
namespace gif_42 {

constexpr const char* upper_part = "Brascamp–Lieb";
constexpr const char* lower_part = "Cramér–Rao";

struct SmoothFunction {
  std::function<double(double)> value = {};
  std::function<double(double)> slope = {};
};

Estimate variance_of(const LineMeasure& p, const std::function<double(double)>& f) {
  const double mean = p.expectation(f).value;  // a shift: the variance is stationary in it
  return p.expectation([&](double x) { return (f(x) - mean) * (f(x) - mean); });
}

Estimate upper_value(const LineMeasure& p, const SmoothFunction& f) {
  return p.expectation(
      [&](double x) { return f.slope(x) * f.slope(x) / p.potential().curvature(x); });
}

Estimate lower_value(const LineMeasure& p, const SmoothFunction& f) {
  return square(p.expectation(f.slope)) / p.expectation(p.potential().curvature);
}

bool is_strictly_convex(const LineMeasure& p) {
  return regularity(p).curvature_lower.lower > 0.0;
}

bool has_full_support(const LineMeasure& p) {
  return p.lower() == -infinity && p.upper() == infinity;
}

Outcome on_the_line(const LineMeasure& p, const SmoothFunction& f) {
  if (!p.kinks().empty()) return Outcome::not_applicable("U is twice differentiable");
  const Estimate variance = variance_of(p, f.value);
  std::vector<Bound> bounds;
  if (is_strictly_convex(p)) {
    bounds.push_back({.lhs = variance, .rhs = upper_value(p, f), .part = upper_part});
  } else {
    bounds.push_back(left_out(upper_part, "U is strictly convex"));
  }
  if (has_full_support(p)) {
    bounds.push_back({.lhs = lower_value(p, f), .rhs = variance, .part = lower_part});
  } else {
    bounds.push_back(left_out(lower_part, "the support is the whole line"));
  }
  return bounds;
}

SmoothFunction identity_function() {
  return {.value = [](double x) { return x; }, .slope = [](double) { return 1.0; }};
}

SmoothFunction derivative_of_potential(const LineMeasure& p) {
  return {.value = p.potential().slope, .slope = p.potential().curvature};
}

// a sin(wx + φ) + bx + cx².
SmoothFunction draw_function(Rng& rng) {
  const double a = rng.normal();
  const double w = rng.log_uniform(0.3, 4.0);
  const double phase = rng.uniform(0.0, 6.3);
  const double b = rng.normal();
  const double c = rng.normal();
  return {.value = [=](double x) { return a * std::sin(w * x + phase) + x * (b + c * x); },
          .slope = [=](double x) { return a * w * std::cos(w * x + phase) + b + 2.0 * c * x; }};
}

struct PlaneFunction {
  std::function<double(const Vector&)> value = {};
  std::function<Vector(const Vector&)> gradient = {};
};

// What the two inequalities are made of.
struct PlaneIntegrals {
  double mean = 0.0;  // of f − f(E X)
  double square = 0.0;
  double energy = 0.0;  // E⟨∇f, (∇²U)⁻¹∇f⟩
  Vector gradient = Vector::Zero(2);
  Matrix curvature = Matrix::Zero(2, 2);

  double variance() const { return square - mean * mean; }
  double lower_value() const { return gradient.dot(curvature.llt().solve(gradient)); }
};

// By the trapezoidal rule, `per_width` points a standard deviation: of functions analytic in a
// strip, its error falls as e^{−2π·strip·per_width}. Beyond 9 deviations there is 1e-18 of p.
PlaneIntegrals plane_integrals(const GaussianMixture& p, const PlaneFunction& f, int per_width) {
  const double h = std::sqrt(p.common_variance()) / per_width;
  const Vector lower = p.means().rowwise().minCoeff().array() - 9.0 * per_width * h;
  const Vector upper = p.means().rowwise().maxCoeff().array() + 9.0 * per_width * h;
  const double at_mean = f.value(p.mean());
  PlaneIntegrals sums;
  for (double x = lower(0); x < upper(0); x += h) {
    for (double y = lower(1); y < upper(1); y += h) {
      const Vector at{{x, y}};
      const double mass = h * h * std::exp(p.log_density(at));
      const Matrix curvature = -p.log_density_hessian(at);
      const double value = f.value(at) - at_mean;
      const Vector gradient = f.gradient(at);
      sums.mean += mass * value;
      sums.square += mass * value * value;
      sums.energy += mass * gradient.dot(curvature.llt().solve(gradient));
      sums.gradient += mass * gradient;
      sums.curvature += mass * curvature;
    }
  }
  return sums;
}

struct PlaneValues {
  Estimate lower = {};
  Estimate variance = {};
  Estimate upper = {};
};

PlaneValues plane_values(const GaussianMixture& p, const PlaneFunction& f) {
  const PlaneIntegrals coarse = plane_integrals(p, f, 4);
  const PlaneIntegrals fine = plane_integrals(p, f, 5);
  const double rounding = round_off(fine.square + fine.energy, 2);
  const auto value = [&](double at_last, double before) {
    return Estimate::converged(at_last, std::abs(at_last - before), rounding);
  };
  return {.lower = value(fine.lower_value(), coarse.lower_value()),
          .variance = value(fine.variance(), coarse.variance()),
          .upper = value(fine.energy, coarse.energy)};
}

// Centres within 0.8 σ: κ ≥ 0.36/σ².
GaussianMixture draw_convex_mixture(Rng& rng) {
  const double sigma = rng.log_uniform(0.5, 1.5);
  Matrix means = rng.normal_matrix(2, 3);
  means *= rng.uniform(0.3, 0.8) * sigma / means.colwise().norm().maxCoeff();
  Vector weights = Vector::NullaryExpr(3, [&] { return 0.1 + rng.uniform(); });
  weights /= weights.sum();
  return GaussianMixture::isotropic(std::move(weights), std::move(means), sigma * sigma);
}

// a sin(⟨w, x⟩ + φ) + ⟨b, x⟩ + ½⟨x, Sx⟩.
PlaneFunction draw_plane_function(Rng& rng) {
  const double a = rng.normal();
  const Vector w = rng.normal_vector(2);
  const double phase = rng.uniform(0.0, 6.3);
  const Vector b = rng.normal_vector(2);
  const Matrix S = symmetrised(rng.normal_matrix(2, 2));
  return {.value =
              [=](const Vector& x) {
                return a * std::sin(w.dot(x) + phase) + b.dot(x) + 0.5 * x.dot(S * x);
              },
          .gradient = [=](const Vector& x) -> Vector {
            return a * std::cos(w.dot(x) + phase) * w + b + S * x;
          }};
}

Outcome on_the_plane(const GaussianMixture& p, const PlaneFunction& f) {
  const PlaneValues values = plane_values(p, f);
  return std::vector<Bound>{{.lhs = values.variance, .rhs = values.upper, .part = upper_part},
                            {.lhs = values.lower, .rhs = values.variance, .part = lower_part}};
}

// f = ∂U/∂e makes both of them Var ∂U/∂e = E⟨e, ∇²U e⟩.
Outcome with_plane_derivative(const GaussianMixture& p, const Vector& e) {
  const PlaneFunction f{
      .value = [=](const Vector& x) { return -e.dot(p.score(x)); },
      .gradient = [=](const Vector& x) -> Vector { return -p.log_density_hessian(x) * e; }};
  const PlaneValues values = plane_values(p, f);
  return std::vector<Bound>{identity(values.variance, values.upper, upper_part),
                            identity(values.lower, values.variance, lower_part)};
}

PlaneFunction first_coordinate() {
  return {.value = [](const Vector& x) { return x(0); },
          .gradient =
              [](const Vector&) {
                return Vector{{1.0, 0.0}};
              }};
}

GaussianMixture three_centres() {
  return GaussianMixture::isotropic(Vector{{0.4, 0.3, 0.3}},
                                    Matrix{{0.5, -0.5, 0.0}, {0.0, 0.2, -0.5}}, 1.0);
}

std::vector<Instance> families() {
  std::vector<Instance> result;
  // The function from the trial's stream after the law's.
  const auto with_function = [](Trial& trial, const LineMeasure& p) {
    return on_the_line(p, draw_function(trial.rng));
  };
  result.push_back({"strictly convex potentials", [=](Trial& trial) {
                      Rng& rng = trial.rng;
                      return with_function(
                          trial, log_cosh_law(rng.log_uniform(0.2, 4.0), rng.uniform(0.0, 3.0),
                                              rng.log_uniform(0.3, 3.0)));
                    }});
  result.push_back({"two centres, any distance", [=](Trial& trial) {
                      return with_function(trial, two_centres(trial.rng.log_uniform(0.1, 3.0)));
                    }});
  result.push_back({"e^{−κx²/2} on an interval", [=](Trial& trial) {
                      const double D = trial.rng.log_uniform(0.3, 2.0);
                      return with_function(
                          trial, truncated_gaussian_law(trial.rng.log_uniform(0.1, 9.0), D));
                    }});
  result.push_back({"quartic", [=](Trial& trial) {
                      Rng& rng = trial.rng;
                      return with_function(
                          trial, quartic_law(rng.uniform(-1.0, 2.0), rng.log_uniform(0.1, 3.0)));
                    }});
  result.push_back({"strictly convex mixtures on the plane", [](Trial& trial) {
                      const GaussianMixture p = draw_convex_mixture(trial.rng);
                      return on_the_plane(p, draw_plane_function(trial.rng));
                    }});
  return result;
}

// f = U′ makes both of them Var U′ = E U″.
Outcome with_derivative(const LineMeasure& p) {
  const SmoothFunction f = derivative_of_potential(p);
  const Estimate variance = variance_of(p, f.value);
  return std::vector<Bound>{identity(variance, upper_value(p, f), upper_part),
                            identity(lower_value(p, f), variance, lower_part)};
}

}  // namespace gif_42

Claim gif_42_brascamp_lieb_cramer_rao() {
  using namespace gif_42;
  return {
      .id = "GIF-42",
      .statement = "(E∇f)ᵀ(E∇²U)⁻¹E∇f ≤ Var_ν f ≤ E⟨∇f, (∇²U)⁻¹∇f⟩ for ν = e^{−U}",
      .source = "[BrascampLieb1976], Cramér and Rao's inequality; both equalities for f = ∂_eU",
      .provenance = Provenance::derived,
      .hypotheses = {"upper: U strictly convex", "lower: the support is all of ℝᵈ"},
      .tolerance = 1e-10,
      .instances = families(),
      .tight = {{"f = U′, log cosh",
                 [](Trial& trial) {
                   Rng& rng = trial.rng;
                   return with_derivative(log_cosh_law(rng.log_uniform(0.2, 4.0),
                                                       rng.uniform(0.0, 3.0),
                                                       rng.log_uniform(0.3, 3.0)));
                 }},
                {"f = U′, two centres",
                 [](Trial& trial) {
                   return with_derivative(two_centres(trial.rng.uniform(0.1, 0.95)));
                 }},
                {"f = ∂U/∂e on the plane",
                 [](Trial& trial) {
                   const GaussianMixture p = draw_convex_mixture(trial.rng);
                   return with_plane_derivative(p, trial.rng.normal_vector(2));
                 }}},
      .controls = {{.name = "1/E U″ as an upper bound, f = x",
                    .draw =
                        [](Trial&) {
                          const LineMeasure p = two_centres(0.5);
                          const SmoothFunction f = identity_function();
                          return Bound{.lhs = variance_of(p, f.value), .rhs = lower_value(p, f)};
                        },
                    .repeat = false},
                   {.name = "E(1/U″) as a lower bound, f = x",
                    .draw =
                        [](Trial&) {
                          const LineMeasure p = two_centres(0.5);
                          const SmoothFunction f = identity_function();
                          return Bound{.lhs = upper_value(p, f), .rhs = variance_of(p, f.value)};
                        },
                    .repeat = false},
                   {.name = "(E∇²U)⁻¹ as an upper bound, f = x₁ on the plane",
                    .draw =
                        [](Trial&) {
                          const PlaneValues values =
                              plane_values(three_centres(), first_coordinate());
                          return Bound{.lhs = values.variance, .rhs = values.lower};
                        },
                    .repeat = false},
                   {.name = "E(∇²U)⁻¹ as a lower bound, f = x₁ on the plane",
                    .draw =
                        [](Trial&) {
                          const PlaneValues values =
                              plane_values(three_centres(), first_coordinate());
                          return Bound{.lhs = values.upper, .rhs = values.variance};
                        },
                    .repeat = false}},
      .file = __FILE__,
      .grade = Grade::converged};
}

}  // namespace flowcheck
