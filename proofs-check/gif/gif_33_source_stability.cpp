#include "distances/monotone_transport.hpp"
#include "flows/line_map_slope.hpp"
#include "flows/perturbed_source.hpp"
#include "gif/gif_claims.hpp"
#include "gif/instances.hpp"
#include "gif/stability_problem.hpp"
#include "interpolation/schedule.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/round_off.hpp"

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <variant>

namespace flowcheck {
namespace gif_33 {

std::vector<PerturbedSource> sources(const std::string& schedule = {}) {
  if (!schedule.empty()) {
    const ScheduleValues s = schedule_named(schedule).at(0.0);
    return {{s.a, s.b}};
  }
  std::vector<PerturbedSource> result;
  for (const double noise : {0.9, 0.5, 0.1}) {
    result.push_back({noise, std::sqrt(1.0 - noise * noise)});
  }
  for (const double noise : {1.0, 3.0}) result.push_back({noise, 1.0});
  return result;
}

const char* const of_distance = "Lip W₂(μ', Law X₀)";
const char* const of_coupling = "Lip (E|X₀ − X₀′|²)^½";
const char* const of_moment = "Lip b₀ √E|X₁|²";

// On the line and for Gaussians of the distances themselves; in the plane of a coupling's, whose
// image is no closer than W₂.
void add_bounds(const SourceError& error,
                const PerturbedSource& from,
                bool is_coupling,
                std::vector<Bound>& bounds) {
  const std::size_t before = bounds.size();
  const double scale = 1.0 + error.moment.value;
  if (is_coupling) {
    bounds.push_back(left_out(
        of_distance, "left out: W₂(μ', Law X₀) is computed for Gaussians and on the line"));
  }
  bounds.push_back({.lhs = error.generated,
                    .rhs = error.lipschitz * error.source,
                    .part = is_coupling ? of_coupling : of_distance,
                    .scale = scale,
                    .auxiliary = is_coupling});
  bounds.push_back({.lhs = error.generated,
                    .rhs = error.lipschitz * from.b * error.moment,
                    .part = of_moment,
                    .scale = scale});
  set_place(bounds, before, fmt::format("a₀ = {:.3g}, b₀ = {:.3g}", from.a, from.b));
}

Outcome on_gaussian(const Gaussian& p, const std::vector<PerturbedSource>& from) {
  std::vector<Bound> bounds;
  for (const PerturbedSource& source : from) {
    add_bounds(source_error(p, source), source, false, bounds);
  }
  return bounds;
}

Outcome on_mixture(const GaussianMixture& p, const std::vector<PerturbedSource>& from) {
  std::vector<Bound> bounds;
  for (const PerturbedSource& source : from) {
    if (p.dimension() == 1 && !within_reach(p, source)) {
      bounds.push_back(left_out(of_distance, "left out: ν is too far from 0 for double"));
      continue;
    }
    const SourceError error = source_error(p, source);
    if (error.generated.upper < infinity) {
      add_bounds(error, source, p.dimension() > 1, bounds);
    } else {
      bounds.push_back(left_out(
          of_moment, "left out: the steps do not arrive: σ is too small against the centres"));
    }
  }
  return bounds;
}

Gaussian half() {
  return {Vector::Zero(1), Matrix::Constant(1, 1, 0.25)};
}

Outcome random_gaussians(Trial& trial) {
  return on_gaussian(random_gaussian(trial.rng, 1 + trial.rng.uniform_index(6)), sources());
}

Outcome centred(Trial&) {
  std::vector<Bound> bounds;
  for (const PerturbedSource& source : sources()) {
    const SourceError error = source_error(half(), source);
    bounds.push_back({.lhs = error.generated,
                      .rhs = error.lipschitz * error.source,
                      .part = of_distance,
                      .scale = 1.0});
  }
  return bounds;
}

Outcome shortened(double factor) {
  const SourceError error = source_error(half(), {0.9, std::sqrt(0.19)});
  return Bound{.lhs = error.generated, .rhs = factor * error.lipschitz * error.source};
}

// σ = ½ is the constant of the flow from N(0, I), which this is not.
Outcome constant_from_noise() {
  const SourceError error = source_error(half(), {0.9, std::sqrt(0.19)});
  return Bound{.lhs = error.generated, .rhs = 0.5 * error.source};
}

Outcome on_target(const Target& target) {
  const std::vector<PerturbedSource> from = sources(target.schedule);
  if (from.front().b == 0.0) {
    return Outcome::not_applicable("b₀ > 0, the source not being N(0, I) itself");
  }
  if (const auto* gaussian = std::get_if<Gaussian>(&target.start)) {
    return on_gaussian(*gaussian, from);
  }
  const auto* mixture = std::get_if<GaussianMixture>(&target.start);
  // Points part at any two starts.
  if (mixture == nullptr || mixture->common_variance() == 0.0) {
    return Outcome::not_applicable("Lip(X_{0,1}) < ∞");
  }
  if (mixture->dimension() > 2 || mixture->common_variance() < 0.0) {
    return Outcome::not_applicable(
        "left out: it is computed for Gaussians and, in d ≤ 2, for Σ wₖ N(mₖ, σ²I), σ > 0");
  }
  // Every component has a grid of its own, every step all components.
  constexpr Index most_components = 8;
  if (mixture->dimension() == 2 && mixture->size() > most_components) {
    return Outcome::not_applicable("left out: in the plane it is computed for up to " +
                                   std::to_string(most_components) + " components");
  }
  return on_mixture(*mixture, from);
}

// N(m, ¼I): the map is linear and shrinks the coupling by its Lipschitz constant.
Outcome coupled_in_the_plane(double factor) {
  const auto one = GaussianMixture::isotropic(Vector::Ones(1), Matrix{{0.6}, {-0.8}}, 0.25);
  const SourceError error = source_error(one, {0.9, std::sqrt(0.19)});
  return Bound{.lhs = error.generated,
               .rhs = factor * error.lipschitz * error.source,
               .part = of_coupling,
               .scale = 1.0};
}

// Two centres of unequal weight on a line off 0: along it a mixture of the line, across it N(c,
// σ²), each carried by itself.
struct LineInThePlane {
  GaussianMixture along;
  double across = 0.0;  // c

