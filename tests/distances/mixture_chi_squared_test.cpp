#include "distances/mixture_chi_squared.hpp"

#include "distances/divergence.hpp"
#include "distances/gaussian_divergence.hpp"
#include "measures/random_gaussian.hpp"
#include "support/estimates.hpp"
#include "support/high_precision.hpp"
#include "support/mixtures.hpp"

#include <Eigen/QR>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace flowcheck::mixture_chi_squared_test {

namespace {

// LFM-15 again, term by term as printed, with a free choice of the kernel's correlation.
double mehler_sum(const Matrix& x, double a) {
  const double d = static_cast<double>(x.rows());
  double sum = 0.0;
  for (Index i = 0; i < x.cols(); ++i) {
    for (Index j = 0; j < x.cols(); ++j) {
      const double form = 2.0 * a * x.col(i).dot(x.col(j)) -
                          a * a * (x.col(i).squaredNorm() + x.col(j).squaredNorm());
      sum += std::pow(1.0 - a * a, -0.5 * d) * std::exp(form / (2.0 * (1.0 - a * a)));
    }
  }
  return sum / static_cast<double>(x.cols() * x.cols()) - 1.0;
}

GaussianMixture atoms(const Matrix& x) {
  const Index n = x.cols();
  return GaussianMixture::isotropic(Vector::Constant(n, 1.0 / static_cast<double>(n)), x, 0.0);
}

namespace hp = high_precision;

// Σ wᵢwⱼ (∫pᵢpⱼ/q − 1) in 50 digits, every integral by completing the square in the covariances as
// they are: log ∫pᵢpⱼ/q = ½bᵀA⁻¹b − ½(mᵢᵀSᵢ⁻¹mᵢ + mⱼᵀSⱼ⁻¹mⱼ − μᵀQ⁻¹μ) − ½ log |Sᵢ||Sⱼ||A|/|Q| with
// A = Sᵢ⁻¹ + Sⱼ⁻¹ − Q⁻¹ and b = Sᵢ⁻¹mᵢ + Sⱼ⁻¹mⱼ − Q⁻¹μ.
hp::Real exact_chi_squared(const GaussianMixture& p, const Gaussian& q) {
  const hp::RealGaussian target = hp::exactly(q);
  const hp::RealMatrix Q_inv = target.covariance.inverse();
  const hp::RealVector of_q = Q_inv * target.mean;
  hp::Real mass = 0;
  for (const double w : p.weights()) mass += w;
  hp::Real sum = 0;
  for (Index i = 0; i < p.size(); ++i) {
    for (Index j = 0; j < p.size(); ++j) {
      const hp::RealMatrix Si = p.covariance(i).cast<hp::Real>();
      const hp::RealMatrix Sj = p.covariance(j).cast<hp::Real>();
      const hp::RealVector mi = p.means().col(i).cast<hp::Real>();
      const hp::RealVector mj = p.means().col(j).cast<hp::Real>();
      const hp::RealVector of_i = Si.inverse() * mi;
      const hp::RealVector of_j = Sj.inverse() * mj;
      const hp::RealMatrix A = Si.inverse() + Sj.inverse() - Q_inv;
      const hp::RealVector b = of_i + of_j - of_q;
      const hp::Real exponent = b.dot(A.inverse() * b) - mi.dot(of_i) - mj.dot(of_j) +
                                target.mean.dot(of_q) - hp::log_determinant(Si) -
                                hp::log_determinant(Sj) - hp::log_determinant(A) +
                                hp::log_determinant(target.covariance);
      const hp::Real weights = hp::Real(p.weights()(i)) * p.weights()(j) / (mass * mass);
      sum += weights * (exp(exponent / 2) - 1);
    }
  }
  return sum;
}

// Q diag(spectrum) Qᵀ for a random rotation Q.
Matrix turned(Rng& rng, const Vector& spectrum) {
  const Index d = spectrum.size();
  const Matrix Q = Eigen::HouseholderQR<Matrix>(rng.normal_matrix(d, d)).householderQ();
  const Matrix S = Q * spectrum.asDiagonal() * Q.transpose();
  return 0.5 * (S + S.transpose());
}

}  // namespace

