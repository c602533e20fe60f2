#include "gif/functional_inequality.hpp"
#include "gif/gif_claims.hpp"
#include "measures/line_laws.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <cmath>
#include <functional>
#include <string>

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
  // f = ⟨a, x − m⟩ + ½⟨x − m, S(x − m)⟩ of N(m, Σ): ⟨a, Σa⟩ ≤ ⟨a, Σa⟩ + ½tr(SΣSΣ) ≤ ⟨a, Σa⟩ +
  // tr(SΣSΣ).
  result.push_back(
      {"Gaussians and quadratic functions, d = 3", [](Trial& trial) {
         const Gaussian p = random_gaussian(trial.rng, 3);
         const Vector a = trial.rng.normal_vector(3);
         const Matrix S = symmetrised(trial.rng.normal_matrix(3, 3));
         const Matrix product = S * p.covariance();
         const double linear = a.dot(p.covariance() * a);
         const double trace = (product * product).trace();
         const double error =
             round_off(linear + product.squaredNorm() + a.squaredNorm() * p.covariance().norm(), 3);
         const auto value = [&](double x) { return Estimate::closed_form(x, error); };
         return Outcome(std::vector<Bound>{
             {.lhs = value(linear + 0.5 * trace), .rhs = value(linear + trace), .part = upper_part},
             {.lhs = value(linear), .rhs = value(linear + 0.5 * trace), .part = lower_part}});
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
      .source = "[BrascampLieb1976], [CramerRao]; both equalities for f = ∂_eU",
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
                    .repeat = false}},
      .file = __FILE__,
      .grade = Grade::converged};
}

}  // namespace flowcheck
