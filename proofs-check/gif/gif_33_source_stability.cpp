#include "distances/monotone_transport.hpp"
#include "distances/wasserstein.hpp"
#include "gif/gif_claims.hpp"
#include "gif/perturbed_flow.hpp"
#include "interpolation/schedule.hpp"
#include "measures/line_laws.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"
#include "numerics/special_functions.hpp"

#include <array>
#include <cmath>
#include <variant>

namespace flowcheck {
namespace gif_33 {

// What a flow starts from: X₀ = a₀Z + b₀X₁, replaced by N(0, a₀²I).
struct Source {
  double a = 1.0;
  double b = 0.0;
};

std::vector<Source> sources(const std::string& schedule = {}) {
  if (!schedule.empty()) {
    const ScheduleValues s = schedule_named(schedule).at(0.0);
    return {{s.a, s.b}};
  }
  std::vector<Source> result;
  for (const double noise : {0.9, 0.5, 0.1})
    result.push_back({noise, std::sqrt(1.0 - noise * noise)});
  for (const double noise : {1.0, 3.0}) result.push_back({noise, 1.0});
  return result;
}

// W₂ of the generated law to ν, W₂ of the sources, and a Lipschitz constant of X_{0,1}.
struct SourceError {
  Estimate generated = {};
  Estimate source = {};
  Estimate lipschitz = {};
  Estimate moment = {};  // √E|X₁|²
};

Estimate root_moment(const Vector& mean, const Matrix& covariance) {
  const double value = mean.squaredNorm() + covariance.trace();
  return sqrt(Estimate::closed_form(value, round_off(value, mean.size())));
}

// X_{0,1}(x) = m + Σ^½S^{−½}(x − b₀m), S = a₀²I + b₀²Σ: all of it in Σ's eigenbasis.
SourceError gaussian_error(const Gaussian& p, const Source& from) {
  const Index d = p.dimension();
  const Matrix& V = p.eigenvectors();
  const Vector S = (from.a * from.a + from.b * from.b * p.eigenvalues().array()).matrix();
  const Vector stretch = (p.eigenvalues().array() / S.array()).sqrt().matrix();
  const Matrix linear = V * stretch.asDiagonal() * V.transpose();
  const Gaussian generated(p.mean() - from.b * (linear * p.mean()),
                           from.a * from.a * symmetrised(linear * linear));
  const Matrix identity = Matrix::Identity(d, d);
  const Gaussian assumed(Vector::Zero(d), from.a * from.a * identity);
  const Gaussian actual(from.b * p.mean(),
                        from.a * from.a * identity + from.b * from.b * p.covariance());
  const double largest = stretch.maxCoeff();
  return {.generated = w2(generated, p),
          .source = w2(assumed, actual),
          .lipschitz = Estimate::closed_form(largest, round_off(largest, d)),
          .moment = root_moment(p.mean(), p.covariance())};
}

// Half the largest distance of two centres: on the line ρ's radius about its middle.
double half_spread(const GaussianMixture& p) {
  return 0.5 * (p.means().maxCoeff() - p.means().minCoeff());
}

// (σ/√S₀) exp(a₀²R²/(2σ²S₀)), S₀ = a₀² + σ²b₀².
Estimate mixture_lipschitz(const GaussianMixture& p, const Source& from) {
  const double variance = p.common_variance();
  const double S = from.a * from.a + variance * from.b * from.b;
  const double R = half_spread(p);
  const double exponent = 0.5 * from.a * from.a * R * R / (variance * S);
  const double value = std::sqrt(variance / S) * std::exp(exponent);
  return Estimate::closed_form(value, round_off(value * (1.0 + exponent), 1));
}

// On the line, with F₀ and F the distribution functions of X₀ and ν: F⁻¹(F₀(a₀z)) is generated
// where F⁻¹(Φ(z)) should be, both increasing in z.
SourceError line_error(const GaussianMixture& p, const Source& from) {
  const Matrix scaling = from.b * Matrix::Identity(1, 1);
  const Matrix noise = from.a * from.a * Matrix::Identity(1, 1);
  const LineMeasure start = line_measure(
      convolution(pushforward({.linear = scaling, .offset = Vector::Zero(1)}, p), noise));
  const LineMeasure target = line_measure(p);
  const Estimate squared = over_noise([&](double z) {
    const double x = from.a * z;
    const double wanted = target.quantile_of_both(normal_cdf(z), normal_cdf(-z));
    return target.quantile_of_both(start.cdf(x), start.survival(x)) - wanted;
  });
  return {.generated = sqrt(max(0.0, squared)),
          .source = w2(gaussian_law(0.0, from.a), start),
          .lipschitz = mixture_lipschitz(p, from),
          .moment = root_moment(p.mean(), p.covariance())};
}

void add_bounds(const SourceError& error, const Source& from, std::vector<Bound>& bounds) {
  const double scale = 1.0 + error.moment.value;
  bounds.push_back({.lhs = error.generated,
                    .rhs = error.lipschitz * error.source,
                    .part = "Lip W₂(μ', Law X₀)",
                    .scale = scale});
  bounds.push_back({.lhs = error.generated,
                    .rhs = error.lipschitz * from.b * error.moment,
                    .part = "Lip b₀ √E|X₁|²",
                    .scale = scale});
}

Outcome on_gaussian(const Gaussian& p, const std::vector<Source>& from) {
  std::vector<Bound> bounds;
  for (const Source& source : from) add_bounds(gaussian_error(p, source), source, bounds);
  return bounds;
}

Outcome on_line(const GaussianMixture& p, const std::vector<Source>& from) {
  std::vector<Bound> bounds;
  for (const Source& source : from) add_bounds(line_error(p, source), source, bounds);
  return bounds;
}

Gaussian half() {
  return {Vector::Zero(1), Matrix::Constant(1, 1, 0.25)};
}

GaussianMixture two_centres(double right, double sigma) {
  return GaussianMixture::isotropic(Vector{{1.0 - right, right}}, Matrix{{-1.0, 1.0}},
                                    sigma * sigma);
}

Outcome random_gaussians(Trial& trial) {
  return on_gaussian(random_gaussian(trial.rng, 1 + trial.rng.uniform_index(6)), sources());
}

Outcome centred(Trial&) {
  std::vector<Bound> bounds;
  for (const Source& source : sources()) {
    const SourceError error = gaussian_error(half(), source);
    bounds.push_back({.lhs = error.generated,
                      .rhs = error.lipschitz * error.source,
                      .part = "Lip W₂(μ', Law X₀)",
                      .scale = 1.0});
  }
  return bounds;
}

Outcome shortened(double factor) {
  const SourceError error = gaussian_error(half(), {0.9, std::sqrt(0.19)});
  return Bound{.lhs = error.generated, .rhs = factor * error.lipschitz * error.source};
}

// σ = ½ is the constant of the flow from N(0, I), which this is not.
Outcome constant_from_noise() {
  const SourceError error = gaussian_error(half(), {0.9, std::sqrt(0.19)});
  return Bound{.lhs = error.generated, .rhs = 0.5 * error.source};
}

Outcome on_target(const Target& target) {
  const std::vector<Source> from = sources(target.schedule);
  if (from.front().b == 0.0) {
    return Outcome::not_applicable("b₀ > 0: otherwise the flow starts from N(0, I) itself");
  }
  if (const auto* gaussian = std::get_if<Gaussian>(&target.start)) {
    return on_gaussian(*gaussian, from);
  }
  const auto* mixture = std::get_if<GaussianMixture>(&target.start);
  if (mixture == nullptr || mixture->dimension() != 1 || !(mixture->common_variance() > 0.0)) {
    return Outcome::not_applicable(
        "W₂ of the generated law is known: ν is Gaussian, or N(0, σ²) ∗ ρ on the line, σ > 0");
  }
  return on_line(*mixture, from);
}

}  // namespace gif_33

Claim gif_33_source_stability() {
  using namespace gif_33;
  return {.id = "GIF-33",
          .statement =
              "W₂((X_{0,1})_#μ', ν) ≤ Lip(X_{0,1}) W₂(μ', Law X₀), for μ' = N(0, a₀²I) "
              "at most Lip(X_{0,1}) b₀ √E|X₁|²",
          .source = "[GaoHuangJiao2024]",
          .provenance = Provenance::derived,
          .hypotheses = {"Lip(X_{0,1}) < ∞"},
          .instances = {{"random Gaussians, d = 1 … 6", random_gaussians},
                        {"centres ±1, σ = 0.6",
                         [](Trial&) { return on_line(two_centres(0.5, 0.6), sources()); }, false},
                        {"centres ±1, weights 0.1 and 0.9",
                         [](Trial&) { return on_line(two_centres(0.9, 0.6), sources()); }, false}},
          .tight = {{"N(0, ¼)", centred, false}},
          .controls = {{"0.99 Lip", [](Trial&) { return shortened(0.99); }, false},
                       {"Lip of the flow from N(0, I)",
                        [](Trial&) { return constant_from_noise(); }, false}},
          .on_target = on_target,
          .file = __FILE__,
          .grade = Grade::converged};
}

}  // namespace flowcheck