TEST_CASE("The round-off model of χ² holds for nearly singular mixtures",
          "[distances][reference]") {
  const auto narrow = GENERATE(1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-18);
  const auto dimension = GENERATE(Index{1}, Index{2}, Index{4});
  const auto stream = GENERATE(range(0, 3));
  const bool common = GENERATE(false, true);
  CAPTURE(narrow, dimension, stream, common);
  Rng rng(35, static_cast<std::uint64_t>(10 * dimension + stream));
  constexpr Index count = 3;
  Vector weights = Vector::NullaryExpr(count, [&] { return rng.uniform(0.2, 1.0); });
  weights /= weights.sum();
  // The first is narrow in all directions, the second in one, the third in none.
  std::vector<Matrix> covariances = {turned(rng, Vector::Constant(dimension, narrow)),
                                     turned(rng, Vector::Constant(dimension, 0.7)),
                                     turned(rng, Vector::Constant(dimension, 0.9))};
  Vector flat = Vector::Constant(dimension, 0.8);
  flat(0) = std::max(narrow, 1e-10);  // beyond it a turned matrix is singular to rounding
  covariances[1] = turned(rng, flat);
  if (common) covariances = {covariances[1]};
  const GaussianMixture p(weights, 1.5 * rng.normal_matrix(dimension, count), covariances);
  const Gaussian q(rng.normal_vector(dimension),
                   turned(rng, Vector::LinSpaced(dimension, 1.0, 2.0)));
  const Estimate found = chi_squared(p, q);
  const hp::Real truth = exact_chi_squared(p, q);
  const double error = static_cast<double>(abs(hp::Real(found.value) - truth));
  CAPTURE(found, error);
  CHECK(hp::Real(found.lower) <= truth);
  CHECK(truth <= hp::Real(found.upper));
  CHECK(error <= 0.5 * found.width() * (1.0 + 1e-12));
  // Of the model: 64d units times the condition 1/v of the narrowest pair, and a few such terms.
  if (narrow >= 1e-6) CHECK(found.width() < 1e-3 * found.value);
}

TEST_CASE("χ² of one component is the Gaussian's", "[distances][exact]") {
  const auto dimension = GENERATE(Index{1}, Index{3}, Index{8});
  Rng rng(31, static_cast<std::uint64_t>(dimension));
  const Gaussian q = random_gaussian(rng, dimension);
  const Gaussian p(q.mean() + 0.3 * rng.normal_vector(dimension), 0.7 * q.covariance());
  const Estimate mixture = chi_squared(GaussianMixture(p), q);
  const Estimate gaussian = chi_squared(p, q);
  CAPTURE(dimension, mixture, gaussian);
  CHECK_THAT(mixture.value, Catch::Matchers::WithinRel(gaussian.value, 1e-11));
  CHECK(mixture.lower <= gaussian.upper);
  CHECK(gaussian.lower <= mixture.upper);
}

TEST_CASE("χ² of mixtures against a Gaussian agrees with quadrature", "[distances][reference]") {
  const auto dimension = GENERATE(Index{1}, Index{2});
  const auto stream = GENERATE(range(0, 3));
  Rng rng(32, static_cast<std::uint64_t>(stream));
  const GaussianMixture p = random_mixture(rng, dimension, 3, 1.0, 0.1, 1.2);
  const Gaussian q(0.2 * rng.normal_vector(dimension),
                   1.1 * Matrix::Identity(dimension, dimension));
  const Estimate exact = chi_squared(p, q);
  const Estimate measured =
      chi_squared(p, GaussianMixture(q), {.method = DivergenceMethod::quadrature});
  CAPTURE(dimension, stream, exact, measured);
  CHECK_THAT(measured.value, Catch::Matchers::WithinRel(exact.value, 1e-9));
  CHECK(exact.lower <= measured.upper);
  CHECK(measured.lower <= exact.upper);
  CHECK(exact.width() < 1e-9 * exact.value);
  // The front takes the closed form.
  CHECK(chi_squared(p, GaussianMixture(q)).value == exact.value);
}

