// Every enclosure of the Gaussian and mixture forms against the same quantity in 50 digits.

#include "distances/divergence.hpp"
#include "distances/gaussian_divergence.hpp"
#include "distances/mixture_chi_squared.hpp"
#include "distances/wasserstein.hpp"
#include "measures/random_gaussian.hpp"
#include "support/estimates.hpp"
#include "support/high_precision.hpp"
#include "support/mixtures.hpp"

#include <boost/math/constants/constants.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

namespace flowcheck::round_off_model_test {

namespace {

namespace hp = high_precision;

struct Pair {
  Gaussian p;
  Gaussian q;
};

// Independent pairs, and pairs at a relative gap down to 1e-9, where textbook forms have no digits.
Pair draw_pair(Rng& rng, Index d, double gap, double smallest_variance) {
  const RandomGaussianOptions options{.smallest_variance = smallest_variance};
  const Gaussian q = random_gaussian(rng, d, options);
  if (gap >= 1.0) return {random_gaussian(rng, d, options), q};
  const Matrix noise = rng.normal_matrix(d, d);
  const Matrix L = q.factor() + gap * (q.factor() * noise) / noise.norm();
  return {Gaussian(q.mean() + gap * rng.normal_vector(d), L * L.transpose()), q};
}

void check_enclosure(const char* what, const Estimate& estimate, const hp::Real& truth) {
  INFO(what << ": " << estimate << ", 50 digits: " << truth.convert_to<double>());
  // Compared in 50 digits: rounding the truth to double could push it over a bound.
  CHECK(hp::Real(estimate.lower) <= truth);
  CHECK(truth <= hp::Real(estimate.upper));
}

// A mixture on the line in 50 digits: density and its derivative.
struct RealPoint {
  hp::Real density = 0;
  hp::Real slope = 0;
};

RealPoint at(const GaussianMixture& mixture, const hp::Real& x) {
  RealPoint result;
  hp::Real mass = 0;
  for (Index k = 0; k < mixture.size(); ++k) {
    const hp::Real variance = mixture.covariance(k)(0, 0);
    const hp::Real z = x - hp::Real(mixture.means()(0, k));
    const hp::Real term =
        hp::Real(mixture.weights()(k)) * exp(-z * z / (2 * variance)) / sqrt(variance);
    result.density += term;
    result.slope -= term * z / variance;
    mass += hp::Real(mixture.weights()(k));
  }
  const hp::Real scale = mass * sqrt(2 * boost::math::constants::pi<hp::Real>());
  result.density /= scale;
  result.slope /= scale;
  return result;
}

}  // namespace

TEST_CASE("divergences of mixtures enclose the 50-digit trapezoidal sums",
          "[distances][reference]") {
  // The trapezoidal rule on the whole line converges like e^{−2πc/h}, c the distance of the
  // integrand's singularities, complex zeros of the densities, from the line.
  const auto near = GENERATE(false, true);
  const GaussianMixture q =
      line_mixture({0.25, 0.5, 0.25}, {-1.375, 0.25, 1.75}, {1.0, 0.75, 1.25});
  const double e = 0x1p-20;
  const GaussianMixture p =
      near ? line_mixture({0.25 + e, 0.5 - e, 0.25}, {-1.375, 0.25 + e, 1.75}, {1.0, 0.75, 1.25})
           : line_mixture({0.375, 0.625}, {-0.5, 1.0}, {0.5, 0.875});
  const int steps_per_unit = 40;
  const int reach = 15;
  hp::Real relative = 0;
  hp::Real chi = 0;
  hp::Real hellinger = 0;
  hp::Real js = 0;
  hp::Real jeffreys = 0;
  hp::Real fisher = 0;
  for (int i = -reach * steps_per_unit; i <= reach * steps_per_unit; ++i) {
    const hp::Real x = hp::Real(i) / steps_per_unit;
    const RealPoint a = at(p, x);
    const RealPoint b = at(q, x);
    const hp::Real middle = (a.density + b.density) / 2;
    const hp::Real l = log(a.density / b.density);
    const hp::Real gap = a.density - b.density;
    const hp::Real root_gap = sqrt(a.density) - sqrt(b.density);
    const hp::Real score_gap = a.slope / a.density - b.slope / b.density;
    relative += a.density * l;
    chi += gap * gap / b.density;
    hellinger += root_gap * root_gap / 2;
    js += (a.density * log(a.density / middle) + b.density * log(b.density / middle)) / 2;
    jeffreys += gap * l;
    fisher += a.density * score_gap * score_gap;
  }
  const auto check = [&](Divergence kind, const hp::Real& sum) {
    const hp::Real truth = sum / steps_per_unit;
    const Estimate measured = divergence(kind, p, q);
    CAPTURE(near, to_string(kind));
    check_enclosure("1-D quadrature", measured, truth);
    CHECK_THAT(measured.value,
               Catch::Matchers::WithinRel(truth.convert_to<double>(), near ? 1e-9 : 1e-13));
    CHECK(measured.width() < (near ? 1e-7 : 1e-12) * measured.value);
  };
  check(Divergence::kl, relative);
  check(Divergence::chi_squared, chi);
  check(Divergence::squared_hellinger, hellinger);
  check(Divergence::jensen_shannon, js);
  check(Divergence::symmetric_kl, jeffreys);
  check(Divergence::fisher_information, fisher);
}

TEST_CASE("the round-off model of χ² of mixtures encloses the 50-digit sum",
          "[distances][reference]") {
  // C.1 as printed, on the line, where it needs no matrices.
  const auto stream = GENERATE(range(0, 8));
  Rng rng(14, static_cast<std::uint64_t>(stream));
  const double spread = std::pow(10.0, -0.75 * stream);
  std::vector<double> means(4);
  std::vector<double> deviations(4);
  for (double& m : means) m = spread * rng.normal();
  for (double& s : deviations) s = std::sqrt(1.0 + spread * rng.uniform(-0.9, 0.9));
  const GaussianMixture p = line_mixture({0.25, 0.25, 0.25, 0.25}, means, deviations);
  hp::Real sum = 0;
  for (Index i = 0; i < p.size(); ++i) {
    for (Index j = 0; j < p.size(); ++j) {
      const hp::Real si = p.covariance(i)(0, 0);
      const hp::Real sj = p.covariance(j)(0, 0);
      const hp::Real mi = p.means()(0, i);
      const hp::Real mj = p.means()(0, j);
      const hp::Real A = 1 / si + 1 / sj - 1;
      const hp::Real B = mi / si + mj / sj;
      const hp::Real C = mi * mi / si + mj * mj / sj;
      sum += exp((B * B / A - C) / 2) / sqrt(si * sj * A) / 16;
    }
  }
  const Estimate chi = chi_squared(p, Gaussian::standard(1));
  CAPTURE(stream);
  check_enclosure("χ²", chi, sum - 1);
  CHECK(chi.width() <= 1e-9 * chi.value);
}

TEST_CASE("the round-off models of Gaussian divergences enclose the 50-digit value",
          "[distances][reference]") {
  const auto d = GENERATE(Index{1}, Index{2}, Index{5}, Index{8});
  const auto gap = GENERATE(1.0, 1e-3, 1e-6, 1e-9);
  const auto smallest_variance = GENERATE(0.3, 1e-4);
  CAPTURE(d, gap, smallest_variance);
  Rng rng(11, static_cast<std::uint64_t>(d));
  for (int i = 0; i < 4; ++i) {
    const Pair pair = draw_pair(rng, d, gap, smallest_variance);
    const hp::RealGaussian p = hp::exactly(pair.p);
    const hp::RealGaussian q = hp::exactly(pair.q);
    check_enclosure("W2", w2(pair.p, pair.q), hp::w2(p, q));
    check_enclosure("KL", kl(pair.p, pair.q), hp::kl(p, q));
    check_enclosure("SymKL", symmetric_kl(pair.p, pair.q), hp::kl(p, q) + hp::kl(q, p));
    check_enclosure("Hellinger²", squared_hellinger(pair.p, pair.q), hp::squared_hellinger(p, q));
    check_enclosure("√I", fisher_norm(pair.p, pair.q), hp::fisher_norm(p, q));
    const Estimate chi2 = chi_squared(pair.p, pair.q);
    if (std::isfinite(chi2.upper)) check_enclosure("χ²", chi2, hp::chi_squared(p, q));
  }
}

TEST_CASE("Gaussian divergences keep their digits for nearly equal measures",
          "[distances][reference]") {
  // Relative errors at gap 1e-7, where the textbook KL has lost half its digits and more
  // (jko.md D2: 2e-2) and the trace form of W₂ all but one (D1).
  Rng rng(12);
  for (int i = 0; i < 8; ++i) {
    const Pair pair = draw_pair(rng, 3, 1e-7, 0.3);
    const hp::RealGaussian p = hp::exactly(pair.p);
    const hp::RealGaussian q = hp::exactly(pair.q);
    const auto relative_error = [](double value, const hp::Real& truth) {
      const hp::Real gap = (hp::Real(value) - truth) / truth;
      return std::abs(gap.convert_to<double>());
    };
    CHECK(relative_error(kl(pair.p, pair.q).value, hp::kl(p, q)) < 1e-12);
    CHECK(relative_error(symmetric_kl(pair.p, pair.q).value, hp::kl(p, q) + hp::kl(q, p)) < 1e-12);
    CHECK(relative_error(fisher_norm(pair.p, pair.q).value, hp::fisher_norm(p, q)) < 1e-12);
    CHECK(relative_error(squared_hellinger(pair.p, pair.q).value, hp::squared_hellinger(p, q)) <
          1e-12);
    CHECK(relative_error(w2(pair.p, pair.q).value, hp::w2(p, q)) < 1e-8);
  }
}

TEST_CASE("optimal_map_distance encloses the 50-digit value", "[distances][reference]") {
  const auto d = GENERATE(Index{1}, Index{3}, Index{6});
  CAPTURE(d);
  Rng rng(13, static_cast<std::uint64_t>(d));
  for (int i = 0; i < 6; ++i) {
    const Gaussian base = random_gaussian(rng, d);
    const Gaussian a = random_gaussian(rng, d);
    const Gaussian b = random_gaussian(rng, d);
    const hp::RealGaussian rb = hp::exactly(base);
    const hp::RealMatrix gap =
        hp::optimal_linear(rb, hp::exactly(a)) - hp::optimal_linear(rb, hp::exactly(b));
    const hp::Real truth = sqrt((hp::exactly(a).mean - hp::exactly(b).mean).squaredNorm() +
                                (gap * rb.covariance * gap).trace());
    check_enclosure("D", optimal_map_distance(base, a, b), truth);
  }
}

}  // namespace flowcheck::round_off_model_test
