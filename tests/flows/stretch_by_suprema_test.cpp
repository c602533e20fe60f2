#include "flows/stretch_by_suprema.hpp"

#include "measures/gaussian_mixture.hpp"
#include "numerics/spd.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace flowcheck::stretch_by_suprema_test {

namespace {

// λ_max Cov(W | θ), W = X₁ without its part N(0, σ²I): tilted components are N(mₖ + Sₖθ, Sₖ) of
// weights wₖe^{⟨θ, mₖ⟩ + ⟨θ, Sₖθ⟩/2}.
double tilted_variance(const GaussianMixture& p, double variance, const Vector& theta) {
  const Index d = p.dimension();
  std::vector<double> logs;
  Matrix means(d, p.size());
  for (Index k = 0; k < p.size(); ++k) {
    const Matrix S = p.covariance(k) - variance * Matrix::Identity(d, d);
    means.col(k) = p.means().col(k) + S * theta;
    logs.push_back(std::log(p.weights()(k)) + theta.dot(p.means().col(k)) +
                   0.5 * theta.dot(S * theta));
  }
  const double top = *std::ranges::max_element(logs);
  double sum = 0.0;
  Vector mean = Vector::Zero(d);
  Matrix second = Matrix::Zero(d, d);
  for (Index k = 0; k < p.size(); ++k) {
    const double w = std::exp(logs[static_cast<std::size_t>(k)] - top);
    sum += w;
    mean += w * means.col(k);
    second += w * (p.covariance(k) - variance * Matrix::Identity(d, d) +
                   means.col(k) * means.col(k).transpose());
  }
  mean /= sum;
  return largest_eigenpair(symmetrised(second / sum - mean * mean.transpose())).value;
}

double densely_searched(const GaussianMixture& p) {
  const double variance = convolved_variance(p);
  double largest = 0.0;
  for (int i = 0; i < 240; ++i) {
    const double angle = 2.0 * M_PI * i / 240;
    for (double size = 0.0; size < 60.0; size = 1.04 * size + 0.02) {
      const Vector theta{{size * std::cos(angle), size * std::sin(angle)}};
      largest = std::max(largest, tilted_variance(p, variance, theta));
    }
  }
  return largest;
}

}  // namespace

TEST_CASE("No tilt shows more covariance than the bound near b = 0", "[flows][reference]") {
  const double half = std::sqrt(0.75);
  const auto ring = GaussianMixture::isotropic(
      Vector{{0.2, 0.1, 0.3, 0.1, 0.2, 0.1}},
      Matrix{{1.0, 0.5, -0.5, -1.0, -0.5, 0.5}, {0.0, half, half, 0.0, -half, -half}}, 0.3);
  // Two opposite centres far across the others, of equal odds: variance R².
  CHECK(tilted_covariance_above(ring) == Approx(1.0));
  CHECK(densely_searched(ring) <= 1.0 + 1e-12);
  const auto pair = [](double weight, const Vector& mean, double narrow) {
    return GaussianMixture(Vector{{1.0 - weight, weight}}, Matrix{{0.0, mean(0)}, {0.0, mean(1)}},
                           {Matrix{{1.0, 0.0}, {0.0, 0.8}}, Matrix{{narrow, 0.1}, {0.1, 0.4}}});
  };
  // Far means and heavy weights make c large, light ones make it negative: both branches of g.
  for (const GaussianMixture& p :
       {pair(0.3, Vector{{0.5, 0.4}}, 0.5), pair(0.3, Vector{{3.0, -1.0}}, 0.5),
        pair(0.999, Vector{{0.0, 2.0}}, 0.2), pair(1e-3, Vector{{0.2, 0.0}}, 0.3)}) {
    CAPTURE(p.weights()(1), p.means()(0, 1), p.means()(1, 1));
    const double searched = densely_searched(p);
    CHECK(searched <= tilted_covariance_above(p));
    CHECK(tilted_covariance_above(p) <= 8.0 * searched);
  }
  CHECK(tilted_covariance_above(pair(0.3, Vector{{0.5, 0.4}}, 1.5)) == infinity);
}

TEST_CASE("From noise alone a stretch begins with what any tilt shows", "[flows][property]") {
  const GaussianMixture p(Vector{{0.7, 0.3}}, Matrix{{0.0, 0.5}, {0.0, 0.4}},
                          {Matrix{{1.0, 0.0}, {0.0, 1.0}}, Matrix{{0.5, 0.1}, {0.1, 0.4}}});
  const NoiseLevel noise = {1.0, 0.0};
  const NoiseLevel middle = {0.5, 0.5};
  const double whole = stretch_by_suprema(p, noise, middle);
  // W of variance 1 − σ² at least, whatever x shows: the widest component's own stretch.
  CHECK(whole >= gaussian_stretch(1.0, noise, middle).lower);
  CHECK(whole < infinity);
  // From b = 0 on or from next to it, and in two pieces, it is nearly the same.
  const NoiseLevel next = {1.0, 1e-4};
  CHECK(stretch_by_suprema(p, next, middle) == Approx(whole).epsilon(1e-3));
  CHECK(stretch_by_suprema(p, noise, {0.8, 0.2}) * stretch_by_suprema(p, {0.8, 0.2}, middle) ==
        Approx(whole).epsilon(0.02));
}

}  // namespace flowcheck::stretch_by_suprema_test