TEST_CASE("χ² of mixtures keeps its digits near the Gaussian", "[distances][exact]") {
  // Two components m apart by ±h: χ² = cosh h² − 1 = 2 sinh²(h²/2) for unit covariances.
  const auto h = GENERATE(1.0, 1e-2, 1e-4);
  Matrix means(1, 2);
  means << -h, h;
  const GaussianMixture p = GaussianMixture::isotropic(Vector::Constant(2, 0.5), means, 1.0);
  const double exact = 2.0 * std::pow(std::sinh(0.5 * h * h), 2);
  const Estimate chi = chi_squared(p, Gaussian::standard(1));
  CAPTURE(h, chi, exact);
  CHECK_THAT(chi, Encloses(exact));
  // The terms are e^{±h²} − 1, of relative size 1/h² to their sum.
  CHECK_THAT(chi.value, Catch::Matchers::WithinRel(exact, 1e-15 + 1e-15 / (h * h)));
  // A covariance 1e-8 off the target's, in five dimensions: χ² = (1 − e²)^{−5/2} − 1.
  const double e = 1e-8;
  const GaussianMixture near =
      GaussianMixture::isotropic(Vector::Constant(2, 0.5), Matrix::Zero(5, 2), 1.0 + e);
  const double off = (1.0 + e) - 1.0;
  CHECK_THAT(chi_squared(near, Gaussian::standard(5)).value,
             Catch::Matchers::WithinRel(2.5 * off * off, 1e-12));
}

TEST_CASE("χ² is infinite exactly if a component is too wide", "[distances][exact]") {
  const auto with_variance = [](double s) {
    return line_mixture({0.5, 0.5}, {0.0, 0.3}, {0.5, std::sqrt(s)});
  };
  const Gaussian q = Gaussian::standard(1);
  CHECK(std::isfinite(chi_squared(with_variance(1.99), q).upper));
  CHECK(chi_squared(with_variance(2.01), q).lower == infinity);
  CHECK(chi_squared(GaussianMixture::isotropic(Vector::Ones(1), Matrix::Zero(2, 1), 2.0),
                    Gaussian::standard(2))
            .lower == infinity);
  CHECK(chi_squared(atoms(Matrix::Zero(2, 3)), Gaussian::standard(2)).lower == infinity);
  // D.1 of the dossier: 6.09 at variance 1.99.
  CHECK_THAT(
      chi_squared(GaussianMixture(Gaussian(Vector::Zero(1), Matrix::Constant(1, 1, 1.99))), q)
          .value,
      WithinPrinted(6.09, 2));
}

TEST_CASE("Mehler's sum is the mixture formula of the smoothed atoms", "[distances][reference]") {
  const auto dimension = GENERATE(Index{1}, Index{2}, Index{7});
  const auto time = GENERATE(0.01, 0.05, 0.3, 1.0, 6.0);
  Rng rng(33, static_cast<std::uint64_t>(dimension));
  const Matrix x = rng.normal_matrix(dimension, 9);
  const Estimate mehler = smoothed_chi_squared(PointCloud(x), time);
  const Estimate mixture = chi_squared(ou_law(atoms(x), time), Gaussian::standard(dimension));
  CAPTURE(dimension, time, mehler, mixture);
  CHECK_THAT(mehler.value, Catch::Matchers::WithinRel(mixture.value, 1e-10));
  CHECK(mehler.lower <= mixture.upper);
  CHECK(mixture.lower <= mehler.upper);
  CHECK_THAT(mehler.value, Catch::Matchers::WithinRel(mehler_sum(x, std::exp(-2.0 * time)), 1e-8));
  // Half the exponent, the correlation of one half-kernel, is another number.
  const double wrong = mehler_sum(x, std::exp(-time));
  CHECK_FALSE((mehler.lower <= wrong && wrong <= mehler.upper));
  CHECK(std::abs(wrong - mehler.value) > 0.05 * mehler.value);
}

TEST_CASE("Mehler's sum obeys its bounds, with equality for one atom", "[distances][property]") {
  const auto radius = GENERATE(0.5, 2.0, 3.0);
  const auto time = GENERATE(0.05, 0.3);
  const double a = std::exp(-2.0 * time);
  const double factor = std::pow(1.0 - a * a, -0.5);
  Rng rng(34);
  Matrix x(1, 7);
  for (Index i = 0; i < x.cols(); ++i) x(0, i) = rng.uniform(-radius, radius);
  const double mean = (a / (1.0 + a) * x.array().square()).exp().mean();
  const Estimate chi = smoothed_chi_squared(PointCloud(x), time);
  CAPTURE(radius, time, chi);
  CHECK(chi.upper <= factor * mean - 1.0);
  // χ² ≤ sup ρ_δ/q − 1 ≤ (1 − a)^{−1/2} e^{R²/2} − 1
  CHECK(chi.upper <= std::exp(0.5 * radius * radius) / std::sqrt(1.0 - a) - 1.0);
  const Matrix one = Matrix::Constant(1, 1, radius);
  const double equality = factor * std::exp(a / (1.0 + a) * radius * radius) - 1.0;
  CHECK_THAT(smoothed_chi_squared(PointCloud(one), time).value,
             Catch::Matchers::WithinRel(equality, 1e-13));
}

