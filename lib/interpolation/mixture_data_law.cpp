#include "interpolation/covariance_extremes.hpp"
#include "interpolation/data_law.hpp"
#include "measures/pair_curvature.hpp"
#include "measures/planar_curvature.hpp"
#include "measures/posterior_moments.hpp"
#include "numerics/intersection.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace flowcheck {
namespace {

void check_mixture_clock(const GaussianMixture& p, double b, double a, const Vector& x) {
  require(std::isfinite(b) && b >= 0.0, "posterior: the data's scale must be finite, not negative");
  require(std::isfinite(a) && a >= 0.0, "posterior: the noise must be finite, not negative");
  require(x.size() == p.dimension(), "posterior: the point has another dimension");
}

// Relative errors of the weights p_k, and the rounding of a sum of K terms.
struct Weights {
  Vector values = {};
  Vector errors = {};
  double sum_round_off = 0.0;
};

// Softmax of log w_k − |x − bμ_k|²/(2S). From the nearest centre μ_n the exponents are
// ⟨x − b(μ_k + μ_n)/2, b(μ_k − μ_n)⟩/S: a difference of squares loses |x|/|μ_k − μ_n| digits.
Weights centre_weights(const GaussianMixture& p, double b, double S, const Vector& x) {
  const Matrix& centres = p.means();
  const Index K = p.size();
  const Vector log_weights = p.weights().array().log();
  Index nearest = 0;
  (log_weights - 0.5 / S * (x.replicate(1, K) - b * centres).colwise().squaredNorm().transpose())
      .maxCoeff(&nearest);
  Weights result{.values = Vector::Zero(K),
                 .errors = Vector::Zero(K),
                 .sum_round_off = static_cast<double>(8 + K) * unit_round_off};
  const Vector origin = centres.col(nearest);
  Vector apart = origin;
  Vector from_middle = origin;
  for (Index k = 0; k < K; ++k) {
    if (p.weights()(k) == 0.0) continue;
    apart = b * (centres.col(k) - origin);
    from_middle = x - 0.5 * b * (centres.col(k) + origin);
    const double odds = log_weights(k) - log_weights(nearest);
    const double exponent = odds + from_middle.dot(apart) / S;
    // Rounding of the two factors, of their product, and of b μ.
    const double middle = from_middle.norm() + x.norm() + b * (centres.col(k) + origin).norm();
    const double size =
        static_cast<double>(4 + x.size()) * (from_middle.norm() + 0.25 * middle) * apart.norm() / S;
    result.values(k) = std::exp(exponent);
    result.errors(k) = unit_round_off * (8.0 + 2.0 * std::abs(odds) + size);
  }
  result.values /= result.values.sum();
  return result;
}

// The law ρ of centres given x ~ N(bW, S I).
LatentMoments centre_moments(const GaussianMixture& p, double b, double S, const Vector& x) {
  const Weights weights = centre_weights(p, b, S, x);
  const Index d = p.dimension();
  Index heaviest = 0;
  weights.values.maxCoeff(&heaviest);
  const Vector origin = p.means().col(heaviest);
  const Matrix apart = p.means().colwise() - origin;
  const Vector shift = apart * weights.values;
  LatentMoments result{
      .mean = origin + shift, .covariance = Matrix::Zero(d, d), .third_moment = Vector::Zero(d)};
  double spread = 0.0;  // E|c|
  double variance = 0.0;
  double third = 0.0;  // E|c|²(|μ| + |m|)
  Vector c = origin;   // memory for the loops: they run over all components at each point
  Vector scaled = origin;
  Vector sum = origin;
  for (Index k = 0; k < p.size(); ++k) {
    const double weight = weights.values(k);
    if (weight == 0.0) continue;
    c = apart.col(k) - shift;
    sum = p.means().col(k) + result.mean;
    const double size = c.norm();
    const double reach = p.means().col(k).norm() + result.mean.norm();
    scaled = std::sqrt(weight) * c;
    result.covariance.noalias() += scaled * scaled.transpose();
    result.third_moment += weight * c.dot(sum) * c;
    spread += weight * size;
    variance += weight * size * size;
    third += weight * size * size * reach;
    const double here = weight * (weights.errors(k) + weights.sum_round_off);
    // ∂/∂log p_k of the three moments.
    result.mean_error += here * size;
    result.third_moment_error += 2.0 * here * size * size * reach;
  }
  // ∂C/∂log p_k = p_k(ccᵀ − C): at even odds of two centres nothing, but for second order.
  double largest_error = 0.0;
  for (Index k = 0; k < p.size(); ++k) {
    if (weights.values(k) == 0.0) continue;
    c = apart.col(k) - shift;
    result.covariance_error += weights.values(k) * weights.errors(k) *
                               (c.lazyProduct(c.transpose()) - result.covariance).norm();
    largest_error = std::max(largest_error, weights.errors(k));
  }
  result.covariance_error += 4.0 * largest_error * largest_error * variance;
  const double rounding = weights.sum_round_off;
  const double size = result.mean.norm() + origin.norm();
  const double of_mean = rounding * spread + 4.0 * unit_round_off * size;  // beside the weights'
  result.mean_error += of_mean;
  result.covariance_error += 2.0 * rounding * variance +
                             8.0 * unit_round_off * (size + spread) * spread +
                             2.0 * spread * of_mean;
  result.third_moment_error += 4.0 * rounding * third + 16.0 * unit_round_off * (size + spread) *
                                                            (std::sqrt(variance) * size + variance);
  return result;
}

// Σ w_k N(μ_k, σ²I) or points, σ = 0.
class IsotropicMixtureLaw final : public DataLaw {
 public:
  IsotropicMixtureLaw(GaussianMixture p, Regularity regularity)
      : p_(std::move(p)), regularity_(regularity) {}

