#include "gif/gif_claims.hpp"
#include "gif/jacobian_bounds.hpp"
#include "interpolation/velocity_lipschitz.hpp"
#include "numerics/observed_order.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numbers>
#include <string>
#include <vector>

namespace flowcheck {
namespace gif_18 {

// A rate |λ| ~ C τ^p as τ = 1 − t → 0 on one schedule.
struct Rate {
  const char* schedule;
  double exponent;
  double coefficient;
};

constexpr double half_pi = 0.5 * std::numbers::pi;

// λ_max ∇v of a bounded support in the middle, per D².
const std::array<Rate, 3> bounded_rates = {{{"linear", -3.0, 1.0},
                                            {"foellmer", -2.0, 0.25},
                                            {"trigonometric", -3.0, 1.0 / (half_pi * half_pi)}}};
// |λ_min ∇v| where C → 0: |ȧ|/a.
const std::array<Rate, 3> lower_rates = {
    {{"linear", -1.0, 1.0}, {"foellmer", -1.0, 0.5}, {"trigonometric", -1.0, 1.0}}};
// Where ν is smooth: 1, 1 − κ and, aΔ vanishing, nothing. Coefficients of U″ = κ at the point.
std::array<Rate, 3> smooth_rates(double curvature) {
  return {{{"linear", 0.0, 1.0},
           {"foellmer", 0.0, 1.0 - curvature},
           {"trigonometric", 1.0, half_pi * half_pi * (1.0 - curvature)}}};
}
// At a cusp: Δ L√(2/π), with Δ = 1/a for Föllmer's, and the smooth part beside it on the linear.
std::array<Rate, 3> cusp_rates(double L) {
  const double slope = L * std::sqrt(2.0 / std::numbers::pi);
  return {{{"linear", 0.0, 1.0 + slope},
           {"foellmer", -0.5, slope / std::numbers::sqrt2},
           {"trigonometric", 0.0, half_pi * slope}}};
}

// τ^{−p} λ at τ = 4^{−k} is a series in 2^{−k}; its limit by extrapolation, whose weights' absolute
// values sum to at most Π (2ʲ + 1)/(2ʲ − 1) < 8.
Estimate limit(const std::function<Estimate(double tau)>& rate, double exponent) {
  constexpr std::size_t levels = 6;
  std::array<double, levels> row = {};
  double before = 0.0;
  double error = 0.0;
  for (std::size_t k = 0; k < levels; ++k) {
    const double tau = std::ldexp(1.0, -2 * static_cast<int>(k) - 14);
    const double factor = std::pow(tau, -exponent);
    const Estimate here = rate(tau);
    error = std::max(error, 4.0 * factor * here.width());
    before = k > 0 ? row[k - 1] : 0.0;
    double next = factor * here.value;
    double power = 1.0;
    for (std::size_t j = 0; j <= k; ++j) {
      std::swap(row[j], next);
      if (j == k) break;
      power *= 2.0;
      next = row[j] + (row[j] - next) / (power - 1.0);
    }
  }
  const double value = row[levels - 1];
  return Estimate::converged(value, std::abs(value - before), error + 1e-14 * std::abs(value));
}

Estimate observed_exponent(const std::function<Estimate(double tau)>& rate) {
  constexpr double refinement = 8.0;
  std::vector<double> steps;
  std::vector<double> sizes;
  double error = 0.0;  // relative
  // Eightfold: what is left is a series in √τ, and a slope's error has to halve at least.
  for (int k = 4; k < 9; ++k) {
    steps.push_back(std::pow(refinement, -k));
    const Estimate here = rate(steps.back());
    sizes.push_back(std::abs(here.value));
    error = std::max(error, here.width() / sizes.back());
  }
  return widened(observed_order(steps, sizes), 2.0 * error / std::log(refinement));
}

// An extreme eigenvalue of ∇v on one schedule, τ before its end.
using Eigenvalue = std::function<Estimate(const Schedule& schedule, double tau)>;

// sup λ_max ∇v over all x: closed form for two points or centres.
Eigenvalue supremum(const FlowProblem& problem) {
  return [law = problem.law](const Schedule& schedule, double tau) {
    return velocity_lipschitz(*law, schedule, FlowTime::from_end(tau)).largest.value;
  };
}

// λ_max or λ_min of ∇v at the one place where the problem looks.
Eigenvalue at_place(const FlowProblem& problem, bool largest) {
  return [problem, largest](const Schedule& schedule, double tau) {
    FlowProblem there = problem;
    there.schedules = {schedule};
    there.times = {FlowTime::from_end(tau)};
    Estimate result = 0.0;
    visit(there, [&](const FlowPoint& at) {
      const Spectrum velocity = spectra(there, at).velocity;
      result = largest ? velocity.largest : velocity.least;
    });
    return result;
  };
}

void add_rates(const Eigenvalue& eigenvalue,
               const std::array<Rate, 3>& rates,
               double size,
               const std::string& name,
               std::vector<Bound>& bounds) {
  for (const Rate& rate : rates) {
    const auto measured = [&, schedule = schedule_named(rate.schedule)](double tau) {
      return eigenvalue(schedule, tau);
    };
    const std::string part = name + ", " + rate.schedule;
    bounds.push_back(order(observed_exponent(measured), rate.exponent, part + ", exponent"));
    bounds.push_back(identity(limit(measured, rate.exponent), size * rate.coefficient,
                              part + ", leading term", std::abs(size)));
  }
}

Outcome two_points(const FlowProblem& problem) {
  const double D = known_half_diameter(problem.law->regularity());
  std::vector<Bound> bounds;
  add_rates(supremum(problem), bounded_rates, D * D, "bounded support", bounds);
  add_rates(at_place(far_out(problem, 1e4), false), lower_rates, -1.0, "where C → 0", bounds);
  return bounds;
}

// Curvature of U at 0: of two centres ±R, 1/σ² − R²/σ⁴; of N(m, s²), 1/s².
Outcome smooth(const FlowProblem& problem) {
  const double kappa = known_curvature_lower(problem.law->regularity());
  std::vector<Bound> bounds;
  add_rates(supremum(problem), smooth_rates(kappa), 1.0, "smooth density", bounds);
  return bounds;
}

Outcome cusps(const FlowProblem& problem) {
  const double L = known_log_lipschitz(problem.law->regularity());
  std::vector<Bound> bounds;
  add_rates(at_place(at_steepest(problem), true), cusp_rates(L), 1.0, "at the cusp", bounds);
  return bounds;
}

// From below, −L√(2/π)/√(2τ).
Outcome cusps_down(const FlowProblem& problem) {
  const double L = known_log_lipschitz(problem.law->regularity());
  std::vector<Bound> bounds;
  add_rates(at_place(at_steepest(problem), false), cusp_rates(-L), 1.0, "at the cusp", bounds);
  return bounds;
}

// Smooth classes stay bounded up to data: on the linear, Föllmer and trigonometric schedules the
// bounds of the class at τ → 0 are ḃ₁ − (aȧ)₁ times what bounds ∇² log ν.
Outcome bounded_to_data(const FlowProblem& problem) {
  const double kappa = known_curvature_lower(problem.law->regularity());
  if (!std::isfinite(kappa)) return Outcome::not_applicable("left out: κ is not known");
  std::vector<Bound> bounds;
  for (const Rate& rate : bounded_rates) {
    FlowProblem near = problem;
    near.schedules = {schedule_named(rate.schedule)};
    near.times = {FlowTime::from_end(1e-9), FlowTime::from_end(1e-12)};
    visit(near, bounds, [&](const FlowPoint& at) {
      const ScheduleValues& s = at.values;
      const PointSpectra here = spectra(near, at);
      bounds.push_back({.lhs = here.velocity.largest,
                        .rhs = precision_rate(s, kappa),
                        .part = "bounded up to data",
                        .scale = here.velocity_scale});
    });
  }
  return bounds;
}

Outcome at_noise(const FlowProblem& problem) {
  FlowProblem start = problem;
  start.times = {FlowTime::from_start(0.0)};
  std::vector<Bound> bounds;
  visit(start, bounds, [&](const FlowPoint& at) {
    if (!at.schedule.starts_from_noise()) return;
    const PointSpectra here = spectra(start, at);
    const Estimate rate = at.values.a_dot;
    bounds.push_back(identity(here.velocity.least, rate, "no singularity at t = 0", 1.0));
    bounds.push_back(identity(here.velocity.largest, rate, "no singularity at t = 0", 1.0));
  });
  if (bounds.empty()) return Outcome::not_applicable("b₀ = 0");
  return bounds;
}

// Exponent 2 instead of 3 for two points on the linear schedule.
Outcome wrong_exponent(const FlowProblem& problem) {
  const auto measured = [&](double tau) { return supremum(problem)(linear_schedule(), tau); };
  return order(observed_exponent(measured), -2.0);
}

Outcome on_measure(const FlowProblem& problem) {
  Outcome result = at_noise(problem);
  const KnownMixture known = known_mixture(problem.law->regularity());
  if (known.scale > 0.0) {
    const Outcome near = bounded_to_data(problem);
    result.bounds.insert(result.bounds.end(), near.bounds.begin(), near.bounds.end());
  } else {
    result.bounds.push_back(
        left_out("bounded up to data", "ν = N(0, σ²I) * ρ with σ > 0, ρ bounded"));
  }
  if (result.bounds.size() > 1) result.failed_hypothesis.clear();
  return result;
}

std::vector<Instance> instances() {
  std::vector<Instance> result =
      law_instances({LawFamily::gaussian, LawFamily::two_centres, LawFamily::mixture,
                     LawFamily::tilt_mixture, LawFamily::points, LawFamily::cusp},
                    on_measure);
  result.push_back(random_laws("random mixtures", random_isotropic_mixture, on_measure));
  return result;
}

}  // namespace gif_18

Claim gif_18_time_singularities() {
  using namespace gif_18;
  return {.id = "GIF-18",
          .statement =
              "τ = 1 − t → 0: sup λ_max ∇v ~ D²/τ³, D²/(4τ²), (2/π)²D²/τ³ for bounded supports "
              "(linear, Föllmer, trigonometric); λ_min → −|ȧ|/a where C → 0; bounded for smooth "
              "ν; ±L√(2/π)/√(2τ) at a cusp for Föllmer's",
          .source = "derived",
          .provenance = Provenance::derived,
          .hypotheses = {"diam supp ν = 2D, or ν = N(0, σ²I) * ρ, or ν = e^h N(0, I)",
                         "b₀ = 0 at t = 0"},
          .instances = instances(),
          .tight = {law_instance("points ±1", two_points, "points ±1, rates"),
                    law_instance("centres ±1, σ = 0.6", smooth, "two centres, rates"),
                    law_instance("cusp, L = 1", cusps, "cusp, L = 1, rates"),
                    law_instance("cusp, L = 2", cusps, "cusp, L = 2, rates"),
                    law_instance("cusp down, L = 1", cusps_down, "cusp down, L = 1, rates"),
                    law_instance("cusp down, L = 2", cusps_down, "cusp down, L = 2, rates")},
          .controls = {law_instance("points ±1", wrong_exponent, "exponent 2")},
          .on_target = on_flow_target(on_measure),
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