TEST_CASE("weights of a discrete measure count", "[distances][exact]") {
  Matrix twice(1, 3);
  twice << -1.0, 2.0, 2.0;
  Matrix once(1, 2);
  once << -1.0, 2.0;
  Vector weights(2);
  weights << 1.0 / 3.0, 2.0 / 3.0;
  CHECK_THAT(smoothed_chi_squared(PointCloud(once, weights), 0.2).value,
             Catch::Matchers::WithinRel(smoothed_chi_squared(PointCloud(twice), 0.2).value, 1e-13));
  CHECK(smoothed_chi_squared(PointCloud(once), infinity).value == 0.0);
  CHECK_THROWS_AS(smoothed_chi_squared(PointCloud(once), 0.0), std::invalid_argument);
  CHECK_THROWS_AS(chi_squared(atoms(once), Gaussian::standard(2)), std::invalid_argument);
}

TEST_CASE("chi_squared keeps its digits for components that are nearly atoms",
          "[distances][reference]") {
  // ½N(0, 1) + ½N(3, v) against N(0, 1), v the double: mpmath, 40 digits.
  struct Case {
    double variance;
    double expected;
  };
  const Case at = GENERATE(Case{1e-2, 162.92715935986016}, Case{1e-4, 1591.4409910480671},
                           Case{1e-8, 159129.06389212981});
  CAPTURE(at.variance);
  const Vector weights = Vector::Constant(2, 0.5);
  const GaussianMixture p(weights, Matrix{{0.0, 3.0}},
                          {Matrix::Ones(1, 1), Matrix::Constant(1, 1, at.variance)});
  const Estimate found = chi_squared(p, Gaussian::standard(1));
  CHECK_THAT(found, Encloses(at.expected));
  CHECK(found.width() < 1e-9 * found.value);
  CHECK(found.grade == Grade::closed_form);

  // The same with a coordinate more in which p is q: a common covariance, and a factor of one.
  const Matrix narrow = Vector{{at.variance, 1.0}}.asDiagonal();
  const GaussianMixture one(Vector::Ones(1), Matrix{{3.0}, {0.0}}, {narrow});
  const Estimate plane = chi_squared(one, Gaussian::standard(2));
  // J = e^{m²/(2 − v)} / √(v(2 − v)), all of one component.
  const double v = at.variance;
  const double truth = std::exp(9.0 / (2.0 - v)) / std::sqrt(v * (2.0 - v)) - 1.0;
  CHECK_THAT(plane.value, Catch::Matchers::WithinRel(truth, 1e-12));
  // The condition of Sᵢ + Sⱼ is 1/v now, and the round-off model takes it as it is: the bar is
  // wider than the error by that, and two digits are what is asked of it at v = 1e-8.
  CHECK_THAT(plane, Encloses(truth));
  CHECK(plane.width() < 1e-2 * plane.value);
}

TEST_CASE("components of weight zero are nothing to χ²", "[distances][exact]") {
  // A common covariance too wide for N(0, 1), whichever weights are zero.
  const Matrix line{{0.0, 0.0, 1.0}};
  CHECK(chi_squared(GaussianMixture::isotropic(Vector{{0.0, 0.5, 0.5}}, line, 3.0),
                    Gaussian::standard(1))
            .lower == infinity);
  // ½N(0, 1) + ½N(h, 1), and nothing at 40, where J is no double: χ² = ¼(e^{h²} − 1).
  const double h = 0.1;
  const GaussianMixture p =
      GaussianMixture::isotropic(Vector{{0.5, 0.5, 0.0}}, Matrix{{0.0, h, 40.0}}, 1.0);
  const Estimate found = chi_squared(p, Gaussian::standard(1));
  CAPTURE(found);
  CHECK_THAT(found, Encloses(0.25 * std::expm1(h * h)));
  CHECK(found.width() < 1e-11 * found.value);
  // Mehler's kernel of the same points: an atom at 1e3 has one that is no double.
  const PointCloud atom(Matrix{{0.5, 1e3}}, Vector{{1.0, 0.0}});
  const PointCloud same(Matrix{{0.5}}, Vector{{1.0}});
  CHECK(smoothed_chi_squared(atom, 0.3).value == smoothed_chi_squared(same, 0.3).value);
}

