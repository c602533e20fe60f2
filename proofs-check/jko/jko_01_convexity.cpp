#include "distances/gaussian_divergence.hpp"
#include "distances/wasserstein.hpp"
#include "jko/chain_problem.hpp"
#include "jko/jko_claims.hpp"
#include "jko/plane_geodesic.hpp"
#include "jko/plane_problem.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <variant>

namespace flowcheck {
namespace jko_01 {

// t ↦ ρ_t = ((1 − t)T_ν^{π0} + tT_ν^{π1})_# ν, with both maps as they act on ν's factor.
struct GeneralisedGeodesic {
  Gaussian base;  // ν
  Gaussian from;  // π0
  Gaussian to;    // π1
  Matrix from_image = optimal_map_on_factor(base, from);
  Matrix to_image = optimal_map_on_factor(base, to);
  double map_error = optimal_map_round_off(base, from) + optimal_map_round_off(base, to);
};

Gaussian at(const GeneralisedGeodesic& g, double t) {
  const Matrix image = (1.0 - t) * g.from_image + t * g.to_image;
  return {(1.0 - t) * g.from.mean() + t * g.to.mean(), symmetrised(image * image.transpose())};
}

// KL(ρ_t ‖ q), the enclosure widened by what the maps' error does to it: ‖δT‖√I to first order.
Estimate kl_along(const GeneralisedGeodesic& g, const Gaussian& q, double t) {
  const Gaussian rho = at(g, t);
  return widened(kl(rho, q), g.map_error * fisher_norm(rho, q).upper);
}

// ∫⟨η∘T_ν^ρ, T_ν^π − T_ν^ρ⟩dν with η = ∇log(ρ/q), ρ and π the two ends.
Estimate slope_along(const GeneralisedGeodesic& g, const Gaussian& q) {
  const Gaussian& rho = g.from;
  const Matrix A = q.precision();
  const Matrix K = A - rho.precision();
  const Matrix chord = g.to_image - g.from_image;
  const Vector shift = rho.mean() - q.mean();
  const Vector step = g.to.mean() - rho.mean();
  const double value = step.dot(A * shift) + (K * g.from_image).cwiseProduct(chord).sum();

  const double length = std::hypot(step.norm(), chord.norm());
  const double kappa = rho.condition_number() + q.condition_number();
  const double eta_error = round_off(kappa * (A.norm() * (shift.norm() + rho.factor().norm()) +
                                              rho.inverse_factor().norm()),
                                     q.dimension()) +
                           K.norm() * g.map_error;
  return Estimate::closed_form(value, length * eta_error + fisher_norm(rho, q).upper * g.map_error);
}

// What the claim compares of one generalised geodesic, whatever its measures are stored as.
struct Point {
  double t = 0.0;
  Estimate kl = {};                  // KL(ρ_t ‖ q), up to a constant of q
  Estimate squared_w2_to_base = {};  // W₂²(ρ_t, ν); not on the plane
};

struct Curve {
  Point from = {};
  Point to = {};
  std::vector<Point> between = {};
  Estimate squared_length = {};  // ‖T_ν^{π0} − T_ν^{π1}‖²
  Estimate slope = {};           // ∫⟨η∘T_ν^ρ, T_ν^π − T_ν^ρ⟩dν
};

constexpr std::array<double, 3> times = {0.1, 0.5, 0.8};

Curve curve(const GeneralisedGeodesic& g, const Gaussian& q) {
  Curve result{.from = {0.0, kl(g.from, q), squared_w2(g.from, g.base)},
               .to = {1.0, kl(g.to, q), squared_w2(g.to, g.base)},
               .squared_length = square(optimal_map_distance(g.base, g.from, g.to)),
               .slope = slope_along(g, q)};
  for (const double t : times) {
    result.between.push_back(
        {t, kl_along(g, q, t), square(widened(w2(at(g, t), g.base), g.map_error))});
  }
  return result;
}

// On the line maps from any ν are maps from N(0, 1), and ρ_t is the same for every ν.
Curve curve(const LineFunctional& G, const LineMap& base, const LineMap& from, const LineMap& to) {
  const auto point = [&](double t, const LineMap& rho) {
    return Point{t, value(G, rho), square(w2(rho, base))};
  };
  const LineSlope eta = slope(G, from);
  const Estimate length = w2(from, to);
  const Vector chord = to.values() - from.values();
  const double inner = base.grid().node_masses().dot(eta.field.cwiseProduct(chord));
  const double terms = eta.norm.value * length.value;
  const double error = eta.norm.budget.total() * length.upper +
                       eta.norm.upper * length.budget.total() +
                       static_cast<double>(chord.size()) * unit_round_off * terms;
  Curve result{.from = point(0.0, from),
               .to = point(1.0, to),
               .squared_length = square(length),
               .slope = Estimate::closed_form(inner, error)};
  for (const double t : times) {
    result.between.push_back(
        point(t, LineMap(base.grid(), (1.0 - t) * from.values() + t * to.values(),
                         (1.0 - t) * from.increments() + t * to.increments())));
  }
  return result;
}

// On the plane the maps are gradients in closed form and all is an integral under ν.
Curve curve(const PlaneGeodesic& g, const Gaussian& q) {
  const auto point = [&](double t) { return Point{.t = t, .kl = kl_along(g, q, t)}; };
  Curve result{.from = point(0.0),
               .to = point(1.0),
               .squared_length = squared_length(g),
               .slope = slope_along(g, q)};
  for (const double t : times) result.between.push_back(point(t));
  return result;
}

Bound convexity_along(const Curve& c, const Point& rho, const Estimate& lambda) {
  const double t = rho.t;
  const Estimate s = 1.0 - Estimate(t);
  return {.lhs = rho.kl + 0.5 * lambda * t * s * c.squared_length,
          .rhs = s * c.from.kl + t * c.to.kl,
          .part = "convexity",
          .scale = 1.0};
}

Bound three_points(const Curve& c, const Estimate& lambda) {
  return {.lhs = c.from.kl + c.slope + 0.5 * lambda * c.squared_length,
          .rhs = c.to.kl,
          .part = "three points",
          .scale = 1.0 + std::abs(c.slope.value)};
}

// Along the generalised geodesic based at ν itself, ½W₂²(·, ν) is 1-convex with equality.
Bound distance_along(const Curve& c, const Point& rho) {
  const double t = rho.t;
  const Estimate s = 1.0 - Estimate(t);
  return identity(rho.squared_w2_to_base + t * s * c.squared_length,
                  s * c.from.squared_w2_to_base + t * c.to.squared_w2_to_base, "½W₂²(·, ν)");
}

Outcome along(const Curve& c, const Estimate& lambda) {
  std::vector<Bound> bounds;
  for (const Point& rho : c.between) {
    bounds.push_back(convexity_along(c, rho, lambda));
    bounds.push_back(distance_along(c, rho));
  }
  bounds.push_back(three_points(c, lambda));
  return bounds;
}

Rng other_measures(std::uint64_t seed) {
  return Rng(derive_seed(seed, "JKO-01"));
}

// The start is the base ν; π0 and π1 have nothing in common with it.
Outcome inequalities(const GaussianProblem& problem) {
  if (!problem.start.has_density()) return Outcome::not_applicable("ν has a density");
  const Index d = problem.start.dimension();
  Rng rng = other_measures(problem.seed);
  const GeneralisedGeodesic g{
      .base = problem.start, .from = random_gaussian(rng, d), .to = random_gaussian(rng, d)};
  return along(curve(g, problem.target), problem.convexity());
}

// An atom ν is as good as any on the line.
Outcome inequalities_on_the_line(const LineJkoProblem& problem) {
  Rng rng = other_measures(problem.seed);
  const LineGrid& grid = problem.start.grid();
  const LineMap from = draw_line_map(rng, grid);
  const LineMap to = draw_line_map(rng, grid);
  return along(curve(problem.objective, problem.start, from, to), problem.convexity());
}

// W₂²(ρ_t, ν) is the integral of |T_t − Id|² there: what is said of it says nothing.
Outcome inequalities_for(const GaussianMixture& nu, const Gaussian& q) {
  Rng rng = other_measures(1);
  const PlaneGradientMap from = draw_gradient_map(rng, nu);
  const Curve c = curve(PlaneGeodesic{nu, from, draw_gradient_map(rng, nu)}, q);
  std::vector<Bound> bounds;
  for (const Point& rho : c.between) bounds.push_back(convexity_along(c, rho, convexity(q)));
  bounds.push_back(three_points(c, convexity(q)));
  return bounds;
}

Outcome inequalities_on_the_plane(const PlaneChainProblem& plane) {
  return inequalities_for(plane.problem.start(), plane.problem.target());
}

// A user's mixture on the plane is ν itself, whether or not steps from it are found.
Outcome on_target(const Target& target) {
  const auto* mixture = std::get_if<GaussianMixture>(&target.start);
  if (mixture == nullptr || mixture->dimension() != 2) {
    return on_chain_target(inequalities, inequalities_on_the_line)(target);
  }
  if (!mixture->has_density()) return Outcome::not_applicable("ν has a density");
  if (!target.reference.has_density()) {
    return Outcome::not_applicable("the reference measure has a density");
  }
  return inequalities_for(*mixture, target.reference);
}

// π1 a translate of π0, however curved the map to it: equality.
Curve translates_on_the_plane(const PlaneChainProblem& plane) {
  const GaussianMixture& nu = plane.problem.start();
  const Gaussian& q = plane.problem.target();
  Rng rng = other_measures(1);
  const PlaneGradientMap from = draw_gradient_map(rng, nu);
  PlaneGradientMap to = from;
  to.offset += 2.0 * q.eigenvectors().col(1);
  return curve(PlaneGeodesic{nu, from, to}, q);
}

Outcome steeper_on_the_plane(Trial& trial) {
  const PlaneChainProblem& plane = plane_problems(trial.scale).front();
  const Curve c = translates_on_the_plane(plane);
  const Estimate steeper = 1.2 * convexity(plane.problem.target());
  return std::vector<Bound>{convexity_along(c, c.between[1], steeper), three_points(c, steeper)};
}

// π1 a translate of π0 along q's flattest direction, whatever ν and π0 are: equality.
GeneralisedGeodesic translates(const GaussianProblem& problem) {
  Rng rng = other_measures(problem.seed);
  const Gaussian& q = problem.target;
  const Gaussian from = random_gaussian(rng, q.dimension());
  const Vector shift = rng.uniform(1.0, 3.0) * q.eigenvectors().col(q.dimension() - 1);
  return {.base = random_gaussian(rng, q.dimension()),
          .from = from,
          .to = Gaussian(from.mean() + shift, from.covariance())};
}

Curve translates_of(const GaussianProblem& problem) {
  return curve(translates(problem), problem.target);
}

Outcome attained(const GaussianProblem& problem) {
  return along(translates_of(problem), problem.convexity());
}

Outcome steeper_along(const GaussianProblem& problem) {
  const Curve c = translates_of(problem);
  return convexity_along(c, c.between[1], 1.2 * problem.convexity());
}

Outcome steeper_three_points(const GaussianProblem& problem) {
  return three_points(translates_of(problem), 1.2 * problem.convexity());
}

// ½W₂²(·, ν) is *not* 1-convex along ordinary geodesics, those based at π0.
Outcome ordinary_geodesic(Trial&) {
  const Vector origin = Vector::Zero(2);
  const Gaussian nu(origin, Vector{{4.0, 0.01}}.asDiagonal());
  const auto rotated = [&](double angle) {
    const Matrix R{{std::cos(angle), -std::sin(angle)}, {std::sin(angle), std::cos(angle)}};
    return Gaussian(origin, symmetrised(R * nu.covariance() * R.transpose()));
  };
  const Gaussian from = rotated(0.5 * std::numbers::pi - 0.3);
  const Gaussian to = rotated(0.5 * std::numbers::pi + 0.3);
  const GeneralisedGeodesic g{.base = from, .from = from, .to = to};
  const Gaussian middle = at(g, 0.5);
  return Bound{
      .lhs = 0.5 * square(widened(w2(middle, nu), g.map_error)) + 0.125 * squared_w2(from, to),
      .rhs = 0.25 * (squared_w2(from, nu) + squared_w2(to, nu))};
}

}  // namespace jko_01

Claim jko_01_convexity() {
  using namespace jko_01;
  return {
      .id = "JKO-01",
      .statement =
          "∇²V ⪰ λI ⇒ KL(· ‖ q) is λ-convex along generalised geodesics, and G(π) − G(ρ) ≥ "
          "∫⟨η∘T_ν^ρ, T_ν^π − T_ν^ρ⟩dν + (λ/2)‖T_ν^π − T_ν^ρ‖²",
      .source = "[AmbrosioGigliSavare2008], used in [ChengLuTanXie2024]",
      .provenance = Provenance::derived,
      .hypotheses = {"∇²V ⪰ λI", "ν has a density, or d = 1"},
      .instances = with(chain_families(inequalities, inequalities_on_the_line),
                        plane_family(inequalities_on_the_plane)),
      .tight = {translate("translates along the flattest direction", attained, 0.0)},
      .controls = {translate("convexity 1.2 λ", steeper_along, 0.0),
                   translate("three points, 1.2 λ", steeper_three_points, 0.0),
                   {.name = "½W₂²(·, ν) along an ordinary geodesic",
                    .draw = ordinary_geodesic,
                    .repeat = false},
                   {.name = "1.2 λ on the plane", .draw = steeper_on_the_plane, .repeat = false}},
      .on_target = on_target,
      .file = __FILE__,
      .grade = Grade::converged,
      .without_error = true};
}

}  // namespace flowcheck