  Index dimension() const override { return p_.dimension(); }
  const Regularity& regularity() const override { return regularity_; }
  const GaussianMixture* mixture() const override { return &p_; }
  Matrix sample(Index count, Rng& rng) const override { return flowcheck::sample(p_, count, rng); }

  // Given W, X₁ ~ N((a²W + σ²b x)/S, σ²a²/S I).
  LatentMoments posterior(double b, double a, const Vector& x) const override {
    const double S = total_variance(b, a, x);
    const LatentMoments W = centre_moments(p_, b, S, x);
    const double noise = a * a / S;
    const double gain = variance() * b / S;
    const double narrow = variance() * noise;
    const Index d = p_.dimension();
    LatentMoments result;
    result.mean = noise * W.mean + gain * x;
    result.covariance = noise * noise * W.covariance + narrow * Matrix::Identity(d, d);
    const Vector turned = W.covariance * x;
    result.third_moment =
        noise * noise * (noise * W.third_moment + 2.0 * gain * turned) + 2.0 * narrow * result.mean;
    const double eight = 8.0 * unit_round_off;
    const double size = x.norm();
    const double spread = W.covariance.norm();
    result.mean_error = noise * (W.mean_error + eight * W.mean.norm()) + eight * gain * size;
    result.covariance_error =
        noise * noise * (W.covariance_error + eight * spread) + eight * narrow;
    result.third_moment_error =
        noise * noise *
            (noise * (W.third_moment_error + eight * W.third_moment.norm()) +
             2.0 * gain * size * (W.covariance_error + eight * spread)) +
        2.0 * narrow * (result.mean_error + eight * result.mean.norm());
    return result;
  }

  std::optional<SmoothPart> smooth_part(double b, double a, const Vector& x) const override {
    if (variance() == 0.0) return std::nullopt;
    return SmoothPart{.kind = SmoothPart::Kind::convolution,
                      .variance = variance(),
                      .moments = centre_moments(p_, b, total_variance(b, a, x), x)};
  }

