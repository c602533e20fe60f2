#include "distances/mixture_chi_squared.hpp"
#include "jko/reference_units.hpp"
#include "lfm/generation.hpp"
#include "lfm/lfm_claims.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/point_cloud.hpp"
#include "numerics/compensated_sum.hpp"
#include "numerics/round_off.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <variant>

namespace flowcheck {
namespace lfm_15 {

// P = Σ wᵢ δ_{xᵢ} and its smoothing ρ_δ = Σ wᵢ N(√a xᵢ, (1 − a)I), a = e^{−2δ}.
struct Smoothing {
  PointCloud P;
  double delta = 0.0;
  GaussianMixture law;
  double radius = 0.0;  // R = max |xᵢ|

  Smoothing(PointCloud points, double time)
      : P(std::move(points)),
        delta(time),
        law(GaussianMixture::isotropic(P.weights() / P.weights().sum(),
                                       std::exp(-time) * P.points(),
                                       -std::expm1(-2.0 * time))),
        radius(P.points().colwise().norm().maxCoeff()) {}

  Index dimension() const { return P.dimension(); }
  double a() const { return std::exp(-2.0 * delta); }
  double spread() const { return -std::expm1(-2.0 * delta); }  // 1 − a
};

// log(ρ_δ/q)(x), the terms' sizes rounded.
Estimate log_ratio(const Smoothing& s, const Vector& x) {
  const double d = static_cast<double>(s.dimension());
  const double of_noise = -0.5 * x.squaredNorm() - 0.5 * d * std::log(2.0 * std::numbers::pi);
  const double of_law = s.law.log_density(x);
  const double reach = x.norm() + s.radius;
  const double size = reach * reach / s.spread() + d * (1.0 + std::abs(std::log(s.spread())));
  return Estimate::closed_form(of_law - of_noise, round_off(size, s.dimension()));
}

// Climbs to a local maximum of ρ_δ/q: x ← E[X | x]/√a, X ~ P given e^{−δ}X + √(1 − a)g = x, never
// descends. Twenty steps: what is left to climb only makes the supremum seen smaller.
Vector climbed(const Smoothing& s, Vector x) {
  const double root = std::exp(-s.delta);
  for (int step = 0; step < 20; ++step) {
    // ∇log ρ_δ = −(x − √a E[X|x])/(1 − a).
    x = (x + s.spread() * s.law.score(x)) / (root * root);
  }
  return x;
}

// Largest seen where each atom's own ratio is largest, and up from the best of these places.
Estimate largest_seen(const Smoothing& s) {
  const Index count = s.P.size();
  std::vector<std::pair<Estimate, Index>> seen;
  for (Index i = 0; i < count; ++i) {
    seen.emplace_back(log_ratio(s, s.P.points().col(i) / std::exp(-s.delta)), i);
  }
  const auto climbers = static_cast<std::ptrdiff_t>(std::min<Index>(20, count));
  std::partial_sort(seen.begin(), seen.begin() + climbers, seen.end(),
                    [](const auto& a, const auto& b) { return a.first.value > b.first.value; });
  Estimate best = seen.front().first;
  for (std::ptrdiff_t k = 0; k < climbers; ++k) {
    const Vector x = s.P.points().col(seen[static_cast<std::size_t>(k)].second);
    best = max(best, log_ratio(s, climbed(s, x / std::exp(-s.delta))));
  }
  return best;
}

// log sup ρ_δ/q: from below where it is seen, from above by Σ wᵢ e^{|xᵢ|²/2} (1 − a)^{−d/2}, every
// atom's own supremum at once.
Estimate log_supremum(const Smoothing& s) {
  const Vector half_squares = 0.5 * s.P.points().colwise().squaredNorm().transpose();
  const double largest = half_squares.maxCoeff();
  const double sum = s.law.weights().dot((half_squares.array() - largest).exp().matrix());
  const double of_spread = 0.5 * static_cast<double>(s.dimension()) * std::log(s.spread());
  const double above = largest + std::log(sum) - of_spread;
  const double size = 1.0 + largest + std::abs(of_spread) + static_cast<double>(s.P.size());
  const Estimate seen = largest_seen(s);
  return Estimate::between(seen.value, seen.lower,
                           std::max(seen.upper, above + round_off(size, s.dimension())),
                           Grade::closed_form);
}

// log of e^{R²/2} (1 − a)^{−d/2}.
Estimate log_envelope(const Smoothing& s) {
  const double d = static_cast<double>(s.dimension());
  const double half_square = 0.5 * s.radius * s.radius;
  const double of_spread = 0.5 * d * std::log(s.spread());
  return Estimate::closed_form(half_square - of_spread,
                               round_off(half_square + std::abs(of_spread), s.dimension()));
}

// (1 − a²)^{−d/2} E exp(a|x|²/(1 + a)).
Estimate single_atom_bound(const Smoothing& s) {
  const double d = static_cast<double>(s.dimension());
  const double a = s.a();
  const double factor = std::pow(-std::expm1(-4.0 * s.delta), -0.5 * d);
  CompensatedSum sum;
  for (Index i = 0; i < s.P.size(); ++i) {
    sum.add(s.law.weights()(i) * std::exp(a / (1.0 + a) * s.P.points().col(i).squaredNorm()));
  }
  const double value = factor * sum.value();
  return Estimate::closed_form(value,
                               round_off(value * (1.0 + s.radius * s.radius + d), s.dimension()));
}

// Where the pointwise bounds are looked at: near the atoms, between them, and far out.
std::vector<Vector> places(const Smoothing& s, Rng& rng) {
  std::vector<Vector> result;
  for (int k = 0; k < 4; ++k) {
    const Vector atom = s.P.points().col(rng.uniform_index(s.P.size()));
    result.emplace_back(atom / std::exp(-s.delta));
    result.emplace_back(std::exp(-s.delta) * atom +
                        std::sqrt(s.spread()) * rng.normal_vector(s.dimension()));
    result.emplace_back(5.0 * rng.normal_vector(s.dimension()));
  }
  return result;
}

void add_mehler(const Smoothing& s, std::vector<Bound>& bounds) {
  const Estimate mehler = smoothed_chi_squared(s.P, s.delta);
  bounds.push_back(identity(mehler, chi_squared(s.law, Gaussian::standard(s.dimension())),
                            "Mehler's kernel", 1.0));
  bounds.push_back({.lhs = 1.0 + mehler, .rhs = single_atom_bound(s), .part = "1 + χ²"});
}

void add_score(const Smoothing& s, const Vector& x, std::vector<Bound>& bounds) {
  const double size = (x.norm() + std::exp(-s.delta) * s.radius) / s.spread();
  const double error = round_off(size, s.dimension());
  bounds.push_back({.lhs = Estimate::closed_form(s.law.score(x).norm(), error),
                    .rhs = Estimate::closed_form(size, error),
                    .part = "|∇ log ρ_δ|"});
}

// log of both sides of sup(ρ_δ/q) ≤ …; a further block where it is seen; χ² ≤ sup − 1.
void add_envelopes(const Smoothing& s, double gamma, std::vector<Bound>& bounds) {
  const Estimate supremum = log_supremum(s);
  bounds.push_back(
      {.lhs = supremum, .rhs = log_envelope(s), .part = "sup ρ_δ/q, logarithms", .scale = 1.0});
  bounds.push_back({.lhs = largest_seen(Smoothing(s.P, s.delta + gamma)),
                    .rhs = supremum,
                    .part = "OU_γρ_δ/q where seen ≤ sup ρ_δ/q, logarithms",
                    .scale = 1.0});
  bounds.push_back({.lhs = log(1.0 + smoothed_chi_squared(s.P, s.delta)),
                    .rhs = supremum,
                    .part = "χ² ≤ sup ρ_δ/q − 1, logarithms",
                    .scale = 1.0});
}

std::vector<Bound> constants(const PointCloud& P, double delta, double gamma, Rng& rng) {
  const Smoothing s(P, delta);
  std::vector<Bound> bounds;
  add_mehler(s, bounds);
  add_envelopes(s, gamma, bounds);
  for (const Vector& x : places(s, rng)) add_score(s, x, bounds);
  return bounds;
}

Outcome random_atoms(Trial& trial) {
  Rng& rng = trial.rng;
  const Index d = 1 + rng.uniform_index(6);
  const Index n = 2 + rng.uniform_index(8);
  Vector weights(n);
  for (double& w : weights) w = rng.uniform(0.1, 1.0);
  const double length = rng.log_uniform(0.2, 2.0);
  const PointCloud P(length / std::sqrt(static_cast<double>(d)) * rng.normal_matrix(d, n),
                     weights / weights.sum());
  return constants(P, rng.log_uniform(0.03, 1.0), rng.log_uniform(0.02, 1.0), rng);
}

// Everything is attained by one atom m: sup ρ_δ/q at m/√a, the score on the far side of 0.
Outcome one_atom(Trial& trial) {
  const Index d = 1 + trial.rng.uniform_index(6);
  const Vector m = trial.rng.normal_vector(d);
  const Smoothing s(PointCloud(m), trial.rng.log_uniform(0.03, 1.0));
  std::vector<Bound> bounds;
  add_mehler(s, bounds);
  add_score(s, -2.0 * m, bounds);
  add_envelopes(s, 0.1, bounds);
  return bounds;
}

// a = e^{−δ}, as if the kernel's correlation were that of one half of it.
Outcome half_the_time() {
  const PointCloud P(Matrix{{-1.0, 0.5, 1.0}, {0.3, -0.8, 0.9}});
  const double delta = 0.3;
  return identity(smoothed_chi_squared(P, 0.5 * delta),
                  chi_squared(Smoothing(P, delta).law, Gaussian::standard(2)));
}

// One atom at 0: ρ_δ/q is (1 − a)^{−d/2} there, and e^{R²/2} = 1.
Outcome without_spread() {
  const Smoothing s(PointCloud(Vector::Zero(2)), 0.1);
  return Bound{.lhs = largest_seen(s), .rhs = 0.0, .scale = 1.0};
}

// One atom m, seen from −2m: (|x| + √a R)/(1 − a) is attained, |x|/(1 − a) is too small.
Outcome without_radius() {
  const Vector m{{1.0, 0.0}};
  const Smoothing s(PointCloud(m), 0.3);
  const double score = s.law.score(-2.0 * m).norm();
  return Bound{.lhs = Estimate::closed_form(score, round_off(score, 2)),
               .rhs = Estimate::closed_form(2.0 / s.spread(), round_off(2.0 / s.spread(), 2))};
}

Outcome on_target(const Target& target) {
  if (!target.reference.has_density()) return Outcome::not_applicable("q has a density");
  const Measure start = in_units_of_reference(target);
  const auto* gaussian = std::get_if<Gaussian>(&start);
  const bool atom = gaussian != nullptr && gaussian->rank() == 0;
  const auto* mixture = std::get_if<GaussianMixture>(&start);
  const bool atoms = mixture != nullptr && mixture->common_variance() == 0.0;
  const auto* points = std::get_if<PointCloud>(&start);
  if (points == nullptr && !atom && !atoms) {
    return Outcome::not_applicable("P is discrete, |x| ≤ R");
  }
  const PointCloud P = atom    ? PointCloud(gaussian->mean())
                       : atoms ? PointCloud(mixture->means(), mixture->weights())
                               : *points;
  if (P.dimension() > 16) return Outcome::not_applicable("left out: evaluated in d ≤ 16");
  if (P.size() > 2000)
    return Outcome::not_applicable("left out: pairs of at most 2000 atoms are summed");
  constexpr double farthest = 25.0;  // e^{R²} leaves the doubles a little beyond
  if (!(P.points().colwise().norm().maxCoeff() <= farthest)) {
    return Outcome::not_applicable("left out: beyond R = 25 e^{R²} leaves the numbers' range");
  }
  Rng rng(derive_seed(1, "LFM-15 target"));
  std::vector<Bound> bounds;
  for (const double delta : {0.03, 0.3}) {
    const std::vector<Bound> more = constants(P, delta, target.step_size, rng);
    bounds.insert(bounds.end(), more.begin(), more.end());
  }
  return bounds;
}

}  // namespace lfm_15

Claim lfm_15_discrete_data() {
  using namespace lfm_15;
  return {.id = "LFM-15",
          .statement =
              "a = e^{−2δ}, |x| ≤ R on supp P ⇒ 1 + χ²(ρ_δ ‖ q) = E(1 − a²)^{−d/2} exp{(2a x·x′ − "
              "a²(|x|² + |x′|²))/(2(1 − a²))} ≤ (1 − a²)^{−d/2} E e^{a|x|²/(1 + a)}; "
              "sup ρ_δ/q ≤ (1 − a)^{−d/2} e^{R²/2}; |∇log ρ_δ| ≤ (|x| + √a R)/(1 − a); "
              "sup OU_γp/q ≤ sup p/q; χ²(p ‖ q) ≤ sup p/q − 1",
          .source = "Mehler's kernel, convexity of χ²",
          .provenance = Provenance::derived,
          .hypotheses = {"P discrete, |x| ≤ R", "q = N(0, I)"},
          .instances = {{"random atoms, d = 1 … 6", random_atoms}},
          .tight = {{"one atom", one_atom}},
          .controls = {{"a = e^{−δ}", [](Trial&) { return half_the_time(); }, false},
                       {"sup without its power of 1 − a", [](Trial&) { return without_spread(); },
                        false},
                       {"score without R", [](Trial&) { return without_radius(); }, false}},
          .on_target = on_target,
          .file = __FILE__,
          .grade = Grade::closed_form,
          .without_error = true};
}

}  // namespace flowcheck
