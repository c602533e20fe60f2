#include "measures/mixture_posterior.hpp"

#include "measures/posterior_moments.hpp"
#include "measures/random_gaussian.hpp"
#include "support/estimates.hpp"
#include "support/high_precision.hpp"

#include <catch2/catch.hpp>
#include <tbb/global_control.h>

#include <cmath>
#include <string>
#include <vector>

namespace flowcheck::mixture_posterior_test {

using high_precision::Real;
using high_precision::RealMatrix;
using high_precision::RealVector;

namespace {

struct Family {
  std::string name;
  GaussianMixture mixture;
};

Vector random_weights(Rng& rng, Index count) {
  Vector weights(count);
  for (Index k = 0; k < count; ++k) weights(k) = rng.uniform(0.1, 1.0);
  return weights / weights.sum();
}

// Every structure of covariances the kernels distinguish, in d dimensions.
std::vector<Family> families(Rng& rng, Index d, Index K) {
  const Matrix means = 2.0 * rng.normal_matrix(d, K);
  const Vector weights = random_weights(rng, K);
  std::vector<Matrix> distinct;
  std::vector<Matrix> singular;
  for (Index k = 0; k < K; ++k) {
    distinct.push_back(random_gaussian(rng, d).covariance());
    const Vector axis = rng.normal_vector(d);
    singular.push_back(k % 2 == 0 ? Matrix::Zero(d, d) : Matrix(axis * axis.transpose()));
  }
  const Vector variances = rng.normal_vector(d).cwiseAbs2();
  return {{"atoms", GaussianMixture::isotropic(weights, means, 0.0)},
          {"isotropic", GaussianMixture::isotropic(weights, means, 0.3)},
          {"common diagonal", {weights, means, {variances.asDiagonal().toDenseMatrix()}}},
          {"common", {weights, means, {distinct[0]}}},
          {"distinct", {weights, means, distinct}},
          {"distinct, singular", {weights, means, singular}}};
}

struct RealMoments {
  RealVector mean;
  RealMatrix covariance;
  RealVector score;
  RealMatrix hessian;
};

// The formulas as they stand, in 50 digits.
RealMoments real_moments(const GaussianMixture& p,
                         double scale,
                         double noise,
                         const Vector& point) {
  const Real a = noise;
  const Real b = scale;
  const Index d = p.dimension();
  const Index K = p.size();
  const RealVector x = point.cast<Real>();
  const RealMatrix I = RealMatrix::Identity(d, d);
  RealVector weights(K);
  RealMatrix means(d, K);
  RealMatrix pulls(d, K);
  std::vector<RealMatrix> covariances;
  std::vector<RealMatrix> precisions;
  for (Index k = 0; k < K; ++k) {
    const RealMatrix S = p.covariance(k).cast<Real>();
    const RealMatrix V = a * a * I + b * b * S;
    const Eigen::PartialPivLU<RealMatrix> lu(V);
    precisions.push_back(lu.inverse());
    const RealVector mu = p.means().col(k).cast<Real>();
    const RealVector g = precisions.back() * (x - b * mu);
    weights(k) = Real(p.weights()(k)) * exp(-(x - b * mu).dot(g) / 2) / sqrt(lu.determinant());
    means.col(k) = mu + b * (S * g);
    pulls.col(k) = g;
    covariances.push_back(a * a * (S * precisions.back()));
  }
  weights /= weights.sum();
  RealMoments result{means * weights, RealMatrix::Zero(d, d), -(pulls * weights),
                     RealMatrix::Zero(d, d)};
  for (Index k = 0; k < K; ++k) {
    const RealVector c = means.col(k) - result.mean;
    const RealVector g = pulls.col(k) + result.score;
    result.covariance +=
        weights(k) * (covariances[static_cast<std::size_t>(k)] + c * c.transpose());
    result.hessian += weights(k) * (g * g.transpose() - precisions[static_cast<std::size_t>(k)]);
  }
  return result;
}

double error(const Matrix& computed, const RealMatrix& truth) {
  return static_cast<double>((computed.cast<Real>() - truth).cwiseAbs().maxCoeff());
}
double size(const RealMatrix& truth) {
  return static_cast<double>(truth.cwiseAbs().maxCoeff());
}

// x = b X₁ + a Z, d × n.
Matrix observations(const GaussianMixture& p, double b, double a, Index n, Rng& rng) {
  return b * sample(p, n, rng) + a * rng.normal_matrix(p.dimension(), n);
}

bool same_bytes(const PointwiseMoments& a, const PointwiseMoments& b) {
  return a.vectors == b.vectors && a.matrices == b.matrices;
}

}  // namespace

TEST_CASE("Posterior moments of points from the law have 13 digits", "[measures][reference]") {
  const auto [d, K] = GENERATE(std::pair<Index, Index>{1, 3}, std::pair<Index, Index>{2, 20},
                               std::pair<Index, Index>{5, 4}, std::pair<Index, Index>{16, 20});
  const auto [b, a] = GENERATE(std::pair{1.0, 1.0}, std::pair{0.35, 0.65}, std::pair{3.0, 1.0},
                               std::pair{1.0, 0.05});
  Rng rng(11, static_cast<std::uint64_t>(d));
  for (const auto& [name, p] : families(rng, d, K)) {
    if (d == 16 && name != "distinct") continue;
    const Matrix x = observations(p, b, a, d == 16 ? 4 : 8, rng);
    const MixturePosterior posterior(p, b, a);
    const PointwiseMoments moments = posterior.moments(x);
    const PointwiseMoments jacobians = posterior.means_and_jacobians(x);
    const PointwiseMoments scores = posterior.scores_and_hessians(x);
    const double mean_scale = p.means().cwiseAbs().maxCoeff();
    double covariance_scale = 0.0;
    // What components left out may add: e^{−45} of a component's own covariance, or of an atom's
    // noise.
    const double left_out = std::exp(-45.0) * a * a / (b * b);
    std::vector<RealMoments> truths;
    for (Index j = 0; j < x.cols(); ++j) {
      truths.push_back(real_moments(p, b, a, x.col(j)));
      covariance_scale = std::max(covariance_scale, size(truths.back().covariance));
    }
    for (Index j = 0; j < x.cols(); ++j) {
      const RealMoments& truth = truths[static_cast<std::size_t>(j)];
      const PosteriorMoments single = posterior_moments(p, b, a, x.col(j));
      CAPTURE(d, K, b, a, name, j);
      CHECK(error(moments.vectors.col(j), truth.mean) <= 1e-13 * mean_scale);
      CHECK(error(single.mean, truth.mean) <= 1e-13 * mean_scale);
      CHECK(error(moments.matrix(j), truth.covariance) <= 1e-13 * covariance_scale + left_out);
      CHECK(error(single.covariance, truth.covariance) <= 1e-13 * covariance_scale + left_out);
      CHECK(error(jacobians.vectors.col(j), truth.mean) <= 1e-13 * mean_scale);
      const RealMatrix jacobian = Real(b) / (Real(a) * Real(a)) * truth.covariance;
      CHECK(error(jacobians.matrix(j), jacobian) <=
            b / (a * a) * (1e-13 * covariance_scale + left_out));
      CHECK(error(scores.vectors.col(j), truth.score) <= 1e-13 * std::max(1.0, 4.0 / a));
      CHECK(error(scores.matrix(j), truth.hessian) <= 1e-13 * std::max(10.0, 4.0 / (a * a)));
    }
  }
}

TEST_CASE("Batches, single points and every vector form agree", "[measures][property]") {
  const Index d = GENERATE(Index{1}, Index{2}, Index{3}, Index{4}, Index{7}, Index{16});
  Rng rng(12, static_cast<std::uint64_t>(d));
  for (const auto& [name, p] : families(rng, d, 6)) {
    CAPTURE(d, name);
    const double b = 0.8;
    const double a = 0.4;
    Matrix x = observations(p, b, a, 301, rng);
    x.col(7) *= 40.0;  // far out, one component counts
    const MixturePosterior posterior(p, b, a);
    const PointwiseMoments moments = posterior.moments(x);
    const PointwiseMoments jacobians = posterior.means_and_jacobians(x);
    const PointwiseMoments scores = posterior.scores_and_hessians(x);
    CHECK(posterior.means(x) == moments.vectors);
    CHECK(posterior.scores(x) == scores.vectors);
    const Vector log_densities = posterior.log_densities(x);

    for (const VectorForm form : {VectorForm::portable, VectorForm::avx2, VectorForm::avx512}) {
      if (!is_supported(form)) continue;
      CAPTURE(to_string(form));
      const MixturePosterior other(p, b, a, form);
      CHECK(same_bytes(other.moments(x), moments));
      CHECK(same_bytes(other.means_and_jacobians(x), jacobians));
      CHECK(same_bytes(other.scores_and_hessians(x), scores));
      CHECK(other.log_densities(x) == log_densities);
    }

    // A point's bytes do not depend on its company, hence not on blocks or threads either.
    const PointwiseMoments tail = posterior.moments(x.rightCols(17));
    CHECK(tail.vectors == moments.vectors.rightCols(17));
    CHECK(tail.matrices == moments.matrices.rightCols(17));

    const GaussianMixture law = convolution(
        pushforward({.linear = b * Matrix::Identity(d, d), .offset = Vector::Zero(d)}, p),
        a * a * Matrix::Identity(d, d));
    for (Index j = 0; j < 20; ++j) {
      CAPTURE(j);
      const PosteriorMoments single = posterior_moments(p, b, a, x.col(j));
      const double scale = 10.0 + x.col(j).norm();
      CHECK((single.mean - moments.vectors.col(j)).norm() <= 1e-13 * scale);
      CHECK((single.covariance - moments.matrix(j)).norm() <= 1e-12 * scale);
      CHECK_THAT(log_densities(j), Catch::Matchers::WithinRel(law.log_density(x.col(j)), 1e-12));
      CHECK((law.score(x.col(j)) - scores.vectors.col(j)).norm() <= 1e-12 * scale / (a * a));
      CHECK((law.log_density_hessian(x.col(j)) - scores.matrix(j)).norm() <=
            1e-12 * scale / (a * a * a));
      // Tweedie: b M = x + a² ∇log p_x.
      CHECK((b * moments.vectors.col(j) - x.col(j) - a * a * scores.vectors.col(j)).norm() <=
            1e-13 * scale);
    }
  }
}

TEST_CASE("A batch has the same bytes on one thread", "[measures][property]") {
  Rng rng(17);
  for (const auto& [name, p] : families(rng, 4, 7)) {
    CAPTURE(name);
    const Matrix x = observations(p, 1.0, 0.5, 2000, rng);
    const MixturePosterior posterior(p, 1.0, 0.5);
    const PointwiseMoments together = posterior.moments(x);
    const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
    CHECK(same_bytes(posterior.moments(x), together));
  }
}

TEST_CASE("Without data the posterior is the prior, without noise the point", "[measures][exact]") {
  Rng rng(13);
  for (const auto& [name, p] : families(rng, 3, 5)) {
    CAPTURE(name);
    const Matrix x = rng.normal_matrix(3, 5);
    const MixturePosterior prior(p, 0.0, 1.0);
    const PointwiseMoments start = prior.means_and_jacobians(x);
    CHECK((start.vectors.colwise() - p.mean()).norm() <= 1e-14);
    CHECK(start.matrices.isZero(0.0));
    CHECK((prior.moments(x).matrix(2) - p.covariance()).norm() <= 1e-13);
    CHECK((prior.scores(x) + x).norm() <= 1e-14);
    CHECK((posterior_moments(p, 0.0, 1.0, x.col(0)).mean - p.mean()).norm() <= 1e-14);

    if (!p.has_density()) {
      CHECK_THROWS_AS(MixturePosterior(p, 1.0, 0.0), std::invalid_argument);
      CHECK_THROWS_AS(posterior_moments(p, 1.0, 0.0, x.col(0)), std::invalid_argument);
      continue;
    }
    const MixturePosterior exact(p, 2.0, 0.0);
    const PointwiseMoments end = exact.means_and_jacobians(x);
    CHECK((end.vectors - x / 2.0).norm() <= 1e-13);
    for (Index j = 0; j < 5; ++j) {
      CHECK((end.matrix(j) - 0.5 * Matrix::Identity(3, 3)).norm() <= 1e-13);
    }
    CHECK((p.scores(x).col(1) - p.score(x.col(1))).norm() <= 1e-12);
    CHECK(exact.moments(x).matrices.cwiseAbs().maxCoeff() <= 1e-28);
  }
}

TEST_CASE("Jacobians stay right as the noise vanishes", "[measures][reference]") {
  // ∂E[X₁|x]/∂x → I/b with a correction of order a²; (b/a²) Cov divides what has cancelled.
  const double a = GENERATE(1e-2, 1e-5, 1e-9, 1e-13);
  Rng rng(14);
  const double b = 1.0;
  for (const auto& [name, p] : families(rng, 3, 5)) {
    if (!p.has_density()) continue;
    const Matrix x = observations(p, b, a, 6, rng);
    const PointwiseMoments computed = MixturePosterior(p, b, a).means_and_jacobians(x);
    const PointwiseMoments scores = MixturePosterior(p, b, a).scores_and_hessians(x);
    for (Index j = 0; j < x.cols(); ++j) {
      CAPTURE(a, name, j);
      const RealMoments truth = real_moments(p, b, a, x.col(j));
      CHECK(error(computed.vectors.col(j), truth.mean) <= 1e-13 * p.means().cwiseAbs().maxCoeff());
      CHECK(error(computed.matrix(j), Real(b) / (Real(a) * Real(a)) * truth.covariance) <= 1e-13);
      CHECK(error(scores.vectors.col(j), truth.score) <=
            2e-13 * std::max(1.0, size(truth.hessian)) * x.col(j).norm());
    }
  }
}

TEST_CASE("Atoms a noise width apart keep their balance", "[measures][reference]") {
  // Two atoms at ±1, x near the middle by a²: the weights are logistic in 2x/a².
  const GaussianMixture p =
      GaussianMixture::isotropic(Vector{{0.5, 0.5}}, Matrix{{-1.0, 1.0}}, 0.0);
  for (const double a : {1e-1, 1e-3, 1e-6}) {
    const Matrix x{{0.5 * a * a, -3.0 * a * a, 10.0 * a * a, 20.0 * a * a}};
    const PointwiseMoments moments = MixturePosterior(p, 1.0, a).moments(x);
    for (Index j = 0; j < x.cols(); ++j) {
      CAPTURE(a, j);
      const double mean = std::tanh(x(0, j) / (a * a));
      const double variance = 1.0 / std::pow(std::cosh(x(0, j) / (a * a)), 2);
      // x − (±1) loses u, which 1/a² turns into an error of the exponent.
      CHECK_THAT(moments.vectors(0, j), Catch::Matchers::WithinAbs(mean, 4e-16 / (a * a) + 4e-16));
      CHECK_THAT(moments.matrices(0, j),
                 Catch::Matchers::WithinRel(variance, 1e-15 / (a * a) + 1e-13));
    }
  }
}

TEST_CASE("The posterior's third moment is the derivative of its tilted second",
          "[measures][reference]") {
  // Under the tilt e^{−s|ξ|²/2}, which is more data, d/ds E ξ = −½ (E[ξ|ξ|²] − E[ξ] E|ξ|²).
  Rng rng(15);
  const double sigma2 = GENERATE(0.0, 0.3);
  const bool round = GENERATE(true, false);
  std::vector<Matrix> covariances;
  for (int k = 0; k < 4; ++k) {
    covariances.push_back(sigma2 * Matrix{{1.0, 0.0}, {0.0, round ? 1.0 : 1.0 + k}});
  }
  const GaussianMixture p(random_weights(rng, 4), rng.normal_matrix(2, 4), covariances);
  const Vector y = rng.normal_vector(2);
  // The posterior in (r, y) has density ∝ p(ξ) exp(r⟨y, ξ⟩ − r²|ξ|²/2): fix θ = r y, vary r² = s.
  const auto mean = [&](double s) {
    return posterior_moments(p, std::sqrt(s), 1.0, y / std::sqrt(s)).mean;
  };
  const double s = 1.3;
  const Vector third = posterior_third_moment(p, std::sqrt(s), 1.0, y / std::sqrt(s));
  const auto slope_error = [&](double h) {
    return ((mean(s + h) - mean(s - h)) / (2.0 * h) + 0.5 * third).norm();
  };
  CHECK(slope_error(1e-3) < 1e-6);
  CHECK_THAT(std::log2(slope_error(0.1) / slope_error(0.05)), Catch::Matchers::WithinAbs(2.0, 0.1));
}

TEST_CASE("A mixture of many components with one covariance is evaluated in blocks",
          "[measures][property]") {
  Rng rng(16);
  const Index K = 3000;
  const GaussianMixture p =
      GaussianMixture::isotropic(random_weights(rng, K), 4.0 * rng.normal_matrix(2, K), 0.01);
  const Matrix x = observations(p, 1.0, 0.1, 70, rng);
  const MixturePosterior posterior(p, 1.0, 0.1);
  const PointwiseMoments moments = posterior.moments(x);
  const Vector log_densities = p.log_densities(x);
  for (const Index j : {Index{0}, Index{33}, Index{69}}) {
    const PosteriorMoments single = posterior_moments(p, 1.0, 0.1, x.col(j));
    CHECK((moments.vectors.col(j) - single.mean).norm() <= 1e-13 * 16.0);
    CHECK((moments.matrix(j) - single.covariance).norm() <= 1e-13 * single.covariance.norm());
    CHECK_THAT(log_densities(j), WithinRoundOff(p.log_density(x.col(j)), 2, 10.0));
  }
}

TEST_CASE("MixturePosterior refuses what has no meaning", "[measures][precondition]") {
  const GaussianMixture p = GaussianMixture::isotropic(Vector{{1.0}}, Matrix{{0.0}}, 1.0);
  CHECK_THROWS_AS(MixturePosterior(p, -1.0, 1.0), std::invalid_argument);
  CHECK_THROWS_AS(MixturePosterior(p, 1.0, -1.0), std::invalid_argument);
  CHECK_THROWS_AS(MixturePosterior(p, 0.0, 0.0), std::invalid_argument);
  CHECK_THROWS_AS(MixturePosterior(p, std::nan(""), 1.0), std::invalid_argument);
  CHECK_THROWS_AS(MixturePosterior(p, 1.0, 1.0).moments(Matrix::Zero(2, 1)), std::invalid_argument);
  CHECK_THROWS_AS(MixturePosterior(p, 1.0, 1.0).moments(Matrix{{std::nan("")}}),
                  std::invalid_argument);
  CHECK(MixturePosterior(p, 1.0, 1.0).moments(Matrix(1, 0)).vectors.cols() == 0);
}

}  // namespace flowcheck::mixture_posterior_test