  std::optional<Estimate> log_marginal(double b, double a, const Vector& x) const override {
    const double S = total_variance(b, a, x);
    const Index K = p_.size();
    const Vector squares =
        (x.replicate(1, K) - b * p_.means()).colwise().squaredNorm().transpose() / S;
    const Vector exponents = p_.weights().array().log().matrix() - 0.5 * squares;
    Index nearest = 0;
    const double largest = exponents.maxCoeff(&nearest);
    const auto d = static_cast<double>(p_.dimension());
    const double entropy = 0.5 * d * std::log(2.0 * std::numbers::pi * S);
    const double value = largest + std::log((exponents.array() - largest).exp().sum()) - entropy;
    const double reach = (x.squaredNorm() + b * b * p_.means().col(nearest).squaredNorm()) / S;
    return Estimate::closed_form(
        value, unit_round_off *
                   ((8.0 + d) * (squares(nearest) + 1.0) +
                    4.0 * std::sqrt(squares(nearest) * reach) + 4.0 * reach +
                    4.0 * std::abs(largest) + 4.0 * std::abs(entropy) + static_cast<double>(K)));
  }

 private:
  double variance() const { return p_.common_variance(); }
  double total_variance(double b, double a, const Vector& x) const {
    check_mixture_clock(p_, b, a, x);
    const double S = a * a + variance() * b * b;
    require(S > 0.0, "posterior: points have none without noise");
    return S;
  }

  GaussianMixture p_;
  Regularity regularity_;
};

// Components of any covariances; one of them is a Gaussian.
class GeneralMixtureLaw final : public DataLaw {
 public:
  GeneralMixtureLaw(GaussianMixture p, Regularity regularity)
      : p_(std::move(p)), regularity_(regularity) {}

  Index dimension() const override { return p_.dimension(); }
  const Regularity& regularity() const override { return regularity_; }
  const GaussianMixture* mixture() const override { return &p_; }
  Matrix sample(Index count, Rng& rng) const override { return flowcheck::sample(p_, count, rng); }

  LatentMoments posterior(double b, double a, const Vector& x) const override {
    const Components parts(p_, b, a, x);
    const PosteriorMoments moments = posterior_moments(p_, b, a, x);
    LatentMoments result{.mean = moments.mean,
                         .covariance = moments.covariance,
                         .third_moment = posterior_third_moment(p_, b, a, x)};
    double third = 0.0;
    for (Index k = 0; k < p_.size(); ++k) {
      const double weight = parts.weight(k);
      if (weight == 0.0) continue;
      const double c = (parts.posterior.means.col(k) - moments.mean).norm();
      const double reach = parts.posterior.means.col(k).norm() + moments.mean.norm();
      const double variance = parts.posterior.variances.col(k).sum();
      const double of_mean = parts.mean_error(k);
      const double delta = parts.weight_error(k);
      const double rounding = round_off(1.0, dimension());
      result.mean_error += weight * (delta * c + of_mean);
      result.covariance_error += weight * (delta * (c * c + variance) + 2.0 * c * of_mean +
                                           rounding * c * c + parts.variance_error(k));
      const double size = c * (c * reach + variance) + 2.0 * variance * reach;
      const double spread = static_cast<double>(dimension()) * parts.variance_error(k);
      third += weight * (delta * size + of_mean * (2.0 * c * reach + 3.0 * variance) +
                         2.0 * spread * (c + reach) + rounding * size);
    }
    result.third_moment_error = 2.0 * third;
    return result;
  }

  std::optional<ScorePart> score_part(double b, double a, const Vector& x) const override {
    if (!p_.has_density()) return std::nullopt;
    const Components parts(p_, b, a, x);
    const ComponentPosteriors& posterior = parts.posterior;
    const Index d = dimension();
    ScorePart result{.mean = posterior.means * posterior.weights,
                     .mean_jacobian = Matrix::Zero(d, d),
                     .score = posterior.scores * posterior.weights,
                     .score_jacobian = Matrix::Zero(d, d)};
    const double rounding = round_off(1.0, d);
    for (Index k = 0; k < p_.size(); ++k) {
      const double weight = parts.weight(k);
      if (weight == 0.0) continue;
      const Vector s = posterior.scores.col(k) - result.score;
      const Vector m = posterior.means.col(k) - result.mean;
      const Vector precision = posterior.precisions.col(k);
      const Vector gain = b * precision.cwiseProduct(p_.kernel(k).eigenvalues());
      const Matrix& Q = p_.kernel(k).eigenvectors();
      // ∂log r_k/∂x = s_k − s.
      result.mean_jacobian += weight * (Q * gain.asDiagonal() * Q.transpose() + m * s.transpose());
      result.score_jacobian +=
          weight * (s * s.transpose() - Q * precision.asDiagonal() * Q.transpose());

      const double delta = parts.weight_error(k);
      const double of_mean = parts.mean_error(k);
      const double of_score = parts.score_error(k);
      result.mean_error += weight * (delta * m.norm() + of_mean);
      result.score_error += weight * (delta * s.norm() + of_score);
      result.mean_jacobian_error +=
          weight * ((2.0 * delta + rounding) * m.norm() * s.norm() + delta * gain.maxCoeff() +
                    parts.gain_error(k) + of_mean * s.norm() + of_score * m.norm());
      result.score_jacobian_error +=
          weight * ((2.0 * delta + rounding) * s.squaredNorm() + delta * precision.maxCoeff() +
                    parts.precision_error(k) + 2.0 * of_score * s.norm());
    }
    result.mean_jacobian = symmetrised(result.mean_jacobian);
    result.score_jacobian = symmetrised(result.score_jacobian);
    return result;
  }

