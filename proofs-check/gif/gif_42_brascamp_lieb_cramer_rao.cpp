#include "claims/verdict.hpp"
#include "distances/monotone_transport.hpp"
#include "gif/functional_inequality.hpp"
#include "gif/gif_claims.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/line_laws.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <Eigen/Cholesky>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <variant>

namespace flowcheck {
namespace gif_42 {

constexpr const char* upper_part = "Brascamp–Lieb";
constexpr const char* lower_part = "Cramér–Rao";
constexpr double equality_tolerance = 1e-10;

// κ > 0 may not be known of a mixture that has it.
std::string not_convex(const GaussianMixture& p) {
  const Estimate kappa = regularity(p).curvature_lower;
  return kappa.upper > 0.0 ? "left out: κ > 0 is not known" : "U is strictly convex";
}

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

// Nodes h apart from `lower` to `upper`.
struct PlaneBox {
  double h = 0.0;
  Vector lower = {};
  Vector upper = {};

  double nodes() const { return ((upper - lower) / h).prod(); }
};

// `per_width` nodes to the least deviation, and 9 of the largest beyond the centres.
PlaneBox plane_box(const GaussianMixture& p, int per_width) {
  double least = infinity;
  double largest = 0.0;
  for (Index k = 0; k < p.size(); ++k) {
    least = std::min(least, p.kernel(k).eigenvalues().minCoeff());
    largest = std::max(largest, p.kernel(k).eigenvalues().maxCoeff());
  }
  const double reach = 9.0 * std::sqrt(largest);
  return {std::sqrt(least) / per_width, p.means().rowwise().minCoeff().array() - reach,
          p.means().rowwise().maxCoeff().array() + reach};
}

// By the trapezoidal rule, `per_width` points a (least) standard deviation: of functions analytic
// in a strip, its error falls as e^{−2π·strip·per_width}. Beyond 9 deviations there is 1e-18 of p.
PlaneIntegrals plane_integrals(const GaussianMixture& p, const PlaneFunction& f, int per_width) {
  const auto [h, lower, upper] = plane_box(p, per_width);
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

bool is_strictly_convex(const GaussianMixture& p) {
  return regularity(p).curvature_lower.lower > 0.0;
}

// Where U is not convex (∇²U)⁻¹ means nothing, and `upper` neither.
std::vector<Bound> on_the_plane(const GaussianMixture& p, const PlaneFunction& f) {
  const PlaneValues values = plane_values(p, f);
  const Bound upper{.lhs = values.variance, .rhs = values.upper, .part = upper_part};
  const bool convex = is_strictly_convex(p);
  return {convex ? upper : left_out(upper_part, not_convex(p)),
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

// Of N(m, Σ) and f = ½⟨x, Sx⟩: Var f = ½ tr (SΣ)² + ⟨Sm, ΣSm⟩, E⟨∇f, Σ∇f⟩ = tr (SΣ)² + ⟨Sm, ΣSm⟩
// and ⟨E∇f, ΣE∇f⟩ = ⟨Sm, ΣSm⟩, in any dimension.
std::vector<Bound> quadratic_of_gaussian(const Gaussian& p, Rng& rng) {
  const Index d = p.dimension();
  const Matrix S = symmetrised(rng.normal_matrix(d, d));
  const double trace = (p.factor().transpose() * S * p.factor()).squaredNorm();
  const double of_mean = (p.factor().transpose() * (S * p.mean())).squaredNorm();
  const double norm = S.norm() * p.covariance().norm();
  const double size = norm * norm + S.norm() * norm * p.mean().squaredNorm();
  const auto known = [&](double value) { return Estimate::closed_form(value, round_off(size, d)); };
  const Estimate variance = known(0.5 * trace + of_mean);
  return {{.lhs = variance, .rhs = known(trace + of_mean), .part = upper_part, .scale = size},
          {.lhs = known(of_mean), .rhs = variance, .part = lower_part, .scale = size}};
}

Outcome random_gaussians(Trial& trial) {
  const Gaussian p = random_gaussian(trial.rng, 1 + trial.rng.uniform_index(6));
  return quadratic_of_gaussian(p, trial.rng);
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
  result.push_back({"Gaussians, d = 1 … 6, and ½⟨x, Sx⟩", random_gaussians});
  return result;
}

// f = U′ makes both of them Var U′ = E U″.
Outcome with_derivative(const LineMeasure& p) {
  const SmoothFunction f = derivative_of_potential(p);
  const Estimate variance = variance_of(p, f.value);
  return std::vector<Bound>{identity(variance, upper_value(p, f), upper_part),
                            identity(lower_value(p, f), variance, lower_part)};
}

// Where both sides agree to all but the digits that the integrals lack, that is told.
void append(std::vector<Bound>& bounds, const std::vector<Bound>& more) {
  for (const Bound& bound : more) {
    const bool open = bound.failed_hypothesis.empty() &&
                      judge(bound, equality_tolerance) == Verdict::inconclusive;
    bounds.push_back(
        open ? left_out(bound.part, "left out: the sides agree within the integrals' errors")
             : bound);
  }
}

// x, U′, and draws of a sin(wx + φ) + bx + cx².
Outcome on_line_target(const GaussianMixture& p, Rng& rng) {
  const LineMeasure law = line_measure(p);
  std::vector<SmoothFunction> functions = {identity_function(), derivative_of_potential(law)};
  for (int i = 0; i < 4; ++i) functions.push_back(draw_function(rng));
  std::vector<Bound> bounds;
  for (const SmoothFunction& f : functions) append(bounds, on_the_line(law, f).bounds);
  for (Bound& bound : bounds) {
    if (!bound.failed_hypothesis.empty()) bound = left_out(upper_part, not_convex(p));
  }
  return bounds;
}

Outcome on_plane_target(const GaussianMixture& p, Rng& rng) {
  std::vector<Bound> bounds;
  append(bounds, on_the_plane(p, first_coordinate()));
  for (int i = 0; i < 2; ++i) append(bounds, on_the_plane(p, draw_plane_function(rng)));
  return bounds;
}

Outcome on_target(const Target& target) {
  constexpr double most_terms = 1e7;  // components times nodes, or times a table's 10⁴ places
  constexpr double places_of_table = 1e4;
  Rng rng(1);
  if (const auto* p = std::get_if<Gaussian>(&target.start)) {
    if (!p->has_density()) return Outcome::not_applicable("ν = e^{−U}, Σ regular");
    return quadratic_of_gaussian(*p, rng);
  }
  const auto* p = std::get_if<GaussianMixture>(&target.start);
  if (p == nullptr || !p->has_density()) {
    return Outcome::not_applicable("ν = e^{−U}: these are points, or components without a density");
  }
  if (p->dimension() > 2) {
    return Outcome::not_applicable(fmt::format(
        "left out: the integrals are known of Gaussians and computed for d ≤ 2 (d = {})",
        p->dimension()));
  }
  const double places = p->dimension() == 1 ? places_of_table : 2.0 * plane_box(*p, 5).nodes();
  if (places * static_cast<double>(p->size()) > most_terms) {
    return Outcome::not_applicable(
        fmt::format("left out: {:.2g} densities at each of {:.2g} nodes, of the narrowest "
                    "component's width, are too many",
                    static_cast<double>(p->size()), places));
  }
  return p->dimension() == 1 ? on_line_target(*p, rng) : on_plane_target(*p, rng);
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
      .tolerance = equality_tolerance,
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
      .on_target = on_target,
      .file = __FILE__,
      .grade = Grade::converged,
      .without_error = true};
}

}  // namespace flowcheck
