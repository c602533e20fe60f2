#include "flows/perturbed_source.hpp"

#include "distances/monotone_transport.hpp"
#include "distances/wasserstein.hpp"
#include "flows/perturbed_flow.hpp"
#include "measures/line_laws.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"
#include "numerics/special_functions.hpp"

#include <cmath>

namespace flowcheck {
namespace {

Estimate root_moment(const Vector& mean, const Matrix& covariance) {
  const double value = mean.squaredNorm() + covariance.trace();
  return sqrt(Estimate::closed_form(value, round_off(value, mean.size())));
}

// Half the largest distance of two centres: on the line ρ's radius about its middle.
double half_spread(const GaussianMixture& p) {
  return 0.5 * (p.means().maxCoeff() - p.means().minCoeff());
}

// (σ/√S₀) exp(a₀²R²/(2σ²S₀)), S₀ = a₀² + σ²b₀².
Estimate mixture_lipschitz(const GaussianMixture& p, const PerturbedSource& from) {
  const double variance = p.common_variance();
  const double S = from.a * from.a + variance * from.b * from.b;
  const double R = half_spread(p);
  const double exponent = 0.5 * from.a * from.a * R * R / (variance * S);
  const double value = std::sqrt(variance / S) * std::exp(exponent);
  return Estimate::closed_form(value, round_off(value * (1.0 + exponent), 1));
}

}  // namespace

SourceError source_error(const Gaussian& p, const PerturbedSource& from) {
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

SourceError source_error(const GaussianMixture& p, const PerturbedSource& from) {
  require(p.dimension() == 1 && p.common_variance() > 0.0,
          "source_error: the mixture has to be on the line, with one variance above 0");
  require(within_reach(p, from), "source_error: the target is too far from 0 for double");
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

bool within_reach(const GaussianMixture& p, const PerturbedSource& from) {
  // The smallest probability that double has is Φ(−38).
  const double S = from.a * from.a + p.common_variance() * from.b * from.b;
  const double farthest = from.b * p.means().cwiseAbs().maxCoeff() + 12.0 * from.a;
  return farthest <= 36.0 * std::sqrt(S);
}

}  // namespace flowcheck