  // In the eigenbasis of Σ_k, with u = x − bμ, s² = a² + b²λ and g = aȧ + bḃλ = ½(s²)˙:
  //   ∂log r̃ = Σ (−g + ḃuμ + u²g/s²)/s²,  ∂m = λ(ḃ(u − bμ) − 2bug/s²)/s²,  ∂s = (ḃμ + 2ug/s²)/s².
  std::optional<ScoreRates> score_rates(
      double b, double a, double b_dot, double half_variance_rate, const Vector& x) const override {
    if (!p_.has_density()) return std::nullopt;
    const Components parts(p_, b, a, x);
    const ComponentPosteriors& posterior = parts.posterior;
    const Vector mean = posterior.means * posterior.weights;
    const Vector score = posterior.scores * posterior.weights;
    const Index d = dimension();
    ScoreRates result{.mean = Vector::Zero(d), .score = Vector::Zero(d)};
    Vector log_rates = Vector::Zero(p_.size());
    Vector log_errors = Vector::Zero(p_.size());
    for (Index k = 0; k < p_.size(); ++k) {
      const double weight = parts.weight(k);
      if (weight == 0.0) continue;
      const Matrix& Q = p_.kernel(k).eigenvectors();
      const auto lambda = p_.kernel(k).eigenvalues().array();
      const auto precision = posterior.precisions.col(k).array();
      const Eigen::ArrayXd mu = (Q.transpose() * p_.means().col(k)).array();
      const Eigen::ArrayXd u = (Q.transpose() * (x - b * p_.means().col(k))).array();
      const Eigen::ArrayXd g = half_variance_rate + b * b_dot * lambda;
      const Eigen::ArrayXd g_size = -half_variance_rate + b * b_dot * lambda;
      log_rates(k) = ((b_dot * u * mu - g + u * u * g * precision) * precision).sum();
      const Vector of_mean =
          Q * (lambda * precision * (b_dot * (u - b * mu) - 2.0 * b * u * g * precision)).matrix();
      const Vector of_score = Q * (precision * (b_dot * mu + 2.0 * u * g * precision)).matrix();
      result.mean += weight * of_mean;
      result.score += weight * of_score;

      // Sizes with every sign the worst, and rounding relative to them; Σ_k's factors move s² by
      // their disturbance.
      const double relative =
          round_off(1.0, d) + 4.0 * b * b * parts.steepness(k) * parts.disturbance(k);
      const double reach = parts.reach(k);
      const double steep = parts.steepness(k);
      const double gain = parts.largest_gain(k) / std::max(b, 1e-300);
      const double turn = g_size.maxCoeff() * steep;
      const double centre = p_.means().col(k).norm();
      log_errors(k) = relative * (static_cast<double>(d) * turn +
                                  (b_dot * centre + reach * turn) * reach * steep);
      result.mean_error += weight * (relative + parts.weight_error(k)) *
                           (gain + parts.disturbance(k) * steep) *
                           (b_dot * (reach + b * centre) + 2.0 * b * reach * turn);
      result.score_error += weight * (relative + parts.weight_error(k)) * steep *
                            (b_dot * centre + 2.0 * reach * turn);
    }
    const double mean_rate = log_rates.dot(posterior.weights);
    const double mean_log_error = log_errors.dot(posterior.weights);
    for (Index k = 0; k < p_.size(); ++k) {
      const double weight = parts.weight(k);
      if (weight == 0.0) continue;
      const double rate = log_rates(k) - mean_rate;
      const Vector m = posterior.means.col(k) - mean;
      const Vector s = posterior.scores.col(k) - score;
      result.mean += weight * rate * m;
      result.score += weight * rate * s;
      const double error = log_errors(k) + mean_log_error +
                           (2.0 * parts.weight_error(k) + round_off(1.0, d)) * std::abs(rate);
      result.mean_error += weight * (error * m.norm() + std::abs(rate) * parts.mean_error(k));
      result.score_error += weight * (error * s.norm() + std::abs(rate) * parts.score_error(k));
    }
    return result;
  }