TEST_CASE("χ² is a double where a light component's own integral is none", "[distances][exact]") {
  // Of N(m, 1) against N(0, 1) J = e^{m²}, beyond a double for m = 26.74; times 1e-6 it is one.
  const double m = 26.74;
  const double weight = 1e-3;
  const GaussianMixture p =
      GaussianMixture::isotropic(Vector{{1.0 - weight, weight}}, Matrix{{0.0, m}}, 1.0);
  const Estimate found = chi_squared(p, Gaussian::standard(1));
  const hp::Real truth = exact_chi_squared(p, Gaussian::standard(1));
  CAPTURE(found);
  CHECK(hp::Real(found.lower) <= truth);
  CHECK(truth <= hp::Real(found.upper));
  CHECK_THAT(std::log10(found.value), Catch::Matchers::WithinAbs(304.5, 0.1));
  // The exponent is m² to 64 units of three such terms.
  CHECK(found.width() < 1e-9 * found.value);

  // Weights whose product is no double: at 38 the integral is 1e627, times 1e-400.
  const GaussianMixture far =
      GaussianMixture::isotropic(Vector{{1.0, 1e-200}}, Matrix{{0.0, 38.0}}, 1.0);
  CHECK_THAT(std::log10(chi_squared(far, Gaussian::standard(1)).value),
             Catch::Matchers::WithinAbs(38.0 * 38.0 / std::log(10.0) - 400.0, 1e-6));

  // By Mehler's kernel too: J = (1 − a²)^{−½} e^{ax²/(1 + a)} at x = 50 and a = ½.
  const PointCloud points(Matrix{{0.0, 50.0}}, Vector{{1.0 - 1e-40, 1e-40}});
  const double a = 0.5;
  CHECK_THAT(
      std::log(smoothed_chi_squared(points, 0.5 * std::log(1.0 / a)).value),
      Catch::Matchers::WithinAbs(
          2500.0 * a / (1.0 + a) - 80.0 * std::log(10.0) - 0.5 * std::log(1.0 - a * a), 1e-8));
}

TEST_CASE("χ² beyond a double is bounded by the largest one, and not known is not bounded",
          "[distances][exact]") {
  constexpr double largest = std::numeric_limits<double>::max();
  const auto far = [](double m) {
    return chi_squared(GaussianMixture::isotropic(Vector::Ones(1), Matrix{{m}}, 1.0),
                       Gaussian::standard(1));
  };
  CHECK(far(40.0).lower > 0.999 * largest);
  CHECK(far(40.0).upper == infinity);
  CHECK(far(1e160).lower == 0.0);  // m² is no double
  CHECK(far(1e160).upper == infinity);
}

TEST_CASE("χ² of nearly singular components is enclosed as long as their precisions are doubles",
          "[distances][exact]") {
  // ½N(0, s²I) and ½N((1, …), I/2): the first with itself is alone of the size ¼s^{−d}2^{−d/2}.
  const auto with_narrow = [](double variance, Index d) {
    Matrix means = Matrix::Zero(d, 2);
    means.col(1).setOnes();
    return chi_squared(
        GaussianMixture(Vector::Constant(2, 0.5), means,
                        {variance * Matrix::Identity(d, d), 0.5 * Matrix::Identity(d, d)}),
        Gaussian::standard(d));
  };
  for (const Index d : {1, 2}) {
    for (const double variance : {1e-40, 1e-160, 1e-300}) {
      CAPTURE(d, variance);
      const Estimate found = with_narrow(variance, d);
      const double expected = 0.25 * std::pow(2.0 * variance, -0.5 * static_cast<double>(d));
      CHECK_THAT(found.value, Catch::Matchers::WithinRel(expected, 1e-10));
      CHECK(found.upper - found.lower < 1e-8 * expected);
    }
    // Precision 1e310: what is known is a lower bound.
    const Estimate unknown = with_narrow(1e-310, d);
    CHECK(unknown.value == infinity);
    CHECK(unknown.upper == infinity);
    CHECK(unknown.lower >= 0.0);
  }
}

}  // namespace flowcheck::mixture_chi_squared_test
