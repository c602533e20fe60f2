#include "flows/perturbed_source.hpp"

#include "distances/monotone_transport.hpp"
#include "distances/wasserstein.hpp"
#include "flows/perturbed_flow.hpp"
#include "measures/line_laws.hpp"
#include "measures/regularity.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"
#include "numerics/special_functions.hpp"

#include <algorithm>
#include <cmath>

namespace flowcheck {
namespace {

Estimate root_moment(const Vector& mean, const Matrix& covariance) {
  const double value = mean.squaredNorm() + covariance.trace();
  return sqrt(Estimate::closed_form(value, round_off(value, mean.size())));
}

// Of ρ: half the largest distance of two centres on the line, where a ball's radius is that.
double centre_radius(const GaussianMixture& p) {
  if (p.dimension() == 1) return 0.5 * (p.means().maxCoeff() - p.means().minCoeff());
  return regularity(p).mixture_radius.upper;
}

// (σ/√S₀) exp(a₀²R²/(2σ²S₀)), S₀ = a₀² + σ²b₀².
Estimate mixture_lipschitz(const GaussianMixture& p, const PerturbedSource& from) {
  const double variance = p.common_variance();
  const double S = from.a * from.a + variance * from.b * from.b;
  const double R = centre_radius(p);
  const double exponent = 0.5 * from.a * from.a * R * R / (variance * S);
  const double value = std::sqrt(variance / S) * std::exp(exponent);
  return Estimate::closed_form(value, round_off(value * (1.0 + exponent), 1));
}

// E[W | X = √S n] for each column n: ρ's mean under the tilt e^{⟨sn, w⟩ − s²|w|²/2}, as in
// docs/derivations/flow_map_stretch.md.
Matrix centre_means(const GaussianMixture& p, double s, const Matrix& n) {
  const Vector offsets = p.weights().array().log().matrix() -
                         0.5 * s * s * p.means().colwise().squaredNorm().transpose();
  Matrix weights = (s * p.means().transpose() * n).colwise() + offsets;
  for (Index j = 0; j < weights.cols(); ++j) {
    weights.col(j) = (weights.col(j).array() - weights.col(j).maxCoeff()).exp();
    weights.col(j) /= weights.col(j).sum();
  }
  return p.means() * weights;
}

// X_{0,1} of each column, in n = x/√S by the clock b/√S, S = a² + σ²b².
ColumnFlow carried(const GaussianMixture& p,
                   const PerturbedSource& from,
                   const Matrix& x,
                   double tolerance) {
  const double sigma = std::sqrt(p.common_variance());
  const double root = std::hypot(from.a, sigma * from.b);
  const double first = from.b / root;
  const double length = 1.0 / sigma - first;
  ColumnFlow flow = flow_columns(
      [&](const FlowTime& time, const Matrix& n) -> Matrix {
        return length * centre_means(p, first + length * time.t, n);
      },
      x / root, EndClock(1.0), tolerance);
  flow.ends *= sigma;
  return flow;
}

// √E|X(√S₀Z + b₀W) − X(a₀Z)|², +∞ where the steps do not arrive.
double carried_apart(const GaussianMixture& p,
                     const PerturbedSource& from,
                     int nodes,
                     double tolerance) {
  const NoiseRule rule = noise_rule(p.dimension(), nodes);
  const double root = std::hypot(from.a, std::sqrt(p.common_variance()) * from.b);
  const ColumnFlow assumed = carried(p, from, from.a * rule.nodes, tolerance);
  if (assumed.termination != Termination::converged) return infinity;
  double sum = 0.0;
  for (Index k = 0; k < p.size(); ++k) {
    const Matrix start = (root * rule.nodes).colwise() + from.b * p.means().col(k);
    const ColumnFlow actual = carried(p, from, start, tolerance);
    if (actual.termination != Termination::converged) return infinity;
    sum += p.weights()(k) * (actual.ends - assumed.ends).colwise().squaredNorm().dot(rule.weights);
  }
  return std::sqrt(sum);
}

SourceError coupled(const GaussianMixture& p, const PerturbedSource& from) {
  const double fine = carried_apart(p, from, 96, 1e-9);
  // Of a steep map the errors of two grids may be the same by chance; of three they are not.
  const double coarse = carried_apart(p, from, 64, 1e-7);
  const double between = carried_apart(p, from, 78, 1e-8);
  const double root = std::hypot(from.a, std::sqrt(p.common_variance()) * from.b);
  const double widened = root - from.a;
  const double moved = p.means().colwise().squaredNorm().dot(p.weights());
  const double squared =
      widened * widened * static_cast<double>(p.dimension()) + from.b * from.b * moved;
  const bool has_arrived = std::max({fine, between, coarse}) < infinity;
  const auto [least, most] = std::minmax({fine, between, coarse});
  return {.generated = has_arrived
                           ? Estimate::converged(fine, most - least, round_off(1.0 + fine, 64))
                           : Estimate::between(0.0, 0.0, infinity, Grade::converged),
          .source = sqrt(Estimate::closed_form(squared, round_off(root * root + squared, 2))),
          .lipschitz = mixture_lipschitz(p, from),
          .moment = root_moment(p.mean(), p.covariance())};
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
  require(p.dimension() <= 2 && p.common_variance() > 0.0,
          "source_error: the mixture has to be in d ≤ 2, with one variance above 0");
  if (p.dimension() == 2) return coupled(p, from);
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