  std::optional<Estimate> log_marginal(double b, double a, const Vector& x) const override {
    const Components parts(p_, b, a, x);
    double largest = -infinity;
    Vector exponents = Vector::Constant(p_.size(), -infinity);
    double error = 0.0;
    for (Index k = 0; k < p_.size(); ++k) {
      if (p_.weights()(k) == 0.0) continue;
      const double square = parts.posterior.distances(k) * parts.posterior.distances(k);
      exponents(k) = std::log(p_.weights()(k)) - 0.5 * square +
                     0.5 * parts.posterior.precisions.col(k).array().log().sum() -
                     0.5 * static_cast<double>(dimension()) * std::log(2.0 * std::numbers::pi);
      largest = std::max(largest, exponents(k));
      error += parts.weight(k) * parts.exponent_error(k);
    }
    const double value = largest + std::log((exponents.array() - largest).exp().sum());
    return Estimate::closed_form(value, error + 16.0 * unit_round_off * (1.0 + std::abs(value)));
  }

 private:
  // Components' posteriors and bounds of what rounding does to each. Σ_k's factors are those of a
  // matrix `disturbance` away, which functions of it pass on by their derivatives: λ/(a² + b²λ) by
  // a²/s⁴ and 1/(a² + b²λ) by b²/s⁴, s² = a² + b²λ.
  struct Components {
    const GaussianMixture& p;
    double b;
    double a;
    double size;  // |x|
    ComponentPosteriors posterior;
    Vector weight_errors;  // relative

    Components(const GaussianMixture& mixture, double data_scale, double noise, const Vector& x)
        : p(mixture),
          b(data_scale),
          a(noise),
          size(x.norm()),
          posterior(component_posteriors(mixture, data_scale, noise, x)),
          weight_errors(Vector::Zero(mixture.size())) {
      // Softmax: d log r_k = dℓ_k − Σ r_j dℓ_j, nothing for a single component.
      Vector own(p.size());
      for (Index k = 0; k < p.size(); ++k) own(k) = weight(k) > 0.0 ? exponent_error(k) : 0.0;
      const double mean = own.dot(posterior.weights);
      for (Index k = 0; k < p.size(); ++k) {
        const double others = std::max(mean - weight(k) * own(k), 0.0);
        weight_errors(k) = own(k) * (1.0 - weight(k)) + others;
      }
    }