  GaussianMixture plane() const {
    const Vector e{{0.8, 0.6}};
    const Vector f{{-0.6, 0.8}};
    const Matrix places = (e * along.means()).colwise() + across * f;
    return GaussianMixture::isotropic(along.weights(), places, along.common_variance());
  }
};

LineInThePlane uneven_pair(double left = 0.3) {
  return {
      .along = GaussianMixture::isotropic(Vector{{left, 1.0 - left}}, Matrix{{-0.4, 1.2}}, 0.36),
      .across = 0.5};
}

const PerturbedSource uneven_source = {0.9, std::sqrt(0.19)};

// E|X₀ − X₀′|² of the common Z and what the flow makes of it, by distribution functions: along the
// line T = F⁻¹∘F₀, across it T(y) = c + σ(y − b₀c)/√S₀, no trajectory being followed.
struct CoupledApart {
  Estimate source = {};
  Estimate generated = {};
};

CoupledApart by_quantiles(const LineInThePlane& p, const PerturbedSource& from) {
  const double variance = p.along.common_variance();
  const double root = std::hypot(from.a, std::sqrt(variance) * from.b);
  const LineMeasure start = line_law_at(p.along, {from.a, from.b});
  const LineMeasure target = line_measure(p.along);
  const auto carried = [&](double x) {
    return target.quantile_of_both(start.cdf(x), start.survival(x));
  };
  const double widened = root - from.a;
  const double moved = from.b * p.across;
  const double across = widened * widened + moved * moved;
  Estimate source = Estimate::closed_form(across, round_off(across + root * root, 2));
  Estimate generated = variance / (root * root) * source;
  for (Index k = 0; k < p.along.size(); ++k) {
    const double w = p.along.weights()(k);
    const double shift = from.b * p.along.means()(0, k);
    source = source + w * Estimate::closed_form(widened * widened + shift * shift,
                                                round_off(root * root + shift * shift, 2));
    generated = generated + w * over_noise([&](double z) {
                              return carried(root * z + shift) - carried(from.a * z);
                            });
  }
  return {.source = sqrt(source), .generated = sqrt(generated)};
}

// The planar coupling of one law beside the quantiles of another, which is to be the same.
Outcome coupled_by_quantiles(const LineInThePlane& followed, const LineInThePlane& known) {
  const SourceError error = source_error(followed.plane(), uneven_source);
  const CoupledApart expected = by_quantiles(known, uneven_source);
  return std::vector<Bound>{identity(error.source, expected.source, "(E|X₀ − X₀′|²)^½", 1.0),
                            identity(error.generated, expected.generated, "(E|X₁ − X₁′|²)^½", 1.0)};
}

// σ/√S₀, the slope of a single component, is none of two that part.
Outcome constant_of_one_component() {
  const LineInThePlane p = uneven_pair();
  const SourceError error = source_error(p.plane(), uneven_source);
  const double variance = p.along.common_variance();
  const double S = uneven_source.a * uneven_source.a + variance * uneven_source.b * uneven_source.b;
  return Bound{.lhs = error.generated,
               .rhs = std::sqrt(variance / S) * error.source,
               .part = of_coupling,
               .scale = 1.0};
}

}  // namespace gif_33

Claim gif_33_source_stability() {
  using namespace gif_33;
  return {
      .id = "GIF-33",
      .statement =
          "W₂((X_{0,1})_#μ', ν) ≤ Lip(X_{0,1}) W₂(μ', Law X₀), for μ' = N(0, a₀²I) "
          "at most Lip(X_{0,1}) b₀ √E|X₁|²",
      .source = "[GaoHuangJiao2024]",
      .provenance = Provenance::derived,
      .hypotheses = {"Lip(X_{0,1}) < ∞"},
      .instances = {{"random Gaussians, d = 1 … 6", random_gaussians},
                    {"centres ±1, σ = 0.6",
                     [](Trial&) { return on_mixture(two_centre_mixture(), sources()); }, false},
                    {"centres ±1, weights 0.1 and 0.9",
                     [](Trial&) { return on_mixture(two_centre_mixture(0.9), sources()); }, false},
                    {"plane, three centres",
                     [](Trial&) { return on_mixture(three_centre_mixture(), sources()); }, false}},
      .tight = {{"N(0, ¼)", centred, false},
                {"plane, N(m, ¼I)", [](Trial&) { return coupled_in_the_plane(1.0); }, false},
                {"plane, weights 0.3 and 0.7 off 0, by quantiles",
                 [](Trial&) { return coupled_by_quantiles(uneven_pair(), uneven_pair()); }, false}},
      .controls =
          {{"0.99 Lip", [](Trial&) { return shortened(0.99); }, false},
           {"0.99 Lip in the plane", [](Trial&) { return coupled_in_the_plane(0.99); }, false},
           {"plane, two components, Lip of one", [](Trial&) { return constant_of_one_component(); },
            false},
           {"plane, two components, weights exchanged",
            [](Trial&) { return coupled_by_quantiles(uneven_pair(), uneven_pair(0.7)); }, false},
           {"Lip of the flow from N(0, I)", [](Trial&) { return constant_from_noise(); }, false}},
      .on_target = on_target,
      .file = __FILE__,
      .grade = Grade::converged,
      .without_error = true};
}

}  // namespace flowcheck