    double weight(Index k) const { return posterior.weights(k); }
    double weight_error(Index k) const { return weight_errors(k); }
    double steepness(Index k) const { return posterior.precisions.col(k).maxCoeff(); }  // 1/s²
    double disturbance(Index k) const {
      return round_off(p.kernel(k).eigenvalues().maxCoeff(), p.dimension()) / 8.0;
    }
    double reach(Index k) const { return size + b * p.means().col(k).norm(); }
    double exponent_error(Index k) const {
      const double z = posterior.distances(k);
      const double logs = posterior.precisions.col(k).array().log().abs().sum();
      const double turned = b * b * steepness(k) * disturbance(k);
      return turned * (z * z + static_cast<double>(p.dimension())) +
             round_off(z * z / 16.0 + z * std::sqrt(steepness(k)) * reach(k) / 16.0 +
                           (logs + std::abs(std::log(p.weights()(k)))) / 32.0 + 1.0,
                       p.dimension());
    }
    double gain_error(Index k) const {  // of bΣV⁻¹
      const double share = a * steepness(k);
      return b * share * share * disturbance(k) + round_off(largest_gain(k), p.dimension()) / 8.0;
    }
    double largest_gain(Index k) const {
      return b * posterior.precisions.col(k).cwiseProduct(p.kernel(k).eigenvalues()).maxCoeff();
    }
    double precision_error(Index k) const {
      const double share = b * steepness(k);
      return share * share * disturbance(k) + round_off(steepness(k), p.dimension()) / 8.0;
    }
    double variance_error(Index k) const {  // of a²ΣV⁻¹
      const double share = a * a * steepness(k);
      return share * share * disturbance(k) +
             round_off(posterior.variances.col(k).maxCoeff(), p.dimension()) / 8.0;
    }
    double mean_error(Index k) const {
      return gain_error(k) * reach(k) + round_off(p.means().col(k).norm(), p.dimension()) / 8.0;
    }
    double score_error(Index k) const { return precision_error(k) * reach(k); }
  };

  GaussianMixture p_;
  Regularity regularity_;
};

// κ of three and more centres: 1/σ² − sup λ_max Cov_r(m)/σ⁴, and −sup λ_max(−Σ⁻¹ + Σ⁻¹Cov_r(m)Σ⁻¹)
// for any Σ.
Estimate searched_curvature(const GaussianMixture& p) {
  if (p.common_variance() > 0.0) {
    const Estimate V = p.common_variance();
    return 1.0 / V - largest_centre_covariance(p, 1.0, 0.0).value / square(V);
  }
  const Matrix P = p.kernel(0).precision();
  return -largest_centre_covariance(p, 1.0, 0.0, {.map = P, .base = -P}, {.enough = -infinity})
              .value;
}

// Where the search encloses it, regularity() has no closed form and so many centres do not end it
// early: their diameter bounds κ too.
bool is_curvature_searched(const GaussianMixture& p, const Estimate& kappa) {
  constexpr Index most_centres = 500;
  const Index count = distinct_centres(p).cols();
  if (p.dimension() == 1 || count <= 2 || count > most_centres) return false;
  return kappa.width() > 1e-9 * std::abs(kappa.value) && encloses_centre_covariance(p);
}

// What a search encloses too: κ of one covariance, and in the plane κ and β of different ones,
// where β is no worse than the narrowest component's, and κ = −∞ unless one covariance is the
// widest in every direction.
Regularity searched_regularity(const GaussianMixture& p) {
  Regularity result = flowcheck::regularity(p);
  if (!p.has_density() || pair_curvature(p)) return result;
  if (p.has_common_covariance()) {
    Estimate& kappa = result.curvature_lower;
    if (is_curvature_searched(p, kappa)) kappa = intersection(searched_curvature(p), kappa);
    return result;
  }
  if (p.dimension() != 2) return result;
  // A supremum on a curve closes slowly, and a theorem takes what is certain.
  const CurvatureOptions options{.most_places = 4'000};
  const Estimate most = largest_planar_curvature(p, options).value;
  if (most.grade > Grade::sampled) result.curvature_lower = -most;
  const Estimate least = smallest_planar_curvature(p, options).value;
  if (least.grade > Grade::sampled) result.curvature_upper = -least;
  return result;
}

}  // namespace

DataLawPointer data_law(const GaussianMixture& p) {
  if (p.common_variance() >= 0.0) {
    return std::make_shared<IsotropicMixtureLaw>(p, searched_regularity(p));
  }
  return std::make_shared<GeneralMixtureLaw>(p, searched_regularity(p));
}

DataLawPointer data_law(const Gaussian& p) {
  return data_law(GaussianMixture(p));
}

DataLawPointer data_law(const PointCloud& p) {
  return std::make_shared<IsotropicMixtureLaw>(
      GaussianMixture::isotropic(p.weights(), p.points(), 0.0), flowcheck::regularity(p));
}

DataLawPointer data_law(const Measure& p) {
  return std::visit([](const auto& measure) { return data_law(measure); }, p);
}

}  // namespace flowcheck
